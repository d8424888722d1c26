use jiff::{Timestamp, Zoned, tz::TimeZone};
use sla::Statement;

/// Moments of a statement as clocks in its zone show them.
#[derive(Clone, Debug)]
pub(crate) struct LocalTime {
    zone: TimeZone,
    /// The clock is put forward or back within the period: times then carry their offset, or an hour would be ambiguous.
    shifts: bool,
}

impl LocalTime {
    /// In the zone of a statement; in UTC if nobody knows that zone here.
    pub(crate) fn of(statement: &Statement) -> Self {
        let zone = TimeZone::get(&statement.timezone).unwrap_or(TimeZone::UTC);
        let mut time = Self { zone, shifts: false };
        time.shifts = time.offset(statement.from_ms) != time.offset(statement.to_ms - 1);
        time
    }

    /// In a zone by its name; in UTC if nobody knows it here. Times carry no offset.
    pub(crate) fn in_zone(name: &str) -> Self {
        Self { zone: TimeZone::get(name).unwrap_or(TimeZone::UTC), shifts: false }
    }

    /// `Asia/Kolkata`
    pub(crate) fn name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    pub(crate) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    pub(crate) fn at(&self, at_ms: i64) -> Zoned {
        // What lies outside the calendar is shown at its edge.
        let edge = if at_ms < 0 { Timestamp::MIN } else { Timestamp::MAX };
        Timestamp::from_millisecond(at_ms).unwrap_or(edge).to_zoned(self.zone.clone())
    }

    fn text(&self, at_ms: i64, format: &str) -> String {
        let at = self.at(at_ms);
        let text = at.strftime(format);
        if self.shifts { format!("{text} (UTC{})", at.strftime("%:z")) } else { text.to_string() }
    }

    /// `+05:30`
    pub(crate) fn offset(&self, at_ms: i64) -> String {
        self.at(at_ms).strftime("%:z").to_string()
    }

    /// `3 Oct 2026, 14:05:33`
    pub(crate) fn second(&self, at_ms: i64) -> String {
        self.text(at_ms, "%-d %b %Y, %H:%M:%S")
    }

    /// `3 Oct 2026, 14:05`
    pub(crate) fn minute(&self, at_ms: i64) -> String {
        self.text(at_ms, "%-d %b %Y, %H:%M")
    }

    /// `2026-10-03 14:05:33`, which spreadsheets take for a time.
    pub(crate) fn sheet(&self, at_ms: i64) -> String {
        self.at(at_ms).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }
}
