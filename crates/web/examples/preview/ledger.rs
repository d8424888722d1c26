//! Thirteen months of pretend outages, and the statements of the last months reckoned from them.

use serde_json::json;
use sla::{ExclusionKind, Inputs, LinkState, Month};
use store::{DownWhen, Link, LinkTerms, NewExclusion, NewReport, Span, Store};

use crate::{DAY_MS, span};

const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;
/// Months that have a statement.
const MONTHS: i64 = 4;

/// The time line from `from_ms` to `to_ms`: every link has its own bad days.
pub(crate) fn past(n: usize, from_ms: i64, to_ms: i64) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut at_ms = from_ms;
    let mut add = |from_ms: i64, to_ms: i64, state, cause, evidence| {
        spans.push(span(at_ms, from_ms, LinkState::Up, None, json!({"kind": "continuous"})));
        spans.push(span(from_ms, to_ms, state, Some(cause), evidence));
        at_ms = to_ms;
    };
    let n = i64::try_from(n).unwrap();
    let mut day = 11 + 5 * n;
    while from_ms + (day + 2) * DAY_MS < to_ms {
        let start_ms = from_ms + day * DAY_MS + (day * 7 % 20) * HOUR_MS;
        match (day + n) % 4 {
            0 => {
                add(
                    start_ms,
                    start_ms + (9 + day % 70) * MINUTE_MS,
                    LinkState::Down,
                    "link_down",
                    json!({"kind": "link_times"}),
                );
            }
            1 => {
                add(start_ms, start_ms + 95_000, LinkState::Down, "router_reboot", json!({"kind": "reboot"}))
            }
            2 if n == 3 => {
                add(
                    start_ms,
                    start_ms + 7 * HOUR_MS,
                    LinkState::Unknown,
                    "router_unreachable",
                    json!({"kind": "no_contact"}),
                );
            }
            _ => add(
                start_ms,
                start_ms + 5 * HOUR_MS * (1 + n % 2) / 2,
                LinkState::Down,
                "no_answer",
                json!({"kind": "looks", "looks": 2}),
            ),
        }
        day += 9 + 13 * (day % 3) + 8 * n;
    }
    spans.push(span(at_ms, to_ms, LinkState::Up, None, json!({"kind": "continuous"})));
    spans
}

/// Terms, exclusions and the statements of the last months.
pub(crate) async fn fill(store: &Store, links: &[Link], now_ms: i64) {
    for (n, link) in links.iter().enumerate() {
        if n == 4 {
            continue;
        }
        for (valid_from_ms, uptime) in [(0, "99.50"), (now_ms - 70 * DAY_MS, "99.90")] {
            let terms = LinkTerms {
                link_id: link.id,
                valid_from_ms,
                uptime_pct: Some(uptime.to_owned()),
                latency_ms: Some("20".to_owned()),
                loss_pct: Some("1.00".to_owned()),
                down_when: DownWhen::InterfaceOrNoAnswer,
            };
            store.insert_terms(&terms).await.unwrap();
        }
        let planned_ms = now_ms - 40 * DAY_MS;
        let exclusion = |from_ms, hours: i64, kind, reason| NewExclusion {
            link_id: link.id,
            from_ms,
            to_ms: Some(from_ms + hours * HOUR_MS),
            kind,
            reason,
            entered_by: "noc@northwind.example",
        };
        let all = [
            exclusion(planned_ms, 3, ExclusionKind::PlannedMaintenance, "Fibre moved to the new duct"),
            exclusion(now_ms - 130 * DAY_MS, 30, ExclusionKind::ForceMajeure, "Flood in the exchange"),
        ];
        store.insert_exclusions(&all[..1], planned_ms - DAY_MS).await.unwrap();
        store.insert_exclusions(&all[1..], now_ms - 100 * DAY_MS).await.unwrap();
    }
    let zone = jiff::tz::TimeZone::get("Asia/Kolkata").unwrap();
    let mut before_ms = Month::containing(now_ms, &zone).unwrap().interval(&zone).unwrap().from_ms;
    for _ in 0..MONTHS {
        let month = Month::containing(before_ms - 1, &zone).unwrap();
        before_ms = close(store, links, month, &zone).await;
    }
}

async fn close(store: &Store, links: &[Link], month: Month, zone: &jiff::tz::TimeZone) -> i64 {
    let period = month.interval(zone).unwrap();
    let ids: Vec<_> = links.iter().map(|link| link.id).collect();
    for found in store.ledger_inputs(&ids, period.from_ms, period.to_ms).await.unwrap() {
        let link = links.iter().find(|link| link.id == found.link).unwrap();
        // Every five minutes a ping run; the router's samples of the preview reach only two days back.
        let times = (period.from_ms..period.to_ms).step_by(300_000);
        let slow = if link.kind == "MPLS" { 16_500 } else { 0 };
        let probes = times.clone().map(|at_ms| sla::Probe {
            at_ms,
            sent: 5,
            received: if at_ms % 1_700_000 < 20_000 { 4 } else { 5 },
            rtt_avg_us: Some(6_000 + slow + at_ms / 1_000 % 900),
        });
        let traffic = times.map(|at_ms| {
            let part = 2 + at_ms / 300_000 % 7;
            let (rx_bps, tx_bps) =
                (Some(link.committed_bps / 30 * part), Some(link.committed_bps / 10 * part));
            sla::Traffic { at_ms, rx_bps, tx_bps }
        });
        let inputs = Inputs {
            timezone: "Asia/Kolkata".to_owned(),
            month,
            as_of_ms: None,
            active: sla::Active { from_ms: link.activated_at_ms, to_ms: None },
            spans: found.spans,
            exclusions: found.exclusions,
            terms: found.terms,
            probes: if link.probe_target.is_some() { probes.collect() } else { Vec::new() },
            traffic: traffic.collect(),
        };
        write(store, link, &inputs, "", period.to_ms + HOUR_MS / 2).await;
        if link.kind == "P2P" {
            let mut late = inputs;
            late.spans.retain(|span| span.state != LinkState::Down || span.to_ms - span.from_ms > HOUR_MS);
            write(
                store,
                link,
                &late,
                "The router's own record came in after the month was closed",
                period.to_ms + DAY_MS,
            )
            .await;
        }
    }
    period.from_ms
}

async fn write(store: &Store, link: &Link, inputs: &Inputs, reason: &str, now_ms: i64) {
    let statement = sla::evaluate(inputs).unwrap();
    let facts = json!({
        "company": "Northwind Fibre", "client": "Deccan Textiles Ltd", "circuit": link.circuit, "kind": link.kind,
        "site": link.site, "service_ref": link.service_ref, "committed_bps": link.committed_bps,
        "router": "pune-core-1", "interface": link.interface, "facing": link.facing,
        "probe_target": link.probe_target, "currency": "INR",
    });
    let report = NewReport {
        link_id: link.id,
        client_id: link.client_id,
        reason,
        statement: &statement,
        digest: inputs.digest(),
        inputs: inputs.to_bytes(),
        facts,
        created_by: "schedule",
        mails: Vec::new(),
        news: &[],
    };
    store.write_reports(&[report], now_ms).await.unwrap();
}
