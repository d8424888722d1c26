use sla::Interval;

use super::{Scale, WIDTH};
use crate::local_time::LocalTime;

/// Days between two dates on the time axis.
const DATE_DAYS: i8 = 5;
/// Room that a date needs, points.
const DATE_WIDTH: f64 = 22.0;
/// The most lines of a value axis, the base line left out.
const TICKS_MAX: i64 = 4;

/// The 1st, 6th, 11th … of the month at their midnights: place and text.
pub(super) fn dates(month: Interval, time: &LocalTime, scale: Scale) -> Vec<(f64, String)> {
    let first = time.at(month.from_ms).date();
    let days = (0..first.days_in_month()).step_by(DATE_DAYS as usize);
    let place = |days: i8| {
        let date = first.checked_add(jiff::Span::new().days(days)).ok()?;
        let midnight = date.to_zoned(time.zone().clone()).ok()?;
        Some((scale.x(midnight.timestamp().as_millisecond()), date.strftime("%-d %b").to_string()))
    };
    days.filter_map(place).filter(|(x, _)| *x <= WIDTH - DATE_WIDTH).collect()
}

/// Round values from above 0 up to and not beyond `top`: steps of 1, 2 or 5 times a power of ten.
pub(super) fn ticks(top: i64) -> Vec<i64> {
    let top = top.max(1);
    let steps = (0..18).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_i64.pow(power)));
    let step = steps.into_iter().find(|step| top / step <= TICKS_MAX).unwrap_or(top);
    (1..=top / step).map(|count| count * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(ticks(105_000_000), [50_000_000, 100_000_000]);
        assert_eq!(ticks(21_000), [5_000, 10_000, 15_000, 20_000]);
        assert_eq!(ticks(1), [1]);
        assert_eq!(ticks(0), [1]);
        assert!(ticks(i64::MAX).len() <= 10);
    }
}
