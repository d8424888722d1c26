use secrecy::SecretString;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::engine::{Tx, on};
use crate::portal_user::username_key;
use crate::seal::encode_hex;
use crate::{
    AccountChange, AuditEvent, PortalUser, PortalUserId, SessionId, Store, StoreError, account_mail, audit,
};

/// How long the link of a reset is good, in minutes, from the moment its mail is sent.
pub const RESET_MINUTES: i64 = 30;
/// How long the link of an invitation is good, in minutes: people open those after the weekend.
pub const INVITATION_MINUTES: i64 = 3 * 24 * 60;
/// `kind` in the outbox of a mail with a reset link.
pub const RESET_MAIL: &str = "password_reset";
/// `kind` in the outbox of a mail with an invitation's link.
pub const INVITATION_MAIL: &str = "invitation";

const MINUTE_MS: i64 = 60_000;
/// A mail that could not be sent for so long is not sent any more.
const RESET_MAIL_MS: i64 = 2 * 60 * MINUTE_MS;
const INVITATION_MAIL_MS: i64 = 7 * 24 * 60 * MINUTE_MS;
/// Wishes are kept for so long after they have ended, to be counted.
const KEPT_MS: i64 = 24 * 60 * MINUTE_MS;
/// 256 bits: guessing is hopeless.
const TOKEN_BYTES: usize = 32;

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResetPurpose {
    /// A forgotten password.
    Reset,
    /// A first password.
    Invitation,
}

impl ResetPurpose {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Invitation => "invitation",
        }
    }

    fn mail_kind(self) -> &'static str {
        match self {
            Self::Reset => RESET_MAIL,
            Self::Invitation => INVITATION_MAIL,
        }
    }

    pub(crate) fn minutes(self) -> i64 {
        match self {
            Self::Reset => RESET_MINUTES,
            Self::Invitation => INVITATION_MINUTES,
        }
    }

    pub(crate) fn mail_ms(self) -> i64 {
        match self {
            Self::Reset => RESET_MAIL_MS,
            Self::Invitation => INVITATION_MAIL_MS,
        }
    }
}

/// Wishes for a new password of late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct ResetCounts {
    /// For the account, whether it exists or not.
    pub account: i64,
    /// From the address.
    pub address: i64,
}

/// A link that is good now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResetLink {
    /// Whose password it sets.
    pub user: PortalUser,
    /// What it is for.
    pub purpose: ResetPurpose,
}

