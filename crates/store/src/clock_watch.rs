//! Which time is true when the wall clock, the monotonic clock, and the routers disagree. Pure: readings go in, the time to
//! use comes out.
//!
//! The wall clock dates, the monotonic clock measures, the routers' uptime is the witness for both. The *kept time* follows
//! the wall clock as long as both run alike. When the wall clock jumps, the kept time goes on at the pace of the monotonic
//! clock, and the routers decide:
//!
//! - Most routers whose own clock tells the two apart say which one is right.
//! - Without those, their uptime says whether the time really passed: it did while the machine slept or its disk image
//!   was restored, and the monotonic clock stood still.
//! - If neither helps, the kept time goes on and a person has to decide.
//!
//! At the start there is no kept time yet. What the database holds of each router (when it was polled, its uptime then)
//! and its uptime now give the time that it must be; a wall clock that agrees is proven, one that does not is disputed.

use std::collections::BTreeMap;

use crate::RouterId;
use crate::clock::ClockVerdict;
use crate::clock_start::{HEARD_WITHIN_MS, Heard, Hearing, QUORUM, Start};
use crate::clock_vote::{Ballot, Circumstances, Dispute, Side};
use crate::clock_witness::{RouterWitness, Seen, UPTIME_DRIFT_DIVISOR, expected_ms};

/// The wall clock has jumped when it differs from the kept time by this much. Router times have whole seconds, so less
/// could not be judged anyway; the kept time follows smaller differences slowly.
pub const CLOCK_STEP_MS: i64 = 2_000;
/// The kept time follows the wall clock by at most this part of the time that passed, as a divisor: more than any clock
/// that is being slewed (chrony: one twelfth).
const SLEW_DIVISOR: i64 = 10;
/// What a slow answer may add to an uptime that is compared with our time.
const UPTIME_OFF_MS_MAX: i64 = 30_000;
/// A kept time younger than this that nothing stored supports was never proven: what was written under it was wrong from
/// the first row, if the wall clock is corrected.
const YOUNG_MS: i64 = 60 * 60_000;

/// The kept time was replaced, or something later than it is stored: the database has to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockCorrection {
    /// What the time moved by; 0 if only the database was wrong.
    pub shift_ms: i64,
    /// The time from now on, when it was decided.
    pub now_ms: i64,
    /// Everything stored from this time on did not happen; `None`: nothing is to be removed.
    pub remove_from_ms: Option<i64>,
}

/// How a clock stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockState {
    /// The outcome of the checks.
    pub verdict: ClockVerdict,
    /// The kept time.
    pub now_ms: i64,
    /// The machine's clock minus the kept time.
    pub shift_ms: i64,
    /// Since when the verdict stands.
    pub since_ms: i64,
    /// Routers that speak for the kept time.
    pub routers_for: usize,
    /// Routers that speak for the machine's clock.
    pub routers_against: usize,
}

/// The kept time and what is known about it.
#[derive(Debug, Default)]
pub struct ClockWatch {
    anchor: Option<Anchor>,
    start: Start,
    dispute: Option<Dispute>,
    routers: BTreeMap<RouterId, Seen>,
    corrections: Vec<ClockCorrection>,
    polled: usize,
    /// What is stored of the time after now contradicts itself.
    stored_contradicts: bool,
    sane_since_ms: i64,
}

/// Where the kept time hangs on the monotonic clock.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    /// Kept time minus monotonic time.
    base_ms: i64,
    read_mono_ms: i64,
    since_mono_ms: i64,
    /// Something stored, or the routers' clocks, agreed with it.
    supported: bool,
}

impl ClockWatch {
    /// Takes in a reading of both clocks and gives the time to use.
    pub fn read(&mut self, wall_ms: i64, mono_ms: i64) -> i64 {
        let anchor = self.anchor.get_or_insert(Anchor {
            base_ms: wall_ms - mono_ms,
            read_mono_ms: mono_ms,
            since_mono_ms: mono_ms,
            supported: false,
        });
        let passed_ms = (mono_ms - anchor.read_mono_ms).max(0);
        anchor.read_mono_ms = anchor.read_mono_ms.max(mono_ms);
        let kept_ms = anchor.base_ms + mono_ms;
        let shift_ms = wall_ms - kept_ms;
        if shift_ms.abs() < CLOCK_STEP_MS {
            let room_ms = passed_ms / SLEW_DIVISOR;
            anchor.base_ms += shift_ms.clamp(-room_ms, room_ms);
            if self.dispute.take().is_some() {
                self.sane_since_ms = kept_ms;
            }
        } else {
            let goes_on = |dispute: &Dispute| (dispute.shift_ms - shift_ms).abs() < CLOCK_STEP_MS;
            if !self.dispute.as_ref().is_some_and(goes_on) {
                self.dispute = Some(Dispute::new(shift_ms, kept_ms, mono_ms, false));
            }
            self.decide(wall_ms, mono_ms);
        }
        if let Start::Hearing(hearing) = &self.start
            && hearing.is_late(mono_ms)
        {
            self.end_hearing(wall_ms, mono_ms, true);
        }
        self.anchor.map_or(wall_ms, |anchor| anchor.base_ms + mono_ms)
    }

