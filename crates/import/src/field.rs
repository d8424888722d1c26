//! What a value must be like, wherever people type it: in a form, in a file, on a command line. An error is a sentence that says
//! what to write.

use jiff::{civil::Date, tz::TimeZone};
use sla::Decimal;

/// Types of lines, as they are stored.
pub const KINDS: &[&str] = &["ILL", "P2P", "MPLS", "broadband"];
/// The most characters of a name.
pub const NAME_CHARS_MAX: usize = 200;
/// Bytes of a SHA-256 fingerprint.
const FINGERPRINT_BYTES: usize = 32;

/// A text on one line that is not empty.
pub fn name(text: &str) -> Result<String, String> {
    if text.is_empty() {
        Err("This must not be empty.".to_owned())
    } else if text.chars().count() > NAME_CHARS_MAX {
        Err(format!("This has more than {NAME_CHARS_MAX} characters."))
    } else if text.chars().any(char::is_control) {
        Err("This has a control character in it.".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

/// A type of line, in whatever case it is written.
pub fn kind(text: &str) -> Result<&'static str, String> {
    let found = KINDS.iter().find(|kind| kind.eq_ignore_ascii_case(text));
    found.copied().ok_or_else(|| format!("Write one of {}.", KINDS.join(", ")))
}

/// A decimal from 0 to `most`, kept as it was written, which the contract's arithmetic reads.
pub fn decimal(text: &str, most: u32) -> Result<String, String> {
    const PLACES_MAX: u32 = 5;
    match text.parse::<Decimal>() {
        Ok(value) if value.places() <= PLACES_MAX && value.millionths() <= i64::from(most) * 1_000_000 => {
            Ok(text.to_owned())
        }
        _ => Err(format!(
            "Write a number from 0 to {most} with at most {PLACES_MAX} decimals, for example 20 or 99.5."
        )),
    }
}

/// Mbit/s as bits per second: more than nothing, at most 10 Tbit/s.
pub fn mbps(text: &str) -> Result<i64, String> {
    const MBPS_MAX: f64 = 10_000_000.0;
    let bps = |mbps: f64| (mbps * 1_000_000.0).round();
    match text.parse::<f64>() {
        Ok(mbps) if bps(mbps) >= 1.0 && mbps <= MBPS_MAX => Ok(bps(mbps) as i64),
        _ => Err("Write Mbit/s as a number above 0, for example 100 or 2.5.".to_owned()),
    }
}

/// A length of time in seconds: `90`, `90s`, `15m`, `2h`.
pub fn seconds(text: &str) -> Result<i64, String> {
    let (number, unit) = match text.char_indices().last() {
        Some((at, 's')) => (&text[..at], 1),
        Some((at, 'm')) => (&text[..at], 60),
        Some((at, 'h')) => (&text[..at], 3_600),
        _ => (text, 1),
    };
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = number.parse::<i64>().ok().filter(|_| digits).and_then(|number| number.checked_mul(unit));
    seconds.ok_or_else(|| "Write a length of time as 90s, 15m or 2h.".to_owned())
}

/// A length of time as [`seconds`] reads it, in the largest unit that holds it.
pub fn seconds_text(seconds: i64) -> String {
    match seconds {
        0 => "0s".to_owned(),
        _ if seconds % 3_600 == 0 => format!("{}h", seconds / 3_600),
        _ if seconds % 60 == 0 => format!("{}m", seconds / 60),
        _ => format!("{seconds}s"),
    }
}

/// An address, or a name that could be resolved.
pub fn host(text: &str) -> Result<String, String> {
    const CHARS_MAX: usize = 253;
    let is_label =
        |label: &str| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let is_name = text.len() <= CHARS_MAX && text.split('.').all(is_label);
    if text.parse::<std::net::IpAddr>().is_ok() || is_name {
        Ok(text.to_owned())
    } else {
        Err("Write an IP address or a host name.".to_owned())
    }
}

/// A TCP port.
pub fn port(text: &str) -> Result<u16, String> {
    match text.parse::<u16>() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err("Write a port from 1 to 65535.".to_owned()),
    }
}

/// Midnight at the start of a day.
pub fn day(text: &str, zone: &TimeZone) -> Result<i64, String> {
    let is_day = text.len() == "2026-11-01".len();
    let day = is_day.then(|| text.parse::<Date>().ok()).flatten();
    let start = day.and_then(|day| day.to_zoned(zone.clone()).ok());
    start
        .map(|start| start.timestamp().as_millisecond())
        .ok_or_else(|| "Write a day, for example 2026-11-01.".to_owned())
}

/// The SHA-256 of a certificate, as routers and tools write it.
pub fn fingerprint(text: &str) -> Result<[u8; FINGERPRINT_BYTES], String> {
    let why = || "Write the 64 hexadecimal digits of its SHA-256.".to_owned();
    let digits: Vec<u32> =
        text.chars().filter(|c| *c != ':' && !c.is_whitespace()).filter_map(|c| c.to_digit(16)).collect();
    let plain = text.chars().all(|c| c == ':' || c.is_whitespace() || c.is_ascii_hexdigit());
    if !plain || digits.len() != 2 * FINGERPRINT_BYTES {
        return Err(why());
    }
    let bytes: Vec<u8> =
        digits.chunks_exact(2).filter_map(|pair| u8::try_from(pair[0] << 4 | pair[1]).ok()).collect();
    bytes.try_into().map_err(|_| why())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_plain_and_in_range() {
        assert_eq!(decimal("99.95", 100), Ok("99.95".to_owned()));
        for bad in [
            "",
            "100.1",
            "-1",
            "1e1",
            "99.123456",
            ".",
            "NaN",
            "1,5",
            "99.",
            ".5",
            "100.00001",
            "99999999999999",
        ] {
            assert!(decimal(bad, 100).is_err(), "{bad}");
        }
        assert_eq!((mbps("2.5"), mbps("100")), (Ok(2_500_000), Ok(100_000_000)));
        for bad in ["0", "-1", "NaN", "inf", "1e99", "fast", ""] {
            assert!(mbps(bad).is_err(), "{bad}");
        }
        assert!(port("8728").is_ok() && port("0").is_err() && port("65536").is_err());
    }

    #[test]
    fn names_and_addresses() {
        for good in ["198.51.100.7", "edge-1.isp.example", "2001:db8::1"] {
            assert!(host(good).is_ok(), "{good}");
        }
        for bad in ["edge 1", "", "a..b", "http://edge"] {
            assert!(host(bad).is_err(), "{bad}");
        }
        assert_eq!((kind("ill"), kind("Broadband")), (Ok("ILL"), Ok("broadband")));
        assert!(kind("fibre").is_err());
        assert!(name("a\u{7}b").is_err() && name("").is_err() && name("लीज़").is_ok());
    }

    #[test]
    fn a_day_begins_at_midnight_of_its_zone() {
        let kolkata = TimeZone::get("Asia/Kolkata").expect("known");
        assert_eq!(day("2026-11-01", &kolkata), Ok(1_793_471_400_000));
        for bad in ["2026-11-31", "1.11.2026", "2026-11-01T00:00", "", "2026-1-1"] {
            assert!(day(bad, &kolkata).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_fingerprint_is_taken_as_routers_and_tools_write_it() {
        let colons = vec!["AB"; 32].join(":");
        assert_eq!((fingerprint(&"ab".repeat(32)), fingerprint(&colons)), (Ok([0xab; 32]), Ok([0xab; 32])));
        for bad in ["", "ab", &"zz".repeat(32), &"ab".repeat(33)] {
            assert!(fingerprint(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_length_has_a_unit_or_is_in_seconds() {
        for (text, length) in [("90", 90), ("90s", 90), ("15m", 900), ("2h", 7_200), ("0", 0)] {
            assert_eq!(seconds(text), Ok(length), "{text}");
        }
        for text in ["", "m", "-5", "+5", "1.5h", "5d", "९s", "99999999999999999h"] {
            assert!(seconds(text).is_err_and(|why| why.contains("90s, 15m or 2h")), "{text}");
        }
        for length in [0, 1, 59, 60, 90, 900, 3_600, 5_400, 86_400] {
            assert_eq!(seconds(&seconds_text(length)), Ok(length));
        }
        assert_eq!([0, 90, 900, 5_400, 7_200].map(seconds_text), ["0s", "90s", "15m", "90m", "2h"]);
    }
}
