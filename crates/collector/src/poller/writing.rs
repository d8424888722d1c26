//! The end of a round: what was found goes to the store.

use store::{Round, StoreError};

use super::{Found, Poller, RoundReport};
use crate::error::RoundError;
use crate::link_record::Kept;
use crate::round_writer::{NotWritten, Written};
use crate::schedule::Slot;
use crate::timeline::Seen;

impl Poller {
    /// Writes the round whole or not at all. What is remembered changes only once it is written, or kept to be written, so
    /// that a refused write leaves the next round to tell the whole story.
    pub(super) async fn write(&mut self, slot: Slot, found: Found) -> RoundReport {
        let mut round = Round::new(self.router.id, slot.at_ms, found.outcome);
        let mut kept = Vec::with_capacity(self.links.len());
        let mut behind_ms = None;
        for (polled, finding) in self.links.iter().zip(&found.findings) {
            let Some(record) = polled.record(finding, slot.at_ms, self.shared.rules) else {
                // At the very same moment there is merely nothing to add.
                behind_ms = behind_ms.max(polled.watermark_ms().filter(|&ms| ms > finding.seen.at_ms()));
                continue;
            };
            let (tail, latest, sample, keep) = record.split();
            round.tails.push(tail);
            round.latest.push(latest);
            round.samples.extend(sample);
            kept.push(keep);
        }
        if let Some(observation) = &found.observation {
            round.uptime_ms = Some(observation.uptime_ms);
            round.version.clone_from(&observation.version);
            round.clock_offset_ms = observation.utc_offset_ms;
        }
        round.skipped_rounds = self.skipped;
        if kept.is_empty() && !self.links.is_empty() {
            let nothing = || RoundReport {
                no_pings: found.no_pings,
                troubles: found.troubles,
                ..RoundReport::default()
            };
            return behind_ms.map_or_else(nothing, |until_ms| self.held(until_ms));
        }
        // A link whose interface is not there was not looked at, though its time line says so.
        let links =
            found.findings.iter().filter(|finding| matches!(finding.seen, Seen::Interface(_))).count();
        let samples = round.samples.len();
        let error = match self.shared.writer.write(round, || self.shared.rounds_under_way()).await {
            Ok(written) => {
                self.written(kept);
                let Found { mut error, no_pings, troubles, .. } = found;
                if let Written::Kept(why) = written {
                    error = Some(RoundError::Kept(chain(&*why)).to_string());
                }
                return RoundReport { links, samples, error, no_pings, troubles };
            }
            Err(error) => error,
        };
        if let NotWritten::Store(error) = &error
            && let StoreError::OutOfOrder { stored_at_ms, .. } = **error
        {
            return self.held(stored_at_ms);
        }
        let is_logged = matches!(error, NotWritten::NoRoom(_));
        let error = RoundError::Write(chain(&error)).to_string();
        if is_logged {
            return RoundReport { error: Some(error), ..RoundReport::default() };
        }
        tracing::error!(router = %self.router.name, "{error}");
        RoundReport { error: Some(error), ..RoundReport::default() }
    }

    fn written(&mut self, kept: Vec<Kept>) {
        self.skipped = 0;
        self.clock_behind = false;
        // Both are in the same order; links whose record was held back are left out of `kept`.
        let mut links = self.links.iter_mut();
        for keep in kept {
            if let Some(polled) = links.find(|polled| polled.link.id == keep.link) {
                polled.keep(keep);
            }
        }
    }

    fn held(&mut self, until_ms: i64) -> RoundReport {
        let error = RoundError::ClockBehind(until_ms).to_string();
        if !std::mem::replace(&mut self.clock_behind, true) {
            tracing::warn!(router = %self.router.name, "{error}");
        }
        RoundReport { error: Some(error), ..RoundReport::default() }
    }
}

/// An error with what caused it, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
