//! Which time the charts show: a usual range, or one that the reader wrote.

use report::duration_words;
use sla::Interval;

use crate::zone::Zone;

pub(crate) const MINUTE_MS: i64 = 60 * 1000;
pub(crate) const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// The shortest range.
const RANGE_MS_MIN: i64 = MINUTE_MS;
/// The longest range: thirteen months and some days.
pub(crate) const RANGE_MS_MAX: i64 = 400 * DAY_MS;
/// Up to here the charts are made of single measurements …
pub(crate) const RAW_MS_MAX: i64 = 7 * DAY_MS;
/// … up to here of hours, and beyond of days.
pub(crate) const HOURS_MS_MAX: i64 = 62 * DAY_MS;
/// No date of ours has more characters.
const TEXT_CHARS_MAX: usize = 40;

/// A range as the address or the form has it.
#[derive(Clone, Debug, Default, serde::Deserialize)]
pub(crate) struct Asked {
    /// `24h`, `7d`, `30d` or `13mo`.
    #[serde(default)]
    pub(crate) range: String,
    /// A date and time in the company's zone, or Unix milliseconds.
    #[serde(default)]
    pub(crate) from: String,
    /// As `from`; without it now.
    #[serde(default)]
    pub(crate) to: String,
}

/// The usual ranges, which end now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Preset {
    Day,
    Week,
    Month,
    Year,
}

impl Preset {
    pub(crate) const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Year];

    /// As the address has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
            Self::Year => "13mo",
        }
    }

    /// As the page has it.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Day => "24 hours",
            Self::Week => "7 days",
            Self::Month => "30 days",
            Self::Year => "13 months",
        }
    }

    fn until(self, now_ms: i64, zone: &Zone) -> Interval {
        let from_ms = match self {
            Self::Day => now_ms - DAY_MS,
            Self::Week => now_ms - 7 * DAY_MS,
            Self::Month => now_ms - 30 * DAY_MS,
            Self::Year => zone.months_before(now_ms, 13),
        };
        Interval::new(from_ms, now_ms)
    }
}

/// What a chart's points are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Single measurements.
    Raw,
    /// UTC hours.
    Hours,
    /// UTC days.
    Days,
}

/// Of what the points of a stretch are made.
pub(crate) fn detail(window: Interval) -> Detail {
    match window.len_ms() {
        length_ms if length_ms <= RAW_MS_MAX => Detail::Raw,
        length_ms if length_ms <= HOURS_MS_MAX => Detail::Hours,
        _ => Detail::Days,
    }
}

/// The range that the charts show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChartRange {
    pub(crate) window: Interval,
    /// `None`: the reader's own.
    pub(crate) preset: Option<Preset>,
}

/// Why there is no such range, in words for the reader.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RangeProblem {
    #[error("There is no range “{0}”. Choose 24h, 7d, 30d or 13mo, or write a start and an end.")]
    Unknown(String),
    #[error("The {0} “{1}” is not a date and time. Write it like {2}.")]
    Unreadable(&'static str, String, String),
    #[error("The end must come after the start.")]
    Backwards,
    #[error("The range must be at least a minute long.")]
    TooShort,
    #[error("A range can be at most 400 days long; this one has {0}.")]
    TooLong(String),
    #[error("The range begins in the future.")]
    Future,
}

impl ChartRange {
    /// The last 24 hours.
    pub(crate) fn day(now_ms: i64) -> Self {
        Self { window: Interval::new(now_ms - DAY_MS, now_ms), preset: Some(Preset::Day) }
    }

    /// What was asked for; without anything the last 24 hours. A range that reaches into the future ends now.
    pub(crate) fn resolve(asked: &Asked, now_ms: i64, zone: &Zone) -> Result<Self, RangeProblem> {
        let text = |text: &str| text.trim().chars().take(TEXT_CHARS_MAX).collect::<String>();
        let (range, from, to) = (text(&asked.range), text(&asked.from), text(&asked.to));
        if from.is_empty() && to.is_empty() {
            if range.is_empty() {
                return Ok(Self::day(now_ms));
            }
            let preset = Preset::ALL.into_iter().find(|preset| preset.name() == range);
            let preset = preset.ok_or(RangeProblem::Unknown(range))?;
            return Ok(Self { window: preset.until(now_ms, zone), preset: Some(preset) });
        }
        let read = |what, text: String| {
            let moment = zone.parse(&text);
            moment.ok_or_else(|| RangeProblem::Unreadable(what, text, zone.form(now_ms)))
        };
        let to_ms = if to.is_empty() { now_ms } else { read("end", to)? };
        let from_ms = if from.is_empty() { to_ms.saturating_sub(DAY_MS) } else { read("start", from)? };
        if from_ms >= now_ms {
            return Err(RangeProblem::Future);
        }
        if from_ms >= to_ms {
            return Err(RangeProblem::Backwards);
        }
        let window = Interval::new(from_ms, to_ms.min(now_ms));
        match window.len_ms() {
            RANGE_MS_MIN..=RANGE_MS_MAX => Ok(Self { window, preset: None }),
            length_ms if length_ms < RANGE_MS_MIN => Err(RangeProblem::TooShort),
            length_ms => Err(RangeProblem::TooLong(duration_words(length_ms))),
        }
    }

