//! The time line of one link as its looks come in: what is settled, what waits for a second look, what the router
//! must still be asked about.
//!
//! Everything from the last firm look on is the *tail*: it is written anew at every look, so that a guess never
//! outlives the evidence.

mod redated;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sla::LinkState;

use crate::evidence::{Gap, Resolved, resolve};
use crate::look::Look;
use crate::piece::{Cause, Piece};
use crate::silence::{Run, Silence};
use crate::standing::{Standing, looks_evidence};

/// What one round saw of one link.
#[derive(Clone, Debug)]
pub(crate) enum Seen {
    /// The router answered and the interface is there.
    Interface(Look),
    /// Nobody can say: no answer from the router, own network gone, no such interface.
    Nothing { at_ms: i64, cause: Cause },
}

impl Seen {
    pub(crate) fn at_ms(&self) -> i64 {
        match self {
            Self::Interface(look) => look.at_ms,
            Self::Nothing { at_ms, .. } => *at_ms,
        }
    }
}

/// How careful to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Looks that must agree before an undated change counts.
    pub(crate) looks_needed: u32,
    /// The longest interval between two looks of an undisturbed collector.
    pub(crate) normal_ms: i64,
}

/// A change that one look saw and no evidence proves yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pending {
    first_ms: i64,
    looks: u32,
    state: LinkState,
    /// The time line since the first look, in case that it is confirmed.
    pieces: Vec<Piece>,
}

/// What is remembered of a link between two rounds, across restarts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Timeline {
    /// The state where the tail begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    firm: Option<Standing>,
    /// The last successful look.
    #[serde(skip_serializing_if = "Option::is_none")]
    look: Option<Look>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<Pending>,
    #[serde(skip_serializing_if = "Option::is_none")]
    silence: Option<Silence>,
    /// Nothing may be written about the time before this.
    #[serde(skip_serializing_if = "Option::is_none")]
    watermark_ms: Option<i64>,
}

/// From `from_ms` on, the time line is exactly `pieces`, and the link stands as `standing` says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tail {
    pub(crate) from_ms: i64,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) standing: Standing,
}

impl Timeline {
    /// Takes in what a round saw. None when our clock has not yet passed what was written already: it was set back,
    /// and spans must neither overlap nor run backwards.
    pub(crate) fn observe(&mut self, seen: &Seen, rules: Rules) -> Option<Tail> {
        let at_ms = seen.at_ms();
        if self.watermark_ms.is_some_and(|watermark_ms| at_ms <= watermark_ms) {
            return None;
        }
        let tail = match seen {
            Seen::Interface(look) => self.looked(look, rules),
            Seen::Nothing { cause, .. } => self.silent(at_ms, *cause, rules),
        };
        self.watermark_ms = Some(at_ms);
        Some(tail)
    }

    /// Nothing may be written about the time up to this.
    pub(crate) fn watermark_ms(&self) -> Option<i64> {
        self.watermark_ms
    }

    /// The stored line may reach further back than what is remembered here: history that was entered otherwise.
    pub(crate) fn stood_since(&mut self, state: LinkState, since_ms: i64) {
        if let Some(firm) = self.firm.as_mut().filter(|firm| firm.state == state) {
            firm.since_ms = firm.since_ms.min(since_ms);
        }
    }

    /// The last successful look.
    pub(crate) fn look(&self) -> Option<&Look> {
        self.look.as_ref()
    }

    /// Whether polls have failed since the last look.
    pub(crate) fn is_silent(&self) -> bool {
        self.silence.is_some()
    }

    fn tail_from_ms(&self, now_ms: i64) -> i64 {
        let pending = self.pending.as_ref().map(|pending| pending.first_ms);
        let look = self.look.as_ref().map(|look| look.at_ms);
        pending.or(look).or(self.silence.as_ref().map(Silence::first_ms)).unwrap_or(now_ms)
    }

    /// Unknown since the last contact, until the next one tells; each stretch for its own cause.
    fn silent(&mut self, at_ms: i64, cause: Cause, rules: Rules) -> Tail {
        let silence = match self.silence.take() {
            Some(mut silence) => {
                silence.failed(at_ms, cause, rules.normal_ms);
                silence
            }
            None => Silence::new(at_ms, cause),
        };
        let from_ms = self.tail_from_ms(at_ms).min(silence.first_ms());
        let pieces = silence.pieces(from_ms, at_ms, no_contact);
        let evidence = no_contact(&silence.last());
        let mut standing =
            self.firm.clone().unwrap_or_else(|| Standing::unknown(from_ms, cause, evidence.clone()));
        standing.follow(&pieces);
        if (standing.state, standing.cause) != (LinkState::Unknown, Some(cause)) {
            standing = Standing::unknown(at_ms, cause, evidence);
        }
        self.silence = Some(silence);
        Tail { from_ms, pieces, standing }
    }

