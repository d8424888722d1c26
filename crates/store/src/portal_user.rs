use crate::engine::{Differs, Tx, on};
use crate::unique_name::{self, Named};
use crate::{
    AccountChange, AuditEvent, ClientId, Invitation, LIST_ROWS_MAX, PortalRole, PortalUserId, SessionId,
    Store, StoreError, TEAM_MAX, account_mail, audit, password_reset,
};

/// A person of a client, who logs in at `/client/login`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
pub struct PortalUser {
    /// Its row.
    pub id: PortalUserId,
    /// Whose person.
    pub client_id: ClientId,
    /// Unique over all clients, in lower case.
    pub username: String,
    /// Where to write to.
    pub email: String,
    /// What this person may do.
    #[sqlx(try_from = "String")]
    pub role: PortalRole,
    /// Whether this person may log in.
    pub active: bool,
    /// When it was entered.
    pub created_at_ms: i64,
    /// When the password was last changed; `None`: it is the first one.
    pub password_at_ms: Option<i64>,
}

/// A user with what its password is checked against.
#[derive(sqlx::FromRow)]
struct WithHash {
    #[sqlx(flatten)]
    user: PortalUser,
    password_hash: String,
}

macro_rules! columns {
    () => {
        "id, client_id, username, email, role, active, created_at_ms, password_at_ms"
    };
}

/// User names are compared without regard to case; both engines then agree about letters beyond ASCII.
pub(crate) fn username_key(username: &str) -> String {
    username.trim().to_lowercase()
}

impl Store {
    /// Enters a person of a client, as an owner.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] if the user name is taken, in whatever case.
    pub async fn insert_portal_user(
        &self,
        client: ClientId,
        username: &str,
        email: &str,
        password_hash: &str,
        now_ms: i64,
    ) -> Result<PortalUserId, StoreError> {
        self.insert_portal_user_as(PortalRole::Owner, client, username, email, password_hash, now_ms).await
    }

    /// Enters a person of a client in a role.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] if the user name is taken, in whatever case; [`StoreError::Invalid`] if the client is retired.
    pub async fn insert_portal_user_as(
        &self,
        role: PortalRole,
        client: ClientId,
        username: &str,
        email: &str,
        password_hash: &str,
        now_ms: i64,
    ) -> Result<PortalUserId, StoreError> {
        let mut tx = self.begin().await?;
        let new = Invitation { client, username, email, role };
        let id = insert(&mut tx, new, password_hash, true, now_ms).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// The person of that user name and the password's hash, active or not.
    pub async fn portal_user_by_username(
        &self,
        username: &str,
    ) -> Result<Option<(PortalUser, String)>, StoreError> {
        const SQL: &str =
            concat!("SELECT ", columns!(), ", password_hash FROM client_portal_users WHERE username = $1");
        let found: Option<WithHash> = on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(username_key(username))
            .fetch_optional(db)
            .await)?;
        Ok(found.map(|row| (row.user, row.password_hash)))
    }

    /// All portal users by user name, at most [`LIST_ROWS_MAX`].
    pub async fn portal_users(&self) -> Result<Vec<PortalUser>, StoreError> {
        const SQL: &str =
            concat!("SELECT ", columns!(), " FROM client_portal_users ORDER BY username LIMIT $1");
        Ok(on!(self.reader(), db => sqlx::query_as(SQL).bind(LIST_ROWS_MAX).fetch_all(db).await)?)
    }

