//! The one mechanism that decides what a link did between two looks, whether they are 30 seconds or an hour apart.
//!
//! The router itself is the witness: its uptime says whether it was there all the time, `link-downs` counts what
//! happened, `last-link-down-time` and `last-link-up-time` date the last of it. Where it does not say, the time is
//! unknown (SLA traps 1 and 23).

mod drops;
mod reboot;
mod session;

use serde_json::{Value, json};
use sla::LinkState;

use crate::look::Look;
use crate::piece::{Cause, Piece, Verdict};
use crate::silence::Silence;

/// The router's local clock must have run beside ours like this for its link times to be believed; more is a clock
/// that was set, or daylight saving time.
const CLOCK_OFFSET_MOVED_MS_MAX: i64 = 3_000;
/// Both the link times and the clock they are corrected by have whole seconds.
const WHOLE_SECONDS_MS: i64 = 2_000;
/// Uptime has whole seconds, so the computed boot moment jitters; that is no reboot.
const UPTIME_JITTER_MS: i64 = 2_000;
/// How fast a router's clock may run away from ours, as a divisor: 1/1000 is far worse than any crystal.
const CLOCK_DRIFT_DIVISOR: i64 = 1_000;

/// What happened between two looks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Resolved {
    /// They cover `[prev, next)` exactly, in order.
    pub(crate) pieces: Vec<Piece>,
    /// The router's own records prove the state at `next`: no second look has to confirm it.
    pub(crate) proven: bool,
}

/// Two looks and what lies between them.
pub(crate) struct Gap<'a> {
    pub(crate) prev: &'a Look,
    pub(crate) next: &'a Look,
    pub(crate) silence: Option<&'a Silence>,
    /// The longest interval between two looks of an undisturbed collector.
    pub(crate) normal_ms: i64,
}

/// Decides the time line of `[prev, next)`.
///
/// - Uptime continuous, `link-downs` unchanged, same state: it went on.
/// - `link-downs` grew: the router's link times, corrected by its clock's offset, date the last outage to the second
///   if both looks agree about the offset and the times lie between them. What was before the last outage is known
///   only if there was just one; otherwise it is unknown, in a short interval as in a long one.
/// - `link-downs` unchanged but another state (some interface types do not count): the old state goes on until the
///   next look if the interval is a normal one, otherwise the time is unknown.
/// - `link-downs` missing: the same, and equal states count as going on in a normal interval only.
/// - Uptime went back: a reboot.
/// - Another interface under the name, or `link-downs` fell: unknown.
/// - A PPP user: what its sessions say, see [`session::resolve`].
pub(crate) fn resolve(gap: &Gap<'_>) -> Resolved {
    let (before, after) = (&gap.prev.identity, &gap.next.identity);
    let resolved = if gap.next.ppp.is_some() {
        session::resolve(gap)
    } else if gap.rebooted() && before.is_after_reboot(after) {
        reboot::resolve(gap)
    } else if !before.is_same(after) {
        gap.all_unknown(Cause::InterfaceMissing, gap.recreated_facts())
    } else {
        match (gap.prev.link_downs, gap.next.link_downs) {
            (Some(before), Some(after)) if after == before => drops::none(gap),
            (Some(before), Some(after)) if after > before => drops::some(gap, after - before),
            (Some(_), Some(_)) => gap.all_unknown(Cause::UndatedDrops, gap.facts("link_downs_fell")),
            _ => drops::not_counted(gap),
        }
    };
    no_answer(gap, resolved)
}

