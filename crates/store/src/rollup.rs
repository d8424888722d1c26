use crate::engine::on;
use crate::{ClientId, LIST_ROWS_MAX, LinkId, Store, StoreError, histogram};

/// The length of a roll-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Resolution {
    /// A UTC hour, made of samples.
    Hour,
    /// A UTC day, made of hours.
    Day,
}

/// What a call of [`Store::roll_up`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RollUpOutcome {
    /// Hours rolled up.
    pub hours: usize,
    /// Days rolled up.
    pub days: usize,
}

/// An hour or a day of one link in figures that add up. A missing figure of a sample counts nowhere.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Rollup {
    /// Whose roll-up.
    pub link: LinkId,
    /// Its start.
    pub from_ms: i64,
    /// Samples.
    pub n: i64,
    /// Samples with a receive rate.
    pub rx_n: i64,
    /// Lowest receive rate, bits per second.
    pub rx_bps_min: Option<i64>,
    /// Highest receive rate.
    pub rx_bps_max: Option<i64>,
    /// Sum of receive rates: mean = sum / `rx_n`.
    pub rx_bps_sum: i64,
    /// Samples with a transmit rate.
    pub tx_n: i64,
    /// Lowest transmit rate, bits per second.
    pub tx_bps_min: Option<i64>,
    /// Highest transmit rate.
    pub tx_bps_max: Option<i64>,
    /// Sum of transmit rates: mean = sum / `tx_n`.
    pub tx_bps_sum: i64,
    /// Pings sent.
    pub sent: i64,
    /// Pings answered.
    pub received: i64,
    /// Shortest round trip, microseconds.
    pub rtt_min_us: Option<i64>,
    /// Longest round trip, microseconds.
    pub rtt_max_us: Option<i64>,
    /// Answers with a round trip: the weight of `rtt_weighted_sum_us`.
    pub rtt_n: i64,
    /// Sum over samples of mean round trip × answers: mean = sum / `rtt_n`.
    pub rtt_weighted_sum_us: i64,
    /// Answers by their sample's mean round trip, in the buckets of [`LATENCY_BOUNDS_US`](crate::LATENCY_BOUNDS_US).
    pub latency_histogram: Vec<i64>,
}

macro_rules! rollup_columns {
    () => {
        "link_id, from_ms, n, rx_n, rx_bps_min, rx_bps_max, rx_bps_sum, tx_n, tx_bps_min, tx_bps_max, tx_bps_sum, sent, \
         received, rtt_min_us, rtt_max_us, rtt_n, rtt_sum_us, latency_histogram"
    };
}
pub(crate) use rollup_columns;

#[derive(sqlx::FromRow)]
pub(crate) struct RollupRow {
    link_id: LinkId,
    from_ms: i64,
    n: i64,
    rx_n: i64,
    rx_bps_min: Option<i64>,
    rx_bps_max: Option<i64>,
    rx_bps_sum: i64,
    tx_n: i64,
    tx_bps_min: Option<i64>,
    tx_bps_max: Option<i64>,
    tx_bps_sum: i64,
    sent: i64,
    received: i64,
    rtt_min_us: Option<i64>,
    rtt_max_us: Option<i64>,
    rtt_n: i64,
    rtt_sum_us: i64,
    latency_histogram: String,
}

impl TryFrom<RollupRow> for Rollup {
    type Error = StoreError;

    fn try_from(row: RollupRow) -> Result<Self, StoreError> {
        Ok(Self {
            link: row.link_id,
            from_ms: row.from_ms,
            n: row.n,
            rx_n: row.rx_n,
            rx_bps_min: row.rx_bps_min,
            rx_bps_max: row.rx_bps_max,
            rx_bps_sum: row.rx_bps_sum,
            tx_n: row.tx_n,
            tx_bps_min: row.tx_bps_min,
            tx_bps_max: row.tx_bps_max,
            tx_bps_sum: row.tx_bps_sum,
            sent: row.sent,
            received: row.received,
            rtt_min_us: row.rtt_min_us,
            rtt_max_us: row.rtt_max_us,
            rtt_n: row.rtt_n,
            rtt_weighted_sum_us: row.rtt_sum_us,
            latency_histogram: histogram::from_text(&row.latency_histogram)?,
        })
    }
}

impl Store {
    /// A link's roll-ups that begin in `[from_ms, to_ms)`, in order, at most [`LIST_ROWS_MAX`].
    pub async fn rollups(
        &self,
        link: LinkId,
        resolution: Resolution,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<Rollup>, StoreError> {
        macro_rules! select {
            ($table:literal) => {
                concat!(
                    "SELECT ",
                    rollup_columns!(),
                    " FROM ",
                    $table,
                    " WHERE link_id = $1 AND from_ms >= $2 AND from_ms < $3 ORDER BY from_ms LIMIT $4"
                )
            };
        }
        let sql = match resolution {
            Resolution::Hour => select!("link_monitoring_hourly"),
            Resolution::Day => select!("link_monitoring_daily"),
        };
        let rows: Vec<RollupRow> = on!(self.reader(), db => sqlx::query_as(sql)
            .bind(link)
            .bind(from_ms)
            .bind(to_ms)
            .bind(LIST_ROWS_MAX)
            .fetch_all(db)
            .await)?;
        rows.into_iter().map(Rollup::try_from).collect()
    }

    /// [`rollups`](Self::rollups) of a client's link; `None` if the link is not this client's.
    pub async fn rollups_for_client(
        &self,
        client: ClientId,
        link: LinkId,
        resolution: Resolution,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Option<Vec<Rollup>>, StoreError> {
        match self.link_of_client(client, link).await? {
            Some(link) => Ok(Some(self.rollups(link.id, resolution, from_ms, to_ms).await?)),
            None => Ok(None),
        }
    }
}
