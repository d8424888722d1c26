//! Fills a throw-away store with pretend links and serves the pages, with one link that goes down and comes back:
//! `cargo run -p web --example preview -- 127.0.0.1:8081`, then log in as `asha` with `correct horse battery`.
#![expect(clippy::print_stdout, reason = "this is a program for people")]
#![expect(clippy::unwrap_used, reason = "a preview may stop at the first problem")]

mod ledger;
mod many;
mod odd;

use std::net::SocketAddr;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::json;
use sla::LinkState;
use store::{
    Clock, Facing, Latest, Link, Location, MasterKey, NewLink, NewRouter, Round, RoundOutcome, RouterTls,
    Sample, Span, SpanTail, Store,
};
use tokio_util::sync::CancellationToken;

const STEP_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;
const PASSWORD: &str = "correct horse battery";
/// How often the restless link changes, and the others are looked at.
const TURN: Duration = Duration::from_secs(12);
/// Clients with so many links, and who logs in there.
const MANY: [(&str, usize); 4] = [("one", 1), ("dozen", 12), ("thirty", 30), ("many", 500)];

#[tokio::main]
async fn main() {
    let listen = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8081".to_owned());
    let folder = tempfile::tempdir().unwrap();
    let location = Location::Sqlite(folder.path().join("preview.sqlite"));
    let store = Store::open(&location, Some(MasterKey::generate().unwrap())).await.unwrap();
    let links = fill(&store, now_ms()).await;
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(keep_moving(store.clone(), links));

    let settings = web::Settings {
        secure_cookies: false,
        refresh_ms: 2_000,
        // Most of the links are looked at only once.
        stale_after_ms: DAY_MS,
        ..web::Settings::default()
    };
    let clock = Clock::new(now_ms);
    let readiness = web::Readiness::new(store.clone(), clock.clone(), DAY_MS);
    let app = web::router(store, clock, settings, readiness.clone());
    tasks.spawn(async move { readiness.run(CancellationToken::new()).await });
    let listener = tokio::net::TcpListener::bind(&listen).await.unwrap();
    println!(
        "http://{} asha / {PASSWORD}, or empty, odd, one, dozen, thirty, many",
        listener.local_addr().unwrap()
    );
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await.unwrap();
}

