//! Polls that failed since the last one that did not, as runs of one cause each.
//!
//! An outage of our own network, a router that does not answer and a poll that was never made are different things:
//! each stretch of a silence keeps the cause it had, whatever came after it.

use serde::{Deserialize, Serialize};
use sla::LinkState;

use crate::piece::{Cause, Piece};

/// The most runs that are kept: a silence whose causes alternate is stored with every link in every round.
const RUNS_MAX: usize = 32;
/// Polls further apart than this many normal intervals have time between them that was not polled.
const NORMAL_INTERVALS_APART_MAX: i64 = 2;

/// From `from_ms` on, polls failed for `cause`, until the next run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) cause: Cause,
    pub(crate) from_ms: i64,
}

/// The failed polls since the last one that did not fail. There is at least one run; neighbors differ in their cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub(crate) struct Silence {
    runs: Vec<Run>,
    /// The last failed poll; none in what an older version stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_ms: Option<i64>,
}

/// Older versions kept the first failed poll and the latest cause alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Runs { runs: Vec<Run>, last_ms: Option<i64> },
    One { first_ms: i64, cause: Cause },
}

impl TryFrom<Stored> for Silence {
    type Error = &'static str;

    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        match stored {
            Stored::Runs { runs, .. } if runs.is_empty() => Err("a silence without a run"),
            Stored::Runs { runs, last_ms } => Ok(Self { runs, last_ms }),
            Stored::One { first_ms, cause } => {
                Ok(Self { runs: vec![Run { cause, from_ms: first_ms }], last_ms: None })
            }
        }
    }
}

impl Silence {
    /// A first poll failed.
    pub(crate) fn new(at_ms: i64, cause: Cause) -> Self {
        Self { runs: vec![Run { cause, from_ms: at_ms }], last_ms: Some(at_ms) }
    }

    /// Another poll failed. Between two that failed for the same cause it held all the time, as far as is known.
    pub(crate) fn failed(&mut self, at_ms: i64, cause: Cause, normal_ms: i64) {
        if self.last().cause != cause {
            self.mark_time_not_polled(at_ms, normal_ms);
        }
        self.push(Run { cause, from_ms: at_ms });
        self.last_ms = Some(at_ms);
    }

    /// A poll succeeded: these are the runs up to it.
    pub(crate) fn ended(mut self, at_ms: i64, normal_ms: i64) -> Self {
        self.mark_time_not_polled(at_ms, normal_ms);
        self
    }

    /// The first failed poll.
    pub(crate) fn first_ms(&self) -> i64 {
        self.runs[0].from_ms
    }

    /// Why the last poll failed, and since when polls fail for it.
    pub(crate) fn last(&self) -> Run {
        self.runs[self.runs.len() - 1]
    }

    /// The run that a moment lies in; none before the first failed poll.
    pub(crate) fn at(&self, at_ms: i64) -> Option<Run> {
        self.runs.iter().rev().find(|run| run.from_ms <= at_ms).copied()
    }

    /// Unknown pieces that cover `[from_ms, to_ms)`, one for each run in it, each with the evidence that `evidence` gives
    /// for its run. Time before the first failed poll belongs to the first run.
    pub(crate) fn pieces(
        &self,
        from_ms: i64,
        to_ms: i64,
        evidence: impl Fn(&Run) -> serde_json::Value,
    ) -> Vec<Piece> {
        let ends = self.runs.iter().skip(1).map(|run| run.from_ms).chain([i64::MAX]);
        let mut at_ms = from_ms;
        let mut pieces = Vec::new();
        for (run, end_ms) in self.runs.iter().zip(ends) {
            let end_ms = end_ms.min(to_ms);
            if end_ms > at_ms {
                pieces.push(Piece::new(at_ms, end_ms, (LinkState::Unknown, Some(run.cause)), evidence(run)));
                at_ms = end_ms;
            }
        }
        pieces
    }

    /// The same on a clock that was corrected by `by_ms`.
    pub(crate) fn shift(&mut self, by_ms: i64) {
        self.runs.iter_mut().for_each(|run| run.from_ms += by_ms);
        self.last_ms = self.last_ms.map(|ms| ms + by_ms);
    }

    /// Runs that are dated after `last_ms` begin then; of several only the last is left.
    pub(crate) fn end_before(&mut self, last_ms: i64) {
        self.runs.iter_mut().for_each(|run| run.from_ms = run.from_ms.min(last_ms));
        while let [.., before, last] = self.runs[..]
            && before.from_ms == last.from_ms
        {
            self.runs.remove(self.runs.len() - 2);
        }
        self.last_ms = self.last_ms.map(|ms| ms.min(last_ms));
    }

    /// For evidence.
    pub(crate) fn facts(&self) -> serde_json::Value {
        serde_json::json!(self.runs)
    }

    /// The collector was not there for a while: what it saw before says nothing about that time.
    fn mark_time_not_polled(&mut self, at_ms: i64, normal_ms: i64) {
        if let Some(last_ms) = self.last_ms
            && at_ms - last_ms > normal_ms * NORMAL_INTERVALS_APART_MAX
        {
            self.push(Run { cause: Cause::NotPolled, from_ms: last_ms + normal_ms });
        }
    }

