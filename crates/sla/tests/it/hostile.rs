//! Files that were made to break something: an answer or an error that names the row, never a panic.

use serde_json::Value;
use sla::{Exclusion, ExclusionKind, Inputs, LinkState, Probe, StateSpan, Terms, Traffic};

use crate::build::{Build, DAY, HOUR};
use crate::cases::{Dice, inputs};

#[test]
fn overlapping_states_are_named_both_and_touching_ones_are_fine() {
    let at = Build::new().from_ms;
    Build::new().up(0, HOUR).down(HOUR, 2 * HOUR).judge();
    let name = |index: usize, state: &str, from: i64, to: i64| {
        format!("spans[{index}] ({state}, {} to {})", at + from, at + to)
    };
    let overlap = Build::new().down(HOUR - 1, 2 * HOUR).up(0, HOUR).error();
    let (first, second) = (name(1, "up", 0, HOUR), name(0, "down", HOUR - 1, 2 * HOUR));
    assert_eq!(overlap, format!("{first} and {second} overlap with different states"));
    // Not only neighbours: the long span is three rows before.
    let hidden = Build::new().up(0, DAY).up(1, 2).up(3, 4).span(LinkState::Unknown, HOUR, 2 * HOUR).error();
    let (first, second) = (name(0, "up", 0, DAY), name(3, "unknown", HOUR, 2 * HOUR));
    assert_eq!(hidden, format!("{first} and {second} overlap with different states"));
    // Outside the month it is a contradiction as well.
    assert!(Build::new().up(-9 * DAY, -8 * DAY).down(-9 * DAY, -8 * DAY).error().contains("overlap"));
}

#[test]
fn rows_that_cannot_be_are_named() {
    let probe =
        |sent, received, rtt_us| Build::new().probe(0, 1, 1, None).probe(1, sent, received, rtt_us).error();
    assert_eq!(probe(1, 2, None), "probes[1]: more echoes are received than were sent");
    assert_eq!(probe(1, 1, Some(-1)), "probes[1]: the round trip is negative");
    let rate = |rx_bps, tx_bps| Build::new().rate(0, rx_bps, tx_bps).error();
    assert_eq!(rate(Some(-1), None), "traffic[0]: a rate is negative");
    assert_eq!(rate(None, Some(i64::MIN)), "traffic[0]: a rate is negative");
    let at = Build::new().from_ms;
    for to in [5, 4, -100] {
        let empty = format!("[1]: ends at {}, which is not after its beginning at {}", at + to, at + 5);
        assert_eq!(Build::new().up(0, 1).up(5, to).error(), format!("spans{empty}"));
        assert_eq!(Build::new().exclude(0, 1).exclude(5, to).error(), format!("exclusions{empty}"));
    }
    let ends = Build::new().active(5, Some(4)).error();
    assert_eq!(ends, format!("active: ends at {} before it begins at {}", at + 4, at + 5));
    assert_eq!(Build::new().active(5, Some(5)).judge().figures.contracted_ms, 0);
}

#[test]
fn terms_that_cannot_be_told_apart_or_kept_are_named() {
    let twice = Build::new().terms(5, "99", "", "").terms(0, "98", "", "").terms(5, "97", "", "");
    let at = twice.from_ms + 5;
    let expected =
        format!("terms[0] and terms[2] are both valid from {at}: which of them holds cannot be told");
    assert_eq!(twice.error(), expected);
    let above = Build::new().terms(0, "99", "", "").terms(1, "100.000001", "", "").error();
    assert_eq!(above, "terms[1]: an objective is above 100 %");
    assert_eq!(Build::new().terms(0, "", "", "101").error(), "terms[0]: an objective is above 100 %");
    Build::new().terms(0, "100.00", "9000000000000", "100").judge();
}

#[test]
fn a_zone_or_a_month_that_there_is_not_is_named() {
    let mut month = Build::new();
    month.inputs.timezone = "Asia/Atlantis".to_owned();
    assert!(month.error().starts_with("\"Asia/Atlantis\" is not a time zone"), "{}", month.error());
    let mut month = Build::new();
    month.inputs.month = "9999-12".parse().expect("a month");
    assert_eq!(month.error(), "9999-12 lies outside the calendar");
}

#[test]
fn numbers_at_the_end_of_the_numbers_are_judged_all_the_same() {
    let month = Build::new().from_ms;
    let mut build = Build::new().terms(0, "99.50", "20", "1.00").exclude(DAY, 2 * DAY);
    let inputs = &mut build.inputs;
    inputs.active.from_ms = i64::MIN;
    inputs.active.to_ms = Some(i64::MAX);
    inputs.as_of_ms = Some(i64::MAX);
    let down = LinkState::Down;
    inputs.spans = vec![StateSpan {
        from_ms: i64::MIN,
        to_ms: i64::MAX,
        state: down,
        cause: None,
        evidence: Value::Null,
    }];
    let kind = ExclusionKind::ForceMajeure;
    let (from_ms, to_ms) = (i64::MIN, month + DAY);
    inputs.exclusions.push(Exclusion {
        from_ms,
        to_ms,
        kind,
        reason: None,
        entered_by: None,
        entered_at_ms: None,
    });
    inputs.terms.push(Terms { valid_from_ms: i64::MIN, uptime_pct: None, latency_ms: None, loss_pct: None });
    let statement = build.judge();
    assert_eq!(statement.figures.down_ms, 28 * DAY);
    let outage = &statement.outages[0];
    assert_eq!((outage.from_ms, outage.to_ms, outage.excluded_ms), (i64::MIN, Some(i64::MAX), 2 * DAY));
    build.inputs.as_of_ms = Some(i64::MIN);
    assert_eq!(build.judge().figures.contracted_ms, 0);
}

