//! What the contract leaves out, when it holds, and what it promises.

use sla::ExclusionKind::{CustomerCause, Suspension};
use sla::Verdict::{Breached, Met, Undetermined};
use sla::{ExclusionKind, Inputs, Interval};

use crate::build::{Build, DAY, HOUR, MINUTE};
use crate::cases::month_of;

#[test]
fn trap_05_maintenance_leaves_both_sides_of_the_fraction() {
    // 720 h, 100 h of maintenance, 5 h of outage: 99.306 % where maintenance counts as up, 99.194 % here.
    for kind in ExclusionKind::ALL {
        let month = Build::new().up_but(&[(200 * HOUR, 205 * HOUR)]).exclude_as(kind, 300 * HOUR, 400 * HOUR);
        let figures = month.judge().figures;
        assert_eq!(figures.availability_pct.as_deref(), Some("99.19354"), "{kind:?}");
        assert_eq!((figures.eligible_ms, figures.excluded_ms), (620 * HOUR, 100 * HOUR));
    }
}

#[test]
fn trap_06_downtime_in_our_own_maintenance_breaches_nothing() {
    let month = Build::new().terms(0, "99.99", "", "").up_but(&[(10 * HOUR, 14 * HOUR)]);
    assert_eq!(month.judge().figures.verdict.uptime, Breached);
    let announced = month.exclude(10 * HOUR, 14 * HOUR).judge();
    assert_eq!(announced.figures.verdict.uptime, Met);
    assert_eq!(announced.experienced.down_ms, 4 * HOUR, "the customer saw it all the same");
}

#[test]
fn trap_07_maintenance_over_the_end_of_the_month_counts_in_it() {
    for (from, to, excluded) in
        [(29 * DAY, 32 * DAY, DAY), (-5 * DAY, DAY, DAY), (-DAY, 31 * DAY, 30 * DAY), (30 * DAY, 31 * DAY, 0)]
    {
        let month = Build::new().up_but(&[]).exclude(from, to).judge();
        assert_eq!(month.figures.excluded_ms, excluded, "{from} to {to}");
    }
}

#[test]
fn trap_08_only_the_overlap_of_outage_and_maintenance_is_excluded() {
    // An outage from 10:00 to 14:00, and a maintenance that …
    for (what, from, to, down, excluded) in [
        ("begins within it", 12, 16, 2, 2),
        ("ends within it", 8, 11, 3, 1),
        ("lies within it", 11, 13, 2, 2),
        ("holds all of it", 9, 15, 0, 4),
        ("is the same", 10, 14, 0, 4),
        ("ends where it begins", 8, 10, 4, 0),
        ("begins where it ends", 14, 16, 4, 0),
    ] {
        let month = Build::new().up_but(&[(10 * HOUR, 14 * HOUR)]).exclude(from * HOUR, to * HOUR).judge();
        assert_eq!(month.figures.down_ms, down * HOUR, "{what}");
        assert_eq!(month.figures.excluded_ms, (to - from) * HOUR, "{what}");
        let outage = &month.outages[0];
        assert_eq!((outage.down_ms, outage.excluded_ms), (down * HOUR, excluded * HOUR), "{what}");
    }
}

#[test]
fn trap_09_overlapping_exclusions_count_once() {
    let month = Build::new().up_but(&[(9 * HOUR, 15 * HOUR)]);
    let month = month.exclude(10 * HOUR, 13 * HOUR).exclude_as(CustomerCause, 12 * HOUR, 14 * HOUR);
    let month = month.exclude(10 * HOUR, 13 * HOUR).exclude(11 * HOUR, 12 * HOUR).judge();
    assert_eq!((month.figures.excluded_ms, month.figures.down_ms), (4 * HOUR, 2 * HOUR));
}

