//! The fixed buckets into which round trips are counted, so that hours can be added up to days and months.

use crate::StoreError;

/// Upper bounds of the latency buckets in microseconds, inclusive; a last bucket takes everything slower.
///
/// The steps are fine where contracts draw their lines (5 to 50 ms) and coarse beyond. Stored histograms depend
/// on them: a change needs a migration that rolls everything up again.
pub const LATENCY_BOUNDS_US: [i64; LATENCY_BUCKETS - 1] = [
    100, 200, 500, 1_000, 2_000, 3_000, 5_000, 7_500, 10_000, 12_500, 15_000, 20_000, 25_000, 30_000, 40_000,
    50_000, 75_000, 100_000, 150_000, 200_000, 300_000, 500_000, 1_000_000, 2_000_000, 5_000_000,
];

/// How many latency buckets there are.
pub const LATENCY_BUCKETS: usize = 26;

/// The bucket of a round trip.
pub(crate) fn bucket(rtt_us: i64) -> usize {
    LATENCY_BOUNDS_US.partition_point(|bound| *bound < rtt_us)
}

/// A histogram as it is stored: its counts, without the zeros at the end, separated by commas.
pub(crate) fn to_text(counts: &[i64]) -> String {
    let used = counts.iter().rposition(|count| *count != 0).map_or(0, |last| last + 1);
    let mut text = String::new();
    for (index, count) in counts[..used].iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&count.to_string());
    }
    text
}

/// What [`to_text`] wrote, at full length.
pub(crate) fn from_text(text: &str) -> Result<Vec<i64>, StoreError> {
    let mut counts = Vec::with_capacity(LATENCY_BUCKETS);
    for count in text.split(',').filter(|count| !count.is_empty()) {
        counts.push(count.parse().map_err(StoreError::corrupt)?);
    }
    if counts.len() > LATENCY_BUCKETS {
        return Err(StoreError::corrupt("a latency histogram with too many buckets"));
    }
    counts.resize(LATENCY_BUCKETS, 0);
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_own_bucket() {
        assert_eq!(bucket(0), 0);
        assert_eq!(bucket(100), 0);
        assert_eq!(bucket(101), 1);
        assert_eq!(bucket(5_000_000), LATENCY_BUCKETS - 2);
        assert_eq!(bucket(5_000_001), LATENCY_BUCKETS - 1);
    }

    #[test]
    fn the_bounds_rise() {
        assert!(LATENCY_BOUNDS_US.is_sorted_by(|low, high| low < high));
    }

    #[test]
    fn the_text_gives_the_counts_back() {
        let mut counts = vec![0; LATENCY_BUCKETS];
        assert_eq!(to_text(&counts), "");
        assert_eq!(from_text("").unwrap(), counts);
        counts[3] = 7;
        assert_eq!(to_text(&counts), "0,0,0,7");
        assert_eq!(from_text("0,0,0,7").unwrap(), counts);
        assert!(from_text("1,x").is_err());
    }
}
