//! Who is told what: per company which events, and the operations list.

use std::collections::BTreeSet;

use crate::company_brand::{is_address, locked};
use crate::engine::on;
use crate::{ClientId, CompanyId, LIST_ROWS_MAX, NotificationEvent, Store, StoreError, Webhook, audit};

/// The most addresses on a company's operations list.
pub const RECIPIENTS_MAX: i64 = 50;

impl Store {
    /// Every event with whether the company tells of it; one that was never set is told.
    pub async fn notification_settings(
        &self,
        company: CompanyId,
    ) -> Result<Vec<(NotificationEvent, bool)>, StoreError> {
        const SQL: &str = "SELECT event, enabled FROM notification_settings WHERE company_id = $1 LIMIT $2";
        let rows: Vec<(String, bool)> = on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(company)
            .bind(LIST_ROWS_MAX)
            .fetch_all(db)
            .await)?;
        let enabled = |event: NotificationEvent| {
            rows.iter().find(|(name, _)| name == event.as_str()).is_none_or(|(_, enabled)| *enabled)
        };
        Ok(NotificationEvent::ALL.map(|event| (event, enabled(event))).to_vec())
    }

    /// Has a company tell of an event, or no longer.
    pub async fn set_notification(
        &self,
        company: CompanyId,
        event: NotificationEvent,
        enabled: bool,
        by: &str,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO notification_settings (company_id, event, enabled) VALUES ($1, $2, $3)
            ON CONFLICT (company_id, event) DO UPDATE SET enabled = excluded.enabled";
        let mut tx = self.begin().await?;
        let subject = format!("company {}", locked(&mut tx, company).await?.name);
        on!(&mut tx, tx => sqlx::query(SQL)
            .bind(company)
            .bind(event.as_str())
            .bind(enabled)
            .execute(&mut **tx)
            .await
            .map(|_| ()))?;
        let after = (event, enabled);
        audit::edited(&mut tx, (by, now_ms), ("company.notification", subject), (None, Some(&after))).await?;
        Ok(tx.commit().await?)
    }

    /// The addresses of a company's operations list, in order.
    pub async fn notification_recipients(&self, company: CompanyId) -> Result<Vec<String>, StoreError> {
        const SQL: &str =
            "SELECT email FROM notification_recipients WHERE company_id = $1 ORDER BY email LIMIT $2";
        Ok(on!(self.reader(), db => sqlx::query_scalar(SQL)
            .bind(company)
            .bind(RECIPIENTS_MAX)
            .fetch_all(db)
            .await)?)
    }

    /// Puts an address on a company's operations list; letters are compared without regard to case.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for what is no address or for more than [`RECIPIENTS_MAX`], [`StoreError::Duplicate`] if it is on
    /// the list.
    pub async fn add_notification_recipient(
        &self,
        company: CompanyId,
        email: &str,
        by: &str,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        const COUNT: &str = "SELECT COUNT(*) FROM notification_recipients WHERE company_id = $1";
        const SQL: &str = "INSERT INTO notification_recipients (company_id, email) VALUES ($1, $2)";
        let email = email_key(email);
        let invalid = |why: String| Err(StoreError::Invalid { what: "a recipient", why });
        check_recipient(&email)?;
        let mut tx = self.begin().await?;
        let subject = format!("company {}", locked(&mut tx, company).await?.name);
        let count: i64 =
            on!(&mut tx, tx => sqlx::query_scalar(COUNT).bind(company).fetch_one(&mut **tx).await)?;
        if count >= RECIPIENTS_MAX {
            return invalid(format!("the list has {RECIPIENTS_MAX} addresses already"));
        }
        on!(&mut tx, tx => sqlx::query(SQL)
            .bind(company)
            .bind(&email)
            .execute(&mut **tx)
            .await
            .map(|_| ()))
        .map_err(|error| {
            StoreError::on_insert(error, "recipient", &[("notification_recipients", "address")])
        })?;
        audit::edited(&mut tx, (by, now_ms), ("company.recipient.add", subject), (None, Some(&email)))
            .await?;
        Ok(tx.commit().await?)
    }

    /// Takes an address off a company's operations list.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if it is not on it.
    pub async fn remove_notification_recipient(
        &self,
        company: CompanyId,
        email: &str,
        by: &str,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM notification_recipients WHERE company_id = $1 AND email = $2";
        let email = email_key(email);
        let mut tx = self.begin().await?;
        let subject = format!("company {}", locked(&mut tx, company).await?.name);
        let rows = on!(&mut tx, tx => sqlx::query(SQL)
            .bind(company)
            .bind(&email)
            .execute(&mut **tx)
            .await
            .map(|done| done.rows_affected()))?;
        if rows == 0 {
            return Err(StoreError::NotFound { what: "recipient" });
        }
        audit::edited(&mut tx, (by, now_ms), ("company.recipient.remove", subject), (Some(&email), None))
            .await?;
        Ok(tx.commit().await?)
    }

    /// Whom to write to about a client's reports: unless the company's rule says otherwise its active portal users who want
    /// such mail and the operations list, and who else hears of `event`; each address once, and the webhooks that hear
    /// of it. Nobody if the company does not tell of it.
    pub async fn report_recipients(
        &self,
        client: ClientId,
        event: NotificationEvent,
    ) -> Result<Vec<String>, StoreError> {
        const SQL: &str = "SELECT u.email FROM client_portal_users u
                LEFT JOIN portal_user_mails m ON m.portal_user_id = u.id AND m.event = $5
                WHERE u.client_id = $1 AND u.active AND $3 AND COALESCE(m.enabled, $6)
            UNION SELECT r.email FROM notification_recipients r JOIN clients c ON c.company_id = r.company_id
                WHERE c.id = $1 AND $4
            UNION SELECT x.email FROM notification_extra_recipients x JOIN clients c ON c.company_id = x.company_id
                WHERE c.id = $1 AND x.event = $5
            LIMIT $2";
        let company = self.client(client).await?.company_id;
        let rules = self.notification_rules(company).await?;
        let rule = rules.into_iter().find(|rule| rule.event == event);
        let Some(rule) = rule.filter(|rule| rule.enabled) else { return Ok(Vec::new()) };
        let webhooks = self.webhooks(company).await?;
        let webhooks = webhooks.iter().filter(|webhook| webhook.hears(event)).map(Webhook::recipient);
        if !rule.by_mail {
            return Ok(webhooks.collect());
        }
        let emails: Vec<String> = on!(self.reader(), db => sqlx::query_scalar(SQL)
            .bind(client)
            .bind(LIST_ROWS_MAX)
            .bind(rule.to_client)
            .bind(rule.to_operations)
            .bind(event.as_str())
            .bind(true)
            .fetch_all(db)
            .await)?;
        let once: BTreeSet<String> = emails.iter().map(|email| email_key(email)).collect();
        Ok(once.into_iter().filter(|email| is_address(email)).chain(webhooks).collect())
    }
}

/// Only addresses are on a list.
pub(crate) fn check_recipient(email: &str) -> Result<(), StoreError> {
    if is_address(email) {
        return Ok(());
    }
    Err(StoreError::Invalid { what: "a recipient", why: format!("{email:?} is not an e-mail address") })
}

/// Addresses are compared without regard to case, so that nobody is written to twice.
pub(crate) fn email_key(email: &str) -> String {
    email.trim().to_lowercase()
}
