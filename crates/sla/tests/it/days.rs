//! The calendar: local days as long as they are, and together the month.

use jiff::tz::TimeZone;
use sla::{Active, Day, InputError, Interval, LinkState, days};

use crate::build::{Build, DAY, HOUR, MINUTE};
use crate::cases::{Dice, ZONES, inputs, month_of};

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).expect("a known zone")
}

fn calendar(build: &Build, window: Interval) -> Vec<Day> {
    let inputs = &build.inputs;
    let days = days(&zone(&inputs.timezone), window, inputs.active, &inputs.spans, &inputs.exclusions);
    days.expect("no contradiction")
}

fn whole(build: &Build) -> Interval {
    Interval::new(build.from_ms, build.from_ms + build.len_ms)
}

#[test]
fn days_have_the_hours_that_the_zone_gives_them() {
    for (name, month, date, minutes) in [
        ("Asia/Kolkata", "2026-10", "2026-10-25", 24 * 60),
        ("America/New_York", "2026-03", "2026-03-08", 23 * 60),
        ("America/New_York", "2026-11", "2026-11-01", 25 * 60),
        ("Australia/Lord_Howe", "2026-04", "2026-04-05", 24 * 60 + 30),
        ("Australia/Lord_Howe", "2026-10", "2026-10-04", 23 * 60 + 30),
        ("Africa/Casablanca", "2026-02", "2026-02-15", 25 * 60),
        ("Africa/Casablanca", "2026-03", "2026-03-22", 23 * 60),
        // The clocks of Santiago skip midnight itself.
        ("America/Santiago", "2026-09", "2026-09-06", 23 * 60),
    ] {
        let month = Build::of(name, month).up_but(&[]);
        let days = calendar(&month, whole(&month));
        let odd = days.iter().find(|day| day.date.to_string() == date).expect("a day of the month");
        assert_eq!(odd.to_ms - odd.from_ms, minutes * MINUTE, "{name} {date}");
        assert_eq!((odd.contracted_ms, odd.up_ms), (minutes * MINUTE, minutes * MINUTE), "{name} {date}");
        let others = days.iter().filter(|day| day.to_ms - day.from_ms != DAY).count();
        assert_eq!(others, usize::from(minutes != 24 * 60), "{name}: other days have 24 hours");
    }
}

#[test]
fn a_day_that_a_zone_skipped_is_not_there() {
    let month = Build::of("Pacific/Apia", "2011-12").up_but(&[]);
    let days = calendar(&month, whole(&month));
    assert_eq!(days.len(), 30);
    assert!(days.iter().all(|day| day.date.day() != 30));
    assert!(days.windows(2).all(|pair| pair[0].to_ms == pair[1].from_ms));
}

#[test]
fn an_evening_that_comes_back_after_midnight_belongs_to_the_new_day() {
    // A minute after midnight the clocks of Newfoundland showed 23:01 of the day before.
    let month = Build::of("America/St_Johns", "2010-11").up_but(&[]);
    let days = calendar(&month, whole(&month));
    let seventh = days.iter().find(|day| day.date.day() == 7).expect("a day of the month");
    assert_eq!(seventh.to_ms - seventh.from_ms, 25 * HOUR);
    let again = Interval::new(seventh.from_ms + 30 * MINUTE, seventh.from_ms + 40 * MINUTE);
    let days = calendar(&month, again);
    assert_eq!(days.len(), 1, "{days:?}");
    assert_eq!((days[0].date.day(), days[0].up_ms), (7, 10 * MINUTE));
}

