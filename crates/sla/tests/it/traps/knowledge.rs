//! What is not known is neither up nor down; where there is nothing, there is no figure.

use sla::Verdict::{self, Breached, Met, Undetermined};

use crate::build::{Build, DAY, HOUR, MINUTE};

#[test]
fn trap_01_missing_samples_are_neither_down_nor_up() {
    // A day of which nothing is known, in a month that allows 3 h 36 m.
    for (down, verdict) in [(0, Undetermined), (3 * HOUR, Undetermined), (4 * HOUR, Breached)] {
        let month = Build::new().terms(0, "99.50", "", "").up(0, DAY).up(2 * DAY, 29 * DAY);
        let month = if down > 0 { month.down(29 * DAY, 29 * DAY + down) } else { month };
        let figures = month.up(29 * DAY + down, 30 * DAY).judge().figures;
        assert_eq!((figures.unknown_ms, figures.down_ms), (DAY, down));
        assert_eq!(figures.verdict.uptime, verdict, "{down} ms down");
    }
}

#[test]
fn trap_02_a_blind_poller_breaches_nobody() {
    let all_month = Build::new().terms(0, "99.99", "20", "1").judge().figures;
    assert_eq!(all_month.availability_pct, None);
    assert_eq!(
        (all_month.lower_pct.as_deref(), all_month.upper_pct.as_deref()),
        (Some("0.00000"), Some("100.00000"))
    );
    assert_eq!(all_month.verdict.uptime, Undetermined);
    assert_eq!(all_month.verdict.overall, Undetermined);
}

#[test]
fn trap_03_availability_counts_time_and_not_checks() {
    let month = || Build::new().terms(0, "99.50", "", "").up_but(&[(DAY, DAY + 4 * HOUR)]);
    let often = (0..2_000).fold(month(), |month, n| month.probe(n * MINUTE, 5, 5, Some(1_000)));
    let seldom = (0..10).fold(month(), |month, n| month.probe(n * DAY, 5, 5, Some(1_000)));
    let uptime =
        |month: Build| (month.judge().figures.availability_pct, month.judge().figures.verdict.uptime);
    assert_eq!(uptime(often), uptime(month()));
    assert_eq!(uptime(seldom), (Some("99.44444".to_owned()), Breached));
}

#[test]
fn trap_14_before_a_link_existed_it_was_not_up() {
    let fifteenth = 14 * DAY;
    let started = Build::new().terms(0, "99.50", "", "").active(fifteenth, None).up(fifteenth, 30 * DAY);
    let figures = started.judge().figures;
    assert_eq!((figures.contracted_ms, figures.up_ms), (16 * DAY, 16 * DAY));
    let part = &started.judge().parts[0];
    assert_eq!((part.from_ms, part.to_ms), (started.from_ms + fifteenth, started.from_ms + 30 * DAY));

    let later = Build::new().terms(0, "99.50", "", "").active(31 * DAY, None).up(0, 30 * DAY).judge();
    assert_eq!((later.figures.contracted_ms, later.figures.availability_pct), (0, None));
    assert_eq!(later.figures.verdict.overall, Verdict::None);
    assert_eq!(later.parts, []);
}

#[test]
fn trap_16_nothing_eligible_is_no_figure_and_not_zero_or_a_hundred() {
    let excluded = Build::new().terms(0, "99.50", "20", "1").up_but(&[(0, DAY)]).exclude(0, 30 * DAY);
    let excluded = excluded.probe(DAY, 5, 5, Some(1)).judge().figures;
    let percentages = [
        &excluded.availability_pct,
        &excluded.coverage_pct,
        &excluded.lower_pct,
        &excluded.upper_pct,
        &excluded.loss_pct,
    ];
    assert!(percentages.iter().all(|percentage| percentage.is_none()), "{percentages:?}");
    assert_eq!(excluded.verdict.overall, Verdict::None);
    assert_eq!((excluded.allowed_ms, excluded.budget_left_ms), (Some(0), Some(0)));
}

