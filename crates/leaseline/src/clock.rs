//! The one place that reads the wall clock; everybody else is handed the time.

use store::Clock;

/// The machine's clock, Unix milliseconds UTC.
#[expect(clippy::disallowed_methods, reason = "this is the one reader of the wall clock")]
pub(crate) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// The same as a value to hand on.
pub(crate) fn wall_clock() -> Clock {
    Clock::new(now_ms)
}

/// A clock that shows `start_ms` now and goes on from there.
pub(crate) fn clock_from(start_ms: i64) -> Clock {
    let begun = std::time::Instant::now();
    Clock::new(move || start_ms.saturating_add(begun.elapsed().as_millis() as i64))
}
