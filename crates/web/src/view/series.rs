use serde::Serialize;
use store::{Facing, LATENCY_BOUNDS_US, Rollup};

use crate::view::figures::{Directions, directions};
use crate::view::points::Points;

/// Mean, lowest and highest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spread {
    pub(crate) mean: Option<i64>,
    pub(crate) low: Option<i64>,
    pub(crate) high: Option<i64>,
}

/// Rates as the customer sees them, bits per second.
pub(crate) fn rates(figures: &Rollup, facing: Facing) -> Directions<Spread> {
    let spread = |sum, n, low, high| Spread { mean: mean(sum, n), low, high };
    let rx = spread(figures.rx_bps_sum, figures.rx_n, figures.rx_bps_min, figures.rx_bps_max);
    let tx = spread(figures.tx_bps_sum, figures.tx_n, figures.tx_bps_min, figures.tx_bps_max);
    directions(facing, rx, tx)
}

/// Round trips in microseconds; the mean is weighted by answers.
pub(crate) fn latency(figures: &Rollup) -> Spread {
    let mean = mean(figures.rtt_weighted_sum_us, figures.rtt_n);
    Spread { mean, low: figures.rtt_min_us, high: figures.rtt_max_us }
}

/// Within which round trip, in microseconds, 95 % of the answers came: the upper bound of the bucket that holds the
/// 95th percentile, but never more than the longest.
pub(crate) fn latency_p95_us(figures: &Rollup) -> Option<i64> {
    let n: i64 = figures.latency_histogram.iter().sum();
    let rank = (95 * n + 99) / 100;
    let mut seen = 0;
    let bucket = figures.latency_histogram.iter().position(|count| {
        seen += count;
        seen >= rank
    });
    let bound_us = bucket.filter(|_| n > 0).map(|bucket| LATENCY_BOUNDS_US.get(bucket).copied())?;
    [bound_us, figures.rtt_max_us].into_iter().flatten().min()
}

/// Lost of sent in percent, with three decimals.
pub(crate) fn loss_pct(figures: &Rollup) -> Option<f64> {
    // An integer first, so that the JSON holds 0.3 and not 0.30000000000000004.
    let thousandths =
        (figures.sent - figures.received).max(0) * 100_000 / Some(figures.sent).filter(|&n| n > 0)?;
    Some(thousandths as f64 / 1_000.0)
}

fn mean(sum: i64, n: i64) -> Option<i64> {
    (n > 0).then(|| sum / n)
}

/// The columns of the charts, all of one length; `null` is a gap. Rates in bits per second, round trips in
/// microseconds, loss in percent, times in Unix milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Series {
    pub(crate) at_ms: Vec<i64>,
    pub(crate) download: Vec<Option<i64>>,
    pub(crate) upload: Vec<Option<i64>>,
    pub(crate) rtt: Vec<Option<i64>>,
    pub(crate) rtt_low: Vec<Option<i64>>,
    pub(crate) rtt_high: Vec<Option<i64>>,
    pub(crate) loss: Vec<Option<f64>>,
    /// Only where a point is more than a single measurement.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(crate) spreads: Option<Spreads>,
}

/// What of single measurements would be the same figure again.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Spreads {
    pub(crate) download_low: Vec<Option<i64>>,
    pub(crate) download_high: Vec<Option<i64>>,
    pub(crate) upload_low: Vec<Option<i64>>,
    pub(crate) upload_high: Vec<Option<i64>>,
    pub(crate) rtt_p95: Vec<Option<i64>>,
}

impl Series {
    pub(crate) fn new(points: &Points, facing: Facing) -> Self {
        let mut series = Self { spreads: (points.step_ms > 0).then(Spreads::default), ..Self::default() };
        for point in &points.points {
            if let Some(&last_ms) = series.at_ms.last().filter(|_| point.after_gap) {
                // A roll-up of nothing has no figure.
                series.push(last_ms + 1, &Rollup::empty(point.figures.link, last_ms), facing);
            }
            series.push(points.at_ms(point), &point.figures, facing);
        }
        series
    }

