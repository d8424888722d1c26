//! Where a row of readings has a gap, whatever the distance at which they were meant to be taken: settings change, and
//! a picture may show the time before and after.

/// A step is a gap if it is more than 5/2 of the longer of its two neighbours …
const FACTOR: i64 = 5;
const DIVISOR: i64 = 2;
/// … or more than 5/2 of the usual step and more than this, so that a lone reading between two gaps is alone.
const LONE_STEP_MS_MIN: i64 = 15 * 60 * 1000;

/// For each of these times, in order, whether a gap lies before it. The first has none.
pub(crate) fn gaps_before(times_ms: &[i64]) -> Vec<bool> {
    let steps: Vec<i64> = times_ms.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let mut sorted = steps.clone();
    sorted.sort_unstable();
    let usual = sorted.get(sorted.len() / 2).copied().unwrap_or(0);
    let long = (usual * FACTOR / DIVISOR).max(LONE_STEP_MS_MIN);
    let is_gap = |index: usize| {
        let neighbours = [index.checked_sub(1), Some(index + 1)];
        let longer = neighbours.iter().filter_map(|place| steps.get((*place)?)).max();
        steps[index] > long || longer.is_some_and(|&longer| steps[index] > longer * FACTOR / DIVISOR)
    };
    let first = times_ms.iter().take(1).map(|_| false);
    first.chain((0..steps.len()).map(is_gap)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gaps(times: &[i64]) -> Vec<i64> {
        let found = gaps_before(times);
        assert_eq!(found.len(), times.len());
        times.iter().zip(found).filter(|(_, gap)| *gap).map(|(at, _)| *at).collect()
    }

    #[test]
    fn a_missing_reading_is_a_gap() {
        assert!(gaps(&[]).is_empty());
        assert!(gaps(&[7]).is_empty());
        assert_eq!(gaps(&[0, 10, 20, 60, 70]), [60]);
    }

    #[test]
    fn a_change_of_pace_is_none() {
        let slow = (0..30).map(|n| n * 300_000);
        let quick = (1..400).map(|n| 29 * 300_000 + n * 6_000);
        let times: Vec<i64> = slow.chain(quick).collect();
        assert!(gaps(&times).is_empty());
        let back: Vec<i64> = times.iter().rev().map(|at| 20_000_000 - at).collect();
        assert!(gaps(&back).is_empty());
    }

    #[test]
    fn a_lone_reading_between_two_gaps_is_joined_to_neither() {
        let hour = 3_600_000;
        let mut times: Vec<i64> = (0..12).map(|n| n * 300_000).collect();
        times.extend([3 * hour, 5 * hour, 5 * hour + 300_000]);
        assert_eq!(gaps(&times), [3 * hour, 5 * hour]);
    }
}
