//! Why a link was down, in the words of the ISP's staff, for its client to read.

use crate::alert::text;
use crate::engine::on;
use crate::{AuditEvent, Outage, OutageId, Store, StoreError, audit};

impl Store {
    /// One outage, for the ISP's own use.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    pub async fn outage(&self, id: OutageId) -> Result<Outage, StoreError> {
        let row: Option<crate::outage::OutageRow> = on!(self.reader(), db => sqlx::query_as(crate::outage::ONE)
            .bind(id)
            .fetch_optional(db)
            .await)?;
        row.ok_or(StoreError::NotFound { what: "outage" })?.try_into()
    }

    /// Publishes the reason of an outage to its client, or takes it back with `None`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Invalid`] for a text that is empty or too long.
    pub async fn set_outage_reason(
        &self,
        id: OutageId,
        reason: Option<&str>,
        by: &str,
        now_ms: i64,
    ) -> Result<Outage, StoreError> {
        const SQL: &str = "UPDATE outages SET reason = $2, reason_by = $3, reason_at_ms = $4 WHERE id = $1";
        let reason = reason.map(|reason| text("a reason", reason)).transpose()?;
        let before = self.outage(id).await?;
        let mut tx = self.begin().await?;
        let (who, when) = (reason.map(|_| by), reason.map(|_| now_ms));
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
        let event = AuditEvent {
            at_ms: now_ms,
            actor: by.to_owned(),
            action: "outage.reason".to_owned(),
            subject: format!("outage {id} of link {}", before.link),
            detail: serde_json::json!({ "before": before.reason, "after": reason }),
            address: None,
        };
        audit::insert(&mut tx, &event).await?;
        tx.commit().await?;
        self.outage(id).await
    }
}
