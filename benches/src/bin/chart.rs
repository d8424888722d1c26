//! What a chart of 13 months costs when nothing is kept, beside reading the same from single samples, and whether both
//! say the same.
//!
//! ```text
//! cargo run --release -p benches --bin chart -- [--links 20] [--dir FOLDER]
//! ```
//!
//! A sample every five minutes of each link. Before each look the database is taken out of the system's cache and
//! opened anew, so that the first answer comes from the disk; the folder must not be a RAM disk.
#![expect(clippy::print_stdout, reason = "this is a program for people")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use benches::Random;
use benches::browser::{Failure, exchange, log_in, request, serve};
use secrecy::SecretString;
use serde_json::Value;
use sla::LinkState;
use store::{
    Clock, DownWhen, Facing, LinkId, LinkTerms, Location, MasterKey, NewLink, NewRouter, RouterTls, Sample,
    Store,
};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const STEP_MS: i64 = 300_000;
const DAY_MS: i64 = 86_400_000;
/// Thirteen months and some days.
const DAYS: i64 = 410;
/// 2026-11-23 12:30:00 UTC.
const NOW_MS: i64 = 1_795_437_000_000;
const PASSWORD: &str = "correct horse battery";
const LOOKS: usize = 20;

/// Means, lows and highs of the customer's download by UTC day, bits per second.
type Days = BTreeMap<i64, [i64; 3]>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let (links, folder) = arguments()?;
    let folder = tempfile::tempdir_in(folder)?;
    let path = folder.path().join("bench.sqlite");
    let key = MasterKey::generate()?;
    let location = Location::Sqlite(path.clone());
    let store = Store::open(&location, Some(key.clone())).await?;
    let links = enter(&store, links).await?;
    fill(&store, &links).await?;
    store.close().await;

    let mut looks: [Vec<Duration>; 4] = Default::default();
    let mut bytes = 0;
    for look in 0..LOOKS {
        let link = links[look % links.len()];
        drop_from_cache(&path)?;
        let store = Store::open(&location, Some(key.clone())).await?;
        let settings =
            web::Settings { secure_cookies: false, stale_after_ms: DAY_MS, ..web::Settings::default() };
        let mut servers = JoinSet::new();
        let clock = Clock::new(|| NOW_MS);
        let readiness = web::Readiness::new(store.clone(), clock.clone(), DAY_MS);
        let portal = serve(&mut servers, web::router(store.clone(), clock, settings, readiness)).await?;
        let cookie = log_in(portal, "year", PASSWORD).await?;
        let path_of = |more: &str| format!("/client/links/{}/series.json?range=13mo{more}", link.0);
        let mut connection = TcpStream::connect(portal).await?;
        connection.set_nodelay(true)?;
        let mut answers = Vec::new();
        for (times, more) in looks.iter_mut().zip(["", "", "&shift=34214400000"]) {
            let asked = Instant::now();
            answers.push(exchange(&mut connection, &request(&path_of(more), &cookie)).await?);
            times.push(asked.elapsed());
        }
        bytes = answers[0].len();
        let shown = shown(&answers[0])?;
        servers.shutdown().await;
        store.close().await;

        drop_from_cache(&path)?;
        let store = Store::open(&location, Some(key.clone())).await?;
        let asked = Instant::now();
        let raw = raw(&store, link).await?;
        looks[3].push(asked.elapsed());
        store.close().await;
        compare(link, &shown, &raw)?;
    }
    println!("{LOOKS} looks at 13 months of one link in days, {} kB; medians, least and most", bytes / 1_000);
    let names = [
        "read from the disk",
        "again",
        "again, with the period before",
        "from single samples, from the disk",
    ];
    for (name, times) in names.into_iter().zip(&mut looks) {
        times.sort_unstable();
        let ms = |at: usize| times[at].as_secs_f64() * 1e3;
        println!("{name:<36} {:>8.1} ms {:>8.1} {:>8.1}", ms(LOOKS / 2), ms(0), ms(LOOKS - 1));
    }
    println!("mean, lowest and highest rate of each day equal those of its single samples");
    Ok(())
}

fn arguments() -> Result<(usize, PathBuf), String> {
    let (mut links, mut folder) = (20, std::env::temp_dir());
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--links" => links = value()?.parse().map_err(|_| "--links needs a number".to_owned())?,
            "--dir" => folder = value()?.into(),
            other => return Err(format!("unknown argument {other}: --links N, --dir FOLDER")),
        }
    }
    Ok((links, folder))
}

async fn enter(store: &Store, count: usize) -> Result<Vec<LinkId>, Failure> {
    let company = store.insert_company("Bench", "Asia/Kolkata", "INR", 0).await?;
    let client = store.insert_client(company, "year", 0).await?;
    let hash = web::hash_password(&SecretString::from(PASSWORD))?;
    store.insert_portal_user(client, "year", "a@bench.example", &hash, 0).await?;
    let password = SecretString::from("none");
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
    let mut links = Vec::new();
    for n in 0..count {
        let link = NewLink {
            client_id: client,
            router_id: router,
            interface: &format!("vlan{n}"),
            circuit: &format!("YEAR-{n:04}"),
            service_ref: None,
            kind: "ILL",
            committed_bps: 100_000_000,
            probe_target: Some("198.51.100.1"),
            facing: Facing::Customer,
            site: None,
            activated_at_ms: NOW_MS - DAYS * DAY_MS,
            terminated_at_ms: None,
        };
        let terms = LinkTerms {
            link_id: LinkId(0),
            valid_from_ms: NOW_MS - DAYS * DAY_MS,
            uptime_pct: Some("99.50".to_owned()),
            latency_ms: None,
            loss_pct: None,
            down_when: DownWhen::Interface,
        };
        links.push(store.insert_link_with_terms(&link, &terms).await?);
    }
    Ok(links)
}

