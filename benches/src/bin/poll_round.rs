//! What a poll round costs: wall time beside that of one ping run, and CPU per link beside other tools.
//!
//! ```text
//! cargo build --release -p benches -p routeros-sim
//! target/release/poll_round [--routers 200] [--links 10] [--pings 5] [--targets 10] [--rounds 9] [--threads 1] [--ppp]
//! ```
//!
//! The routers are simulated by the program `routeros-sim` in a process of its own, so that only the collector and the
//! SQLite store under it are counted. CPU is the sum over this process's threads of `/proc/self/task/*/schedstat`.
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use benches::wall_clock_ms;
use collector::{Collector, CollectorConfig, RoundKind, RoundSummary};
use routeros::{Client, Credentials, Limits, Ping, Target, Tls};
use store::{Clock, Facing, Location, MasterKey, NewLink, NewRouter, RouterTls, Store};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The goal, CPU milliseconds per link and round with pings.
const TARGET_MS: f64 = 0.05;
/// Existing tools on the same work: name, CPU milliseconds per link and round from, to.
const OTHERS: [(&str, f64, f64); 3] =
    [("Go exporter, no ping", 0.09, 0.18), ("Python exporter, no ping", 0.54, 0.72), ("PHP loop", 1.9, 1.9)];
/// Rounds before those that count: connecting, first samples, warm caches.
const WARM_UP_ROUNDS: u32 = 2;
const PING_INTERVAL: Duration = Duration::from_secs(1);
/// Each link's own target is one of these: their replies come one by one, as those of different customers do.
const PING_NETWORK: &str = "192.0.2";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

struct Arguments {
    routers: u32,
    links: u32,
    pings: u32,
    targets: u32,
    rounds: u32,
    threads: usize,
    /// The links are PPP users with a session each, in place of Ethernet ports.
    ppp: bool,
}

/// What the rounds of one kind cost, each list in order of size.
struct Costs {
    wall_s: Vec<f64>,
    cpu_ms_per_link: Vec<f64>,
}

impl Costs {
    fn print(&self, what: &str) {
        let Self { wall_s, cpu_ms_per_link: cpu } = self;
        let (least, most) = (cpu[0], cpu[cpu.len() - 1]);
        let (wall_s, middle) = (median(wall_s), median(cpu));
        println!("{what:<30} {wall_s:>8.3} s {middle:>8.4} ms CPU per link ({least:.4} to {most:.4})");
    }
}

fn median(ordered: &[f64]) -> f64 {
    ordered[ordered.len() / 2]
}

fn main() -> Result<()> {
    let arguments = arguments()?;
    let mut builder = if arguments.threads <= 1 {
        tokio::runtime::Builder::new_current_thread()
    } else {
        tokio::runtime::Builder::new_multi_thread()
    };
    builder.worker_threads(arguments.threads.max(1)).enable_all().build()?.block_on(run(&arguments))
}

async fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { routers, links, pings, targets, rounds, .. } = *arguments;
    let what = if arguments.ppp { "PPP users" } else { "links" };
    println!(
        "{routers} routers x {links} {what}, {targets} targets per router, {pings} pings {PING_INTERVAL:?} apart, {rounds} rounds counted"
    );
    let fleet = Fleet::start(routers, links, arguments.ppp)?;
    let folder = tempfile::tempdir()?;
    let store =
        Store::open(&Location::Sqlite(folder.path().join("bench.db")), Some(MasterKey::generate()?)).await?;
    enter(&store, &fleet, arguments).await?;
    let config =
        CollectorConfig { ping_count: pings, ping_interval: PING_INTERVAL, ..CollectorConfig::default() };
    let collector = Collector::new(store.clone(), Clock::new(wall_clock_ms), config);
    let single = one_ping_run(&fleet.addresses[0], pings).await?;
    println!("one ping run                   {:>8.3} s", single.as_secs_f64());
    for _ in 0..WARM_UP_ROUNDS {
        check(&collector.once(|_, _| {}).await?, routers)?;
    }
    measure(&collector, RoundKind::Probe, arguments).await?.print("a probe round, look only");
    let sample = measure(&collector, RoundKind::Sample, arguments).await?;
    sample.print("a sample round, with pings");
    let times = median(&sample.wall_s) / single.as_secs_f64();
    println!("{:<30} {times:>8.2} times one ping run", "");
    print_beside(median(&sample.cpu_ms_per_link));
    store.close().await;
    Ok(())
}

fn print_beside(ours_ms: f64) {
    let verdict = if ours_ms <= TARGET_MS { "reached" } else { "missed" };
    println!("{:<30} {TARGET_MS:>17.4} ms; {:.2} of it used, {verdict}", "target", ours_ms / TARGET_MS);
    for (name, from_ms, to_ms) in OTHERS {
        let (low, high) = (from_ms / ours_ms, to_ms / ours_ms);
        println!("{name:<30} {from_ms:>8.2} - {to_ms:>5.2}  ms; {low:.1} to {high:.1} times ours");
    }
}

/// Each round that counts by itself: on a machine that others use too, the middle of many says more than their mean.
async fn measure(collector: &Collector, kind: RoundKind, arguments: &Arguments) -> Result<Costs> {
    let mut costs = Costs { wall_s: Vec::new(), cpu_ms_per_link: Vec::new() };
    let links = f64::from(arguments.routers) * f64::from(arguments.links);
    for _ in 0..arguments.rounds {
        let (start, cpu_before) = (Instant::now(), cpu()?);
        let summary = collector.round(kind, |_, _| {}).await?;
        costs.wall_s.push(start.elapsed().as_secs_f64());
        costs.cpu_ms_per_link.push(cpu()?.saturating_sub(cpu_before).as_secs_f64() * 1e3 / links);
        check(&summary, arguments.routers)?;
    }
    costs.wall_s.sort_by(f64::total_cmp);
    costs.cpu_ms_per_link.sort_by(f64::total_cmp);
    Ok(costs)
}

