//! What it costs to close a month: links with 5-minute samples are read, judged, frozen and told of, as the schedule does
//! it. Each size is closed in a process of its own, so that the peak of its memory is its own.
//!
//! ```text
//! cargo run --release -p benches --bin close_month -- [--links 100,1000,10000] [--dir FOLDER]
//! ```
//!
//! SQLite; and PostgreSQL, up to 1,000 links, if LEASELINE_TEST_POSTGRES names a server. Ten thousand links need about
//! 12 GB in the folder. The files have just been written when they are read: they are in the system's cache.
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use benches::{Random, cpu_seconds, peak_rss_mb};
use jobs::{Close, CloseOutcome, Selection, close_month, links_of_month};
use serde_json::{Value, json};
use sla::{Interval, LinkState, Month};
use store::{
    DownWhen, Facing, LinkId, LinkTerms, Location, MasterKey, NewLink, NewRouter, Round, RoundOutcome,
    RouterId, RouterTls, Sample, Span, SpanTail, Store,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error>;

const LINKS_PER_CLIENT: usize = 10;
const INTERVAL_MS: i64 = 300_000;
const ZONE: &str = "Asia/Kolkata";
const MONTH: &str = "2026-10";
const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
/// On PostgreSQL no more than this: it takes long to fill.
const POSTGRES_LINKS_MAX: usize = 1_000;

struct Arguments {
    sizes: Vec<usize>,
    folder: PathBuf,
    /// The database that this process is to close the month of.
    close: Option<String>,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments = arguments()?;
    if let Some(database) = arguments.close {
        println!("{}", close(&database).await?);
        return Ok(());
    }
    println!("a month of 31 days, a sample every five minutes: 8,928 rows per link, two mails per link");
    println!(
        "for comparison, 1,000 links: PHP objects 11.6 s, SQL in PostgreSQL 18 to 39 s, DuckDB on Parquet 1.4 to 3.6 s with 500 MB"
    );
    println!(
        "engine      links   seconds   CPU s   us CPU/row   peak RSS   again, unchanged: seconds, CPU s"
    );
    for &links in &arguments.sizes {
        let folder = tempfile::tempdir_in(&arguments.folder)?;
        let path = folder.path().join("bench.sqlite").display().to_string();
        measure("SQLite", &path, links).await?;
    }
    let Ok(server) = std::env::var("LEASELINE_TEST_POSTGRES") else { return Ok(()) };
    for &links in arguments.sizes.iter().filter(|&&links| links <= POSTGRES_LINKS_MAX) {
        let name = format!("bench_{}_{links}", std::process::id());
        let psql = |sql: String| Command::new("psql").args(["-q", "-c", &sql, &server]).status();
        psql(format!("CREATE DATABASE {name}"))?;
        let (host, _) = server.rsplit_once('/').ok_or("the server's address names no database")?;
        let result = measure("PostgreSQL", &format!("{host}/{name}"), links).await;
        psql(format!("DROP DATABASE {name} WITH (FORCE)"))?;
        result?;
    }
    Ok(())
}

fn arguments() -> Result<Arguments, String> {
    let mut found = Arguments { sizes: vec![100, 1_000, 10_000], folder: std::env::temp_dir(), close: None };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or(format!("{word} needs a value"))?;
        match word.as_str() {
            "--links" => {
                let sizes = value.split(',').map(str::parse).collect::<Result<_, _>>();
                found.sizes = sizes.map_err(|_| "--links takes numbers such as 100,1000".to_owned())?;
            }
            "--dir" => found.folder = value.into(),
            "--close" => found.close = Some(value),
            other => return Err(format!("unknown argument {other}: --links N,N --dir FOLDER")),
        }
    }
    Ok(found)
}

async fn open(database: &str) -> Result<Store, Failure> {
    let location = match database.strip_prefix("postgres") {
        Some(_) => Location::Postgres(database.to_owned()),
        None => Location::Sqlite(database.into()),
    };
    Ok(Store::open(&location, Some(MasterKey::from_hex(KEY)?)).await?)
}

/// Fills a database, and has other processes close its month twice.
async fn measure(engine: &str, database: &str, links: usize) -> Result<(), Failure> {
    let store = open(database).await?;
    fill(&store, links).await?;
    store.close().await;
    let run = || -> Result<Value, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        let output = command.args(["--close", database]).stderr(Stdio::inherit()).output()?;
        Ok(serde_json::from_slice(&output.stdout)?)
    };
    let (first, again) = (run()?, run()?);
    assert_eq!(first["written"], links, "every link has its first report");
    assert_eq!(again["written"], 0, "and no second one");
    let figure = |run: &Value, key: &str| run[key].as_f64().unwrap_or_default();
    println!(
        "{engine:<10} {links:>6} {:>8.2} {:>7.2} {:>12.3} {:>7.0} MB {:>8.2} {:>7.2}",
        figure(&first, "seconds"),
        figure(&first, "cpu_s"),
        figure(&first, "cpu_s") * 1e6 / (links as f64 * 8_928.0),
        figure(&first, "peak_rss_mb"),
        figure(&again, "seconds"),
        figure(&again, "cpu_s")
    );
    Ok(())
}

