use std::sync::{Arc, Mutex, PoisonError};

use crate::clock_watch::{ClockCorrection, ClockState, ClockWatch};
use crate::clock_witness::RouterWitness;
use crate::{RouterId, StoreError};

/// A reading of both clocks takes no longer than this; one that was interrupted in between is taken again.
const READING_MS_MAX: i64 = 100;
/// How often an interrupted reading is taken again.
const READINGS_MAX: usize = 3;

type ReadMs = Box<dyn Fn() -> i64 + Send + Sync>;

/// The time as an argument: only the binary knows the real clocks, tests turn their own.
///
/// The wall clock can be set and can jump. With a monotonic clock beside it a jump is noticed at the next reading, and
/// [`now_ms`](Self::now_ms) goes on at the pace of the monotonic clock until it is known which time is true: see
/// [`ClockWatch`]. Clones share one watch.
///
/// The store itself never asks it; its functions take `now_ms`.
#[derive(Clone)]
pub struct Clock(Arc<Inner>);

struct Inner {
    wall: ReadMs,
    mono: Option<ReadMs>,
    watch: Mutex<ClockWatch>,
}

/// One moment by both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Unix milliseconds UTC, free of jumps.
    pub wall_ms: i64,
    /// Milliseconds of the monotonic clock.
    pub mono_ms: i64,
}

impl Clock {
    /// A clock that asks `now` for Unix milliseconds UTC and believes it.
    pub fn new(now: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner { wall: Box::new(now), mono: None, watch: Mutex::default() }))
    }

    /// A clock whose wall time `now` (Unix milliseconds UTC) is checked by `mono`: milliseconds since any moment that only
    /// ever grow, also while the machine sleeps.
    pub fn with_monotonic(
        now: impl Fn() -> i64 + Send + Sync + 'static,
        mono: impl Fn() -> i64 + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner { wall: Box::new(now), mono: Some(Box::new(mono)), watch: Mutex::default() }))
    }

    /// Unix milliseconds UTC, free of jumps.
    pub fn now_ms(&self) -> i64 {
        self.now().wall_ms
    }

    /// Both clocks at one moment.
    pub fn now(&self) -> Moment {
        self.watched(|watch, wall_ms, mono_ms| Moment { wall_ms: watch.read(wall_ms, mono_ms), mono_ms })
    }

    /// What the machine's wall clock itself says, right or wrong.
    pub fn machine_ms(&self) -> i64 {
        (self.0.wall)()
    }

    /// The time at an earlier reading of the monotonic clock, as it is known now.
    pub fn at_mono_ms(&self, mono_ms: i64) -> i64 {
        let now = self.now();
        now.wall_ms - (now.mono_ms - mono_ms)
    }

    /// Begins to compare the clock with the routers: see [`ClockWatch::expect`].
    pub fn expect(&self, polled: usize, stored: usize, contradicts: bool) {
        self.watched(|watch, wall_ms, mono_ms| {
            watch.read(wall_ms, mono_ms);
            watch.expect(polled, stored, contradicts, mono_ms);
        });
    }

    /// Takes in what a router said of its uptime and its clock.
    pub fn observe(&self, witness: &RouterWitness) {
        self.watched(|watch, wall_ms, mono_ms| watch.observe(wall_ms, mono_ms, witness));
    }

    /// Whether what was seen of a router now may be dated and written.
    pub fn may_write(&self, router: RouterId) -> bool {
        self.watched(|watch, wall_ms, mono_ms| {
            watch.read(wall_ms, mono_ms);
            watch.may_write(router)
        })
    }

    /// Somebody else knows that the machine's clock is right: an operator, or the process that polls the routers.
    pub fn accept_machine(&self) {
        self.watched(|watch, wall_ms, mono_ms| {
            watch.read(wall_ms, mono_ms);
            watch.accept_machine(wall_ms, mono_ms);
        });
    }

    /// Somebody else knows that the time kept so far is right, and the machine's clock is not.
    pub fn confirm_kept(&self) {
        self.watched(|watch, _, mono_ms| watch.confirm_kept(mono_ms));
    }

    /// How the clock stands.
    pub fn state(&self) -> ClockState {
        self.watched(|watch, wall_ms, mono_ms| {
            let now_ms = watch.read(wall_ms, mono_ms);
            watch.state(now_ms, wall_ms)
        })
    }

    /// The oldest correction that has not been [carried out](Self::corrected) in the database.
    pub fn correction(&self) -> Option<ClockCorrection> {
        self.lock().correction()
    }

    /// The oldest correction was carried out.
    pub fn corrected(&self) {
        self.lock().corrected();
    }

    /// Something later than now is stored although the clock is right: it is to be removed.
    pub fn found_future(&self) {
        self.watched(|watch, wall_ms, mono_ms| {
            let now_ms = watch.read(wall_ms, mono_ms);
            watch.found_future(now_ms);
        });
    }

    fn watched<T>(&self, use_it: impl FnOnce(&mut ClockWatch, i64, i64) -> T) -> T {
        let mut watch = self.lock();
        let Inner { wall, mono, .. } = &*self.0;
        let Some(mono) = mono else {
            let now_ms = wall();
            return use_it(&mut watch, now_ms, now_ms);
        };
        let mut before_ms = mono();
        let mut wall_ms = wall();
        let mut after_ms = mono();
        for _ in 1..READINGS_MAX {
            if after_ms - before_ms <= READING_MS_MAX {
                break;
            }
            before_ms = after_ms;
            wall_ms = wall();
            after_ms = mono();
        }
        use_it(&mut watch, wall_ms, after_ms)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, ClockWatch> {
        self.0.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

/// How far the checks of a clock have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockVerdict {
    /// The wall clock, the monotonic clock, and the routers agree.
    Sane,
    /// They are being compared: at the start, or just after a jump.
    Checking,
    /// The routers say that the machine's clock is wrong.
    MachineWrong,
    /// The machine's clock differs from the time kept, and too few routers can say which one is right.
    Undecided,
}

impl ClockVerdict {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sane => "sane",
            Self::Checking => "checking",
            Self::MachineWrong => "machine_wrong",
            Self::Undecided => "undecided",
        }
    }
}

impl std::str::FromStr for ClockVerdict {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let all = [Self::Sane, Self::Checking, Self::MachineWrong, Self::Undecided];
        let found = all.into_iter().find(|verdict| verdict.as_str() == text);
        found.ok_or_else(|| StoreError::Invalid { what: "a clock verdict", why: format!("{text:?} is none") })
    }
}
