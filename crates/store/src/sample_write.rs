//! Writing samples in bulk: many rows per statement on SQLite, arrays on PostgreSQL.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sqlx::{Postgres, Sqlite, Transaction};

use crate::engine::{Engine, SqliteRows, Tx, on};
use crate::sample::HOUR_MS;
use crate::{Sample, StoreError};

/// Rows per statement on PostgreSQL, which bounds the memory of one message.
const ROWS_PER_MESSAGE: usize = 20_000;
/// The most months that one call may touch: a guard against times in the wrong unit.
const MONTHS_MAX: usize = 240;

/// PostgreSQL's advisory lock between the writers of samples (shared) and the roll-up (exclusive).
pub(crate) const ROLL_UP_LOCK: i64 = 0x6c65_6173_6501;

const COLUMNS: &str = "link_id, at_ms, state, rx_bytes, tx_bytes, rx_packets, tx_packets, rx_errors, tx_errors, rx_drops, \
     tx_drops, rx_bps, tx_bps, sent, received, rtt_min_us, rtt_avg_us, rtt_max_us";

/// Inserts samples; one with the same link and time as a stored one is left out.
pub(crate) async fn insert_samples(tx: &mut Tx, samples: &[&Sample]) -> Result<(), StoreError> {
    if samples.is_empty() {
        return Ok(());
    }
    match tx {
        Engine::Sqlite(tx) => insert_sqlite(tx, samples).await?,
        Engine::Postgres(tx) => insert_postgres(tx, samples).await?,
    }
    mark_hours(tx, samples).await
}

/// Notes that the hours of these samples are to be rolled up, again if they were before.
async fn mark_hours(tx: &mut Tx, samples: &[&Sample]) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO rollup_pending (resolution, from_ms) VALUES ('hour', $1) ON CONFLICT (resolution, from_ms) DO NOTHING";
    // In order, so that two writers wait for each other instead of locking each other out.
    let hours: BTreeSet<i64> = samples.iter().map(|sample| sample.at_ms.div_euclid(HOUR_MS)).collect();
    for hour in hours {
        on!(&mut *tx, tx => sqlx::query(SQL).bind(hour * HOUR_MS).execute(&mut **tx).await.map(|_| ()))?;
    }
    Ok(())
}

static SQLITE_INSERT: LazyLock<SqliteRows> = LazyLock::new(|| {
    let insert = format!("INSERT INTO link_monitoring_data (hour, {COLUMNS})");
    SqliteRows::new(&insert, 19, "ON CONFLICT DO NOTHING")
});

async fn insert_sqlite(tx: &mut Transaction<'static, Sqlite>, samples: &[&Sample]) -> Result<(), StoreError> {
    let mut ordered = samples.to_vec();
    // In the order of the key: neighbours go to the same page.
    ordered.sort_unstable_by_key(|sample| (sample.at_ms.div_euclid(HOUR_MS), sample.link, sample.at_ms));
    for (text, chunk) in SQLITE_INSERT.split(&ordered) {
        let mut query = SQLITE_INSERT.query(text, chunk.len());
        for sample in chunk {
            query = query
                .bind(sample.at_ms.div_euclid(HOUR_MS))
                .bind(sample.link)
                .bind(sample.at_ms)
                .bind(sample.state.as_str())
                .bind(sample.rx_bytes)
                .bind(sample.tx_bytes)
                .bind(sample.rx_packets)
                .bind(sample.tx_packets)
                .bind(sample.rx_errors)
                .bind(sample.tx_errors)
                .bind(sample.rx_drops)
                .bind(sample.tx_drops)
                .bind(sample.rx_bps)
                .bind(sample.tx_bps)
                .bind(sample.sent)
                .bind(sample.received)
                .bind(sample.rtt_min_us)
                .bind(sample.rtt_avg_us)
                .bind(sample.rtt_max_us);
        }
        query.execute(&mut **tx).await.map_err(|error| StoreError::on_insert(error, "sample", &[]))?;
    }
    Ok(())
}