fn now_ms() -> i64 {
    i64::try_from(std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap()
}

async fn fill(store: &Store, now_ms: i64) -> Vec<Link> {
    let company = store.insert_company("Northwind Fibre", "Asia/Kolkata", "INR", now_ms).await.unwrap();
    store
        .set_company_support(company, Some("noc@northwind.example"), Some("+91 20 5550 0100"))
        .await
        .unwrap();
    let hash = web::hash_password(&SecretString::from(PASSWORD)).unwrap();
    let client = store.insert_client(company, "Deccan Textiles Ltd", now_ms).await.unwrap();
    store.insert_portal_user(client, "asha", "asha@deccan.example", &hash, now_ms).await.unwrap();
    let empty = store.insert_client(company, "New Customer", now_ms).await.unwrap();
    store.insert_portal_user(empty, "empty", "e@new.example", &hash, now_ms).await.unwrap();
    let password = SecretString::from("router");
    let router = store
        .insert_router(
            &NewRouter {
                company_id: company,
                name: "pune-core-1",
                address: "192.0.2.1",
                port: 8728,
                username: "leaseline",
                password: &password,
                tls: RouterTls::Off,
            },
            now_ms,
        )
        .await
        .unwrap();
    let sites = [
        ("Pune headquarters", "ILL", 100),
        ("Mumbai warehouse, Bhiwandi", "ILL", 50),
        ("Nashik plant", "MPLS", 20),
        ("Data centre, Navi Mumbai", "P2P", 1_000),
        ("Kolhapur outlet", "broadband", 10),
    ];
    for (n, (site, kind, mbps)) in sites.into_iter().enumerate() {
        let link = NewLink {
            client_id: client,
            router_id: router,
            interface: &format!("ether{}", n + 2),
            circuit: &format!("DTL-{}-{:04}", kind.to_uppercase(), 100 + n * 17),
            service_ref: Some("SO-2024-118"),
            kind,
            committed_bps: mbps * 1_000_000,
            probe_target: (n != 4).then_some("10.20.0.2"),
            facing: Facing::Customer,
            site: Some(site),
            activated_at_ms: now_ms - 400 * DAY_MS,
            terminated_at_ms: None,
        };
        store.insert_link(&link).await.unwrap();
    }
    let links = store.links_of_client(client).await.unwrap();
    for (n, link) in links.iter().enumerate() {
        history(store, link, n, now_ms).await;
    }
    ledger::fill(store, &links, now_ms).await;
    let odd = store.insert_client(company, "Odd Links", now_ms).await.unwrap();
    store.insert_portal_user(odd, "odd", "o@odd.example", &hash, now_ms).await.unwrap();
    odd::fill(store, odd, router, now_ms).await;
    for (username, count) in MANY {
        let client = store.insert_client(company, &format!("{count} Branches Bank"), now_ms).await.unwrap();
        store.insert_portal_user(client, username, "n@bank.example", &hash, now_ms).await.unwrap();
        many::fill(store, client, router, count, now_ms).await;
    }
    links
}

async fn history(store: &Store, link: &Link, n: usize, now_ms: i64) {
    let from_ms = now_ms - 2 * DAY_MS;
    let hours = |h: i64| now_ms - h * 3_600_000;
    let up = |from_ms, to_ms| span(from_ms, to_ms, LinkState::Up, None, json!({"kind": "continuous"}));
    let spans = match n {
        1 => vec![
            up(from_ms, hours(18)),
            span(hours(18), hours(17), LinkState::Down, Some("link_down"), json!({"kind": "link_times"})),
            up(hours(17), hours(9)),
            span(
                hours(9),
                hours(7),
                LinkState::Unknown,
                Some("router_unreachable"),
                json!({"kind": "no_contact"}),
            ),
            up(hours(7), hours(3) - 40_000),
            span(
                hours(3) - 40_000,
                hours(3),
                LinkState::Down,
                Some("router_reboot"),
                json!({"kind": "reboot"}),
            ),
            up(hours(3), now_ms),
        ],
        2 => vec![
            up(from_ms, now_ms - 1_500_000),
            span(
                now_ms - 1_500_000,
                now_ms,
                LinkState::Down,
                Some("no_answer"),
                json!({"kind": "looks", "looks": 2}),
            ),
        ],
        _ => vec![up(from_ms, now_ms)],
    };
    let state_at = |at_ms| spans.iter().find(|s| s.from_ms <= at_ms && at_ms < s.to_ms).map(|s| s.state);
    let samples: Vec<Sample> = (0..(2 * DAY_MS / STEP_MS))
        .map(|step| from_ms + step * STEP_MS)
        .filter_map(|at_ms| Some((at_ms, state_at(at_ms).filter(|&state| state != LinkState::Unknown)?)))
        .map(|(at_ms, state)| sample(link, n, at_ms, state))
        .collect();
    let spans = [ledger::past(n, now_ms - 398 * DAY_MS, from_ms), spans].concat();
    let last = spans.last().unwrap().clone();
    let mut round = Round::new(link.router_id, now_ms + i64::try_from(n).unwrap(), RoundOutcome::Ok);
    round.latest = vec![latest(link, samples.last().unwrap(), last.state, last.from_ms, last.cause, now_ms)];
    round.samples = samples;
    round.tails = vec![SpanTail { link: link.id, from_ms: spans[0].from_ms, spans }];
    store.write_round(&round).await.unwrap();
}

/// Looks at all links every turn; the first one goes down and comes back.
async fn keep_moving(store: Store, links: Vec<Link>) {
    let mut since_ms = now_ms() - 2 * DAY_MS;
    let mut is_down = false;
    loop {
        tokio::time::sleep(TURN).await;
        let at_ms = now_ms();
        // After those that were entered at the start, which lie a little ahead.
        let mut round = Round::new(links[0].router_id, at_ms + 20_000, RoundOutcome::Ok);
        is_down = !is_down;
        for (n, link) in links.iter().enumerate() {
            let (state, cause) = match (n, is_down) {
                (0, true) | (2, _) => (LinkState::Down, Some("link_down".to_owned())),
                _ => (LinkState::Up, None),
            };
            if n == 0 {
                since_ms = at_ms;
            }
            let since_ms = if n == 0 { since_ms } else { at_ms - 9_000_000 };
            let sample = sample(link, n, at_ms, state);
            round.latest.push(latest(link, &sample, state, since_ms, cause.clone(), at_ms));
            round.samples.push(sample);
            let spans = vec![span(
                at_ms,
                at_ms + 12_000,
                state,
                cause.as_deref(),
                json!({"kind": "looks", "looks": 2}),
            )];
            round.tails.push(SpanTail { link: link.id, from_ms: at_ms, spans });
        }
        store.write_round(&round).await.unwrap();
    }
}

fn span(
    from_ms: i64,
    to_ms: i64,
    state: LinkState,
    cause: Option<&str>,
    evidence: serde_json::Value,
) -> Span {
    Span { from_ms, to_ms, state, cause: cause.map(str::to_owned), evidence }
}

/// A day's wave with some noise; deterministic.
fn sample(link: &Link, n: usize, at_ms: i64, state: LinkState) -> Sample {
    let phase = (at_ms % DAY_MS) as f64 / DAY_MS as f64 * std::f64::consts::TAU;
    let noise = |salt: i64| {
        let seed = (at_ms / STEP_MS * 8 + salt + n as i64 * 7_919) as u64;
        let mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed >> 40 & 0xffff) as f64 / 65_535.0
    };
    let is_up = state == LinkState::Up;
    let load = 0.38 - 0.26 * (phase + 0.4).cos() + 0.16 * (noise(1) - 0.5) + 0.06 * (phase * 9.0).sin();
    let rate = |share: f64| is_up.then_some((link.committed_bps as f64 * share.clamp(0.01, 1.1)) as i64);
    let pinged = is_up && link.probe_target.is_some();
    let rtt = 4_000.0 + 3_000.0 * n as f64 + 2_500.0 * load + 900.0 * noise(3);
    Sample {
        link: link.id,
        at_ms,
        state,
        rx_bytes: None,
        tx_bytes: None,
        rx_packets: None,
        tx_packets: None,
        rx_errors: None,
        tx_errors: None,
        rx_drops: None,
        tx_drops: None,
        rx_bps: rate(load * 0.35),
        tx_bps: rate(load),
        sent: pinged.then_some(5),
        received: pinged.then_some(if noise(5) > 0.985 { 4 } else { 5 }),
        rtt_min_us: pinged.then_some((rtt * 0.86) as i64),
        rtt_avg_us: pinged.then_some(rtt as i64),
        rtt_max_us: pinged.then_some((rtt * (1.1 + noise(6) * 0.5)) as i64),
    }
}

fn latest(
    link: &Link,
    sample: &Sample,
    state: LinkState,
    since_ms: i64,
    cause: Option<String>,
    at_ms: i64,
) -> Latest {
    Latest {
        link: link.id,
        at_ms,
        state,
        since_ms,
        cause,
        sample_at_ms: Some(sample.at_ms),
        rx_bps: sample.rx_bps,
        tx_bps: sample.tx_bps,
        sent: sample.sent,
        received: sample.received,
        rtt_avg_us: sample.rtt_avg_us,
        rtt_min_us: sample.rtt_min_us,
        rtt_max_us: sample.rtt_max_us,
        memory: serde_json::Value::Null,
    }
}
