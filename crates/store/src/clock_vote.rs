//! A dispute between the kept time and the machine's clock, and how routers decide it. Pure.

use std::collections::BTreeMap;

use crate::RouterId;
use crate::clock::ClockVerdict;

/// A jump by hours that are a time zone's offset is the mistake of whoever set a router's clock to local time, too. Where
/// the kept time has proven itself, routers that agree with such a jump are believed only when it lasts this long.
const ZONE_LASTS_MS: i64 = 5 * 60_000;
const QUARTER_MS: i64 = 15 * 60_000;
const ZONE_MS_MAX: i64 = 14 * 60 * 60_000;
const ZONE_NEAR_MS: i64 = 60_000;
/// A dispute that nothing decides is settled for the machine's clock after this time, if little depends on it.
const SETTLED_AFTER_MS: i64 = 10 * 60_000;
/// So much depends on it at most.
const LITTLE_MS: i64 = 60_000;

/// One of the two times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Kept,
    Machine,
}

impl Side {
    /// Which of the two times a third one supports: it lies near one of them and not near the other.
    pub(crate) fn nearer(at_ms: i64, kept_ms: i64, machine_ms: i64, tolerance_ms: i64) -> Option<Self> {
        let near = |other_ms: i64| (at_ms - other_ms).abs() <= tolerance_ms;
        match (near(kept_ms), near(machine_ms)) {
            (true, false) => Some(Self::Kept),
            (false, true) => Some(Self::Machine),
            _ => None,
        }
    }
}

/// What one router says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ballot {
    /// How much time passed.
    pub(crate) uptime: Option<Side>,
    /// What time it is.
    pub(crate) clock: Option<Side>,
}

/// What a decision depends on besides the ballots.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances {
    /// How long the dispute has lasted, by the monotonic clock.
    pub(crate) age_ms: i64,
    /// The kept time has not proven itself.
    pub(crate) is_doubtful: bool,
    /// Enough routers were heard, or there was time enough to hear them.
    pub(crate) is_heard: bool,
    /// This process hears routers at all.
    pub(crate) is_watched: bool,
}

/// The machine's clock differs from the kept time.
#[derive(Debug)]
pub(crate) struct Dispute {
    pub(crate) shift_ms: i64,
    pub(crate) since_ms: i64,
    pub(crate) since_mono_ms: i64,
    /// It was there when the program started: the kept time is only what the database and the routers' uptime say.
    pub(crate) from_start: bool,
    pub(crate) ballots: BTreeMap<RouterId, Ballot>,
    pub(crate) verdict: ClockVerdict,
}

impl Dispute {
    pub(crate) fn new(shift_ms: i64, since_ms: i64, since_mono_ms: i64, from_start: bool) -> Self {
        let verdict = ClockVerdict::Checking;
        Self { shift_ms, since_ms, since_mono_ms, from_start, ballots: BTreeMap::new(), verdict }
    }

    /// Routers for the kept time and for the machine's clock.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let (kept, machine) = self.count(|ballot| ballot.clock);
        if kept + machine > 0 { (kept, machine) } else { self.count(|ballot| ballot.uptime) }
    }

    /// A router whose uptime went on with the kept time can be dated by it, whoever is right about the hour. At the start
    /// the kept time has to be decided on first.
    pub(crate) fn may_write(&self, router: RouterId) -> bool {
        let ballot = self.ballots.get(&router);
        match self.verdict {
            ClockVerdict::Sane | ClockVerdict::MachineWrong => true,
            ClockVerdict::Undecided => !self.from_start,
            ClockVerdict::Checking => {
                !self.from_start && ballot.is_some_and(|ballot| ballot.uptime == Some(Side::Kept))
            }
        }
    }

    /// Counts. `Some` if the machine's clock is right, and then whether the time between really passed.
    pub(crate) fn decide(&mut self, found: Circumstances) -> Option<bool> {
        let Circumstances { age_ms, is_doubtful, is_heard, is_watched } = found;
        if !is_heard {
            return None;
        }
        let (clocks_kept, clocks_machine) = self.count(|ballot| ballot.clock);
        let (passed_kept, passed_machine) = self.count(|ballot| ballot.uptime);
        if clocks_machine > clocks_kept {
            let has_passed = passed_machine > passed_kept;
            if self.is_zone_like() && !is_doubtful && !has_passed && age_ms < ZONE_LASTS_MS {
                self.verdict = ClockVerdict::Undecided;
                return None;
            }
            return Some(has_passed);
        }
        if clocks_kept > clocks_machine {
            self.verdict = ClockVerdict::MachineWrong;
            return None;
        }
        if passed_machine > passed_kept {
            return Some(true);
        }
        let is_settled = age_ms >= SETTLED_AFTER_MS
            && (!is_watched || self.shift_ms.abs() <= LITTLE_MS || (self.from_start && self.shift_ms > 0));
        if is_settled {
            return Some(true);
        }
        self.verdict = ClockVerdict::Undecided;
        None
    }

    fn count(&self, side: impl Fn(&Ballot) -> Option<Side>) -> (usize, usize) {
        let of = |wanted| self.ballots.values().filter(|ballot| side(ballot) == Some(wanted)).count();
        (of(Side::Kept), of(Side::Machine))
    }

    fn is_zone_like(&self) -> bool {
        let size_ms = self.shift_ms.abs();
        let beyond_ms = size_ms.rem_euclid(QUARTER_MS);
        (QUARTER_MS - ZONE_NEAR_MS..=ZONE_MS_MAX).contains(&size_ms)
            && beyond_ms.min(QUARTER_MS - beyond_ms) <= ZONE_NEAR_MS
    }
}
