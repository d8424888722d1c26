//! The state a link stands in, and how it moves along pieces of a time line.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sla::LinkState;

use crate::look::Look;
use crate::piece::{Cause, Piece, Verdict};

/// The state that a link is in, since when and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Standing {
    pub(crate) state: LinkState,
    pub(crate) since_ms: i64,
    pub(crate) cause: Option<Cause>,
    pub(crate) evidence: Value,
}

impl Standing {
    pub(crate) fn unknown(since_ms: i64, cause: Cause, evidence: Value) -> Self {
        Self { state: LinkState::Unknown, since_ms, cause: Some(cause), evidence }
    }

    pub(crate) fn never_seen(at_ms: i64) -> Self {
        Self::unknown(at_ms, Cause::NotPolled, json!({ "kind": "first_look" }))
    }

    fn verdict(&self) -> Verdict {
        (self.state, self.cause)
    }

    fn is_reboot(&self) -> bool {
        self.verdict() == (LinkState::Down, Some(Cause::RouterReboot))
    }

    /// Lets the first pieces go on from this state: the same outage keeps its cause and its evidence. A link that
    /// stays down after a restart is still down for the restart.
    pub(crate) fn adopt(&self, pieces: &mut [Piece]) {
        for piece in pieces.iter_mut() {
            if self.is_reboot() && is_without_cause_of_its_own(piece.verdict()) {
                piece.cause = self.cause;
            }
            if piece.verdict() != self.verdict() {
                return;
            }
            if piece.goes_on && self.state != LinkState::Up {
                piece.evidence = self.evidence.clone();
            }
        }
    }

    /// The state at the end of the pieces.
    pub(crate) fn follow(&mut self, pieces: &[Piece]) {
        for piece in pieces {
            if piece.verdict() != self.verdict() {
                self.since_ms = piece.from_ms;
            }
            (self.state, self.cause) = piece.verdict();
            self.evidence = piece.evidence.clone();
        }
    }

    /// The state at a look, after the time before it was settled.
    pub(crate) fn arrive(&mut self, next: &Look) {
        let verdict = next.verdict();
        let same_outage = self.is_reboot() && is_without_cause_of_its_own(verdict);
        if self.verdict() != verdict && !same_outage {
            let evidence = Piece::going_on(next.at_ms, next.at_ms, verdict).evidence;
            let evidence = if verdict.0 == LinkState::Up { evidence } else { looks_evidence(next.at_ms, 1) };
            *self = Self { state: verdict.0, since_ms: next.at_ms, cause: verdict.1, evidence };
        }
    }
}

/// Down as a look sees it: after a restart that is the restart's doing.
fn is_without_cause_of_its_own(verdict: Verdict) -> bool {
    matches!(verdict, (LinkState::Down, Some(Cause::LinkDown | Cause::SessionEnded)))
}

/// Evidence that is nothing but looks.
pub(crate) fn looks_evidence(first_ms: i64, looks: u32) -> Value {
    json!({ "kind": "looks", "first_look_ms": first_ms, "looks": looks })
}
