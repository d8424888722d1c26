//! A crowd at the portal, with few file descriptors, stops neither the portal nor the polling.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use routeros_sim::{Fleet, InterfaceSpec, RouterSpec, SimClock, SimRouter};

use crate::{first_router::now_ms, installation::Installation};

/// What the process under test may open, as under a service manager that gives little.
const DESCRIPTORS: u32 = 256;
const HALF_SENT: usize = 300;
/// How long anything may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_half_sent_requests_stops_neither_the_portal_nor_the_polling() {
    let mut fleet = Fleet::new(SimClock::new(now_ms));
    let spec = RouterSpec::new("edge").interface(InterfaceSpec::ethernet("ether1"));
    let router = fleet.add(spec).await.expect("a router");
    let checks = tokio::task::spawn_blocking(move || {
        let installation = Installation::new();
        installation.add_router("edge", router.address(), "secret");
        installation.add_link("C-1", "edge", "ether1");
        let mut server = Server::start(&installation);
        until(|| router.sessions() == 1);
        let halves: Vec<TcpStream> = (0..HALF_SENT).map(|_| server.half_sent()).collect();
        assert!(server.asked().starts_with("HTTP/1.1 200"), "the portal answers");
        reconnects(&router);
        assert!(server.asked().starts_with("HTTP/1.1 200"), "and goes on answering");
        drop(halves);
        server.child.kill().expect("killed");
        server.child.wait().expect("gone");
        let spans = installation.json(&["span", "list", "--link", "C-1"]).to_string();
        assert!(!spans.contains("own_limit"), "there were descriptors for the router: {spans}");
    });
    checks.await.expect("the checks hold");
    fleet.shutdown().await;
}

/// Loses its session and is connected to again while the crowd is there.
fn reconnects(router: &SimRouter) {
    router.clear_served();
    router.break_sessions();
    until(|| router.sessions() == 1 && !router.served().is_empty());
}

fn until(holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "it never happened");
        std::thread::sleep(Duration::from_millis(20));
    }
}

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(installation: &Installation) -> Self {
        let serve = installation.command(&["serve", "--listen", "127.0.0.1:0"]);
        let mut command = Command::new("sh");
        command.args(["-c", &format!("ulimit -n {DESCRIPTORS}; exec \"$@\""), "sh"]);
        command.arg(serve.get_program()).args(serve.get_args());
        for (name, value) in serve.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let mut child = command
            .env("LEASELINE_COLLECTOR_PROBE_INTERVAL_S", "1")
            .env("LEASELINE_COLLECTOR_SAMPLE_INTERVAL_S", "1")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut lines = BufReader::new(child.stderr.take().expect("its log")).lines();
        let address = lines.find_map(|line| {
            let line = line.expect("text");
            let (_, rest) = line.split_once("http://127.0.0.1:")?;
            Some(format!("127.0.0.1:{}", rest.split('/').next().expect("a port")))
        });
        // Read on, so that the log never blocks it; it ends with the process.
        #[expect(clippy::disallowed_methods, reason = "it ends with the process whose log it reads")]
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address: address.expect("it says where it listens") }
    }

    fn half_sent(&self) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).expect("connected");
        // One that was closed before it had written says so only to its reader.
        let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: portal\r\n");
        stream
    }

    fn asked(&self) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("connected");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nhost: portal\r\nconnection: close\r\n\r\n")
            .expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }
}
