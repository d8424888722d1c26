use store::{NotificationEvent, Store, StoreError, WEBHOOK_TEST};

/// The login throttle remembers for so long from where an account was entered, and does not let others' failures lock
/// that address out.
const LOGIN_PLACES_KEPT_MS: i64 = 30 * 24 * 3_600_000;

/// Alerts that are over, lines of the notification log and mail about alerts are kept for so long.
const ALERTS_KEPT_MS: i64 = 400 * 24 * 3_600_000;
/// Mail about an alert that could not be sent for so long is no news any more; it is given up.
const ALERT_MAIL_WAITS_MS_MAX: i64 = 24 * 3_600_000;
/// The most rows that one pass removes of a kind, so that no pass keeps others from writing for long.
const ROWS_REMOVED_MAX: i64 = 5_000;

/// What one pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Hourly roll-up rows written anew.
    pub hours: usize,
    /// Daily roll-up rows written anew.
    pub days: usize,
    /// Log-in sessions that had expired and were removed.
    pub sessions: u64,
    /// Outages that were open on links whose contract has ended.
    pub outages: u64,
    /// Old alerts, lines of the log and mail about alerts that were removed.
    pub alerts: u64,
    /// Mail about alerts that was given up because it waited for too long.
    pub stale_mails: u64,
}

/// Rolls finished hours and days up, removes expired sessions, places from where nobody has logged in for long, old alerts and what is left of live
/// views, gives up mail about alerts that is no news any more, and ends the outages of links that nobody looks at. Safe to repeat: a second pass
/// at the same moment finds nothing to do.
///
/// # Errors
/// Those of the database; what was done until then stays done.
pub async fn run_once(store: &Store, now_ms: i64) -> Result<Outcome, StoreError> {
    let rolled = store.roll_up(now_ms).await?;
    let sessions = store.delete_expired_sessions(now_ms).await?;
    store.delete_login_places_before(now_ms - LOGIN_PLACES_KEPT_MS).await?;
    store.delete_stale_live(now_ms).await?;
    let outages = store.end_terminated_outages(now_ms).await?;
    let events = NotificationEvent::ALL.into_iter().filter(|event| event.is_alert());
    // That messages arrived yesterday is no news either.
    let kinds: Vec<&str> = events.map(NotificationEvent::as_str).chain([WEBHOOK_TEST]).collect();
    let stale_mails = store.give_up_mail(&kinds, now_ms - ALERT_MAIL_WAITS_MS_MAX).await?;
    let before_ms = now_ms - ALERTS_KEPT_MS;
    let mut alerts = store.delete_alerts_before(before_ms, ROWS_REMOVED_MAX).await?;
    alerts += store.delete_mail_before(&kinds, before_ms, ROWS_REMOVED_MAX).await?;
    Ok(Outcome { hours: rolled.hours, days: rolled.days, sessions, outages, alerts, stale_mails })
}
