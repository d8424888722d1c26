//! The rows of webhooks, in the transaction of a change.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use secrecy::SecretString;
use url::Url;

use crate::engine::{Tx, on};
use crate::webhook::{SECRET_PREFIX, TABLE, invalid, of_company};
use crate::{CompanyId, MasterKey, NotificationEvent, StoreError, WEBHOOKS_MAX, WebhookId};

/// Random bytes of a secret, as the specification advises (standardwebhooks.com: 24 to 64).
const SECRET_BYTES: usize = 32;

/// Enters a webhook with a new secret.
pub(crate) async fn insert(
    tx: &mut Tx,
    key: &MasterKey,
    company: CompanyId,
    (url, events): (&Url, &[NotificationEvent]),
    now_ms: i64,
) -> Result<(WebhookId, SecretString), StoreError> {
    const SQL: &str = "INSERT INTO notification_webhooks (company_id, url, secret_sealed, created_at_ms)
        VALUES ($1, $2, '', $3) RETURNING id";
    if of_company(tx, company).await?.len() as i64 >= WEBHOOKS_MAX {
        return Err(invalid(format!("a company has {WEBHOOKS_MAX} at most: remove one that is not used")));
    }
    let id: WebhookId = on!(&mut *tx, tx => sqlx::query_scalar(SQL)
        .bind(company).bind(url.as_str()).bind(now_ms).fetch_one(&mut **tx).await)
    .map_err(|error| StoreError::on_insert(error, "webhook", &[("url", "address")]))?;
    put_events(tx, id, events).await?;
    Ok((id, renew_secret(tx, key, id).await?))
}

/// What it hears of besides what it does already.
pub(crate) async fn put_events(
    tx: &mut Tx,
    id: WebhookId,
    events: &[NotificationEvent],
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO notification_webhook_events (webhook_id, event) VALUES ($1, $2)
        ON CONFLICT (webhook_id, event) DO NOTHING";
    for event in events {
        on!(&mut *tx, tx => sqlx::query(SQL)
            .bind(id).bind(event.as_str()).execute(&mut **tx).await.map(|_| ()))?;
    }
    Ok(())
}

/// Gives it a new secret, sealed for its row.
pub(crate) async fn renew_secret(
    tx: &mut Tx,
    key: &MasterKey,
    id: WebhookId,
) -> Result<SecretString, StoreError> {
    const SQL: &str = "UPDATE notification_webhooks SET secret_sealed = $2 WHERE id = $1";
    let secret = new_secret()?;
    let sealed = key.seal(TABLE, &id.to_string(), &secret)?;
    on!(tx, tx => sqlx::query(SQL).bind(id).bind(sealed).execute(&mut **tx).await.map(|_| ()))?;
    Ok(secret)
}

pub(crate) async fn set_active(tx: &mut Tx, id: WebhookId, active: bool) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE notification_webhooks SET active = $2 WHERE id = $1";
    Ok(on!(tx, tx => sqlx::query(SQL).bind(id).bind(active).execute(&mut **tx).await.map(|_| ()))?)
}

pub(crate) async fn remove(tx: &mut Tx, id: WebhookId) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM notification_webhooks WHERE id = $1";
    Ok(on!(tx, tx => sqlx::query(SQL).bind(id).execute(&mut **tx).await.map(|_| ()))?)
}

fn new_secret() -> Result<SecretString, StoreError> {
    let mut random = [0; SECRET_BYTES];
    getrandom::fill(&mut random).map_err(|_| StoreError::Random)?;
    Ok(SecretString::from(format!("{SECRET_PREFIX}{}", BASE64_STANDARD.encode(random))))
}