#[test]
fn trap_17_a_month_so_far_is_not_a_whole_month() {
    // Two hours down on the first day: more than a day of 99 % allows, not more than the month does.
    let month = || Build::new().terms(0, "99.00", "", "").up_but(&[(HOUR, 3 * HOUR)]);
    let day = month().so_far_at(DAY).judge();
    assert!(day.so_far);
    assert_eq!((day.figures.contracted_ms, day.figures.unknown_ms), (DAY, 0));
    assert_eq!(day.figures.availability_pct.as_deref(), Some("91.66666"));
    assert_eq!(day.figures.verdict.uptime, Met);
    assert_eq!(
        (day.figures.allowed_ms, day.figures.budget_left_ms),
        (Some(7 * HOUR + 12 * MINUTE), Some(5 * HOUR + 12 * MINUTE))
    );
    assert_eq!(month().judge().figures.verdict.uptime, Met);
    // Seven hours and a quarter cannot be made up for, whatever the rest of the month is.
    let hopeless = Build::new().terms(0, "99.00", "", "").up_but(&[(HOUR, 8 * HOUR + 15 * MINUTE)]);
    assert_eq!(hopeless.clone().so_far_at(8 * HOUR + 12 * MINUTE).judge().figures.verdict.uptime, Met);
    assert_eq!(hopeless.so_far_at(9 * HOUR).judge().figures.verdict.uptime, Breached);

    for (as_of, so_far, contracted) in [(-DAY, true, 0), (0, true, 0), (30 * DAY, false, 30 * DAY)] {
        let statement = month().so_far_at(as_of).judge();
        assert_eq!((statement.so_far, statement.figures.contracted_ms), (so_far, contracted), "{as_of}");
    }
}

#[test]
fn a_mean_above_its_target_is_undecided_until_the_month_is_over() {
    let month = || Build::new().terms(0, "", "20", "1.00").up_but(&[]).probe(0, 1_000, 980, Some(25_130));
    let so_far = month().so_far_at(DAY).judge();
    assert_eq!(so_far.figures.verdict.overall, Verdict::Undetermined);
    assert_eq!(
        so_far.reasons,
        ["Latency 25.13 ms so far against 20 ms", "Loss 2.00 % so far against 1.00 %"]
    );
    assert_eq!(month().judge().figures.verdict.overall, Breached);
}

#[test]
fn terms_and_exclusions_to_come_are_part_of_what_a_running_month_allows() {
    // Fifteen days of 99 %, then fourteen of 99.9 %, for a day of maintenance is announced.
    let month = Build::new().terms(0, "99.00", "", "").terms(15 * DAY, "99.90", "", "");
    let month = month.exclude(20 * DAY, 21 * DAY).up_but(&[]);
    let allowed = 15 * DAY / 100 + 14 * DAY / 1_000;
    let day = month.clone().so_far_at(DAY).judge();
    assert_eq!((day.figures.allowed_ms, day.parts.len()), (Some(allowed), 1));
    assert_eq!(month.judge().figures.allowed_ms, Some(allowed));
}

#[test]
fn trap_22_a_row_that_comes_late_shows_in_the_digest() {
    let issued = Build::new().up_but(&[]).rate(0, Some(1), Some(1));
    let late = issued.clone().rate(5 * MINUTE, Some(1), Some(1));
    assert_ne!(issued.inputs.digest(), late.inputs.digest());
}

#[test]
fn trap_23_a_router_that_lives_in_1970_changes_nothing() {
    let month = Build::new().up_but(&[]);
    let stray = month.clone().down(-month.from_ms + 4 * DAY, -month.from_ms + 5 * DAY);
    assert_eq!(stray.inputs.spans.last().expect("a span").from_ms, 4 * DAY);
    assert_eq!(stray.judge(), month.judge());
}