fn check(summary: &RoundSummary, routers: u32) -> Result<()> {
    match (summary.errors.first(), summary.link_errors.first()) {
        (Some((router, error)), _) => Err(format!("router {router}: {error}").into()),
        (None, Some(link)) => Err(format!("link {}: {}", link.circuit, link.error).into()),
        (None, None) if summary.routers != routers as usize => {
            Err(format!("{} routers answered", summary.routers).into())
        }
        (None, None) => Ok(()),
    }
}

/// What the pings of a round take at least.
async fn one_ping_run(address: &str, pings: u32) -> Result<Duration> {
    let (host, port) = address.rsplit_once(':').ok_or("no port")?;
    let target = Target { address: host.to_owned(), port: port.parse()?, tls: Tls::Off };
    let credentials = Credentials { username: "admin".to_owned(), password: "secret".into() };
    let client = Client::connect(&target, &credentials, &Limits::default()).await?;
    let start = Instant::now();
    client.ping(&Ping { interval: PING_INTERVAL, ..Ping::new(format!("{PING_NETWORK}.1"), pings) }).await?;
    Ok(start.elapsed())
}

/// One client with a link on every interface of every router.
async fn enter(store: &Store, fleet: &Fleet, arguments: &Arguments) -> Result<()> {
    let Arguments { links, targets, ppp, .. } = *arguments;
    let now_ms = wall_clock_ms();
    let company_id = store.insert_company("Bench", "UTC", "INR", now_ms).await?;
    let client_id = store.insert_client(company_id, "Bench", now_ms).await?;
    let password = secrecy::SecretString::from("secret");
    for (index, address) in fleet.addresses.iter().enumerate() {
        let (host, port) = address.rsplit_once(':').ok_or("no port")?;
        let name = format!("sim-{index}");
        let router = NewRouter {
            company_id,
            name: &name,
            address: host,
            port: port.parse()?,
            username: "admin",
            password: &password,
            tls: RouterTls::Off,
        };
        let router_id = store.insert_router(&router, now_ms).await?;
        for link in 1..=links {
            let link = NewLink {
                client_id,
                router_id,
                interface: &if ppp { format!("ppp:user{link}") } else { format!("ether{link}") },
                circuit: &format!("{name}/{link}"),
                service_ref: None,
                kind: "ILL",
                committed_bps: 100_000_000,
                probe_target: Some(&format!("{PING_NETWORK}.{}", 1 + link % targets.min(254))),
                facing: Facing::Customer,
                site: None,
                activated_at_ms: now_ms - 1_000,
                terminated_at_ms: None,
            };
            store.insert_link(&link).await?;
        }
    }
    Ok(())
}

/// The simulated routers; they end with this value.
struct Fleet {
    child: Child,
    addresses: Vec<String>,
}

impl Fleet {
    /// Starts the program `routeros-sim` that was built beside this one.
    fn start(routers: u32, links: u32, ppp: bool) -> Result<Self> {
        let path = std::env::current_exe()?.with_file_name("routeros-sim");
        let mut child = Command::new(&path)
            .args([
                "--routers",
                &routers.to_string(),
                "--interfaces",
                &(if ppp { 0 } else { links }).to_string(),
                "--ppp-users",
                &(if ppp { links } else { 0 }).to_string(),
                "--served-log",
                "0",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| {
                format!(
                    "cannot start {}: {error}; build it with `cargo build --release -p routeros-sim`",
                    path.display()
                )
            })?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let started: serde_json::Value = serde_json::from_str(&line)?;
        let addresses = started["addresses"].as_array().ok_or("no addresses")?;
        let addresses = addresses.iter().filter_map(|address| address.as_str().map(str::to_owned)).collect();
        Ok(Self { child, addresses })
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        // It ends with its standard input.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// CPU time of all threads that this process has.
fn cpu() -> Result<Duration> {
    let mut total = Duration::ZERO;
    for task in std::fs::read_dir("/proc/self/task")? {
        let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
        let on_cpu_ns = text.split_whitespace().next().ok_or("an empty schedstat")?.parse()?;
        total += Duration::from_nanos(on_cpu_ns);
    }
    Ok(total)
}

fn arguments() -> std::result::Result<Arguments, String> {
    let mut found =
        Arguments { routers: 200, links: 10, pings: 5, targets: 10, rounds: 9, threads: 1, ppp: false };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        if word == "--ppp" {
            found.ppp = true;
            continue;
        }
        let value = words.next().and_then(|value| value.parse::<u32>().ok()).filter(|&value| value > 0);
        let value = value.ok_or(format!("{word} needs a number"))?;
        match word.as_str() {
            "--routers" => found.routers = value,
            "--links" => found.links = value,
            "--pings" => found.pings = value,
            "--targets" => found.targets = value,
            "--rounds" => found.rounds = value,
            "--threads" => found.threads = value as usize,
            other => {
                return Err(format!(
                    "unknown argument {other}: --routers, --links, --pings, --targets, --rounds, --threads, --ppp"
                ));
            }
        }
    }
    Ok(found)
}
