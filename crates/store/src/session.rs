use crate::engine::on;
use crate::seal::encode_hex;
use crate::{PortalUser, PortalUserId, SessionId, StaffUser, StaffUserId, Store, StoreError};

/// The most sessions of one user that a list shows.
pub const SESSIONS_MAX: i64 = 200;

/// Whose session it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionUser {
    /// A person of a client.
    Portal(PortalUserId),
    /// A person of the ISP.
    Staff(StaffUserId),
}

/// A session to enter. Of the token only its SHA-256 is kept.
#[derive(Clone, Debug)]
pub struct NewSession<'a> {
    /// Whose session.
    pub user: SessionUser,
    /// SHA-256 of the token.
    pub token_hash: [u8; 32],
    /// When it began.
    pub created_at_ms: i64,
    /// First moment it is no longer good.
    pub expires_at_ms: i64,
    /// The client's address, if known.
    pub address: Option<&'a str>,
    /// What the browser calls itself.
    pub user_agent: Option<&'a str>,
    /// Whether a second factor was shown at login.
    pub second_factor: bool,
}

/// A session that is good now, of a user who may log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its row: a name that opens nothing.
    pub id: SessionId,
    /// Whose session.
    pub user: SessionUser,
    /// When it began.
    pub created_at_ms: i64,
    /// When it was last used, as far as [`Store::touch_session`] was told.
    pub seen_at_ms: i64,
    /// First moment it is no longer good.
    pub expires_at_ms: i64,
    /// The client's address at login.
    pub address: Option<String>,
    /// What the browser called itself at login.
    pub user_agent: Option<String>,
    /// Whether a second factor was shown at login.
    pub second_factor: bool,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: SessionId,
    portal_user_id: Option<PortalUserId>,
    staff_user_id: Option<StaffUserId>,
    created_at_ms: i64,
    seen_at_ms: i64,
    expires_at_ms: i64,
    address: Option<String>,
    user_agent: Option<String>,
    second_factor: bool,
}

macro_rules! columns {
    () => {
        "s.id, s.portal_user_id, s.staff_user_id, s.created_at_ms, s.seen_at_ms, s.expires_at_ms, s.address,
            s.user_agent, s.second_factor"
    };
}

impl TryFrom<Row> for Session {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let user = match (row.portal_user_id, row.staff_user_id) {
            (Some(id), None) => SessionUser::Portal(id),
            (None, Some(id)) => SessionUser::Staff(id),
            _ => return Err(StoreError::corrupt("a session of nobody, or of two users")),
        };
        Ok(Self {
            id: row.id,
            user,
            created_at_ms: row.created_at_ms,
            seen_at_ms: row.seen_at_ms,
            expires_at_ms: row.expires_at_ms,
            address: row.address,
            user_agent: row.user_agent,
            second_factor: row.second_factor,
        })
    }
}

impl From<PortalUserId> for SessionUser {
    fn from(id: PortalUserId) -> Self {
        Self::Portal(id)
    }
}

impl From<StaffUserId> for SessionUser {
    fn from(id: StaffUserId) -> Self {
        Self::Staff(id)
    }
}

impl SessionUser {
    /// The two columns of a table whose rows belong to either.
    pub(crate) fn columns(self) -> (Option<PortalUserId>, Option<StaffUserId>) {
        match self {
            Self::Portal(id) => (Some(id), None),
            Self::Staff(id) => (None, Some(id)),
        }
    }
}

