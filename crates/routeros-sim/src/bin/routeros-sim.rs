//! Simulated routers in a process of their own, for measurements and for clients in other languages.
//!
//! Prints one line of JSON that says where the routers listen, then serves until its standard input ends or a
//! signal comes. Each line of standard input is an order (`routeros_sim::control::USAGE`), answered by the lines
//! it asked for and a last line `ok` or `error: …`.

use clap::Parser;
use routeros_sim::traffic::Shape;
use routeros_sim::{
    Dialect, Fleet, InterfaceSpec, PingProfile, PppUser, RouterSpec, SimClock, SimRouter, User, control,
};
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::signal::unix::{SignalKind, signal};

/// Simulates RouterOS routers on ports of 127.0.0.1.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many routers
    #[arg(long, default_value_t = 1)]
    routers: u16,
    /// Interfaces of each, named ether1, ether2 …
    #[arg(long, default_value_t = 5)]
    interfaces: u16,
    /// PPP users of each, named user1, user2 …, each with a PPPoE session
    #[arg(long, default_value_t = 0)]
    ppp_users: u16,
    /// RouterOS release to speak like: 6.42, 6.49, 7.4, 7.12 or 7.18
    #[arg(long, default_value = "7.18")]
    dialect: Dialect,
    /// Port of the first router, the others follow; 0 takes any free ports
    #[arg(long, default_value_t = 0)]
    base_port: u16,
    /// Login name
    #[arg(long, default_value = "admin")]
    username: String,
    /// Password
    #[arg(long, default_value = "secret")]
    password: String,
    /// Source of everything that looks random
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seconds the routers have been up at the start
    #[arg(long, default_value_t = 2_000_000)]
    uptime_s: u64,
    /// Shortest round trip of every ping target, in microseconds
    #[arg(long, default_value_t = 3_000)]
    rtt_us: u64,
    /// How far round trips spread above it: with a spread over one tick, replies of many pings do not come together
    #[arg(long, default_value_t = 40_000)]
    jitter_us: u64,
    /// Echoes lost per million
    #[arg(long, default_value_t = 0)]
    loss_ppm: u32,
    /// Entries of the log behind the order `served`, for each router; 0 for measurements
    #[arg(long, default_value_t = 10_000)]
    served_log: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let result = runtime.block_on(run(&arguments));
    // A read of standard input may still be blocked: nobody waits for it.
    runtime.shutdown_background();
    result.map_or_else(|error| failed(&error), |()| ExitCode::SUCCESS)
}

fn failed(error: &io::Error) -> ExitCode {
    let _ = writeln!(io::stderr(), "routeros-sim: {error}");
    ExitCode::FAILURE
}

async fn run(arguments: &Arguments) -> io::Result<()> {
    let mut fleet = Fleet::new(SimClock::new(wall_clock_ms));
    let mut routers = Vec::new();
    for number in 0..arguments.routers {
        let router = fleet.add(spec(arguments, number)).await.map_err(|error| {
            io::Error::new(error.kind(), format!("cannot start router {number}: {error}"))
        })?;
        routers.push(router);
    }
    say(&addresses(arguments, &routers))?;
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    loop {
        let order = tokio::select! {
            order = orders.next_line() => order?,
            _ = interrupt.recv() => None,
            _ = terminate.recv() => None,
        };
        let Some(order) = order else { break };
        match control::obey(&routers, &order).await {
            Ok(lines) => {
                lines.iter().try_for_each(|line| say(line))?;
                say("ok")?;
            }
            Err(error) => say(&format!("error: {error}"))?,
        }
    }
    fleet.shutdown().await;
    Ok(())
}

fn spec(arguments: &Arguments, number: u16) -> RouterSpec {
    let identity = format!("sim-{number}");
    let mut spec = RouterSpec::new(&identity).dialect(arguments.dialect);
    spec.users = vec![User::new(&arguments.username, &arguments.password)];
    spec.seed = arguments.seed.wrapping_add(u64::from(number));
    spec.uptime = Duration::from_secs(arguments.uptime_s);
    spec.served_log = arguments.served_log;
    let micros = Duration::from_micros;
    spec.default_ping =
        PingProfile::new(micros(arguments.rtt_us), micros(arguments.jitter_us)).loss_ppm(arguments.loss_ppm);
    spec.port = if arguments.base_port == 0 { 0 } else { arguments.base_port.saturating_add(number) };
    for port in 1..=arguments.interfaces {
        let peak_bps = 50_000_000 * (1 + u64::from(port) % 4);
        let interface = InterfaceSpec::ethernet(&format!("ether{port}"));
        spec.interfaces.push(interface.traffic(Shape::Office, peak_bps / 5, peak_bps));
    }
    let users = 1..=arguments.ppp_users;
    spec.ppp_users = users.map(|user| PppUser::new(&format!("user{user}"))).collect();
    spec
}

/// What a program that started this one needs to know.
fn addresses(arguments: &Arguments, routers: &[SimRouter]) -> String {
    let addresses: Vec<_> = routers.iter().map(|router| router.address().to_string()).collect();
    serde_json::json!({
        "addresses": addresses,
        "username": arguments.username,
        "password": arguments.password,
        "version": arguments.dialect.version(),
        "interfaces": arguments.interfaces,
    })
    .to_string()
}

fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

#[expect(clippy::disallowed_methods, reason = "this program is where its routers' time comes from")]
fn wall_clock_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
