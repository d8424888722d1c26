use serde::{Deserialize, Serialize};

use crate::{Month, Terms, Verdicts};

/// What a month was, in figures: the answer of [`evaluate`](crate::evaluate), frozen in a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Version of the arithmetic, [`ALGORITHM`](crate::ALGORITHM).
    pub algorithm: u32,
    /// IANA name of the zone.
    pub timezone: String,
    /// Which month.
    pub month: Month,
    /// First millisecond of the period: the month's part until `as_of_ms`.
    pub from_ms: i64,
    /// First millisecond after it.
    pub to_ms: i64,
    /// Whether the period ends before the month does.
    pub so_far: bool,
    /// The month as a whole.
    #[serde(flatten)]
    pub figures: Figures,
    /// Every outage that reaches into contracted time of the period.
    pub outages: Vec<StatementOutage>,
    /// In plain words: each objective that was missed or cannot be decided.
    pub reasons: Vec<String>,
    /// Each stretch under one set of terms, in order.
    pub parts: Vec<Part>,
    /// What the customer saw, exclusions included.
    pub experienced: Experienced,
    /// Mean time to repair: down time per outage that ended before the period did; outages that lie in excluded time
    /// alone do not count.
    pub mttr_ms: Option<i64>,
    /// Mean time between failures: up time per outage.
    pub mtbf_ms: Option<i64>,
    /// The most down time that one outage cost.
    pub longest_outage_ms: Option<i64>,
}

impl Statement {
    /// Whether an outage is known up to the end of the whole month and no further: frozen inputs end there, so that
    /// the month's digest does not change with the next month's spans.
    pub fn reaches_end(&self, outage: &StatementOutage) -> bool {
        !self.so_far && outage.to_ms == Some(self.to_ms)
    }
}

/// A stretch under one set of terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// First millisecond.
    pub from_ms: i64,
    /// First millisecond after it.
    pub to_ms: i64,
    /// The terms in force; `None` before the first ones.
    pub terms: Option<Terms>,
    /// The same figures as for the month.
    #[serde(flatten)]
    pub figures: Figures,
}

/// The figures of a stretch. The four buckets add up to it: contracted = excluded + unknown + down + up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Under contract.
    pub contracted_ms: i64,
    /// Left out by exclusions.
    pub excluded_ms: i64,
    /// Not excluded, and nobody can say.
    pub unknown_ms: i64,
    /// Not excluded, and down.
    pub down_ms: i64,
    /// Not excluded, and up.
    pub up_ms: i64,
    /// Up and down: what availability is a share of.
    pub eligible_ms: i64,
    /// Up of eligible; truncated to five places like all percentages here.
    pub availability_pct: Option<String>,
    /// Eligible of what is not excluded.
    pub coverage_pct: Option<String>,
    /// Availability with unknown taken as down.
    pub lower_pct: Option<String>,
    /// Availability with unknown taken as up.
    pub upper_pct: Option<String>,
    /// Echoes sent in eligible up time.
    pub sent: i64,
    /// Echoes answered.
    pub received: i64,
    /// Lost of sent.
    pub loss_pct: Option<String>,
    /// Mean round trip weighted by answers.
    pub latency_avg_us: Option<i64>,
    /// Median over ping runs, weighted by answers.
    pub latency_p50_us: Option<i64>,
    /// 95th percentile.
    pub latency_p95_us: Option<i64>,
    /// 99th percentile.
    pub latency_p99_us: Option<i64>,
    /// 95th percentile of the received rate over contracted time: rank ⌈95 n / 100⌉.
    pub p95_rx_bps: Option<i64>,
    /// 95th percentile of the sent rate.
    pub p95_tx_bps: Option<i64>,
    /// Buckets with a received rate.
    pub rx_n: i64,
    /// Buckets with a sent rate.
    pub tx_n: i64,
    /// 5-minute buckets in the contracted time.
    pub traffic_expected_n: i64,
    /// Down time that the uptime objective allows; `None` without one.
    pub allowed_ms: Option<i64>,
    /// What is left of it after down time; negative when overspent.
    pub budget_left_ms: Option<i64>,
    /// The verdicts.
    pub verdict: Verdicts,
}

/// An outage as the statement lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementOutage {
    /// When it began, possibly before the period.
    pub from_ms: i64,
    /// When it ended, possibly after the period; `None` while it goes on.
    pub to_ms: Option<i64>,
    /// Its down time that counts in this period.
    pub down_ms: i64,
    /// Its part of the period's contracted time that an exclusion covers.
    pub excluded_ms: i64,
    /// Why.
    pub cause: Option<String>,
    /// How we know.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub evidence: serde_json::Value,
}

/// The month as the customer saw it: nothing is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Experienced {
    /// Up, excluded or not.
    pub up_ms: i64,
    /// Down, excluded or not.
    pub down_ms: i64,
    /// Unknown, excluded or not.
    pub unknown_ms: i64,
    /// Up of up and down.
    pub availability_pct: Option<String>,
}
