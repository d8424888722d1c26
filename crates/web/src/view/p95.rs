use serde::Serialize;
use sla::{BUCKET_MS, Interval, Traffic, nearest_rank, traffic_buckets};
use store::Facing;

use crate::view::figures::directions;

/// The 95th percentile of the 5-minute means of a stretch, by nearest rank, in bits per second, with how many there
/// are and how many there would be without gaps: as the monthly statement works it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct P95 {
    pub(crate) from_ms: i64,
    pub(crate) to_ms: i64,
    pub(crate) download: Option<i64>,
    pub(crate) upload: Option<i64>,
    pub(crate) n: usize,
    pub(crate) expected: i64,
}

/// Of the rows inside `window`.
pub(crate) fn p95(window: Interval, facing: Facing, rows: impl Iterator<Item = Traffic>) -> P95 {
    let Interval { from_ms, to_ms } = window;
    let buckets = traffic_buckets(rows.filter(|row| (from_ms..to_ms).contains(&row.at_ms)));
    let n = buckets.iter().filter(|row| row.rx_bps.is_some() || row.tx_bps.is_some()).count();
    let mut rx: Vec<i64> = buckets.iter().filter_map(|row| row.rx_bps).collect();
    let mut tx: Vec<i64> = buckets.iter().filter_map(|row| row.tx_bps).collect();
    let rates = directions(facing, nearest_rank(&mut rx, 95), nearest_rank(&mut tx, 95));
    let (download, upload) = (rates.download, rates.upload);
    P95 { from_ms, to_ms, download, upload, n, expected: window.len_ms() / BUCKET_MS }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(at_ms: i64, rx: Option<i64>) -> Traffic {
        Traffic { at_ms, rx_bps: rx, tx_bps: Some(7) }
    }

    #[test]
    fn the_five_percent_above_do_not_count() {
        let rows = (0..20).map(|n| row(n * BUCKET_MS, Some(if n == 3 { 1_000 } else { n })));
        let found = p95(Interval::new(0, 21 * BUCKET_MS), Facing::Upstream, rows);
        assert_eq!((found.download, found.upload), (Some(19), Some(7)), "rank 19 of 20");
        assert_eq!((found.n, found.expected), (20, 21), "a missing bucket shows");
        let turned = p95(Interval::new(0, BUCKET_MS), Facing::Customer, [row(0, Some(5))].into_iter());
        assert_eq!((turned.download, turned.upload), (Some(7), Some(5)));
    }

    #[test]
    fn links_that_are_read_more_often_weigh_no_more() {
        let often = (0..10).map(|n| row(n * 30_000, Some(n * 10)));
        let rows = often.chain([row(BUCKET_MS, Some(3)), row(2 * BUCKET_MS, None)]);
        let found = p95(Interval::new(0, 3 * BUCKET_MS), Facing::Upstream, rows);
        assert_eq!((found.download, found.n), (Some(45), 3), "the mean of ten readings, not their highest");
    }

    #[test]
    fn nothing_has_no_percentile() {
        let rows = [row(-1, Some(5)), row(10, Some(5))];
        let found = p95(Interval::new(0, 10), Facing::Upstream, rows.into_iter());
        assert_eq!((found.download, found.upload, found.n), (None, None, 0));
    }
}
