//! Counters that fell and may come back.
//!
//! A device that fails to read a counter shows zero, or what it had long ago, and the next time the old level again. That
//! was no reset: neither the fall nor the return says anything about traffic.

use serde::{Deserialize, Serialize};

use crate::counter_delta::Reading;

/// The counters that are watched: bytes and packets. Errors and drops are small and reach any old level soon.
const WATCHED: usize = 4;
/// Of these, the ones that a link in use cannot leave at zero: bytes.
const NEVER_IDLE: usize = 2;
/// Counters that have not come back after so long were reset.
const RETURN_WITHIN_MS: i64 = 60 * 60_000;

/// Counters that are below a level they had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fallen {
    /// When the first of them was read below its level.
    at_ms: i64,
    /// What those that fell had been before; none for the others.
    levels: [Option<i64>; WATCHED],
}

/// Follows the counters from one reading to the next. Returns those that are below their old level now, and whether the
/// step says nothing about traffic although no counter falls in it: one returned to its old level, or still reads zero.
pub(crate) fn follow(fallen: Option<Fallen>, prev: &Reading, next: &Reading) -> (Option<Fallen>, bool) {
    // A restart and another interface explain a fall: these counters did begin again.
    if !prev.identity.is_same(&next.identity) || next.uptime_ms < prev.uptime_ms {
        return (None, false);
    }
    let mut fallen = fallen
        .filter(|fallen| (0..=RETURN_WITHIN_MS).contains(&(next.at_ms - fallen.at_ms)))
        .unwrap_or(Fallen { at_ms: next.at_ms, levels: [None; WATCHED] });
    let mut is_doubtful = false;
    for (index, level) in fallen.levels.iter_mut().enumerate() {
        let (Some(before), Some(after)) = (prev.values[index], next.values[index]) else { continue };
        if level.is_some_and(|level| after >= level) {
            is_doubtful = true;
            *level = None;
        }
        is_doubtful |= level.is_some() && index < NEVER_IDLE && (before, after) == (0, 0);
        if after < before {
            *level = (*level).max(Some(before));
        }
    }
    let is_below = fallen.levels.iter().any(Option::is_some);
    (is_below.then_some(fallen), is_doubtful)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counter_delta::{Rates, rates};
    use crate::look::Identity;

    const GB: i64 = 1_000_000_000;
    const LIMIT_BPS: u64 = 10_000_000_000;

    fn reading(index: i64, bytes: i64) -> Reading {
        Reading {
            at_ms: index * 300_000,
            mono_ms: None,
            uptime_ms: 1_000_000 + index * 300_000,
            identity: Identity { id: "*3".into(), name: "ether3".into(), mac: None },
            values: [
                Some(bytes),
                Some(bytes),
                Some(bytes / 1_000),
                Some(bytes / 1_000),
                None,
                None,
                None,
                None,
            ],
        }
    }

    /// Mbit/s of each step between readings 300 s apart; none is a gap.
    fn steps(readings: &[Reading]) -> Vec<Option<i64>> {
        let mut fallen = None;
        readings
            .windows(2)
            .map(|pair| {
                let (now, is_doubtful) = follow(fallen.take(), &pair[0], &pair[1]);
                fallen = now;
                let rates = if is_doubtful { Rates::default() } else { rates(&pair[0], &pair[1], LIMIT_BPS) };
                rates.rx_bps.map(|bps| bps / 1_000_000)
            })
            .collect()
    }

    fn series(bytes: &[i64]) -> Vec<Reading> {
        bytes.iter().enumerate().map(|(index, bytes)| reading(index as i64, *bytes)).collect()
    }

    #[test]
    fn a_counter_that_reads_zero_once_is_a_gap_on_both_sides() {
        let bytes = [2 * GB, 2 * GB + GB / 2, 0, 3 * GB, 3 * GB + 3 * GB / 4];
        assert_eq!(steps(&series(&bytes)), [Some(13), None, None, Some(20)]);
    }

    #[test]
    fn a_counter_that_reads_zero_for_a_while_is_a_gap_until_it_is_back() {
        let bytes = [2 * GB, 0, 0, 0, 3 * GB, 3 * GB + 3 * GB / 4];
        assert_eq!(steps(&series(&bytes)), [None, None, None, None, Some(20)]);
    }

    #[test]
    fn a_counter_that_was_reset_is_a_gap_once() {
        let bytes = [900 * GB, GB / 4, GB, GB + 3 * GB / 4, 2 * GB];
        assert_eq!(steps(&series(&bytes)), [None, Some(20), Some(20), Some(6)]);
    }

    #[test]
    fn a_reset_counter_that_passes_its_old_level_later_is_no_return() {
        let mut bytes = vec![5 * GB];
        bytes.extend((1..20).map(|poll| poll * 3 * GB / 8));
        let rates = steps(&series(&bytes));
        assert_eq!(rates.iter().filter(|rate| rate.is_none()).count(), 1, "{rates:?}");
    }

    #[test]
    fn a_counter_that_wraps_is_a_gap_and_its_way_up_again_is_not() {
        let wrap = 1_i64 << 32;
        let bytes = [wrap - GB, wrap - GB / 4, GB / 2, GB + GB / 4, 2 * GB];
        assert_eq!(steps(&series(&bytes)), [Some(20), None, Some(20), Some(20)]);
    }

    #[test]
    fn a_restart_explains_a_fall_and_a_busy_router_is_measured_after_it() {
        let mut readings = series(&[GB / 2, GB / 4, GB, GB + 3 * GB / 4]);
        for (index, reading) in readings.iter_mut().enumerate().skip(1) {
            reading.uptime_ms = 200_000 + 300_000 * index as i64 - 300_000;
        }
        assert_eq!(steps(&readings), [None, Some(20), Some(20)]);
    }

    #[test]
    fn one_direction_that_returns_makes_both_doubtful() {
        let mut readings = series(&[2 * GB, 3 * GB, 4 * GB, 5 * GB]);
        readings[1].values[1] = Some(0);
        assert_eq!(steps(&readings), [None, None, Some(26)]);
    }
}
