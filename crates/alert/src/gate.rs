//! Why something is not told now.

use jiff::{Timestamp, tz::TimeZone};
use store::{NotificationOutcome, NotificationRule};

use super::condition::Condition;

pub(crate) const SWITCHED_OFF: &str = "switched off";
pub(crate) const NOBODY: &str = "nobody to tell";
pub(crate) const DISMISSED: &str = "closed by hand";
pub(crate) const MAINTENANCE: &str = "maintenance";
pub(crate) const COOLDOWN: &str = "cooldown";
pub(crate) const QUIET_HOURS: &str = "quiet hours";
pub(crate) const UNSTABLE: &str = "the link is unstable";
pub(crate) const WITH_ITS_ROUTER: &str = "told with its router";
pub(crate) const ALERT_STANDS: &str = "the alert stands";
pub(crate) const OVER_BEFORE: &str = "over before it could be told";
pub(crate) const BACK_AGAIN: &str = "back before its end was told";
pub(crate) const SETTLED_DOWN: &str = "it stays down";
pub(crate) const NO_LONGER_WATCHED: &str = "no longer watched";

/// The first reason not to tell that `condition` holds; `None`: tell it.
pub(crate) fn why_not(
    rule: &NotificationRule,
    condition: &Condition,
    has_recipients: bool,
    last_told_ms: Option<i64>,
    is_quiet: bool,
    now_ms: i64,
) -> Option<&'static str> {
    let cooling = last_told_ms.is_some_and(|told_ms| now_ms < told_ms + rule.cooldown_s * 1_000);
    if !rule.enabled {
        Some(SWITCHED_OFF)
    } else if !has_recipients {
        Some(NOBODY)
    } else if condition.in_maintenance {
        Some(MAINTENANCE)
    } else if condition.stood_for.is_some() {
        condition.stood_for
    } else if cooling {
        Some(COOLDOWN)
    } else if is_quiet {
        Some(QUIET_HOURS)
    } else {
        None
    }
}

/// What passes by itself is held; what does not is suppressed.
pub(crate) fn outcome_of(reason: &str) -> NotificationOutcome {
    match reason {
        COOLDOWN | QUIET_HOURS => NotificationOutcome::Held,
        _ => NotificationOutcome::Suppressed,
    }
}

/// Whether the rule's quiet hours cover a moment by the company's clock.
pub(crate) fn is_quiet(rule: &NotificationRule, zone: &TimeZone, now_ms: i64) -> bool {
    rule.quiet.is_some_and(|quiet| quiet.covers(minute_of_day(zone, now_ms)))
}

pub(crate) fn minute_of_day(zone: &TimeZone, at_ms: i64) -> i64 {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::MIN).to_zoned(zone.clone());
    i64::from(at.hour()) * 60 + i64::from(at.minute())
}
