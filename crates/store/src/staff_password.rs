//! Links with which people of the ISP set a password. Wishes and secrets lie where those of clients' people do; neither opens
//! the door of the other.

use serde_json::json;

use crate::engine::{Tx, on};
use crate::password_reset::{ResetPurpose, purpose_of};
use crate::portal_user::username_key;
use crate::seal::encode_hex;
use crate::staff_user_write::end_sessions;
use crate::{AuditEvent, ResetCounts, StaffUser, StaffUserId, Store, StoreError, account_mail, audit};

/// `kind` in the outbox of a mail with a link that sets a staff user's forgotten password anew.
pub const STAFF_RESET_MAIL: &str = "staff_password_reset";
/// `kind` in the outbox of a mail that invites a staff user.
pub const STAFF_INVITATION_MAIL: &str = "staff_invitation";
/// What is kept in place of a hash until an invited person has set a password: no password fits.
pub(crate) const NO_PASSWORD: &str = "!";

/// A staff user's link that is good now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffResetLink {
    /// Whose password it sets.
    pub user: StaffUser,
    /// What it is for.
    pub purpose: ResetPurpose,
}

impl Store {
    /// Wishes for a new password at the staff's door since a moment. Those from an address count together at both doors.
    pub async fn staff_reset_counts(
        &self,
        username: &str,
        address: &str,
        since_ms: i64,
    ) -> Result<ResetCounts, StoreError> {
        self.reset_counts(&account_key(username), address, since_ms).await
    }

    /// Has a mail with a link sent to the staff user of that name. Nobody learns whether there is one: the same statements
    /// run for a name that nobody has, and the wish counts alike.
    pub async fn ask_staff_password_reset(
        &self,
        username: &str,
        address: &str,
        event: &AuditEvent,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        insert(&mut tx, ResetPurpose::Reset, username, Some(address), event.at_ms).await?;
        audit::insert(&mut tx, event).await?;
        Ok(tx.commit().await?)
    }

    /// What a staff user's link would do; `None` if it is not, or no longer, good.
    pub async fn staff_reset_link(
        &self,
        token_hash: &[u8; 32],
        now_ms: i64,
    ) -> Result<Option<StaffResetLink>, StoreError> {
        const SQL: &str = "SELECT r.staff_user_id, r.purpose FROM password_reset_tokens t
                JOIN password_resets r ON r.id = t.reset_id JOIN staff_users u ON u.id = r.staff_user_id
            WHERE t.token_hash = $1 AND t.expires_at_ms > $2 AND NOT r.ended AND u.disabled_at_ms IS NULL";
        let row: Option<(StaffUserId, String)> = on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(encode_hex(token_hash))
            .bind(now_ms)
            .fetch_optional(db)
            .await)?;
        let Some((user, purpose)) = row else { return Ok(None) };
        Ok(Some(StaffResetLink { user: self.staff_user(user).await?, purpose: purpose_of(&purpose) }))
    }

    /// Sets a staff user's password by a link: the link and all others of this person end, and so do the sessions. `false` if
    /// the link is not, or no longer, good.
    pub async fn use_staff_reset_link(
        &self,
        token_hash: &[u8; 32],
        password_hash: &str,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        const TAKE: &str = "UPDATE password_resets SET ended = TRUE
            WHERE NOT ended AND staff_user_id IS NOT NULL AND id = (SELECT reset_id FROM password_reset_tokens
                WHERE token_hash = $1 AND expires_at_ms > $2)
            RETURNING staff_user_id";
        const SET: &str = "UPDATE staff_users SET password_hash = $2, password_at_ms = $3
            WHERE id = $1 AND disabled_at_ms IS NULL";
        let mut tx = self.begin().await?;
        let taken: Option<StaffUserId> = on!(&mut tx, tx => sqlx::query_scalar(TAKE)
            .bind(encode_hex(token_hash))
            .bind(event.at_ms)
            .fetch_optional(&mut **tx)
            .await)?;
        let Some(user) = taken else { return Ok(false) };
        let rows = on!(&mut tx, tx => sqlx::query(SET)
            .bind(user)
            .bind(password_hash)
            .bind(event.at_ms)
            .execute(&mut **tx)
            .await
            .map(|done| done.rows_affected()))?;
        if rows == 0 {
            return Ok(false);
        }
        end_all_of(&mut tx, user).await?;
        end_sessions(&mut tx, user, None).await?;
        audit::insert(&mut tx, event).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// Wishes at the staff's door are counted apart from those of a client's person of the same name.
fn account_key(username: &str) -> String {
    format!("staff:{}", username_key(username))
}

/// A wish and, if there is such a person who may log in, its mail. Whoever was invited and has set no password yet gets
/// another link from a colleague alone: else an invitation would never run out.
pub(crate) async fn insert(
    tx: &mut Tx,
    purpose: ResetPurpose,
    username: &str,
    address: Option<&str>,
    now_ms: i64,
) -> Result<(), StoreError> {
    const WISH: &str =
        "INSERT INTO password_resets (purpose, account_key, staff_user_id, address, created_at_ms, expires_at_ms)
        VALUES ($1, $2, (SELECT id FROM staff_users WHERE username = $6 AND disabled_at_ms IS NULL
            AND (password_hash <> $7 OR $1 = 'invitation')), $3, $4, $5) RETURNING id, staff_user_id";
    let name = username_key(username);
    let (reset_id, user): (i64, Option<StaffUserId>) = on!(&mut *tx, tx => sqlx::query_as(WISH)
        .bind(purpose.as_str())
        .bind(account_key(username))
        .bind(address)
        .bind(now_ms)
        .bind(now_ms + purpose.mail_ms())
        .bind(&name)
        .bind(NO_PASSWORD)
        .fetch_one(&mut **tx)
        .await)?;
    let kind = match purpose {
        ResetPurpose::Reset => STAFF_RESET_MAIL,
        ResetPurpose::Invitation => STAFF_INVITATION_MAIL,
    };
    let payload = json!({"reset_id": reset_id, "username": name, "expires_minutes": purpose.minutes()});
    let written = account_mail::queue_staff(tx, kind, user, reset_id, &payload, now_ms).await?;
    // Whoever asks at the door learns nothing; whoever sends a link to somebody learns that it cannot go out.
    if address.is_none() && !written {
        let why = "mail goes out in the name of a company: add one first, or give a password".to_owned();
        return Err(StoreError::Invalid { what: "a link", why });
    }
    Ok(())
}

/// No link of this person is good any more.
pub(crate) async fn end_all_of(tx: &mut Tx, user: StaffUserId) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE password_resets SET ended = TRUE WHERE staff_user_id = $1 AND NOT ended";
    on!(tx, tx => sqlx::query(SQL).bind(user).execute(&mut **tx).await.map(|_| ()))?;
    Ok(())
}
