//! From a link that goes down to the mail server that has the mail, with the whole way between: a simulated router, the
//! collector, the jobs, and an SMTP server in this process, with the settings that an installation has at first.
//!
//! ```text
//! cargo run --release -p benches --bin promptness
//! ```
//!
//! The test of the same name moves the moments of all loops against each other by a clock that it hands out; here it is
//! done in real time, which takes some minutes.
#![expect(clippy::print_stdout, reason = "this is a program for people")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use benches::browser::Failure;
use benches::{Random, wall_clock_ms};
use collector::{Collector, CollectorConfig};
use jobs::{Delivery, DeliverySettings, Mailer, Smtp, SmtpSettings, SmtpTls, Ways};
use routeros_sim::{Fleet, InterfaceSpec, RouterSpec, SimClock};
use secrecy::SecretString;
use sla::LinkState;
use store::{Clock, Facing, LinkId, Location, MasterKey, NewLink, NewRouter, RouterTls, Store};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const LINKS: usize = 12;
/// Links go down one after the other, so far apart and up to as much more.
const APART_MS: i64 = 7_000;
const DAY_MS: i64 = 86_400_000;
/// What is promised from the confirmation on.
const PROMISED: Duration = Duration::from_secs(5);
/// How often it is looked whether an outage is confirmed.
const LOOK: Duration = Duration::from_millis(20);
const WAIT_MAX: Duration = Duration::from_secs(240);

/// When the server had taken a mail about a circuit.
type Taken = Arc<Mutex<HashMap<String, Instant>>>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let location = Location::Sqlite(folder.path().join("bench.sqlite"));
    let store = Store::open(&location, Some(MasterKey::generate()?)).await?;
    let mut fleet = Fleet::new(SimClock::new(wall_clock_ms));
    let spec =
        (0..LINKS).fold(RouterSpec::new("edge"), |spec, n| spec.interface(InterfaceSpec::ethernet(&name(n))));
    let router = fleet.add(spec).await?;
    let links = enter(&store, router.address().port()).await?;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let taken = Taken::default();
    let stop = CancellationToken::new();
    let mut tasks = JoinSet::new();
    tasks.spawn(serve_mail(listener, Arc::clone(&taken)));
    let watching = Collector::new(store.clone(), Clock::new(wall_clock_ms), CollectorConfig::default());
    let (watch_stop, jobs_store, jobs_stop) = (stop.clone(), store.clone(), stop.clone());
    tasks.spawn(async move {
        if let Err(error) = watching.run(watch_stop).await {
            println!("the collector stopped: {error}");
        }
    });
    let ways = Ways { mail: Some(delivery(&store, port)?), ..Ways::default() };
    tasks.spawn(
        async move { Box::pin(jobs::run(jobs_store, Clock::new(wall_clock_ms), ways, jobs_stop)).await },
    );

    // Somebody has to have been watching before.
    for &link in &links {
        until(&store, link, LinkState::Up).await?;
    }
    println!("{:<8} {:>18} {:>24}", "link", "down to confirmed", "confirmed to mail taken");
    let mut random = Random::default();
    let mut watchers = JoinSet::new();
    for (n, &link) in links.iter().enumerate() {
        tokio::time::sleep(Duration::from_millis((APART_MS + random.below(APART_MS)) as u64)).await;
        router.set_link(name(n), false);
        watchers.spawn(watch(store.clone(), Arc::clone(&taken), link, circuit(n), Instant::now()));
    }
    let mut longest = Duration::ZERO;
    while let Some(one) = watchers.join_next().await {
        let (circuit, confirmed, mailed) = one??;
        longest = longest.max(mailed);
        println!("{circuit:<8} {:>16.2} s {:>22.2} s", confirmed.as_secs_f64(), mailed.as_secs_f64());
    }
    println!(
        "the longest: {:.2} s after the confirmation; {} s are promised",
        longest.as_secs_f64(),
        PROMISED.as_secs()
    );
    stop.cancel();
    tasks.shutdown().await;
    fleet.shutdown().await;
    store.close().await;
    Ok(())
}

