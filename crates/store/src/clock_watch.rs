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
use crate::clock_vote::{Ballot, Circumstances, Dispute, Side};

/// The wall clock has jumped when it differs from the kept time by this much. Router times have whole seconds, so less
/// could not be judged anyway; the kept time follows smaller differences slowly.
pub const CLOCK_STEP_MS: i64 = 2_000;
/// The kept time follows the wall clock by at most this part of the time that passed, as a divisor: more than any clock
/// that is being slewed (chrony: one twelfth).
const SLEW_DIVISOR: i64 = 10;
/// How fast a router's uptime may run away from our time, as a divisor: 1/1000 is far worse than any crystal.
const UPTIME_DRIFT_DIVISOR: i64 = 1_000;
/// What a slow answer may add to an uptime that is compared with our time.
const UPTIME_OFF_MS_MAX: i64 = 30_000;
/// Routers that have to be heard before they are counted, if so many are polled.
const QUORUM: usize = 3;
/// Those that have not been heard after this time are not waited for: two probe intervals.
const HEARD_WITHIN_MS: i64 = 60_000;
/// A kept time younger than this that nothing stored supports was never proven: what was written under it was wrong from
/// the first row, if the wall clock is corrected.
const YOUNG_MS: i64 = 60 * 60_000;
/// A router's clock moved against its own uptime by this much was set, and is no witness for [`SET_CLOCK_MS`].
const CLOCK_MOVED_MS: i64 = 3_000;
const SET_CLOCK_MS: i64 = 60 * 60_000;

/// What one router said of time in one round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouterWitness {
    /// Which router.
    pub router: RouterId,
    /// Its uptime.
    pub uptime_ms: i64,
    /// Its clock, Unix milliseconds UTC, if it told its time zone.
    pub utc_ms: Option<i64>,
    /// What the database holds of it: when it was polled last, and its uptime then.
    pub stored: Option<(i64, i64)>,
}

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

#[derive(Debug, Default)]
enum Start {
    /// No routers to ask: the wall clock is believed.
    #[default]
    Unwatched,
    /// The routers that the database knows are being heard.
    Hearing {
        stored: usize,
        since_mono_ms: i64,
        agree: usize,
        neutral: usize,
        differ: Vec<i64>,
    },
    Proven,
}

/// What a router said last.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    kept_ms: Option<i64>,
    uptime_ms: i64,
    /// Its clock minus its uptime.
    booted_ms: Option<i64>,
    clock_set_mono_ms: Option<i64>,
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
        if let Start::Hearing { since_mono_ms, .. } = &self.start
            && mono_ms - since_mono_ms >= HEARD_WITHIN_MS
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
            self.start = if stored == 0 {
                Start::Proven
            } else {
                Start::Hearing { stored, since_mono_ms: mono_ms, agree: 0, neutral: 0, differ: Vec::new() }
            };
        }
    }

    /// Takes in what a router said, at this reading of the clocks.
    pub fn observe(&mut self, wall_ms: i64, mono_ms: i64, witness: &RouterWitness) {
        let kept_ms = self.read(wall_ms, mono_ms);
        let before = self.routers.get(&witness.router).copied();
        if before.is_none() {
            self.hear(kept_ms, wall_ms, mono_ms, witness);
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
            (Start::Hearing { .. }, _) => false,
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
        } else if matches!(self.start, Start::Hearing { .. }) {
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

    /// A router that the database knows, heard for the first time.
    fn hear(&mut self, kept_ms: i64, wall_ms: i64, mono_ms: i64, witness: &RouterWitness) {
        let Start::Hearing { agree, neutral, differ, .. } = &mut self.start else { return };
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
                    *agree += 1;
                } else {
                    differ.push(at_ms - kept_ms);
                }
            }
            _ => *neutral += 1,
        }
        self.end_hearing(wall_ms, mono_ms, false);
    }

    /// Ends the start when enough routers were heard, or those that were not are not waited for any more.
    fn end_hearing(&mut self, wall_ms: i64, mono_ms: i64, is_late: bool) {
        let Start::Hearing { stored, agree, neutral, differ, .. } = &mut self.start else { return };
        let heard = *agree + *neutral + differ.len();
        if *agree > differ.len() || (differ.is_empty() && (is_late || heard >= *stored)) {
            let supported = *agree > 0;
            self.proven(supported);
        } else if is_late || differ.len() >= QUORUM.min(*stored) {
            differ.sort_unstable();
            let shift_ms = differ[differ.len() / 2];
            let Some(anchor) = &mut self.anchor else { return };
            anchor.base_ms += shift_ms;
            anchor.supported = true;
            let kept_ms = anchor.base_ms + mono_ms;
            self.start = Start::Proven;
            self.dispute = Some(Dispute::new(wall_ms - kept_ms, kept_ms, mono_ms, true));
        }
    }

    /// The start is over. What is stored of the time after now, by an older version or under another clock, goes.
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

impl Seen {
    fn after(self, witness: &RouterWitness, mono_ms: i64) -> Self {
        let booted_ms = witness.utc_ms.map(|utc_ms| utc_ms - witness.uptime_ms);
        let went_on = witness.uptime_ms + CLOCK_STEP_MS >= self.uptime_ms;
        let was_set = went_on
            && matches!((self.booted_ms, booted_ms), (Some(a), Some(b)) if (a - b).abs() > CLOCK_MOVED_MS);
        let clock_set_mono_ms = if was_set { Some(mono_ms) } else { self.clock_set_mono_ms };
        Self {
            kept_ms: self.kept_ms,
            uptime_ms: witness.uptime_ms,
            booted_ms,
            clock_set_mono_ms: clock_set_mono_ms.filter(|&ms| mono_ms - ms < SET_CLOCK_MS),
        }
    }
}

/// The time that it must be, from a router's uptime at a known time and now; none if it restarted.
fn expected_ms((at_ms, uptime_ms): (i64, i64), now_uptime_ms: i64) -> Option<i64> {
    let passed_ms = now_uptime_ms - uptime_ms;
    (passed_ms >= -CLOCK_STEP_MS).then_some(at_ms + passed_ms.max(0))
}

#[cfg(test)]
#[path = "clock_watch_tests.rs"]
mod tests;
