use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use sla::Interval;

/// The company's time zone: every moment on a page is told in it, and the page names it.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    zone: TimeZone,
    /// IANA name.
    pub(crate) name: String,
}

impl Zone {
    /// A zone that this machine does not know is told as UTC, and named so.
    pub(crate) fn named(name: &str) -> Self {
        match TimeZone::get(name) {
            Ok(zone) => Self { zone, name: name.to_owned() },
            Err(error) => {
                tracing::warn!(zone = name, %error, "unknown time zone: times are shown in UTC");
                Self { zone: TimeZone::UTC, name: "UTC".to_owned() }
            }
        }
    }

    /// For the arithmetic of calendars.
    pub(crate) fn time_zone(&self) -> &TimeZone {
        &self.zone
    }

    /// `IST (Asia/Kolkata)`: what to print beside times.
    pub(crate) fn label(&self, at_ms: i64) -> String {
        let short = self.short(at_ms);
        if short == self.name { short } else { format!("{short} ({})", self.name) }
    }

    /// `IST`
    pub(crate) fn short(&self, at_ms: i64) -> String {
        self.format(at_ms, "%Z")
    }

    /// `14:03`
    pub(crate) fn clock(&self, at_ms: i64) -> String {
        self.format(at_ms, "%H:%M")
    }

    /// `14:03:27`
    pub(crate) fn seconds(&self, at_ms: i64) -> String {
        self.format(at_ms, "%H:%M:%S")
    }

    /// `23 Nov 2026`
    pub(crate) fn day(&self, at_ms: i64) -> String {
        self.format(at_ms, "%-d %b %Y")
    }

    /// `November 2026`
    pub(crate) fn month_words(&self, at_ms: i64) -> String {
        self.format(at_ms, "%B %Y")
    }

    /// `2026-11-24`: the same in every language.
    pub(crate) fn iso_day(&self, at_ms: i64) -> String {
        self.format(at_ms, "%Y-%m-%d")
    }

    /// `2026-11-24 14:03`
    pub(crate) fn iso_moment(&self, at_ms: i64) -> String {
        self.format(at_ms, "%Y-%m-%d %H:%M")
    }

    /// `14:03` today, `22 Nov 14:03` earlier, `22 Nov 2025 14:03` in another year.
    pub(crate) fn moment(&self, at_ms: i64, now_ms: i64) -> String {
        format!("{}{}", self.day_before(at_ms, now_ms), self.clock(at_ms))
    }

    /// [`moment`](Self::moment) to the second, as outages are dated.
    pub(crate) fn exact(&self, at_ms: i64, now_ms: i64) -> String {
        format!("{}{}", self.day_before(at_ms, now_ms), self.seconds(at_ms))
    }

    /// `2026-11-23T18:00`, as a form's field for date and time has it.
    pub(crate) fn form(&self, at_ms: i64) -> String {
        self.format(at_ms, "%Y-%m-%dT%H:%M")
    }

    /// `2026-11-23T18:00:00+05:30`, for machines.
    pub(crate) fn iso(&self, at_ms: i64) -> String {
        self.format(at_ms, "%Y-%m-%dT%H:%M:%S%:z")
    }

    /// `23 Nov 18:00`, `23 Nov 2025 18:00` in another year than now: for ranges of days.
    pub(crate) fn dated(&self, at_ms: i64, now_ms: i64) -> String {
        let pattern = if self.format(at_ms, "%Y") == self.format(now_ms, "%Y") {
            "%-d %b %H:%M"
        } else {
            "%-d %b %Y %H:%M"
        };
        self.format(at_ms, pattern)
    }

    /// What somebody wrote: a date, a date and time by this zone's clock or with an offset, or Unix milliseconds. A
    /// time that the clock skips is taken after the jump, one that it shows twice is the first. Nothing before 1970.
    pub(crate) fn parse(&self, text: &str) -> Option<i64> {
        let at = if let Ok(at_ms) = text.parse() {
            Timestamp::from_millisecond(at_ms).ok()?
        } else if let Ok(at) = text.parse::<Timestamp>() {
            at
        } else {
            text.parse::<DateTime>().ok()?.to_zoned(self.zone.clone()).ok()?.timestamp()
        };
        Some(at.as_millisecond()).filter(|&at_ms| at_ms >= 0)
    }

    /// The same day and time so many months before, or the month's last day if it has no such day.
    pub(crate) fn months_before(&self, at_ms: i64, months: i32) -> i64 {
        let before = moment(at_ms).to_zoned(self.zone.clone()).checked_sub(Span::new().months(months));
        before.map_or(at_ms, |before| before.timestamp().as_millisecond())
    }

