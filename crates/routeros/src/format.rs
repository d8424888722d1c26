//! How RouterOS writes values: durations, dates of both generations, booleans, numbers. All return `None` for what
//! they cannot read; a missing or empty value is never taken as zero.

use std::time::Duration;

use jiff::civil::{Date, DateTime, Time};

/// Units of a duration, longest first, with their microseconds. `ms` and `us` end in `s`, `ms` starts with `m`: the
/// longest match wins.
const UNITS: [(&[u8], u64); 7] = [
    (b"w", 7 * 86_400_000_000),
    (b"d", 86_400_000_000),
    (b"h", 3_600_000_000),
    (b"m", 60_000_000),
    (b"s", 1_000_000),
    (b"ms", 1_000),
    (b"us", 1),
];

const MONTHS: [&[u8]; 12] =
    [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];

/// Units of a rate with their bits per second; the longest match wins.
const RATE_UNITS: [(&[u8], u64); 4] =
    [(b"Gbps", 1_000_000_000), (b"Mbps", 1_000_000), (b"kbps", 1_000), (b"bps", 1)];

/// Reads a rate as ports write it, in bits per second: `100Mbps`, `2.5Gbps`.
///
/// ```
/// use routeros::format::parse_bits_per_second;
///
/// assert_eq!(parse_bits_per_second(b"2.5Gbps"), Some(2_500_000_000));
/// assert_eq!(parse_bits_per_second(b""), None);
/// ```
pub fn parse_bits_per_second(text: &[u8]) -> Option<u64> {
    let (number, unit_bps) =
        RATE_UNITS.iter().find_map(|(unit, bps)| Some((text.strip_suffix(*unit)?, *bps)))?;
    let mut parts = number.splitn(2, |byte| *byte == b'.');
    let whole = parse_u64(parts.next()?)?.checked_mul(unit_bps)?;
    let Some(fraction) = parts.next() else { return Some(whole) };
    let digits = u32::try_from(fraction.len()).ok()?;
    let part = parse_u64(fraction)?.checked_mul(unit_bps)?.checked_div(10_u64.checked_pow(digits)?)?;
    whole.checked_add(part)
}

/// Reads a duration: units from long to short (`1w4d23h26m9s`, `9ms237us`), or a clock (`01:22:53`, with a fraction
/// of a second if there is one), or days and a clock (`1d01:22:53`).
///
/// ```
/// use std::time::Duration;
/// use routeros::format::parse_duration;
///
/// assert_eq!(parse_duration(b"9ms237us"), Some(Duration::from_micros(9_237)));
/// assert_eq!(parse_duration(b"1d01:22:53"), Some(Duration::from_secs(91_373)));
/// assert_eq!(parse_duration(b""), None);
/// ```
pub fn parse_duration(text: &[u8]) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    let mut units = &UNITS[..];
    while !rest.is_empty() {
        let (number, after) = take_number(rest)?;
        if after.first() == Some(&b':') {
            // A clock may follow weeks and days, not hours or less.
            return (units.len() >= UNITS.len() - 2).then(|| total.checked_add(parse_clock(rest)?))?;
        }
        let letters = after.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        // `1m30s` has the letters `m`, then a digit: a unit always ends at a digit or at the end.
        let unit = &after[..letters];
        let at = units.iter().position(|(name, _)| *name == unit)?;
        total = total.checked_add(Duration::from_micros(number.checked_mul(units[at].1)?))?;
        units = &units[at + 1..];
        rest = &after[letters..];
    }
    (!text.is_empty()).then_some(total)
}

/// Reads a date and time: `oct/04/2017 21:18:35` (before RouterOS 7.10) or `2024-11-24 06:17:58` (since). It is the
/// router's local time, without a zone.
pub fn parse_date_time(text: &[u8]) -> Option<DateTime> {
    let space = text.iter().position(|&byte| byte == b' ')?;
    Some(parse_date(&text[..space])?.to_datetime(parse_time(&text[space + 1..])?))
}

/// Reads a date: `oct/04/2017` or `2024-11-24`.
pub fn parse_date(text: &[u8]) -> Option<Date> {
    let (year, month, day) = match *text {
        [m1, m2, m3, b'/', d1, d2, b'/', y1, y2, y3, y4] => {
            let name = [m1, m2, m3].map(|byte| byte.to_ascii_lowercase());
            let month = MONTHS.iter().position(|month| *month == name)? + 1;
            (digits(&[y1, y2, y3, y4])?, month as u64, digits(&[d1, d2])?)
        }
        [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] => {
            (digits(&[y1, y2, y3, y4])?, digits(&[m1, m2])?, digits(&[d1, d2])?)
        }
        _ => return None,
    };
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// Reads a time of day: `21:18:35`.
pub fn parse_time(text: &[u8]) -> Option<Time> {
    let [h1, h2, b':', m1, m2, b':', s1, s2] = *text else { return None };
    let part = |tens, ones| i8::try_from(digits(&[tens, ones])?).ok();
    Time::new(part(h1, h2)?, part(m1, m2)?, part(s1, s2)?, 0).ok()
}

/// Reads an offset from UTC in seconds: `+05:30`, `-03:00`, or seconds as some releases send them.
pub fn parse_offset_seconds(text: &[u8]) -> Option<i32> {
    let (sign, rest) = match *text.first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => (1, text),
    };
    let seconds = match *rest {
        [h1, h2, b':', m1, m2] => digits(&[h1, h2])? * 3600 + digits(&[m1, m2])? * 60,
        _ => digits(rest)?,
    };
    Some(sign * i32::try_from(seconds).ok().filter(|seconds| *seconds <= 24 * 3600)?)
}

