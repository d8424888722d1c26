use crate::engine::{Differs, Tx, on};
use crate::password_reset::{self, ResetPurpose, Wish};
use crate::{AuditEvent, ClientId, PortalRole, PortalUserId, Store, StoreError, audit, portal_user};

/// The most people of one client, invited ones and those who may no longer log in included.
pub const TEAM_MAX: i64 = 200;

/// What is kept in place of a hash until an invited person has set a password: no password fits.
const NO_PASSWORD: &str = "!";

/// A person of a client, as the client's owners see it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct TeamMember {
    /// Its row.
    pub id: PortalUserId,
    /// The name to log in with.
    pub username: String,
    /// Where to write to.
    pub email: String,
    /// What this person may do.
    #[sqlx(try_from = "String")]
    pub role: PortalRole,
    /// Whether this person may log in.
    pub active: bool,
    /// Whether this person has ever set a password; if not, an invitation is under way or has run out.
    pub has_password: bool,
    /// Whether a login needs a second factor.
    pub second_factor: bool,
    /// When this person last used a session that has not expired.
    pub seen_at_ms: Option<i64>,
}

/// Somebody to invite.
#[derive(Clone, Copy, Debug)]
pub struct Invitation<'a> {
    /// Whose person it will be.
    pub client: ClientId,
    /// The name to log in with.
    pub username: &'a str,
    /// Where the link goes.
    pub email: &'a str,
    /// What this person may do.
    pub role: PortalRole,
}

/// What became of a change to a client's people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TeamOutcome {
    /// It is done.
    Done,
    /// The client has no such person.
    NotTheirs,
    /// The client would be left without an owner who may log in.
    LastOwner,
}

// SQLite has one writer; on PostgreSQL two owners who remove each other at once must wait for one another.
const OWNERS: Differs = Differs {
    sqlite: "SELECT id FROM client_portal_users WHERE client_id = $1 AND role = 'owner' AND active",
    postgres: "SELECT id FROM client_portal_users WHERE client_id = $1 AND role = 'owner' AND active
        ORDER BY id FOR UPDATE",
};