    /// The clock's hour that holds a moment: in Kolkata it begins at half past of UTC.
    pub(crate) fn hour(&self, at_ms: i64) -> Interval {
        const HOUR_MS: i64 = 60 * 60 * 1000;
        let offset_ms = i64::from(self.zone.to_offset(moment(at_ms)).seconds()) * 1000;
        let from_ms = at_ms - (at_ms + offset_ms).rem_euclid(HOUR_MS);
        Interval::new(from_ms, from_ms + HOUR_MS)
    }

    /// The day that holds a moment, from midnight to midnight.
    pub(crate) fn day_around(&self, at_ms: i64) -> Interval {
        let first = moment(at_ms).to_zoned(self.zone.clone()).date();
        self.between(first, first.checked_add(Span::new().days(1)).unwrap_or(first))
    }

    /// The calendar month that holds a moment.
    pub(crate) fn month_around(&self, at_ms: i64) -> Interval {
        let first = moment(at_ms).to_zoned(self.zone.clone()).date().first_of_month();
        self.between(first, first.checked_add(Span::new().months(1)).unwrap_or(first))
    }

    fn between(&self, first: Date, next: Date) -> Interval {
        let midnight = |date: Date| {
            let zoned = date.to_zoned(self.zone.clone());
            zoned.map_or(0, |zoned| zoned.timestamp().as_millisecond())
        };
        Interval::new(midnight(first), midnight(next))
    }

    fn day_before(&self, at_ms: i64, now_ms: i64) -> String {
        if self.day(at_ms) == self.day(now_ms) {
            String::new()
        } else if self.format(at_ms, "%Y") == self.format(now_ms, "%Y") {
            self.format(at_ms, "%-d %b ")
        } else {
            self.format(at_ms, "%-d %b %Y ")
        }
    }

    fn format(&self, at_ms: i64, pattern: &str) -> String {
        moment(at_ms).to_zoned(self.zone.clone()).strftime(pattern).to_string()
    }
}

/// A damaged time of a row must not take the page with it.
fn moment(at_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_the_zone_and_name_it() {
        let kolkata = Zone::named("Asia/Kolkata");
        let at_ms = 1_795_437_000_000; // 2026-11-23 12:30:00 UTC
        assert_eq!(kolkata.clock(at_ms), "18:00");
        assert_eq!(kolkata.label(at_ms), "IST (Asia/Kolkata)");
        assert_eq!(kolkata.moment(at_ms, at_ms + 1_000), "18:00");
        assert_eq!(kolkata.hour(at_ms + 1_234), Interval::new(at_ms, at_ms + 3_600_000));
        assert_eq!(kolkata.hour(at_ms - 1), Interval::new(at_ms - 3_600_000, at_ms));
        assert_eq!(kolkata.moment(at_ms - 86_400_000, at_ms), "22 Nov 18:00");
        assert_eq!(kolkata.form(at_ms), "2026-11-23T18:00");
        assert_eq!(kolkata.iso(at_ms + 7_000), "2026-11-23T18:00:07+05:30");
        assert_eq!(kolkata.dated(at_ms, at_ms), "23 Nov 18:00");
        assert_eq!(kolkata.dated(at_ms, at_ms + 60 * 86_400_000), "23 Nov 2026 18:00");
        assert_eq!(Zone::named("Mars/Olympus").label(at_ms), "UTC");
    }

    #[test]
    fn days_and_months_have_their_own_lengths() {
        let berlin = Zone::named("Europe/Berlin");
        let at_ms = berlin.parse("2026-10-25T12:00").unwrap();
        assert_eq!(berlin.day_around(at_ms).len_ms(), 25 * 3_600_000, "the clock was turned back");
        let october = Interval::new(berlin.parse("2026-10-01").unwrap(), berlin.parse("2026-11-01").unwrap());
        assert_eq!(berlin.month_around(at_ms), october);
    }

    #[test]
    fn times_that_the_clock_skips_or_repeats_can_be_written() {
        let berlin = Zone::named("Europe/Berlin");
        let utc = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
        assert_eq!(berlin.parse("2026-03-29T02:30"), Some(utc("2026-03-29T01:30:00Z")));
        assert_eq!(berlin.parse("2026-10-25T02:30"), Some(utc("2026-10-25T00:30:00Z")));
        assert_eq!(berlin.parse("2026-10-25T02:30+01:00"), Some(utc("2026-10-25T01:30:00Z")));
        assert_eq!(berlin.months_before(utc("2026-03-31T10:00:00Z"), 13), utc("2025-02-28T11:00:00Z"));
        for bad in [
            "",
            "now",
            "2026-02-30",
            "25:00",
            "1969-01-01",
            "-5",
            "99999999999999999999",
            "9223372036854775807",
        ] {
            assert_eq!(berlin.parse(bad), None, "{bad}");
        }
    }
}