/// Closes the month of all links, in this process alone.
async fn close(database: &str) -> Result<Value, Failure> {
    let store = open(database).await?;
    let month: Month = MONTH.parse()?;
    let now_ms = period()?.to_ms + 3_600_000;
    let (start, cpu) = (Instant::now(), cpu_seconds()?);
    let links = links_of_month(&store, month, &Selection::default()).await?;
    let close = Close { month, reason: Some("bench"), by: "bench", tell: true };
    let mut written = 0;
    close_month(&store, links, &close, now_ms, |closed| {
        written += usize::from(matches!(closed.outcome, CloseOutcome::First(_)));
    })
    .await?;
    let (seconds, cpu_s) = (start.elapsed().as_secs_f64(), cpu_seconds()? - cpu);
    store.close().await;
    Ok(json!({ "seconds": seconds, "cpu_s": cpu_s, "peak_rss_mb": peak_rss_mb()?, "written": written }))
}

fn period() -> Result<Interval, Failure> {
    let zone = jiff::tz::TimeZone::get(ZONE)?;
    Ok(MONTH.parse::<Month>()?.interval(&zone)?)
}

async fn fill(store: &Store, count: usize) -> Result<(), Failure> {
    let period = period()?;
    let company = store.insert_company("Bench", ZONE, "INR", 0).await?;
    let password = secrecy::SecretString::from("none");
    let router = NewRouter {
        company_id: company,
        name: "bench",
        address: "192.0.2.1",
        port: 8728,
        username: "bench",
        password: &password,
        tls: RouterTls::Off,
    };
    let router = store.insert_router(&router, 0).await?;
    let mut links = Vec::with_capacity(count);
    let mut client = None;
    for index in 0..count {
        if index % LINKS_PER_CLIENT == 0 {
            let id = store.insert_client(company, &format!("Client {index}"), 0).await?;
            for person in ["a", "b"] {
                let name = format!("{person}{index}");
                store.insert_portal_user(id, &name, &format!("{name}@example.net"), "-", 0).await?;
            }
            client = Some(id);
        }
        let client = client.ok_or("a link without a client")?;
        links.push(insert_link(store, client, router, index, period.from_ms).await?);
    }
    let mut random = Random::default();
    let mut round = Round::new(router, period.to_ms, RoundOutcome::Ok);
    round.tails = links.iter().map(|&link| time_line(link, period, &mut random)).collect();
    store.write_round(&round).await?;
    for at_ms in (period.from_ms..period.to_ms).step_by(INTERVAL_MS as usize) {
        let samples: Vec<Sample> = links.iter().map(|&link| sample(link, at_ms, &mut random)).collect();
        store.write_samples(&samples).await?;
    }
    Ok(())
}

async fn insert_link(
    store: &Store,
    client: store::ClientId,
    router: RouterId,
    index: usize,
    activated_at_ms: i64,
) -> Result<LinkId, Failure> {
    let name = format!("B-{index}");
    let link = NewLink {
        client_id: client,
        router_id: router,
        interface: &name,
        circuit: &name,
        service_ref: None,
        kind: "ILL",
        committed_bps: 100_000_000,
        probe_target: Some("198.51.100.1"),
        facing: Facing::Customer,
        site: None,
        activated_at_ms,
        terminated_at_ms: None,
    };
    let terms = LinkTerms {
        link_id: LinkId(0),
        valid_from_ms: activated_at_ms,
        uptime_pct: Some("99.50".to_owned()),
        latency_ms: Some("20".to_owned()),
        loss_pct: Some("1.00".to_owned()),
        down_when: DownWhen::Interface,
    };
    Ok(store.insert_link_with_terms(&link, &terms).await?)
}

/// Up, with up to five outages of up to two hours.
fn time_line(link: LinkId, period: Interval, random: &mut Random) -> SpanTail {
    let span = |from_ms, to_ms, state: LinkState| Span {
        from_ms,
        to_ms,
        state,
        cause: (state == LinkState::Down).then(|| "link_down".to_owned()),
        evidence: json!({ "link_downs": 3, "last_link_down_ms": from_ms }),
    };
    let outages = random.below(6);
    let stretch_ms = period.len_ms() / (outages + 1);
    let mut spans = Vec::new();
    let mut from_ms = period.from_ms;
    for number in 1..=outages {
        let down_ms = period.from_ms + number * stretch_ms;
        let up_ms = down_ms + 60_000 + random.below(7_200_000);
        spans.push(span(from_ms, down_ms, LinkState::Up));
        spans.push(span(down_ms, up_ms, LinkState::Down));
        from_ms = up_ms;
    }
    spans.push(span(from_ms, period.to_ms, LinkState::Up));
    SpanTail { link, from_ms: period.from_ms, spans }
}

/// Figures of the size that a 100 Mbit/s link has after some weeks.
fn sample(link: LinkId, at_ms: i64, random: &mut Random) -> Sample {
    let rx_bps = random.below(100_000_000);
    let tx_bps = random.below(30_000_000);
    let bytes = 200_000_000_000 + at_ms % 10_000_000_000;
    let rtt_us = 2_000 + random.below(20_000);
    Sample {
        link,
        at_ms,
        state: LinkState::Up,
        rx_bytes: Some(bytes + rx_bps * 30),
        tx_bytes: Some(bytes / 3 + tx_bps * 30),
        rx_packets: Some(bytes / 900),
        tx_packets: Some(bytes / 2_700),
        rx_errors: Some(0),
        tx_errors: Some(0),
        rx_drops: Some(random.below(5_000)),
        tx_drops: Some(0),
        rx_bps: Some(rx_bps),
        tx_bps: Some(tx_bps),
        sent: Some(5),
        received: Some(if random.below(200) == 0 { 4 } else { 5 }),
        rtt_min_us: Some(rtt_us - random.below(500)),
        rtt_avg_us: Some(rtt_us),
        rtt_max_us: Some(rtt_us + random.below(3_000)),
    }
}
