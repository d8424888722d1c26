//! Why a link was down, in the words of the ISP's staff, for its client to read.

use serde_json::json;

use crate::alert::text;
use crate::engine::on;
use crate::{CompanyId, OutageId, StaffAct, Store, StoreError};

impl Store {
    /// Publishes the reason of an outage to its client, or takes it back with `None`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none within the scope; [`StoreError::Invalid`] for a text that is empty or too
    /// long.
    pub async fn set_outage_reason(
        &self,
        act: &StaffAct<'_>,
        id: OutageId,
        reason: Option<&str>,
    ) -> Result<(), StoreError> {
        const WHOSE: &str = "SELECT c.company_id, l.circuit, o.reason FROM outages o
            JOIN client_links l ON l.id = o.link_id JOIN clients c ON c.id = l.client_id WHERE o.id = $1";
        const SQL: &str = "UPDATE outages SET reason = $2, reason_by = $3, reason_at_ms = $4 WHERE id = $1";
        let reason = reason.map(|reason| text("a reason", reason)).transpose()?;
        let mut tx = self.begin().await?;
        let found: Option<(CompanyId, String, Option<String>)> =
            on!(&mut tx, tx => sqlx::query_as(WHOSE).bind(id).fetch_optional(&mut **tx).await)?;
        let (company, circuit, before) = found.ok_or(StoreError::NotFound { what: "outage" })?;
        act.scope.check(company, "outage")?;
        let (who, when) = (reason.map(|_| act.actor), reason.map(|_| act.now_ms));
        let rows = on!(&mut tx, tx => sqlx::query(SQL)
            .bind(id)
            .bind(reason)
            .bind(who)
            .bind(when)
            .execute(&mut **tx)
            .await
            .map(|done| done.rows_affected()))?;
        if rows == 0 {
            return Err(StoreError::NotFound { what: "outage" });
        }
        let [before, after] = [before.as_deref(), reason].map(|reason| json!({ "reason": reason }));
        let subject = format!("outage {id} of link {circuit}");
        act.record(&mut tx, company, ("outage.reason", subject), (Some(&before), Some(&after))).await?;
        Ok(tx.commit().await?)
    }
}