    fn looked(&mut self, next: &Look, rules: Rules) -> Tail {
        let from_ms = self.tail_from_ms(next.at_ms);
        let silence = self.silence.take().map(|silence| silence.ended(next.at_ms, rules.normal_ms));
        let silence = silence.as_ref();
        let pending = self.pending.take();
        let prev = self.look.replace(next.clone());
        let mut standing = self.firm.take().unwrap_or_else(|| Standing::never_seen(from_ms));
        let mut resolved = match &prev {
            Some(prev) => resolve(&Gap { prev, next, silence, normal_ms: rules.normal_ms }),
            None => before_the_first_look(from_ms, next.at_ms, silence),
        };
        if let Some(pending) = pending {
            match self.decide(pending, resolved, (&standing, silence), next, rules) {
                Decided::Settled(settled) => resolved = settled,
                Decided::Waits(tail) => {
                    self.firm = Some(standing);
                    return tail;
                }
            }
        }
        standing.adopt(&mut resolved.pieces);
        let before = standing.clone();
        standing.follow(&resolved.pieces);
        if standing.state != next.verdict().0 && !change_counts(&standing, next, resolved.proven, rules) {
            self.pending =
                Some(Pending { first_ms: next.at_ms, looks: 1, state: next.verdict().0, pieces: Vec::new() });
        } else if let Some(first_ms) = dated_but_not_proven(&before, next, &resolved, rules) {
            let kept = resolved.pieces.partition_point(|piece| piece.from_ms < first_ms);
            let pieces = resolved.pieces.split_off(kept);
            standing = before;
            standing.follow(&resolved.pieces);
            let facts = json!({ "kind": "not_confirmed", "looks": 1, "needed": rules.looks_needed });
            let held = Piece::new(first_ms, next.at_ms, (standing.state, standing.cause), facts);
            resolved.pieces.push(held);
            self.pending = Some(Pending { first_ms, looks: 1, state: next.verdict().0, pieces });
        } else {
            standing.arrive(next);
        }
        self.firm = Some(standing.clone());
        Tail { from_ms, pieces: resolved.pieces, standing }
    }

    /// Another look at a change that was not yet confirmed.
    fn decide(
        &mut self,
        mut pending: Pending,
        resolved: Resolved,
        (standing, silence): (&Standing, Option<&Silence>),
        next: &Look,
        rules: Rules,
    ) -> Decided {
        let same = pending.state == next.verdict().0;
        if let Some(began_ms) = next.ppp.as_ref().and_then(|ppp| ppp.began_ms) {
            pending.pieces = pending.pieces.into_iter().flat_map(|piece| up_since(piece, began_ms)).collect();
        }
        if same {
            pending.looks += 1;
        }
        let from_ms = pending.first_ms;
        if resolved.proven || (same && pending.looks >= rules.looks_needed) {
            let mut pieces = pending.pieces;
            pieces.extend(resolved.pieces);
            name_the_looks(&mut pieces, pending.state, from_ms, pending.looks);
            return Decided::Settled(Resolved { pieces, proven: true });
        }
        let verdict = (standing.state, standing.cause);
        let facts = json!({ "kind": "not_confirmed", "looks": pending.looks, "needed": rules.looks_needed });
        let held = if next.at_ms - from_ms <= rules.normal_ms * i64::from(rules.looks_needed) {
            vec![Piece::new(from_ms, next.at_ms, verdict, facts)]
        } else if let Some(silence) = silence {
            silence.pieces(from_ms, next.at_ms, |_| facts.clone())
        } else {
            vec![Piece::unknown(from_ms, next.at_ms, Cause::NotPolled, facts)]
        };
        if !same {
            return Decided::Settled(Resolved { pieces: held, proven: false });
        }
        pending.pieces.extend(resolved.pieces);
        self.pending = Some(pending);
        let mut provisional = standing.clone();
        provisional.follow(&held);
        Decided::Waits(Tail { from_ms, pieces: held, standing: provisional })
    }
}

enum Decided {
    Settled(Resolved),
    Waits(Tail),
}

/// Whether a state that differs from the one before holds at once: nobody needs to confirm what the router proves,
/// what the operator switched, nor that an end was put to not knowing.
fn change_counts(before: &Standing, next: &Look, proven: bool, rules: Rules) -> bool {
    let state = next.verdict().0;
    proven
        || rules.looks_needed <= 1
        || state == LinkState::Unknown
        || (before.state == LinkState::Unknown && state == LinkState::Up)
}

/// From when on a PPP user was down, if that is dated and must be confirmed all the same: the session ended, and another
/// router of the company may have the next one.
fn dated_but_not_proven(before: &Standing, next: &Look, resolved: &Resolved, rules: Rules) -> Option<i64> {
    let down = resolved.pieces.last().filter(|piece| piece.cause == Some(Cause::SessionEnded))?;
    let is_new = before.state != LinkState::Down && !next.running;
    (is_new && !change_counts(before, next, resolved.proven, rules)).then_some(down.from_ms)
}

/// A piece without a session, in the light of one that began on another router meanwhile.
fn up_since(piece: Piece, began_ms: i64) -> Vec<Piece> {
    if piece.cause != Some(Cause::SessionEnded) || began_ms >= piece.to_ms {
        return vec![piece];
    }
    let began_ms = began_ms.max(piece.from_ms);
    let up = Piece::going_on(began_ms, piece.to_ms, (LinkState::Up, None));
    let down = Piece { to_ms: began_ms, ..piece };
    [down, up].into_iter().filter(|piece| piece.to_ms > piece.from_ms).collect()
}

/// A link that was never seen before is unknown up to its first look.
fn before_the_first_look(from_ms: i64, at_ms: i64, silence: Option<&Silence>) -> Resolved {
    let pieces = silence.map(|silence| silence.pieces(from_ms, at_ms, no_contact)).unwrap_or_default();
    Resolved { pieces, proven: false }
}

/// The evidence of time for which polls failed: constant within a run, so that the store can merge its pieces.
fn no_contact(run: &Run) -> Value {
    json!({ "kind": "no_contact", "first_failed_ms": run.from_ms })
}

/// A change that looks alone confirmed says so.
fn name_the_looks(pieces: &mut [Piece], state: LinkState, first_ms: i64, looks: u32) {
    for piece in
        pieces.iter_mut().filter(|piece| piece.goes_on && piece.state == state && state != LinkState::Up)
    {
        piece.evidence = looks_evidence(first_ms, looks);
        piece.goes_on = false;
    }
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
