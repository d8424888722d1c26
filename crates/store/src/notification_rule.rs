//! How a company tells of an event: from when on, for how long, whom, and when not.

use sla::Decimal;

use crate::{Channel, NotificationEvent};

/// The longest that any of a rule's times may be, in seconds.
pub const RULE_SECONDS_MAX: i64 = 24 * 3_600;
/// The most addresses and numbers that hear of one event beside the lists.
pub const EXTRA_RECIPIENTS_MAX: i64 = 20;
/// Minutes of a day.
pub(crate) const DAY_MINUTES: i64 = 24 * 60;

/// The rule for one event, with the program's defaults where the company said nothing.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct NotificationRule {
    /// Which event.
    pub event: NotificationEvent,
    /// Whether it is told at all.
    pub enabled: bool,
    /// Milliseconds for latency, percent for loss (without one, what the link's terms promise); percent of the down time
    /// that a month allows; outages for an unstable link.
    pub threshold: Option<Decimal>,
    /// How long it must hold before it is told.
    pub sustained_s: i64,
    /// How long it must be over before that is told.
    pub clear_after_s: i64,
    /// In what time the outages of an unstable link are counted.
    pub window_s: i64,
    /// How long the same thing is not told of again.
    pub cooldown_s: i64,
    /// When nothing is sent, by the company's clock.
    pub quiet: Option<QuietHours>,
    /// Whether the operations list hears of it.
    pub to_operations: bool,
    /// Whether the people of the client concerned hear of it.
    pub to_client: bool,
    /// Whether it is told by e-mail.
    pub by_mail: bool,
    /// Whether it is told by WhatsApp, to the numbers among those who hear of it.
    pub by_whatsapp: bool,
    /// Who else hears of it.
    pub extra: Vec<String>,
}

/// Hours in which nothing is sent, `[from, to)` in minutes after midnight; over midnight if `to` is earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    /// First minute.
    pub from_min: i64,
    /// First minute after them.
    pub to_min: i64,
}

/// Something about a rule that can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the same names are described at NotificationRule")]
pub enum RuleOption {
    Threshold,
    Sustained,
    ClearAfter,
    Window,
    Cooldown,
    Quiet,
    ToClient,
    Recipients,
}

/// What to change of a rule; `None` leaves it, `Some(None)` goes back to the default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the same fields are described at NotificationRule")]
pub struct RuleEdit {
    pub enabled: Option<bool>,
    pub threshold: Option<Option<Decimal>>,
    pub sustained_s: Option<Option<i64>>,
    pub clear_after_s: Option<Option<i64>>,
    pub window_s: Option<Option<i64>>,
    pub cooldown_s: Option<Option<i64>>,
    pub quiet: Option<Option<QuietHours>>,
    pub to_operations: Option<Option<bool>>,
    pub to_client: Option<Option<bool>>,
    pub by_mail: Option<Option<bool>>,
    pub by_whatsapp: Option<Option<bool>>,
    pub add_extra: Vec<String>,
    pub remove_extra: Vec<String>,
}

impl NotificationEvent {
    /// What can be set of its rule besides whether it is told.
    pub fn options(self) -> &'static [RuleOption] {
        use RuleOption::{ClearAfter, Cooldown, Quiet, Recipients, Sustained, Threshold, ToClient, Window};
        match self {
            Self::LinkDown => &[Sustained, ClearAfter, Cooldown, Quiet, ToClient, Recipients],
            Self::LinkUnstable => &[Threshold, ClearAfter, Window, Cooldown, Quiet, ToClient, Recipients],
            Self::HighLatency | Self::HighLoss => {
                &[Threshold, Sustained, ClearAfter, Cooldown, Quiet, ToClient, Recipients]
            }
            Self::RouterUnreachable => &[Sustained, ClearAfter, Cooldown, Quiet, ToClient, Recipients],
            // For operations alone: customers can do nothing about a rejected login or a port that was renamed.
            Self::PollFailed | Self::PortMissing => &[Sustained, ClearAfter, Cooldown, Quiet, Recipients],
            Self::CollectorStalled | Self::ClockWrong => &[Sustained, Cooldown, Quiet, Recipients],
            Self::DiskLow => &[Cooldown, Quiet, Recipients],
            Self::ErrorBudget => &[Threshold, Quiet, ToClient, Recipients],
            Self::SlaBreach | Self::ReportReady => &[ToClient, Recipients],
        }
    }
}

