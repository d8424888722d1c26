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
    /// With the machine's own clock that only ever grows.
    pub(crate) fn new(wall: Clock) -> Self {
        Self { wall, mono: Arc::new(machine_clock()) }
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

/// Milliseconds since the machine started, its sleep included: a router that restarted while we slept must not seem to
/// have run all the time.
#[cfg(target_os = "linux")]
fn machine_clock() -> impl Fn() -> i64 + Send + Sync + 'static {
    use rustix::time::{ClockId, clock_gettime};
    || {
        let since_start = clock_gettime(ClockId::Boottime);
        since_start.tv_sec * 1_000 + since_start.tv_nsec / 1_000_000
    }
}

/// Elsewhere whatever the system takes for a timer; on some it stands still while the machine sleeps.
#[cfg(not(target_os = "linux"))]
fn machine_clock() -> impl Fn() -> i64 + Send + Sync + 'static {
    let start = std::time::Instant::now();
    move || i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_clock_grows_and_does_not_jump() {
        let clocks = Clocks::new(Clock::new(|| 0));
        let times: Vec<_> = (0..1_000).map(|_| clocks.now().mono_ms).collect();
        assert!(times[0] > 0 || cfg!(not(target_os = "linux")));
        assert!(times.is_sorted(), "{times:?}");
    }
}
