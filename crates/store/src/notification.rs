//! Who is told what: per company which events, and the operations list.

use std::collections::BTreeSet;

use crate::company_brand::locked;
use crate::engine::on;
use crate::recipient;
use crate::{
    ClientId, CompanyId, LIST_ROWS_MAX, NotificationEvent, NotificationRule, Store, StoreError, Webhook,
    audit,
};

/// The most addresses and numbers on a company's operations list.
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

    /// The addresses and WhatsApp numbers of a company's operations list, in order.
    pub async fn notification_recipients(&self, company: CompanyId) -> Result<Vec<String>, StoreError> {
        const SQL: &str =
            "SELECT recipient FROM notification_recipients WHERE company_id = $1 ORDER BY recipient LIMIT $2";
        Ok(on!(self.reader(), db => sqlx::query_scalar(SQL)
            .bind(company)
            .bind(RECIPIENTS_MAX)
            .fetch_all(db)
            .await)?)
    }

    /// Puts an e-mail address or a WhatsApp number on a company's operations list; letters are compared without regard to case.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for what is neither or for more than [`RECIPIENTS_MAX`], [`StoreError::Duplicate`] if it is on
    /// the list.
    pub async fn add_notification_recipient(
        &self,
        company: CompanyId,
        recipient: &str,
        by: &str,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        const COUNT: &str = "SELECT COUNT(*) FROM notification_recipients WHERE company_id = $1";
        const SQL: &str = "INSERT INTO notification_recipients (company_id, recipient) VALUES ($1, $2)";
        let recipient = recipient::recipient(recipient)?;
        let mut tx = self.begin().await?;
        let subject = format!("company {}", locked(&mut tx, company).await?.name);
        let count: i64 =
            on!(&mut tx, tx => sqlx::query_scalar(COUNT).bind(company).fetch_one(&mut **tx).await)?;
        if count >= RECIPIENTS_MAX {
            let why = format!("the list has {RECIPIENTS_MAX} addresses and numbers already");
            return Err(StoreError::Invalid { what: "a recipient", why });
        }
        on!(&mut tx, tx => sqlx::query(SQL)
            .bind(company)
            .bind(&recipient)
            .execute(&mut **tx)
            .await
            .map(|_| ()))
        .map_err(|error| {
            StoreError::on_insert(error, "recipient", &[("notification_recipients", "address")])
        })?;
        audit::edited(&mut tx, (by, now_ms), ("company.recipient.add", subject), (None, Some(&recipient)))
            .await?;
        Ok(tx.commit().await?)
    }

    /// Takes an address or a number off a company's operations list.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if it is not on it.
    pub async fn remove_notification_recipient(
        &self,
        company: CompanyId,
        recipient: &str,
        by: &str,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM notification_recipients WHERE company_id = $1 AND recipient = $2";
        let recipient = recipient::typed(recipient);
        let mut tx = self.begin().await?;
        let subject = format!("company {}", locked(&mut tx, company).await?.name);
        let rows = on!(&mut tx, tx => sqlx::query(SQL)
            .bind(company)
            .bind(&recipient)
            .execute(&mut **tx)
            .await
            .map(|done| done.rows_affected()))?;
        if rows == 0 {
            return Err(StoreError::NotFound { what: "recipient" });
        }
        audit::edited(&mut tx, (by, now_ms), ("company.recipient.remove", subject), (Some(&recipient), None))
            .await?;
        Ok(tx.commit().await?)
    }

    /// Whom to tell of a client's reports, by mail and WhatsApp: unless the company's rule says otherwise its active portal
    /// users who want such news and the operations list, and who else hears of `event`; each once, and the webhooks that
    /// hear of it. Nobody if the company does not tell of it.
    pub async fn report_recipients(
        &self,
        client: ClientId,
        event: NotificationEvent,
    ) -> Result<Vec<String>, StoreError> {
        let readers = self.report_readers(client, event).await?;
        let once: BTreeSet<String> = readers.users.into_iter().chain(readers.operations).collect();
        Ok(once.into_iter().chain(readers.webhooks).collect())
    }

    /// The same, apart by how they are notified; each list in order.
    pub async fn report_readers(
        &self,
        client: ClientId,
        event: NotificationEvent,
    ) -> Result<ReportReaders, StoreError> {
        const USERS: &str = "SELECT u.email FROM client_portal_users u
                LEFT JOIN portal_user_mails m ON m.portal_user_id = u.id AND m.event = $3
                WHERE u.client_id = $1 AND u.active AND COALESCE(m.enabled, $4)
            UNION SELECT $5 || u.phone FROM client_portal_users u
                LEFT JOIN portal_user_mails m ON m.portal_user_id = u.id AND m.event = $3
                WHERE u.client_id = $1 AND u.active AND COALESCE(m.enabled, $4)
                    AND u.whatsapp_since_ms IS NOT NULL AND u.phone IS NOT NULL
            LIMIT $2";
        let company = self.client(client).await?.company_id;
        let Some(rule) = self.rule_in_use(company, event).await? else { return Ok(ReportReaders::default()) };
        let mut users = Vec::new();
        if rule.to_client {
            users = on!(self.reader(), db => sqlx::query_scalar(USERS)
                .bind(client)
                .bind(LIST_ROWS_MAX)
                .bind(event.as_str())
                .bind(true)
                .bind(recipient::WHATSAPP_PREFIX)
                .fetch_all(db)
                .await)?;
        }
        let webhooks = self.webhooks(company).await?;
        let webhooks = webhooks.iter().filter(|webhook| webhook.hears(event)).map(Webhook::recipient);
        Ok(ReportReaders {
            users: reached(&rule, &users),
            operations: self.operations_by(company, &rule).await?,
            webhooks: webhooks.collect(),
        })
    }

    /// Who is notified of a company's reports beside its customers: unless its rule says otherwise the operations list, and
    /// who else hears of `event`.
    pub async fn report_operations(
        &self,
        company: CompanyId,
        event: NotificationEvent,
    ) -> Result<Vec<String>, StoreError> {
        match self.rule_in_use(company, event).await? {
            Some(rule) => self.operations_by(company, &rule).await,
            None => Ok(Vec::new()),
        }
    }

    async fn rule_in_use(
        &self,
        company: CompanyId,
        event: NotificationEvent,
    ) -> Result<Option<NotificationRule>, StoreError> {
        let rules = self.notification_rules(company).await?;
        Ok(rules.into_iter().find(|rule| rule.event == event && rule.enabled))
    }

    async fn operations_by(
        &self,
        company: CompanyId,
        rule: &NotificationRule,
    ) -> Result<Vec<String>, StoreError> {
        let mut all =
            if rule.to_operations { self.notification_recipients(company).await? } else { Vec::new() };
        all.extend(rule.extra.iter().cloned());
        Ok(reached(rule, &all))
    }
}

/// Who is notified of a customer's reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportReaders {
    /// Addresses and numbers of the customer's users.
    pub users: Vec<String>,
    /// The operations list, and the further recipients of the event.
    pub operations: Vec<String>,
    /// Webhooks.
    pub webhooks: Vec<String>,
}

/// Those whom the rule's channels reach, each once.
fn reached(rule: &NotificationRule, all: &[String]) -> Vec<String> {
    let once: BTreeSet<String> = all.iter().map(|one| recipient::key(one)).collect();
    once.into_iter().filter(|one| recipient::is_recipient(one) && rule.reaches(one)).collect()
}
