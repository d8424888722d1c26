//! Rounds that wait in memory while the database cannot be written. Pure.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use store::{LinkId, Round, RoundOutcome, RouterId, SpanTail};

/// Rows that wait at most, some 150 MB: four hours of 10,000 links, days of 1,000.
pub(crate) const BACKLOG_ROWS_MAX: usize = 500_000;

/// The rounds of each router in their order, those that say the same joined into one.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    routers: BTreeMap<RouterId, VecDeque<Round>>,
    rows: usize,
}

impl Backlog {
    /// Takes a round in, behind those of its router.
    ///
    /// # Errors
    /// The round itself if there is no room for it.
    pub(crate) fn add(&mut self, round: Round) -> Result<(), Box<Round>> {
        if self.rows + rows(&round) > BACKLOG_ROWS_MAX {
            return Err(Box::new(round));
        }
        let waiting = self.routers.entry(round.router).or_default();
        let is_ok = |round: &Round| round.outcome == RoundOutcome::Ok;
        // The first round of a run of answers or failures stays as it is: the run is dated from it.
        let goes_on =
            waiting.len() >= 2 && waiting.range(waiting.len() - 2..).all(|w| is_ok(w) == is_ok(&round));
        match waiting.back_mut().filter(|_| goes_on) {
            Some(last) => {
                self.rows -= rows(last);
                join(last, round);
                self.rows += rows(last);
            }
            None => {
                self.rows += rows(&round);
                waiting.push_back(round);
            }
        }
        Ok(())
    }

    /// Takes out rounds to write them together, about `rows_max` rows; each router's in their order.
    pub(crate) fn take(&mut self, rows_max: usize) -> Vec<Round> {
        let mut taken = Vec::new();
        let mut left = rows_max;
        while left > 0
            && let Some(mut entry) = self.routers.first_entry()
        {
            if let Some(round) = entry.get_mut().pop_front() {
                self.rows -= rows(&round);
                left = left.saturating_sub(rows(&round));
                taken.push(round);
            }
            if entry.get().is_empty() {
                entry.remove();
            }
        }
        taken
    }

    /// Puts rounds back that [`take`](Self::take) gave, in the same order.
    pub(crate) fn put_back(&mut self, taken: Vec<Round>) {
        for round in taken.into_iter().rev() {
            self.rows += rows(&round);
            self.routers.entry(round.router).or_default().push_front(round);
        }
    }

    /// How many routers' rounds wait.
    pub(crate) fn routers(&self) -> usize {
        self.routers.len()
    }
}

fn rows(round: &Round) -> usize {
    1 + round.samples.len() + round.tails.len() + round.latest.len()
}

/// Makes of two rounds of a router, one after the other, one that leaves the same behind.
fn join(last: &mut Round, next: Round) {
    last.at_ms = next.at_ms;
    last.outcome = next.outcome;
    last.samples.extend(next.samples);
    last.uptime_ms = next.uptime_ms.or(last.uptime_ms);
    last.version = next.version.or(last.version.take());
    last.clock_offset_ms = next.clock_offset_ms.or(last.clock_offset_ms);
    last.skipped_rounds += next.skipped_rounds;
    let newer: HashSet<LinkId> = next.latest.iter().map(|latest| latest.link).collect();
    last.latest.retain(|old| !newer.contains(&old.link));
    last.latest.extend(next.latest);
    // The last tail of each link is the one that another may go on with.
    let mut ends: HashMap<LinkId, usize> =
        last.tails.iter().enumerate().map(|(index, tail)| (tail.link, index)).collect();
    for tail in next.tails {
        match ends.get(&tail.link).map(|&index| &mut last.tails[index]) {
            Some(before) if goes_on(before, &tail) => {
                if let (Some(span), Some(more)) = (before.spans.last_mut(), tail.spans.last()) {
                    span.to_ms = more.to_ms;
                }
            }
            _ => {
                ends.insert(tail.link, last.tails.len());
                last.tails.push(tail);
            }
        }
    }
}

/// Whether a tail is nothing but more of the last span of the one before it.
fn goes_on(before: &SpanTail, tail: &SpanTail) -> bool {
    let (Some(span), [more]) = (before.spans.last(), tail.spans.as_slice()) else { return false };
    tail.from_ms == span.to_ms
        && more.from_ms == span.to_ms
        && more.state == span.state
        && more.cause == span.cause
        && more.evidence == span.evidence
}