#[test]
fn the_largest_readings_do_not_overflow() {
    let mut build =
        Build::new().terms(0, "", "9000000000000", "1.00").terms(DAY, "", "0.000001", "").up_but(&[]);
    for n in 0..1_000 {
        let at_ms = build.from_ms + n * HOUR / 2;
        let (sent, received) = (u32::MAX, u32::MAX - (n % 2) as u32);
        build.inputs.probes.push(Probe { at_ms, sent, received, rtt_avg_us: Some(i64::MAX) });
        build.inputs.traffic.push(Traffic { at_ms, rx_bps: Some(i64::MAX), tx_bps: Some(0) });
    }
    let statement = build.judge();
    assert_eq!(statement.figures.latency_avg_us, Some(i64::MAX));
    assert_eq!(statement.figures.p95_rx_bps, Some(i64::MAX));
    assert_eq!(statement.figures.sent, 1_000 * i64::from(u32::MAX));
    assert_eq!(statement.figures.verdict.latency, sla::Verdict::Breached);
    assert_eq!(statement.reasons.len(), 2, "{:?}", statement.reasons);
}

#[test]
fn a_million_rows_in_the_worst_order_take_no_time_to_speak_of() {
    let n = 200_000;
    let mut build = Build::new();
    let step = build.len_ms / n;
    for row in 0..n {
        // Backwards, with causes in turn, so that nothing is sorted and little can be put together.
        let from = (n - 1 - row) * step;
        build = build.down_by(["a", "b", "c"][row as usize % 3], from, from + step);
        build = build.exclude(from, from + step / 2);
        build = build.terms(from, "99.50", "", "");
        build = build.probe(from, 5, 4, Some(row % 1_000)).rate(from, Some(row), None);
    }
    let statement = build.judge();
    assert_eq!(statement.figures.contracted_ms, build.len_ms);
    assert_eq!(statement.outages.len(), n as usize);
    assert_eq!(statement.parts.len(), n as usize);
    assert!(statement.reasons[0].len() < 200, "{}", statement.reasons[0]);
}

/// Every number of a case replaced by one of these.
const NUMBERS: [i64; 7] = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX];

#[test]
fn extreme_numbers_anywhere_give_an_answer_or_an_error() {
    let mut answers = 0;
    for seed in 0..4_000 {
        let mut dice = Dice::new(seed);
        let mut inputs = inputs(&mut dice);
        for _ in 0..dice.between(1, 3) {
            disturb(&mut dice, &mut inputs);
        }
        if let Ok(statement) = sla::evaluate(&inputs) {
            answers += 1;
            let figures = &statement.figures;
            let buckets = figures.excluded_ms + figures.unknown_ms + figures.down_ms + figures.up_ms;
            assert_eq!(buckets, figures.contracted_ms, "case {seed}");
        }
        let _ = Inputs::from_bytes(&inputs.to_bytes()).expect("frozen inputs");
        let zone = jiff::tz::TimeZone::get(&inputs.timezone).expect("a known zone");
        let window = sla::Interval::new(dice.of(&NUMBERS), dice.of(&NUMBERS));
        let _ = sla::days(&zone, window, inputs.active, &inputs.spans, &inputs.exclusions);
        let _ = sla::traffic_buckets(inputs.traffic.iter().copied());
    }
    assert!(answers > 500, "{answers}");
}

fn disturb(dice: &mut Dice, inputs: &mut Inputs) {
    let number = dice.of(&NUMBERS);
    let lucky = |dice: &mut Dice, length: usize| (length > 0).then(|| dice.below(length as u64) as usize);
    match dice.below(9) {
        0 => inputs.as_of_ms = Some(number),
        1 => inputs.active.from_ms = number,
        2 => inputs.active.to_ms = Some(number),
        3 => lucky(dice, inputs.spans.len()).into_iter().for_each(|at| inputs.spans[at].from_ms = number),
        4 => lucky(dice, inputs.spans.len()).into_iter().for_each(|at| inputs.spans[at].to_ms = number),
        5 => lucky(dice, inputs.exclusions.len())
            .into_iter()
            .for_each(|at| inputs.exclusions[at].to_ms = number),
        6 => {
            lucky(dice, inputs.terms.len()).into_iter().for_each(|at| inputs.terms[at].valid_from_ms = number)
        }
        7 => lucky(dice, inputs.probes.len()).into_iter().for_each(|at| {
            inputs.probes[at].at_ms = number;
            inputs.probes[at].rtt_avg_us = Some(number);
        }),
        _ => lucky(dice, inputs.traffic.len()).into_iter().for_each(|at| {
            inputs.traffic[at].at_ms = number;
            inputs.traffic[at].rx_bps = Some(number);
        }),
    }
}