impl Store {
    /// Wishes for a new password since a moment.
    pub async fn reset_counts(
        &self,
        username: &str,
        address: &str,
        since_ms: i64,
    ) -> Result<ResetCounts, StoreError> {
        const SQL: &str = "SELECT a.n AS account, b.n AS address
            FROM (SELECT COUNT(*) AS n FROM password_resets WHERE account_key = $1 AND created_at_ms >= $3) a
            CROSS JOIN (SELECT COUNT(*) AS n FROM password_resets WHERE address = $2 AND created_at_ms >= $3) b";
        Ok(on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(username_key(username))
            .bind(address)
            .bind(since_ms)
            .fetch_one(db)
            .await)?)
    }

    /// Has a mail with a link sent to the user of that name. Nobody learns whether there is one: the same statements
    /// run for a name that nobody has, and the wish counts alike.
    pub async fn ask_password_reset(
        &self,
        username: &str,
        address: &str,
        event: &AuditEvent,
    ) -> Result<(), StoreError> {
        let wish = Wish { purpose: ResetPurpose::Reset, username, address: Some(address) };
        let mut tx = self.begin().await?;
        insert(&mut tx, wish, event.at_ms).await?;
        audit::insert(&mut tx, event).await?;
        Ok(tx.commit().await?)
    }

    /// The secret part of a link, made when its mail is about to be sent: it is in no table, and a mail that is sent
    /// again has a new one. `None`: the wish has been fulfilled, was withdrawn or is too old, so send nothing.
    pub async fn issue_reset_token(
        &self,
        reset_id: i64,
        now_ms: i64,
    ) -> Result<Option<SecretString>, StoreError> {
        const PURPOSE: &str = "SELECT r.purpose FROM password_resets r
                LEFT JOIN client_portal_users u ON u.id = r.portal_user_id LEFT JOIN clients c ON c.id = u.client_id
                LEFT JOIN staff_users s ON s.id = r.staff_user_id
            WHERE r.id = $1 AND NOT r.ended AND r.expires_at_ms > $2
                AND ((u.active OR r.purpose = 'invitation') AND c.id IS NOT NULL AND c.retired_at_ms IS NULL
                    OR s.id IS NOT NULL AND s.disabled_at_ms IS NULL)";
        const SQL: &str =
            "INSERT INTO password_reset_tokens (token_hash, reset_id, expires_at_ms) VALUES ($1, $2, $3)";
        let purpose: Option<String> = on!(self.reader(), db => sqlx::query_scalar(PURPOSE)
            .bind(reset_id)
            .bind(now_ms)
            .fetch_optional(db)
            .await)?;
        let Some(purpose) = purpose else { return Ok(None) };
        let mut token = [0; TOKEN_BYTES];
        getrandom::fill(&mut token).map_err(|_| StoreError::Random)?;
        let token = encode_hex(&token);
        on!(self.writer(), db => sqlx::query(SQL)
            .bind(encode_hex(&Sha256::digest(&token)))
            .bind(reset_id)
            .bind(now_ms + purpose_of(&purpose).minutes() * MINUTE_MS)
            .execute(db)
            .await
            .map(|_| ()))?;
        Ok(Some(token.into()))
    }

    /// What a link would do; `None` if it is not, or no longer, good.
    pub async fn reset_link(
        &self,
        token_hash: &[u8; 32],
        now_ms: i64,
    ) -> Result<Option<ResetLink>, StoreError> {
        const SQL: &str = "SELECT r.portal_user_id, r.purpose FROM password_reset_tokens t
                JOIN password_resets r ON r.id = t.reset_id JOIN client_portal_users u ON u.id = r.portal_user_id
                JOIN clients c ON c.id = u.client_id
            WHERE t.token_hash = $1 AND t.expires_at_ms > $2 AND NOT r.ended
                AND (u.active OR r.purpose = 'invitation') AND c.retired_at_ms IS NULL";
        let row: Option<(PortalUserId, String)> = on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(encode_hex(token_hash))
            .bind(now_ms)
            .fetch_optional(db)
            .await)?;
        let Some((user, purpose)) = row else { return Ok(None) };
        Ok(Some(ResetLink { user: self.portal_user(user).await?, purpose: purpose_of(&purpose) }))
    }

    /// Sets a password by a link: the link and all others of this user end, and so do the user's sessions. One who was
    /// invited may log in from now on. `false` if the link is not, or no longer, good.
    pub async fn use_reset_link(
        &self,
        token_hash: &[u8; 32],
        password_hash: &str,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        const TAKE: &str = "UPDATE password_resets SET ended = TRUE
            WHERE NOT ended AND id = (SELECT reset_id FROM password_reset_tokens
                WHERE token_hash = $1 AND expires_at_ms > $2)
            RETURNING portal_user_id, purpose";
        const SET: &str =
            "UPDATE client_portal_users SET password_hash = $2, password_at_ms = $3, active = (active OR $4)
            WHERE id = $1 AND (active OR $4)
                AND client_id IN (SELECT id FROM clients WHERE retired_at_ms IS NULL)";
        let mut tx = self.begin().await?;
        let taken: Option<(Option<PortalUserId>, String)> = on!(&mut tx, tx => sqlx::query_as(TAKE)
            .bind(encode_hex(token_hash))
            .bind(event.at_ms)
            .fetch_optional(&mut **tx)
            .await)?;
        let Some((Some(user), purpose)) = taken else { return Ok(false) };
        let activates = purpose_of(&purpose) == ResetPurpose::Invitation;
        let rows = on!(&mut tx, tx => sqlx::query(SET)
            .bind(user)
            .bind(password_hash)
            .bind(event.at_ms)
            .bind(activates)
            .execute(&mut **tx)
            .await
            .map(|done| done.rows_affected()))?;
        if rows == 0 {
            return Ok(false);
        }
        end_all_of(&mut tx, user).await?;
        end_sessions(&mut tx, user, None).await?;
        if !activates {
            account_mail::tell(&mut tx, user, AccountChange::Password, event).await?;
        }
        audit::insert(&mut tx, event).await?;
        tx.commit().await?;
        Ok(true)
    }

    pub(crate) async fn delete_expired_resets(&self, now_ms: i64) -> Result<(), StoreError> {
        const TOKENS: &str = "DELETE FROM password_reset_tokens WHERE expires_at_ms <= $1";
        const WISHES: &str = "DELETE FROM password_resets WHERE expires_at_ms <= $1
            AND id NOT IN (SELECT reset_id FROM password_reset_tokens)";
        on!(self.writer(), db => sqlx::query(TOKENS).bind(now_ms).execute(db).await.map(|_| ()))?;
        on!(self.writer(), db => sqlx::query(WISHES).bind(now_ms - KEPT_MS).execute(db).await.map(|_| ()))?;
        Ok(())
    }
}

