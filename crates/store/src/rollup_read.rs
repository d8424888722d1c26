//! A link's figures over any range, by hours or days: roll-ups where they are made and current, raw samples at the
//! range's edges and wherever a roll-up is still to be made. The answer is the same as from the samples alone.

use std::collections::BTreeMap;

use sla::Interval;

use crate::engine::on;
use crate::sample::HOUR_MS;
use crate::{ClientId, LinkId, Resolution, Rollup, Store, StoreError};

const DAY_MS: i64 = 24 * HOUR_MS;

/// Roll-ups by their start.
type ByStart = BTreeMap<i64, Rollup>;

impl Store {
    /// A link's samples in `[from_ms, to_ms)` added up by UTC hours or days, in order; those without any sample are
    /// left out. Of the first and the last hour or day only what lies inside the range counts.
    pub async fn figures(
        &self,
        link: LinkId,
        resolution: Resolution,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<Rollup>, StoreError> {
        let window = Interval::new(from_ms, to_ms);
        let found = match resolution {
            Resolution::Hour => self.hours(link, window).await?,
            Resolution::Day => self.days(link, window).await?,
        };
        Ok(found.into_values().collect())
    }

    /// [`figures`](Self::figures) of a client's link; `None` if the link is not this client's.
    pub async fn figures_for_client(
        &self,
        client: ClientId,
        link: LinkId,
        resolution: Resolution,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Option<Vec<Rollup>>, StoreError> {
        match self.link_of_client(client, link).await? {
            Some(link) => Ok(Some(self.figures(link.id, resolution, from_ms, to_ms).await?)),
            None => Ok(None),
        }
    }

    async fn hours(&self, link: LinkId, window: Interval) -> Result<ByStart, StoreError> {
        let pending = self.pending("hour", HOUR_MS, window).await?;
        let whole = whole(window, HOUR_MS);
        let made = self.rollups(link, Resolution::Hour, whole.from_ms, whole.to_ms).await?;
        let mut found: ByStart = made.into_iter().map(|hour| (hour.from_ms, hour)).collect();
        for stretch in stretches(window, whole, HOUR_MS, &pending) {
            found.retain(|&from_ms, _| !starts_in(from_ms, HOUR_MS, stretch));
            self.samples_each(link, stretch.from_ms, stretch.to_ms, |sample| {
                at(&mut found, link, sample.at_ms, HOUR_MS).add_sample(&sample);
            })
            .await?;
        }
        Ok(found)
    }

    async fn days(&self, link: LinkId, window: Interval) -> Result<ByStart, StoreError> {
        let mut pending = self.pending("day", DAY_MS, window).await?;
        let hours = self.pending("hour", HOUR_MS, window).await?;
        pending.extend(hours.into_iter().map(|hour_ms| floor(hour_ms, DAY_MS)));
        pending.sort_unstable();
        let whole = whole(window, DAY_MS);
        let made = self.rollups(link, Resolution::Day, whole.from_ms, whole.to_ms).await?;
        let mut found: ByStart = made.into_iter().map(|day| (day.from_ms, day)).collect();
        for stretch in stretches(window, whole, DAY_MS, &pending) {
            found.retain(|&from_ms, _| !starts_in(from_ms, DAY_MS, stretch));
            for hour in self.hours(link, stretch).await?.into_values() {
                at(&mut found, link, hour.from_ms, DAY_MS).add_rollup(&hour);
            }
        }
        Ok(found)
    }

    /// The starts of the hours or days that touch `window` and whose roll-up is missing or out of date, in order.
    async fn pending(
        &self,
        resolution: &'static str,
        length_ms: i64,
        window: Interval,
    ) -> Result<Vec<i64>, StoreError> {
        const SQL: &str =
            "SELECT from_ms FROM rollup_pending WHERE resolution = $1 AND from_ms > $2 AND from_ms < $3
            ORDER BY from_ms";
        Ok(on!(self.reader(), db => sqlx::query_scalar(SQL)
            .bind(resolution)
            .bind(window.from_ms.saturating_sub(length_ms))
            .bind(window.to_ms)
            .fetch_all(db)
            .await)?)
    }
}

/// The whole hours or days of a window.
fn whole(window: Interval, length_ms: i64) -> Interval {
    let from_ms = floor(window.from_ms.saturating_add(length_ms - 1), length_ms);
    Interval::new(from_ms, floor(window.to_ms, length_ms))
}

/// What of `window` cannot come from roll-ups: its edges outside of `whole`, and what is pending. Neighbours become
/// one stretch, so that an import of a year is one read.
fn stretches(window: Interval, whole: Interval, length_ms: i64, pending: &[i64]) -> Vec<Interval> {
    if whole.is_empty() {
        return if window.is_empty() { Vec::new() } else { vec![window] };
    }
    let mut found: Vec<Interval> = Vec::new();
    let pending = pending.iter().map(|&from_ms| Interval::new(from_ms, from_ms.saturating_add(length_ms)));
    let edges = [Interval::new(window.from_ms, whole.from_ms), Interval::new(whole.to_ms, window.to_ms)];
    let [first, last] = edges;
    for stretch in [first].into_iter().chain(pending).chain([last]) {
        let stretch = stretch.intersect(window);
        match found.last_mut() {
            _ if stretch.is_empty() => {}
            Some(before) if before.to_ms >= stretch.from_ms => before.to_ms = before.to_ms.max(stretch.to_ms),
            _ => found.push(stretch),
        }
    }
    found
}

/// Whether the hour or day that begins at `from_ms` has time in `stretch`.
fn starts_in(from_ms: i64, length_ms: i64, stretch: Interval) -> bool {
    !Interval::new(from_ms, from_ms.saturating_add(length_ms)).intersect(stretch).is_empty()
}

fn at(found: &mut ByStart, link: LinkId, at_ms: i64, length_ms: i64) -> &mut Rollup {
    let from_ms = floor(at_ms, length_ms);
    found.entry(from_ms).or_insert_with(|| Rollup::empty(link, from_ms))
}

fn floor(at_ms: i64, length_ms: i64) -> i64 {
    at_ms.div_euclid(length_ms).saturating_mul(length_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(from: i64, to: i64, pending: &[i64]) -> Vec<(i64, i64)> {
        let window = Interval::new(from, to);
        stretches(window, whole(window, 10), 10, pending).iter().map(|s| (s.from_ms, s.to_ms)).collect()
    }

    #[test]
    fn only_edges_and_what_is_pending_is_read_again() {
        assert_eq!(read(10, 50, &[]), []);
        assert_eq!(read(7, 52, &[]), [(7, 10), (50, 52)]);
        assert_eq!(read(7, 52, &[0, 20, 30, 50]), [(7, 10), (20, 40), (50, 52)]);
        assert_eq!(read(10, 50, &[10, 20, 30, 40]), [(10, 50)]);
        assert_eq!(read(12, 18, &[10]), [(12, 18)]);
        assert_eq!(read(12, 12, &[10]), []);
        assert_eq!(read(5, 15, &[]), [(5, 15)]);
    }
}