/// Samples a day at a time, then the roll-ups.
async fn fill(store: &Store, links: &[LinkId]) -> Result<(), Failure> {
    let mut random = Random::default();
    let begun = Instant::now();
    for day in (0..DAYS).rev() {
        let from_ms = NOW_MS - (day + 1) * DAY_MS;
        let times = (0..DAY_MS / STEP_MS).map(|step| from_ms + step * STEP_MS);
        let samples: Vec<Sample> = times
            .flat_map(|at_ms| links.iter().map(move |&link| (link, at_ms)))
            .map(|(link, at_ms)| sample(link, at_ms, &mut random))
            .collect();
        store.write_samples(&samples).await?;
    }
    let written = begun.elapsed();
    let made = store.roll_up(NOW_MS).await?;
    println!(
        "{} links, {} samples written in {:.1} s; {} hours and {} days rolled up in {:.1} s",
        links.len(),
        links.len() as i64 * DAYS * DAY_MS / STEP_MS,
        written.as_secs_f64(),
        made.hours,
        made.days,
        (begun.elapsed() - written).as_secs_f64()
    );
    Ok(())
}

fn sample(link: LinkId, at_ms: i64, random: &mut Random) -> Sample {
    let rtt_us = 5_000 + random.below(10_000);
    Sample {
        link,
        at_ms,
        state: LinkState::Up,
        rx_bytes: Some(random.below(1_000_000_000)),
        tx_bytes: Some(random.below(1_000_000_000)),
        rx_packets: Some(1),
        tx_packets: Some(1),
        rx_errors: Some(0),
        tx_errors: Some(0),
        rx_drops: Some(0),
        tx_drops: Some(0),
        rx_bps: Some(random.below(100_000_000)),
        tx_bps: Some(random.below(100_000_000)),
        sent: Some(5),
        received: Some(5),
        rtt_min_us: Some(rtt_us - 1_000),
        rtt_avg_us: Some(rtt_us),
        rtt_max_us: Some(rtt_us + 1_000),
    }
}

/// Takes a file out of the system's cache (`posix_fadvise`, by way of `dd`).
fn drop_from_cache(path: &Path) -> Result<(), Failure> {
    let of = format!("of={}", path.display());
    let status = Command::new("dd")
        .args([of.as_str(), "oflag=nocache", "conv=notrunc,fdatasync", "count=0", "status=none"])
        .status()?;
    if status.success() { Ok(()) } else { Err("dd could not drop the file from the system's cache".into()) }
}

fn shown(answer: &[u8]) -> Result<Days, Failure> {
    let text = String::from_utf8_lossy(answer);
    let (_, body) = text.split_once("\r\n\r\n").ok_or("no body")?;
    let answer: Value = serde_json::from_str(body)?;
    let column = |name: &str| {
        answer[name]
            .as_array()
            .ok_or(format!("no column {name}"))
            .map(|column| column.iter().map(Value::as_i64))
    };
    let mut days = Days::new();
    let figures = column("download")?.zip(column("download_low")?).zip(column("download_high")?);
    for (at_ms, ((mean, low), high)) in column("at_ms")?.zip(figures) {
        if let (Some(at_ms), Some(mean), Some(low), Some(high)) = (at_ms, mean, low, high) {
            days.insert(at_ms.div_euclid(DAY_MS), [mean, low, high]);
        }
    }
    Ok(days)
}

/// The same from single samples. What the provider's port sends is what a customer downloads.
async fn raw(store: &Store, link: LinkId) -> Result<Days, Failure> {
    let mut sums: BTreeMap<i64, (i64, i64, i64, i64)> = BTreeMap::new();
    let add = |sample: Sample| {
        let Some(bps) = sample.tx_bps else { return };
        let day = sums.entry(sample.at_ms.div_euclid(DAY_MS)).or_insert((0, 0, i64::MAX, i64::MIN));
        *day = (day.0 + bps, day.1 + 1, day.2.min(bps), day.3.max(bps));
    };
    store.samples_each(link, NOW_MS - 397 * DAY_MS, NOW_MS, add).await?;
    Ok(sums.into_iter().map(|(day, (sum, n, low, high))| (day, [sum / n, low, high])).collect())
}

fn compare(link: LinkId, shown: &Days, raw: &Days) -> Result<(), Failure> {
    // The window begins and ends within a day.
    let ends = [shown.keys().next().copied(), shown.keys().next_back().copied()];
    let whole = shown.iter().filter(|(day, _)| !ends.contains(&Some(**day)));
    let mut days = 0;
    for (day, figures) in whole {
        if raw.get(day) != Some(figures) {
            return Err(
                format!("link {}, day {day}: {figures:?}, samples say {:?}", link.0, raw.get(day)).into()
            );
        }
        days += 1;
    }
    if days < 390 { Err(format!("only {days} days are shown").into()) } else { Ok(()) }
}
