use crate::engine::on;
use crate::seal::encode_hex;
use crate::{PortalUser, PortalUserId, SessionUser, StaffUser, StaffUserId, Store, StoreError};

impl Store {
    /// Keeps that the first step of a login is done, for the second to find. Of the token only its SHA-256 is kept.
    pub async fn insert_pending_login(
        &self,
        token_hash: &[u8; 32],
        user: impl Into<SessionUser>,
        expires_at_ms: i64,
    ) -> Result<(), StoreError> {
        const SQL: &str =
            "INSERT INTO pending_logins (token_hash, portal_user_id, staff_user_id, expires_at_ms)
            VALUES ($1, $2, $3, $4)";
        let (portal, staff) = user.into().columns();
        on!(self.writer(), db => sqlx::query(SQL)
            .bind(encode_hex(token_hash))
            .bind(portal)
            .bind(staff)
            .bind(expires_at_ms)
            .execute(db)
            .await
            .map(|_| ()))
        .map_err(|error| StoreError::on_insert(error, "login", &[("token_hash", "token")]))
    }

    /// Which person of a client waits for the second step; `None` if there is none, it took too long, it has failed `failures_max`
    /// times, or its user may no longer log in.
    pub async fn pending_login(
        &self,
        token_hash: &[u8; 32],
        failures_max: i64,
        now_ms: i64,
    ) -> Result<Option<PortalUser>, StoreError> {
        const SQL: &str = "SELECT l.portal_user_id FROM pending_logins l
                JOIN client_portal_users u ON u.id = l.portal_user_id JOIN clients c ON c.id = u.client_id
            WHERE l.token_hash = $1 AND l.failures < $2 AND l.expires_at_ms > $3 AND u.active
                AND c.retired_at_ms IS NULL";
        let user: Option<PortalUserId> = on!(self.reader(), db => sqlx::query_scalar(SQL)
            .bind(encode_hex(token_hash))
            .bind(failures_max)
            .bind(now_ms)
            .fetch_optional(db)
            .await)?;
        match user {
            Some(user) => Ok(Some(self.portal_user(user).await?)),
            None => Ok(None),
        }
    }

    /// [`pending_login`](Self::pending_login) of a person of the ISP.
    pub async fn pending_staff_login(
        &self,
        token_hash: &[u8; 32],
        failures_max: i64,
        now_ms: i64,
    ) -> Result<Option<StaffUser>, StoreError> {
        const SQL: &str = "SELECT l.staff_user_id FROM pending_logins l
                JOIN staff_users u ON u.id = l.staff_user_id
            WHERE l.token_hash = $1 AND l.failures < $2 AND l.expires_at_ms > $3 AND u.disabled_at_ms IS NULL";
        let user: Option<StaffUserId> = on!(self.reader(), db => sqlx::query_scalar(SQL)
            .bind(encode_hex(token_hash))
            .bind(failures_max)
            .bind(now_ms)
            .fetch_optional(db)
            .await)?;
        match user {
            Some(user) => Ok(Some(self.staff_user(user).await?)),
            None => Ok(None),
        }
    }

    /// Counts a second step that failed.
    pub async fn fail_pending_login(&self, token_hash: &[u8; 32]) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE pending_logins SET failures = failures + 1 WHERE token_hash = $1";
        let hash = encode_hex(token_hash);
        on!(self.writer(), db => sqlx::query(SQL).bind(hash).execute(db).await.map(|_| ()))?;
        Ok(())
    }

    /// Takes a login that waited; `false` if another request was faster.
    pub async fn take_pending_login(&self, token_hash: &[u8; 32]) -> Result<bool, StoreError> {
        const SQL: &str = "DELETE FROM pending_logins WHERE token_hash = $1";
        let hash = encode_hex(token_hash);
        let rows = on!(self.writer(), db => sqlx::query(SQL)
            .bind(hash)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(rows > 0)
    }

    pub(crate) async fn delete_expired_pending_logins(&self, now_ms: i64) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM pending_logins WHERE expires_at_ms <= $1";
        on!(self.writer(), db => sqlx::query(SQL).bind(now_ms).execute(db).await.map(|_| ()))?;
        Ok(())
    }
}