    /// The routers are heard from now on: `polled` of them are asked, and of `stored` the database knows an uptime.
    /// `contradicts`: what it holds of the time after now contains time that did not happen, by the routers' uptime.
    pub fn expect(&mut self, polled: usize, stored: usize, contradicts: bool, mono_ms: i64) {
        self.polled = polled;
        self.stored_contradicts |= contradicts;
        if matches!(self.start, Start::Unwatched) {
            self.start =
                if stored == 0 { Start::Proven } else { Start::Hearing(Hearing::new(stored, mono_ms)) };
        }
    }

    /// Takes in what a router said, at this reading of the clocks.
    pub fn observe(&mut self, wall_ms: i64, mono_ms: i64, witness: &RouterWitness) {
        let kept_ms = self.read(wall_ms, mono_ms);
        let before = self.routers.get(&witness.router).copied();
        if let (None, Start::Hearing(hearing)) = (before, &mut self.start) {
            hearing.hear(kept_ms, witness);
            self.end_hearing(wall_ms, mono_ms, false);
        }
        let kept_ms = self.read(wall_ms, mono_ms);
        let mut seen = before.unwrap_or_default().after(witness, mono_ms);
        if let Some(dispute) = &mut self.dispute {
            let stored = witness.stored.filter(|_| dispute.from_start);
            let base = before.and_then(|before| Some((before.kept_ms?, before.uptime_ms))).or(stored);
            let expected_ms = base.and_then(|base| expected_ms(base, witness.uptime_ms));
            let size_ms = dispute.shift_ms.abs();
            let drifted_ms = (mono_ms - dispute.since_mono_ms) / UPTIME_DRIFT_DIVISOR;
            let uptime_tolerance_ms = drifted_ms + (size_ms / 4).clamp(CLOCK_STEP_MS / 2, UPTIME_OFF_MS_MAX);
            let clock_tolerance_ms = CLOCK_STEP_MS.min(size_ms / 2).max(size_ms / 4);
            let nearer = |at_ms, tolerance_ms| Side::nearer(at_ms, kept_ms, wall_ms, tolerance_ms);
            let uptime = expected_ms.and_then(|at_ms| nearer(at_ms, uptime_tolerance_ms));
            let clock = witness
                .utc_ms
                .filter(|_| seen.clock_set_mono_ms.is_none())
                .and_then(|utc_ms| nearer(utc_ms, clock_tolerance_ms));
            dispute.ballots.insert(witness.router, Ballot { uptime, clock });
            // What a disputed moment says is no base for the next.
            seen.kept_ms = before.and_then(|before| before.kept_ms);
            if seen.kept_ms.is_some() {
                seen.uptime_ms = before.map_or(seen.uptime_ms, |before| before.uptime_ms);
            }
            self.routers.insert(witness.router, seen);
            self.decide(wall_ms, mono_ms);
            return;
        }
        seen.kept_ms = Some(kept_ms);
        self.routers.insert(witness.router, seen);
    }

    /// Whether what was seen of a router may be dated by the kept time.
    pub fn may_write(&self, router: RouterId) -> bool {
        match (&self.start, &self.dispute) {
            (Start::Hearing(_), _) => false,
            (_, None) => true,
            (_, Some(dispute)) => dispute.may_write(router),
        }
    }

    /// Somebody who knows says that the machine's clock is right.
    pub fn accept_machine(&mut self, wall_ms: i64, mono_ms: i64) {
        if self.dispute.is_some() {
            self.adopt(wall_ms, mono_ms, false, false);
        }
        self.proven(true);
    }

    /// Somebody who knows says that the kept time is right.
    pub fn confirm_kept(&mut self, mono_ms: i64) {
        if let Some(dispute) = &mut self.dispute {
            (dispute.verdict, dispute.since_mono_ms) = (ClockVerdict::MachineWrong, mono_ms);
        }
    }

