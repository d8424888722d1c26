//! When something may have to be decided, of a time that is over.

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use store::NotificationRule;

use super::preview::PREVIEW_DAYS_MAX;

/// The moments at which something may have to be decided, in order.
pub(crate) struct Moments<'a> {
    waiting: BTreeSet<i64>,
    delays: &'a [i64],
}

impl<'a> Moments<'a> {
    pub(crate) fn new(edges: impl Iterator<Item = i64>, delays: &'a [i64], quiet_edges: &[i64]) -> Self {
        let mut waiting = BTreeSet::new();
        for edge_ms in edges {
            waiting.insert(edge_ms);
            waiting.extend(delays.iter().map(|delay_ms| edge_ms + delay_ms));
        }
        if !waiting.is_empty() {
            waiting.extend(quiet_edges);
        }
        Self { waiting, delays }
    }

    pub(crate) fn next(&mut self, from_ms: i64, to_ms: i64) -> Option<i64> {
        loop {
            let now_ms = self.waiting.pop_first()?;
            if now_ms >= to_ms {
                return None;
            }
            if now_ms >= from_ms {
                return Some(now_ms);
            }
        }
    }

    /// What was decided now may have consequences.
    pub(crate) fn after(&mut self, now_ms: i64) {
        self.waiting.extend(self.delays.iter().map(|delay_ms| now_ms + delay_ms));
    }
}

/// Every moment at which quiet hours begin or end.
pub(crate) fn quiet_edges(rules: &[NotificationRule], zone: &TimeZone, from_ms: i64, to_ms: i64) -> Vec<i64> {
    let minutes: BTreeSet<i64> =
        rules.iter().filter_map(|rule| rule.quiet).flat_map(|quiet| [quiet.from_min, quiet.to_min]).collect();
    let Ok(first) = Timestamp::from_millisecond(from_ms) else { return Vec::new() };
    let mut edges = Vec::new();
    let mut day = first.to_zoned(zone.clone()).date();
    for _ in 0..=PREVIEW_DAYS_MAX + 1 {
        for minute in &minutes {
            let time = day.at((minute / 60) as i8, (minute % 60) as i8, 0, 0).to_zoned(zone.clone());
            edges.extend(time.ok().map(|time| time.timestamp().as_millisecond()).filter(|ms| *ms < to_ms));
        }
        let Ok(next) = day.checked_add(1.day()) else { break };
        day = next;
    }
    edges
}
