//! How much a pretend link carries: a day's shape, a week's shape and noise, as a function of time alone.
//!
//! The traffic is defined by its *integral*, [`total_bytes`], and the rate is a difference of that integral.
//! Rates times time therefore equal counter differences exactly, whatever the moments of reading, and a demo
//! can write months of history in the shape that the live router goes on with.
//!
//! Noise is a distortion of time, not an addition: inside a block of some seconds or minutes the traffic runs
//! first ahead of the smooth profile and then behind it (or the other way round) and meets it again at the
//! block's end. That keeps the integral monotone and computable at any moment without a loop over the past.

use crate::random::mix;

const MS_PER_HOUR: i128 = 3_600_000;
const MS_PER_DAY: i128 = 24 * MS_PER_HOUR;
const MS_PER_WEEK: i128 = 7 * MS_PER_DAY;
/// 1970-01-01 was a Thursday; weeks here begin on a Monday.
const EPOCH_FROM_MONDAY_MS: i128 = 3 * MS_PER_DAY;
/// The window over which an "instant" rate is measured, as a router does.
const RATE_WINDOW_MS: i64 = 1_000;

/// Noise levels: block length in ms and the largest deviation from the smooth rate, in 1/1000. The deviations
/// sum up to less than 1000, so that distorted time never runs backwards.
const NOISE: [(i128, i128); 4] = [(7_200_000, 180), (1_020_000, 220), (97_000, 200), (7_000, 150)];

/// Load over the day at each full hour, in 1/1000 of the peak; the line between two hours is straight.
const OFFICE: [i128; 24] = [
    110, 90, 85, 80, 80, 90, 120, 220, 420, 720, 900, 960, 930, 840, 900, 980, 1000, 950, 780, 560, 400, 300,
    220, 150,
];
const EVENING: [i128; 24] = [
    420, 260, 170, 120, 100, 100, 130, 200, 280, 330, 360, 390, 430, 430, 410, 430, 480, 560, 680, 820, 950,
    1000, 900, 660,
];
/// Load of a day of the week, Monday first, in 1/1000 of a working day.
const OFFICE_WEEK: [i128; 7] = [940, 1000, 985, 1000, 930, 340, 260];
const EVENING_WEEK: [i128; 7] = [900, 890, 900, 910, 960, 1000, 1000];
const FLAT: [i128; 24] = [1000; 24];
const FLAT_WEEK: [i128; 7] = [1000; 7];

/// When a link is busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Working hours from Monday to Friday, quiet nights and week ends.
    Office,
    /// Homes: quiet mornings, busiest at nine in the evening.
    Evening,
    /// The same load all the time, with noise.
    Flat,
    /// The same load all the time and no noise at all: for tests that do sums by hand.
    Constant,
}

/// The traffic of one direction of one link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// Bits per second in the busiest hour of the busiest day, before noise (which adds up to about 75 %).
    pub peak_bps: u64,
    /// When it is busy.
    pub shape: Shape,
    /// Offset of the customer's wall clock from UTC in milliseconds: it places the busy hours.
    pub utc_offset_ms: i64,
    /// Which noise; two profiles that differ only in this have equal totals over long times. In an
    /// [`crate::InterfaceSpec`], 0 stands for one made of the router's seed and the interface's name.
    pub seed: u64,
}

/// Bytes carried from 1970 to `at_ms` (Unix ms UTC). Never falls as time goes on. Before 1970: 0.
pub fn total_bytes(profile: &Profile, at_ms: i64) -> u64 {
    let local_ms = i128::from(at_ms.max(0)) + i128::from(profile.utc_offset_ms);
    let (day, week) = tables(profile.shape);
    let warped_us = match profile.shape {
        Shape::Constant => local_ms * 1000,
        Shape::Office | Shape::Evening | Shape::Flat => warp_us(profile.seed, local_ms),
    };
    // `load` is in (1/1000)² · ms; a peak in bits per second times milliseconds is 8,000 bytes per unit.
    let load = load_until(day, week, warped_us + EPOCH_FROM_MONDAY_MS * 1000);
    let bytes = i128::from(profile.peak_bps) * load / 1_000_000 / 8_000;
    u64::try_from(bytes).unwrap_or(0)
}

/// Bits per second over the second that ends at `at_ms` (Unix ms UTC), as `monitor-traffic` shows it.
pub fn rate_bps(profile: &Profile, at_ms: i64) -> u64 {
    8 * (total_bytes(profile, at_ms).saturating_sub(total_bytes(profile, at_ms - RATE_WINDOW_MS)))
}

fn tables(shape: Shape) -> (&'static [i128; 24], &'static [i128; 7]) {
    match shape {
        Shape::Office => (&OFFICE, &OFFICE_WEEK),
        Shape::Evening => (&EVENING, &EVENING_WEEK),
        Shape::Flat | Shape::Constant => (&FLAT, &FLAT_WEEK),
    }
}

/// Local time in µs, run ahead or behind by the noise blocks it lies in.
fn warp_us(seed: u64, local_ms: i128) -> i128 {
    let mut us = local_ms * 1000;
    for (level, (block_ms, most_permille)) in NOISE.into_iter().enumerate() {
        let block = local_ms.div_euclid(block_ms);
        let into = local_ms.rem_euclid(block_ms);
        let bits = mix(seed.wrapping_add(level as u64), block as u64);
        let span = 2 * most_permille + 1;
        let slope_permille = i128::from(bits) % span - most_permille;
        // Ahead in the first half at this slope, back to nothing at the end; 1/1000 of a ms is a µs.
        us += slope_permille * into.min(block_ms - into);
    }
    us
}

/// Integral of the load from a Monday 00:00 that lies `at_us` back, in (1/1000)² · ms, rounded down.
fn load_until(day: &[i128; 24], week: &[i128; 7], at_us: i128) -> i128 {
    let at_ms = at_us.div_euclid(1000);
    let below_ms_us = at_us.rem_euclid(1000);
    let whole = integral(day, week, at_ms);
    // Inside one millisecond the curve is taken as straight: that keeps it monotone.
    whole + (integral(day, week, at_ms + 1) - whole) * below_ms_us / 1000
}

fn integral(day: &[i128; 24], week: &[i128; 7], at_ms: i128) -> i128 {
    let weeks = at_ms.div_euclid(MS_PER_WEEK);
    let into_week = at_ms.rem_euclid(MS_PER_WEEK);
    let weekday = (into_week / MS_PER_DAY) as usize;
    let into_day = into_week % MS_PER_DAY;
    let full_day = day_integral(day, MS_PER_DAY);
    let full_week: i128 = week.iter().map(|factor| factor * full_day).sum();
    let days_before: i128 = week[..weekday].iter().map(|factor| factor * full_day).sum();
    weeks * full_week + days_before + week[weekday] * day_integral(day, into_day)
}

/// Integral of the day's polygon up to `into_ms`, in 1/1000 · ms, rounded down.
fn day_integral(day: &[i128; 24], into_ms: i128) -> i128 {
    let hour = (into_ms / MS_PER_HOUR) as usize;
    let next = |h: usize| day[(h + 1) % 24];
    let before: i128 = (0..hour.min(24)).map(|h| (day[h] + next(h)) * MS_PER_HOUR / 2).sum();
    if hour >= 24 {
        return before;
    }
    let x = into_ms % MS_PER_HOUR;
    before + day[hour] * x + (next(hour) - day[hour]) * x * x / (2 * MS_PER_HOUR)
}

#[cfg(test)]
#[path = "traffic_tests.rs"]
mod tests;
