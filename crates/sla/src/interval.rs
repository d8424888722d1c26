use serde::{Deserialize, Serialize};

/// A half-open piece of time `[from_ms, to_ms)`, Unix milliseconds UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Interval {
    /// First millisecond that belongs to it.
    pub from_ms: i64,
    /// First millisecond that no longer does.
    pub to_ms: i64,
}

impl Interval {
    /// `[from_ms, to_ms)`; an end before the start gives an empty interval at `from_ms`.
    pub fn new(from_ms: i64, to_ms: i64) -> Self {
        Self { from_ms, to_ms: to_ms.max(from_ms) }
    }

    /// Its length in milliseconds; one that is longer than a number can say reads as the longest that can be said.
    pub fn len_ms(self) -> i64 {
        self.to_ms.saturating_sub(self.from_ms)
    }

    /// Whether it holds no time at all.
    pub fn is_empty(self) -> bool {
        self.from_ms >= self.to_ms
    }

    /// The time that both cover.
    pub fn intersect(self, other: Self) -> Self {
        Self::new(self.from_ms.max(other.from_ms), self.to_ms.min(other.to_ms))
    }
}