#[test]
fn days_add_up_to_the_month_in_every_zone() {
    for seed in 0..3_000 {
        let inputs = inputs(&mut Dice::new(seed));
        let statement = sla::evaluate(&inputs).expect("no contradiction");
        let period = Interval::new(statement.from_ms, statement.to_ms);
        let zone = zone(&inputs.timezone);
        let days = days(&zone, period, inputs.active, &inputs.spans, &inputs.exclusions);
        let days = days.expect("no contradiction");
        let sum = |of: fn(&Day) -> i64| days.iter().map(of).sum::<i64>();
        let figures = statement.figures;
        assert_eq!(sum(|day| day.contracted_ms), figures.contracted_ms, "case {seed}");
        assert_eq!(sum(|day| day.excluded_ms), figures.excluded_ms, "case {seed}");
        assert_eq!(sum(|day| day.unknown_ms), figures.unknown_ms, "case {seed}");
        assert_eq!(sum(|day| day.down_ms), figures.down_ms, "case {seed}");
        assert_eq!(sum(|day| day.up_ms), figures.up_ms, "case {seed}");
        for day in &days {
            let buckets = day.excluded_ms + day.unknown_ms + day.down_ms + day.up_ms;
            assert_eq!(buckets, day.contracted_ms, "case {seed}: {day:?}");
        }
    }
}

#[test]
fn a_window_cuts_the_figures_of_its_first_and_last_day_but_not_the_days() {
    let month = Build::new().up_but(&[(12 * HOUR, 36 * HOUR)]).exclude(30 * HOUR, 31 * HOUR);
    let at = |offset: i64| month.from_ms + offset;
    let days = calendar(&month, Interval::new(at(6 * HOUR), at(42 * HOUR)));
    assert_eq!(days.len(), 2);
    assert_eq!((days[0].from_ms, days[0].to_ms), (at(0), at(DAY)));
    assert_eq!((days[0].contracted_ms, days[0].up_ms, days[0].down_ms), (18 * HOUR, 6 * HOUR, 12 * HOUR));
    assert_eq!((days[1].from_ms, days[1].to_ms), (at(DAY), at(2 * DAY)));
    assert_eq!((days[1].up_ms, days[1].down_ms, days[1].excluded_ms), (6 * HOUR, 11 * HOUR, HOUR));
    let touching = calendar(&month, Interval::new(at(0), at(DAY)));
    assert_eq!(touching.len(), 1, "a window that ends at midnight does not touch the next day");
    assert_eq!(calendar(&month, Interval::new(at(0), at(0))), []);
}

#[test]
fn days_before_activation_are_there_and_empty() {
    let month = Build::new().active(2 * DAY, Some(3 * DAY)).up_but(&[]);
    let contracted: Vec<_> = calendar(&month, whole(&month)).iter().map(|day| day.contracted_ms).collect();
    assert_eq!(contracted.len(), 30);
    assert_eq!(&contracted[..4], [0, 0, DAY, 0]);
}

#[test]
fn thirteen_months_are_as_many_days_as_they_have() {
    for name in ZONES {
        let (first, last) = (month_of(name, "2026-01"), month_of(name, "2027-01"));
        let active = Active { from_ms: 0, to_ms: None };
        let days = days(&zone(name), Interval::new(first.from_ms, last.to_ms), active, &[], &[]);
        assert_eq!(days.expect("no contradiction").len(), 365 + 31, "{name}");
    }
}

#[test]
fn windows_beyond_any_calendar_and_contradictions_are_errors() {
    let open = Active { from_ms: i64::MIN, to_ms: None };
    let of = |from, to| days(&zone("UTC"), Interval::new(from, to), open, &[], &[]);
    assert!(matches!(of(i64::MIN, i64::MAX), Err(InputError::Days { .. })));
    assert!(matches!(of(i64::MAX - 1, i64::MAX), Err(InputError::Calendar(_))));
    assert!(matches!(of(i64::MIN, i64::MIN + 1), Err(InputError::Calendar(_))));
    let month = Build::new().up(0, 2).span(LinkState::Down, 1, 3);
    let days = days(&zone("UTC"), whole(&month), open, &month.inputs.spans, &[]);
    assert!(matches!(days, Err(InputError::Overlap { .. })));
}