/// Reads a boolean: `true`/`false`, or `yes`/`no` as older releases write.
pub fn parse_bool(text: &[u8]) -> Option<bool> {
    match text {
        b"true" | b"yes" => Some(true),
        b"false" | b"no" => Some(false),
        _ => None,
    }
}

/// Reads a counter. Missing counters come as empty values from some models: that is `None`, not zero.
pub fn parse_u64(text: &[u8]) -> Option<u64> {
    digits(text)
}

/// `hh:mm:ss` with any number of hours and an optional fraction.
fn parse_clock(text: &[u8]) -> Option<Duration> {
    let (whole, fraction) = match text.iter().position(|&byte| byte == b'.') {
        Some(at) => (&text[..at], parse_fraction(&text[at + 1..])?),
        None => (text, 0),
    };
    let (hours, rest) = take_number(whole)?;
    let [b':', m1, m2, b':', s1, s2] = *rest else { return None };
    let (minutes, seconds) = (digits(&[m1, m2])?, digits(&[s1, s2])?);
    if minutes >= 60 || seconds >= 60 {
        return None;
    }
    let seconds = hours.checked_mul(3600)?.checked_add(minutes * 60 + seconds)?;
    Some(Duration::new(seconds, fraction))
}

/// Nanoseconds of a decimal fraction of up to nine digits.
fn parse_fraction(text: &[u8]) -> Option<u32> {
    let missing = 9_u32.checked_sub(u32::try_from(text.len()).ok()?)?;
    u32::try_from(digits(text)? * 10_u64.pow(missing)).ok()
}

fn take_number(text: &[u8]) -> Option<(u64, &[u8])> {
    let end = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    Some((digits(&text[..end])?, &text[end..]))
}

fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn durations() {
        let cases: [(&str, Duration); 12] = [
            ("1w4d23h26m9s", Duration::from_secs((11 * 24 + 23) * 3600 + 26 * 60 + 9)),
            ("5d9s", Duration::from_secs(5 * 86_400 + 9)),
            ("1m30s", Duration::from_secs(90)),
            ("01:22:53", Duration::from_secs(4_973)),
            ("1d01:22:53", Duration::from_secs(91_373)),
            ("1w2d00:00:01", Duration::from_secs(9 * 86_400 + 1)),
            ("9ms237us", Duration::from_micros(9_237)),
            ("27699us", Duration::from_micros(27_699)),
            ("0ms", Duration::ZERO),
            ("1s5ms", Duration::from_millis(1_005)),
            ("1m2ms", Duration::from_millis(60_002)),
            ("00:00:00.25", Duration::from_millis(250)),
        ];
        for (text, duration) in cases {
            assert_eq!(parse_duration(text.as_bytes()), Some(duration), "{text}");
        }
        let refused =
            ["", "12", "s", "1s1m", "1x", "-1s", "1s ", "1h01:00:00", "01:60:00", "99999999999999999999s"];
        for text in refused.into_iter().chain(["18446744073709551615w", ":", "1:", "1.5s"]) {
            assert_eq!(parse_duration(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn dates_of_both_generations() {
        let old = date(2017, 10, 4).at(21, 18, 35, 0);
        assert_eq!(parse_date_time(b"oct/04/2017 21:18:35"), Some(old));
        assert_eq!(parse_date_time(b"Oct/04/2017 21:18:35"), Some(old));
        assert_eq!(parse_date_time(b"2024-11-24 06:17:58"), Some(date(2024, 11, 24).at(6, 17, 58, 0)));
        for text in
            ["", "never", "2024-13-01 00:00:00", "2024-02-30 00:00:00", "2024-11-24", "2024-11-24 24:00:00"]
        {
            assert_eq!(parse_date_time(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn offsets_booleans_and_counters() {
        assert_eq!(parse_offset_seconds(b"+05:30"), Some(19_800));
        assert_eq!(parse_offset_seconds(b"-03:00"), Some(-10_800));
        assert_eq!(parse_offset_seconds(b"7200"), Some(7_200));
        assert_eq!(parse_offset_seconds(b"+"), None);
        assert_eq!(parse_bool(b"yes"), Some(true));
        assert_eq!(parse_bool(b"false"), Some(false));
        assert_eq!(parse_bool(b""), None);
        assert_eq!(parse_u64(b"70881296060"), Some(70_881_296_060));
        assert_eq!(parse_u64(b""), None, "an empty counter is not zero");
        assert_eq!(parse_u64(b"18446744073709551616"), None);
    }
}
