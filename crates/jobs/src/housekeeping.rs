use store::{Store, StoreError};

/// Log-in attempts older than this no longer matter to the throttle. It also remembers for so long from where an
/// account has logged in before, and does not let others' failures lock that address out.
const LOGIN_ATTEMPTS_KEPT_MS: i64 = 30 * 24 * 3_600_000;

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
}

/// Rolls finished hours and days up, removes expired sessions and old log-in attempts, and ends the outages of links that
/// nobody looks at any more. Safe to repeat: a second pass
/// at the same moment finds nothing to do.
///
/// # Errors
/// Those of the database; what was done until then stays done.
pub async fn run_once(store: &Store, now_ms: i64) -> Result<Outcome, StoreError> {
    let rolled = store.roll_up(now_ms).await?;
    let sessions = store.delete_expired_sessions(now_ms).await?;
    store.delete_login_attempts_before(now_ms - LOGIN_ATTEMPTS_KEPT_MS).await?;
    let outages = store.end_terminated_outages(now_ms).await?;
    Ok(Outcome { hours: rolled.hours, days: rolled.days, sessions, outages })
}