async fn insert_postgres(
    tx: &mut Transaction<'static, Postgres>,
    samples: &[&Sample],
) -> Result<(), StoreError> {
    const LOCK: &str = "SELECT pg_advisory_xact_lock_shared($1)";
    const INSERT: &str = "INSERT INTO link_monitoring_data (link_id, at_ms, state, rx_bytes, tx_bytes, rx_packets, tx_packets,
            rx_errors, tx_errors, rx_drops, tx_drops, rx_bps, tx_bps, sent, received, rtt_min_us, rtt_avg_us, rtt_max_us)
        SELECT * FROM UNNEST($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[],
            $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[],
            $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[])
        ON CONFLICT (link_id, at_ms) DO NOTHING";
    make_partitions(tx, samples).await?;
    sqlx::query(LOCK).bind(ROLL_UP_LOCK).execute(&mut **tx).await?;
    for chunk in samples.chunks(ROWS_PER_MESSAGE) {
        let column = |of: fn(&Sample) -> Option<i64>| -> Vec<Option<i64>> {
            chunk.iter().map(|sample| of(sample)).collect()
        };
        sqlx::query(INSERT)
            .bind(chunk.iter().map(|sample| sample.link.0).collect::<Vec<_>>())
            .bind(chunk.iter().map(|sample| sample.at_ms).collect::<Vec<_>>())
            .bind(chunk.iter().map(|sample| sample.state.as_str()).collect::<Vec<_>>())
            .bind(column(|sample| sample.rx_bytes))
            .bind(column(|sample| sample.tx_bytes))
            .bind(column(|sample| sample.rx_packets))
            .bind(column(|sample| sample.tx_packets))
            .bind(column(|sample| sample.rx_errors))
            .bind(column(|sample| sample.tx_errors))
            .bind(column(|sample| sample.rx_drops))
            .bind(column(|sample| sample.tx_drops))
            .bind(column(|sample| sample.rx_bps))
            .bind(column(|sample| sample.tx_bps))
            .bind(column(|sample| sample.sent))
            .bind(column(|sample| sample.received))
            .bind(column(|sample| sample.rtt_min_us))
            .bind(column(|sample| sample.rtt_avg_us))
            .bind(column(|sample| sample.rtt_max_us))
            .execute(&mut **tx)
            .await
            .map_err(|error| StoreError::on_insert(error, "sample", &[]))?;
    }
    Ok(())
}

/// Makes the monthly partitions that these samples need and that are not there yet.
async fn make_partitions(
    tx: &mut Transaction<'static, Postgres>,
    samples: &[&Sample],
) -> Result<(), StoreError> {
    const EXISTS: &str = "SELECT to_regclass($1) IS NOT NULL";
    // Two writers of a month's first sample: the second waits for the first, and then makes nothing. It must not ask
    // again by name: its session would answer from what it remembers.
    const LOCK: &str = "SELECT pg_advisory_xact_lock($1)";
    const PARTITION_LOCK: i64 = ROLL_UP_LOCK + 1;
    for month in months(samples)? {
        let name = format!("link_monitoring_data_{:04}_{:02}", month.year(), month.month());
        if sqlx::query_scalar::<_, bool>(EXISTS).bind(&name).fetch_one(&mut **tx).await? {
            continue;
        }
        sqlx::query(LOCK).bind(PARTITION_LOCK).execute(&mut **tx).await?;
        let (from_ms, to_ms) = month_bounds(month)?;
        // A name and two numbers made here: DDL takes no parameters.
        let sql = format!(
            "CREATE TABLE IF NOT EXISTS {name} PARTITION OF link_monitoring_data FOR VALUES FROM ({from_ms}) TO ({to_ms})"
        );
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut **tx).await?;
    }
    Ok(())
}

/// The first days of the UTC months that the samples fall into.
fn months(samples: &[&Sample]) -> Result<BTreeSet<Date>, StoreError> {
    let mut months = BTreeSet::new();
    let mut known = 0..0;
    for sample in samples {
        if known.contains(&sample.at_ms) {
            continue;
        }
        let at = Timestamp::from_millisecond(sample.at_ms).map_err(|_| bad_time(sample.at_ms))?;
        let month = at.to_zoned(TimeZone::UTC).date().first_of_month();
        let (from_ms, to_ms) = month_bounds(month)?;
        known = from_ms..to_ms;
        months.insert(month);
        if months.len() > MONTHS_MAX {
            let why = format!("they lie in more than {MONTHS_MAX} different months");
            return Err(StoreError::Invalid { what: "samples", why });
        }
    }
    Ok(months)
}

fn month_bounds(month: Date) -> Result<(i64, i64), StoreError> {
    let bad = |_| StoreError::Invalid { what: "a sample", why: format!("{month} is not a month to store") };
    let start = |date: Date| date.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp().as_millisecond());
    let next = month.checked_add(jiff::Span::new().months(1)).map_err(bad)?;
    Ok((start(month).map_err(bad)?, start(next).map_err(bad)?))
}

fn bad_time(at_ms: i64) -> StoreError {
    StoreError::Invalid { what: "a sample", why: format!("{at_ms} ms is not a time") }
}
