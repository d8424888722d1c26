use store::Clock;

/// A reading of both clocks at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// Unix milliseconds UTC, free of jumps: see [`store::ClockWatch`].
    pub(crate) wall_ms: i64,
    /// Milliseconds of the monotonic clock.
    pub(crate) mono_ms: i64,
}

impl Moment {
    pub(crate) fn after_ms(self, ms: i64) -> Self {
        Self { wall_ms: self.wall_ms + ms, mono_ms: self.mono_ms + ms }
    }
}

/// The time of day, which can be set, and a clock that only ever grows. Both are arguments.
#[derive(Clone, Debug)]
pub(crate) struct Clocks {
    clock: Clock,
}

impl Clocks {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock }
    }

    pub(crate) fn now(&self) -> Moment {
        let now = self.clock.now();
        Moment { wall_ms: now.wall_ms, mono_ms: now.mono_ms }
    }

    /// The clock itself, to compare it with the routers.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// By how much the time of a moment has changed since, because the clock was corrected; 0 for what drifts.
    pub(crate) fn shift_ms(&self, moment: Moment) -> i64 {
        let shift_ms = self.clock.at_mono_ms(moment.mono_ms) - moment.wall_ms;
        if shift_ms.abs() < store::CLOCK_STEP_MS { 0 } else { shift_ms }
    }
}
