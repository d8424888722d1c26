//! Reading the ledger's inputs from PostgreSQL, row by row as the server sends them.

use futures_util::TryStreamExt;
use sqlx::PgPool;

use crate::exclusion::ExclusionRow;
use crate::ledger_inputs::{Batch, Reading, exclusions_of_links, spans_of_links, terms_of_links};

use crate::open::{POSTGRES_SNAPSHOT, begin_postgres};
use crate::span::SpanRow;
use crate::{LinkId, LinkTerms, StoreError};

const SPANS: &str = spans_of_links!("UNNEST($1::bigint[]) t (id)");
const EXCLUSIONS: &str = exclusions_of_links!("UNNEST($1::bigint[]) t (id)");
const TERMS: &str = terms_of_links!("UNNEST($1::bigint[]) t (id)");
/// In no order: the server would sort all rows, while each link's are nearly in order as they lie.
const READINGS: &str =
    "SELECT link_id, at_ms, rx_bps, tx_bps, sent, received, rtt_avg_us FROM link_monitoring_data
    WHERE link_id = ANY($1) AND at_ms >= $2 AND at_ms < $3";

type ReadingRow = (LinkId, i64, Option<i64>, Option<i64>, Option<i64>, Option<i64>, Option<i64>);

/// Fills the batch, in one read transaction.
pub(crate) async fn read(pool: &PgPool, batch: &mut Batch) -> Result<(), StoreError> {
    let ids: Vec<i64> = batch.links().into_iter().map(|link| link.0).collect();
    let (from_ms, to_ms) = (batch.from_ms, batch.to_ms);
    let mut tx = begin_postgres(pool, POSTGRES_SNAPSHOT).await?;
    macro_rules! each {
        ($row:ty, $sql:expr, $add:expr) => {
            let mut rows =
                sqlx::query_as::<_, $row>($sql).bind(&ids).bind(from_ms).bind(to_ms).fetch(&mut *tx);
            while let Some(row) = rows.try_next().await? {
                $add(row)?;
            }
            drop(rows);
        };
    }
    each!(SpanRow, SPANS, |row| batch.add_span(row));
    each!(ExclusionRow, EXCLUSIONS, |row| batch.add_exclusion(row));
    each!(LinkTerms, TERMS, |row: LinkTerms| batch.add_terms(&row));
    each!(ReadingRow, READINGS, |row: ReadingRow| {
        let (link, at_ms, rx_bps, tx_bps, sent, received, rtt_avg_us) = row;
        batch.add_reading(&Reading { link, at_ms, rx_bps, tx_bps, sent, received, rtt_avg_us })
    });
    Ok(tx.commit().await?)
}
