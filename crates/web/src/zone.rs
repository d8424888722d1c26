use jiff::Timestamp;
use jiff::tz::TimeZone;

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

    /// `14:03` today, `22 Nov 14:03` earlier, `22 Nov 2025 14:03` in another year.
    pub(crate) fn moment(&self, at_ms: i64, now_ms: i64) -> String {
        format!("{}{}", self.day_before(at_ms, now_ms), self.clock(at_ms))
    }

    /// [`moment`](Self::moment) to the second, as outages are dated.
    pub(crate) fn exact(&self, at_ms: i64, now_ms: i64) -> String {
        format!("{}{}", self.day_before(at_ms, now_ms), self.seconds(at_ms))
    }

    /// Where the clock's hour of a moment begins: in Kolkata that is at half past of UTC.
    pub(crate) fn hour_start_ms(&self, at_ms: i64) -> i64 {
        const HOUR_MS: i64 = 60 * 60 * 1000;
        let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        let offset_ms = i64::from(self.zone.to_offset(at).seconds()) * 1000;
        at_ms - (at_ms + offset_ms).rem_euclid(HOUR_MS)
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
        // A damaged time of a row must not take the page with it.
        let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        at.to_zoned(self.zone.clone()).strftime(pattern).to_string()
    }
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
        assert_eq!(kolkata.hour_start_ms(at_ms + 1_234), at_ms);
        assert_eq!(kolkata.hour_start_ms(at_ms - 1), at_ms - 3_600_000);
        assert_eq!(kolkata.moment(at_ms - 86_400_000, at_ms), "22 Nov 18:00");
        assert_eq!(Zone::named("Mars/Olympus").label(at_ms), "UTC");
    }
}
