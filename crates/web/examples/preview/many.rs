use serde_json::json;
use sla::LinkState;
use store::{
    ClientId, DownWhen, Facing, LinkId, LinkTerms, NewLink, Round, RoundOutcome, RouterId, SpanTail, Store,
};

use crate::{DAY_MS, ledger, sample, span};

const STEP_MS: i64 = 300_000;
const CITIES: [&str; 12] = [
    "Pune", "Mumbai", "Nashik", "Nagpur", "Kolhapur", "Solapur", "Satara", "Sangli", "Latur", "Akola",
    "Jalgaon", "Thane",
];

/// `count` links at a quarter as many sites, some of them down or not measured; each with a month behind it.
pub(crate) async fn fill(store: &Store, client: ClientId, router: RouterId, count: usize, now_ms: i64) {
    let mut round = Round::new(router, now_ms + 10_000 + i64::try_from(count).unwrap(), RoundOutcome::Ok);
    for n in 0..count {
        let site = format!("{} branch {}", CITIES[n % CITIES.len()], 1 + n / 4 % 14);
        let kind = ["ILL", "MPLS", "broadband", "P2P"][n % 4];
        let new = NewLink {
            client_id: client,
            router_id: router,
            interface: &format!("vlan{count}-{n}"),
            circuit: &format!("NB{count}-{}-{n:04}", kind.to_uppercase()),
            service_ref: Some("SO-2025-9"),
            kind,
            committed_bps: [10, 50, 100, 20][n % 4] * 1_000_000,
            probe_target: Some("10.30.0.2"),
            facing: Facing::Customer,
            site: Some(&site),
            activated_at_ms: now_ms - 40 * DAY_MS,
            terminated_at_ms: None,
        };
        let terms = LinkTerms {
            link_id: LinkId(0),
            valid_from_ms: now_ms - 40 * DAY_MS,
            uptime_pct: Some("99.50".to_owned()),
            latency_ms: Some("20".to_owned()),
            loss_pct: Some("1.00".to_owned()),
            down_when: DownWhen::Interface,
        };
        let id = store.insert_link_with_terms(&new, &terms).await.unwrap();
        let link = store.link(id).await.unwrap();
        let (state, cause, since_ms) = match n % 61 {
            7 => (LinkState::Down, Some("link_down"), now_ms - 3_000_000),
            33 => (LinkState::Unknown, Some("router_unreachable"), now_ms - 900_000),
            _ => (LinkState::Up, None, now_ms - DAY_MS),
        };
        let mut spans = ledger::past(n % 9, now_ms - 40 * DAY_MS, since_ms);
        spans.push(span(since_ms, now_ms, state, cause, json!({"kind": "looks", "looks": 2})));
        let readings: Vec<_> =
            (0..37).map(|step| sample(&link, n % 9, now_ms - (36 - step) * STEP_MS, state)).collect();
        let last = readings.last().unwrap();
        round.latest.push(crate::latest(&link, last, state, since_ms, cause.map(str::to_owned), now_ms));
        round.samples.extend(readings);
        round.tails.push(SpanTail { link: id, from_ms: spans[0].from_ms, spans });
    }
    store.write_round(&round).await.unwrap();
}
