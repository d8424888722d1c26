use crate::engine::{Tx, on};
use crate::{LIST_ROWS_MAX, Round, RoundOutcome, RouterId, Store, StoreError};

/// What the last round of a router found.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
pub struct RouterStatus {
    /// Whose status.
    #[sqlx(rename = "router_id")]
    pub router: RouterId,
    /// The last round.
    pub at_ms: i64,
    /// Whether the router answered it.
    pub reachable: bool,
    /// Since when it does, or does not.
    pub since_ms: i64,
    /// The last round that it answered.
    pub last_ok_at_ms: Option<i64>,
    /// What the last failed round failed with; kept when the router is back.
    pub last_error: Option<String>,
    /// RouterOS version.
    pub version: Option<String>,
    /// The router's uptime at the last round that told it.
    pub uptime_ms: Option<i64>,
    /// The router's clock minus ours.
    pub clock_offset_ms: Option<i64>,
    /// Rounds that would have overlapped the one before, since the router was entered.
    pub skipped_rounds: i64,
}

macro_rules! columns {
    () => {
        "router_id, at_ms, reachable, since_ms, last_ok_at_ms, last_error, version, uptime_ms, clock_offset_ms, \
         skipped_rounds"
    };
}

impl Store {
    /// The status of every router that was ever polled, at most [`LIST_ROWS_MAX`].
    pub async fn router_statuses(&self) -> Result<Vec<RouterStatus>, StoreError> {
        const SQL: &str = concat!("SELECT ", columns!(), " FROM router_status ORDER BY router_id LIMIT $1");
        Ok(on!(self.reader(), db => sqlx::query_as(SQL).bind(LIST_ROWS_MAX).fetch_all(db).await)?)
    }

    /// One router's status; `None` before its first round.
    pub async fn router_status(&self, router: RouterId) -> Result<Option<RouterStatus>, StoreError> {
        const SQL: &str = concat!("SELECT ", columns!(), " FROM router_status WHERE router_id = $1");
        Ok(on!(self.reader(), db => sqlx::query_as(SQL).bind(router).fetch_optional(db).await)?)
    }
}

/// Writes what a round says about its router.
///
/// # Errors
/// [`StoreError::OutOfOrder`] if a later round is already written.
pub(crate) async fn write_status(tx: &mut Tx, round: &Round) -> Result<(), StoreError> {
    // A round written twice must count its skipped rounds once: they are added only to an older row.
    const SQL: &str =
        "INSERT INTO router_status AS s (router_id, at_ms, reachable, since_ms, last_ok_at_ms, last_error,
            version, uptime_ms, clock_offset_ms, skipped_rounds)
        VALUES ($1, $2, $3, $2, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (router_id) DO UPDATE SET
            at_ms = excluded.at_ms,
            since_ms = CASE WHEN s.reachable = excluded.reachable THEN s.since_ms ELSE excluded.at_ms END,
            reachable = excluded.reachable,
            last_ok_at_ms = COALESCE(excluded.last_ok_at_ms, s.last_ok_at_ms),
            last_error = COALESCE(excluded.last_error, s.last_error),
            version = COALESCE(excluded.version, s.version),
            uptime_ms = COALESCE(excluded.uptime_ms, s.uptime_ms),
            clock_offset_ms = COALESCE(excluded.clock_offset_ms, s.clock_offset_ms),
            skipped_rounds = s.skipped_rounds
                + CASE WHEN excluded.at_ms > s.at_ms THEN excluded.skipped_rounds ELSE 0 END
        WHERE excluded.at_ms >= s.at_ms";
    const STORED: &str = "SELECT at_ms FROM router_status WHERE router_id = $1";
    let (reachable, error) = match &round.outcome {
        RoundOutcome::Ok => (true, None),
        RoundOutcome::Unreachable(error) => (false, Some(error)),
    };
    let rows = on!(&mut *tx, tx => sqlx::query(SQL)
        .bind(round.router)
        .bind(round.at_ms)
        .bind(reachable)
        .bind(reachable.then_some(round.at_ms))
        .bind(error)
        .bind(&round.version)
        .bind(round.uptime_ms)
        .bind(round.clock_offset_ms)
        .bind(round.skipped_rounds)
        .execute(&mut **tx)
        .await
        .map(|done| done.rows_affected()))
    .map_err(|error| StoreError::on_insert(error, "router status", &[]))?;
    if rows > 0 {
        return Ok(());
    }
    let stored_at_ms =
        on!(tx, tx => sqlx::query_scalar(STORED).bind(round.router).fetch_one(&mut **tx).await)?;
    Err(StoreError::OutOfOrder { at_ms: round.at_ms, stored_at_ms })
}
