//! What it costs to keep samples on SQLite: rows per second and bytes written per row, hour-first as the store keeps
//! them, beside the link-first key on the same data.
//!
//! ```text
//! cargo run --release -p benches --bin store_write -- [--rows 10000000] [--dir FOLDER] [--only hour|link]
//! ```
//!
//! Ten thousand links, one sample each per transaction, 300 s apart. `block` is `write_bytes` of `/proc/self/io`, what
//! goes to the disk; `calls` is `wchar`, what the process handed to `write`. The folder must not be a RAM disk.
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use benches::Random;
use store::{Facing, LinkId, Location, MasterKey, NewLink, NewRouter, RouterTls, Sample, Store, StoreError};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Samples per transaction: the links of a large ISP.
const LINKS: usize = 10_000;
const ROWS_DEFAULT: usize = 10_000_000;
const INTERVAL_MS: i64 = 300_000;
/// 2026-11-01 00:00 UTC.
const START_MS: i64 = 1_793_491_200_000;
/// How often figures are printed on the way.
const PARTS: usize = 10;

struct Arguments {
    rows: usize,
    folder: PathBuf,
    layouts: Vec<Layout>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    Hour,
    Link,
}

impl Layout {
    fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour-first",
            Self::Link => "link-first",
        }
    }
}

/// What has been written, and how long it took.
#[derive(Clone, Copy, Default)]
struct Cost {
    rows: usize,
    busy: Duration,
    block_bytes: u64,
    call_bytes: u64,
}

impl Cost {
    fn since(self, before: Self) -> Self {
        Self {
            rows: self.rows - before.rows,
            busy: self.busy.checked_sub(before.busy).unwrap_or_default(),
            block_bytes: self.block_bytes - before.block_bytes,
            call_bytes: self.call_bytes - before.call_bytes,
        }
    }

    fn rows_per_second(self) -> f64 {
        self.rows as f64 / self.busy.as_secs_f64()
    }

    fn print(self, layout: Layout, what: &str) {
        let per_row = |bytes: u64| bytes as f64 / self.rows as f64;
        println!(
            "{:<11} {what:<22} {:>9.0} rows/s {:>8.0} B/row block {:>8.0} B/row calls",
            layout.name(),
            self.rows_per_second(),
            per_row(self.block_bytes),
            per_row(self.call_bytes),
        );
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = arguments()?;
    println!("{LINKS} links, {LINKS} samples per transaction, {} rows", arguments.rows);
    let mut results = Vec::new();
    for layout in arguments.layouts {
        let folder = tempfile::tempdir_in(&arguments.folder)?;
        results.push(measure(layout, folder.path(), arguments.rows).await?);
    }
    if let [hour, link] = results[..] {
        println!(
            "hour-first against link-first: {:.1} times the rows/s, {:.1} times fewer bytes per row (calls)",
            hour.rows_per_second() / link.rows_per_second(),
            link.call_bytes as f64 / hour.call_bytes as f64
        );
    }
    Ok(())
}

fn arguments() -> Result<Arguments, String> {
    let mut found = Arguments {
        rows: ROWS_DEFAULT,
        folder: std::env::temp_dir(),
        layouts: vec![Layout::Hour, Layout::Link],
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--rows" => found.rows = value()?.parse().map_err(|_| "--rows needs a number".to_owned())?,
            "--dir" => found.folder = value()?.into(),
            "--only" => {
                found.layouts = match value()?.as_str() {
                    "hour" => vec![Layout::Hour],
                    "link" => vec![Layout::Link],
                    other => return Err(format!("--only takes hour or link, not {other}")),
                }
            }
            other => {
                return Err(format!("unknown argument {other}: --rows N, --dir FOLDER, --only hour|link"));
            }
        }
    }
    Ok(found)
}

