use super::*;
use proptest::prelude::*;

/// Monday 2026-11-23 00:00 UTC.
const MONDAY_MS: i64 = 1_795_392_000_000;
const HOUR_MS: i64 = 3_600_000;

fn profile(shape: Shape) -> Profile {
    Profile { peak_bps: 100_000_000, shape, utc_offset_ms: 0, seed: 7 }
}

#[test]
fn constant_traffic_is_exact_by_hand() {
    let flat = profile(Shape::Constant);
    assert_eq!(
        total_bytes(&flat, MONDAY_MS + 300_000) - total_bytes(&flat, MONDAY_MS),
        100_000_000 / 8 * 300
    );
    assert_eq!(rate_bps(&flat, MONDAY_MS), 100_000_000);
}

/// A rate that is not the counter's slope would make every comparison of stored rates with counters a lie.
#[test]
fn rates_of_consecutive_seconds_add_up_to_the_counter_difference() {
    let office = profile(Shape::Office);
    let from = MONDAY_MS + 9 * HOUR_MS + 123;
    let by_rates: u64 = (1..=900).map(|second| rate_bps(&office, from + second * 1000)).sum();
    let by_counters = 8 * (total_bytes(&office, from + 900_000) - total_bytes(&office, from));
    assert_eq!(by_rates, by_counters);
}

#[test]
fn office_days_are_busy_and_nights_and_sundays_are_not() {
    let office = profile(Shape::Office);
    let hour = |day: i64, hour: i64| {
        let from = MONDAY_MS + day * 24 * HOUR_MS + hour * HOUR_MS;
        8 * (total_bytes(&office, from + HOUR_MS) - total_bytes(&office, from)) / 3600
    };
    assert!(hour(1, 16) > 80_000_000, "Tuesday afternoon: {}", hour(1, 16));
    assert!(hour(1, 3) < 12_000_000, "Tuesday night: {}", hour(1, 3));
    assert!(hour(6, 16) < 35_000_000, "Sunday afternoon: {}", hour(6, 16));
}

#[test]
fn the_busy_hours_follow_the_customers_clock() {
    let utc = profile(Shape::Evening);
    let kolkata = Profile { utc_offset_ms: 19_800_000, ..utc };
    // The same local wall clock hour must carry about the same: compare 21:00 local.
    let bytes = |p: &Profile, from: i64| total_bytes(p, from + HOUR_MS) - total_bytes(p, from);
    let at_home = bytes(&utc, MONDAY_MS + 21 * HOUR_MS);
    let in_kolkata = bytes(&kolkata, MONDAY_MS + 21 * HOUR_MS - 19_800_000);
    assert!(at_home.abs_diff(in_kolkata) * 4 < at_home, "{at_home} and {in_kolkata}");
}

#[test]
fn noise_changes_minutes() {
    let one = profile(Shape::Office);
    let two = Profile { seed: 8, ..one };
    let at = MONDAY_MS + 10 * HOUR_MS;
    assert_ne!(rate_bps(&one, at), rate_bps(&two, at));
}

proptest! {
    #[test]
    fn totals_never_fall(at in 0i64..4_000_000_000_000, step in 0i64..100_000, seed: u64, peak in 0u64..40_000_000_000) {
        for shape in [Shape::Office, Shape::Evening, Shape::Flat, Shape::Constant] {
            let p = Profile { peak_bps: peak, shape, utc_offset_ms: 19_800_000, seed };
            prop_assert!(total_bytes(&p, at + step) >= total_bytes(&p, at));
        }
    }

    #[test]
    fn rates_stay_under_twice_the_peak(at in 1_000_000_000_000i64..2_000_000_000_000, seed: u64) {
        let p = Profile { seed, ..profile(Shape::Office) };
        prop_assert!(rate_bps(&p, at) < 2 * p.peak_bps);
    }
}
