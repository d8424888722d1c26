//! The end of a round: what was found goes to the store.

use std::sync::Arc;

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
        let shared = Arc::clone(&self.shared);
        let clock = shared.clocks.clock();
        if self.links.iter().any(|polled| polled.is_ahead(clock.now_ms())) {
            clock.found_future();
        }
        if let Err(error) = shared.check.settle(&shared.store, clock).await {
            return not_written(&self.router.name, &error);
        }
        let _writing = shared.check.writing().await;
        if clock.correction().is_some() || !clock.may_write(self.router.id) {
            let error = found.error.unwrap_or_else(|| RoundError::ClockChecked.to_string());
            return RoundReport { error: Some(error), ..RoundReport::default() };
        }
        let by_ms = shared.clocks.shift_ms(found.moment);
        let slot = Slot { at_ms: slot.at_ms + shared.clocks.shift_ms(found.asked), ..slot };
        self.write_dated(slot, found.shifted(by_ms)).await
    }

    /// Writes what is dated by the time that is known now.
    async fn write_dated(&mut self, slot: Slot, found: Found) -> RoundReport {
        let mut round = Round::new(self.router.id, slot.at_ms, found.outcome);
        let mut kept = Vec::with_capacity(self.links.len());
        let mut behind_ms = None;
        for (polled, finding) in self.links.iter().zip(&found.findings) {
            let Some(record) = polled.record(finding, slot.at_ms, self.shared.rules) else {
                // At the very same moment there is merely nothing to add.
                behind_ms = behind_ms.max(polled.watermark_ms().filter(|&ms| ms > finding.seen.at_ms()));
                continue;
            };
            if record.is_first {
                round.first_polls.push((polled.link.id, finding.seen.at_ms()));
            }
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
            self.shared.clocks.clock().found_future();
            return self.held(stored_at_ms);
        }
        if matches!(error, NotWritten::NoRoom(_)) {
            // The writer has logged it.
            return RoundReport {
                error: Some(RoundError::Write(chain(&error)).to_string()),
                ..RoundReport::default()
            };
        }
        not_written(&self.router.name, &error)
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

fn not_written(router: &str, error: &dyn std::error::Error) -> RoundReport {
    let error = RoundError::Write(chain(error)).to_string();
    tracing::error!(router, "{error}");
    RoundReport { error: Some(error), ..RoundReport::default() }
}

impl Found {
    /// The same on a time that was corrected since.
    fn shifted(mut self, by_ms: i64) -> Self {
        if by_ms == 0 {
            return self;
        }
        for finding in &mut self.findings {
            match &mut finding.seen {
                Seen::Interface(look) => look.shift(by_ms),
                Seen::Nothing { at_ms, .. } => *at_ms += by_ms,
            }
        }
        if let Some(observation) = &mut self.observation {
            observation.shift(by_ms);
        }
        self
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
