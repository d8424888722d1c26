//! Time that did not happen is removed, and nothing else.

use serde_json::json;
use sla::{LinkState, Verdict};
use store::{
    ClockState, ClockVerdict, DoubtfulReport, Latest, LinkId, RepairAsk, Resolution, Round, RoundOutcome,
    Span, SpanTail, TimelineRepair,
};

use crate::database::{Db, on_both};
use crate::fixture::{DAY_MS, HOUR_MS, Isp, START_MS, isp, new_report, sample, statement};

const NOW_MS: i64 = START_MS + 90 * 60_000;

fn span(from_ms: i64, to_ms: i64, state: LinkState, evidence: serde_json::Value) -> Span {
    let cause = (state == LinkState::Down).then(|| "link_down".to_owned());
    Span { from_ms, to_ms, state, cause, evidence }
}

fn latest(link: LinkId, at_ms: i64, since_ms: i64) -> Latest {
    Latest {
        link,
        at_ms,
        state: LinkState::Up,
        since_ms,
        cause: None,
        sample_at_ms: Some(at_ms),
        rx_bps: None,
        tx_bps: None,
        sent: None,
        received: None,
        rtt_avg_us: None,
        rtt_min_us: None,
        rtt_max_us: None,
        memory: json!("what the collector remembers"),
    }
}

/// A link that was up until now and five hours on, one with an outage that ends in the future and one within it, and one of
/// which nothing is wrong.
async fn ahead(db: &Db) -> Isp {
    let isp = isp(&db.store).await;
    let future_ms = NOW_MS + 5 * HOUR_MS;
    let continuous = json!({
        "kind": "continuous", "looks_ms": [NOW_MS - 60_000, future_ms], "uptime_s": [5_000, 5_065],
    });
    let looks = json!({ "kind": "looks" });
    let mut round = Round::new(isp.router, future_ms, RoundOutcome::Ok);
    let mut tail = |link: usize, spans: Vec<Span>| {
        round.tails.push(SpanTail { link: isp.links[link], from_ms: spans[0].from_ms, spans });
    };
    tail(
        0,
        vec![
            span(START_MS, NOW_MS - 60_000, LinkState::Up, json!({ "kind": "continuous" })),
            span(NOW_MS - 60_000, future_ms, LinkState::Up, continuous),
        ],
    );
    tail(
        1,
        vec![
            span(START_MS, NOW_MS - HOUR_MS, LinkState::Up, looks.clone()),
            span(NOW_MS - HOUR_MS, NOW_MS + HOUR_MS, LinkState::Down, looks.clone()),
            span(NOW_MS + HOUR_MS, NOW_MS + 2 * HOUR_MS, LinkState::Up, looks.clone()),
            span(NOW_MS + 2 * HOUR_MS, future_ms, LinkState::Down, looks.clone()),
        ],
    );
    tail(2, vec![span(START_MS, NOW_MS, LinkState::Up, looks)]);
    round.latest = vec![
        latest(isp.links[0], future_ms, START_MS),
        latest(isp.links[1], future_ms, NOW_MS + 2 * HOUR_MS),
        latest(isp.links[2], NOW_MS, START_MS),
    ];
    for hour in 0..5 {
        round.samples.push(sample(isp.links[0], START_MS + hour * HOUR_MS));
    }
    round.uptime_ms = Some(5_065_000);
    db.store.write_round(&round).await.unwrap();
    db.store.roll_up(future_ms + DAY_MS).await.unwrap();
    isp
}

fn ask(dry_run: bool) -> RepairAsk<'static> {
    RepairAsk { from_ms: NOW_MS, now_ms: NOW_MS, actor: "ravi", reason: "a test", past: true, dry_run }
}

fn expected() -> TimelineRepair {
    TimelineRepair {
        spans_removed: 2,
        spans_cut: 2,
        spans_unknown: 0,
        samples: 3,
        outages_removed: 1,
        outages_reopened: 1,
        links: 2,
        routers: 1,
        reports: Vec::new(),
    }
}

