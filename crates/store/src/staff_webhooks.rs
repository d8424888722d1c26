//! Webhooks on the staff pages, within a scope.

use secrecy::SecretString;
use serde_json::{Value, json};

use crate::engine::{Tx, on};
use crate::outbox_write::{self, Mail};
use crate::webhook::{self, NOT_FOUND};
use crate::{
    Company, CompanyId, MasterKey, NewMail, NotificationEvent, OutboxId, Shown, StaffAct, StaffScope, Store,
    StoreError, Webhook, WebhookId, webhook_write,
};

/// `kind` in the outbox of a message that only says that messages arrive.
pub const WEBHOOK_TEST: &str = "test";

impl Store {
    /// The webhooks of all companies within a scope, each with whose it is.
    pub async fn staff_webhooks(&self, scope: &StaffScope) -> Result<Vec<(Company, Webhook)>, StoreError> {
        let mut all = Vec::new();
        for company in self.staff_companies(scope).await? {
            let webhooks = self.webhooks(company.id).await?;
            all.extend(webhooks.into_iter().map(|webhook| (company.clone(), webhook)));
        }
        Ok(all)
    }

    /// One webhook, with whose it is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none within the scope; so below.
    pub async fn staff_webhook(
        &self,
        scope: &StaffScope,
        id: WebhookId,
    ) -> Result<(Company, Webhook), StoreError> {
        let webhook = self.webhook(id).await?;
        scope.check(webhook.company_id, "webhook")?;
        Ok((self.company(webhook.company_id).await?, webhook))
    }

    /// Enters a webhook, as [`Store::insert_webhook`] does.
    ///
    /// # Errors
    /// Those of [`Store::insert_webhook`].
    pub async fn staff_add_webhook(
        &self,
        act: &StaffAct<'_>,
        company: CompanyId,
        url: &str,
        events: &[NotificationEvent],
    ) -> Result<(WebhookId, SecretString), StoreError> {
        act.scope.check(company, "company")?;
        let url = webhook::checked(url)?;
        let key = self.key()?;
        let mut tx = self.begin().await?;
        crate::company::check_in_use(&mut tx, company, "the webhook").await?;
        let (id, secret) = webhook_write::insert(&mut tx, key, company, (&url, events), act.now_ms).await?;
        let after = webhook::one(&mut tx, id, Some(key)).await?;
        record(&mut tx, act, "webhook.add", (None, Some(&after))).await?;
        tx.commit().await?;
        Ok((id, secret))
    }

    /// Changes where a webhook is and what it hears of.
    ///
    /// # Errors
    /// [`StoreError::Changed`]; [`StoreError::Invalid`] for an address that is none; [`StoreError::Duplicate`].
    pub async fn staff_edit_webhook(
        &self,
        act: &StaffAct<'_>,
        (id, shown): (WebhookId, &Shown),
        url: &str,
        events: &[NotificationEvent],
    ) -> Result<(), StoreError> {
        const DEAF: &str = "DELETE FROM notification_webhook_events WHERE webhook_id = $1";
        let url = webhook::checked(url)?;
        let key = self.key()?;
        let mut tx = self.begin().await?;
        let before = held(&mut tx, act, id, Some(key)).await?;
        shown.check(&before, "webhook")?;
        let all = webhook::of_company(&mut tx, before.company_id, Some(key)).await?;
        webhook_write::check_new(&all, Some(id), &url)?;
        webhook_write::put_url(&mut tx, key, id, url.as_str()).await?;
        on!(&mut tx, tx => sqlx::query(DEAF).bind(id).execute(&mut **tx).await.map(|_| ()))?;
        webhook_write::put_events(&mut tx, id, events).await?;
        let after = webhook::one(&mut tx, id, Some(key)).await?;
        record(&mut tx, act, "webhook.edit", (Some(&before), Some(&after))).await?;
        Ok(tx.commit().await?)
    }

    /// Has it hear of events, or of none until further notice.
    pub async fn staff_set_webhook_active(
        &self,
        act: &StaffAct<'_>,
        id: WebhookId,
        active: bool,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let before = held(&mut tx, act, id, self.inner.key.as_ref()).await?;
        webhook_write::set_active(&mut tx, id, active).await?;
        let after = Webhook { active, ..before.clone() };
        record(&mut tx, act, "webhook.edit", (Some(&before), Some(&after))).await?;
        Ok(tx.commit().await?)
    }