impl Store {
    /// Enters a session.
    pub async fn insert_session(&self, new: &NewSession<'_>) -> Result<(), StoreError> {
        const SQL: &str =
            "INSERT INTO sessions (token_hash, portal_user_id, staff_user_id, created_at_ms, seen_at_ms,
                expires_at_ms, address, user_agent, second_factor)
            VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8)";
        let (portal, staff) = new.user.columns();
        on!(self.writer(), db => sqlx::query(SQL)
            .bind(encode_hex(&new.token_hash))
            .bind(portal)
            .bind(staff)
            .bind(new.created_at_ms)
            .bind(new.expires_at_ms)
            .bind(new.address)
            .bind(new.user_agent)
            .bind(new.second_factor)
            .execute(db)
            .await
            .map(|_| ()))
        .map_err(|error| StoreError::on_insert(error, "session", &[("token_hash", "token")]))
    }

    /// The session of that token; `None` if there is none, it has expired, its user may no longer log in, or its
    /// user's client is retired.
    pub async fn session(&self, token_hash: &[u8; 32], now_ms: i64) -> Result<Option<Session>, StoreError> {
        const SQL: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM sessions s LEFT JOIN client_portal_users p ON p.id = s.portal_user_id
                LEFT JOIN clients c ON c.id = p.client_id LEFT JOIN staff_users t ON t.id = s.staff_user_id
            WHERE s.token_hash = $1 AND s.expires_at_ms > $2
                AND CASE WHEN s.portal_user_id IS NULL THEN t.disabled_at_ms IS NULL
                    ELSE p.active AND c.retired_at_ms IS NULL END"
        );
        let row: Option<Row> = on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(encode_hex(token_hash))
            .bind(now_ms)
            .fetch_optional(db)
            .await)?;
        row.map(Session::try_from).transpose()
    }

    /// [`session`](Self::session) with its portal user; `None` also for a staff user's session.
    pub async fn portal_session(
        &self,
        token_hash: &[u8; 32],
        now_ms: i64,
    ) -> Result<Option<(Session, PortalUser)>, StoreError> {
        let Some(session) = self.session(token_hash, now_ms).await? else { return Ok(None) };
        let SessionUser::Portal(id) = session.user else { return Ok(None) };
        Ok(Some((session, self.portal_user(id).await?)))
    }

    /// [`session`](Self::session) with its staff user; `None` also for a portal user's session.
    pub async fn staff_session(
        &self,
        token_hash: &[u8; 32],
        now_ms: i64,
    ) -> Result<Option<(Session, StaffUser)>, StoreError> {
        let Some(session) = self.session(token_hash, now_ms).await? else { return Ok(None) };
        let SessionUser::Staff(id) = session.user else { return Ok(None) };
        Ok(Some((session, self.staff_user(id).await?)))
    }

    /// Notes that a session was used and until when it is good now; nothing while the database cannot be written.
    pub async fn touch_session(
        &self,
        token_hash: &[u8; 32],
        now_ms: i64,
        expires_at_ms: i64,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE sessions SET seen_at_ms = $2, expires_at_ms = $3 WHERE token_hash = $1";
        let touched = on!(self.writer(), db => sqlx::query(SQL)
            .bind(encode_hex(token_hash))
            .bind(now_ms)
            .bind(expires_at_ms)
            .execute(db)
            .await
            .map(|_| ()));
        match touched.map_err(StoreError::from) {
            // A full disk keeps nobody from reading: the session is not lengthened meanwhile, that is all.
            Err(error) if error.is_unwritable() => Ok(()),
            touched => touched,
        }
    }

    /// Ends a session, if there is one.
    pub async fn delete_session(&self, token_hash: &[u8; 32]) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM sessions WHERE token_hash = $1";
        let hash = encode_hex(token_hash);
        on!(self.writer(), db => sqlx::query(SQL).bind(hash).execute(db).await.map(|_| ()))?;
        Ok(())
    }

    /// Ends all sessions of a user; returns how many.
    pub async fn delete_sessions_of(&self, user: SessionUser) -> Result<u64, StoreError> {
        const SQL: &str = "DELETE FROM sessions WHERE portal_user_id = $1 OR staff_user_id = $2";
        let (portal, staff) = user.columns();
        Ok(on!(self.writer(), db => sqlx::query(SQL)
            .bind(portal)
            .bind(staff)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?)
    }

    /// The sessions of a user that are good now, the one used last first, at most [`SESSIONS_MAX`].
    pub async fn sessions_of(&self, user: SessionUser, now_ms: i64) -> Result<Vec<Session>, StoreError> {
        const SQL: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM sessions s WHERE (s.portal_user_id = $1 OR s.staff_user_id = $2) AND s.expires_at_ms > $3
            ORDER BY s.seen_at_ms DESC, s.id DESC LIMIT $4"
        );
        let (portal, staff) = user.columns();
        let rows: Vec<Row> = on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(portal)
            .bind(staff)
            .bind(now_ms)
            .bind(SESSIONS_MAX)
            .fetch_all(db)
            .await)?;
        rows.into_iter().map(Session::try_from).collect()
    }

    /// Ends one session of a user; `false` if the user has none of this id.
    pub async fn end_session_of(&self, user: SessionUser, id: SessionId) -> Result<bool, StoreError> {
        const SQL: &str =
            "DELETE FROM sessions WHERE id = $1 AND (portal_user_id = $2 OR staff_user_id = $3)";
        let (portal, staff) = user.columns();
        let rows = on!(self.writer(), db => sqlx::query(SQL)
            .bind(id)
            .bind(portal)
            .bind(staff)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(rows > 0)
    }

    /// Ends all sessions of a user but one; returns how many.
    pub async fn end_other_sessions(&self, user: SessionUser, kept: SessionId) -> Result<u64, StoreError> {
        const SQL: &str =
            "DELETE FROM sessions WHERE (portal_user_id = $1 OR staff_user_id = $2) AND id <> $3";
        let (portal, staff) = user.columns();
        Ok(on!(self.writer(), db => sqlx::query(SQL)
            .bind(portal)
            .bind(staff)
            .bind(kept)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?)
    }

    /// Forgets what is no longer good: sessions, half-done logins and reset links; returns how many sessions.
    pub async fn delete_expired_sessions(&self, now_ms: i64) -> Result<u64, StoreError> {
        const SQL: &str = "DELETE FROM sessions WHERE expires_at_ms <= $1";
        self.delete_expired_pending_logins(now_ms).await?;
        self.delete_expired_resets(now_ms).await?;
        Ok(on!(self.writer(), db => sqlx::query(SQL)
            .bind(now_ms)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?)
    }
}
