//! `serve` probes by itself whether the installation is ready.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::Stdio,
    time::{Duration, Instant},
};

use crate::installation::Installation;

const TOKEN: &str = "0f6e5c0f6e5c0f6e5c0f6e5c";
/// How long anything may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn serve_becomes_ready_without_a_request_and_says_why_to_whom_it_may() {
    let installation = Installation::new();
    let mut command = installation.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("LEASELINE_READINESS_TOKEN", TOKEN).stdin(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the server starts");
    let mut lines = BufReader::new(child.stderr.take().expect("its log")).lines();
    let address = lines.find_map(|line| {
        let line = line.expect("text");
        let (_, rest) = line.split_once("http://127.0.0.1:")?;
        Some(format!("127.0.0.1:{}", rest.split('/').next().expect("a port")))
    });
    // Read on, so that the log never blocks it; it ends with the process.
    #[expect(clippy::disallowed_methods, reason = "it ends with the process whose log it reads")]
    std::thread::spawn(move || lines.for_each(drop));
    let address = address.expect("it says where it listens");

    let began = Instant::now();
    let local = loop {
        let answer = asked(&address, "");
        if answer.starts_with("HTTP/1.1 200") {
            break answer;
        }
        assert!(began.elapsed() < PATIENCE, "never ready: {answer}");
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(local.contains("can be written"), "{local}");
    let proxied = asked(&address, "x-forwarded-for: 203.0.113.9\r\n");
    assert!(proxied.contains("database_writable") && !proxied.contains("can be written"), "{proxied}");
    let bearer = format!("x-forwarded-for: 203.0.113.9\r\nauthorization: Bearer {TOKEN}\r\n");
    assert!(asked(&address, &bearer).contains("can be written"));

    let stopped = std::process::Command::new("kill").arg(child.id().to_string()).status().expect("kill runs");
    assert!(stopped.success());
    assert!(child.wait().expect("it ends").success(), "a stop waits for the probe and is no failure");
}

#[test]
fn serve_refuses_a_readiness_token_that_could_be_guessed() {
    let installation = Installation::new();
    let mut command = installation.command(&["config", "check"]);
    let refused = command.env("LEASELINE_READINESS_TOKEN", "secret").output().expect("it runs");
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("readiness token is too short"), "{said}");
}

fn asked(address: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("connected");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let request = format!("GET /readyz HTTP/1.1\r\nhost: portal\r\n{headers}connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}
