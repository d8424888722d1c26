use crate::StoreError;

/// What a company may tell of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotificationEvent {
    /// A link went down, or is back.
    LinkDown,
    /// A link goes down and comes back again and again, or has calmed down.
    LinkUnstable,
    /// Round trips took too long for a while.
    HighLatency,
    /// Too many pings were lost for a while.
    HighLoss,
    /// A router does not answer, or does again.
    RouterUnreachable,
    /// A router answers, and its polls fail all the same: a rejected login, a missing permission, a TLS error.
    PollFailed,
    /// A link's interface is not on its router, or is again.
    PortMissing,
    /// Nobody looks at the routers, or our own network is gone.
    CollectorStalled,
    /// The disk of the database is nearly full.
    DiskLow,
    /// The clock of the machine that polls is wrong, or nobody can say which time is right.
    ClockWrong,
    /// Most of the down time that a month allows is used up.
    ErrorBudget,
    /// A month's contract was not kept.
    SlaBreach,
    /// A month's report is there.
    ReportReady,
}

impl NotificationEvent {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 13] = [
        Self::LinkDown,
        Self::LinkUnstable,
        Self::HighLatency,
        Self::HighLoss,
        Self::RouterUnreachable,
        Self::PollFailed,
        Self::PortMissing,
        Self::CollectorStalled,
        Self::DiskLow,
        Self::ClockWrong,
        Self::ErrorBudget,
        Self::SlaBreach,
        Self::ReportReady,
    ];

    /// The news of reports, which every person of a client may want or not.
    pub const REPORTS: [Self; 2] = [Self::SlaBreach, Self::ReportReady];

    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LinkDown => "link_down",
            Self::LinkUnstable => "link_unstable",
            Self::HighLatency => "high_latency",
            Self::HighLoss => "high_loss",
            Self::RouterUnreachable => "router_unreachable",
            Self::PollFailed => "poll_failed",
            Self::PortMissing => "port_missing",
            Self::CollectorStalled => "collector_stalled",
            Self::DiskLow => "disk_low",
            Self::ClockWrong => "clock_wrong",
            Self::ErrorBudget => "error_budget",
            Self::SlaBreach => "sla_breach",
            Self::ReportReady => "report_ready",
        }
    }

    /// As lists and forms name it.
    pub fn words(self) -> &'static str {
        match self {
            Self::LinkDown => "Link down",
            Self::LinkUnstable => "Link unstable",
            Self::HighLatency => "High latency",
            Self::HighLoss => "Packet loss",
            Self::RouterUnreachable => "Router unreachable",
            Self::PollFailed => "Poll failed",
            Self::PortMissing => "Port missing",
            Self::CollectorStalled => "Measuring stopped",
            Self::DiskLow => "Disk nearly full",
            Self::ClockWrong => "Clock wrong",
            Self::ErrorBudget => "Error budget nearly spent",
            Self::SlaBreach => "SLA breach",
            Self::ReportReady => "Report ready",
        }
    }

    /// Whether it is a condition that begins and ends, and not the news of a report.
    pub fn is_alert(self) -> bool {
        !matches!(self, Self::SlaBreach | Self::ReportReady)
    }
}

impl std::fmt::Display for NotificationEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for NotificationEvent {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let found = Self::ALL.into_iter().find(|event| event.as_str() == text);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            StoreError::Invalid { what: "an event", why: format!("{text:?} is none of {names}") }
        })
    }
}
