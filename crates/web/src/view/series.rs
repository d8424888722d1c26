use serde::Serialize;
use store::{Facing, Sample};

use crate::view::figures::directions;
use crate::view::gap::gaps_before;

/// The most points of a chart; more samples are put together.
pub(crate) const POINTS_MAX: usize = 1_500;

/// The columns of a chart, all of one length; `null` is a gap. Rates in bits per second, round trips in
/// microseconds, loss in percent, times in Unix milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Series {
    pub(crate) at_ms: Vec<i64>,
    pub(crate) download: Vec<Option<i64>>,
    pub(crate) upload: Vec<Option<i64>>,
    pub(crate) rtt_min: Vec<Option<i64>>,
    pub(crate) rtt_avg: Vec<Option<i64>>,
    pub(crate) rtt_max: Vec<Option<i64>>,
    pub(crate) loss: Vec<Option<f64>>,
}

impl Series {
    /// The samples of `[from_ms, to_ms)`, in order.
    pub(crate) fn new(samples: &[Sample], facing: Facing, from_ms: i64, to_ms: i64) -> Self {
        let times_ms: Vec<i64> = samples.iter().map(|sample| sample.at_ms).collect();
        let gaps = gaps_before(&times_ms);
        let mut seen = 0;
        let bucket_ms = (to_ms - from_ms).max(1) / POINTS_MAX as i64;
        let thin = samples.len() > POINTS_MAX;
        let mut series = Self::default();
        let mut last_ms = None;
        let group = |a: &Sample, b: &Sample| {
            thin && (a.at_ms - from_ms) / bucket_ms.max(1) == (b.at_ms - from_ms) / bucket_ms.max(1)
        };
        for samples in samples.chunk_by(group) {
            let (Some(first), Some(last)) = (samples.first(), samples.last()) else { continue };
            if let Some(before_ms) = last_ms.filter(|_| gaps[seen]) {
                series.push_gap(before_ms + 1);
            }
            seen += samples.len();
            series.push(samples, facing, first.at_ms);
            last_ms = Some(last.at_ms);
        }
        series
    }

    fn push_gap(&mut self, at_ms: i64) {
        self.at_ms.push(at_ms);
        self.download.push(None);
        self.upload.push(None);
        self.rtt_min.push(None);
        self.rtt_avg.push(None);
        self.rtt_max.push(None);
        self.loss.push(None);
    }

    fn push(&mut self, samples: &[Sample], facing: Facing, at_ms: i64) {
        let rates = directions(facing, mean(samples, |s| s.rx_bps), mean(samples, |s| s.tx_bps));
        let probes = Probes::of(samples);
        self.at_ms.push(at_ms);
        self.download.push(rates.download);
        self.upload.push(rates.upload);
        self.rtt_min.push(probes.rtt_min_us);
        self.rtt_avg.push(probes.rtt_avg_us);
        self.rtt_max.push(probes.rtt_max_us);
        self.loss.push(probes.loss_pct());
    }
}

/// The pings of several samples together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Probes {
    pub(crate) sent: Option<i64>,
    pub(crate) received: Option<i64>,
    pub(crate) rtt_min_us: Option<i64>,
    /// Weighted by replies.
    pub(crate) rtt_avg_us: Option<i64>,
    pub(crate) rtt_max_us: Option<i64>,
}

impl Probes {
    pub(crate) fn of(samples: &[Sample]) -> Self {
        let made = samples.iter().filter_map(|s| Some((s.sent?, s.received?)));
        let (sent, received) = made.fold((0, 0), |(a, b), (sent, received)| (a + sent, b + received));
        let weighed = samples.iter().filter_map(|s| Some((s.rtt_avg_us?, s.received.unwrap_or(1).max(1))));
        let (sum, weight) = weighed.fold((0, 0), |(sum, n), (avg, weight)| (sum + avg * weight, n + weight));
        Self {
            sent: (sent > 0).then_some(sent),
            received: (sent > 0).then_some(received),
            rtt_min_us: samples.iter().filter_map(|s| s.rtt_min_us).min(),
            rtt_avg_us: (weight > 0).then(|| sum / weight),
            rtt_max_us: samples.iter().filter_map(|s| s.rtt_max_us).max(),
        }
    }

    fn loss_pct(self) -> Option<f64> {
        let (sent, received) = (self.sent?, self.received?);
        // Per mille as an integer first, so that the JSON holds 0.3 and not 0.30000000000000004.
        Some(((sent - received) * 1_000 / sent) as f64 / 10.0)
    }
}

/// The mean of what is there.
pub(crate) fn mean(samples: &[Sample], figure: impl Fn(&Sample) -> Option<i64>) -> Option<i64> {
    let (sum, n) =
        samples.iter().filter_map(figure).fold((0_i128, 0_i128), |(sum, n), x| (sum + i128::from(x), n + 1));
    if n == 0 { None } else { i64::try_from(sum / n).ok() }
}

#[cfg(test)]
pub(crate) mod tests {
    use sla::LinkState;
    use store::LinkId;

    use super::*;

    pub(crate) fn sample(at_ms: i64, rx: Option<i64>, tx: Option<i64>) -> Sample {
        Sample {
            link: LinkId(1),
            at_ms,
            state: LinkState::Up,
            rx_bytes: None,
            tx_bytes: None,
            rx_packets: None,
            tx_packets: None,
            rx_errors: None,
            tx_errors: None,
            rx_drops: None,
            tx_drops: None,
            rx_bps: rx,
            tx_bps: tx,
            sent: Some(5),
            received: Some(4),
            rtt_min_us: Some(1_000),
            rtt_avg_us: Some(2_000),
            rtt_max_us: Some(3_000),
        }
    }

    #[test]
    fn missing_samples_and_missing_rates_are_gaps() {
        let samples = [0, 10, 20, 60, 70].map(|at_ms| sample(at_ms, (at_ms != 10).then_some(1), Some(2)));
        let series = Series::new(&samples, Facing::Upstream, 0, 100);
        assert_eq!(series.at_ms, [0, 10, 20, 21, 60, 70]);
        assert_eq!(series.download, [Some(1), None, Some(1), None, Some(1), Some(1)]);
        assert_eq!(series.upload, [Some(2), Some(2), Some(2), None, Some(2), Some(2)]);
        assert_eq!(series.loss[3], None);
        assert_eq!(series.loss[0], Some(20.0));
    }

    #[test]
    fn many_samples_become_few_points_and_keep_their_gap() {
        let times = (0..20_000).filter(|n| !(8_000..9_000).contains(n)).map(|n| n * 1_000);
        let samples: Vec<Sample> = times.map(|at_ms| sample(at_ms, Some(7), Some(9))).collect();
        let series = Series::new(&samples, Facing::Customer, 0, 20_000_000);
        assert!(series.at_ms.len() <= POINTS_MAX + 1, "{}", series.at_ms.len());
        assert!(series.download.iter().flatten().all(|&bps| bps == 9));
        assert_eq!(series.download.iter().filter(|bps| bps.is_none()).count(), 1);
    }

    #[test]
    fn a_mean_round_trip_counts_replies() {
        let mut quick = sample(0, None, None);
        (quick.received, quick.rtt_avg_us) = (Some(1), Some(1_000));
        let mut slow = sample(1, None, None);
        (slow.received, slow.rtt_avg_us) = (Some(3), Some(5_000));
        assert_eq!(Probes::of(&[quick, slow]).rtt_avg_us, Some(4_000));
        assert_eq!(Probes::of(&[]), Probes::default());
    }
}
