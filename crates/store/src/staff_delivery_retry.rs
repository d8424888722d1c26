//! Messages that people of the ISP have tried again.

use std::collections::BTreeMap;

use serde_json::json;

use crate::engine::{Differs, json as text, on};
use crate::outbox::{OutboxRow, outbox_columns};
use crate::{
    CompanyId, DeliveryStanding, OutboxId, OutboxMail, OutboxState, StaffAct, StaffAsk, StaffDeliveryAsk,
    Store, StoreError,
};

/// The most messages that are tried again at once.
pub const DELIVERIES_RETRIED_MAX: i64 = 1_000;

impl Store {
    /// Has a message tried again now that was given up or waits for its next try; its attempts are counted anew.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none within the scope; [`StoreError::Invalid`] if it was sent or is being sent.
    pub async fn staff_retry_delivery(&self, act: &StaffAct<'_>, id: OutboxId) -> Result<(), StoreError> {
        const FIND: Differs = Differs {
            sqlite: concat!("SELECT ", outbox_columns!(), " FROM outbox WHERE id = $1"),
            postgres: concat!("SELECT ", outbox_columns!(), " FROM outbox WHERE id = $1 FOR NO KEY UPDATE"),
        };
        const SQL: &str = "UPDATE outbox SET state = 'queued', next_at_ms = $2, attempts = 0 WHERE id = $1";
        let mut tx = self.begin().await?;
        let sql = FIND.on(&tx);
        let row: Option<OutboxRow> =
            on!(&mut tx, tx => sqlx::query_as(sql).bind(id).fetch_optional(&mut **tx).await)?;
        let mail: OutboxMail = row.ok_or(StoreError::NotFound { what: "mail" })?.try_into()?;
        act.scope.check(mail.company_id, "mail")?;
        if *act.scope != crate::StaffScope::All && mail.kind.starts_with("staff_") {
            return Err(StoreError::NotFound { what: "mail" });
        }
        let refused = |why: &str| Err(StoreError::Invalid { what: "this message", why: why.to_owned() });
        match mail.state {
            OutboxState::Sent => return refused("it was sent already"),
            OutboxState::Sending => return refused("it is being sent at this moment"),
            OutboxState::Queued | OutboxState::Dead => {}
        }
        on!(&mut tx, tx => sqlx::query(SQL)
            .bind(id).bind(act.now_ms).execute(&mut **tx).await.map(|_| ()))?;
        let subject = format!("mail {id} ({} to {})", mail.kind, mail.recipient);
        let before = json!({ "state": mail.state, "attempts": mail.attempts, "last_error": mail.last_error });
        let after = json!({ "state": OutboxState::Queued, "attempts": 0, "last_error": mail.last_error });
        // Mail to staff goes out in the name of a company, and is none of its business.
        let company = (!mail.kind.starts_with("staff_")).then_some(mail.company_id);
        act.record(&mut tx, company, ("outbox.retry", subject), (Some(&before), Some(&after))).await?;
        Ok(tx.commit().await?)
    }

    /// Has all that was given up among the messages that are asked for tried again now, the newest
    /// [`DELIVERIES_RETRIED_MAX`] of them; how many.
    pub async fn staff_retry_deliveries(
        &self,
        act: &StaffAct<'_>,
        asked: &StaffDeliveryAsk<'_>,
    ) -> Result<u64, StoreError> {
        // Whoever else has one tried again meanwhile has done so: it is no longer dead.
        const SQL: Differs = Differs {
            sqlite: "UPDATE outbox SET state = 'queued', next_at_ms = $2, attempts = 0
                WHERE id IN (SELECT value FROM json_each($1)) AND state = 'dead' RETURNING company_id, id",
            postgres: "UPDATE outbox SET state = 'queued', next_at_ms = $2, attempts = 0
                WHERE id IN (SELECT value::bigint FROM json_array_elements_text($1::json)) AND state = 'dead'
                RETURNING company_id, id",
        };
        let dead = StaffDeliveryAsk {
            ask: StaffAsk { page: 1, ..asked.ask },
            standing: Some(DeliveryStanding::Dead),
            ..*asked
        };
        let found = self.delivery_rows(act.scope, &dead, (DELIVERIES_RETRIED_MAX, 0)).await?;
        let ids: Vec<OutboxId> = found.rows.iter().filter_map(|one| one.mail).collect();
        let mut tx = self.begin().await?;
        let (sql, ids) = (SQL.on(&tx), text(&ids)?);
        let done: Vec<(CompanyId, OutboxId)> = on!(&mut tx, tx => sqlx::query_as(sql)
            .bind(ids).bind(act.now_ms).fetch_all(&mut **tx).await)?;
        let mut of_companies: BTreeMap<CompanyId, Vec<OutboxId>> = BTreeMap::new();
        for (company, id) in &done {
            of_companies.entry(*company).or_default().push(*id);
        }
        for (company, ids) in of_companies {
            let subject = format!("{} mails", ids.len());
            let state = |state: OutboxState| json!({ "state": state, "mails": &ids });
            let (before, after) = (state(OutboxState::Dead), state(OutboxState::Queued));
            act.record(&mut tx, company, ("outbox.retry", subject), (Some(&before), Some(&after))).await?;
        }
        tx.commit().await?;
        Ok(done.len() as u64)
    }
}
