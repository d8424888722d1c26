use std::collections::BTreeMap;
use std::sync::LazyLock;

use sla::LinkState;
use sqlx::{Postgres, Sqlite, Transaction};

use crate::engine::{Differs, Engine, SqliteRows, Tx, on};
use crate::packed::packed;
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

#[derive(sqlx::FromRow, serde::Deserialize)]
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
        const SQL: Differs = packed!(
            latest_columns!(),
            concat!(
                "SELECT ",
                latest_columns!(),
                " FROM link_latest WHERE link_id IN (SELECT id FROM client_links WHERE client_id = $1) LIMIT $2"
            ),
            "link_id"
        );
        let (links, rows) =
            tokio::try_join!(self.links_of_client(client), self.packed_of_client(&SQL, client))?;
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

    /// A client's link with what is known of it now; `None` if there is no such link or it is not this client's.
    pub async fn link_with_latest(
        &self,
        client: ClientId,
        link: LinkId,
    ) -> Result<Option<(Link, Option<Latest>)>, StoreError> {
        let Some(link) = self.link_of_client(client, link).await? else { return Ok(None) };
        let latest = self.latest(link.id).await?;
        Ok(Some((link, latest)))
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

const REPLACE: &str = "ON CONFLICT (link_id) DO UPDATE SET at_ms = excluded.at_ms, state = excluded.state,
    since_ms = excluded.since_ms, cause = excluded.cause, sample_at_ms = excluded.sample_at_ms,
    rx_bps = excluded.rx_bps, tx_bps = excluded.tx_bps, sent = excluded.sent, received = excluded.received,
    rtt_avg_us = excluded.rtt_avg_us, rtt_min_us = excluded.rtt_min_us, rtt_max_us = excluded.rtt_max_us,
    memory = excluded.memory";

static SQLITE_PUT: LazyLock<SqliteRows> = LazyLock::new(|| {
    SqliteRows::new(concat!("INSERT INTO link_latest (", latest_columns!(), ")"), 14, REPLACE)
});

static POSTGRES_PUT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "INSERT INTO link_latest ({}) SELECT * FROM UNNEST($1::bigint[], $2::bigint[], $3::text[], $4::bigint[],
            $5::text[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[],
            $12::bigint[], $13::bigint[], $14::text[]) {REPLACE}",
        latest_columns!()
    )
});

/// Replaces the rows of these links; of several for one link the last one counts.
pub(crate) async fn write_latest<'a>(
    tx: &mut Tx,
    latest: impl Iterator<Item = &'a Latest>,
) -> Result<(), StoreError> {
    // By link: neighbours go to the same page, and two writers wait for each other instead of locking each other out.
    let last: BTreeMap<LinkId, &Latest> = latest.map(|row| (row.link, row)).collect();
    let rows: Vec<&Latest> = last.into_values().collect();
    if rows.is_empty() {
        return Ok(());
    }
    match tx {
        Engine::Sqlite(tx) => put_sqlite(tx, &rows).await,
        Engine::Postgres(tx) => put_postgres(tx, &rows).await,
    }
    .map_err(|error| StoreError::on_insert(error, "latest state", &[]))
}

/// The same as `to_string`, which goes by way of a formatter and is several times slower.
fn memory_text(memory: &serde_json::Value) -> String {
    serde_json::to_string(memory).unwrap_or_else(|_| memory.to_string())
}

async fn put_sqlite(tx: &mut Transaction<'static, Sqlite>, rows: &[&Latest]) -> Result<(), sqlx::Error> {
    for (text, chunk) in SQLITE_PUT.split(rows) {
        let mut query = SQLITE_PUT.query(text, chunk.len());
        for row in chunk {
            query = query
                .bind(row.link)
                .bind(row.at_ms)
                .bind(row.state.as_str())
                .bind(row.since_ms)
                .bind(row.cause.as_deref())
                .bind(row.sample_at_ms)
                .bind(row.rx_bps)
                .bind(row.tx_bps)
                .bind(row.sent)
                .bind(row.received)
                .bind(row.rtt_avg_us)
                .bind(row.rtt_min_us)
                .bind(row.rtt_max_us)
                .bind(memory_text(&row.memory));
        }
        query.execute(&mut **tx).await?;
    }
    Ok(())
}

async fn put_postgres(tx: &mut Transaction<'static, Postgres>, rows: &[&Latest]) -> Result<(), sqlx::Error> {
    let column =
        |of: fn(&Latest) -> Option<i64>| -> Vec<Option<i64>> { rows.iter().map(|row| of(row)).collect() };
    sqlx::query(POSTGRES_PUT.as_str())
        .bind(column(|row| Some(row.link.0)))
        .bind(column(|row| Some(row.at_ms)))
        .bind(rows.iter().map(|row| row.state.as_str()).collect::<Vec<_>>())
        .bind(column(|row| Some(row.since_ms)))
        .bind(rows.iter().map(|row| row.cause.as_deref()).collect::<Vec<_>>())
        .bind(column(|row| row.sample_at_ms))
        .bind(column(|row| row.rx_bps))
        .bind(column(|row| row.tx_bps))
        .bind(column(|row| row.sent))
        .bind(column(|row| row.received))
        .bind(column(|row| row.rtt_avg_us))
        .bind(column(|row| row.rtt_min_us))
        .bind(column(|row| row.rtt_max_us))
        .bind(rows.iter().map(|row| memory_text(&row.memory)).collect::<Vec<_>>())
        .execute(&mut **tx)
        .await
        .map(|_| ())
}