    /// Gives it a new secret; the old one signs nothing more.
    ///
    /// # Errors
    /// [`StoreError::MissingKey`].
    pub async fn staff_renew_webhook_secret(
        &self,
        act: &StaffAct<'_>,
        id: WebhookId,
    ) -> Result<SecretString, StoreError> {
        let key = self.key()?;
        let mut tx = self.begin().await?;
        let webhook = held(&mut tx, act, id, self.inner.key.as_ref()).await?;
        let secret = webhook_write::renew_secret(&mut tx, key, id).await?;
        // Whatever is seen of it is the same before and after.
        record(&mut tx, act, "webhook.secret", (None, Some(&webhook))).await?;
        tx.commit().await?;
        Ok(secret)
    }

    /// Removes it with its secret. What still waits for it is given up when its turn comes.
    pub async fn staff_remove_webhook(&self, act: &StaffAct<'_>, id: WebhookId) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let before = held(&mut tx, act, id, self.inner.key.as_ref()).await?;
        webhook_write::remove(&mut tx, id).await?;
        record(&mut tx, act, "webhook.remove", (Some(&before), None)).await?;
        Ok(tx.commit().await?)
    }

    /// Puts a message into the outbox that only says that messages arrive.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if it is paused.
    pub async fn staff_test_webhook(
        &self,
        act: &StaffAct<'_>,
        id: WebhookId,
    ) -> Result<OutboxId, StoreError> {
        const ID: &str = "SELECT id FROM outbox WHERE dedup_key = $1";
        let mut tx = self.begin().await?;
        let webhook = held(&mut tx, act, id, self.inner.key.as_ref()).await?;
        if !webhook.active {
            let why = "it is paused and is sent nothing: have it go on first".to_owned();
            return Err(StoreError::Invalid { what: "this webhook", why });
        }
        let new =
            NewMail { kind: WEBHOOK_TEST.to_owned(), recipient: webhook.recipient(), payload: json!({}) };
        let key = format!("{WEBHOOK_TEST}:{id}:{}", act.now_ms);
        let mail = Mail::new(&new, key.clone(), webhook.company_id, None, None, None)?;
        outbox_write::insert(&mut tx, &[mail], act.now_ms).await?;
        let message: OutboxId =
            on!(&mut tx, tx => sqlx::query_scalar(ID).bind(&key).fetch_one(&mut **tx).await)?;
        record(&mut tx, act, "webhook.test", (None, Some(&webhook))).await?;
        tx.commit().await?;
        Ok(message)
    }
}

/// A webhook within the scope, which nobody else changes until the end of the transaction.
async fn held(
    tx: &mut Tx,
    act: &StaffAct<'_>,
    id: WebhookId,
    key: Option<&MasterKey>,
) -> Result<Webhook, StoreError> {
    const HOLD: &str = "UPDATE notification_webhooks SET active = active WHERE id = $1";
    let rows = on!(&mut *tx, tx => sqlx::query(HOLD).bind(id).execute(&mut **tx).await
        .map(|done| done.rows_affected()))?;
    if rows == 0 {
        return Err(NOT_FOUND);
    }
    let webhook = webhook::one(tx, id, key).await?;
    act.scope.check(webhook.company_id, "webhook")?;
    Ok(webhook)
}

/// Paths and queries of such addresses are often secrets themselves: the log keeps where a webhook is, and no more.
async fn record(
    tx: &mut Tx,
    act: &StaffAct<'_>,
    action: &str,
    (before, after): (Option<&Webhook>, Option<&Webhook>),
) -> Result<(), StoreError> {
    let Some(webhook) = after.or(before) else { return Ok(()) };
    let told = |webhook: &Webhook| -> Value {
        json!({ "id": webhook.id, "url": webhook.origin(), "events": webhook.events, "active": webhook.active })
    };
    let (before, after) = (before.map(told), after.map(told));
    let subject = format!("webhook {}", webhook.id);
    act.record(tx, webhook.company_id, (action, subject), (before.as_ref(), after.as_ref())).await
}
