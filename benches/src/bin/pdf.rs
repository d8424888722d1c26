//! What a statement costs as a PDF: milliseconds for one when the process is warm, and memory after ten and after a
//! thousand.
//!
//! ```text
//! cargo run --release -p benches --bin pdf -- [--count 1000]
//! ```
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use std::time::{Duration, Instant};

use benches::{Random, cpu_seconds, rss_mb};
use report::{Brand, Document, Facts};
use serde_json::json;
use sla::{Active, Exclusion, ExclusionKind, Inputs, LinkState, Probe, StateSpan, Terms, Traffic};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const COUNT_DEFAULT: usize = 1_000;
/// Fonts and templates are read with the first ones.
const WARM_AFTER: usize = 10;
const OUTAGES: i64 = 12;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let count = match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => COUNT_DEFAULT,
        [name, count] if name == "--count" => count.parse()?,
        _ => return Err("the only argument is --count N".into()),
    };
    let mut random = Random::default();
    let mut times = Vec::with_capacity(count);
    let mut bytes = 0;
    let mut warm_mb = 0.0;
    let mut warm_cpu_s = 0.0;
    for number in 0..count {
        // Each is another month of another link: nothing of the one before is of use.
        let inputs = inputs(&mut random)?;
        let statement = sla::evaluate(&inputs)?;
        let facts = facts(number);
        let brand = Brand { name: facts.company.clone(), accent: Some("#0a66c2".to_owned()), logo: None };
        let digest = inputs.digest();
        let document = Document {
            facts: &facts,
            brand: &brand,
            statement: &statement,
            inputs: &inputs,
            revision: 1,
            reason: "",
            digest: &digest,
            created_at_ms: statement.to_ms + 1_800_000,
            report_url: Some("https://portal.example.net/client/sla-reports/1"),
        };
        let start = Instant::now();
        let pdf = report::pdf(&document)?;
        times.push(start.elapsed());
        bytes += pdf.len();
        if number == 0 {
            println!("the first, cold: {:.0} ms", milliseconds(times[0]));
        }
        if number + 1 == WARM_AFTER {
            warm_mb = rss_mb()?;
            warm_cpu_s = cpu_seconds()?;
        }
    }
    let mut warm = times.split_off(WARM_AFTER.min(times.len()));
    warm.sort_unstable();
    let at = |part: usize| warm.get(part * warm.len() / 100).or(warm.last()).copied().unwrap_or_default();
    let cpu_ms = (cpu_seconds()? - warm_cpu_s) * 1_000.0 / warm.len().max(1) as f64;
    println!(
        "{} warm ones: {cpu_ms:.1} ms CPU, median {:.1} ms, 95th percentile {:.1} ms, {} kB each",
        warm.len(),
        milliseconds(at(50)),
        milliseconds(at(95)),
        bytes / count.max(1) / 1_000
    );
    println!("memory: {warm_mb:.0} MB after {WARM_AFTER}, {:.0} MB after {count}", rss_mb()?);
    Ok(())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn facts(number: usize) -> Facts {
    Facts {
        company: "Example Net".to_owned(),
        support_email: Some("help@example.net".to_owned()),
        client: format!("आशा Industries {number}"),
        circuit: format!("PUN-ILL-{number:05}"),
        kind: "ILL".to_owned(),
        site: Some("पुणे, Hinjewadi Phase 2".to_owned()),
        committed_bps: 100_000_000,
        router: "edge-1".to_owned(),
        interface: "ether3".to_owned(),
        probe_target: Some("198.51.100.1".to_owned()),
        currency: "INR".to_owned(),
        ..Facts::default()
    }
}

/// October 2026 in Kolkata, with a dozen outages, one of them excluded, and a reading every five minutes.
fn inputs(random: &mut Random) -> Result<Inputs, Box<dyn std::error::Error>> {
    let month: sla::Month = "2026-10".parse()?;
    let period = month.interval(&jiff::tz::TimeZone::get("Asia/Kolkata")?)?;
    let span = |from_ms, to_ms, state: LinkState| StateSpan {
        from_ms,
        to_ms,
        state,
        cause: (state == LinkState::Down).then(|| "link_down".to_owned()),
        evidence: json!({ "link_downs": 3 }),
    };
    let stretch_ms = period.len_ms() / (OUTAGES + 1);
    let mut spans = Vec::new();
    let mut exclusions = Vec::new();
    let mut from_ms = period.from_ms;
    for number in 1..=OUTAGES {
        let down_ms = period.from_ms + number * stretch_ms;
        let up_ms = down_ms + 60_000 + random.below(3_600_000);
        spans.push(span(from_ms, down_ms, LinkState::Up));
        spans.push(span(down_ms, up_ms, LinkState::Down));
        if number == 3 {
            exclusions.push(Exclusion {
                from_ms: down_ms,
                to_ms: up_ms,
                kind: ExclusionKind::PlannedMaintenance,
                reason: Some("New power supply".to_owned()),
                entered_by: Some("asha".to_owned()),
                entered_at_ms: Some(down_ms - 86_400_000),
            });
        }
        from_ms = up_ms;
    }
    spans.push(span(from_ms, period.to_ms, LinkState::Up));
    let times = || (period.from_ms..period.to_ms).step_by(300_000);
    let probe = |at_ms| Probe { at_ms, sent: 5, received: 5, rtt_avg_us: Some(8_000 + at_ms % 3_001) };
    Ok(Inputs {
        timezone: "Asia/Kolkata".to_owned(),
        month,
        as_of_ms: None,
        active: Active { from_ms: 0, to_ms: None },
        spans,
        exclusions,
        terms: vec![Terms {
            valid_from_ms: 0,
            uptime_pct: Some("99.50".parse()?),
            latency_ms: Some("20".parse()?),
            loss_pct: Some("1.00".parse()?),
        }],
        probes: times().map(probe).collect(),
        traffic: times()
            .map(|at_ms| Traffic {
                at_ms,
                rx_bps: Some(random.below(90_000_000)),
                tx_bps: Some(random.below(30_000_000)),
            })
            .collect(),
    })
}