#[test]
fn trap_13_activation_termination_and_new_terms_within_the_month_split_it() {
    let down = [(5 * DAY, 5 * DAY + HOUR), (20 * DAY, 20 * DAY + HOUR)];
    let month = || Build::new().up_but(&down);
    // A link that moved to another client on the 15th is two inputs that share its time line.
    let (before, after) = (month().active(-DAY, Some(14 * DAY)), month().active(14 * DAY, None));
    let (before, after) = (before.judge(), after.judge());
    assert_eq!((before.figures.contracted_ms, after.figures.contracted_ms), (14 * DAY, 16 * DAY));
    assert_eq!((before.figures.down_ms, after.figures.down_ms), (HOUR, HOUR));
    assert_eq!((before.outages.len(), after.outages.len()), (1, 1));

    // 99 % of 9 days and 99.9 % of 21 days allow 2 h 9 m 36 s and 30 m 14 s.
    let split = month().terms(-DAY, "99.00", "", "").terms(9 * DAY, "99.90", "", "").judge();
    assert_eq!(split.figures.allowed_ms, Some(9 * DAY / 100 + 21 * DAY / 1_000));
    assert_eq!(split.figures.verdict.uptime, Met);
    let verdicts: Vec<_> = split.parts.iter().map(|part| part.figures.verdict.uptime).collect();
    assert_eq!(verdicts, [Met, Breached], "the month has one budget, its stretches have their own");
    let contracted: Vec<_> = split.parts.iter().map(|part| part.figures.contracted_ms).collect();
    assert_eq!(contracted, [9 * DAY, 21 * DAY]);
}

#[test]
fn trap_15_a_suspended_link_is_neither_down_nor_eligible() {
    let month = Build::new().terms(0, "99.50", "", "").up(0, 10 * DAY).down(10 * DAY, 30 * DAY);
    let month = month.exclude_as(Suspension, 10 * DAY, 30 * DAY).judge().figures;
    assert_eq!((month.down_ms, month.excluded_ms, month.eligible_ms), (0, 20 * DAY, 10 * DAY));
    assert_eq!(month.verdict.uptime, Met);
}

#[test]
fn trap_18_the_allowance_is_of_the_calendar_month() {
    for (month, target, allowed_ms) in [
        ("2027-02", "99.5", 12_096_000),
        ("2026-11", "99.5", 12_960_000),
        ("2026-10", "99.5", 13_392_000),
        ("2028-02", "99.5", 12_528_000),
        ("2026-11", "99.99", 259_200),
    ] {
        let figures = Build::of("Asia/Kolkata", month).terms(0, target, "", "").up_but(&[]).judge().figures;
        assert_eq!(figures.allowed_ms, Some(allowed_ms), "{target} % in {month}");
    }
}

#[test]
fn trap_19_a_month_with_a_clock_change_is_as_long_as_it_is() {
    for (zone, month, minutes) in [
        ("Asia/Kolkata", "2026-03", 744 * 60),
        ("America/New_York", "2026-03", 743 * 60),
        ("America/New_York", "2026-11", 721 * 60),
        ("Australia/Lord_Howe", "2026-04", 720 * 60 + 30),
        ("Australia/Lord_Howe", "2026-10", 744 * 60 - 30),
        ("Africa/Casablanca", "2026-02", 673 * 60),
        ("Africa/Casablanca", "2026-03", 743 * 60),
    ] {
        let figures = Build::of(zone, month).terms(0, "99", "", "").up_but(&[]).judge().figures;
        assert_eq!(
            (figures.contracted_ms, figures.up_ms),
            (minutes * MINUTE, minutes * MINUTE),
            "{zone} {month}"
        );
        assert_eq!(figures.traffic_expected_n, minutes / 5, "{zone} {month}");
    }
}

#[test]
fn trap_21_no_second_is_lost_or_counted_twice_between_months() {
    for (a, b) in [("2026-09", "2026-10"), ("2026-12", "2027-01"), ("2028-02", "2028-03")] {
        let (first, second) = (month_of("America/New_York", a), month_of("America/New_York", b));
        let down = Interval::new(first.to_ms - 1_000, second.from_ms + 1_000);
        let counted = |month: &str| {
            let build = Build::of("America/New_York", month);
            let at = (down.from_ms - build.from_ms, down.to_ms - build.from_ms);
            build.down(at.0, at.1).judge().figures.down_ms
        };
        assert_eq!((counted(a), counted(b)), (1_000, 1_000), "{a} and {b}");
    }
}

