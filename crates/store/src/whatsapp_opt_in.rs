use serde_json::json;

use crate::engine::on;
use crate::{AuditEvent, OutboxMail, PortalUserId, Store, StoreError, audit, phone_number, whatsapp_number};

/// Whether a portal user agreed to messages by WhatsApp, and where to.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
pub struct WhatsAppOptIn {
    /// The number as E.164 writes it.
    pub phone: Option<String>,
    /// Since when messages to this number are agreed to; without it there are none.
    #[sqlx(rename = "whatsapp_since_ms")]
    pub since_ms: Option<i64>,
}

const SELECT: &str = "SELECT phone, whatsapp_since_ms FROM client_portal_users WHERE id = $1";

impl Store {
    /// What a portal user said about messages by WhatsApp.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such user.
    pub async fn whatsapp_opt_in(&self, user: PortalUserId) -> Result<WhatsAppOptIn, StoreError> {
        let found = on!(self.reader(), db => sqlx::query_as(SELECT).bind(user).fetch_optional(db).await)?;
        found.ok_or(StoreError::NotFound { what: "user" })
    }

    /// Keeps a portal user's number, and whether messages may go there. What is agreed to is agreed for that number: another
    /// one is a new agreement. The event's detail becomes what it was before and after.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a number that is none, or an agreement without one; [`StoreError::NotFound`].
    pub async fn set_whatsapp_opt_in(
        &self,
        user: PortalUserId,
        phone: &str,
        agrees: bool,
        event: AuditEvent,
    ) -> Result<WhatsAppOptIn, StoreError> {
        const SET: &str = "UPDATE client_portal_users SET phone = $2, whatsapp_since_ms = $3 WHERE id = $1";
        let phone = if phone.trim().is_empty() { None } else { Some(phone_number(phone)?) };
        if agrees && phone.is_none() {
            let why = "enter the number that the messages shall go to".to_owned();
            return Err(StoreError::Invalid { what: "a telephone number", why });
        }
        let mut tx = self.begin().await?;
        let before: Option<WhatsAppOptIn> =
            on!(&mut tx, tx => sqlx::query_as(SELECT).bind(user).fetch_optional(&mut **tx).await)?;
        let before = before.ok_or(StoreError::NotFound { what: "user" })?;
        let since_ms = before.since_ms.filter(|_| before.phone == phone).unwrap_or(event.at_ms);
        let after = WhatsAppOptIn { phone, since_ms: agrees.then_some(since_ms) };
        if after == before {
            return Ok(after);
        }
        on!(&mut tx, tx => sqlx::query(SET)
            .bind(user)
            .bind(&after.phone)
            .bind(after.since_ms)
            .execute(&mut **tx)
            .await
            .map(|_| ()))?;
        let event = AuditEvent { detail: json!({ "before": before, "after": after }), ..event };
        audit::insert(&mut tx, &event).await?;
        tx.commit().await?;
        Ok(after)
    }
    /// Whether a message may still go where it was to go: the number is on a list of the company, or somebody of the client
    /// whom it is about still agrees to it.
    pub async fn whatsapp_is_wanted(&self, mail: &OutboxMail) -> Result<bool, StoreError> {
        const SQL: &str =
            "SELECT EXISTS (SELECT 1 FROM notification_recipients WHERE company_id = $1 AND recipient = $2)
            OR EXISTS (SELECT 1 FROM notification_extra_recipients WHERE company_id = $1 AND recipient = $2)
            OR EXISTS (SELECT 1 FROM client_portal_users WHERE client_id = $3 AND active AND phone = $4
                AND whatsapp_since_ms IS NOT NULL)";
        Ok(on!(self.reader(), db => sqlx::query_scalar(SQL)
            .bind(mail.company_id)
            .bind(&mail.recipient)
            .bind(mail.client_id)
            .bind(whatsapp_number(&mail.recipient))
            .fetch_one(db)
            .await)?)
    }
}
