use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::Serialize;

use crate::segment::{Buckets, segments, within};
use crate::timeline::{TimeLine, left_out};
use crate::{Active, Exclusion, InputError, Interval, StateSpan};

/// The most days that one calendar holds: ten years.
pub const DAYS_MAX: i64 = 3_660;

/// A local day of a calendar. The four buckets add up to the contracted time of the day inside the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Day {
    /// Which.
    pub date: Date,
    /// Its first millisecond, also where the window begins later.
    pub from_ms: i64,
    /// The first millisecond of the next day; 23, 24, 24.5 or 25 hours on.
    pub to_ms: i64,
    /// Under contract.
    pub contracted_ms: i64,
    /// Left out by exclusions.
    pub excluded_ms: i64,
    /// Not excluded, and nobody can say.
    pub unknown_ms: i64,
    /// Not excluded, and down.
    pub down_ms: i64,
    /// Not excluded, and up.
    pub up_ms: i64,
}

/// The days that `window` touches, in order, by the same rules as [`evaluate`](crate::evaluate): the days of a month add
/// up to its figures.
pub fn days(
    zone: &TimeZone,
    window: Interval,
    active: Active,
    spans: &[StateSpan],
    exclusions: &[Exclusion],
) -> Result<Vec<Day>, InputError> {
    let line = TimeLine::new(spans)?;
    let left_out = left_out(exclusions)?;
    let segments = segments(window.intersect(active.interval()), &line, &left_out);
    let days = dates(zone, window)?.into_iter().map(|(date, day)| {
        let mut buckets = Buckets::default();
        within(&segments, day).for_each(|segment| buckets.add(&segment));
        Day {
            date,
            from_ms: day.from_ms,
            to_ms: day.to_ms,
            contracted_ms: buckets.contracted_ms(),
            excluded_ms: buckets.excluded_ms,
            unknown_ms: buckets.unknown_ms,
            down_ms: buckets.down_ms,
            up_ms: buckets.up_ms,
        }
    });
    Ok(days.collect())
}

/// The local days that a window touches. A date that a zone skipped has no time and is none of them.
fn dates(zone: &TimeZone, window: Interval) -> Result<Vec<(Date, Interval)>, InputError> {
    let mut all = Vec::new();
    if window.is_empty() {
        return Ok(all);
    }
    let days = window.len_ms() / 86_400_000;
    if days > DAYS_MAX {
        return Err(InputError::Days { days, max: DAYS_MAX });
    }
    let outside = || InputError::Calendar(format!("{} to {} ms", window.from_ms, window.to_ms));
    let midnight = |date: Date| date.to_zoned(zone.clone()).map(|at| at.timestamp().as_millisecond());
    let first = Timestamp::from_millisecond(window.from_ms).map_err(|_| outside())?;
    let mut date = first.to_zoned(zone.clone()).date();
    let mut from_ms = midnight(date).map_err(|_| outside())?;
    while from_ms < window.to_ms {
        let next = date.tomorrow().map_err(|_| outside())?;
        let to_ms = midnight(next).map_err(|_| outside())?;
        if from_ms < to_ms && window.from_ms < to_ms {
            all.push((date, Interval::new(from_ms, to_ms)));
        }
        (date, from_ms) = (next, to_ms);
    }
    Ok(all)
}
