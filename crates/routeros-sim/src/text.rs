//! RouterOS's ways of writing durations, dates and numbers.

use crate::Dialect;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::io::Write;

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// `1w4d23h26m9s`: whole seconds, parts that are zero are left out, `0s` if all are.
pub(crate) fn write_uptime(out: &mut Vec<u8>, ms: i64) {
    let seconds = ms.max(0) / 1000;
    let parts = [
        (seconds / 604_800, 'w'),
        (seconds / 86_400 % 7, 'd'),
        (seconds / 3_600 % 24, 'h'),
        (seconds / 60 % 60, 'm'),
        (seconds % 60, 's'),
    ];
    let before = out.len();
    for (amount, unit) in parts {
        if amount > 0 {
            put(out, format_args!("{amount}{unit}"));
        }
    }
    if out.len() == before {
        out.extend_from_slice(b"0s");
    }
}

/// A ping time: `9ms237us`, `512us`, `1s5ms`; whole milliseconds (`0ms`) on RouterOS 6.
pub(crate) fn write_round_trip(out: &mut Vec<u8>, dialect: Dialect, us: u64) {
    let before = out.len();
    let (seconds, ms, below) = (us / 1_000_000, us / 1000 % 1000, us % 1000);
    if seconds > 0 {
        put(out, format_args!("{seconds}s"));
    }
    if ms > 0 {
        put(out, format_args!("{ms}ms"));
    }
    if dialect.microsecond_pings() && below > 0 {
        put(out, format_args!("{below}us"));
    }
    if out.len() == before {
        out.extend_from_slice(if dialect.microsecond_pings() { b"0us" } else { b"0ms" });
    }
}

/// The round trip as the dialect can express it: what a client can know at best.
pub(crate) fn served_round_trip_us(dialect: Dialect, us: u64) -> u64 {
    if dialect.microsecond_pings() { us } else { us / 1000 * 1000 }
}

/// `nov/23/2026` or `2026-11-23`, of a router-local time in ms.
pub(crate) fn write_date(out: &mut Vec<u8>, dialect: Dialect, local_ms: i64) {
    let date = civil(local_ms);
    let (year, month, day) = (date.year(), date.month(), date.day());
    if dialect.iso_dates() {
        put(out, format_args!("{year:04}-{month:02}-{day:02}"));
    } else {
        put(out, format_args!("{}/{day:02}/{year:04}", MONTHS[usize::from(month.unsigned_abs()) - 1]));
    }
}

/// `12:36:22`, of a router-local time in ms.
pub(crate) fn write_time(out: &mut Vec<u8>, local_ms: i64) {
    let time = civil(local_ms);
    put(out, format_args!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second()));
}

/// A date, a space and a time.
pub(crate) fn write_date_time(out: &mut Vec<u8>, dialect: Dialect, local_ms: i64) {
    write_date(out, dialect, local_ms);
    out.push(b' ');
    write_time(out, local_ms);
}

/// `+05:30`
pub(crate) fn write_gmt_offset(out: &mut Vec<u8>, offset_ms: i64) {
    let minutes = offset_ms.abs() / 60_000;
    let sign = if offset_ms < 0 { '-' } else { '+' };
    put(out, format_args!("{sign}{:02}:{:02}", minutes / 60, minutes % 60));
}

/// Appends formatted text; a `Vec` takes whatever is written to it.
pub(crate) fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    let written = out.write_fmt(text);
    debug_assert!(written.is_ok(), "a Vec takes everything");
}

/// What a client may write for a duration, in ms: `200ms`, `1s`, `1m30s`, `2`, `0.5`, `00:00:01`.
pub(crate) fn parse_duration_ms(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    if text.contains(':') {
        return text
            .split(':')
            .try_fold(0u64, |sum, part| sum.checked_mul(60)?.checked_add(seconds_to_ms(part)?));
    }
    if let Some(ms) = seconds_to_ms(text) {
        return Some(ms);
    }
    parse_units_ms(text)
}

fn parse_units_ms(mut rest: &str) -> Option<u64> {
    const UNITS: [(&str, u64); 6] =
        [("ms", 1), ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)];
    if rest.is_empty() {
        return None;
    }
    let mut total = 0u64;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let amount: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let (unit, ms) = UNITS.into_iter().find(|(unit, _)| rest.starts_with(unit))?;
        rest = &rest[unit.len()..];
        total = total.checked_add(amount.checked_mul(ms)?)?;
    }
    Some(total)
}

/// Plain or decimal seconds.
fn seconds_to_ms(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || fraction.len() > 3 || !text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    let thousandths: u64 = format!("{fraction:0<3}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(1000)?.checked_add(thousandths)
}

fn civil(local_ms: i64) -> jiff::civil::DateTime {
    // A clock far outside the calendar shows the router's cold-start date.
    let at = Timestamp::from_millisecond(local_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_zoned(TimeZone::UTC).datetime()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn uptime_leaves_out_parts_that_are_zero() {
        let uptime = |ms| text(|out| write_uptime(out, ms));
        assert_eq!(uptime(999), "0s");
        assert_eq!(uptime(90_000), "1m30s");
        assert_eq!(uptime((5 * 86_400 + 9) * 1000), "5d9s");
        assert_eq!(uptime((11 * 86_400 + 23 * 3600 + 26 * 60 + 9) * 1000), "1w4d23h26m9s");
    }

    #[test]
    fn round_trips_by_dialect() {
        let rtt = |dialect, us| text(|out| write_round_trip(out, dialect, us));
        assert_eq!(rtt(Dialect::V7_18, 9_237), "9ms237us");
        assert_eq!(rtt(Dialect::V7_18, 512), "512us");
        assert_eq!(rtt(Dialect::V7_18, 1_005_000), "1s5ms");
        assert_eq!(rtt(Dialect::V6_49, 9_237), "9ms");
        assert_eq!(rtt(Dialect::V6_49, 512), "0ms");
    }

    #[test]
    fn dates_by_dialect() {
        let at = 1_507_151_915_000; // 2017-10-04 21:18:35
        assert_eq!(text(|out| write_date_time(out, Dialect::V6_49, at)), "oct/04/2017 21:18:35");
        assert_eq!(text(|out| write_date_time(out, Dialect::V7_4, at)), "oct/04/2017 21:18:35");
        assert_eq!(text(|out| write_date_time(out, Dialect::V7_12, at)), "2017-10-04 21:18:35");
    }

    #[test]
    fn offsets() {
        assert_eq!(text(|out| write_gmt_offset(out, 19_800_000)), "+05:30");
        assert_eq!(text(|out| write_gmt_offset(out, -12_600_000)), "-03:30");
    }

    #[test]
    fn durations_as_clients_write_them() {
        for (written, ms) in [
            ("200ms", 200),
            ("1s", 1000),
            ("1m30s", 90_000),
            ("2", 2000),
            ("0.5", 500),
            ("00:00:01", 1000),
            ("00:01:00.25", 60_250),
            ("1s5ms", 1005),
        ] {
            assert_eq!(parse_duration_ms(written.as_bytes()), Some(ms), "{written}");
        }
        for bad in ["", "fast", "1x", "-1", "1.2345", ":"] {
            assert_eq!(parse_duration_ms(bad.as_bytes()), None, "{bad}");
        }
    }
}
