//! Making roll-ups: hours of samples, days of hours. What is pending is kept in a table, so that a late sample has
//! its hour and day made again.

use futures_util::TryStreamExt;

use crate::engine::{Differs, Engine, Tx, on};
use crate::rollup::{RollupRow, rollup_columns};
use crate::sample::{HOUR_MS, SampleRow, sample_columns};
use crate::sample_write::ROLL_UP_LOCK;
use crate::{LinkId, RollUpOutcome, Rollup, Sample, Store, StoreError, histogram};

const DAY_MS: i64 = 24 * HOUR_MS;
/// Roll-ups per insert, which bounds the text of its parameter.
const ROWS_PER_STATEMENT: usize = 1_000;

impl Store {
    /// Rolls up the pending hours that end by `up_to_ms`, then the days that hold them and end by then. Each is a
    /// transaction of its own, so that writers of samples wait for one hour at most. Doing it again changes nothing.
    pub async fn roll_up(&self, up_to_ms: i64) -> Result<RollUpOutcome, StoreError> {
        let mut outcome = RollUpOutcome::default();
        while self.roll_up_one("hour", HOUR_MS, up_to_ms).await? {
            outcome.hours += 1;
        }
        while self.roll_up_one("day", DAY_MS, up_to_ms).await? {
            outcome.days += 1;
        }
        Ok(outcome)
    }

    /// Rolls up the oldest pending hour or day; `false` if there is none.
    async fn roll_up_one(
        &self,
        resolution: &'static str,
        length_ms: i64,
        up_to_ms: i64,
    ) -> Result<bool, StoreError> {
        const NEXT: &str = "SELECT from_ms FROM rollup_pending WHERE resolution = $1 AND from_ms <= $2 ORDER BY from_ms LIMIT 1";
        const DONE: &str = "DELETE FROM rollup_pending WHERE resolution = $1 AND from_ms = $2";
        const DAY: &str = "INSERT INTO rollup_pending (resolution, from_ms) VALUES ('day', $1)
            ON CONFLICT (resolution, from_ms) DO NOTHING";
        let mut tx = self.begin().await?;
        lock_writers_out(&mut tx).await?;
        let next: Option<i64> = on!(&mut tx, tx => sqlx::query_scalar(NEXT)
            .bind(resolution)
            .bind(up_to_ms.saturating_sub(length_ms))
            .fetch_optional(&mut **tx)
            .await)?;
        let Some(from_ms) = next else { return Ok(false) };
        if length_ms == HOUR_MS {
            let rollups = hour_of_samples(&mut tx, from_ms).await?;
            put(&mut tx, &PUT_HOURLY, &rollups).await?;
            let day = from_ms.div_euclid(DAY_MS) * DAY_MS;
            on!(&mut tx, tx => sqlx::query(DAY).bind(day).execute(&mut **tx).await.map(|_| ()))?;
        } else {
            let rollups = day_of_hours(&mut tx, from_ms).await?;
            put(&mut tx, &PUT_DAILY, &rollups).await?;
        }
        on!(&mut tx, tx => sqlx::query(DONE)
            .bind(resolution)
            .bind(from_ms)
            .execute(&mut **tx)
            .await
            .map(|_| ()))?;
        tx.commit().await?;
        Ok(true)
    }
}

/// A sample that commits after the hour was read and before its mark is deleted would be lost.
async fn lock_writers_out(tx: &mut Tx) -> Result<(), StoreError> {
    const LOCK: &str = "SELECT pg_advisory_xact_lock($1)";
    if let Engine::Postgres(tx) = tx {
        sqlx::query(LOCK).bind(ROLL_UP_LOCK).execute(&mut **tx).await?;
    }
    Ok(())
}

async fn hour_of_samples(tx: &mut Tx, from_ms: i64) -> Result<Vec<Rollup>, StoreError> {
    // PostgreSQL: one seek per link; without it the whole month's partition would be read for an hour.
    const SQL: Differs = Differs {
        sqlite: concat!(
            "SELECT ",
            sample_columns!(),
            " FROM link_monitoring_data d WHERE d.hour = $1 / 3600000 AND $2 > $1 ORDER BY d.link_id, d.at_ms"
        ),
        postgres: concat!(
            "SELECT ",
            sample_columns!(),
            " FROM client_links l CROSS JOIN LATERAL (SELECT * FROM link_monitoring_data d
                WHERE d.link_id = l.id AND d.at_ms >= $1 AND d.at_ms < $2) d ORDER BY d.link_id, d.at_ms"
        ),
    };
    let sql = SQL.on(tx);
    let mut rollups: Vec<Rollup> = Vec::new();
    on!(tx, tx => {
        let mut rows =
            sqlx::query_as::<_, SampleRow>(sql).bind(from_ms).bind(from_ms + HOUR_MS).fetch(&mut **tx);
        while let Some(row) = rows.try_next().await? {
            let sample = Sample::try_from(row)?;
            of_link(&mut rollups, sample.link, from_ms).add_sample(&sample);
        }
    });
    Ok(rollups)
}

