//! What a roll-up is made of: samples and smaller roll-ups, added up.

use crate::{LATENCY_BUCKETS, LinkId, Rollup, Sample, histogram};

impl Rollup {
    /// Nothing yet.
    pub fn empty(link: LinkId, from_ms: i64) -> Self {
        Self {
            link,
            from_ms,
            n: 0,
            rx_n: 0,
            rx_bps_min: None,
            rx_bps_max: None,
            rx_bps_sum: 0,
            tx_n: 0,
            tx_bps_min: None,
            tx_bps_max: None,
            tx_bps_sum: 0,
            sent: 0,
            received: 0,
            rtt_min_us: None,
            rtt_max_us: None,
            rtt_n: 0,
            rtt_weighted_sum_us: 0,
            latency_histogram: vec![0; LATENCY_BUCKETS],
        }
    }

    /// Adds one sample.
    pub fn add_sample(&mut self, sample: &Sample) {
        self.n += 1;
        self.rx_n += i64::from(sample.rx_bps.is_some());
        self.rx_bps_min = lower(self.rx_bps_min, sample.rx_bps);
        self.rx_bps_max = self.rx_bps_max.max(sample.rx_bps);
        self.rx_bps_sum = self.rx_bps_sum.saturating_add(sample.rx_bps.unwrap_or(0));
        self.tx_n += i64::from(sample.tx_bps.is_some());
        self.tx_bps_min = lower(self.tx_bps_min, sample.tx_bps);
        self.tx_bps_max = self.tx_bps_max.max(sample.tx_bps);
        self.tx_bps_sum = self.tx_bps_sum.saturating_add(sample.tx_bps.unwrap_or(0));
        self.sent += sample.sent.unwrap_or(0);
        self.received += sample.received.unwrap_or(0);
        self.rtt_min_us = lower(self.rtt_min_us, sample.rtt_min_us);
        self.rtt_max_us = self.rtt_max_us.max(sample.rtt_max_us);
        if let (Some(rtt_us), Some(received)) = (sample.rtt_avg_us, sample.received) {
            self.rtt_n += received;
            self.rtt_weighted_sum_us =
                self.rtt_weighted_sum_us.saturating_add(rtt_us.saturating_mul(received));
            self.latency_histogram[histogram::bucket(rtt_us)] += received;
        }
    }

    /// Adds a part. Sums stay at the largest number rather than wrap.
    pub fn add_rollup(&mut self, part: &Self) {
        self.n += part.n;
        self.rx_n += part.rx_n;
        self.rx_bps_min = lower(self.rx_bps_min, part.rx_bps_min);
        self.rx_bps_max = self.rx_bps_max.max(part.rx_bps_max);
        self.rx_bps_sum = self.rx_bps_sum.saturating_add(part.rx_bps_sum);
        self.tx_n += part.tx_n;
        self.tx_bps_min = lower(self.tx_bps_min, part.tx_bps_min);
        self.tx_bps_max = self.tx_bps_max.max(part.tx_bps_max);
        self.tx_bps_sum = self.tx_bps_sum.saturating_add(part.tx_bps_sum);
        self.sent += part.sent;
        self.received += part.received;
        self.rtt_min_us = lower(self.rtt_min_us, part.rtt_min_us);
        self.rtt_max_us = self.rtt_max_us.max(part.rtt_max_us);
        self.rtt_n += part.rtt_n;
        self.rtt_weighted_sum_us = self.rtt_weighted_sum_us.saturating_add(part.rtt_weighted_sum_us);
        for (count, more) in self.latency_histogram.iter_mut().zip(&part.latency_histogram) {
            *count += more;
        }
    }
}

/// The lower of two figures of which either may be missing.
fn lower(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
