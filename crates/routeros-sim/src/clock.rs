use std::fmt;
use std::sync::Arc;

/// Where a simulated router gets its time from: Unix milliseconds, UTC.
///
/// Counters, uptime, link times and outages follow this clock, so a test can move a month in one step. Only
/// the pace of a conversation (ping intervals, dripping) follows tokio's timers, as it costs the client real
/// waiting.
#[derive(Clone)]
pub struct SimClock(Arc<dyn Fn() -> i64 + Send + Sync>);

impl SimClock {
    /// Wraps a function that returns Unix milliseconds (UTC) and is cheap to call.
    pub fn new(now_ms: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(now_ms))
    }

    /// The present, Unix milliseconds UTC.
    pub fn now_ms(&self) -> i64 {
        (self.0)()
    }
}

impl fmt::Debug for SimClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SimClock").field(&self.now_ms()).finish()
    }
}