impl Gap<'_> {
    fn len_ms(&self) -> i64 {
        self.next.at_ms - self.prev.at_ms
    }

    /// Longer than an undisturbed collector leaves between two looks.
    pub(crate) fn is_long(&self) -> bool {
        self.len_ms() > self.normal_ms
    }

    /// `[from_ms, to_ms)` as unknown: each stretch for the cause for which its polls failed, or because there were none.
    pub(crate) fn no_contact(&self, from_ms: i64, to_ms: i64, facts: &Value) -> Vec<Piece> {
        match self.silence {
            Some(silence) => silence.pieces(from_ms, to_ms, |_| facts.clone()),
            None => vec![Piece::unknown(from_ms, to_ms, Cause::NotPolled, facts.clone())],
        }
    }

    /// The whole gap as unknown, for want of contact.
    pub(crate) fn all_no_contact(&self, facts: &Value) -> Resolved {
        Line::new(self.prev.at_ms).no_contact(self, self.next.at_ms, facts).resolved(false)
    }

    /// A moment of the router's local clock in ours, `last_ms` at most; none if the clocks did not keep step or it lies
    /// outside.
    fn date(&self, local_ms: Option<i64>, last_ms: i64) -> Option<i64> {
        let (before, after) = (self.prev.offset_ms?, self.next.offset_ms?);
        if (before - after).abs() > CLOCK_OFFSET_MOVED_MS_MAX {
            return None;
        }
        let at_ms = local_ms?.checked_sub(after)?;
        let near = (self.prev.at_ms - WHOLE_SECONDS_MS)..=(self.next.at_ms + WHOLE_SECONDS_MS);
        near.contains(&at_ms).then(|| at_ms.clamp(self.prev.at_ms, last_ms))
    }

    /// The router's last link-down and link-up, where they can be believed.
    pub(crate) fn dates(&self) -> (Option<i64>, Option<i64>) {
        // A link that a look found down was so before it: else an outage of that second would have no time, and nobody
        // would hear of it before the next look.
        let down_by_ms = if self.next.running { self.next.at_ms } else { self.next.at_ms - 1 };
        let down_ms = self.date(self.next.down_local_ms, down_by_ms.max(self.prev.at_ms));
        let up_ms = match &self.next.ppp {
            Some(ppp) => ppp.began_ms.filter(|&ms| ms >= self.prev.at_ms).map(|ms| ms.min(self.next.at_ms)),
            None => self.date(self.next.up_local_ms, self.next.at_ms),
        };
        (down_ms, up_ms)
    }

    /// When the router started, by our clock.
    pub(crate) fn boot_ms(&self) -> i64 {
        (self.next.at_ms - self.next.uptime_ms).clamp(self.prev.at_ms, self.next.at_ms)
    }

    /// Uptime went back, or it is shorter than the time since the last look by more than clocks differ. A boot
    /// moment that merely jitters, or one that seems to have moved because our clock was set, is none.
    pub(crate) fn rebooted(&self) -> bool {
        if !self.prev.is_of_same_router(self.next) {
            return false;
        }
        let elapsed_ms = self.prev.elapsed_ms(self.next);
        let went_back = self.next.uptime_ms + UPTIME_JITTER_MS < self.prev.uptime_ms;
        let started_since = self.next.uptime_ms < elapsed_ms + UPTIME_JITTER_MS;
        let missing_ms = self.prev.uptime_ms + elapsed_ms - self.next.uptime_ms;
        went_back
            || (started_since && missing_ms > UPTIME_JITTER_MS + elapsed_ms.max(0) / CLOCK_DRIFT_DIVISOR)
    }

    /// The facts a decision rests on, for the one who reads it a month later.
    pub(crate) fn facts(&self, kind: &str) -> Value {
        let mut facts = json!({
            "kind": kind,
            "looks_ms": [self.prev.at_ms, self.next.at_ms],
            "uptime_s": [self.prev.uptime_ms / 1_000, self.next.uptime_ms / 1_000],
            "link_downs": [self.prev.link_downs, self.next.link_downs],
        });
        if let Some(silence) = self.silence {
            facts["silence"] = silence.facts();
        }
        facts
    }

    /// The facts, and the router's link times with the clock offset that corrects them.
    pub(crate) fn dated_facts(&self, kind: &str) -> Value {
        let mut facts = self.facts(kind);
        let civil = |local_ms: Option<i64>| {
            local_ms
                .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
                .map(|at| at.to_zoned(jiff::tz::TimeZone::UTC).datetime().to_string())
        };
        facts["last_link_down"] =
            json!(civil(self.next.down_local_ms.map(|ms| ms.div_euclid(1_000) * 1_000)));
        facts["last_link_up"] = json!(civil(self.next.up_local_ms.map(|ms| ms.div_euclid(1_000) * 1_000)));
        facts["clock_offset_ms"] = json!(self.next.offset_ms);
        facts
    }

    fn recreated_facts(&self) -> Value {
        let mut facts = self.facts("another_interface");
        facts["interfaces"] = json!([self.prev.identity, self.next.identity]);
        facts
    }

    pub(crate) fn all_unknown(&self, cause: Cause, facts: Value) -> Resolved {
        Line::new(self.prev.at_ms)
            .to(self.next.at_ms, (LinkState::Unknown, Some(cause)), facts)
            .resolved(false)
    }
}

/// Pieces laid end to end; what would be empty is left out.
pub(crate) struct Line {
    at_ms: i64,
    pieces: Vec<Piece>,
}

impl Line {
    pub(crate) fn new(from_ms: i64) -> Self {
        Self { at_ms: from_ms, pieces: Vec::new() }
    }

    pub(crate) fn to(self, to_ms: i64, verdict: Verdict, evidence: Value) -> Self {
        let piece = Piece::new(self.at_ms, to_ms, verdict, evidence);
        self.push(piece)
    }

    /// Unknown until `to_ms`, for want of contact.
    pub(crate) fn no_contact(self, gap: &Gap<'_>, to_ms: i64, facts: &Value) -> Self {
        let pieces = if to_ms > self.at_ms { gap.no_contact(self.at_ms, to_ms, facts) } else { Vec::new() };
        pieces.into_iter().fold(self, Self::push)
    }

    /// The state before goes on until `to_ms`.
    pub(crate) fn going_on(self, to_ms: i64, verdict: Verdict) -> Self {
        let piece = Piece::going_on(self.at_ms, to_ms, verdict);
        self.push(piece)
    }

    pub(crate) fn resolved(self, proven: bool) -> Resolved {
        Resolved { pieces: self.pieces, proven }
    }

    fn push(mut self, piece: Piece) -> Self {
        if piece.to_ms > piece.from_ms {
            self.at_ms = piece.to_ms;
            self.pieces.push(piece);
        }
        self
    }
}

/// Where the terms count a silent probe target as down: time after a look without answer is down while the
/// interface ran, up to the next look; over a long gap nobody asked, so it is unknown.
fn no_answer(gap: &Gap<'_>, mut resolved: Resolved) -> Resolved {
    if gap.prev.answered == Some(false) && !(gap.next.running && gap.next.answered.is_none()) {
        let doubt = |piece: Piece| match piece.state {
            LinkState::Up if gap.is_long() => {
                gap.no_contact(piece.from_ms, piece.to_ms, &gap.facts("no_answer_before"))
            }
            LinkState::Up => {
                vec![Piece::going_on(piece.from_ms, piece.to_ms, (LinkState::Down, Some(Cause::NoAnswer)))]
            }
            _ => vec![piece],
        };
        resolved.pieces = resolved.pieces.into_iter().flat_map(doubt).collect();
    }
    resolved.proven &= gap.next.verdict() == gap.next.interface_verdict();
    resolved
}

#[cfg(test)]
#[path = "evidence/tests.rs"]
mod tests;
