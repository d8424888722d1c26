//! Percentiles by nearest rank: of `n` values in rising order the one at the 1-based place ⌈p n / 100⌉, in integers
//! only (SLA trap 37).

/// The value at the rank of `percent`; `None` of nothing. Leaves the values in another order.
pub fn nearest_rank(values: &mut [i64], percent: u8) -> Option<i64> {
    let rank = rank(values.len() as i128, percent);
    let place = usize::try_from(rank).ok()?.checked_sub(1)?;
    Some(*values.select_nth_unstable(place).1)
}

/// Values that stand for several readings each, at the ranks of rising `percents`. Counts are above 0; leaves the
/// values in another order.
pub(crate) fn weighted<const N: usize>(runs: &mut [(i64, u32)], percents: [u8; N]) -> [Option<i64>; N] {
    let total = weight(runs);
    let mut found = [None; N];
    let (mut rest, mut before) = (runs, 0);
    for (percent, found) in percents.into_iter().zip(&mut found) {
        if rest.is_empty() {
            break;
        }
        let (place, weight_before) = place_of_rank(rest, rank(total, percent) - before);
        *found = Some(rest[place].0);
        // What is left of the place is no larger, so the next rank is not among it.
        rest = &mut rest[place..];
        before += weight_before;
    }
    found
}

fn rank(n: i128, percent: u8) -> i128 {
    (n * i128::from(percent) + 99) / 100
}

fn weight(runs: &[(i64, u32)]) -> i128 {
    runs.iter().map(|&(_, count)| u64::from(count)).sum::<u64>().into()
}

/// Halves the range that holds the rank until one value is left: its place, and the weight before it.
fn place_of_rank(runs: &mut [(i64, u32)], rank: i128) -> (usize, i128) {
    let (mut from, mut to, mut before) = (0, runs.len(), 0);
    while to - from > 1 {
        let middle = (to - from) / 2;
        let (low, _, _) = runs[from..to].select_nth_unstable_by_key(middle, |&(value, _)| value);
        let low_weight = weight(low);
        if rank <= before + low_weight {
            to = from + middle;
        } else {
            from += middle;
            before += low_weight;
        }
    }
    (from, before)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn trap_37_the_rank_is_an_integer_and_drops_as_many_values_as_documented() {
        for (n, place) in
            [(1, 1), (19, 19), (20, 19), (21, 20), (8_640, 8_208), (8_641, 8_209), (8_928, 8_482)]
        {
            let mut values: Vec<i64> = (1..=n).rev().collect();
            assert_eq!(nearest_rank(&mut values, 95), Some(place), "{n}");
        }
        assert_eq!(nearest_rank(&mut [], 95), None);
        assert_eq!(weighted(&mut [], [50, 95]), [None, None]);
    }

    proptest! {
        #[test]
        fn a_weighted_value_counts_as_often_as_it_stands_for(
            mut runs in prop::collection::vec((-20i64..20, 1u32..9), 1..60),
        ) {
            let all: Vec<i64> = runs.iter().flat_map(|&(value, count)| vec![value; count as usize]).collect();
            let expected = [1, 50, 95, 99, 100].map(|percent| nearest_rank(&mut all.clone(), percent));
            prop_assert_eq!(weighted(&mut runs, [1, 50, 95, 99, 100]), expected);
        }
    }
}
