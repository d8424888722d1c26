//! Reasons in plain words, for a customer and an auditor.

use sla::Verdict;

use crate::build::{Build, DAY, HOUR, MINUTE, SECOND};
use crate::cases::{Dice, inputs};

fn uptime(target: &str) -> Build {
    Build::new().terms(0, target, "", "")
}

#[test]
fn a_missed_uptime_says_by_how_much() {
    let month = uptime("99.50").up_but(&[(DAY, DAY + 4 * HOUR + 58 * MINUTE)]);
    assert_eq!(month.judge().reasons, ["Uptime 99.31 % against 99.50 %: 1 h 22 m over the 3 h 36 m allowed"]);
    let none = uptime("100").up_but(&[(DAY, DAY + 40 * SECOND)]);
    assert_eq!(none.judge().reasons, ["Uptime 99.99 % against 100 %: 40 s down, none is allowed"]);
    let fine = uptime("99.9999").up_but(&[(DAY, DAY + 3 * SECOND)]);
    assert_eq!(fine.judge().reasons, ["Uptime 99.9998 % against 99.9999 %: 408 ms over the 2 s allowed"]);
}

#[test]
fn an_undecided_uptime_says_between_what_and_how_much_is_unknown() {
    let month = uptime("99.50").up(0, 29 * DAY).down(29 * DAY, 29 * DAY + 90 * MINUTE);
    let month = month.up(29 * DAY + 400 * MINUTE, 30 * DAY);
    let reason = "Uptime between 99.07 % and 99.79 % against 99.50 %: 5 h 10 m are unknown";
    assert_eq!(month.judge().reasons, [reason]);
    // With as many places as the objective, or the upper bound would seem to miss it.
    let exact = uptime("99.555").up(0, 30 * DAY - 12 * HOUR).down(30 * DAY - 3 * HOUR, 30 * DAY);
    assert!(
        exact.judge().reasons[0].contains("and 99.583 % against 99.555 %"),
        "{:?}",
        exact.judge().reasons
    );
}

#[test]
fn several_objectives_are_named_with_their_stretches() {
    let down = [(DAY, DAY + 20 * HOUR)];
    let two = uptime("99.50").terms(9 * DAY, "99.90", "", "").up_but(&down).judge();
    let expected = "Uptime 97.22 % against 99.50 % from 1 to 9 Nov and 99.90 % from 10 to 30 Nov: \
                    18 h 24 m over the 1 h 35 m allowed";
    assert_eq!(two.reasons, [expected]);
    let same = uptime("99.50").terms(9 * DAY, "99.5", "20", "").up_but(&down).judge();
    assert!(same.reasons[0].starts_with("Uptime 97.22 % against 99.50 %: "), "{:?}", same.reasons);
    let noon = uptime("99.50").terms(12 * HOUR, "99.90", "", "").up_but(&down).judge();
    let from_noon =
        "against 99.50 % from 1 Nov 00:00 to 1 Nov 12:00 and 99.90 % from 1 Nov 12:00 to 1 Dec 00:00: ";
    assert!(noon.reasons[0].contains(from_noon), "{:?}", noon.reasons);
    let daily =
        (1..30).fold(uptime("99.50"), |month, day| month.terms(day * DAY, &format!("99.{day:02}"), "", ""));
    let daily = daily.up_but(&down).judge();
    assert!(daily.reasons[0].contains("against the objectives of 30 stretches: "), "{:?}", daily.reasons);
}

#[test]
fn latency_and_loss_are_never_printed_equal_to_a_target_that_they_miss() {
    let month = |latency: &str, loss: &str| Build::new().terms(0, "", latency, loss).up_but(&[]);
    let plain = month("20", "1.00").probe(0, 1_000, 980, Some(25_130)).judge();
    assert_eq!(plain.reasons, ["Latency 25.13 ms against 20 ms", "Loss 2.00 % against 1.00 %"]);
    let close = month("20", "1.00").probe(0, 100_000, 98_996, Some(20_001)).judge();
    assert_eq!(close.reasons, ["Latency 20.001 ms against 20 ms", "Loss 1.004 % against 1.00 %"]);
    let closer = month("20.5", "33.333333").probe(0, 3, 2, Some(20_500)).probe(1, 1, 0, None).probe(
        2,
        2,
        2,
        Some(20_501),
    );
    assert_eq!(
        closer.judge().reasons,
        ["Latency 20.5005 ms against 20.5 ms", "Loss 33.3333333 % against 33.333333 %"]
    );
    let fast =
        month("0.000001", "").probe(0, 3_000_000_000, 3_000_000_000, Some(0)).probe(1, 4, 4, Some(1)).judge();
    assert_eq!(fast.figures.verdict.latency, Verdict::Met);
}

#[test]
fn latency_and_loss_of_a_stretch_name_it() {
    let month =
        Build::new().terms(0, "", "20", "1.00").terms(9 * DAY, "", "5", "").terms(10 * DAY, "", "5", "");
    let month = month.up_but(&[]).probe(DAY, 100, 90, Some(1_000));
    let month = month.probe(9 * DAY, 5, 5, Some(6_000)).probe(20 * DAY, 5, 5, Some(7_000)).judge();
    let expected = [
        "Latency 6.00 ms against 5 ms on 10 Nov",
        "Latency 7.00 ms against 5 ms from 11 to 30 Nov",
        "Loss 10.00 % against 1.00 % from 1 to 9 Nov",
    ];
    assert_eq!(month.reasons, expected);
}

#[test]
fn what_cannot_be_judged_for_want_of_coverage_says_so() {
    let month = Build::new().terms(0, "", "20", "1.00").up(0, 20 * DAY).probe(DAY, 5, 5, Some(8_123)).judge();
    let expected = [
        "Latency 8.12 ms against 20 ms: only 66.66 % of the time is known, 90 % are needed",
        "Loss 0.00 % against 1.00 %: only 66.66 % of the time is known, 90 % are needed",
    ];
    assert_eq!(month.reasons, expected);
}

#[test]
fn a_month_that_was_kept_needs_no_reasons() {
    let month =
        Build::new().terms(0, "99.50", "20", "1.00").up_but(&[(DAY, DAY + HOUR)]).probe(0, 5, 5, Some(1));
    assert_eq!(month.judge().figures.verdict.overall, Verdict::Met);
    assert!(month.judge().reasons.is_empty());
}

#[test]
fn no_reason_prints_a_missed_figure_equal_to_its_target() {
    let mut looked_at = 0;
    for seed in 0..5_000 {
        let statement = sla::evaluate(&inputs(&mut Dice::new(seed))).expect("no contradiction");
        for reason in &statement.reasons {
            let Some((figure, target)) = reason.split_once(" against ") else { panic!("{reason}") };
            let number = |text: &str| text.split(' ').find_map(|word| word.parse::<f64>().ok());
            let (Some(figure), Some(target)) = (number(figure), number(target)) else { continue };
            // Of several objectives, the month's figure may equal one that another stretch missed.
            let several = reason.starts_with("Uptime") && reason.contains(" from ");
            if !several && !reason.contains("between") && !reason.contains("known") {
                looked_at += 1;
                // Both are printed from few digits: equal texts are equal floats.
                assert_ne!(figure.to_bits(), target.to_bits(), "case {seed}: {reason}");
            }
        }
    }
    assert!(looked_at > 1_000, "{looked_at}");
}
