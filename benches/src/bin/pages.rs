//! What a page costs: the dashboard of a client with ten links beside a bare axum page, on the same machine in the same
//! run, and the time that the dashboard of a client with 500 links takes.
//!
//! Both servers and the load run in this process. The figures of the dashboard are given twice: while nothing is
//! written, and while rounds of other routers are committed all the time, as a collector does.
#![expect(clippy::print_stdout, reason = "this is a program for people")]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use benches::browser::{Failure, exchange, log_in, request, serve};
use secrecy::SecretString;
use serde_json::json;
use sla::LinkState;
use store::{
    ClientId, Clock, DownWhen, Facing, Latest, LinkId, LinkTerms, Location, MasterKey, NewLink, NewRouter,
    Round, RoundOutcome, RouterId, RouterTls, Sample, Span, SpanTail, Store,
};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CONNECTIONS: usize = 64;
const LOAD_FOR: Duration = Duration::from_secs(8);
const WARM_UP: Duration = Duration::from_secs(2);
/// Looks at the page of 500 links.
const LOOKS: usize = 60;
/// Rounds that are committed per second meanwhile: 200 routers every 30 s.
const ROUNDS_EVERY: Duration = Duration::from_millis(150);
const PASSWORD: &str = "correct horse battery";
const STEP_MS: i64 = 300_000;
const DAY_MS: i64 = 86_400_000;
/// 2026-11-23 12:30:00 UTC.
const NOW_MS: i64 = 1_795_437_000_000;
const DASHBOARD: &str = "/client/dashboard";

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let location = Location::Sqlite(folder.path().join("bench.sqlite"));
    let store = Store::open(&location, Some(MasterKey::generate()?)).await?;
    let world = World::fill(&store).await?;
    let started = Instant::now();
    let clock = Clock::new(move || NOW_MS + i64::try_from(started.elapsed().as_millis()).unwrap_or(0));
    let settings =
        web::Settings { secure_cookies: false, stale_after_ms: DAY_MS, ..web::Settings::default() };
    let mut servers = JoinSet::new();
    let readiness = web::Readiness::new(store.clone(), clock.clone(), DAY_MS);
    let portal = serve(&mut servers, web::router(store.clone(), clock, settings, readiness)).await?;
    let hello = serve(&mut servers, Router::new().route("/", get(|| async { "Hello, World!" }))).await?;

    println!("{CONNECTIONS} connections, {} s each; load and server share this machine", LOAD_FOR.as_secs());
    println!("{:<44} {:>9} {:>10} {:>9} {:>9}", "page", "req/s", "of hello", "p50 ms", "p99 ms");
    let bare = load(hello, "/", "").await?;
    bare.print("a bare axum page", &bare);
    let cookie = log_in(portal, "ten", PASSWORD).await?;
    for (what, headers) in
        [("10 links", cookie.clone()), ("10 links, gzip", format!("{cookie}accept-encoding: gzip, br\r\n"))]
    {
        load(portal, DASHBOARD, &headers).await?.print(what, &bare);
        let mut writing = JoinSet::new();
        writing.spawn(write_rounds(store.clone(), world.others.clone()));
        load(portal, DASHBOARD, &headers).await?.print(&format!("{what}, rounds being written"), &bare);
        writing.shutdown().await;
    }
    load(hello, "/", "").await?.print("a bare axum page, again", &bare);

    let cookie = log_in(portal, "many", PASSWORD).await?;
    let mut commits = 0;
    for (what, path) in [("500 links", DASHBOARD), ("500 links by site", "/client/dashboard?group=site")] {
        let mut connection = TcpStream::connect(portal).await?;
        connection.set_nodelay(true)?;
        let (mut cold, mut kept) = (Vec::new(), Vec::new());
        let mut bytes = 0;
        for _ in 0..LOOKS {
            // Something is committed, so that all is read anew; then the same again.
            commits += 1;
            store.insert_company(&format!("Company {commits}"), "UTC", "EUR", NOW_MS).await?;
            for times in [&mut cold, &mut kept] {
                let asked = Instant::now();
                bytes = exchange(&mut connection, &request(path, &cookie)).await?.len();
                times.push(asked.elapsed());
            }
        }
        println!(
            "{what}: {:.1} ms when all is read anew, {:.1} ms while nothing was written (medians of {LOOKS}), {} kB",
            middle(&mut cold).as_secs_f64() * 1e3,
            middle(&mut kept).as_secs_f64() * 1e3,
            bytes / 1_000
        );
    }
    servers.shutdown().await;
    store.close().await;
    Ok(())
}