fn name(n: usize) -> String {
    format!("ether{}", n + 1)
}

fn circuit(n: usize) -> String {
    format!("C-{n:04}")
}

/// How long it took from `down` to the confirmation, and from there to the mail.
async fn watch(
    store: Store,
    taken: Taken,
    link: LinkId,
    circuit: String,
    down: Instant,
) -> Result<(String, Duration, Duration), Failure> {
    until(&store, link, LinkState::Down).await?;
    let confirmed = Instant::now();
    loop {
        let at = taken.lock().unwrap_or_else(PoisonError::into_inner).get(&circuit).copied();
        if let Some(at) = at {
            return Ok((circuit, confirmed - down, at.saturating_duration_since(confirmed)));
        }
        if confirmed.elapsed() > WAIT_MAX {
            return Err(format!("no mail about {circuit}").into());
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn until(store: &Store, link: LinkId, state: LinkState) -> Result<(), Failure> {
    let begun = Instant::now();
    while store.latest(link).await?.is_none_or(|latest| latest.state != state) {
        if begun.elapsed() > WAIT_MAX {
            return Err(format!("link {link} was never {state:?}").into());
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

async fn enter(store: &Store, port: u16) -> Result<Vec<LinkId>, Failure> {
    let company = store.insert_company("Bench", "Asia/Kolkata", "INR", 0).await?;
    store.add_notification_recipient(company, "noc@bench.example", "bench", 0).await?;
    let client = store.insert_client(company, "Client", 0).await?;
    let password = SecretString::from("secret");
    let router = NewRouter {
        company_id: company,
        name: "edge",
        address: "127.0.0.1",
        port,
        username: "admin",
        password: &password,
        tls: RouterTls::Off,
    };
    let router = store.insert_router(&router, 0).await?;
    let mut links = Vec::new();
    for n in 0..LINKS {
        let link = NewLink {
            client_id: client,
            router_id: router,
            interface: &name(n),
            circuit: &circuit(n),
            service_ref: None,
            kind: "ILL",
            committed_bps: 100_000_000,
            probe_target: None,
            facing: Facing::Customer,
            site: None,
            activated_at_ms: wall_clock_ms() - DAY_MS,
            terminated_at_ms: None,
        };
        links.push(store.insert_link(&link).await?);
    }
    Ok(links)
}

fn delivery(store: &Store, port: u16) -> Result<Delivery, Failure> {
    let limit = Duration::from_secs(20);
    let settings = SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port,
        tls: SmtpTls::Off,
        login: None,
        timeout: limit,
        hello: None,
    };
    let mailer = Mailer::Smtp(Box::new(Smtp::new(settings)?));
    let settings = DeliverySettings { from: "sla@bench.example".parse()?, public_url: None, limit };
    Ok(Delivery::new(store.clone(), mailer, settings))
}

async fn serve_mail(listener: TcpListener, taken: Taken) {
    let mut talks = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let taken = Arc::clone(&taken);
        talks.spawn(async move {
            if let Err(error) = take_mails(stream, &taken).await {
                println!("the mail server: {error}");
            }
        });
    }
}

/// As much of RFC 5321 as it takes to be given mails. A mail's subject begins with `DOWN: ` and the circuit.
async fn take_mails(stream: TcpStream, taken: &Taken) -> Result<(), Failure> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 bench\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        if verb == "DATA" {
            write.write_all(b"354 go on\r\n").await?;
            let mut about = None;
            while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                let subject = line.strip_prefix("Subject: DOWN: ");
                about = about.or(subject.and_then(|rest| rest.split([' ', ',']).next().map(str::to_owned)));
            }
            if let Some(circuit) = about {
                taken.lock().unwrap_or_else(PoisonError::into_inner).insert(circuit, Instant::now());
            }
        }
        let answer: &[u8] = match &*verb {
            "QUIT" => b"221 bye\r\n",
            _ => b"250 ok\r\n",
        };
        write.write_all(answer).await?;
        if verb == "QUIT" {
            break;
        }
    }
    Ok(())
}
