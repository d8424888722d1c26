use sla::LinkState::{self, Down, Up};
use store::{Latest, LinkId, Round, RoundOutcome, RouterId, Span, SpanTail};

use crate::backlog::{BACKLOG_ROWS_MAX, Backlog};

const STEP_MS: i64 = 30_000;

fn tail(from_ms: i64, to_ms: i64, state: LinkState) -> SpanTail {
    let span = Span { from_ms, to_ms, state, cause: None, evidence: serde_json::json!({"seen": "probe"}) };
    SpanTail { link: LinkId(7), from_ms, spans: vec![span] }
}

fn latest(at_ms: i64, state: LinkState) -> Latest {
    Latest {
        link: LinkId(7),
        at_ms,
        state,
        since_ms: 0,
        cause: None,
        sample_at_ms: None,
        rx_bps: None,
        tx_bps: None,
        sent: None,
        received: None,
        rtt_avg_us: None,
        rtt_min_us: None,
        rtt_max_us: None,
        memory: serde_json::Value::Null,
    }
}

fn round(router: i64, number: i64, state: LinkState) -> Round {
    let at_ms = number * STEP_MS;
    let mut round = Round::new(RouterId(router), at_ms, RoundOutcome::Ok);
    round.tails.push(tail(at_ms - STEP_MS, at_ms, state));
    round.latest.push(latest(at_ms, state));
    round.skipped_rounds = 1;
    round
}

fn failed(router: i64, number: i64) -> Round {
    let outcome = RoundOutcome::Unreachable("timeout".to_owned());
    Round { outcome, ..round(router, number, LinkState::Unknown) }
}

/// Days of one state are one span, whatever the interval.
#[test]
fn a_state_that_goes_on_is_one_span_and_a_change_is_another() {
    let mut backlog = Backlog::default();
    let states = [Up, Up, Up, Down, Down, Up];
    for (number, state) in (1..).zip(states) {
        backlog.add(round(1, number, state)).expect("room");
    }
    let taken = backlog.take(usize::MAX);
    assert_eq!(backlog.routers(), 0);
    let [first, rest] = taken.as_slice() else { panic!("{taken:?}") };
    assert_eq!(first, &round(1, 1, Up), "the first of a run stays as it is");
    let expected = [
        tail(STEP_MS, 3 * STEP_MS, Up),
        tail(3 * STEP_MS, 5 * STEP_MS, Down),
        tail(5 * STEP_MS, 6 * STEP_MS, Up),
    ];
    assert_eq!(rest.tails, expected);
    assert_eq!(rest.latest, [latest(6 * STEP_MS, Up)]);
    assert_eq!((rest.at_ms, rest.skipped_rounds), (6 * STEP_MS, 5));
}

/// The router's status is dated from the first round that answered, or failed.
#[test]
fn the_first_round_of_a_run_of_failures_keeps_its_time() {
    let mut backlog = Backlog::default();
    for number in 1..=3 {
        backlog.add(round(1, number, Up)).expect("room");
    }
    for number in 4..=6 {
        backlog.add(failed(1, number)).expect("room");
    }
    backlog.add(round(1, 7, Up)).expect("room");
    let times: Vec<i64> = backlog.take(usize::MAX).iter().map(|round| round.at_ms / STEP_MS).collect();
    assert_eq!(times, [1, 3, 4, 6, 7]);
}

#[test]
fn rounds_that_are_put_back_come_again_in_their_order() {
    let mut backlog = Backlog::default();
    for number in 1..=4 {
        for router in 1..=3 {
            backlog.add(round(router, number, Up)).expect("room");
        }
    }
    let taken = backlog.take(4);
    let count = taken.len();
    backlog.add(round(1, 5, Up)).expect("room");
    backlog.put_back(taken);
    let again = backlog.take(usize::MAX);
    assert!(count > 0 && again.len() >= count);
    for router in 1..=3 {
        let times: Vec<i64> =
            again.iter().filter(|round| round.router == RouterId(router)).map(|round| round.at_ms).collect();
        assert!(times.is_sorted() && times.len() >= 2, "{times:?}");
    }
}

#[test]
fn a_backlog_without_room_refuses_and_has_room_again_when_it_is_written() {
    let mut backlog = Backlog::default();
    let mut large = Round::new(RouterId(1), 1, RoundOutcome::Ok);
    large.latest =
        (0..BACKLOG_ROWS_MAX as i64 - 1).map(|id| Latest { link: LinkId(id), ..latest(1, Up) }).collect();
    backlog.add(large).expect("room");
    let refused = backlog.add(round(2, 1, Up)).expect_err("no room");
    assert_eq!(*refused, round(2, 1, Up));
    backlog.take(1);
    backlog.add(round(2, 1, Up)).expect("room again");
}
