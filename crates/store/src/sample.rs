use futures_util::TryStreamExt;
use sla::LinkState;

use crate::engine::{Differs, on};
use crate::{ClientId, LinkId, Store, StoreError};

/// The most samples that one read into memory returns: a year of one link at 60 s.
pub const SAMPLES_MAX: i64 = 600_000;

/// One hour, the granule of the SQLite key and of the roll-ups.
pub(crate) const HOUR_MS: i64 = 3_600_000;

/// One metric reading of a link. Rx and tx are the router's; a missing figure is `None`, never 0.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Sample {
    /// Whose reading.
    pub link: LinkId,
    /// When.
    pub at_ms: i64,
    /// What the link was then.
    pub state: LinkState,
    /// Counter as the router served it.
    pub rx_bytes: Option<i64>,
    /// Counter as the router served it.
    pub tx_bytes: Option<i64>,
    /// Counter as the router served it.
    pub rx_packets: Option<i64>,
    /// Counter as the router served it.
    pub tx_packets: Option<i64>,
    /// Counter as the router served it.
    pub rx_errors: Option<i64>,
    /// Counter as the router served it.
    pub tx_errors: Option<i64>,
    /// Counter as the router served it.
    pub rx_drops: Option<i64>,
    /// Counter as the router served it.
    pub tx_drops: Option<i64>,
    /// Bits per second over the measured time since the reading before.
    pub rx_bps: Option<i64>,
    /// Bits per second over the measured time since the reading before.
    pub tx_bps: Option<i64>,
    /// Pings sent; `None` if none was made.
    pub sent: Option<i64>,
    /// Pings answered.
    pub received: Option<i64>,
    /// Shortest round trip, microseconds.
    pub rtt_min_us: Option<i64>,
    /// Mean round trip, microseconds.
    pub rtt_avg_us: Option<i64>,
    /// Longest round trip, microseconds.
    pub rtt_max_us: Option<i64>,
}

/// One point of a sparkline: link, time, the router's receive and transmit rate in bits per second.
pub type RatePoint = (LinkId, i64, Option<i64>, Option<i64>);

macro_rules! sample_columns {
    () => {
        "d.link_id, d.at_ms, d.state, d.rx_bytes, d.tx_bytes, d.rx_packets, d.tx_packets, d.rx_errors, d.tx_errors, \
         d.rx_drops, d.tx_drops, d.rx_bps, d.tx_bps, d.sent, d.received, d.rtt_min_us, d.rtt_avg_us, d.rtt_max_us"
    };
}
pub(crate) use sample_columns;

// SQLite's key begins with the hour: the hours of the range, as far as any are stored, are counted out and each is one
// seek. `CROSS JOIN` keeps SQLite from turning the order of the tables around.
macro_rules! in_range {
    ($columns:expr) => {
        Differs {
            sqlite: concat!(
                "WITH RECURSIVE bounds (first, last) AS (
                    SELECT max($2 / 3600000, (SELECT min(hour) FROM link_monitoring_data)),
                        min(($3 - 1) / 3600000, (SELECT max(hour) FROM link_monitoring_data))),
                hours (hour) AS (SELECT first FROM bounds WHERE first <= last
                    UNION ALL SELECT hour + 1 FROM hours WHERE hour < (SELECT last FROM bounds))
                SELECT ",
                $columns,
                " FROM hours CROSS JOIN link_monitoring_data d ON d.hour = hours.hour
                WHERE d.link_id = $1 AND d.at_ms >= $2 AND d.at_ms < $3 ORDER BY d.hour, d.at_ms LIMIT $4"
            ),
            postgres: concat!(
                "SELECT ",
                $columns,
                " FROM link_monitoring_data d WHERE d.link_id = $1 AND d.at_ms >= $2 AND d.at_ms < $3
                ORDER BY d.at_ms LIMIT $4"
            ),
        }
    };
}
pub(crate) use in_range;

const RANGE: Differs = in_range!(sample_columns!());

const RECENT: Differs = Differs {
    sqlite: "WITH RECURSIVE bounds (first, last) AS (
            SELECT max($2 / 3600000, (SELECT min(hour) FROM link_monitoring_data)),
                (SELECT max(hour) FROM link_monitoring_data)),
        hours (hour) AS (SELECT first FROM bounds WHERE first <= last
            UNION ALL SELECT hour + 1 FROM hours WHERE hour < (SELECT last FROM bounds))
        SELECT d.link_id, d.at_ms, d.rx_bps, d.tx_bps
        FROM client_links l CROSS JOIN hours CROSS JOIN link_monitoring_data d
            ON d.hour = hours.hour AND d.link_id = l.id
        WHERE l.client_id = $1 AND d.at_ms >= $2
        ORDER BY d.link_id, d.at_ms LIMIT $3",
    postgres: "SELECT d.link_id, d.at_ms, d.rx_bps, d.tx_bps
        FROM client_links l JOIN link_monitoring_data d ON d.link_id = l.id
        WHERE l.client_id = $1 AND d.at_ms >= $2
        ORDER BY d.link_id, d.at_ms LIMIT $3",
};

