use crate::engine::{Tx, on};
use crate::second_factor::RecoveryHashes;
use crate::{AccountChange, AuditEvent, SessionUser, Store, StoreError, account_mail, audit};

impl Store {
    /// How many recovery codes a user has left.
    pub async fn recovery_codes_left(&self, user: impl Into<SessionUser>) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT COUNT(*) FROM recovery_codes
            WHERE (portal_user_id = $1 OR staff_user_id = $2) AND used_at_ms IS NULL";
        let (portal, staff) = user.into().columns();
        Ok(on!(self.reader(), db => sqlx::query_scalar(SQL).bind(portal).bind(staff).fetch_one(db).await)?)
    }

    /// Takes a recovery code by its hash; `false` if there is none such or it was taken before.
    pub async fn take_recovery_code(
        &self,
        user: impl Into<SessionUser>,
        code_hash: &str,
        now_ms: i64,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE recovery_codes SET used_at_ms = $4
            WHERE (portal_user_id = $1 OR staff_user_id = $2) AND code_hash = $3 AND used_at_ms IS NULL";
        let (portal, staff) = user.into().columns();
        let rows = on!(self.writer(), db => sqlx::query(SQL)
            .bind(portal)
            .bind(staff)
            .bind(code_hash)
            .bind(now_ms)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(rows > 0)
    }

    /// Gives a user new recovery codes; the old ones are gone.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the user has no second factor.
    pub async fn replace_recovery_codes(
        &self,
        user: impl Into<SessionUser>,
        recovery: RecoveryHashes<'_>,
        event: &AuditEvent,
    ) -> Result<(), StoreError> {
        let user = user.into();
        let mut tx = self.begin().await?;
        replace(&mut tx, user, recovery).await?;
        account_mail::tell(&mut tx, user, AccountChange::RecoveryCodes, event).await?;
        audit::insert(&mut tx, event).await?;
        Ok(tx.commit().await?)
    }
}

pub(crate) async fn replace(
    tx: &mut Tx,
    user: SessionUser,
    recovery: RecoveryHashes<'_>,
) -> Result<(), StoreError> {
    const SALT: &str = "UPDATE second_factors SET recovery_salt = $3
        WHERE portal_user_id = $1 OR staff_user_id = $2";
    const DELETE: &str = "DELETE FROM recovery_codes WHERE portal_user_id = $1 OR staff_user_id = $2";
    const INSERT: &str = "INSERT INTO recovery_codes (portal_user_id, staff_user_id, code_hash)
        VALUES ($1, $2, $3)";
    let (portal, staff) = user.columns();
    let rows = on!(&mut *tx, tx => sqlx::query(SALT)
        .bind(portal).bind(staff)
        .bind(recovery.salt)
        .execute(&mut **tx)
        .await
        .map(|done| done.rows_affected()))?;
    if rows == 0 {
        return Err(StoreError::NotFound { what: "second factor" });
    }
    on!(&mut *tx, tx => sqlx::query(DELETE).bind(portal).bind(staff).execute(&mut **tx).await.map(|_| ()))?;
    for hash in recovery.hashes {
        on!(&mut *tx, tx => sqlx::query(INSERT).bind(portal).bind(staff).bind(hash).execute(&mut **tx).await.map(|_| ()))?;
    }
    Ok(())
}
