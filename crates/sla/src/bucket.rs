use crate::Traffic;

/// The aligned buckets that a 95th percentile counts: five minutes.
pub const BUCKET_MS: i64 = 300_000;

/// At most one row for each aligned bucket, in order of time: several become their mean, direction by direction, at the
/// time of the first; a single one stays as it is. So links that are sampled more often weigh no more (SLA trap 35).
pub fn traffic_buckets(rows: impl Iterator<Item = Traffic>) -> Vec<Traffic> {
    let mut rows: Vec<Traffic> = rows.collect();
    if !rows.is_sorted_by_key(|row| row.at_ms) {
        rows.sort_unstable();
    }
    let bucket = |row: &Traffic| row.at_ms.div_euclid(BUCKET_MS);
    if !rows.windows(2).any(|pair| bucket(&pair[0]) == bucket(&pair[1])) {
        return rows;
    }
    rows.chunk_by(|a, b| bucket(a) == bucket(b))
        .map(|rows| Traffic {
            at_ms: rows[0].at_ms,
            rx_bps: mean(rows.iter().filter_map(|row| row.rx_bps)),
            tx_bps: mean(rows.iter().filter_map(|row| row.tx_bps)),
        })
        .collect()
}

fn mean(values: impl Iterator<Item = i64>) -> Option<i64> {
    let (sum, n) = values.fold((0_i128, 0_i128), |(sum, n), value| (sum + i128::from(value), n + 1));
    sum.checked_div(n).and_then(|mean| i64::try_from(mean).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(at_ms: i64, rx_bps: Option<i64>, tx_bps: Option<i64>) -> Traffic {
        Traffic { at_ms, rx_bps, tx_bps }
    }

    #[test]
    fn one_row_per_bucket_stays_as_it_is() {
        let rows = vec![row(17, Some(1), None), row(300_000, None, Some(2)), row(600_001, Some(3), Some(3))];
        assert_eq!(traffic_buckets(rows.iter().copied()), rows);
        assert_eq!(traffic_buckets(rows.iter().rev().copied()), rows);
    }

    #[test]
    fn trap_35_frequent_rows_become_one_and_a_missing_rate_is_not_zero() {
        let rows = [
            row(0, Some(10), None),
            row(60_000, Some(21), Some(7)),
            row(120_000, None, None),
            row(299_999, Some(i64::MAX), Some(8)),
            row(300_000, Some(5), None),
        ];
        let mean = (31 + i128::from(i64::MAX)) / 3;
        let expected = [row(0, Some(mean as i64), Some(7)), row(300_000, Some(5), None)];
        assert_eq!(traffic_buckets(rows.into_iter()), expected);
        assert_eq!(traffic_buckets(expected.into_iter()), expected);
    }

    #[test]
    fn buckets_before_1970_are_aligned_too() {
        let rows = [row(-300_001, Some(1), None), row(-300_000, Some(2), None), row(-1, Some(4), None)];
        let expected = [row(-300_001, Some(1), None), row(-300_000, Some(3), None)];
        assert_eq!(traffic_buckets(rows.into_iter()), expected);
    }
}