    /// How the clock stands.
    pub fn state(&self, now_ms: i64, wall_ms: i64) -> ClockState {
        let mut state = ClockState {
            verdict: ClockVerdict::Sane,
            now_ms,
            shift_ms: wall_ms - now_ms,
            since_ms: self.sane_since_ms,
            routers_for: 0,
            routers_against: 0,
        };
        if let Some(dispute) = &self.dispute {
            let (kept, machine) = dispute.counts();
            (state.verdict, state.since_ms) = (dispute.verdict, dispute.since_ms);
            (state.routers_for, state.routers_against) = (kept, machine);
        } else if matches!(self.start, Start::Hearing(_)) {
            state.verdict = ClockVerdict::Checking;
        }
        state
    }

    /// See [`Clock::correction`](crate::Clock::correction).
    pub fn correction(&self) -> Option<ClockCorrection> {
        self.corrections.first().copied()
    }

    /// The oldest correction was carried out.
    pub fn corrected(&mut self) {
        if !self.corrections.is_empty() {
            self.corrections.remove(0);
        }
    }

    /// Something later than now is stored although nothing disputes the clock. It is left alone unless routers have
    /// confirmed the time: a clock that is behind must not remove the past.
    pub fn found_future(&mut self, now_ms: i64) {
        let is_confirmed = self.anchor.is_some_and(|anchor| anchor.supported);
        if is_confirmed && self.dispute.is_none() && self.corrections.is_empty() {
            self.corrections.push(ClockCorrection { shift_ms: 0, now_ms, remove_from_ms: Some(now_ms) });
        }
    }

    /// Ends the start when enough routers were heard, or those that were not are not waited for any more.
    fn end_hearing(&mut self, wall_ms: i64, mono_ms: i64, is_late: bool) {
        let Start::Hearing(hearing) = &mut self.start else { return };
        match hearing.heard(is_late) {
            Heard::Waits => {}
            Heard::Proven { supported } => self.proven(supported),
            Heard::Differs { shift_ms } => {
                let Some(anchor) = &mut self.anchor else { return };
                anchor.base_ms += shift_ms;
                anchor.supported = true;
                let kept_ms = anchor.base_ms + mono_ms;
                self.start = Start::Proven;
                self.dispute = Some(Dispute::new(wall_ms - kept_ms, kept_ms, mono_ms, true));
            }
        }
    }

    /// The start is over.
    fn proven(&mut self, supported: bool) {
        self.start = Start::Proven;
        if let Some(anchor) = &mut self.anchor {
            anchor.supported |= supported;
            let now_ms = anchor.base_ms + anchor.read_mono_ms;
            self.sane_since_ms = now_ms;
        }
    }

    fn decide(&mut self, wall_ms: i64, mono_ms: i64) {
        let (Some(dispute), Some(anchor)) = (&mut self.dispute, &self.anchor) else { return };
        let age_ms = mono_ms - dispute.since_mono_ms;
        let is_young = !anchor.supported && mono_ms - anchor.since_mono_ms < YOUNG_MS;
        let is_doubtful = is_young || self.stored_contradicts;
        let is_heard = dispute.ballots.len() >= QUORUM.min(self.polled.max(1)) || age_ms >= HEARD_WITHIN_MS;
        let is_watched = !matches!(self.start, Start::Unwatched);
        let circumstances = Circumstances { age_ms, is_doubtful, is_heard, is_watched };
        match dispute.decide(circumstances) {
            None => {}
            Some(has_passed) => self.adopt(wall_ms, mono_ms, has_passed, is_young && !has_passed),
        }
    }

    /// From now on the machine's clock is right. `has_passed`: what was dated so far was right, too; the time between passed.
    fn adopt(&mut self, wall_ms: i64, mono_ms: i64, has_passed: bool, remove_all: bool) {
        let Some(anchor) = &mut self.anchor else { return };
        let shift_ms = wall_ms - (anchor.base_ms + mono_ms);
        let began_ms = anchor.base_ms + anchor.since_mono_ms;
        let remove_from_ms = match (shift_ms < 0, remove_all) {
            (_, true) => Some(wall_ms.min(began_ms)),
            (true, false) => Some(wall_ms),
            (false, false) => None,
        };
        self.corrections.push(ClockCorrection { shift_ms, now_ms: wall_ms, remove_from_ms });
        *anchor = Anchor {
            base_ms: wall_ms - mono_ms,
            read_mono_ms: mono_ms,
            since_mono_ms: mono_ms,
            supported: true,
        };
        self.dispute = None;
        self.stored_contradicts = false;
        self.sane_since_ms = wall_ms;
        for seen in self.routers.values_mut().filter(|_| !has_passed) {
            seen.kept_ms = seen.kept_ms.map(|kept_ms| kept_ms + shift_ms);
        }
    }
}

#[cfg(test)]
#[path = "clock_watch_tests.rs"]
mod tests;
