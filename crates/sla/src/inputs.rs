use serde::{Deserialize, Serialize};

use crate::{Decimal, Interval, LinkState, Month};

/// Everything that a month's verdict on one link depends on: the form of `leaseline sla evaluate` and of a report's
/// frozen inputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// IANA name of the zone that the month is a calendar month of.
    pub timezone: String,
    /// Which month.
    pub month: Month,
    /// The period ends here if that is earlier than the month's end: the month "so far".
    #[serde(default)]
    pub as_of_ms: Option<i64>,
    /// When the link was under contract.
    pub active: Active,
    /// The time line; time that no span covers is unknown.
    #[serde(default)]
    pub spans: Vec<StateSpan>,
    /// Time that the contract leaves out.
    #[serde(default)]
    pub exclusions: Vec<Exclusion>,
    /// The terms, each valid until the next one begins.
    #[serde(default)]
    pub terms: Vec<Terms>,
    /// Ping results.
    #[serde(default)]
    pub probes: Vec<Probe>,
    /// Rates, one row per 5-minute bucket.
    #[serde(default)]
    pub traffic: Vec<Traffic>,
}

/// `[from_ms, to_ms)` under contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Active {
    /// Activation.
    pub from_ms: i64,
    /// Termination; `None`: open.
    #[serde(default)]
    pub to_ms: Option<i64>,
}

impl Active {
    /// As an interval; what is open ends with time itself.
    pub fn interval(self) -> Interval {
        Interval::new(self.from_ms, self.to_ms.unwrap_or(i64::MAX))
    }
}

/// A piece of the time line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateSpan {
    /// First millisecond.
    pub from_ms: i64,
    /// First millisecond after it.
    pub to_ms: i64,
    /// What the link was.
    pub state: LinkState,
    /// Why, for example `link_down`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// What the state was decided on; carried along, not looked at.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub evidence: serde_json::Value,
}

/// Time that the contract leaves out, and who says so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    /// First millisecond.
    pub from_ms: i64,
    /// First millisecond after it.
    pub to_ms: i64,
    /// Which clause.
    pub kind: ExclusionKind,
    /// Why, in the words of whoever entered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who entered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entered_by: Option<String>,
    /// When; after `from_ms` means after the fact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entered_at_ms: Option<i64>,
}

impl Exclusion {
    /// Whether it was entered after the time that it leaves out had begun.
    pub fn after_the_fact(&self) -> bool {
        self.entered_at_ms.is_some_and(|entered_ms| entered_ms > self.from_ms)
    }
}

/// Why time is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExclusionKind {
    /// Announced work of the ISP.
    PlannedMaintenance,
    /// Work of the ISP that could not wait.
    EmergencyMaintenance,
    /// Beyond anybody's control.
    ForceMajeure,
    /// Caused by the customer.
    CustomerCause,
    /// The service was suspended, for example for non-payment.
    Suspension,
}

impl ExclusionKind {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 5] = [
        Self::PlannedMaintenance,
        Self::EmergencyMaintenance,
        Self::ForceMajeure,
        Self::CustomerCause,
        Self::Suspension,
    ];

    /// As stored and as written in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PlannedMaintenance => "planned_maintenance",
            Self::EmergencyMaintenance => "emergency_maintenance",
            Self::ForceMajeure => "force_majeure",
            Self::CustomerCause => "customer_cause",
            Self::Suspension => "suspension",
        }
    }

    /// As people read it.
    pub fn words(self) -> &'static str {
        match self {
            Self::PlannedMaintenance => "Planned maintenance",
            Self::EmergencyMaintenance => "Emergency maintenance",
            Self::ForceMajeure => "Force majeure",
            Self::CustomerCause => "Caused by the customer",
            Self::Suspension => "Suspension",
        }
    }
}

/// A kind of exclusion that there is not.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0:?} is no kind of exclusion: planned_maintenance, emergency_maintenance, force_majeure, customer_cause or suspension"
)]
pub struct UnknownExclusionKind(pub String);

impl std::str::FromStr for ExclusionKind {
    type Err = UnknownExclusionKind;

    fn from_str(text: &str) -> Result<Self, UnknownExclusionKind> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| UnknownExclusionKind(text.to_owned()))
    }
}

/// The objectives from a moment on; one that is missing is not judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// First millisecond under them.
    pub valid_from_ms: i64,
    /// Least availability, percent.
    #[serde(default)]
    pub uptime_pct: Option<Decimal>,
    /// Highest mean round trip, milliseconds.
    #[serde(default)]
    pub latency_ms: Option<Decimal>,
    /// Highest round-trip loss, percent.
    #[serde(default)]
    pub loss_pct: Option<Decimal>,
}

/// One ping run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// When.
    pub at_ms: i64,
    /// Echoes sent.
    pub sent: u32,
    /// Echoes answered.
    pub received: u32,
    /// Mean round trip of the answered ones, microseconds.
    #[serde(default)]
    pub rtt_avg_us: Option<i64>,
}

/// The rates of one 5-minute bucket, as the router counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traffic {
    /// When.
    pub at_ms: i64,
    /// Received, bits per second.
    #[serde(default)]
    pub rx_bps: Option<i64>,
    /// Sent, bits per second.
    #[serde(default)]
    pub tx_bps: Option<i64>,
}
