//! Moments as people type them.

use jiff::{Timestamp, civil, tz::TimeZone};

use crate::fault::wrong_use;

/// Reads `2026-11-01`, `2026-11-01T08:30` (both in `zone`), an RFC 3339 time or Unix milliseconds.
pub(crate) fn parse_moment(text: &str, zone: &TimeZone) -> anyhow::Result<i64> {
    if let Ok(ms) = text.parse::<i64>() {
        return Ok(ms);
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at.as_millisecond());
    }
    let local = text.parse::<civil::DateTime>().map_err(|_| {
        wrong_use(format!("{text:?} is not a time: write 2026-11-01, 2026-11-01T08:30, an RFC 3339 time or Unix milliseconds"))
    })?;
    let zoned = local.to_zoned(zone.clone()).map_err(|error| wrong_use(format!("{text:?}: {error}")))?;
    Ok(zoned.timestamp().as_millisecond())
}

/// Midnight at the start of a day in `zone`.
pub(crate) fn parse_day(text: &str, zone: &TimeZone) -> anyhow::Result<i64> {
    let day = text
        .parse::<civil::Date>()
        .map_err(|_| wrong_use(format!("{text:?} is not a day: write it as YYYY-MM-DD, e.g. 2026-11-01")))?;
    let zoned = day.to_zoned(zone.clone()).map_err(|error| wrong_use(format!("{text:?}: {error}")))?;
    Ok(zoned.timestamp().as_millisecond())
}

/// A moment by the clock of `zone`, with the offset: `2026-11-23 17:32:07 +05:30`.
pub(crate) fn moment_words(at_ms: i64, zone: &TimeZone) -> String {
    Timestamp::from_millisecond(at_ms).map_or_else(
        |_| at_ms.to_string(),
        |at| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string(),
    )
}

/// A zone of the IANA list.
pub(crate) fn zone(name: &str) -> anyhow::Result<TimeZone> {
    TimeZone::get(name).map_err(|_| {
        wrong_use(format!(
            "{name:?} is not a time zone: use an IANA name such as Asia/Kolkata or America/New_York"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_means_the_same_moment() {
        let kolkata = zone("Asia/Kolkata").expect("known");
        for text in ["2026-11-01", "2026-11-01T00:00", "2026-10-31T18:30:00Z", "1793471400000"] {
            assert_eq!(parse_moment(text, &kolkata).expect(text), 1_793_471_400_000, "{text}");
        }
        assert_eq!(parse_day("2026-11-01", &kolkata).expect("a day"), 1_793_471_400_000);
        assert_eq!(moment_words(1_793_471_400_000, &kolkata), "2026-11-01 00:00:00 +05:30");
    }

    #[test]
    fn what_is_no_moment_is_refused_with_an_example() {
        let utc = TimeZone::UTC;
        assert!(parse_moment("yesterday", &utc).expect_err("no").to_string().contains("2026-11-01"));
        assert!(parse_day("01/11/2026", &utc).is_err());
        assert!(zone("India/Bangalore").is_err());
    }
}
