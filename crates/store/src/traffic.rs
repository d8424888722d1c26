use sla::Traffic;

use crate::engine::{Differs, on};
use crate::sample::in_range;
use crate::{ClientId, LinkId, SAMPLES_MAX, Store, StoreError};

impl Store {
    /// The rates of a client's link in `[from_ms, to_ms)`, in order, at most [`SAMPLES_MAX`]: what a percentile is
    /// made of, and a fraction of the work of whole samples. `None` if the link is not this client's.
    pub async fn traffic_for_client(
        &self,
        client: ClientId,
        link: LinkId,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Option<Vec<Traffic>>, StoreError> {
        const SQL: Differs = in_range!("d.at_ms, d.rx_bps, d.tx_bps");
        let Some(link) = self.link_of_client(client, link).await? else { return Ok(None) };
        let reader = self.reader();
        let sql = SQL.on(&reader);
        let rows: Vec<(i64, Option<i64>, Option<i64>)> = on!(reader, db => sqlx::query_as(sql)
            .bind(link.id)
            .bind(from_ms)
            .bind(to_ms)
            .bind(SAMPLES_MAX)
            .fetch_all(db)
            .await)?;
        Ok(Some(rows.into_iter().map(|(at_ms, rx_bps, tx_bps)| Traffic { at_ms, rx_bps, tx_bps }).collect()))
    }
}