#[test]
fn trap_38_a_missed_target_is_never_rounded_up_to() {
    let target = |down: i64| Build::new().terms(0, "99.50", "", "").up_but(&[(HOUR, HOUR + down)]).judge();
    let allowed = 12_960_000;
    let kept = target(allowed);
    assert_eq!(kept.figures.availability_pct.as_deref(), Some("99.50000"));
    assert_eq!((kept.figures.verdict.uptime, kept.figures.budget_left_ms), (Met, Some(0)));
    let missed = target(allowed + 1);
    assert_eq!(missed.figures.availability_pct.as_deref(), Some("99.49999"));
    assert_eq!((missed.figures.verdict.uptime, missed.figures.budget_left_ms), (Breached, Some(-1)));
    assert_eq!(missed.reasons, ["Uptime 99.49 % against 99.50 %: 1 ms over the 3 h 36 m allowed"]);
}

#[test]
fn trap_44_terms_of_today_do_not_judge_yesterday() {
    let month = Build::new().up_but(&[(DAY, DAY + 4 * HOUR)]).terms(-DAY, "99.00", "", "");
    let later = month.clone().terms(30 * DAY, "99.99", "", "");
    assert_eq!(later.judge(), month.judge());
    assert_eq!(later.judge().figures.verdict.uptime, Met);
}

#[test]
fn trap_45_a_closed_month_is_judged_again_without_its_rows_in_the_store() {
    let month = Build::new().terms(0, "99.50", "20", "1").up_but(&[(DAY, DAY + HOUR)]).exclude(0, HOUR);
    let month = month.probe(HOUR, 5, 4, Some(9_000)).rate(0, Some(7), None);
    let thawed = Inputs::from_bytes(&month.inputs.to_bytes()).expect("frozen inputs");
    assert_eq!(sla::evaluate(&thawed).expect("no contradiction"), month.judge());
}

#[test]
fn trap_47_an_exclusion_says_who_entered_it_and_whether_after_the_fact() {
    let mut month = Build::new().up_but(&[]).exclude(10 * HOUR, 14 * HOUR);
    for (entered, after) in [(9 * HOUR, false), (10 * HOUR, false), (11 * HOUR, true), (20 * DAY, true)] {
        let exclusion = &mut month.inputs.exclusions[0];
        exclusion.entered_by = Some("noc@example.com".to_owned());
        exclusion.entered_at_ms = Some(month.from_ms + entered);
        let thawed = Inputs::from_bytes(&month.inputs.to_bytes()).expect("frozen inputs");
        assert_eq!(thawed.exclusions, month.inputs.exclusions);
        assert_eq!(thawed.exclusions[0].after_the_fact(), after, "entered at {entered}");
    }
}

#[test]
fn a_month_without_promise_or_with_part_of_one_is_judged_by_what_was_promised() {
    let down = [(DAY, 2 * DAY), (20 * DAY, 20 * DAY + HOUR)];
    let month = Build::new().up_but(&down).terms(10 * DAY, "99.50", "", "").judge();
    // The day before the first terms is down time, but nobody promised otherwise.
    assert_eq!(month.figures.down_ms, DAY + HOUR);
    assert_eq!(month.figures.allowed_ms, Some(20 * DAY / 200));
    assert_eq!(month.figures.budget_left_ms, Some(20 * DAY / 200 - HOUR));
    assert_eq!(month.figures.verdict.uptime, Met);
    assert_eq!(month.parts[0].terms, None);
    let unknown = Build::new().up(0, 20 * DAY).terms(0, "99.50", "", "").terms(20 * DAY, "", "", "").judge();
    assert_eq!(unknown.figures.verdict.uptime, Met, "what is unknown was not promised");
    let unknown = Build::new().up(0, 20 * DAY).terms(0, "99.50", "", "").judge();
    assert_eq!(unknown.figures.verdict.uptime, Undetermined);
}
