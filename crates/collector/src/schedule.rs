//! When a router's rounds are. Slots are aligned to the interval and shifted by a hash of the router, so that the
//! rounds of many routers are spread, and any two collectors would name the same instants.

use std::time::Duration;

use store::RouterId;

/// What a round does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoundKind {
    /// Looks which links are up.
    Probe,
    /// Looks, and reads the counters and pings.
    Sample,
}

/// One instant at which a round is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) at_ms: i64,
    pub(crate) kind: RoundKind,
}

/// The slots of one router.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    probe_ms: i64,
    sample_ms: i64,
    shift_ms: i64,
}

impl Schedule {
    pub(crate) fn new(router: RouterId, probe_interval: Duration, sample_interval: Duration) -> Self {
        let ms = |interval: Duration| i64::try_from(interval.as_millis()).unwrap_or(i64::MAX).max(1);
        let sample_ms = ms(sample_interval);
        let hash = spread(router.0.cast_unsigned());
        let shift_ms = i64::try_from(hash % sample_ms.unsigned_abs()).unwrap_or(0);
        Self { probe_ms: ms(probe_interval), sample_ms, shift_ms }
    }

    /// The first slot after `after_ms`. An instant that is due for both is a sample: it looks as well.
    pub(crate) fn next(&self, after_ms: i64) -> Slot {
        let next = |every_ms: i64| after_ms - (after_ms - self.shift_ms).rem_euclid(every_ms) + every_ms;
        let (probe_ms, sample_ms) = (next(self.probe_ms), next(self.sample_ms));
        if sample_ms <= probe_ms {
            Slot { at_ms: sample_ms, kind: RoundKind::Sample }
        } else {
            Slot { at_ms: probe_ms, kind: RoundKind::Probe }
        }
    }

    /// How many slots lie in `(after_ms, until_ms]`.
    pub(crate) fn count(&self, after_ms: i64, until_ms: i64) -> i64 {
        let both_ms = lcm(self.probe_ms, self.sample_ms);
        let within = |every_ms: i64| {
            let up_to = |ms: i64| (ms - self.shift_ms).div_euclid(every_ms);
            (up_to(until_ms) - up_to(after_ms)).max(0)
        };
        within(self.probe_ms) + within(self.sample_ms) - within(both_ms)
    }
}

/// Spreads numbers that lie close together over all 64 bits (the finaliser of SplitMix64, Steele et al. 2014).
pub(crate) fn spread(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn lcm(a: i64, b: i64) -> i64 {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    (a / x).saturating_mul(b)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn schedule(router: i64, probe_s: u64, sample_s: u64) -> Schedule {
        Schedule::new(RouterId(router), Duration::from_secs(probe_s), Duration::from_secs(sample_s))
    }

    #[test]
    fn trap_29_two_collectors_name_the_same_instants() {
        let at_ms = 1_800_000_012_345;
        assert_eq!(schedule(7, 30, 300).next(at_ms), schedule(7, 30, 300).next(at_ms + 1));
    }

    #[test]
    fn every_tenth_look_is_a_sample() {
        let schedule = schedule(7, 30, 300);
        let mut at_ms = 1_800_000_000_000;
        let slots: Vec<_> = (0..100)
            .map(|_| {
                let slot = schedule.next(at_ms);
                at_ms = slot.at_ms;
                slot
            })
            .collect();
        assert_eq!(slots.iter().filter(|slot| slot.kind == RoundKind::Sample).count(), 10);
        assert!(slots.windows(2).all(|pair| pair[1].at_ms - pair[0].at_ms == 30_000));
    }

    #[test]
    fn routers_are_spread_over_the_interval() {
        let tenth = |router| (schedule(router, 30, 300).next(0).at_ms / 3_000) % 10;
        for part in 0..10 {
            let there = (0..1_000).filter(|&router| tenth(router) == part).count();
            assert!((50..150).contains(&there), "{there} of 1000 routers in tenth {part}");
        }
    }

    proptest! {
        #[test]
        fn counting_slots_is_walking_them(
            router in 0i64..1_000, probe_s in 1u64..40, sample_s in 1u64..400, after in 0i64..1_000_000, len in 0i64..600_000,
        ) {
            let schedule = schedule(router, probe_s, sample_s);
            let (mut at_ms, mut walked) = (after, 0);
            loop {
                let slot = schedule.next(at_ms);
                prop_assert!(slot.at_ms > at_ms);
                at_ms = slot.at_ms;
                if at_ms > after + len { break; }
                walked += 1;
            }
            prop_assert_eq!(schedule.count(after, after + len), walked);
        }
    }
}
