use report::{cause_words, duration_words, evidence_words};
use sla::{Exclusion, Interval};
use store::Outage;

use crate::view::lasted::lasted;
use crate::zone::Zone;

/// The outages that began in one month, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TimelineMonth {
    /// `October 2026`
    pub(crate) name: String,
    /// `3 outages, 1 h 22 m`
    pub(crate) sum: String,
    pub(crate) outages: Vec<TimelineOutage>,
}

/// An outage on the time line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TimelineOutage {
    pub(crate) id: i64,
    pub(crate) start: String,
    pub(crate) end: String,
    pub(crate) lasted: String,
    pub(crate) cause: String,
    pub(crate) evidence: String,
    /// What the provider says of it, and when it said so.
    pub(crate) published: Option<(String, String)>,
    /// `all of it`, `20 m of it`; empty if nothing is excluded.
    pub(crate) excluded: String,
    pub(crate) open: bool,
}

/// The outages by month, the newest first; `outages` come oldest first.
pub(crate) fn timeline(
    outages: &[&Outage],
    exclusions: &[Exclusion],
    now_ms: i64,
    zone: &Zone,
) -> Vec<TimelineMonth> {
    let left_out = union(exclusions);
    let months = outages.chunk_by(|a, b| zone.month_words(a.from_ms) == zone.month_words(b.from_ms));
    let month = |outages: &[&Outage]| {
        let total_ms: i64 = outages.iter().map(|one| one.to_ms.unwrap_or(now_ms) - one.from_ms).sum();
        let n = outages.len();
        TimelineMonth {
            name: outages.first().map(|first| zone.month_words(first.from_ms)).unwrap_or_default(),
            sum: format!("{n} {}, {}", if n == 1 { "outage" } else { "outages" }, duration_words(total_ms)),
            outages: outages.iter().rev().map(|one| row(one, &left_out, now_ms, zone)).collect(),
        }
    };
    let mut all: Vec<TimelineMonth> = months.map(month).collect();
    all.reverse();
    all
}

fn row(outage: &Outage, left_out: &[Interval], now_ms: i64, zone: &Zone) -> TimelineOutage {
    let whole = Interval::new(outage.from_ms, outage.to_ms.unwrap_or(now_ms));
    let excluded_ms: i64 = left_out.iter().map(|one| one.intersect(whole).len_ms()).sum();
    let excluded = match excluded_ms {
        0 => String::new(),
        _ if excluded_ms == whole.len_ms() => "all of it".to_owned(),
        _ => format!("{} of it", duration_words(excluded_ms)),
    };
    TimelineOutage {
        id: outage.id.0,
        start: zone.exact(outage.from_ms, now_ms),
        end: outage.to_ms.map_or_else(|| "still down".to_owned(), |to_ms| zone.exact(to_ms, now_ms)),
        lasted: lasted(outage.from_ms, outage.to_ms, now_ms),
        cause: outage.cause.as_deref().map_or("Not known", cause_words).to_owned(),
        evidence: evidence_words(&outage.evidence),
        published: outage.reason.clone().zip(outage.reason_at_ms.map(|at_ms| zone.exact(at_ms, now_ms))),
        excluded,
        open: outage.to_ms.is_none(),
    }
}

/// Overlapping exclusions count once.
fn union(exclusions: &[Exclusion]) -> Vec<Interval> {
    let mut all: Vec<Interval> = exclusions.iter().map(|one| Interval::new(one.from_ms, one.to_ms)).collect();
    all.sort_by_key(|one| one.from_ms);
    let mut union: Vec<Interval> = Vec::new();
    for one in all {
        match union.last_mut() {
            Some(last) if one.from_ms <= last.to_ms => last.to_ms = last.to_ms.max(one.to_ms),
            _ => union.push(one),
        }
    }
    union
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sla::ExclusionKind;
    use store::{LinkId, OutageId};

    use super::*;

    const HOUR_MS: i64 = 3_600_000;
    const DAY_MS: i64 = 24 * HOUR_MS;

    #[test]
    fn outages_stand_in_the_month_in_which_they_began_and_overlapping_exclusions_count_once() {
        let outage = |id, from_ms, to_ms| Outage {
            id: OutageId(id),
            link: LinkId(1),
            from_ms,
            to_ms,
            cause: Some("link_down".to_owned()),
            evidence: json!({"kind": "link_times"}),
            reason: None,
            reason_by: None,
            reason_at_ms: None,
        };
        let first = outage(1, 10 * DAY_MS, Some(10 * DAY_MS + 2 * HOUR_MS));
        let over_the_end = outage(2, 31 * DAY_MS - HOUR_MS, Some(31 * DAY_MS + HOUR_MS));
        let open = Outage {
            reason: Some("A digger cut the fibre".to_owned()),
            reason_by: Some("noc".to_owned()),
            reason_at_ms: Some(40 * DAY_MS),
            ..outage(3, 40 * DAY_MS, None)
        };
        let exclusion = |from_ms, to_ms| Exclusion {
            from_ms,
            to_ms,
            kind: ExclusionKind::PlannedMaintenance,
            reason: None,
            entered_by: None,
            entered_at_ms: None,
        };
        let day_10 = 10 * DAY_MS;
        let exclusions = [
            exclusion(day_10 + HOUR_MS, day_10 + 3 * HOUR_MS),
            exclusion(day_10 + HOUR_MS / 2, day_10 + 2 * HOUR_MS),
            exclusion(31 * DAY_MS - HOUR_MS, 31 * DAY_MS + HOUR_MS),
        ];
        let zone = Zone::named("UTC");
        let months = timeline(&[&first, &over_the_end, &open], &exclusions, 40 * DAY_MS + HOUR_MS, &zone);
        let told: Vec<_> = months.iter().map(|month| (month.name.as_str(), month.sum.as_str())).collect();
        assert_eq!(told, [("February 1970", "1 outage, 1 h"), ("January 1970", "2 outages, 4 h")]);
        let january = &months[1].outages;
        assert_eq!((january[0].id, january[0].excluded.as_str()), (2, "all of it"));
        assert_eq!((january[1].id, january[1].excluded.as_str()), (1, "1 h 30 m of it"));
        assert_eq!((months[0].outages[0].end.as_str(), months[0].outages[0].open), ("still down", true));
        let said = months[0].outages[0].published.as_ref().map(|(words, _)| words.as_str());
        assert_eq!((said, &january[0].published), (Some("A digger cut the fibre"), &None));
    }
}