/// Writes the rows; returns what the last tenth cost, when the file is at its largest.
async fn measure(layout: Layout, folder: &Path, rows: usize) -> Result<Cost, Box<dyn std::error::Error>> {
    let path = folder.join("bench.db");
    let store = Store::open(&Location::Sqlite(path.clone()), Some(MasterKey::generate()?)).await?;
    let links = links(&store).await?;
    if layout == Layout::Link {
        store.use_link_first_layout().await?;
    }
    let rounds = rows.div_ceil(LINKS);
    let (mut cost, mut part_start, mut part) = (Cost::default(), Cost::default(), Cost::default());
    let mut random = Random::default();
    for round in 0..rounds {
        let samples: Vec<Sample> = links.iter().map(|link| sample(*link, round, &mut random)).collect();
        let (before, start) = (written()?, Instant::now());
        store.write_samples(&samples).await?;
        cost.busy += start.elapsed();
        let after = written()?;
        cost.block_bytes += after.0 - before.0;
        cost.call_bytes += after.1 - before.1;
        cost.rows += samples.len();
        if (round + 1) * PARTS / rounds > round * PARTS / rounds {
            part = cost.since(part_start);
            part_start = cost;
            part.print(layout, &format!("at {:.1} million", cost.rows as f64 / 1e6));
        }
    }
    cost.print(layout, "overall");
    store.close().await;
    println!("{:<11} file {:.0} B/row", layout.name(), path.metadata()?.len() as f64 / cost.rows as f64);
    Ok(part)
}

/// One company, one client and its links, on one pretended router.
async fn links(store: &Store) -> Result<Vec<LinkId>, StoreError> {
    let company = store.insert_company("Bench", "UTC", "INR", START_MS).await?;
    let client = store.insert_client(company, "Bench", START_MS).await?;
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
    let router = store.insert_router(&router, START_MS).await?;
    let mut links = Vec::with_capacity(LINKS);
    for index in 0..LINKS {
        let name = format!("B-{index}");
        let new = NewLink {
            client_id: client,
            router_id: router,
            interface: &name,
            circuit: &name,
            service_ref: None,
            kind: "ILL",
            committed_bps: 100_000_000,
            probe_target: None,
            facing: Facing::Customer,
            site: None,
            activated_at_ms: START_MS,
            terminated_at_ms: None,
        };
        links.push(store.insert_link(&new).await?);
    }
    Ok(links)
}

/// Figures of the size that a 100 Mbit/s link has after some weeks.
fn sample(link: LinkId, round: usize, random: &mut Random) -> Sample {
    let rx_bps = random.below(100_000_000);
    let tx_bps = random.below(30_000_000);
    let bytes = 200_000_000_000 + (round as i64) * 1_900_000_000;
    let rtt_us = 2_000 + random.below(20_000);
    Sample {
        link,
        at_ms: START_MS + (round as i64) * INTERVAL_MS,
        state: sla::LinkState::Up,
        rx_bytes: Some(bytes + rx_bps * 30),
        tx_bytes: Some(bytes / 3 + tx_bps * 30),
        rx_packets: Some(bytes / 900 + rx_bps / 40),
        tx_packets: Some(bytes / 2_700 + tx_bps / 40),
        rx_errors: Some(random.below(100)),
        tx_errors: Some(0),
        rx_drops: Some(random.below(5_000)),
        tx_drops: Some(random.below(5_000)),
        rx_bps: Some(rx_bps),
        tx_bps: Some(tx_bps),
        sent: Some(5),
        received: Some(5),
        rtt_min_us: Some(rtt_us - random.below(500)),
        rtt_avg_us: Some(rtt_us),
        rtt_max_us: Some(rtt_us + random.below(3_000)),
    }
}

/// `write_bytes` and `wchar` of this process so far.
fn written() -> Result<(u64, u64), std::io::Error> {
    let text = std::fs::read_to_string("/proc/self/io")?;
    let figure = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|value| value.trim().parse().ok())
            .ok_or_else(|| std::io::Error::other(format!("no {name}")))
    };
    Ok((figure("write_bytes:")?, figure("wchar:")?))
}
