use std::time::Duration;

use crate::schedule::spread;

/// Doubling stops here; the pause has long reached its maximum.
const DOUBLINGS_MAX: u32 = 20;
/// A pause varies by up to this share around its length, so that routers that vanished together do not all come back
/// in one instant.
const JITTER_PERCENT: i64 = 25;

/// Pauses between attempts to connect: each twice the one before, within limits, with jitter.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    min_ms: i64,
    max_ms: i64,
    seed: u64,
    failures: u32,
    next_ms: Option<i64>,
}

impl Backoff {
    pub(crate) fn new(min: Duration, max: Duration, seed: u64) -> Self {
        let ms = |pause: Duration| i64::try_from(pause.as_millis()).unwrap_or(i64::MAX / 2).min(i64::MAX / 2);
        Self { min_ms: ms(min), max_ms: ms(max).max(ms(min)), seed, failures: 0, next_ms: None }
    }

    /// How long to wait yet, by a monotonic clock; none when an attempt is due.
    pub(crate) fn wait_ms(&self, now_ms: i64) -> Option<i64> {
        self.next_ms.map(|next_ms| next_ms - now_ms).filter(|&wait_ms| wait_ms > 0)
    }

    pub(crate) fn failed(&mut self, now_ms: i64) {
        let pause_ms = self.min_ms.saturating_mul(1 << self.failures.min(DOUBLINGS_MAX)).min(self.max_ms);
        let share = i64::try_from(spread(self.seed ^ u64::from(self.failures)) % 1_001).unwrap_or(0) - 500;
        let jitter_ms = pause_ms / 100 * JITTER_PERCENT * share / 500;
        self.failures = self.failures.saturating_add(1);
        self.next_ms = Some(now_ms.saturating_add(pause_ms + jitter_ms));
    }

    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
        self.next_ms = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_maximum_and_start_anew_after_success() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60), 42);
        let mut pauses = Vec::new();
        for _ in 0..12 {
            backoff.failed(1_000);
            pauses.push(backoff.wait_ms(1_000).expect("a pause"));
        }
        assert!((750..=1_250).contains(&pauses[0]), "{pauses:?}");
        assert!((3_000..=5_000).contains(&pauses[2]), "{pauses:?}");
        assert!(pauses[8..].iter().all(|pause| (45_000..=75_000).contains(pause)), "{pauses:?}");
        backoff.succeeded();
        assert_eq!(backoff.wait_ms(1_000), None);
    }

    #[test]
    fn routers_do_not_come_back_in_one_instant() {
        let pause = |seed| {
            let mut backoff = Backoff::new(Duration::from_secs(60), Duration::from_secs(60), seed);
            backoff.failed(0);
            backoff.wait_ms(0)
        };
        let different: std::collections::HashSet<_> = (0..100).map(pause).collect();
        assert!(different.len() > 50, "{}", different.len());
    }
}
