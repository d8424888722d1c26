//! A link's past, and how a look at a moment of it would have found the link.

use sla::LinkState;
use store::{ALERTS_REMEMBERED_MS, Outage, Span, WatchedLink, WatchedOutage};

/// An outage is seen this long after it began: one look later, as with the default settings of the collector.
pub(crate) const LOOK_MS: i64 = 30_000;

/// A link's past.
pub(crate) struct Track {
    pub(crate) base: WatchedLink,
    /// In order.
    pub(crate) outages: Vec<Outage>,
    /// In order.
    pub(crate) spans: Vec<Span>,
}

impl Track {
    /// The link as a look at a moment would have found it, but for its outages: see [`Seen`].
    pub(crate) fn at(&self, now_ms: i64) -> WatchedLink {
        let index = self.spans.partition_point(|span| span.to_ms <= now_ms);
        let span = self.spans.get(index).filter(|span| span.from_ms <= now_ms);
        let (state, since_ms, cause) = match span {
            Some(span) => (span.state, span.from_ms, span.cause.clone()),
            None => (LinkState::Unknown, now_ms, None),
        };
        let maintenance = self.base.maintenance.iter().filter(|(from_ms, _)| *from_ms <= now_ms);
        WatchedLink {
            state,
            since_ms,
            cause,
            looked_at_ms: now_ms,
            outages: Vec::new(),
            maintenance: maintenance.copied().collect(),
            ..self.base.clone()
        }
    }
}

/// The outages of a link as far as they were seen, from look to look. Kept is what the store would have read: those that
/// nobody has dealt with, and those that are not long over.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) outages: Vec<WatchedOutage>,
    /// How many of the stored ones were seen.
    count: usize,
}

impl Seen {
    /// A look at a moment, which is not before the last. `stored` are all outages of the link, in order.
    pub(crate) fn look(&mut self, stored: &[Outage], now_ms: i64) {
        let end = |outage: &Outage| outage.to_ms.filter(|to_ms| *to_ms <= now_ms);
        // Only the last can have gone on: the next begins when it is over.
        if let (Some(last), Some(place)) = (self.outages.last_mut(), self.count.checked_sub(1))
            && last.id == stored[place].id
        {
            last.to_ms = end(&stored[place]);
        }
        while let Some(outage) = stored.get(self.count).filter(|outage| outage.from_ms + LOOK_MS <= now_ms) {
            self.outages.push(WatchedOutage {
                id: outage.id,
                from_ms: outage.from_ms,
                to_ms: end(outage),
                cause: outage.cause.clone(),
                evidence: outage.evidence.clone(),
                examined: false,
            });
            self.count += 1;
        }
        let horizon_ms = now_ms - ALERTS_REMEMBERED_MS;
        self.outages
            .retain(|outage| !outage.examined || outage.to_ms.is_none_or(|to_ms| to_ms >= horizon_ms));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use store::{LinkId, OutageId};

    use super::*;

    const MINUTE: i64 = 60_000;
    const DAY: i64 = 1_440 * MINUTE;

    fn outage(id: i64, from_ms: i64, to_ms: Option<i64>) -> Outage {
        Outage {
            id: OutageId(id),
            link: LinkId(1),
            from_ms,
            to_ms,
            cause: Some(format!("cause {id}")),
            evidence: json!({}),
            reason: None,
            reason_by: None,
            reason_at_ms: None,
        }
    }

    /// What one look alone would find of outages that are all examined when they are over.
    fn found(stored: &[Outage], now_ms: i64) -> Vec<(i64, Option<i64>)> {
        let seen = stored.iter().filter(|outage| outage.from_ms + LOOK_MS <= now_ms);
        let seen = seen.map(|outage| (outage.id.0, outage.to_ms.filter(|to_ms| *to_ms <= now_ms)));
        let horizon_ms = now_ms - ALERTS_REMEMBERED_MS;
        seen.filter(|(_, to_ms)| to_ms.is_none_or(|to_ms| to_ms >= horizon_ms)).collect()
    }

    /// Numbers without order, the same each time.
    fn numbers(mut seed: u64) -> impl FnMut(i64) -> i64 {
        move |below| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as i64 % below
        }
    }

    #[test]
    fn from_look_to_look_the_same_is_known_as_one_look_would_find() {
        for seed in 0..200 {
            let mut number = numbers(seed);
            let (mut stored, mut at_ms) = (Vec::new(), 0);
            for id in 1..=40 {
                // Some touch, some are over before they are seen, the last may go on.
                let from_ms = at_ms + if number(4) == 0 { 0 } else { number(5 * 60 * MINUTE) };
                at_ms = from_ms + 1 + if number(3) == 0 { number(LOOK_MS) } else { number(9 * 60 * MINUTE) };
                stored.push(outage(id, from_ms, (id < 40 || number(2) == 0).then_some(at_ms)));
            }
            let (mut seen, mut now_ms) = (Seen::default(), 0);
            while now_ms < at_ms + 5 * DAY {
                seen.look(&stored, now_ms);
                for outage in &mut seen.outages {
                    outage.examined |= outage.to_ms.is_some();
                }
                // What was examined at this very look goes with the next.
                let mut known = Seen { outages: seen.outages.clone(), count: seen.count };
                known.look(&stored, now_ms);
                let known: Vec<_> = known.outages.iter().map(|one| (one.id.0, one.to_ms)).collect();
                assert_eq!(known, found(&stored, now_ms), "seed {seed}");
                now_ms += number(7 * 60 * MINUTE);
            }
        }
    }

    #[test]
    fn what_nobody_has_dealt_with_is_kept_however_old() {
        let stored = [outage(1, 0, Some(MINUTE)), outage(2, 2 * MINUTE, Some(3 * MINUTE))];
        let mut seen = Seen::default();
        seen.look(&stored, 5 * MINUTE);
        seen.outages[1].examined = true;
        seen.look(&stored, 30 * DAY);
        let ids: Vec<i64> = seen.outages.iter().map(|outage| outage.id.0).collect();
        assert_eq!(ids, [1]);
        assert_eq!(seen.outages[0].to_ms, Some(MINUTE), "the end of another is none of its own");
    }

    /// A look costs what is remembered, not all that ever was.
    #[test]
    fn a_link_that_flaps_for_a_week_is_no_heavier_at_its_end() {
        let stored: Vec<Outage> =
            (0..10_080).map(|n| outage(n, n * MINUTE, Some(n * MINUTE + MINUTE / 2))).collect();
        let mut seen = Seen::default();
        let mut most = 0;
        for n in 0..10_080 {
            seen.look(&stored, n * MINUTE + LOOK_MS);
            for outage in &mut seen.outages {
                outage.examined = true;
            }
            most = most.max(seen.outages.len());
        }
        assert!(most <= (ALERTS_REMEMBERED_MS / MINUTE) as usize + 2, "{most}");
    }
}
