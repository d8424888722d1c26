//! What a stretch adds up to, before anybody judges it.

use crate::objective::UptimeAccount;
use crate::percentile::{nearest_rank, weighted};
use crate::readings::Readings;
use crate::segment::{Buckets, Segment, within};
use crate::{BUCKET_MS, Figures, Interval, LinkState, Verdicts, percent_truncated};

/// Decimal places of the figures that are kept.
const PLACES: u32 = 5;

/// Sums and readings of a stretch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) buckets: Buckets,
    pub(crate) sent: i64,
    pub(crate) received: i64,
    /// Echoes received by runs that say how long they took.
    pub(crate) timed: i64,
    /// Sum of their round trips.
    pub(crate) rtt_us: i128,
    rtt_runs: Vec<(i64, u32)>,
    rx_bps: Vec<i64>,
    tx_bps: Vec<i64>,
    traffic_expected_n: i64,
}

impl Tally {
    /// Pings count in eligible up time only, rates in all of the stretch.
    pub(crate) fn of(stretch: Interval, segments: &[Segment], readings: &Readings<'_>) -> Self {
        let mut tally = Self { traffic_expected_n: bucket_starts(stretch), ..Self::default() };
        for segment in within(segments, stretch) {
            tally.buckets.add(&segment);
            if segment.state == LinkState::Up && !segment.excluded {
                tally.add_probes(readings, segment.at);
            }
        }
        let traffic = readings.traffic_in(stretch);
        tally.rx_bps = traffic.iter().filter_map(|row| row.rx_bps).collect();
        tally.tx_bps = traffic.iter().filter_map(|row| row.tx_bps).collect();
        tally
    }

    fn add_probes(&mut self, readings: &Readings<'_>, at: Interval) {
        for probe in readings.probes_in(at) {
            self.sent += i64::from(probe.sent);
            self.received += i64::from(probe.received);
            // A round trip beside no answer is the one before, not a measurement (SLA trap 32).
            if let (Some(rtt_us), 1..) = (probe.rtt_avg_us, probe.received) {
                self.timed += i64::from(probe.received);
                self.rtt_us += i128::from(rtt_us) * i128::from(probe.received);
                self.rtt_runs.push((rtt_us, probe.received));
            }
        }
    }

    pub(crate) fn absorb(&mut self, other: &Self) {
        self.buckets.absorb(other.buckets);
        self.sent += other.sent;
        self.received += other.received;
        self.timed += other.timed;
        self.rtt_us += other.rtt_us;
        self.rtt_runs.extend_from_slice(&other.rtt_runs);
        self.rx_bps.extend_from_slice(&other.rx_bps);
        self.tx_bps.extend_from_slice(&other.tx_bps);
        self.traffic_expected_n += other.traffic_expected_n;
    }

    pub(crate) fn lost(&self) -> i64 {
        self.sent - self.received
    }

    pub(crate) fn into_figures(mut self, uptime: Option<&UptimeAccount>, verdict: Verdicts) -> Figures {
        let buckets = self.buckets;
        let (eligible_ms, base_ms) = (buckets.eligible_ms(), buckets.base_ms());
        let percent = |part, whole| percent_truncated(part, whole, PLACES);
        let [p50, p95, p99] = weighted(&mut self.rtt_runs, [50, 95, 99]);
        Figures {
            contracted_ms: buckets.contracted_ms(),
            excluded_ms: buckets.excluded_ms,
            unknown_ms: buckets.unknown_ms,
            down_ms: buckets.down_ms,
            up_ms: buckets.up_ms,
            eligible_ms,
            availability_pct: percent(buckets.up_ms, eligible_ms),
            coverage_pct: percent(eligible_ms, base_ms),
            lower_pct: percent(buckets.up_ms, base_ms),
            upper_pct: percent(buckets.up_ms + buckets.unknown_ms, base_ms),
            sent: self.sent,
            received: self.received,
            loss_pct: percent(self.lost(), self.sent),
            latency_avg_us: self
                .rtt_us
                .checked_div(i128::from(self.timed))
                .and_then(|mean_us| i64::try_from(mean_us).ok()),
            latency_p50_us: p50,
            latency_p95_us: p95,
            latency_p99_us: p99,
            rx_n: self.rx_bps.len() as i64,
            tx_n: self.tx_bps.len() as i64,
            p95_rx_bps: nearest_rank(&mut self.rx_bps, 95),
            p95_tx_bps: nearest_rank(&mut self.tx_bps, 95),
            traffic_expected_n: self.traffic_expected_n,
            allowed_ms: uptime.map(UptimeAccount::allowed_ms),
            budget_left_ms: uptime.map(UptimeAccount::budget_left_ms),
            verdict,
        }
    }
}

/// How many aligned buckets begin in a stretch, which lies within a month.
fn bucket_starts(stretch: Interval) -> i64 {
    let starts_before = |at_ms: i64| at_ms.div_euclid(BUCKET_MS) + i64::from(at_ms.rem_euclid(BUCKET_MS) > 0);
    starts_before(stretch.to_ms) - starts_before(stretch.from_ms)
}