fn middle(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

struct Load {
    per_second: f64,
    p50: Duration,
    p99: Duration,
}

impl Load {
    fn print(&self, what: &str, bare: &Self) {
        println!(
            "{what:<44} {:>9.0} {:>9.1}% {:>9.2} {:>9.2}",
            self.per_second,
            self.per_second / bare.per_second * 100.0,
            self.p50.as_secs_f64() * 1e3,
            self.p99.as_secs_f64() * 1e3
        );
    }
}

/// The same request over and over on kept connections, each of which has one under way.
async fn load(address: SocketAddr, path: &str, headers: &str) -> Result<Load, Failure> {
    let request = request(path, headers);
    let begun = Instant::now();
    let mut connections = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let request = request.clone();
        connections.spawn(async move {
            let mut stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let mut times = Vec::new();
            while begun.elapsed() < WARM_UP + LOAD_FOR {
                let asked = Instant::now();
                exchange(&mut stream, &request).await?;
                if begun.elapsed() > WARM_UP {
                    times.push(asked.elapsed());
                }
            }
            Ok::<_, Failure>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(one) = connections.join_next().await {
        times.extend(one??);
    }
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    Ok(Load { per_second: times.len() as f64 / LOAD_FOR.as_secs_f64(), p50: at(50), p99: at(99) })
}

struct World {
    /// Links of another customer and their router, for rounds that nobody watches.
    others: (RouterId, Vec<LinkId>),
}

impl World {
    async fn fill(store: &Store) -> Result<Self, Failure> {
        let company = store.insert_company("Bench", "Asia/Kolkata", "INR", 0).await?;
        let hash = web::hash_password(&SecretString::from(PASSWORD))?;
        let mut others = None;
        for (username, count) in [("ten", 10), ("many", 500), ("other", 50)] {
            let client = store.insert_client(company, username, 0).await?;
            store.insert_portal_user(client, username, "a@bench.example", &hash, 0).await?;
            let password = SecretString::from("none");
            let router = NewRouter {
                company_id: company,
                name: username,
                address: "192.0.2.1",
                port: 8728,
                username: "bench",
                password: &password,
                tls: RouterTls::Off,
            };
            let router = store.insert_router(&router, 0).await?;
            let links = links(store, client, router, username, count).await?;
            history(store, router, &links).await?;
            others = Some((router, links));
        }
        Ok(Self { others: others.ok_or("nobody was entered")? })
    }
}

async fn links(
    store: &Store,
    client: ClientId,
    router: RouterId,
    name: &str,
    count: usize,
) -> Result<Vec<LinkId>, Failure> {
    let mut links = Vec::new();
    for n in 0..count {
        let link = NewLink {
            client_id: client,
            router_id: router,
            interface: &format!("vlan{n}"),
            circuit: &format!("{name}-{n:04}"),
            service_ref: Some("SO-2026-1"),
            kind: "ILL",
            committed_bps: 100_000_000,
            probe_target: Some("198.51.100.1"),
            facing: Facing::Customer,
            site: Some(&format!("Branch {}", n / 4)),
            activated_at_ms: NOW_MS - 100 * DAY_MS,
            terminated_at_ms: None,
        };
        let terms = LinkTerms {
            link_id: LinkId(0),
            valid_from_ms: NOW_MS - 100 * DAY_MS,
            uptime_pct: Some("99.50".to_owned()),
            latency_ms: Some("20".to_owned()),
            loss_pct: Some("1.00".to_owned()),
            down_when: DownWhen::Interface,
        };
        links.push(store.insert_link_with_terms(&link, &terms).await?);
    }
    Ok(links)
}

/// Sixty days with an outage of some minutes every eight, and four hours of samples.
async fn history(store: &Store, router: RouterId, links: &[LinkId]) -> Result<(), Failure> {
    let mut round = Round::new(router, NOW_MS, RoundOutcome::Ok);
    for (n, &link) in links.iter().enumerate() {
        let n = n as i64;
        let from_ms = NOW_MS - 60 * DAY_MS;
        let mut spans = Vec::new();
        let mut at_ms = from_ms;
        for outage in 1..=7 {
            let down_ms = from_ms + outage * 8 * DAY_MS + n * 60_000;
            spans.push(span(at_ms, down_ms, LinkState::Up, None));
            at_ms = down_ms + 60_000 * (1 + n % 20);
            spans.push(span(down_ms, at_ms, LinkState::Down, Some("link_down")));
        }
        spans.push(span(at_ms, NOW_MS, LinkState::Up, None));
        round.tails.push(SpanTail { link, from_ms, spans });
        round.samples.extend((0..48).map(|step| sample(link, NOW_MS - step * STEP_MS, n)));
        round.latest.push(latest(link, NOW_MS, at_ms, n));
    }
    Ok(store.write_round(&round).await?)
}

async fn write_rounds(store: Store, (router, links): (RouterId, Vec<LinkId>)) {
    let mut timer = tokio::time::interval(ROUNDS_EVERY);
    let mut at_ms = latest_round(&store, router).await;
    loop {
        timer.tick().await;
        at_ms += 1_000;
        let mut round = Round::new(router, at_ms, RoundOutcome::Ok);
        round.latest = links.iter().map(|&link| latest(link, at_ms, NOW_MS, 1)).collect();
        round.samples = links.iter().map(|&link| sample(link, at_ms, 1)).collect();
        if let Err(error) = store.write_round(&round).await {
            println!("a round was not written: {error}");
        }
    }
}

async fn latest_round(store: &Store, router: RouterId) -> i64 {
    store.router_status(router).await.ok().flatten().map_or(0, |status| status.at_ms)
}

fn span(from_ms: i64, to_ms: i64, state: LinkState, cause: Option<&str>) -> Span {
    let evidence = json!({"kind": "link_times", "link_downs": 3, "last_link_down_ms": from_ms});
    Span { from_ms, to_ms, state, cause: cause.map(str::to_owned), evidence }
}

fn latest(link: LinkId, at_ms: i64, since_ms: i64, n: i64) -> Latest {
    Latest {
        link,
        at_ms,
        state: LinkState::Up,
        since_ms,
        cause: None,
        sample_at_ms: Some(at_ms),
        rx_bps: Some(10_000_000 + n * 1_000),
        tx_bps: Some(40_000_000 + n * 1_000),
        sent: Some(5),
        received: Some(5),
        rtt_avg_us: Some(8_000 + n),
        rtt_min_us: Some(7_000),
        rtt_max_us: Some(9_000),
        memory: json!({"uptime_ms": at_ms, "link_downs": 3, "rx_bytes": 123_456_789_i64, "tx_bytes": 987_654_321_i64}),
    }
}

fn sample(link: LinkId, at_ms: i64, n: i64) -> Sample {
    let wave = (at_ms / STEP_MS * 7 + n) % 23 * 1_000_000;
    Sample {
        link,
        at_ms,
        state: LinkState::Up,
        rx_bytes: Some(123_456_789),
        tx_bytes: Some(987_654_321),
        rx_packets: Some(123_456),
        tx_packets: Some(987_654),
        rx_errors: Some(0),
        tx_errors: Some(0),
        rx_drops: Some(0),
        tx_drops: Some(0),
        rx_bps: Some(10_000_000 + wave),
        tx_bps: Some(40_000_000 + wave),
        sent: Some(5),
        received: Some(5),
        rtt_min_us: Some(7_000),
        rtt_avg_us: Some(8_000),
        rtt_max_us: Some(9_000),
    }
}
