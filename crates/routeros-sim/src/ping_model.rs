//! How a ping target answers: round trips and losses that depend only on the seed, the number of the echo
//! and the time.

use crate::random::{mix, up_to};
use std::time::Duration;

/// A whole, in the unit of [`PingProfile::loss_ppm`].
const MILLION: u64 = 1_000_000;

/// How a target answers echo requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PingProfile {
    /// The shortest round trip.
    pub rtt: Duration,
    /// The round trips lie between `rtt` and `rtt + jitter`, mostly near `rtt`.
    pub jitter: Duration,
    /// How many of a million echoes get no answer.
    pub loss_ppm: u32,
    /// An ICMP error instead of an answer: the hop that sends it and the status text, such as
    /// `host unreachable`. Such a reply has a time, and is no answer.
    pub error: Option<(String, String)>,
    /// The target is reached through this interface only: while it is not running, every echo is lost.
    pub via: Option<Vec<u8>>,
}

impl Default for PingProfile {
    fn default() -> Self {
        Self::new(Duration::from_millis(5), Duration::from_millis(2))
    }
}

impl PingProfile {
    /// A target that answers every echo.
    pub fn new(rtt: Duration, jitter: Duration) -> Self {
        Self { rtt, jitter, loss_ppm: 0, error: None, via: None }
    }

    /// A target that never answers.
    pub fn dead() -> Self {
        Self { loss_ppm: 1_000_000, ..Self::default() }
    }

    /// Sets the loss in echoes per million.
    #[must_use]
    pub fn loss_ppm(mut self, loss_ppm: u32) -> Self {
        self.loss_ppm = loss_ppm;
        self
    }

    /// Ties the target to an interface.
    #[must_use]
    pub fn via(mut self, interface: &str) -> Self {
        self.via = Some(interface.as_bytes().to_vec());
        self
    }

    /// The round trip in µs of the echo `seq` of a ping that was sent at `at_ms`, or `None` if it is lost.
    pub fn answer_us(&self, seed: u64, seq: u32, at_ms: i64) -> Option<u64> {
        let bits = mix(seed ^ u64::from(seq).rotate_left(40), at_ms as u64);
        if up_to(bits, MILLION - 1) < u64::from(self.loss_ppm) {
            return None;
        }
        // The product of two even draws leans towards small values, like queueing does.
        let jitter_us = u64::try_from(self.jitter.as_micros()).unwrap_or(u64::MAX);
        let draw = mix(bits, 1) % 1024 * (mix(bits, 2) % 1024);
        let extra_us = u128::from(jitter_us) * u128::from(draw) / (1023 * 1023);
        Some(u64::try_from(self.rtt.as_micros() + extra_us).unwrap_or(u64::MAX))
    }
}

/// The running totals of one ping command.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) sent: u32,
    pub(crate) received: u32,
    pub(crate) min_us: u64,
    pub(crate) sum_us: u64,
    pub(crate) max_us: u64,
}

impl Totals {
    pub(crate) fn answered(&mut self, us: u64) {
        self.min_us = if self.received == 0 { us } else { self.min_us.min(us) };
        self.max_us = self.max_us.max(us);
        self.sum_us += us;
        self.received += 1;
    }

    pub(crate) fn average_us(&self) -> u64 {
        self.sum_us / u64::from(self.received.max(1))
    }

    /// Whole percent, rounded down, as RouterOS prints it.
    pub(crate) fn loss_percent(&self) -> u32 {
        ((self.sent - self.received) * 100).checked_div(self.sent).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_lie_in_their_range_and_repeat() {
        let profile = PingProfile::new(Duration::from_micros(4_000), Duration::from_micros(900));
        let all: Vec<_> = (0..500).map(|seq| profile.answer_us(3, seq, 1_795_392_000_000)).collect();
        assert!(all.iter().all(|us| us.is_some_and(|us| (4_000..=4_900).contains(&us))));
        assert!(all.windows(2).any(|pair| pair[0] != pair[1]), "jitter must show");
        assert_eq!(all[7], profile.answer_us(3, 7, 1_795_392_000_000));
    }

    #[test]
    fn loss_is_as_frequent_as_asked() {
        let profile = PingProfile::default().loss_ppm(100_000);
        let lost = (0..10_000).filter(|seq| profile.answer_us(9, *seq, 5).is_none()).count();
        assert!((800..1200).contains(&lost), "{lost} of 10000");
        assert!((0..1000).all(|seq| PingProfile::dead().answer_us(9, seq, 5).is_none()));
        assert!((0..1000).all(|seq| PingProfile::default().answer_us(9, seq, 5).is_some()));
    }

    #[test]
    fn totals() {
        let mut totals = Totals { sent: 3, ..Totals::default() };
        totals.answered(500);
        totals.answered(100);
        assert_eq!(
            (totals.min_us, totals.average_us(), totals.max_us, totals.loss_percent()),
            (100, 300, 500, 33)
        );
    }
}
