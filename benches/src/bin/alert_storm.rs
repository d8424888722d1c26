//! Links that all go down in the same second: how long the alert engine takes, and how long a round of polls waits meanwhile.
//!
//! ```text
//! cargo run --release -p benches --bin alert_storm
//! ```
#![expect(clippy::print_stdout, reason = "this is a program for people")]

use std::time::{Duration, Instant};

use benches::browser::Failure;
use benches::wall_clock_ms;
use jobs::AlertEngine;
use secrecy::SecretString;
use sla::LinkState::{Down, Up};
use store::{
    CompanyId, Facing, Latest, LinkId, Location, MasterKey, NewLink, NewRouter, Round, RoundOutcome,
    RouterId, RouterTls, Span, SpanTail, Store,
};
use tokio_util::sync::CancellationToken;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const LINKS: usize = 5_000;
const LINKS_PER_CALL: usize = 500;
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;
/// Between two rounds of polls that are written beside the engine.
const ROUND_EVERY: Duration = Duration::from_millis(5);

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let location = Location::Sqlite(folder.path().join("bench.sqlite"));
    let store = Store::open(&location, Some(MasterKey::generate()?)).await?;
    let down_ms = wall_clock_ms() - MINUTE_MS;
    let company = store.insert_company("Bench", "Asia/Kolkata", "INR", 0).await?;
    for number in 0..3 {
        let address = format!("noc{number}@bench.example");
        store.add_notification_recipient(company, &address, "bench", 0).await?;
    }
    let (router, links) = enter(&store, company, down_ms - DAY_MS).await?;
    let mut engine = AlertEngine::default();
    store.write_round(&Round::new(router, down_ms, RoundOutcome::Ok)).await?;
    engine.pass(&store, down_ms).await?;
    go_down(&store, router, &links, down_ms).await?;

    let stop = CancellationToken::new();
    let (pass, rounds) = tokio::join!(
        async {
            let begun = Instant::now();
            let outcome = engine.pass(&store, down_ms + MINUTE_MS).await;
            stop.cancel();
            outcome.map(|outcome| (outcome, begun.elapsed()))
        },
        write_rounds(&store, router, down_ms + MINUTE_MS, &stop)
    );
    let ((outcome, took), mut waits) = (pass?, rounds?);
    waits.sort_unstable();
    let ms = |wait: Option<&Duration>| wait.map_or(0.0, Duration::as_secs_f64) * 1_000.0;
    println!(
        "{LINKS} links down at once: {} alerts and {} messages in {took:.2?}",
        outcome.alerts, outcome.messages
    );
    println!(
        "{} rounds written meanwhile: median {:.1} ms, longest {:.1} ms",
        waits.len(),
        ms(waits.get(waits.len() / 2)),
        ms(waits.last())
    );
    store.close().await;
    Ok(())
}

/// Writes empty rounds until `stop`; how long each took.
async fn write_rounds(
    store: &Store,
    router: RouterId,
    now_ms: i64,
    stop: &CancellationToken,
) -> Result<Vec<Duration>, Failure> {
    let mut waits = Vec::new();
    while !stop.is_cancelled() {
        let begun = Instant::now();
        store.write_round(&Round::new(router, now_ms + waits.len() as i64, RoundOutcome::Ok)).await?;
        waits.push(begun.elapsed());
        tokio::time::sleep(ROUND_EVERY).await;
    }
    Ok(waits)
}

async fn enter(store: &Store, company: CompanyId, since_ms: i64) -> Result<(RouterId, Vec<LinkId>), Failure> {
    let client = store.insert_client(company, "Client", 0).await?;
    let password = SecretString::from("secret");
    let router = NewRouter {
        company_id: company,
        name: "edge",
        address: "127.0.0.1",
        port: 8728,
        username: "admin",
        password: &password,
        tls: RouterTls::Off,
    };
    let router = store.insert_router(&router, 0).await?;
    let mut links = Vec::with_capacity(LINKS);
    for number in 0..LINKS {
        let (interface, circuit) = (format!("ether{number}"), format!("C-{number:04}"));
        let link = NewLink {
            client_id: client,
            router_id: router,
            interface: &interface,
            circuit: &circuit,
            service_ref: None,
            kind: "ILL",
            committed_bps: 100_000_000,
            probe_target: None,
            facing: Facing::Customer,
            site: None,
            activated_at_ms: since_ms,
            terminated_at_ms: None,
        };
        links.push(store.insert_link(&link).await?);
    }
    Ok((router, links))
}

/// Each link was up for a day, and has been down since `down_ms`.
async fn go_down(store: &Store, router: RouterId, links: &[LinkId], down_ms: i64) -> Result<(), Failure> {
    let now_ms = down_ms + MINUTE_MS;
    for some in links.chunks(LINKS_PER_CALL) {
        let mut round = Round::new(router, now_ms, RoundOutcome::Ok);
        for &link in some {
            let span = |from_ms, to_ms, state| Span {
                from_ms,
                to_ms,
                state,
                cause: (state == Down).then(|| "link_down".to_owned()),
                evidence: serde_json::json!({}),
            };
            let spans = vec![span(down_ms - DAY_MS, down_ms, Up), span(down_ms, now_ms, Down)];
            round.tails.push(SpanTail { link, from_ms: down_ms - DAY_MS, spans });
            round.latest.push(Latest {
                link,
                at_ms: now_ms,
                state: Down,
                since_ms: down_ms,
                cause: Some("link_down".to_owned()),
                sample_at_ms: None,
                rx_bps: None,
                tx_bps: None,
                sent: None,
                received: None,
                rtt_avg_us: None,
                rtt_min_us: None,
                rtt_max_us: None,
                memory: serde_json::json!({}),
            });
        }
        store.write_round(&round).await?;
    }
    Ok(())
}
