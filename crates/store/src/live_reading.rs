//! The newest seconds of traffic of the links that are watched: a short ring, shared by all who watch.

use crate::engine::{Differs, Tx, json, on};
use crate::{ClientId, LinkId, Store, StoreError};

/// For so long readings are kept, milliseconds.
pub const LIVE_KEPT_MS: i64 = 120_000;
/// A reading may lie so far ahead of the clock of whoever reads it, milliseconds: clocks of two machines differ a little.
/// One that lies further ahead was written before the clock was set back.
pub const LIVE_AHEAD_MS: i64 = 5_000;
/// The most readings of a link that are handed out at once: two for each second that is kept.
const READINGS_MAX: i64 = 240;

/// The traffic of a link in one second, or why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveReading {
    /// The link.
    pub link: LinkId,
    /// When the router said so.
    pub at_ms: i64,
    /// Bits per second that the router receives.
    pub rx_bps: Option<i64>,
    /// Bits per second that the router sends.
    pub tx_bps: Option<i64>,
    /// Why there are no rates.
    pub trouble: Option<LiveTrouble>,
}

/// Why a watched link has no rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiveTrouble {
    /// The router does not answer, or no longer.
    Silent,
    /// It does not let us in, or will not tell.
    Refused,
    /// It has no such interface.
    NoInterface,
}

impl LiveTrouble {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Refused => "refused",
            Self::NoInterface => "no_interface",
        }
    }
}

impl TryFrom<&str> for LiveTrouble {
    type Error = StoreError;

    fn try_from(text: &str) -> Result<Self, StoreError> {
        match text {
            "silent" => Ok(Self::Silent),
            "refused" => Ok(Self::Refused),
            "no_interface" => Ok(Self::NoInterface),
            other => Err(StoreError::Corrupt(format!("the trouble {other:?} of a live reading"))),
        }
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    at_ms: i64,
    rx_bps: Option<i64>,
    tx_bps: Option<i64>,
    trouble: Option<String>,
}

impl Store {
    /// Writes readings in one transaction and removes those that are no longer new. The same reading written twice
    /// changes nothing.
    pub async fn write_live(&self, readings: &[LiveReading], now_ms: i64) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO live_readings (link_id, at_ms, rx_bps, tx_bps, trouble)
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT (link_id, at_ms) DO UPDATE SET
                rx_bps = excluded.rx_bps, tx_bps = excluded.tx_bps, trouble = excluded.trouble";
        let mut tx = self.begin().await?;
        for reading in readings {
            on!(&mut tx, tx => sqlx::query(SQL)
                .bind(reading.link)
                .bind(reading.at_ms)
                .bind(reading.rx_bps)
                .bind(reading.tx_bps)
                .bind(reading.trouble.map(LiveTrouble::as_str))
                .execute(&mut **tx)
                .await
                .map(|_| ()))?;
        }
        delete_old(&mut tx, now_ms).await?;
        Ok(tx.commit().await?)
    }

    /// The readings of a client's link after `after_ms`, in order; none if it is not this client's.
    pub async fn live_readings(
        &self,
        client: ClientId,
        link: LinkId,
        after_ms: i64,
    ) -> Result<Vec<LiveReading>, StoreError> {
        // The newest, should there be more: the page is about now.
        const SQL: &str = "SELECT at_ms, rx_bps, tx_bps, trouble FROM (
                SELECT r.at_ms, r.rx_bps, r.tx_bps, r.trouble FROM live_readings r
                JOIN client_links l ON l.id = r.link_id
                WHERE l.client_id = $1 AND r.link_id = $2 AND r.at_ms > $3 ORDER BY r.at_ms DESC LIMIT $4) newest
            ORDER BY at_ms";
        let rows: Vec<Row> = on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(client)
            .bind(link)
            .bind(after_ms)
            .bind(READINGS_MAX)
            .fetch_all(db)
            .await)?;
        let reading = |row: Row| {
            let trouble = row.trouble.as_deref().map(LiveTrouble::try_from).transpose()?;
            Ok(LiveReading { link, at_ms: row.at_ms, rx_bps: row.rx_bps, tx_bps: row.tx_bps, trouble })
        };
        rows.into_iter().map(reading).collect()
    }
}

impl Store {
    /// The readings of several links, each client's link with the moment after which they are wanted, in one query: by link and
    /// in order. There are none of a link that is not the client's.
    pub async fn live_readings_of(
        &self,
        wanted: &[(ClientId, LinkId, i64)],
    ) -> Result<Vec<LiveReading>, StoreError> {
        macro_rules! newest {
            ($rows:literal, $client:literal, $link:literal, $after:literal) => {
                concat!(
                    "SELECT link_id, at_ms, rx_bps, tx_bps, trouble FROM (
                        SELECT r.link_id, r.at_ms, r.rx_bps, r.tx_bps, r.trouble,
                            ROW_NUMBER() OVER (PARTITION BY r.link_id ORDER BY r.at_ms DESC) AS place
                        FROM ",
                    $rows,
                    " w JOIN client_links l ON l.id = ",
                    $link,
                    " JOIN live_readings r ON r.link_id = l.id AND r.at_ms > ",
                    $after,
                    " WHERE l.client_id = ",
                    $client,
                    ") newest WHERE place <= $2 ORDER BY link_id, at_ms"
                )
            };
        }
        const SQL: Differs = Differs {
            sqlite: newest!("json_each($1)", "w.value ->> 0", "w.value ->> 1", "w.value ->> 2"),
            postgres: newest!(
                "json_array_elements($1::json)",
                "(w.value ->> 0)::bigint",
                "(w.value ->> 1)::bigint",
                "(w.value ->> 2)::bigint"
            ),
        };
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let reader = self.reader();
        let (sql, wanted) = (SQL.on(&reader), json(&wanted)?);
        let rows: Vec<RowOfLink> =
            on!(reader, db => sqlx::query_as(sql).bind(wanted).bind(READINGS_MAX).fetch_all(db).await)?;
        let reading = |(link, at_ms, rx_bps, tx_bps, trouble): RowOfLink| {
            let trouble = trouble.as_deref().map(LiveTrouble::try_from).transpose()?;
            Ok(LiveReading { link, at_ms, rx_bps, tx_bps, trouble })
        };
        rows.into_iter().map(reading).collect()
    }
}

type RowOfLink = (LinkId, i64, Option<i64>, Option<i64>, Option<String>);

/// Removes what is older than is kept; and what a clock that was set back left in the future.
pub(crate) async fn delete_old(tx: &mut Tx, now_ms: i64) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM live_readings WHERE at_ms < $1 OR at_ms > $2";
    Ok(on!(tx, tx => sqlx::query(SQL)
        .bind(now_ms - LIVE_KEPT_MS)
        .bind(now_ms + LIVE_AHEAD_MS)
        .execute(&mut **tx)
        .await
        .map(|done| done.rows_affected()))?)
}