    fn push(&mut self, run: Run) {
        if self.runs.last().is_some_and(|last| last.cause == run.cause) {
            return;
        }
        if self.runs.len() >= RUNS_MAX {
            self.merge_the_oldest();
        }
        self.runs.push(run);
    }

    /// Two runs become one. What the router is not to blame for prevails: a customer must not pay for a limit of ours,
    /// and neither may a router.
    fn merge_the_oldest(&mut self) {
        let [first, second, ..] = self.runs[..] else { return };
        let cause = if first.cause == Cause::RouterUnreachable { second.cause } else { first.cause };
        self.runs[0].cause = cause;
        self.runs.remove(1);
        self.runs.dedup_by_key(|run| run.cause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NORMAL_MS: i64 = 60_000;

    fn causes(silence: &Silence, from_ms: i64, to_ms: i64) -> Vec<(i64, i64, Cause)> {
        let pieces = silence.pieces(from_ms, to_ms, |_| serde_json::Value::Null);
        pieces.iter().filter_map(|piece| Some((piece.from_ms, piece.to_ms, piece.cause?))).collect()
    }

    #[test]
    fn each_run_keeps_its_cause_whatever_comes_after() {
        let mut silence = Silence::new(30_000, Cause::OwnNetwork);
        silence.failed(60_000, Cause::OwnNetwork, NORMAL_MS);
        silence.failed(90_000, Cause::RouterUnreachable, NORMAL_MS);
        let expected = [(0, 90_000, Cause::OwnNetwork), (90_000, 120_000, Cause::RouterUnreachable)];
        assert_eq!(causes(&silence, 0, 120_000), expected);
        assert_eq!(causes(&silence, 95_000, 120_000), [(95_000, 120_000, Cause::RouterUnreachable)]);
        assert_eq!(silence.at(29_000), None);
        assert_eq!(silence.at(89_999).map(|run| run.cause), Some(Cause::OwnNetwork));
    }

    #[test]
    fn time_without_a_collector_is_not_polled() {
        let mut silence = Silence::new(0, Cause::RouterUnreachable);
        silence.failed(600_000, Cause::RouterUnreachable, NORMAL_MS);
        silence.failed(1_000_000, Cause::OwnNetwork, NORMAL_MS);
        let silence = silence.ended(2_000_000, NORMAL_MS);
        let expected = [
            (0, 660_000, Cause::RouterUnreachable),
            (660_000, 1_000_000, Cause::NotPolled),
            (1_000_000, 1_060_000, Cause::OwnNetwork),
            (1_060_000, 2_000_000, Cause::NotPolled),
        ];
        assert_eq!(causes(&silence, 0, 2_000_000), expected);
    }

    #[test]
    fn a_silence_moves_with_its_clock_and_does_not_begin_in_the_future() {
        let mut silence = Silence::new(0, Cause::RouterUnreachable);
        silence.failed(60_000, Cause::OwnNetwork, NORMAL_MS);
        silence.failed(120_000, Cause::TlsError, NORMAL_MS);
        silence.shift(5_000);
        let expected = [
            (5_000, 65_000, Cause::RouterUnreachable),
            (65_000, 125_000, Cause::OwnNetwork),
            (125_000, 130_000, Cause::TlsError),
        ];
        assert_eq!(causes(&silence, 5_000, 130_000), expected);
        silence.end_before(60_000);
        let expected = [(5_000, 60_000, Cause::RouterUnreachable), (60_000, 130_000, Cause::TlsError)];
        assert_eq!(causes(&silence, 5_000, 130_000), expected);
    }

    #[test]
    fn causes_that_alternate_for_ever_stay_within_the_limit_and_charge_nobody() {
        let mut silence = Silence::new(0, Cause::RouterUnreachable);
        for poll in 1..1_000 {
            let cause = if poll % 2 == 0 { Cause::RouterUnreachable } else { Cause::OwnNetwork };
            silence.failed(poll * 30_000, cause, NORMAL_MS);
        }
        assert!((RUNS_MAX - 1..=RUNS_MAX).contains(&silence.runs.len()), "{}", silence.runs.len());
        assert_eq!((silence.first_ms(), silence.runs[0].cause), (0, Cause::OwnNetwork));
        assert!(silence.runs.windows(2).all(|pair| pair[0].cause != pair[1].cause));
    }

    #[test]
    fn a_silence_that_an_older_version_stored_is_read() {
        let old: Silence = serde_json::from_str(r#"{"first_ms":30000,"cause":"own_network"}"#).unwrap();
        assert_eq!(old.runs, [Run { cause: Cause::OwnNetwork, from_ms: 30_000 }]);
        assert_eq!(
            causes(&old.ended(9_000_000, NORMAL_MS), 0, 9_000_000).len(),
            1,
            "when it ended is not known"
        );
        assert!(serde_json::from_str::<Silence>(r#"{"runs":[],"last_ms":1}"#).is_err());
    }
}
