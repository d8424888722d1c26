use store::{Store, StoreError};

/// What one pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Hourly roll-up rows written anew.
    pub hours: u64,
    /// Daily roll-up rows written anew.
    pub days: u64,
    /// Log-in sessions that had expired and were removed.
    pub sessions: u64,
}

/// Rolls finished hours and days up and removes expired sessions. Safe to repeat: a second pass at the same moment
/// finds nothing to do.
pub async fn run_once(store: &Store, now_ms: i64) -> Result<Outcome, StoreError> {
    let rolled = store.roll_up(now_ms).await?;
    let sessions = store.delete_expired_sessions(now_ms).await?;
    Ok(Outcome { hours: rolled.hours, days: rolled.days, sessions })
}
