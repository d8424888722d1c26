//! What a value must be like, wherever people type it: in a form, in a file, on a command line. An error is a sentence that says
//! what to write.

use std::net::IpAddr;

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use sla::Decimal;
use store::{folded_name, without_direction_marks};

/// Types of lines, as they are stored.
pub const KINDS: &[&str] = &["ILL", "P2P", "MPLS", "broadband"];
/// Code pages that texts on routers are read in where they are not UTF-8, by their names in the WHATWG's standard.
pub const CODE_PAGES: &[&str] = &[
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-1258",
    "windows-874",
    "koi8-r",
    "koi8-u",
    "gbk",
    "gb18030",
    "big5",
    "shift_jis",
    "euc-kr",
];
/// The most characters of a name.
pub const NAME_CHARS_MAX: usize = 200;
/// Bytes of a SHA-256 fingerprint.
const FINGERPRINT_BYTES: usize = 32;

/// A text on one line, without spaces at its ends and without characters that turn its direction. It may be empty.
pub fn line(text: &str, chars_max: usize) -> Result<String, String> {
    let text = without_direction_marks(text);
    let text = text.trim();
    if text.chars().count() > chars_max {
        Err(format!("This has more than {chars_max} characters."))
    } else if text.chars().any(char::is_control) {
        Err("This has a control character in it.".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

/// A [`line`](line()) in which there is something to see.
pub fn name(text: &str) -> Result<String, String> {
    let text = line(text, NAME_CHARS_MAX)?;
    if is_blank(&text) { Err(EMPTY.to_owned()) } else { Ok(text) }
}

/// Whether there is nothing to see in a text.
pub fn is_blank(text: &str) -> bool {
    folded_name(text).is_empty()
}

/// What is said of a field that must not be empty.
pub const EMPTY: &str = "This must not be empty.";

/// A type of line, in whatever case it is written.
pub fn kind(text: &str) -> Result<&'static str, String> {
    let found = KINDS.iter().find(|kind| kind.eq_ignore_ascii_case(text));
    found.copied().ok_or_else(|| format!("Write one of {}.", KINDS.join(", ")))
}

/// A code page, in whatever case it is written.
pub fn code_page(text: &str) -> Result<&'static str, String> {
    let found = CODE_PAGES.iter().find(|name| name.eq_ignore_ascii_case(text));
    found.copied().ok_or_else(|| format!("Write one of {}.", CODE_PAGES.join(", ")))
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

/// The address of a router or of what it pings: an IP address, with its scope where it is one of a single segment
/// (`fe80::1%ether5`), or a host name. Returned as it is stored: without the dot at a name's end.
pub fn host(text: &str) -> Result<String, String> {
    let why = || {
        let why = "Write an IP address or a host name";
        if has_port(text) {
            format!("{why}, without a port: it has a place of its own.")
        } else {
            format!("{why}.")
        }
    };
    let name = text.strip_suffix('.').unwrap_or(text);
    if is_address(text) {
        Ok(text.to_owned())
    } else if is_host_name(name) {
        Ok(name.to_owned())
    } else {
        Err(why())
    }
}

fn is_address(text: &str) -> bool {
    let (address, scope) =
        text.split_once('%').map_or((text, None), |(address, scope)| (address, Some(scope)));
    match (address.parse::<IpAddr>(), scope) {
        (Ok(_), None) => true,
        (Ok(IpAddr::V6(address)), Some(scope)) => address.is_unicast_link_local() && is_scope(scope),
        _ => false,
    }
}

/// The name of an interface, of our machine or of a router.
fn is_scope(text: &str) -> bool {
    const CHARS_MAX: usize = 64;
    let is_plain = |letter: char| letter.is_ascii_graphic() && !"%/\\\"'".contains(letter);
    !text.is_empty() && text.len() <= CHARS_MAX && text.chars().all(is_plain)
}

/// RFC 1123, 2.1, and the underscore that resolvers take; one that ends in a number is a mistyped address.
fn is_host_name(text: &str) -> bool {
    const NAME_CHARS_MAX: usize = 253;
    const LABEL_CHARS_MAX: usize = 63;
    let is_label = |label: &str| {
        (1..=LABEL_CHARS_MAX).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= NAME_CHARS_MAX
        && text.split('.').all(is_label)
        && !text.rsplit('.').next().is_some_and(is_number)
}

fn has_port(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    port.bytes().all(|byte| byte.is_ascii_digit()) && (is_address(host) || is_host_name(host))
}

/// An address and a port, as settings write them: `198.51.100.7:443`, `[2001:db8::1]:443`, `name:443`.
pub fn host_and_port(text: &str) -> Result<(String, u16), String> {
    let why = || "Write it as host:port, for example 198.51.100.7:443 or [2001:db8::1]:443.".to_owned();
    let (before, after) = text.rsplit_once(':').ok_or_else(why)?;
    let inside = before.strip_prefix('[').and_then(|inside| inside.strip_suffix(']'));
    // Without brackets nobody can say where an address of version 6 ends.
    if inside.is_none() && before.contains(':') {
        return Err(why());
    }
    Ok((host(inside.unwrap_or(before)).map_err(|_| why())?, port(after).map_err(|_| why())?))
}

/// A TCP port.
pub fn port(text: &str) -> Result<u16, String> {
    // A sign is no part of a number of this kind.
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<u16>() {
        Ok(port) if digits && port > 0 => Ok(port),
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

/// A moment: a day (its midnight), a day and a time of the zone, or a time with its offset.
pub fn moment(text: &str, zone: &TimeZone) -> Result<i64, String> {
    let local = || text.parse::<DateTime>().ok().and_then(|local| local.to_zoned(zone.clone()).ok());
    let at = text.parse::<Timestamp>().ok().or_else(|| local().map(|at| at.timestamp()));
    at.map(Timestamp::as_millisecond)
        .ok_or_else(|| "Write a day or a time, for example 2026-11-10 or 2026-11-10T14:00.".to_owned())
}

/// A moment as [`moment`] reads it: by the clock of the zone, with the offset only where the clock shows the time twice.
pub fn moment_text(at_ms: i64, zone: &TimeZone) -> String {
    let Ok(at) = Timestamp::from_millisecond(at_ms) else { return at_ms.to_string() };
    let at = at.to_zoned(zone.clone());
    let is_whole = at_ms.rem_euclid(60_000) == 0;
    let text = at.strftime(if is_whole { "%Y-%m-%dT%H:%M" } else { "%Y-%m-%dT%H:%M:%S%.f" }).to_string();
    let is_read = moment(&text, zone) == Ok(at_ms);
    if is_read { text } else { at.strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string() }
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
        assert!(
            port("8728").is_ok() && port("0").is_err() && port("65536").is_err() && port("+8728").is_err()
        );
    }

    #[test]
    fn a_name_is_kept_without_direction_marks_and_needs_something_to_see() {
        assert_eq!(name(" \u{202a}Asha\u{202c} Ltd\u{200f} "), Ok("Asha Ltd".to_owned()));
        let joined = "क्\u{200d}ष 👩\u{200d}🔧";
        assert_eq!(name(joined), Ok(joined.to_owned()));
        for nothing in ["", " ", "\u{200e}", "\u{200b}\u{feff}"] {
            assert_eq!(name(nothing), Err(EMPTY.to_owned()), "{nothing:?}");
        }
        let long = "a".repeat(NAME_CHARS_MAX);
        assert_eq!(name(&format!("{long}\u{200e}")), Ok(long.clone()), "a mark takes no room");
        assert!(name(&format!("{long}a")).is_err());
        assert_eq!(line("", 1), Ok(String::new()));
    }

    #[test]
    fn a_moment_is_read_as_it_was_written() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
        for (text, same) in [
            ("2026-11-10", "2026-11-09T23:00:00Z"),
            ("2026-11-10T14:00", "2026-11-10T13:00:00Z"),
            ("2026-11-10 14:00", "2026-11-10T13:00:00Z"),
            ("2026-11-10T14:00:00+05:30", "2026-11-10T08:30:00Z"),
        ] {
            assert_eq!(moment(text, &berlin), Ok(at(same)), "{text}");
        }
        for bad in ["", "soon", "2026-11-31", "14:00", "1794268800000"] {
            assert!(moment(bad, &berlin).is_err(), "{bad}");
        }
        assert_eq!(moment_text(at("2026-11-10T13:00:00Z"), &berlin), "2026-11-10T14:00");
        // Once and once again, an hour later, on the night when the clock is set back; and a poll to the millisecond.
        for moment_ms in
            [at("2026-10-25T00:30:00Z"), at("2026-10-25T01:30:00Z"), at("2026-11-10T13:00:07.125Z")]
        {
            assert_eq!(moment(&moment_text(moment_ms, &berlin), &berlin), Ok(moment_ms));
        }
    }

    #[test]
    fn names_and_addresses() {
        for good in [
            "198.51.100.7",
            "edge-1.isp.example",
            "2001:db8::1",
            "::ffff:198.51.100.7",
            "fe80::1%ether5",
            "fe80::1%<pppoe-a>",
            "core_1.lan",
            "4g-gateway",
            "7.isp.example",
        ] {
            assert_eq!(host(good), Ok(good.to_owned()));
        }
        assert_eq!(host("edge-1.isp.example."), Ok("edge-1.isp.example".to_owned()));
        let label = "a".repeat(64);
        for bad in [
            "edge 1",
            "",
            ".",
            "a..b",
            "http://edge",
            "300.1.1.1",
            "10.0.0",
            "2001:db8::1%ether5",
            "10.0.0.1%ether5",
            "fe80::1%",
            "fe80::1%a b",
            "-edge",
            "edge-.isp",
            "édge.isp",
            "[2001:db8::1]",
            &label,
        ] {
            assert!(host(bad).is_err(), "{bad}");
        }
        for with_port in ["10.0.0.1:8728", "edge-1:8729", "[2001:db8::1]:8729"] {
            assert!(host(with_port).is_err_and(|why| why.contains("without a port")), "{with_port}");
        }
        for (good, host) in
            [("10.0.0.1:53", "10.0.0.1"), ("[2001:db8::1]:53", "2001:db8::1"), ("ns.isp:53", "ns.isp")]
        {
            assert_eq!(host_and_port(good), Ok((host.to_owned(), 53)));
        }
        for bad in
            ["10.0.0.1", "10.0.0.1:0", "10.0.0.1:+53", "2001:db8::1:53", ":53", "a b:53", "10.0.0.1:53:53"]
        {
            assert!(host_and_port(bad).is_err(), "{bad}");
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
