use jiff::{civil::Date, tz::TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Interval;

/// A calendar month of a time zone: `[first 00:00, next first 00:00)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i16,
    month: i8,
}

/// A month that cannot be read or lies outside the calendar.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a month: write it as YYYY-MM")]
pub struct MonthError(String);

impl Month {
    /// The month in which a moment falls, by the clock of `zone`.
    pub fn containing(at_ms: i64, zone: &TimeZone) -> Result<Self, MonthError> {
        let at = jiff::Timestamp::from_millisecond(at_ms).map_err(|_| MonthError(at_ms.to_string()))?;
        let local = at.to_zoned(zone.clone());
        Ok(Self { year: local.year(), month: local.month() })
    }

    /// From its first midnight to the next month's, as `zone` has them; a day of 23 or 25 hours counts as it is.
    pub fn interval(self, zone: &TimeZone) -> Result<Interval, MonthError> {
        let error = || MonthError(self.to_string());
        let first = Date::new(self.year, self.month, 1).map_err(|_| error())?;
        let next = first.checked_add(jiff::Span::new().months(1)).map_err(|_| error())?;
        let at_ms = |date: Date| {
            date.to_zoned(zone.clone())
                .map(|midnight| midnight.timestamp().as_millisecond())
                .map_err(|_| error())
        };
        Ok(Interval::new(at_ms(first)?, at_ms(next)?))
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl std::str::FromStr for Month {
    type Err = MonthError;

    fn from_str(text: &str) -> Result<Self, MonthError> {
        let error = || MonthError(text.to_owned());
        let (year, month) = text.split_once('-').ok_or_else(error)?;
        if year.len() != 4 || month.len() != 2 {
            return Err(error());
        }
        let date = Date::new(year.parse().map_err(|_| error())?, month.parse().map_err(|_| error())?, 1);
        date.map(|date| Self { year: date.year(), month: date.month() }).map_err(|_| error())
    }
}

impl Serialize for Month {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Month {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(zone: &str, month: &str) -> f64 {
        let zone = TimeZone::get(zone).expect("a known zone");
        let interval = month.parse::<Month>().expect("a month").interval(&zone).expect("in the calendar");
        interval.len_ms() as f64 / 3_600_000.0
    }

    #[test]
    fn trap_19_a_month_with_a_clock_change_has_the_hours_it_has() {
        assert_eq!(hours("Asia/Kolkata", "2026-10"), 744.0);
        assert_eq!(hours("America/New_York", "2026-03"), 743.0);
        assert_eq!(hours("America/New_York", "2026-11"), 721.0);
        assert_eq!(hours("Australia/Lord_Howe", "2026-04"), 720.5);
    }

    #[test]
    fn trap_21_months_touch_without_a_lost_second() {
        let zone = TimeZone::get("Asia/Kolkata").expect("a known zone");
        let of =
            |text: &str| text.parse::<Month>().expect("a month").interval(&zone).expect("in the calendar");
        assert_eq!(of("2026-09").to_ms, of("2026-10").from_ms);
        let last = Month::containing(of("2026-10").from_ms - 1, &zone).expect("in the calendar");
        assert_eq!(last.to_string(), "2026-09");
    }

    #[test]
    fn what_is_not_a_month_is_refused() {
        for text in ["2026", "2026-13", "2026-1", "26-01", "2026-01-01", ""] {
            assert!(text.parse::<Month>().is_err(), "{text}");
        }
    }
}