#[derive(sqlx::FromRow)]
pub(crate) struct SampleRow {
    link_id: LinkId,
    at_ms: i64,
    state: String,
    rx_bytes: Option<i64>,
    tx_bytes: Option<i64>,
    rx_packets: Option<i64>,
    tx_packets: Option<i64>,
    rx_errors: Option<i64>,
    tx_errors: Option<i64>,
    rx_drops: Option<i64>,
    tx_drops: Option<i64>,
    rx_bps: Option<i64>,
    tx_bps: Option<i64>,
    sent: Option<i64>,
    received: Option<i64>,
    rtt_min_us: Option<i64>,
    rtt_avg_us: Option<i64>,
    rtt_max_us: Option<i64>,
}

impl TryFrom<SampleRow> for Sample {
    type Error = StoreError;

    fn try_from(row: SampleRow) -> Result<Self, StoreError> {
        Ok(Self {
            link: row.link_id,
            at_ms: row.at_ms,
            state: row.state.parse().map_err(StoreError::corrupt)?,
            rx_bytes: row.rx_bytes,
            tx_bytes: row.tx_bytes,
            rx_packets: row.rx_packets,
            tx_packets: row.tx_packets,
            rx_errors: row.rx_errors,
            tx_errors: row.tx_errors,
            rx_drops: row.rx_drops,
            tx_drops: row.tx_drops,
            rx_bps: row.rx_bps,
            tx_bps: row.tx_bps,
            sent: row.sent,
            received: row.received,
            rtt_min_us: row.rtt_min_us,
            rtt_avg_us: row.rtt_avg_us,
            rtt_max_us: row.rtt_max_us,
        })
    }
}

impl Store {
    /// A link's samples in `[from_ms, to_ms)`, in order, at most [`SAMPLES_MAX`].
    pub async fn samples(&self, link: LinkId, from_ms: i64, to_ms: i64) -> Result<Vec<Sample>, StoreError> {
        let mut samples = Vec::new();
        self.read_samples(link, from_ms, to_ms, SAMPLES_MAX, |sample| samples.push(sample)).await?;
        Ok(samples)
    }

    /// Hands a link's samples in `[from_ms, to_ms)` to `each` in order, without holding them in memory.
    pub async fn samples_each(
        &self,
        link: LinkId,
        from_ms: i64,
        to_ms: i64,
        each: impl FnMut(Sample),
    ) -> Result<(), StoreError> {
        self.read_samples(link, from_ms, to_ms, i64::MAX, each).await
    }

    /// [`samples`](Self::samples) of a client's link; `None` if the link is not this client's.
    pub async fn samples_for_client(
        &self,
        client: ClientId,
        link: LinkId,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Option<Vec<Sample>>, StoreError> {
        match self.link_of_client(client, link).await? {
            Some(link) => Ok(Some(self.samples(link.id, from_ms, to_ms).await?)),
            None => Ok(None),
        }
    }

    /// The rates of all links of a client since `from_ms`, by link and time, at most [`SAMPLES_MAX`] points.
    pub async fn recent_rates(&self, client: ClientId, from_ms: i64) -> Result<Vec<RatePoint>, StoreError> {
        let reader = self.reader();
        let sql = RECENT.on(&reader);
        Ok(on!(reader, db => sqlx::query_as(sql)
            .bind(client)
            .bind(from_ms)
            .bind(SAMPLES_MAX)
            .fetch_all(db)
            .await)?)
    }

    async fn read_samples(
        &self,
        link: LinkId,
        from_ms: i64,
        to_ms: i64,
        limit: i64,
        mut each: impl FnMut(Sample),
    ) -> Result<(), StoreError> {
        let reader = self.reader();
        let sql = RANGE.on(&reader);
        on!(reader, db => {
            let mut rows = sqlx::query_as::<_, SampleRow>(sql)
                .bind(link)
                .bind(from_ms)
                .bind(to_ms)
                .bind(limit)
                .fetch(db);
            while let Some(row) = rows.try_next().await? {
                each(row.try_into()?);
            }
        });
        Ok(())
    }
}
