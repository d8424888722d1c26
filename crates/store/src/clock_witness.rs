//! What routers say of time, one after the other.

use crate::RouterId;
use crate::clock_watch::CLOCK_STEP_MS;

/// How fast a router's uptime may run away from our time, as a divisor: 1/1000 is far worse than any crystal.
pub(crate) const UPTIME_DRIFT_DIVISOR: i64 = 1_000;
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

/// What a router said last.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) kept_ms: Option<i64>,
    pub(crate) uptime_ms: i64,
    /// Its clock minus its uptime.
    booted_ms: Option<i64>,
    pub(crate) clock_set_mono_ms: Option<i64>,
}

impl Seen {
    pub(crate) fn after(self, witness: &RouterWitness, mono_ms: i64) -> Self {
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
pub(crate) fn expected_ms((at_ms, uptime_ms): (i64, i64), now_uptime_ms: i64) -> Option<i64> {
    let passed_ms = now_uptime_ms - uptime_ms;
    (passed_ms >= -CLOCK_STEP_MS).then_some(at_ms + passed_ms.max(0))
}