async fn day_of_hours(tx: &mut Tx, from_ms: i64) -> Result<Vec<Rollup>, StoreError> {
    const SQL: Differs = Differs {
        sqlite: concat!(
            "SELECT ",
            rollup_columns!(),
            " FROM link_monitoring_hourly WHERE link_id IN (SELECT id FROM client_links)
            AND from_ms >= $1 AND from_ms < $2 ORDER BY link_id, from_ms"
        ),
        postgres: concat!(
            "SELECT ",
            rollup_columns!(),
            " FROM client_links l CROSS JOIN LATERAL (SELECT * FROM link_monitoring_hourly h
                WHERE h.link_id = l.id AND h.from_ms >= $1 AND h.from_ms < $2) h ORDER BY link_id, from_ms"
        ),
    };
    let sql = SQL.on(tx);
    let mut rollups: Vec<Rollup> = Vec::new();
    on!(tx, tx => {
        let mut rows =
            sqlx::query_as::<_, RollupRow>(sql).bind(from_ms).bind(from_ms + DAY_MS).fetch(&mut **tx);
        while let Some(row) = rows.try_next().await? {
            let hour = Rollup::try_from(row)?;
            of_link(&mut rollups, hour.link, from_ms).add_rollup(&hour);
        }
    });
    Ok(rollups)
}

/// The roll-up that is being made: rows come in the order of links.
fn of_link(rollups: &mut Vec<Rollup>, link: LinkId, from_ms: i64) -> &mut Rollup {
    if rollups.last().is_none_or(|last| last.link != link) {
        rollups.push(Rollup::empty(link, from_ms));
    }
    let last = rollups.len() - 1;
    &mut rollups[last]
}

macro_rules! put_into {
    ($table:literal, $rows:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " (",
            rollup_columns!(),
            ") ",
            $rows,
            " ON CONFLICT (link_id, from_ms) DO UPDATE SET n = excluded.n, rx_n = excluded.rx_n,
            rx_bps_min = excluded.rx_bps_min, rx_bps_max = excluded.rx_bps_max, rx_bps_sum = excluded.rx_bps_sum,
            tx_n = excluded.tx_n, tx_bps_min = excluded.tx_bps_min, tx_bps_max = excluded.tx_bps_max,
            tx_bps_sum = excluded.tx_bps_sum, sent = excluded.sent, received = excluded.received,
            rtt_min_us = excluded.rtt_min_us, rtt_max_us = excluded.rtt_max_us, rtt_n = excluded.rtt_n,
            rtt_sum_us = excluded.rtt_sum_us, latency_histogram = excluded.latency_histogram"
        )
    };
}

macro_rules! put_both {
    ($table:literal) => {
        Differs {
            sqlite: put_into!(
                $table,
                "SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
                value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12, value ->> 13,
                value ->> 14, value ->> 15, value ->> 16, value ->> 17 FROM json_each($1) WHERE true"
            ),
            postgres: put_into!(
                $table,
                "SELECT (v ->> 0)::bigint, (v ->> 1)::bigint, (v ->> 2)::bigint, (v ->> 3)::bigint, (v ->> 4)::bigint,
                (v ->> 5)::bigint, (v ->> 6)::bigint, (v ->> 7)::bigint, (v ->> 8)::bigint, (v ->> 9)::bigint,
                (v ->> 10)::bigint, (v ->> 11)::bigint, (v ->> 12)::bigint, (v ->> 13)::bigint, (v ->> 14)::bigint,
                (v ->> 15)::bigint, (v ->> 16)::bigint, v ->> 17 FROM json_array_elements($1::json) AS rows (v)"
            ),
        }
    };
}

const PUT_HOURLY: Differs = put_both!("link_monitoring_hourly");
const PUT_DAILY: Differs = put_both!("link_monitoring_daily");

async fn put(tx: &mut Tx, sql: &Differs, rollups: &[Rollup]) -> Result<(), StoreError> {
    let sql = sql.on(tx);
    for chunk in rollups.chunks(ROWS_PER_STATEMENT) {
        let rows: Vec<_> = chunk
            .iter()
            .map(|row| {
                serde_json::json!([
                    row.link,
                    row.from_ms,
                    row.n,
                    row.rx_n,
                    row.rx_bps_min,
                    row.rx_bps_max,
                    row.rx_bps_sum,
                    row.tx_n,
                    row.tx_bps_min,
                    row.tx_bps_max,
                    row.tx_bps_sum,
                    row.sent,
                    row.received,
                    row.rtt_min_us,
                    row.rtt_max_us,
                    row.rtt_n,
                    row.rtt_weighted_sum_us,
                    histogram::to_text(&row.latency_histogram),
                ])
            })
            .collect();
        let rows = serde_json::Value::from(rows).to_string();
        on!(&mut *tx, tx => sqlx::query(sql).bind(rows).execute(&mut **tx).await.map(|_| ()))?;
    }
    Ok(())
}
