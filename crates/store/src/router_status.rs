use std::collections::HashSet;

use crate::engine::{Differs, Tx, json, on};
use crate::{LIST_ROWS_MAX, Round, RoundOutcome, RouterId, Store, StoreError};

/// What the last round of a router found.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
pub struct RouterStatus {
    /// Whose status.
    #[sqlx(rename = "router_id")]
    pub router: RouterId,
    /// The last round.
    pub at_ms: i64,
    /// Whether it succeeded.
    pub reachable: bool,
    /// Since when polls succeed, or fail.
    pub since_ms: i64,
    /// Why the last round failed: `router_unreachable`, `login_rejected`, `own_network` …; `None` if it did not.
    pub cause: Option<String>,
    /// Since when polls fail for this cause, or succeed.
    pub cause_since_ms: i64,
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
         skipped_rounds, cause, cause_since_ms"
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

macro_rules! put_from {
    ($rows:literal) => {
        concat!(
            "INSERT INTO router_status AS s (",
            columns!(),
            ") ",
            $rows,
            " ON CONFLICT (router_id) DO UPDATE SET
            at_ms = excluded.at_ms,
            since_ms = CASE WHEN s.reachable = excluded.reachable THEN s.since_ms ELSE excluded.at_ms END,
            reachable = excluded.reachable,
            cause_since_ms = CASE WHEN COALESCE(s.cause, '') = COALESCE(excluded.cause, '')
                THEN s.cause_since_ms ELSE excluded.at_ms END,
            cause = excluded.cause,
            last_ok_at_ms = COALESCE(excluded.last_ok_at_ms, s.last_ok_at_ms),
            last_error = COALESCE(excluded.last_error, s.last_error),
            version = COALESCE(excluded.version, s.version),
            uptime_ms = COALESCE(excluded.uptime_ms, s.uptime_ms),
            clock_offset_ms = COALESCE(excluded.clock_offset_ms, s.clock_offset_ms),
            skipped_rounds = s.skipped_rounds
                + CASE WHEN excluded.at_ms > s.at_ms THEN excluded.skipped_rounds ELSE 0 END
            WHERE excluded.at_ms >= s.at_ms"
        )
    };
}

// A round written twice must count its skipped rounds once: they are added only to an older row.
const PUT: Differs = Differs {
    sqlite: put_from!(
        "SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 1, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
            value ->> 7, value ->> 8, value ->> 9, value ->> 1
        FROM json_each($1) WHERE true"
    ),
    postgres: put_from!(
        "SELECT (value ->> 0)::bigint, (value ->> 1)::bigint, (value ->> 2)::boolean, (value ->> 1)::bigint,
            (value ->> 3)::bigint, value ->> 4, value ->> 5, (value ->> 6)::bigint, (value ->> 7)::bigint,
            (value ->> 8)::bigint, value ->> 9, (value ->> 1)::bigint
        FROM json_array_elements($1::json)"
    ),
};

/// Writes what rounds say about their routers. Several of one router are applied in their order.
///
/// # Errors
/// [`StoreError::OutOfOrder`] if a later round of one of the routers is already written.
pub(crate) async fn write_statuses(tx: &mut Tx, rounds: &[Round]) -> Result<(), StoreError> {
    let mut waiting: Vec<&Round> = rounds.iter().collect();
    // In order, so that two writers wait for each other instead of locking each other out.
    waiting.sort_by_key(|round| round.router);
    while !waiting.is_empty() {
        let mut seen = HashSet::new();
        let (now, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|round| seen.insert(round.router));
        write_wave(tx, &now).await?;
        waiting = later;
    }
    Ok(())
}

/// At most one round per router.
async fn write_wave(tx: &mut Tx, rounds: &[&Round]) -> Result<(), StoreError> {
    let rows: Vec<_> = rounds.iter().map(|round| status_row(round)).collect();
    let (sql, rows) = (PUT.on(tx), json(&rows)?);
    let written = on!(&mut *tx, tx => sqlx::query(sql)
        .bind(rows)
        .execute(&mut **tx)
        .await
        .map(|done| done.rows_affected()))
    .map_err(|error| StoreError::on_insert(error, "router status", &[]))?;
    if written == rounds.len() as u64 {
        return Ok(());
    }
    Err(out_of_order(tx, rounds).await?)
}

/// Router, time, reachable, last answer, error, version, uptime, clock offset, skipped rounds, cause.
type StatusRow<'a> = (
    RouterId,
    i64,
    bool,
    Option<i64>,
    Option<&'a str>,
    Option<&'a str>,
    Option<i64>,
    Option<i64>,
    i64,
    Option<&'a str>,
);

/// The cause of [`RoundOutcome::Unreachable`].
const UNREACHABLE: &str = "router_unreachable";

fn status_row(round: &Round) -> StatusRow<'_> {
    let (reachable, error, cause) = match &round.outcome {
        RoundOutcome::Ok => (true, None, None),
        RoundOutcome::Unreachable(error) => (false, Some(error.as_str()), Some(UNREACHABLE)),
        RoundOutcome::Failed { cause, error } => (false, Some(error.as_str()), Some(cause.as_str())),
    };
    (
        round.router,
        round.at_ms,
        reachable,
        reachable.then_some(round.at_ms),
        error,
        round.version.as_deref(),
        round.uptime_ms,
        round.clock_offset_ms,
        round.skipped_rounds,
        cause,
    )
}

/// Which of the rounds is older than what is stored of its router.
async fn out_of_order(tx: &mut Tx, rounds: &[&Round]) -> Result<StoreError, StoreError> {
    const STORED: &str = "SELECT at_ms FROM router_status WHERE router_id = $1";
    for round in rounds {
        let stored_at_ms: Option<i64> = on!(&mut *tx, tx => sqlx::query_scalar(STORED).bind(round.router).fetch_optional(&mut **tx).await)?;
        if let Some(stored_at_ms) = stored_at_ms.filter(|&stored_at_ms| stored_at_ms > round.at_ms) {
            return Ok(StoreError::OutOfOrder { at_ms: round.at_ms, stored_at_ms });
        }
    }
    let why = "the database took fewer rows than it was given".to_owned();
    Ok(StoreError::Invalid { what: "router status", why })
}
