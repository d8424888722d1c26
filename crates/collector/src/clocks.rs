use std::sync::Arc;

use store::Clock;

/// A reading of both clocks at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// Unix milliseconds UTC; can be set, can jump.
    pub(crate) wall_ms: i64,
    /// Milliseconds since some moment of this process; only ever grows.
    pub(crate) mono_ms: i64,
}

impl Moment {
    pub(crate) fn after_ms(self, ms: i64) -> Self {
        Self { wall_ms: self.wall_ms + ms, mono_ms: self.mono_ms + ms }
    }
}

/// The time of day, which can be set, and a clock that only ever grows. Both are arguments.
#[derive(Clone)]
pub(crate) struct Clocks {
    wall: Clock,
    mono: Arc<dyn Fn() -> i64 + Send + Sync>,
}

impl Clocks {
    /// With the timer's own monotonic clock.
    pub(crate) fn new(wall: Clock) -> Self {
        let start = std::time::Instant::now();
        Self { wall, mono: Arc::new(move || i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX)) }
    }

    pub(crate) fn with_mono(self, mono: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self { mono: Arc::new(mono), ..self }
    }

    pub(crate) fn now(&self) -> Moment {
        Moment { wall_ms: self.wall.now_ms(), mono_ms: (self.mono)() }
    }
}

impl std::fmt::Debug for Clocks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clocks")
    }
}
