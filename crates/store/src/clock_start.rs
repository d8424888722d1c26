//! The start of a watch: the routers that the database knows say what time it must be. Pure.

use crate::clock_watch::CLOCK_STEP_MS;
use crate::clock_witness::{RouterWitness, UPTIME_DRIFT_DIVISOR, expected_ms};

/// Routers that have to be heard before they are counted, if so many are polled.
pub(crate) const QUORUM: usize = 3;
/// Those that have not been heard after this time are not waited for: two probe intervals.
pub(crate) const HEARD_WITHIN_MS: i64 = 60_000;

/// Whether the start is over.
#[derive(Debug, Default)]
pub(crate) enum Start {
    /// No routers to ask: the wall clock is believed.
    #[default]
    Unwatched,
    /// The routers that the database knows are being heard.
    Hearing(Hearing),
    Proven,
}

/// What was heard so far.
#[derive(Debug)]
pub(crate) struct Hearing {
    stored: usize,
    since_mono_ms: i64,
    agree: usize,
    neutral: usize,
    differ: Vec<i64>,
}

/// What follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Waits,
    /// The wall clock is right, or nothing speaks against it.
    Proven {
        supported: bool,
    },
    /// The time is another one by so much.
    Differs {
        shift_ms: i64,
    },
}

impl Hearing {
    pub(crate) fn new(stored: usize, since_mono_ms: i64) -> Self {
        Self { stored, since_mono_ms, agree: 0, neutral: 0, differ: Vec::new() }
    }

    /// Whether those that have not been heard are not waited for any more.
    pub(crate) fn is_late(&self, mono_ms: i64) -> bool {
        mono_ms - self.since_mono_ms >= HEARD_WITHIN_MS
    }

    /// Takes in a router that the database knows, heard for the first time.
    pub(crate) fn hear(&mut self, kept_ms: i64, witness: &RouterWitness) {
        let expected_ms = witness.stored.and_then(|stored| {
            // One that may have restarted since says only that it cannot be earlier than what is stored.
            let may_have_restarted = witness.uptime_ms + CLOCK_STEP_MS < kept_ms - stored.0;
            let expected_ms = expected_ms(stored, witness.uptime_ms).filter(|_| !may_have_restarted);
            expected_ms.or(Some(stored.0).filter(|&at_ms| at_ms > kept_ms + CLOCK_STEP_MS))
        });
        match (expected_ms, witness.stored) {
            (Some(at_ms), Some((stored_ms, _))) => {
                let tolerance_ms = CLOCK_STEP_MS + (at_ms - stored_ms).abs() / UPTIME_DRIFT_DIVISOR;
                if (at_ms - kept_ms).abs() <= tolerance_ms {
                    self.agree += 1;
                } else {
                    self.differ.push(at_ms - kept_ms);
                }
            }
            _ => self.neutral += 1,
        }
    }

    /// What follows when enough routers were heard, or it is too late to wait for more.
    pub(crate) fn heard(&mut self, is_late: bool) -> Heard {
        let heard = self.agree + self.neutral + self.differ.len();
        if self.agree > self.differ.len() || (self.differ.is_empty() && (is_late || heard >= self.stored)) {
            Heard::Proven { supported: self.agree > 0 }
        } else if is_late || self.differ.len() >= QUORUM.min(self.stored) {
            self.differ.sort_unstable();
            Heard::Differs { shift_ms: self.differ[self.differ.len() / 2] }
        } else {
            Heard::Waits
        }
    }
}
