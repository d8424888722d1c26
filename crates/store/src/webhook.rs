//! Webhooks: addresses of a company that hear of its alerts over HTTP.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::engine::{Tx, on};
use crate::{
    AuditEvent, CompanyId, MasterKey, NotificationEvent, Store, StoreError, WebhookId, audit, webhook_write,
};

/// The most webhooks of a company.
pub const WEBHOOKS_MAX: i64 = 20;
/// The most characters of an address.
const URL_CHARS_MAX: usize = 2_000;
/// What a secret begins with, by the same specification; the rest is Base64.
pub(crate) const SECRET_PREFIX: &str = "whsec_";
pub(crate) const TABLE: &str = "notification_webhooks";
/// What a webhook's recipient in the outbox begins with; its number follows.
pub(crate) const RECIPIENT_PREFIX: &str = "webhook:";

/// An address that hears of a company's alerts. Its secret is not here: see [`Store::webhook_secret`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Webhook {
    /// Its row.
    pub id: WebhookId,
    /// Whose alerts.
    pub company_id: CompanyId,
    /// Where they are sent; sealed in the database, and empty in a process that does not hold the key.
    pub url: String,
    /// Which; empty: all.
    pub events: Vec<NotificationEvent>,
    /// Whether it hears of anything at the moment.
    pub active: bool,
    /// When it was entered.
    pub created_at_ms: i64,
}

impl Webhook {
    /// Whether it wants to hear of such alerts.
    pub fn hears(&self, event: NotificationEvent) -> bool {
        self.active && (self.events.is_empty() || self.events.contains(&event))
    }

    /// Where it is, without path and query: these are often secrets themselves.
    pub fn origin(&self) -> String {
        Url::parse(&self.url).map_or_else(|_| String::new(), |url| shown(&url))
    }

    /// What stands for it in the outbox.
    pub fn recipient(&self) -> String {
        format!("{RECIPIENT_PREFIX}{}", self.id)
    }
}

/// The webhook for which a recipient of the outbox stands, if it is one.
pub fn webhook_of(recipient: &str) -> Option<WebhookId> {
    let number = recipient.strip_prefix(RECIPIENT_PREFIX)?;
    number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok().map(WebhookId)).flatten()
}

/// A webhook with one of the events that it hears of, or none.
type Row = (WebhookId, CompanyId, String, bool, i64, Option<String>);

macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT w.id, w.company_id, w.url, w.active, w.created_at_ms, e.event
                FROM notification_webhooks w LEFT JOIN notification_webhook_events e ON e.webhook_id = w.id
                WHERE ",
            $which,
            " ORDER BY w.id, e.event"
        )
    };
}

const OF_COMPANY: &str = select!("w.company_id = $1");
const ONE: &str = select!("w.id = $1");

impl Store {
    /// Enters a webhook that hears of `events`, or of all if there are none, and gives it a secret.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for an address that is none, [`StoreError::Duplicate`] if the company has it already,
    /// [`StoreError::MissingKey`].
    pub async fn insert_webhook(
        &self,
        company: CompanyId,
        url: &str,
        events: &[NotificationEvent],
        (by, now_ms): (&str, i64),
    ) -> Result<(WebhookId, SecretString), StoreError> {
        let url = checked(url)?;
        let key = self.key()?;
        let mut tx = self.begin().await?;
        let (id, secret) = webhook_write::insert(&mut tx, key, company, (&url, events), now_ms).await?;
        note(
            &mut tx,
            (by, now_ms),
            "webhook.add",
            id,
            serde_json::json!({ "url": shown(&url), "events": events }),
        )
        .await?;
        tx.commit().await?;
        Ok((id, secret))
    }

    /// The webhooks of a company, oldest first.
    pub async fn webhooks(&self, company: CompanyId) -> Result<Vec<Webhook>, StoreError> {
        let rows = on!(self.reader(), db => sqlx::query_as(OF_COMPANY).bind(company).fetch_all(db).await)?;
        put_together(rows, self.inner.key.as_ref())
    }