impl Store {
    /// The people of a client by user name, at most [`TEAM_MAX`].
    pub async fn team(&self, client: ClientId) -> Result<Vec<TeamMember>, StoreError> {
        const SQL: &str =
            "SELECT u.id, u.username, u.email, u.role, u.active, u.password_hash <> $2 AS has_password,
                f.confirmed_at_ms IS NOT NULL AS second_factor,
                (SELECT MAX(s.seen_at_ms) FROM sessions s WHERE s.portal_user_id = u.id) AS seen_at_ms
            FROM client_portal_users u LEFT JOIN second_factors f ON f.portal_user_id = u.id
            WHERE u.client_id = $1 ORDER BY u.username LIMIT $3";
        Ok(on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(client)
            .bind(NO_PASSWORD)
            .bind(TEAM_MAX)
            .fetch_all(db)
            .await)?)
    }

    /// Enters a person who cannot log in yet, and has a mail sent with the link that sets the first password.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] if the user name is taken, [`StoreError::Invalid`] for more than [`TEAM_MAX`] or a retired client.
    pub async fn invite(&self, new: Invitation<'_>, event: &AuditEvent) -> Result<PortalUserId, StoreError> {
        let mut tx = self.begin().await?;
        let id = invite_in(&mut tx, new, event.at_ms).await?;
        audit::insert(&mut tx, event).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Sends the invitation of a person who has not set a password yet once more; earlier links end.
    pub async fn invite_again(
        &self,
        client: ClientId,
        user: PortalUserId,
        event: &AuditEvent,
    ) -> Result<TeamOutcome, StoreError> {
        const SQL: &str = "SELECT username FROM client_portal_users
            WHERE id = $1 AND client_id = $2 AND password_hash = $3 AND NOT active";
        let mut tx = self.begin().await?;
        let username: Option<String> = on!(&mut tx, tx => sqlx::query_scalar(SQL)
            .bind(user)
            .bind(client)
            .bind(NO_PASSWORD)
            .fetch_optional(&mut **tx)
            .await)?;
        let Some(username) = username else { return Ok(TeamOutcome::NotTheirs) };
        password_reset::end_all_of(&mut tx, user).await?;
        let wish = Wish { purpose: ResetPurpose::Invitation, username: &username, address: None };
        password_reset::insert(&mut tx, wish, event.at_ms).await?;
        audit::insert(&mut tx, event).await?;
        tx.commit().await?;
        Ok(TeamOutcome::Done)
    }

    /// Says what a person of a client may do.
    pub async fn set_role(
        &self,
        client: ClientId,
        user: PortalUserId,
        role: PortalRole,
        event: &AuditEvent,
    ) -> Result<TeamOutcome, StoreError> {
        const SQL: &str = "UPDATE client_portal_users SET role = $3 WHERE id = $1 AND client_id = $2";
        let mut tx = self.begin().await?;
        if role != PortalRole::Owner && is_last_owner(&mut tx, client, user).await? {
            return Ok(TeamOutcome::LastOwner);
        }
        let rows = on!(&mut tx, tx => sqlx::query(SQL)
            .bind(user)
            .bind(client)
            .bind(role.as_str())
            .execute(&mut **tx)
            .await
            .map(|done| done.rows_affected()))?;
        finish(tx, rows, event).await
    }

    /// Lets a person of a client log in again, or no longer: then sessions, links and half-done logins end. One who was
    /// invited and has no password yet can only be switched off.
    pub async fn set_member_active(
        &self,
        client: ClientId,
        user: PortalUserId,
        active: bool,
        event: &AuditEvent,
    ) -> Result<TeamOutcome, StoreError> {
        const SQL: &str = "UPDATE client_portal_users SET active = $3
            WHERE id = $1 AND client_id = $2 AND (password_hash <> $4 OR NOT $3)";
        let mut tx = self.begin().await?;
        if !active && is_last_owner(&mut tx, client, user).await? {
            return Ok(TeamOutcome::LastOwner);
        }
        let rows = on!(&mut tx, tx => sqlx::query(SQL)
            .bind(user)
            .bind(client)
            .bind(active)
            .bind(NO_PASSWORD)
            .execute(&mut **tx)
            .await
            .map(|done| done.rows_affected()))?;
        if rows > 0 && !active {
            password_reset::end_all_of(&mut tx, user).await?;
            password_reset::end_sessions(&mut tx, user, None).await?;
        }
        finish(tx, rows, event).await
    }
}

/// Enters a person without a password, and the mail that leads to one.
pub(crate) async fn invite_in(
    tx: &mut Tx,
    new: Invitation<'_>,
    now_ms: i64,
) -> Result<PortalUserId, StoreError> {
    let id = portal_user::insert(tx, new, NO_PASSWORD, false, now_ms).await?;
    let wish = Wish { purpose: ResetPurpose::Invitation, username: new.username, address: None };
    password_reset::insert(tx, wish, now_ms).await?;
    Ok(id)
}

/// Whether a person has ever set a password.
pub(crate) async fn has_password(tx: &mut Tx, id: PortalUserId) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT password_hash <> $2 FROM client_portal_users WHERE id = $1";
    Ok(on!(tx, tx => sqlx::query_scalar(SQL).bind(id).bind(NO_PASSWORD).fetch_one(&mut **tx).await)?)
}

async fn is_last_owner(tx: &mut Tx, client: ClientId, user: PortalUserId) -> Result<bool, StoreError> {
    let sql = OWNERS.on(tx);
    let owners: Vec<PortalUserId> =
        on!(tx, tx => sqlx::query_scalar(sql).bind(client).fetch_all(&mut **tx).await)?;
    Ok(owners == [user])
}

async fn finish(mut tx: Tx, rows: u64, event: &AuditEvent) -> Result<TeamOutcome, StoreError> {
    if rows == 0 {
        return Ok(TeamOutcome::NotTheirs);
    }
    audit::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(TeamOutcome::Done)
}