    /// What follows the `?` in the address of this range. A usual range stays one that ends now.
    pub(crate) fn query(self) -> String {
        match self.preset {
            Some(preset) => format!("range={}", preset.name()),
            None => format!("from={}&to={}", self.window.from_ms, self.window.to_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23 12:30:00 UTC, 18:00 in Kolkata.
    const NOW_MS: i64 = 1_795_437_000_000;

    fn ask(range: &str, from: &str, to: &str) -> Result<ChartRange, RangeProblem> {
        let asked = Asked { range: range.to_owned(), from: from.to_owned(), to: to.to_owned() };
        ChartRange::resolve(&asked, NOW_MS, &Zone::named("Asia/Kolkata"))
    }

    fn window(from: &str, to: &str) -> Interval {
        ask("", from, to).unwrap().window
    }

    #[test]
    fn usual_ranges_end_now() {
        assert_eq!(ask("", "", "").unwrap(), ChartRange::day(NOW_MS));
        assert_eq!(ask("24h", "", "").unwrap(), ChartRange::day(NOW_MS));
        let month = ask("30d", "", "").unwrap();
        assert_eq!(month.window, Interval::new(NOW_MS - 30 * DAY_MS, NOW_MS));
        assert_eq!((detail(month.window), month.query().as_str()), (Detail::Hours, "range=30d"));
        let year = ask("13mo", "", "").unwrap();
        // 2025-10-23 18:00 in Kolkata.
        assert_eq!(year.window, Interval::new(1_761_222_600_000, NOW_MS));
        assert_eq!(detail(year.window), Detail::Days);
        assert!(year.window.len_ms() <= RANGE_MS_MAX);
    }

    #[test]
    fn what_the_reader_writes_is_in_the_companys_zone() {
        let eight = Interval::new(NOW_MS - 10 * 60 * MINUTE_MS, NOW_MS - 5 * 60 * MINUTE_MS);
        assert_eq!(window("2026-11-23T08:00", "2026-11-23T13:00"), eight);
        assert_eq!(window("2026-11-23 08:00:00", "2026-11-23T13:00:00+05:30"), eight);
        assert_eq!(window(&eight.from_ms.to_string(), &eight.to_ms.to_string()), eight);
        assert_eq!(window("2026-11-23", "").from_ms, NOW_MS - 18 * 60 * MINUTE_MS, "a date is its midnight");
        assert_eq!(window("", "2026-11-23T13:00"), Interval::new(eight.to_ms - DAY_MS, eight.to_ms));
        assert_eq!(window("2026-11-23T08:00", "2027-01-01").to_ms, NOW_MS, "nothing is known of the future");
        let own = ask("7d", "2026-11-23T08:00", "2026-11-23T13:00").unwrap();
        assert_eq!((own.preset, own.window), (None, eight), "what is written goes before the usual range");
        assert_eq!(own.query(), format!("from={}&to={}", eight.from_ms, eight.to_ms));
    }

    #[test]
    fn a_senseless_range_is_told_in_words() {
        fn problem(range: &str, from: &str, to: &str) -> String {
            ask(range, from, to).unwrap_err().to_string()
        }
        assert!(problem("5y", "", "").starts_with("There is no range “5y”."));
        assert_eq!(
            problem("", "yesterday", ""),
            "The start “yesterday” is not a date and time. Write it like 2026-11-23T18:00."
        );
        assert!(problem("", "2026-11-01", "2026-02-30").starts_with("The end “2026-02-30”"));
        assert!(problem("", &"9".repeat(400), "").len() < 200, "not the reader's whole text");
        assert_eq!(problem("", "2026-11-23T08:00", "2026-11-23T08:00"), "The end must come after the start.");
        assert_eq!(problem("", "2026-11-23", "2026-11-22"), "The end must come after the start.");
        for to in ["", "2026-11-25"] {
            assert_eq!(problem("", "2026-11-24", to), "The range begins in the future.");
        }
        assert_eq!(problem("", "0", "5"), "The range must be at least a minute long.");
        assert_eq!(
            problem("", "2024-11-23T18:00", ""),
            "A range can be at most 400 days long; this one has 730 d."
        );
        for extreme in ["-9223372036854775808", "9223372036854775807", "-999999999999999"] {
            assert!(ask("", extreme, "").is_err() && ask("", "", extreme).is_err(), "{extreme}");
        }
    }
}