impl NotificationRule {
    /// What a company that said nothing tells of an event.
    pub fn default_of(event: NotificationEvent) -> Self {
        use NotificationEvent::{
            ClockWrong, CollectorStalled, DiskLow, ErrorBudget, HighLatency, HighLoss, LinkDown,
            LinkUnstable, PollFailed, PortMissing, ReportReady, RouterUnreachable, SlaBreach,
        };
        let (sustained_s, clear_after_s, cooldown_s) = match event {
            // Two looks have agreed, or the router's own record says so: nothing else needs to be waited for.
            LinkDown => (0, 60, 300),
            LinkUnstable => (0, 1_800, 0),
            HighLatency | HighLoss => (900, 900, 3_600),
            RouterUnreachable | PollFailed => (60, 60, 300),
            // Somebody may be moving the cable or renaming the port just now.
            PortMissing => (600, 60, 3_600),
            // It comes back with its first round: one that stumbles on must not be told each time.
            CollectorStalled => (180, 0, 3_600),
            // Somebody who cleans up and fills again is notified once a day.
            DiskLow => (0, 0, 86_400),
            // A jump is notified at once; one that comes back within the hour is held.
            ClockWrong => (0, 0, 3_600),
            ErrorBudget | SlaBreach | ReportReady => (0, 0, 0),
        };
        let threshold = match event {
            LinkUnstable => Some("4"),
            ErrorBudget => Some("80"),
            _ => None,
        };
        Self {
            event,
            enabled: true,
            threshold: threshold.and_then(|text| text.parse().ok()),
            sustained_s,
            clear_after_s,
            window_s: if event == LinkUnstable { 1_800 } else { 0 },
            cooldown_s,
            quiet: None,
            to_operations: true,
            // Clients hear of statements; whether they hear of every outage is for the company to say.
            to_client: !event.is_alert(),
            by_mail: true,
            by_whatsapp: true,
            extra: Vec::new(),
        }
    }

    /// Whether a recipient is told by the way that its messages take. Webhooks choose their events themselves.
    pub fn reaches(&self, recipient: &str) -> bool {
        match Channel::of(recipient) {
            Channel::Mail => self.by_mail,
            Channel::WhatsApp => self.by_whatsapp,
            Channel::Webhook => true,
        }
    }
}

impl QuietHours {
    /// Whether a minute of the day lies in them.
    pub fn covers(self, minute: i64) -> bool {
        if self.from_min <= self.to_min {
            (self.from_min..self.to_min).contains(&minute)
        } else {
            minute >= self.from_min || minute < self.to_min
        }
    }
}

/// `22:00-07:00`
impl std::fmt::Display for QuietHours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [from, to] = [self.from_min, self.to_min].map(|min| (min / 60, min % 60));
        write!(f, "{:02}:{:02}-{:02}:{:02}", from.0, from.1, to.0, to.1)
    }
}

impl serde::Serialize for QuietHours {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl std::str::FromStr for QuietHours {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let minute = |text: &str| -> Option<i64> {
            let (hour, minute) = text.trim().split_once(':')?;
            let two = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            if !two(hour) || !two(minute) {
                return None;
            }
            let (hour, minute): (i64, i64) = (hour.parse().ok()?, minute.parse().ok()?);
            (hour < 24 && minute < 60).then_some(hour * 60 + minute)
        };
        let parsed = text.split_once('-').and_then(|(from, to)| Some((minute(from)?, minute(to)?)));
        match parsed {
            Some((from_min, to_min)) if from_min != to_min => Ok(Self { from_min, to_min }),
            _ => Err(format!("{text:?} are no quiet hours: write them as 22:00-07:00, or none")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_go_over_midnight() {
        let quiet: QuietHours = "22:00-07:00".parse().expect("quiet hours");
        for (minute, expected) in [(0, true), (419, true), (420, false), (1_319, false), (1_320, true)] {
            assert_eq!(quiet.covers(minute), expected, "{minute}");
        }
        let quiet: QuietHours = "12:30-13:00".parse().expect("quiet hours");
        assert!(quiet.covers(750) && !quiet.covers(780) && !quiet.covers(0));
        assert_eq!(quiet.to_string(), "12:30-13:00");
    }

    #[test]
    fn what_are_no_quiet_hours_is_refused() {
        for text in ["", "22-07", "24:00-07:00", "22:00-22:00", "1:00-2:00", "22:60-07:00", "+1:00-02:00"] {
            assert!(text.parse::<QuietHours>().is_err(), "{text}");
        }
    }
}
