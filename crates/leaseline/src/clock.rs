//! The one place that reads the machine's clocks; everybody else is handed the time.

use std::sync::LazyLock;

use store::Clock;

/// One watch over the clock for the whole process: what the routers say of it holds for pages and jobs, too.
static CLOCK: LazyLock<Clock> = LazyLock::new(|| Clock::with_monotonic(now_ms, machine_clock()));

/// The machine's wall clock, Unix milliseconds UTC, right or wrong.
#[expect(clippy::disallowed_methods, reason = "this is the one reader of the wall clock")]
pub(crate) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// The time to go by, as a value to hand on.
pub(crate) fn wall_clock() -> Clock {
    CLOCK.clone()
}

/// Milliseconds since the machine started, its sleep included: a router that restarted while we slept must not seem to
/// have run all the time, and time that we slept through must not look like a jump.
#[cfg(target_os = "linux")]
fn machine_clock() -> impl Fn() -> i64 + Send + Sync + 'static {
    use rustix::time::{ClockId, clock_gettime};
    || {
        let since_start = clock_gettime(ClockId::Boottime);
        since_start.tv_sec * 1_000 + since_start.tv_nsec / 1_000_000
    }
}

/// Elsewhere whatever the system takes for a timer; on some it stands still while the machine sleeps, which the routers'
/// uptime makes up for.
#[cfg(not(target_os = "linux"))]
fn machine_clock() -> impl Fn() -> i64 + Send + Sync + 'static {
    let start = std::time::Instant::now();
    move || i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX)
}

/// A clock that shows `start_ms` now and goes on from there.
pub(crate) fn clock_from(start_ms: i64) -> Clock {
    let mono = machine_clock();
    let begun_ms = mono();
    Clock::with_monotonic(move || start_ms.saturating_add(mono() - begun_ms), machine_clock())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_clock_grows_and_does_not_jump() {
        let clock = machine_clock();
        let times: Vec<_> = (0..1_000).map(|_| clock()).collect();
        assert!(times[0] > 0 || cfg!(not(target_os = "linux")));
        assert!(times.is_sorted(), "{times:?}");
    }
}
