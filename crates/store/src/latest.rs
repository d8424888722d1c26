use sla::LinkState;

use crate::engine::{Differs, Tx, on};
use crate::{ClientId, LIST_ROWS_MAX, Link, LinkId, Store, StoreError};

/// What is known of a link now: one row per link, replaced by every round.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Latest {
    /// Whose row.
    pub link: LinkId,
    /// The last look.
    pub at_ms: i64,
    /// What it found.
    pub state: LinkState,
    /// Since when the link is so.
    pub since_ms: i64,
    /// Why, as in [`Span`](crate::Span).
    pub cause: Option<String>,
    /// When the figures below were read.
    pub sample_at_ms: Option<i64>,
    /// The router's receive rate, bits per second.
    pub rx_bps: Option<i64>,
    /// The router's transmit rate, bits per second.
    pub tx_bps: Option<i64>,
    /// Pings sent.
    pub sent: Option<i64>,
    /// Pings answered.
    pub received: Option<i64>,
    /// Mean round trip, microseconds.
    pub rtt_avg_us: Option<i64>,
    /// Shortest round trip, microseconds.
    pub rtt_min_us: Option<i64>,
    /// Longest round trip, microseconds.
    pub rtt_max_us: Option<i64>,
    /// What the collector needs to go on after a restart; the store does not look into it.
    pub memory: serde_json::Value,
}

macro_rules! latest_columns {
    () => {
        "link_id, at_ms, state, since_ms, cause, sample_at_ms, rx_bps, tx_bps, sent, received, rtt_avg_us, rtt_min_us, \
         rtt_max_us, memory"
    };
}

#[derive(sqlx::FromRow)]
struct Row {
    link_id: LinkId,
    at_ms: i64,
    state: String,
    since_ms: i64,
    cause: Option<String>,
    sample_at_ms: Option<i64>,
    rx_bps: Option<i64>,
    tx_bps: Option<i64>,
    sent: Option<i64>,
    received: Option<i64>,
    rtt_avg_us: Option<i64>,
    rtt_min_us: Option<i64>,
    rtt_max_us: Option<i64>,
    memory: String,
}

impl TryFrom<Row> for Latest {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            link: row.link_id,
            at_ms: row.at_ms,
            state: row.state.parse().map_err(StoreError::corrupt)?,
            since_ms: row.since_ms,
            cause: row.cause,
            sample_at_ms: row.sample_at_ms,
            rx_bps: row.rx_bps,
            tx_bps: row.tx_bps,
            sent: row.sent,
            received: row.received,
            rtt_avg_us: row.rtt_avg_us,
            rtt_min_us: row.rtt_min_us,
            rtt_max_us: row.rtt_max_us,
            memory: serde_json::from_str(&row.memory).map_err(StoreError::corrupt)?,
        })
    }
}

impl Store {
    /// What is known now of each of a client's links, by circuit; `None` for a link that was never looked at.
    pub async fn latest_for_client(
        &self,
        client: ClientId,
    ) -> Result<Vec<(Link, Option<Latest>)>, StoreError> {
        const SQL: &str = concat!(
            "SELECT ",
            latest_columns!(),
            " FROM link_latest WHERE link_id IN (SELECT id FROM client_links WHERE client_id = $1) LIMIT $2"
        );
        let links = self.links_of_client(client).await?;
        let rows: Vec<Row> = on!(self.reader(), db => sqlx::query_as(SQL).bind(client).bind(LIST_ROWS_MAX).fetch_all(db).await)?;
        let mut latest = by_link(rows)?;
        Ok(links
            .into_iter()
            .map(|link| {
                let latest = latest.remove(&link.id);
                (link, latest)
            })
            .collect())
    }

    /// What is known now of one link, for the ISP's own use.
    pub async fn latest(&self, link: LinkId) -> Result<Option<Latest>, StoreError> {
        const SQL: &str = concat!("SELECT ", latest_columns!(), " FROM link_latest WHERE link_id = $1");
        let row: Option<Row> =
            on!(self.reader(), db => sqlx::query_as(SQL).bind(link).fetch_optional(db).await)?;
        row.map(Latest::try_from).transpose()
    }

    /// What is known now of all links, by link.
    pub(crate) async fn latest_of_all(
        &self,
    ) -> Result<std::collections::HashMap<LinkId, Latest>, StoreError> {
        const SQL: &str = concat!("SELECT ", latest_columns!(), " FROM link_latest LIMIT $1");
        let rows: Vec<Row> =
            on!(self.reader(), db => sqlx::query_as(SQL).bind(LIST_ROWS_MAX).fetch_all(db).await)?;
        by_link(rows)
    }
}

fn by_link(rows: Vec<Row>) -> Result<std::collections::HashMap<LinkId, Latest>, StoreError> {
    rows.into_iter().map(|row| Latest::try_from(row).map(|latest| (latest.link, latest))).collect()
}

macro_rules! replace_from {
    ($rows:literal) => {
        concat!(
            "INSERT INTO link_latest (",
            latest_columns!(),
            ") ",
            $rows,
            " ON CONFLICT (link_id) DO UPDATE SET at_ms = excluded.at_ms, state = excluded.state,
            since_ms = excluded.since_ms, cause = excluded.cause, sample_at_ms = excluded.sample_at_ms,
            rx_bps = excluded.rx_bps, tx_bps = excluded.tx_bps, sent = excluded.sent, received = excluded.received,
            rtt_avg_us = excluded.rtt_avg_us, rtt_min_us = excluded.rtt_min_us, rtt_max_us = excluded.rtt_max_us,
            memory = excluded.memory"
        )
    };
}

// All rows travel as one JSON parameter: a round costs one statement, not one per link. SQLite needs the `WHERE` to
// tell `ON CONFLICT` from a join.
const REPLACE: Differs = Differs {
    sqlite: replace_from!(
        "SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
            value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12, value ->> 13
        FROM json_each($1) WHERE true"
    ),
    postgres: replace_from!(
        "SELECT (value ->> 0)::bigint, (value ->> 1)::bigint, value ->> 2, (value ->> 3)::bigint, value ->> 4,
            (value ->> 5)::bigint, (value ->> 6)::bigint, (value ->> 7)::bigint, (value ->> 8)::bigint,
            (value ->> 9)::bigint, (value ->> 10)::bigint, (value ->> 11)::bigint, (value ->> 12)::bigint, value ->> 13
        FROM json_array_elements($1::json)"
    ),
};

/// Replaces the rows of these links; each link at most once.
pub(crate) async fn write_latest(tx: &mut Tx, latest: &[Latest]) -> Result<(), StoreError> {
    if latest.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = latest
        .iter()
        .map(|row| {
            serde_json::json!([
                row.link,
                row.at_ms,
                row.state,
                row.since_ms,
                row.cause,
                row.sample_at_ms,
                row.rx_bps,
                row.tx_bps,
                row.sent,
                row.received,
                row.rtt_avg_us,
                row.rtt_min_us,
                row.rtt_max_us,
                row.memory.to_string(),
            ])
        })
        .collect();
    let rows = serde_json::Value::from(rows).to_string();
    let sql = REPLACE.on(tx);
    on!(tx, tx => sqlx::query(sql).bind(rows).execute(&mut **tx).await.map(|_| ()))
        .map_err(|error| StoreError::on_insert(error, "latest state", &[]))
}
