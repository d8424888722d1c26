//! Mail to a person about the own account, written in the transaction of its cause.

use serde_json::{Value, json};

use crate::engine::{Tx, on};
use crate::seal::encode_hex;
use crate::{AuditEvent, PortalUserId, SessionUser, StaffUserId, StoreError};

/// `kind` in the outbox of a mail that tells a person that somebody changed how the account is entered.
pub const ACCOUNT_CHANGED_MAIL: &str = "account_changed";

/// Random bytes of a `Message-ID`.
const MESSAGE_ID_BYTES: usize = 16;

/// What was changed; its person is told by mail, for it may have been somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountChange {
    /// The password.
    Password,
    /// A second factor was switched on.
    SecondFactorOn,
    /// It was switched off.
    SecondFactorOff,
    /// New recovery codes were made, and the old ones are void.
    RecoveryCodes,
}

/// What the mail about a change is made of.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AccountChanged {
    /// Whose account.
    pub username: String,
    /// What was changed.
    pub change: AccountChange,
    /// From where, if over the network.
    pub address: Option<String>,
    /// By the provider, and not in the portal.
    pub by_provider: bool,
}

/// Tells a person of a client of a change to the own account. People of the ISP hear of theirs from each other: the audit
/// log shows it.
pub(crate) async fn tell(
    tx: &mut Tx,
    user: impl Into<SessionUser>,
    change: AccountChange,
    event: &AuditEvent,
) -> Result<(), StoreError> {
    let SessionUser::Portal(user) = user.into() else { return Ok(()) };
    const NAME: &str = "SELECT username FROM client_portal_users WHERE id = $1";
    let username: String =
        on!(&mut *tx, tx => sqlx::query_scalar(NAME).bind(user).fetch_one(&mut **tx).await)?;
    let by_provider = !event.actor.starts_with("portal:");
    let payload = json!(AccountChanged { username, change, address: event.address.clone(), by_provider });
    queue(tx, ACCOUNT_CHANGED_MAIL, Some(user), None, &payload, event.at_ms).await
}

/// Puts a mail to a user into the outbox. Without a user the same statement runs and writes nothing.
pub(crate) async fn queue(
    tx: &mut Tx,
    kind: &str,
    user: Option<PortalUserId>,
    cause: Option<i64>,
    payload: &Value,
    now_ms: i64,
) -> Result<(), StoreError> {
    const SQL: &str =
        "INSERT INTO outbox (kind, dedup_key, message_id, company_id, client_id, recipient, payload,
            state, created_at_ms, next_at_ms)
        SELECT $1, $2, $3, c.company_id, c.id, u.email, $4, 'queued', $5, $5
        FROM client_portal_users u JOIN clients c ON c.id = u.client_id WHERE u.id = $6";
    write(tx, SQL, kind, (user.map(|user| user.0), cause), (payload, now_ms)).await.map(|_| ())
}

/// The same to a person of the ISP, in the name of the first company that this person works for. `false` if there is no
/// such person, or no company yet.
pub(crate) async fn queue_staff(
    tx: &mut Tx,
    kind: &str,
    user: Option<StaffUserId>,
    cause: i64,
    payload: &Value,
    now_ms: i64,
) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO outbox (kind, dedup_key, message_id, company_id, recipient, payload,
            state, created_at_ms, next_at_ms)
        SELECT $1, $2, $3, c.id, u.email, $4, 'queued', $5, $5
        FROM staff_users u JOIN companies c ON c.id = COALESCE(
            (SELECT MIN(company_id) FROM staff_user_companies WHERE staff_user_id = u.id),
            (SELECT MIN(id) FROM companies WHERE retired_at_ms IS NULL), (SELECT MIN(id) FROM companies))
        WHERE u.id = $6";
    write(tx, SQL, kind, (user.map(|user| user.0), Some(cause)), (payload, now_ms)).await
}

async fn write(
    tx: &mut Tx,
    sql: &'static str,
    kind: &str,
    (user, cause): (Option<i64>, Option<i64>),
    (payload, now_ms): (&Value, i64),
) -> Result<bool, StoreError> {
    let mut random = [0; MESSAGE_ID_BYTES];
    getrandom::fill(&mut random).map_err(|_| StoreError::Random)?;
    let random = encode_hex(&random);
    let cause = cause.map_or_else(|| random.clone(), |id| id.to_string());
    let rows = on!(tx, tx => sqlx::query(sql)
        .bind(kind)
        .bind(format!("{kind}/{cause}"))
        .bind(format!("<{random}@leaseline>"))
        .bind(payload.to_string())
        .bind(now_ms)
        .bind(user)
        .execute(&mut **tx)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows > 0)
}