pub(crate) struct Wish<'a> {
    pub(crate) purpose: ResetPurpose,
    pub(crate) username: &'a str,
    pub(crate) address: Option<&'a str>,
}

/// A wish and, if the user exists, its mail. The mail carries the wish's id and no secret.
pub(crate) async fn insert(tx: &mut Tx, wish: Wish<'_>, now_ms: i64) -> Result<(), StoreError> {
    const WISH: &str =
        "INSERT INTO password_resets (purpose, account_key, portal_user_id, address, created_at_ms, expires_at_ms)
        VALUES ($1, $2, (SELECT id FROM client_portal_users
            WHERE username = $2 AND (active OR $1 = 'invitation')
                AND client_id IN (SELECT id FROM clients WHERE retired_at_ms IS NULL)), $3, $4, $5) RETURNING id, portal_user_id";
    let Wish { purpose, username, address } = wish;
    let username = username_key(username);
    let (reset_id, user): (i64, Option<PortalUserId>) = on!(&mut *tx, tx => sqlx::query_as(WISH)
        .bind(purpose.as_str())
        .bind(&username)
        .bind(address)
        .bind(now_ms)
        .bind(now_ms + purpose.mail_ms())
        .fetch_one(&mut **tx)
        .await)?;
    let payload = json!({"reset_id": reset_id, "username": username, "expires_minutes": purpose.minutes()});
    account_mail::queue(tx, purpose.mail_kind(), user, Some(reset_id), &payload, now_ms).await
}

/// No link of this user is good any more.
pub(crate) async fn end_all_of(tx: &mut Tx, user: PortalUserId) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE password_resets SET ended = TRUE WHERE portal_user_id = $1 AND NOT ended";
    on!(tx, tx => sqlx::query(SQL).bind(user).execute(&mut **tx).await.map(|_| ()))?;
    Ok(())
}

/// Ends the sessions of a user but one, and logins that are half done.
pub(crate) async fn end_sessions(
    tx: &mut Tx,
    user: PortalUserId,
    kept: Option<SessionId>,
) -> Result<(), StoreError> {
    const SESSIONS: &str = "DELETE FROM sessions WHERE portal_user_id = $1 AND ($2 IS NULL OR id <> $2)";
    const PENDING: &str = "DELETE FROM pending_logins WHERE portal_user_id = $1";
    on!(&mut *tx, tx => sqlx::query(SESSIONS)
        .bind(user)
        .bind(kept)
        .execute(&mut **tx)
        .await
        .map(|_| ()))?;
    on!(&mut *tx, tx => sqlx::query(PENDING).bind(user).execute(&mut **tx).await.map(|_| ()))?;
    Ok(())
}

pub(crate) fn purpose_of(text: &str) -> ResetPurpose {
    if text == "invitation" { ResetPurpose::Invitation } else { ResetPurpose::Reset }
}