    /// One webhook.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    pub async fn webhook(&self, id: WebhookId) -> Result<Webhook, StoreError> {
        let rows = on!(self.reader(), db => sqlx::query_as(ONE).bind(id).fetch_all(db).await)?;
        put_together(rows, self.inner.key.as_ref())?.pop().ok_or(NOT_FOUND)
    }

    /// What its messages are signed with, unsealed.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::MissingKey`], [`StoreError::WrongKey`].
    pub async fn webhook_secret(&self, id: WebhookId) -> Result<SecretString, StoreError> {
        const SQL: &str = "SELECT secret_sealed FROM notification_webhooks WHERE id = $1";
        let sealed: Option<String> =
            on!(self.reader(), db => sqlx::query_scalar(SQL).bind(id).fetch_optional(db).await)?;
        self.key()?.unseal(TABLE, &id.to_string(), &sealed.ok_or(NOT_FOUND)?)
    }

    /// Gives it a new secret; the old one signs nothing more.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::MissingKey`].
    pub async fn renew_webhook_secret(
        &self,
        id: WebhookId,
        (by, now_ms): (&str, i64),
    ) -> Result<SecretString, StoreError> {
        let key = self.key()?;
        let mut tx = self.begin().await?;
        one(&mut tx, id, Some(key)).await?;
        let secret = webhook_write::renew_secret(&mut tx, key, id).await?;
        note(&mut tx, (by, now_ms), "webhook.secret", id, serde_json::Value::Null).await?;
        tx.commit().await?;
        Ok(secret)
    }

    /// Has it hear of alerts, or of none until further notice.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn set_webhook_active(
        &self,
        id: WebhookId,
        active: bool,
        (by, now_ms): (&str, i64),
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let before = one(&mut tx, id, None).await?.active;
        webhook_write::set_active(&mut tx, id, active).await?;
        let detail = serde_json::json!({ "before": { "active": before }, "after": { "active": active } });
        note(&mut tx, (by, now_ms), "webhook.edit", id, detail).await?;
        Ok(tx.commit().await?)
    }

    /// Removes it with its secret. What still waits for it is given up when its turn comes.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn remove_webhook(&self, id: WebhookId, (by, now_ms): (&str, i64)) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let webhook = one(&mut tx, id, self.inner.key.as_ref()).await?;
        webhook_write::remove(&mut tx, id).await?;
        let detail = serde_json::json!({ "url": webhook.origin() });
        note(&mut tx, (by, now_ms), "webhook.remove", id, detail).await?;
        Ok(tx.commit().await?)
    }
}

/// The webhooks of a company as a transaction sees them, oldest first; without `key` they have no address.
pub(crate) async fn of_company(
    tx: &mut Tx,
    company: CompanyId,
    key: Option<&MasterKey>,
) -> Result<Vec<Webhook>, StoreError> {
    let rows = on!(tx, tx => sqlx::query_as(OF_COMPANY).bind(company).fetch_all(&mut **tx).await)?;
    put_together(rows, key)
}

pub(crate) async fn one(tx: &mut Tx, id: WebhookId, key: Option<&MasterKey>) -> Result<Webhook, StoreError> {
    let rows = on!(tx, tx => sqlx::query_as(ONE).bind(id).fetch_all(&mut **tx).await)?;
    put_together(rows, key)?.pop().ok_or(NOT_FOUND)
}

fn put_together(rows: Vec<Row>, key: Option<&MasterKey>) -> Result<Vec<Webhook>, StoreError> {
    let mut all: Vec<Webhook> = Vec::new();
    for (id, company_id, url, active, created_at_ms, event) in rows {
        if all.last().is_none_or(|last| last.id != id) {
            let url =
                key.map(|key| webhook_write::unseal_url(key, id, &url)).transpose()?.unwrap_or_default();
            all.push(Webhook { id, company_id, url, events: Vec::new(), active, created_at_ms });
        }
        if let (Some(webhook), Some(event)) = (all.last_mut(), event) {
            webhook.events.push(event.parse().map_err(StoreError::corrupt)?);
        }
    }
    Ok(all)
}

pub(crate) const NOT_FOUND: StoreError = StoreError::NotFound { what: "webhook" };

pub(crate) fn invalid(why: String) -> StoreError {
    StoreError::Invalid { what: "a webhook", why }
}

pub(crate) fn checked(text: &str) -> Result<Url, StoreError> {
    let told = "write the whole address, e.g. https://hooks.example.net/leaseline";
    let url = Url::parse(text.trim()).map_err(|_| invalid(format!("{text:?} is no address: {told}")))?;
    if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none_or(str::is_empty) {
        return Err(invalid(format!("{text:?} is no address of a web server: {told}")));
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(invalid("leave user name, password and fragment out of the address".to_owned()));
    }
    if url.as_str().chars().count() > URL_CHARS_MAX {
        return Err(invalid(format!("the address has more than {URL_CHARS_MAX} characters")));
    }
    Ok(url)
}

/// The bytes that a secret's text stands for.
///
/// # Errors
/// [`StoreError::Corrupt`] if it is none.
pub fn webhook_key(secret: &SecretString) -> Result<Vec<u8>, StoreError> {
    let text = secret.expose_secret().strip_prefix(SECRET_PREFIX);
    let key = text.and_then(|text| BASE64_STANDARD.decode(text).ok());
    key.ok_or_else(|| StoreError::Corrupt("the secret of a webhook".to_owned()))
}

/// Paths and queries of such addresses are often secrets themselves.
fn shown(url: &Url) -> String {
    url.origin().ascii_serialization()
}

async fn note(
    tx: &mut Tx,
    (by, now_ms): (&str, i64),
    action: &str,
    id: WebhookId,
    detail: serde_json::Value,
) -> Result<(), StoreError> {
    let event = AuditEvent {
        at_ms: now_ms,
        actor: by.to_owned(),
        action: action.to_owned(),
        subject: format!("webhook {id}"),
        detail,
        address: None,
    };
    audit::insert(tx, &event).await
}
