//! Reading the ledger's inputs from an SQLite file through `rusqlite`: sqlx hands each row over a channel, which costs
//! more than to read it. The connection is the ledger's own and reads only; both drivers share one SQLite library.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, Row, Transaction, named_params, params};

use crate::engine::json;
use crate::exclusion::ExclusionRow;
use crate::ledger_inputs::{Batch, Reading, exclusions_of_links, spans_of_links, terms_of_links};
use crate::open::BUSY_TIMEOUT;
use crate::sample::HOUR_MS;
use crate::span::SpanRow;
use crate::{LinkId, LinkTerms, StoreError};

/// Links that lie between two wanted ones and are read over: to begin anew in each hour costs as much as they do.
const LINKS_READ_OVER_MAX: i64 = 3;
/// SQLite's page cache of one such connection, in KiB (negative by SQLite's convention): pages are read once.
const CACHE_KIB: i64 = -2048;

const SPANS: &str = spans_of_links!("(SELECT value AS id FROM json_each($1)) t");
const EXCLUSIONS: &str = exclusions_of_links!("(SELECT value AS id FROM json_each($1)) t");
const TERMS: &str = terms_of_links!("(SELECT value AS id FROM json_each($1)) t");
/// Each on its own: SQLite seeks one of them, and for both together reads the whole table.
const HOURS: &str =
    "SELECT (SELECT MIN(hour) FROM link_monitoring_data), (SELECT MAX(hour) FROM link_monitoring_data)";
const READINGS: &str =
    "SELECT link_id, at_ms, rx_bps, tx_bps, sent, received, rtt_avg_us FROM link_monitoring_data
    WHERE hour = ?1 AND link_id BETWEEN ?2 AND ?3";

/// Fills the batch, in one read transaction.
pub(crate) fn read(path: &Path, batch: &mut Batch) -> Result<(), StoreError> {
    let mut connection = open(path)?;
    let tx = connection.transaction()?;
    let links = batch.links();
    let ids = json(&links)?;
    let (from_ms, to_ms) = (batch.from_ms, batch.to_ms);
    each(&tx, SPANS, (&ids, from_ms, to_ms), |row| batch.add_span(span(row)?))?;
    each(&tx, EXCLUSIONS, (&ids, from_ms, to_ms), |row| batch.add_exclusion(exclusion(row)?))?;
    each(&tx, TERMS, (&ids, from_ms, to_ms), |row| batch.add_terms(&terms(row)?))?;
    readings(&tx, &links, batch)
}

fn open(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "cache_size", CACHE_KIB)?;
    Ok(connection)
}

fn each(
    tx: &Transaction<'_>,
    sql: &str,
    (ids, from_ms, to_ms): (&str, i64, i64),
    mut add: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut statement = tx.prepare(sql)?;
    let mut rows = statement.query(named_params! {"$1": ids, "$2": from_ms, "$3": to_ms})?;
    while let Some(row) = rows.next()? {
        add(row)?;
    }
    Ok(())
}

/// Hour by hour, as the key has them, each run of neighbouring links in one range.
fn readings(tx: &Transaction<'_>, links: &[LinkId], batch: &mut Batch) -> Result<(), StoreError> {
    let stored: (Option<i64>, Option<i64>) = tx.query_row(HOURS, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (Some(first), Some(last)) = stored else { return Ok(()) };
    let first = first.max(batch.from_ms.div_euclid(HOUR_MS));
    let last = last.min((batch.to_ms - 1).div_euclid(HOUR_MS));
    let runs = runs(links);
    let mut statement = tx.prepare(READINGS)?;
    for hour in first..=last {
        for (from, to) in &runs {
            let mut rows = statement.query(params![hour, from.0, to.0])?;
            while let Some(row) = rows.next()? {
                batch.add_reading(&Reading {
                    link: LinkId(row.get(0)?),
                    at_ms: row.get(1)?,
                    rx_bps: row.get(2)?,
                    tx_bps: row.get(3)?,
                    sent: row.get(4)?,
                    received: row.get(5)?,
                    rtt_avg_us: row.get(6)?,
                })?;
            }
        }
    }
    Ok(())
}

/// The first and last links of stretches without wide gaps; `links` are in order.
fn runs(links: &[LinkId]) -> Vec<(LinkId, LinkId)> {
    let near = |one: &LinkId, next: &LinkId| next.0.saturating_sub(one.0) - 1 <= LINKS_READ_OVER_MAX;
    links.chunk_by(near).map(|run| (run[0], run[run.len() - 1])).collect()
}

fn span(row: &Row<'_>) -> Result<SpanRow, rusqlite::Error> {
    Ok(SpanRow {
        link_id: LinkId(row.get(0)?),
        from_ms: row.get(1)?,
        to_ms: row.get(2)?,
        state: row.get(3)?,
        cause: row.get(4)?,
        evidence: row.get(5)?,
    })
}

fn exclusion(row: &Row<'_>) -> Result<ExclusionRow, rusqlite::Error> {
    Ok(ExclusionRow {
        id: crate::ExclusionId(row.get(0)?),
        link_id: LinkId(row.get(1)?),
        from_ms: row.get(2)?,
        to_ms: row.get(3)?,
        kind: row.get(4)?,
        reason: row.get(5)?,
        entered_by: row.get(6)?,
        entered_at_ms: row.get(7)?,
        removed_by: row.get(8)?,
        removed_at_ms: row.get(9)?,
    })
}

fn terms(row: &Row<'_>) -> Result<LinkTerms, StoreError> {
    Ok(LinkTerms {
        link_id: LinkId(row.get(0)?),
        valid_from_ms: row.get(1)?,
        uptime_pct: row.get(2)?,
        latency_ms: row.get(3)?,
        loss_pct: row.get(4)?,
        down_when: row.get::<_, String>(5)?.parse()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_links_are_read_in_one_range() {
        let runs = |ids: &[i64]| -> Vec<(i64, i64)> {
            let links: Vec<LinkId> = ids.iter().copied().map(LinkId).collect();
            super::runs(&links).into_iter().map(|(from, to)| (from.0, to.0)).collect()
        };
        assert_eq!(runs(&[]), []);
        assert_eq!(runs(&[7]), [(7, 7)]);
        assert_eq!(runs(&[1, 2, 6, 11, 12]), [(1, 6), (11, 12)]);
        assert_eq!(runs(&[i64::MIN, i64::MAX]), [(i64::MIN, i64::MIN), (i64::MAX, i64::MAX)]);
    }

    /// It is asked for each batch: to read the whole table for it took thirty times as long as the batch.
    #[test]
    fn samples_are_sought_and_never_scanned() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(include_str!("../migrations/sqlite/0001_first.sql")).unwrap();
        for sql in [HOURS, READINGS] {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let mut rows = statement.raw_query();
            let mut plan = String::new();
            while let Some(row) = rows.next().unwrap() {
                plan += &row.get::<_, String>(3).unwrap();
                plan += "\n";
            }
            assert!(plan.contains("SEARCH link_monitoring_data"), "{plan}");
            assert!(!plan.contains("SCAN link_monitoring_data"), "{plan}");
        }
    }
}
