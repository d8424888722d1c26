use jiff::civil::Date;
use report::duration_words;
use sla::{Day, percent_truncated};
use store::Outage;

/// A day with more unknown time than this share of its contracted time is drawn as unknown: 1/100, a quarter of an hour.
const UNKNOWN_SHARE: i64 = 100;

/// A month of the calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CalendarMonth {
    /// `October 2026`
    pub(crate) name: String,
    /// Empty cells before the first day: weeks begin on Monday.
    pub(crate) before: usize,
    pub(crate) days: Vec<CalendarDay>,
    /// `99.306 %`, or empty without a figure.
    pub(crate) availability: String,
}

/// A day of the calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CalendarDay {
    pub(crate) number: i8,
    /// `up`, `down`, `unknown`, `excluded` or `none`.
    pub(crate) class: &'static str,
    /// Some of it is excluded, whatever the rest was.
    pub(crate) excluded: bool,
    /// For the pointer and the screen reader.
    pub(crate) title: String,
    /// The first outage of the day.
    pub(crate) outage: Option<i64>,
}

/// The days by month, the newest month first. `outages` are those that a day may lead to, oldest first.
pub(crate) fn calendar(days: &[Day], outages: &[&Outage]) -> Vec<CalendarMonth> {
    let months = days.chunk_by(|a, b| a.date.first_of_month() == b.date.first_of_month());
    let mut months: Vec<CalendarMonth> = months.filter_map(|days| month(days, outages)).collect();
    months.reverse();
    months
}

fn month(days: &[Day], outages: &[&Outage]) -> Option<CalendarMonth> {
    let first = days.first()?.date;
    let sum_ms = |ms: fn(&Day) -> i64| days.iter().map(ms).sum::<i64>();
    let (up_ms, down_ms) = (sum_ms(|day| day.up_ms), sum_ms(|day| day.down_ms));
    let availability = percent_truncated(up_ms, up_ms + down_ms, 3);
    Some(CalendarMonth {
        name: first.strftime("%B %Y").to_string(),
        before: usize::from(first.weekday().to_monday_zero_offset().unsigned_abs()),
        days: days.iter().map(|day| CalendarDay::new(day, outages)).collect(),
        availability: availability.map(|percent| format!("{percent} %")).unwrap_or_default(),
    })
}

impl CalendarDay {
    fn new(day: &Day, outages: &[&Outage]) -> Self {
        let outage = outages.iter().find(|outage| {
            outage.from_ms < day.to_ms && outage.to_ms.is_none_or(|to_ms| to_ms > day.from_ms)
        });
        Self {
            number: day.date.day(),
            class: class(day),
            excluded: day.excluded_ms > 0,
            title: title(day),
            outage: outage.filter(|_| day.contracted_ms > 0).map(|outage| outage.id.0),
        }
    }
}

fn class(day: &Day) -> &'static str {
    if day.contracted_ms == 0 {
        "none"
    } else if day.down_ms > 0 {
        "down"
    } else if day.unknown_ms > day.contracted_ms / UNKNOWN_SHARE {
        "unknown"
    } else if day.excluded_ms > 0 && day.up_ms == 0 {
        "excluded"
    } else {
        "up"
    }
}

fn title(day: &Day) -> String {
    let date = words(day.date);
    if day.contracted_ms == 0 {
        return format!("{date}: not under contract or not measured yet");
    }
    let available = percent_truncated(day.up_ms, day.up_ms + day.down_ms, 3);
    let mut parts =
        vec![available.map_or("no figure".to_owned(), |percent| format!("{percent} % available"))];
    let told = [("down", day.down_ms), ("unknown", day.unknown_ms), ("excluded", day.excluded_ms)];
    parts.extend(
        told.iter().filter(|(_, ms)| *ms > 0).map(|(word, ms)| format!("{word} {}", duration_words(*ms))),
    );
    format!("{date}: {}", parts.join(", "))
}

/// `Wed 14 Oct 2026`
fn words(date: Date) -> String {
    date.strftime("%a %-d %b %Y").to_string()
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use sla::{Active, Interval, LinkState, StateSpan};
    use store::{LinkId, OutageId};

    use super::*;

    const DAY_MS: i64 = 86_400_000;
    /// 2026-09-30 00:00 UTC, a Wednesday.
    const START_MS: i64 = 1_790_726_400_000;

    #[test]
    fn days_are_told_apart_and_lead_to_their_outages() {
        let span = |from: i64, to: i64, state| StateSpan {
            from_ms: START_MS + from * DAY_MS / 4,
            to_ms: START_MS + to * DAY_MS / 4,
            state,
            cause: None,
            evidence: serde_json::Value::Null,
        };
        let spans = [
            span(4, 9, LinkState::Up),
            span(9, 10, LinkState::Down),
            span(10, 12, LinkState::Up),
            span(12, 16, LinkState::Unknown),
        ];
        let window = Interval::new(START_MS, START_MS + 4 * DAY_MS);
        let active = Active { from_ms: START_MS + DAY_MS, to_ms: None };
        let days = sla::days(&TimeZone::UTC, window, active, &spans, &[]).unwrap();
        let outage = Outage {
            id: OutageId(7),
            link: LinkId(1),
            from_ms: spans[1].from_ms,
            to_ms: Some(spans[1].to_ms),
            cause: None,
            evidence: serde_json::Value::Null,
            reason: None,
            reason_by: None,
            reason_at_ms: None,
        };
        let months = calendar(&days, &[&outage]);
        let [october, september] = &months[..] else { panic!("{months:?}") };
        assert_eq!((october.name.as_str(), october.before), ("October 2026", 3), "1 October is a Thursday");
        let found: Vec<_> = october.days.iter().map(|day| (day.class, day.outage)).collect();
        assert_eq!(found, [("up", None), ("down", Some(7)), ("unknown", None)]);
        assert_eq!(october.days[1].title, "Fri 2 Oct 2026: 75.000 % available, down 6 h");
        assert_eq!(october.days[2].title, "Sat 3 Oct 2026: no figure, unknown 1 d");
        assert_eq!((september.before, september.days[0].class), (2, "none"));
        assert_eq!(september.days[0].title, "Wed 30 Sep 2026: not under contract or not measured yet");
    }
}
