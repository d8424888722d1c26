//! A timeline whose clock was corrected since its last round.

use super::{Seen, Timeline};
use crate::piece::Piece;
use crate::redate::{Redate, redate};

/// What is remembered may be this much later than now: two readings of one clock.
const LATER_MS_MAX: i64 = 2_000;

impl Timeline {
    /// Brings what is remembered onto the time of `seen`, so that no time is written that did not happen and none that is
    /// still to come. Rounds of an undisturbed clock change nothing.
    pub(crate) fn redate(&mut self, seen: &Seen) {
        if let (Seen::Interface(next), Some(prev)) = (seen, &mut self.look) {
            match redate(prev, next) {
                Redate::Stands => {}
                Redate::By(ms) => self.shift(ms),
                Redate::WallCounts => prev.mono_ms = None,
            }
        }
        self.end_before(seen.at_ms());
    }

    fn shift(&mut self, by_ms: i64) {
        if let Some(look) = &mut self.look {
            look.shift(by_ms);
        }
        if let Some(silence) = &mut self.silence {
            silence.shift(by_ms);
        }
        if let Some(pending) = &mut self.pending {
            pending.first_ms += by_ms;
            for piece in &mut pending.pieces {
                piece.from_ms += by_ms;
                piece.to_ms += by_ms;
            }
        }
        self.watermark_ms = self.watermark_ms.map(|ms| ms + by_ms);
        if let (Some(firm), Some(look)) = (&mut self.firm, &self.look) {
            firm.since_ms = firm.since_ms.min(look.at_ms);
        }
    }

    /// Whatever is still dated after `now_ms`, without an uptime that could date it, ends just before.
    fn end_before(&mut self, now_ms: i64) {
        if self.watermark_ms.is_none_or(|ms| ms <= now_ms + LATER_MS_MAX) {
            return;
        }
        let last_ms = now_ms - 1;
        self.watermark_ms = Some(last_ms);
        if let Some(look) = &mut self.look {
            look.at_ms = look.at_ms.min(last_ms);
            look.mono_ms = None;
        }
        if let Some(silence) = &mut self.silence {
            silence.end_before(last_ms);
        }
        if let Some(pending) = &mut self.pending {
            pending.first_ms = pending.first_ms.min(last_ms);
            pending.pieces.retain_mut(|piece: &mut Piece| {
                piece.to_ms = piece.to_ms.min(last_ms);
                piece.from_ms < piece.to_ms
            });
        }
        if let Some(firm) = &mut self.firm {
            firm.since_ms = firm.since_ms.min(last_ms);
        }
    }
}