    fn push(&mut self, at_ms: i64, figures: &Rollup, facing: Facing) {
        let (rates, rtt) = (rates(figures, facing), latency(figures));
        self.at_ms.push(at_ms);
        self.download.push(rates.download.mean);
        self.upload.push(rates.upload.mean);
        self.rtt.push(rtt.mean);
        self.rtt_low.push(rtt.low);
        self.rtt_high.push(rtt.high);
        self.loss.push(loss_pct(figures));
        if let Some(spreads) = &mut self.spreads {
            spreads.download_low.push(rates.download.low);
            spreads.download_high.push(rates.download.high);
            spreads.upload_low.push(rates.upload.low);
            spreads.upload_high.push(rates.upload.high);
            spreads.rtt_p95.push(latency_p95_us(figures));
        }
    }
}

/// The period before, moved so that it lies under the one that is shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Previous {
    /// By how much it was moved.
    shift_ms: i64,
    at_ms: Vec<i64>,
    download: Vec<Option<i64>>,
    upload: Vec<Option<i64>>,
    rtt: Vec<Option<i64>>,
    loss: Vec<Option<f64>>,
}

impl Previous {
    pub(crate) fn new(points: &Points, facing: Facing, shift_ms: i64) -> Self {
        let Series { at_ms, download, upload, rtt, loss, .. } = Series::new(points, facing);
        let at_ms = at_ms.into_iter().map(|at_ms| at_ms + shift_ms).collect();
        Self { shift_ms, at_ms, download, upload, rtt, loss }
    }
}

#[cfg(test)]
mod tests {
    use sla::Interval;
    use store::LinkId;

    use super::*;
    use crate::view::points::tests::{link, sample};

    #[test]
    fn missing_samples_and_missing_rates_are_gaps() {
        let samples = [0, 10, 20, 60, 70].map(|at_ms| sample(at_ms, (at_ms != 10).then_some(1), Some(2)));
        let points = Points::of_samples(Interval::new(0, 100), &link(Facing::Upstream), &samples);
        let series = Series::new(&points, Facing::Upstream);
        assert_eq!(series.at_ms, [0, 10, 20, 21, 60, 70]);
        assert_eq!(series.download, [Some(1), None, Some(1), None, Some(1), Some(1)]);
        assert_eq!(series.upload, [Some(2), Some(2), Some(2), None, Some(2), Some(2)]);
        assert_eq!((series.loss[3], series.loss[0]), (None, Some(20.0)));
        assert_eq!(series.spreads, None, "the same figures three times");
        let before = Previous::new(&points, Facing::Upstream, 1_000);
        assert_eq!(
            (before.at_ms[3], before.download[3]),
            (1_021, None),
            "gaps of the period before are gaps"
        );
    }

    #[test]
    fn a_mean_round_trip_counts_answers_and_a_percentile_is_bounded_by_the_longest() {
        let mut hour = Rollup::empty(LinkId(1), 0);
        assert_eq!((latency(&hour), latency_p95_us(&hour), loss_pct(&hour)), (Spread::default(), None, None));
        let mut quick = sample(0, None, None);
        (quick.received, quick.rtt_avg_us, quick.rtt_max_us) = (Some(1), Some(1_000), Some(1_000));
        let mut slow = sample(1, None, None);
        (slow.received, slow.rtt_avg_us, slow.rtt_max_us) = (Some(3), Some(4_200), Some(6_000));
        hour.add_sample(&quick);
        hour.add_sample(&slow);
        assert_eq!(latency(&hour).mean, Some((1_000 + 3 * 4_200) / 4));
        assert_eq!(latency_p95_us(&hour), Some(5_000), "the bucket from 3 to 5 ms");
        hour.rtt_max_us = Some(4_300);
        assert_eq!(latency_p95_us(&hour), Some(4_300));
        assert_eq!(loss_pct(&hour), Some(60.0));
    }

    #[test]
    fn the_percentile_is_the_nearest_rank() {
        let mut hour = Rollup::empty(LinkId(1), 0);
        (hour.latency_histogram[3], hour.latency_histogram[9]) = (19, 1);
        assert_eq!(latency_p95_us(&hour), Some(1_000), "rank 19 of 20");
        hour.latency_histogram[9] = 2;
        assert_eq!(latency_p95_us(&hour), Some(12_500), "rank 20 of 21");
    }
}
