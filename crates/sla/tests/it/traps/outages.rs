//! Outages keep their identity, and no time is down twice.

use crate::build::{Build, DAY, HOUR, MINUTE, SECOND};

#[test]
fn trap_10_an_outage_over_the_first_is_one_outage_in_two_months() {
    let november = Build::new();
    let december = Build::of("Asia/Kolkata", "2026-12");
    let (from, to) = (30 * DAY - 2 * HOUR, 30 * DAY + 3 * HOUR);
    let of = |month: &Build| {
        let shift = month.from_ms - november.from_ms;
        month.clone().down(from - shift, to - shift).judge().outages
    };
    let (before, after) = (of(&november), of(&december));
    assert_eq!((before.len(), after.len()), (1, 1));
    assert_eq!((before[0].from_ms, before[0].to_ms), (after[0].from_ms, after[0].to_ms));
    assert_eq!(before[0].to_ms, Some(november.from_ms + to));
    assert_eq!((before[0].down_ms, after[0].down_ms), (2 * HOUR, 3 * HOUR));
}

#[test]
fn trap_11_an_ongoing_outage_has_no_end() {
    // Noon of the first day; an outage from ten that was seen until …
    for (seen_to, ends) in [(11 * HOUR, true), (12 * HOUR, false), (20 * DAY, false)] {
        let month = Build::new().down(10 * HOUR, seen_to).so_far_at(12 * HOUR);
        let statement = month.judge();
        let end = ends.then_some(month.from_ms + seen_to);
        assert_eq!(statement.outages[0].to_ms, end, "seen until {seen_to}");
        assert_eq!(statement.mttr_ms, ends.then_some(HOUR), "what goes on is not repaired");
        assert!(statement.mtbf_ms.is_some());
    }
    let whole = Build::new().down(10 * HOUR, 40 * DAY);
    assert_eq!(whole.judge().outages[0].to_ms, Some(whole.from_ms + 40 * DAY), "its end is known");
    let cut = Build::new().down(30 * DAY - HOUR, 30 * DAY).judge();
    assert_eq!(
        (cut.outages.len(), cut.mttr_ms),
        (1, None),
        "cut off by the month's end, not known to be repaired"
    );
}

#[test]
fn trap_12_two_outages_at_a_time_are_down_time_once() {
    // The earlier one keeps the time that both cover, in whatever order and pieces they come.
    let a = |month: Build| month.down_by("link_down", 10 * HOUR, 14 * HOUR);
    let a_in_pieces = |month: Build| {
        let month = month.down_by("link_down", 12 * HOUR, 14 * HOUR);
        month.down_by("link_down", 10 * HOUR, 12 * HOUR).down_by("link_down", 11 * HOUR, 13 * HOUR)
    };
    let b = |month: Build| month.down_by("no_answer", 11 * HOUR, 16 * HOUR);
    let orders = [b(a(Build::new())), a(b(Build::new())), a_in_pieces(b(Build::new()))];
    for month in orders {
        let statement = month.judge();
        assert_eq!(statement.figures.down_ms, 6 * HOUR);
        let outages: Vec<_> =
            statement.outages.iter().map(|outage| (outage.cause.as_deref(), outage.down_ms)).collect();
        assert_eq!(outages, [(Some("link_down"), 4 * HOUR), (Some("no_answer"), 2 * HOUR)]);
    }
    // One that lies wholly within another is not an outage of its own.
    let swallowed =
        Build::new().down_by("link_down", 10 * HOUR, 14 * HOUR).down_by("no_answer", 11 * HOUR, 12 * HOUR);
    assert_eq!(swallowed.judge().outages.len(), 1);
    let endless = Build::new().down(10 * HOUR, i64::MAX / 2).judge();
    assert_eq!(endless.figures.down_ms, 30 * DAY - 10 * HOUR);
}

#[test]
fn trap_41_what_is_said_twice_counts_once() {
    let once = Build::new().up_but(&[(DAY, DAY + HOUR)]).exclude(DAY, DAY + MINUTE);
    let mut twice = once.clone();
    twice.inputs.spans.extend_from_slice(&once.inputs.spans);
    twice.inputs.exclusions.extend_from_slice(&once.inputs.exclusions);
    assert_eq!(twice.judge(), once.judge());
}

#[test]
fn trap_43_a_flapping_link_is_down_for_as_long_as_it_is_down() {
    let flaps: Vec<_> = (0..40).map(|n| (HOUR + n * MINUTE, HOUR + n * MINUTE + 20 * SECOND)).collect();
    let statement = Build::new().up_but(&flaps).judge();
    assert_eq!(statement.figures.down_ms, 40 * 20 * SECOND);
    assert_eq!(statement.outages.len(), 40);
    assert_eq!(statement.mttr_ms, Some(20 * SECOND));
    assert_eq!(statement.mtbf_ms, Some((30 * DAY - 800 * SECOND) / 40));
    assert_eq!(statement.longest_outage_ms, Some(20 * SECOND));
}

#[test]
fn outages_in_excluded_time_alone_say_nothing_about_repair() {
    let month = Build::new().up_but(&[(HOUR, 2 * HOUR), (DAY, DAY + 4 * HOUR)]).exclude(0, DAY).judge();
    assert_eq!(month.outages.len(), 2, "both are listed");
    assert_eq!((month.mttr_ms, month.longest_outage_ms), (Some(4 * HOUR), Some(4 * HOUR)));
    let calm = Build::new().up_but(&[(HOUR, 2 * HOUR)]).exclude(0, DAY).judge();
    assert_eq!((calm.mttr_ms, calm.mtbf_ms, calm.longest_outage_ms), (None, None, None));
}

#[test]
fn an_outage_names_the_evidence_of_its_beginning() {
    let mut month = Build::new().down(2 * HOUR, 3 * HOUR).down(HOUR, 2 * HOUR).down(3 * HOUR, 4 * HOUR);
    month.inputs.spans[0].evidence = serde_json::json!({"kind": "second"});
    month.inputs.spans[2].evidence = serde_json::json!({"kind": "third"});
    let outages = month.judge().outages;
    assert_eq!(outages.len(), 1);
    assert_eq!(outages[0].evidence["kind"], "second", "the first that has any");
}
