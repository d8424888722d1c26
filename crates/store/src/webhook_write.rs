//! The rows of webhooks, in the transaction of a change.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::engine::{Tx, on};
use crate::webhook::{SECRET_PREFIX, TABLE, invalid, of_company};
use crate::{CompanyId, MasterKey, NotificationEvent, StoreError, WEBHOOKS_MAX, Webhook, WebhookId};

/// What an address is sealed for, beside its row.
const URL: &str = "notification_webhooks.url";
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
    let all = of_company(tx, company, Some(key)).await?;
    if all.len() as i64 >= WEBHOOKS_MAX {
        return Err(invalid(format!("a company has {WEBHOOKS_MAX} at most: remove one that is not used")));
    }
    check_new(&all, None, url)?;
    // The seal is bound to the row, whose id is only known afterwards; until then something stands there that no row has.
    let placeholder = key.seal(URL, "new", &SecretString::from(url.as_str()))?;
    let id: WebhookId = on!(&mut *tx, tx => sqlx::query_scalar(SQL)
        .bind(company).bind(placeholder).bind(now_ms).fetch_one(&mut **tx).await)?;
    put_url(tx, key, id, url.as_str()).await?;
    put_events(tx, id, events).await?;
    Ok((id, renew_secret(tx, key, id).await?))
}

/// That no other webhook of a company has the address: sealed, the database cannot tell.
///
/// # Errors
/// [`StoreError::Duplicate`].
pub(crate) fn check_new(all: &[Webhook], itself: Option<WebhookId>, url: &Url) -> Result<(), StoreError> {
    let taken = all.iter().any(|other| Some(other.id) != itself && other.url == url.as_str());
    if taken { Err(StoreError::Duplicate { what: "webhook", field: "address", taken: None }) } else { Ok(()) }
}

/// Stores the address, sealed for its row: its path is often a secret, and whoever can write to the database must not have
/// messages sent elsewhere.
pub(crate) async fn put_url(
    tx: &mut Tx,
    key: &MasterKey,
    id: WebhookId,
    url: &str,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE notification_webhooks SET url = $2 WHERE id = $1";
    let sealed = key.seal(URL, &id.to_string(), &SecretString::from(url))?;
    Ok(on!(tx, tx => sqlx::query(SQL).bind(id).bind(sealed).execute(&mut **tx).await.map(|_| ()))?)
}

pub(crate) fn unseal_url(key: &MasterKey, id: WebhookId, stored: &str) -> Result<String, StoreError> {
    Ok(key.unseal(URL, &id.to_string(), stored)?.expose_secret().to_owned())
}

/// Seals the addresses that an older version stored in the clear.
pub(crate) async fn seal_urls(tx: &mut Tx, key: &MasterKey) -> Result<(), StoreError> {
    const SQL: &str = "SELECT id, url FROM notification_webhooks ORDER BY id";
    let rows: Vec<(WebhookId, String)> = on!(&mut *tx, tx => sqlx::query_as(SQL).fetch_all(&mut **tx).await)?;
    for (id, url) in rows.into_iter().filter(|(_, url)| Url::parse(url).is_ok_and(|url| url.has_host())) {
        put_url(tx, key, id, &url).await?;
    }
    Ok(())
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