on_both! {
    async fn what_is_dated_in_the_future_is_removed_and_said_in_the_audit_log(db) {
        let isp = ahead(db).await;
        let store = &db.store;
        assert!(store.future_contradicts(NOW_MS).await.unwrap());
        let health = store.clock_health(NOW_MS).await.unwrap();
        assert!(health.check().unwrap_err().contains("5 h in the future"), "{health:?}");
        assert_eq!(store.repair_timeline(&ask(true)).await.unwrap(), expected());
        assert_eq!(store.repair_timeline(&ask(true)).await.unwrap(), expected(), "a dry run changes nothing");
        assert!(store.audit_events(None, 10).await.unwrap().is_empty());
        assert_eq!(store.repair_timeline(&ask(false)).await.unwrap(), expected());
        let ends = async |link: usize| {
            let spans = store.spans(isp.links[link], 0, i64::MAX / 2).await.unwrap();
            (spans.len(), spans.last().unwrap().to_ms)
        };
        assert_eq!([ends(0).await, ends(1).await, ends(2).await], [(2, NOW_MS), (2, NOW_MS), (1, NOW_MS)]);
        let outages = store.outages(isp.links[1], 0, i64::MAX / 2).await.unwrap();
        assert_eq!(outages.iter().map(|one| (one.from_ms, one.to_ms)).collect::<Vec<_>>(), [(NOW_MS - HOUR_MS, None)]);
        assert_eq!(store.samples(isp.links[0], 0, i64::MAX / 2).await.unwrap().len(), 2);
        let first = store.latest(isp.links[0]).await.unwrap().unwrap();
        assert_eq!((first.at_ms, first.since_ms, first.sample_at_ms), (NOW_MS, START_MS, None));
        assert!(first.memory.is_null(), "it begins anew");
        assert_eq!(store.latest(isp.links[1]).await.unwrap().unwrap().since_ms, NOW_MS);
        assert!(!store.latest(isp.links[2]).await.unwrap().unwrap().memory.is_null());
        assert_eq!(store.router_status(isp.router).await.unwrap().unwrap().at_ms, NOW_MS - 60_000);
        assert!(store.clock_health(NOW_MS).await.unwrap().is_sane());
        let events = store.audit_events(None, 10).await.unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!((events[0].event.actor.as_str(), events[0].event.action.as_str()), ("ravi", "timeline.repair"));
        assert_eq!(events[0].event.detail["samples"], 3);
        // What is left is rolled up again, without what is gone.
        store.roll_up(NOW_MS + 2 * DAY_MS).await.unwrap();
        let days = store.rollups(isp.links[0], Resolution::Day, 0, i64::MAX / 2).await.unwrap();
        assert_eq!(days.iter().map(|day| day.n).collect::<Vec<_>>(), [2]);
        assert!(store.repair_timeline(&ask(false)).await.unwrap().is_empty(), "once is enough");
        assert_eq!(store.audit_events(None, 10).await.unwrap().len(), 1);
        // And polling resumes at once.
        store.write_round(&Round::new(isp.router, NOW_MS, RoundOutcome::Ok)).await.unwrap();
    }

    async fn time_of_the_past_that_the_uptime_contradicts_becomes_unknown_and_its_reports_are_named(db) {
        let isp = ahead(db).await;
        let store = &db.store;
        store.write_reports(&[new_report(&isp, 0, &statement("2026-11", Verdict::Met))], NOW_MS - DAY_MS).await.unwrap();
        // The false future has become the past.
        let later = RepairAsk { from_ms: NOW_MS + 30 * DAY_MS, now_ms: NOW_MS + 30 * DAY_MS, ..ask(false) };
        let done = store.repair_timeline(&later).await.unwrap();
        let report = DoubtfulReport { circuit: "C-0".to_owned(), month: "2026-11".to_owned(), revision: 1 };
        assert_eq!(done, TimelineRepair { spans_unknown: 1, reports: vec![report.clone()], ..TimelineRepair::default() });
        let spans = store.spans(isp.links[0], 0, i64::MAX / 2).await.unwrap();
        let shape: Vec<_> = spans.iter().map(|span| (span.from_ms, span.to_ms, span.state)).collect();
        let covered_ms = NOW_MS - 60_000 + 65_000;
        assert_eq!(shape, [
            (START_MS, NOW_MS - 60_000, LinkState::Up),
            (NOW_MS - 60_000, covered_ms, LinkState::Up),
            (covered_ms, NOW_MS + 5 * HOUR_MS, LinkState::Unknown),
        ]);
        let again = store.repair_timeline(&later).await.unwrap();
        assert!(!again.changes_rows(), "{again:?}");
    }

    async fn a_report_that_was_closed_too_early_is_named_and_stays(db) {
        let isp = isp(&db.store).await;
        let written = statement("2026-11", Verdict::Met);
        db.store.write_reports(&[new_report(&isp, 1, &written)], NOW_MS + DAY_MS).await.unwrap();
        let done = db.store.repair_timeline(&ask(false)).await.unwrap();
        assert_eq!(done.reports.len(), 1);
        assert!(!done.changes_rows());
        assert!(db.store.report_of_link(isp.links[1], written.month, None).await.unwrap().is_some());
    }

    async fn how_the_clock_stands_is_read_by_other_processes(db) {
        let state = |verdict, shift_ms| ClockState {
            verdict, now_ms: NOW_MS, shift_ms, since_ms: NOW_MS - 5_000, routers_for: 3, routers_against: 1,
        };
        assert!(db.store.clock_health(NOW_MS).await.unwrap().is_sane(), "nothing was found yet");
        db.store.write_clock_state(&state(ClockVerdict::MachineWrong, 19_800_000)).await.unwrap();
        let health = db.store.clock_health(NOW_MS).await.unwrap();
        assert_eq!((health.verdict, health.shift_ms, health.since_ms), (ClockVerdict::MachineWrong, 19_800_000, NOW_MS - 5_000));
        let why = health.check().unwrap_err();
        assert!(why.contains("5 h 30 min ahead") && why.contains("3 of 4 routers"), "{why}");
        db.store.accept_clock(NOW_MS).await.unwrap();
        assert_eq!(db.store.clock_accepted_ms().await.unwrap(), Some(NOW_MS));
        for verdict in [ClockVerdict::Checking, ClockVerdict::Undecided] {
            db.store.write_clock_state(&state(verdict, -40_000)).await.unwrap();
            assert!(db.store.clock_health(NOW_MS).await.unwrap().check().unwrap_err().contains("40 s behind"));
        }
        db.store.write_clock_state(&state(ClockVerdict::Sane, 0)).await.unwrap();
        assert!(db.store.clock_health(NOW_MS).await.unwrap().is_sane());
        assert_eq!(db.store.clock_accepted_ms().await.unwrap(), Some(NOW_MS), "what an operator said stays");
    }
}