    /// One portal user.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    pub async fn portal_user(&self, id: PortalUserId) -> Result<PortalUser, StoreError> {
        const SQL: &str = concat!("SELECT ", columns!(), " FROM client_portal_users WHERE id = $1");
        let found = on!(self.reader(), db => sqlx::query_as(SQL).bind(id).fetch_optional(db).await)?;
        found.ok_or(StoreError::NotFound { what: "portal user" })
    }

    /// Replaces the password's hash by another of the same password.
    pub async fn set_portal_user_password_hash(
        &self,
        id: PortalUserId,
        password_hash: &str,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE client_portal_users SET password_hash = $2 WHERE id = $1";
        let rows = on!(self.writer(), db => sqlx::query(SQL)
            .bind(id)
            .bind(password_hash)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if rows == 0 { Err(StoreError::NotFound { what: "portal user" }) } else { Ok(()) }
    }

    /// Changes the password: all of the user's sessions but `kept` end, and so do logins half done and reset links. The
    /// user is told by mail.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such user.
    pub async fn change_password(
        &self,
        id: PortalUserId,
        password_hash: &str,
        kept: Option<SessionId>,
        event: &AuditEvent,
    ) -> Result<(), StoreError> {
        const SQL: &str =
            "UPDATE client_portal_users SET password_hash = $2, password_at_ms = $3 WHERE id = $1";
        let mut tx = self.begin().await?;
        let rows = on!(&mut tx, tx => sqlx::query(SQL)
            .bind(id)
            .bind(password_hash)
            .bind(event.at_ms)
            .execute(&mut **tx)
            .await
            .map(|done| done.rows_affected()))?;
        if rows == 0 {
            return Err(StoreError::NotFound { what: "portal user" });
        }
        password_reset::end_all_of(&mut tx, id).await?;
        password_reset::end_sessions(&mut tx, id, kept).await?;
        account_mail::tell(&mut tx, id, AccountChange::Password, event).await?;
        audit::insert(&mut tx, event).await?;
        Ok(tx.commit().await?)
    }

    /// Lets a person log in, or no longer; their sessions end with it.
    pub async fn set_portal_user_active(&self, id: PortalUserId, active: bool) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        set_active(&mut tx, id, active).await?;
        Ok(tx.commit().await?)
    }
}

/// Enters a person with the hash of a password.
pub(crate) async fn insert(
    tx: &mut Tx,
    new: Invitation<'_>,
    password_hash: &str,
    active: bool,
    now_ms: i64,
) -> Result<PortalUserId, StoreError> {
    const SQL: &str =
        "INSERT INTO client_portal_users (client_id, username, email, role, password_hash, active, created_at_ms,
            username_folded)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id";
    const COUNT: &str = "SELECT COUNT(*) FROM client_portal_users WHERE client_id = $1";
    crate::client::check_in_use(tx, new.client, "the portal user").await?;
    let count: i64 =
        on!(&mut *tx, tx => sqlx::query_scalar(COUNT).bind(new.client).fetch_one(&mut **tx).await)?;
    if count >= TEAM_MAX {
        let why = format!("a client has at most {TEAM_MAX}");
        return Err(StoreError::Invalid { what: "portal user", why });
    }
    let folded = unique_name::free(tx, Named::PortalUser, new.username, None).await?;
    on!(tx, tx => sqlx::query_scalar(SQL)
        .bind(new.client)
        .bind(username_key(new.username))
        .bind(new.email)
        .bind(new.role.as_str())
        .bind(password_hash)
        .bind(active)
        .bind(now_ms)
        .bind(folded)
        .fetch_one(&mut **tx)
        .await)
    .map_err(|error| StoreError::on_insert(error, "portal user", &[("username", "user name")]))
}

/// A person as it is, held against other changes until the transaction ends.
pub(crate) async fn locked(tx: &mut Tx, id: PortalUserId) -> Result<PortalUser, StoreError> {
    const SQL: Differs = Differs {
        sqlite: concat!("SELECT ", columns!(), " FROM client_portal_users WHERE id = $1"),
        postgres: concat!("SELECT ", columns!(), " FROM client_portal_users WHERE id = $1 FOR UPDATE"),
    };
    let sql = SQL.on(tx);
    let found = on!(tx, tx => sqlx::query_as(sql).bind(id).fetch_optional(&mut **tx).await)?;
    found.ok_or(StoreError::NotFound { what: "portal user" })
}

/// Lets a person log in, or no longer.
pub(crate) async fn set_active(tx: &mut Tx, id: PortalUserId, active: bool) -> Result<(), StoreError> {
    const SET: &str = "UPDATE client_portal_users SET active = $2 WHERE id = $1";
    if !active {
        // Links first, as whoever uses one does.
        password_reset::end_all_of(tx, id).await?;
    }
    let rows = on!(&mut *tx, tx => sqlx::query(SET)
        .bind(id)
        .bind(active)
        .execute(&mut **tx)
        .await
        .map(|done| done.rows_affected()))?;
    if rows == 0 {
        return Err(StoreError::NotFound { what: "portal user" });
    }
    if !active {
        password_reset::end_sessions(tx, id, None).await?;
    }
    Ok(())
}
