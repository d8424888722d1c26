//! The program for other processes: its first line, its orders, its end.

use crate::client::Client;
use serde_json::Value;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

struct Program {
    child: Child,
    orders: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_routeros-sim"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { orders: child.stdin.take(), child, lines }
    }

    async fn line(&mut self) -> String {
        self.lines.next_line().await.unwrap().expect("another line")
    }

    async fn order(&mut self, order: &str) -> String {
        let line = format!("{order}\n");
        self.orders.as_mut().unwrap().write_all(line.as_bytes()).await.unwrap();
        self.line().await
    }
}

#[tokio::test]
async fn it_tells_its_addresses_obeys_and_ends_with_its_input() {
    let mut program = Program::start(&["--routers", "3", "--interfaces", "2", "--dialect", "6.49"]);
    let first: Value = serde_json::from_str(&program.line().await).unwrap();
    let addresses = first["addresses"].as_array().unwrap();
    assert_eq!(addresses.len(), 3);
    let address = addresses[1].as_str().unwrap().parse().unwrap();
    let mut client = Client::login(address).await;
    let print = ["/interface/print", "=.proplist=name,running"];
    assert_eq!(client.items(&print).await.len(), 2);

    assert_eq!(program.order("link 1 ether2 down").await, "ok");
    let down = client.run(&["/interface/print", "=.proplist=name", "?running=false"]).await;
    assert_eq!(down, ["!re =name=ether2", "!done"]);
    let served: Value = serde_json::from_str(&program.order("served 1").await).unwrap();
    assert_eq!(served["what"], "login");
    while program.line().await != "ok" {}
    assert_eq!(program.order("link 7 ether2 down").await, "error: there is no router 7");
    assert_eq!(program.order("link 1 ether9 up").await, "error: router 1 has no interface \"ether9\"");
    assert!(program.order("explode 1").await.starts_with("error: no such order"));

    drop(program.orders.take());
    assert!(program.child.wait().await.unwrap().success());
    assert!(client.next().await.is_err());
}

#[tokio::test]
async fn a_taken_port_is_an_error_in_one_line() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_routeros-sim"))
        .args(["--base-port", &port])
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.starts_with("routeros-sim: cannot start router 0: "), "{errors}");
}
