//! Which message leaves first: declared by its kind, kept in its row.

use crate::NotificationEvent;

/// `kind` in the outbox of the summary of a month's reports for operations.
pub const REPORT_SUMMARY: &str = "report_summary";

/// The order in which messages leave; among equals the one that has been due for longest is first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutboxPriority {
    /// Alerts and account emails: somebody waits for them.
    Urgent,
    /// Reports: thousands of them on the 1st.
    Report,
    /// Summaries, which nobody misses for an hour.
    Summary,
}

impl OutboxPriority {
    /// The priority of a kind of message. Unknown kinds are urgent, as they are few.
    pub fn of(kind: &str) -> Self {
        if kind == REPORT_SUMMARY {
            return Self::Summary;
        }
        let is_report = kind.parse().is_ok_and(|event: NotificationEvent| !event.is_alert());
        if is_report { Self::Report } else { Self::Urgent }
    }

    /// As stored.
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Urgent => 0,
            Self::Report => 1,
            Self::Summary => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_and_account_emails_leave_before_reports_and_reports_before_summaries() {
        let kinds = [crate::RESET_MAIL, "link_down", "sla_breach", "report_ready", REPORT_SUMMARY];
        use OutboxPriority::{Report, Summary, Urgent};
        assert_eq!(kinds.map(OutboxPriority::of), [Urgent, Urgent, Report, Report, Summary]);
        assert!(Urgent < Report && Report < Summary);
    }
}
