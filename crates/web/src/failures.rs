//! Failed attempts of late, counted in memory: whoever has no session makes the database neither grow nor change.
//!
//! Each web process counts for itself: with several behind one balancer somebody who guesses has as many times the
//! limits as there are processes. What a restart forgets is at most a window of failures.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};

/// Parts of a window, of which the oldest falls out at a time.
const BUCKETS: usize = 15;
/// Keys that are counted at once; one is about 60 bytes.
const KEYS_MAX: usize = 50_000;

/// Failures by some key over a window of [`BUCKETS`] equal parts. Only a hash of the key is kept.
#[derive(Debug)]
pub(crate) struct Failures {
    bucket_ms: i64,
    hasher: RandomState,
    windows: HashMap<u64, Window>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    /// The number of the newest bucket.
    newest: i64,
    counts: [u16; BUCKETS],
    last_at_ms: i64,
}

impl Failures {
    /// Counts over a window of that length, which slides by a fifteenth.
    pub(crate) fn over(window_ms: i64) -> Self {
        let bucket_ms = (window_ms / BUCKETS as i64).max(1);
        Self { bucket_ms, hasher: RandomState::new(), windows: HashMap::new() }
    }

    /// How many there are in the window that ends now.
    pub(crate) fn count(&self, key: impl Hash, now_ms: i64) -> i64 {
        let window = self.windows.get(&self.hasher.hash_one(key)).copied();
        window.map_or(0, |window| window.at(now_ms / self.bucket_ms).total())
    }

    /// When the last one was, if it is still counted.
    pub(crate) fn last_at_ms(&self, key: impl Hash) -> Option<i64> {
        self.windows.get(&self.hasher.hash_one(key)).map(|window| window.last_at_ms)
    }

    /// One more.
    pub(crate) fn add(&mut self, key: impl Hash, now_ms: i64) {
        let (key, bucket) = (self.hasher.hash_one(key), now_ms / self.bucket_ms);
        if self.windows.len() >= KEYS_MAX && !self.windows.contains_key(&key) {
            self.make_room(bucket);
        }
        let window = self.windows.entry(key).or_insert(Window {
            newest: bucket,
            counts: [0; BUCKETS],
            last_at_ms: now_ms,
        });
        *window = window.at(bucket);
        window.last_at_ms = now_ms;
        let place = &mut window.counts[bucket.rem_euclid(BUCKETS as i64) as usize];
        *place = place.saturating_add(1);
    }

    /// Begins anew for a key.
    pub(crate) fn forget(&mut self, key: impl Hash) {
        self.windows.remove(&self.hasher.hash_one(key));
    }

    /// Keeps the upper half: those with few failures are not what the limits are for, and many keys with one failure
    /// each are how somebody would push the others out.
    fn make_room(&mut self, bucket: i64) {
        self.windows.retain(|_, window| window.at(bucket).total() > 0);
        let mut totals: Vec<i64> = self.windows.values().map(|window| window.at(bucket).total()).collect();
        if totals.len() < KEYS_MAX {
            return;
        }
        totals.sort_unstable();
        let least = totals[totals.len() / 2];
        let mut of_least = KEYS_MAX / 4;
        self.windows.retain(|_, window| match window.at(bucket).total().cmp(&least) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => {
                let room = of_least > 0;
                of_least = of_least.saturating_sub(1);
                room
            }
        });
    }
}

impl Window {
    /// The window that ends with `bucket`. A clock that was set back moves it back with what it holds.
    fn at(mut self, bucket: i64) -> Self {
        let steps = bucket.saturating_sub(self.newest).clamp(0, BUCKETS as i64);
        for step in 1..=steps {
            self.counts[(self.newest + step).rem_euclid(BUCKETS as i64) as usize] = 0;
        }
        self.newest = bucket;
        self
    }

    fn total(&self) -> i64 {
        self.counts.iter().map(|count| i64::from(*count)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_MS: i64 = 60_000;
    const NOW_MS: i64 = 1_795_437_000_000;

    #[test]
    fn failures_count_for_their_window_and_no_longer() {
        let mut failures = Failures::over(15 * MINUTE_MS);
        failures.add("a", NOW_MS);
        failures.add("a", NOW_MS + 5 * MINUTE_MS);
        assert_eq!(failures.count("a", NOW_MS + 14 * MINUTE_MS), 2);
        assert_eq!(failures.count("a", NOW_MS + 15 * MINUTE_MS), 1);
        assert_eq!(failures.count("a", NOW_MS + 40 * MINUTE_MS), 0);
        assert_eq!((failures.count("b", NOW_MS), failures.last_at_ms("b")), (0, None));
        failures.forget("a");
        assert_eq!(failures.count("a", NOW_MS + 5 * MINUTE_MS), 0);
    }

    #[test]
    fn a_clock_that_was_ahead_locks_nobody_out_for_as_long() {
        let mut failures = Failures::over(15 * MINUTE_MS);
        failures.add("a", NOW_MS + 600 * MINUTE_MS);
        failures.add("a", NOW_MS);
        assert_eq!(failures.count("a", NOW_MS), 2);
        assert_eq!(failures.count("a", NOW_MS + 15 * MINUTE_MS), 0);
    }

    #[test]
    fn a_flood_of_keys_takes_bounded_memory_and_pushes_out_none_that_counts() {
        let mut failures = Failures::over(15 * MINUTE_MS);
        for _ in 0..8 {
            failures.add("guessed at", NOW_MS);
        }
        for n in 0..3 * KEYS_MAX {
            failures.add(n, NOW_MS);
        }
        assert!(failures.windows.len() <= KEYS_MAX, "{}", failures.windows.len());
        assert_eq!(failures.count("guessed at", NOW_MS), 8);
    }
}
