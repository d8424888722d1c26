use secrecy::{ExposeSecret, SecretString};

use crate::engine::on;
use crate::{AccountChange, AuditEvent, MasterKey, PortalUserId, Store, StoreError, account_mail, audit};

const TABLE: &str = "second_factors";

/// A portal user's second factor: the secret of time-based one-time codes.
#[derive(Clone, Debug)]
pub struct SecondFactor {
    /// The shared secret, as it was given to [`Store::begin_second_factor`].
    pub secret: SecretString,
    /// When the user showed a first code; until then it is not asked for.
    pub confirmed_at_ms: Option<i64>,
    /// Salt of the recovery codes' hashes.
    pub recovery_salt: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    secret_sealed: String,
    confirmed_at_ms: Option<i64>,
    recovery_salt: Option<String>,
}

/// Recovery codes to keep: one salt and the hashes.
#[derive(Clone, Copy, Debug)]
pub struct RecoveryHashes<'a> {
    /// Salt of all hashes.
    pub salt: &'a str,
    /// One hash per code.
    pub hashes: &'a [String],
}

impl Store {
    /// Keeps the secret of a factor that is not confirmed yet, in place of an earlier unconfirmed one.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] if the user has a confirmed one, [`StoreError::MissingKey`] without the key.
    pub async fn begin_second_factor(
        &self,
        user: PortalUserId,
        secret: &SecretString,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        const SQL: &str =
            "INSERT INTO second_factors (portal_user_id, secret_sealed, created_at_ms) VALUES ($1, $2, $3)
            ON CONFLICT (portal_user_id) DO UPDATE SET secret_sealed = excluded.secret_sealed,
                created_at_ms = excluded.created_at_ms WHERE second_factors.confirmed_at_ms IS NULL";
        let sealed = self.factor_key()?.seal(TABLE, &user.to_string(), secret)?;
        let rows = on!(self.writer(), db => sqlx::query(SQL)
            .bind(user)
            .bind(sealed)
            .bind(now_ms)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        let taken = StoreError::Duplicate { what: "second factor", field: "user" };
        if rows == 0 { Err(taken) } else { Ok(()) }
    }

    /// The user's factor, confirmed or not.
    ///
    /// # Errors
    /// [`StoreError::MissingKey`] without the key.
    pub async fn second_factor(&self, user: PortalUserId) -> Result<Option<SecondFactor>, StoreError> {
        const SQL: &str = "SELECT secret_sealed, confirmed_at_ms, recovery_salt FROM second_factors
            WHERE portal_user_id = $1";
        let row: Option<Row> =
            on!(self.reader(), db => sqlx::query_as(SQL).bind(user).fetch_optional(db).await)?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(SecondFactor {
            secret: self.factor_key()?.unseal(TABLE, &user.to_string(), &row.secret_sealed)?,
            confirmed_at_ms: row.confirmed_at_ms,
            recovery_salt: row.recovery_salt,
        }))
    }

    /// Since when a login of this user needs a second factor; `None`: it does not.
    pub async fn second_factor_since(&self, user: PortalUserId) -> Result<Option<i64>, StoreError> {
        const SQL: &str = "SELECT confirmed_at_ms FROM second_factors
            WHERE portal_user_id = $1 AND confirmed_at_ms IS NOT NULL";
        Ok(on!(self.reader(), db => sqlx::query_scalar(SQL).bind(user).fetch_optional(db).await)?)
    }

    /// Makes a factor count from now on, `step` being that of the code just shown, with its recovery codes.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none to confirm.
    pub async fn confirm_second_factor(
        &self,
        user: PortalUserId,
        step: i64,
        recovery: RecoveryHashes<'_>,
        event: &AuditEvent,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE second_factors SET confirmed_at_ms = $2, last_step = $3
            WHERE portal_user_id = $1 AND confirmed_at_ms IS NULL";
        let mut tx = self.begin().await?;
        let rows = on!(&mut tx, tx => sqlx::query(SQL)
            .bind(user)
            .bind(event.at_ms)
            .bind(step)
            .execute(&mut **tx)
            .await
            .map(|done| done.rows_affected()))?;
        if rows == 0 {
            return Err(StoreError::NotFound { what: "second factor" });
        }
        crate::recovery_code::replace(&mut tx, user, recovery).await?;
        account_mail::tell(&mut tx, user, AccountChange::SecondFactorOn, event).await?;
        audit::insert(&mut tx, event).await?;
        Ok(tx.commit().await?)
    }

    /// Takes the code of a time step; `false` if that one or a later one was taken before.
    pub async fn take_second_factor_step(&self, user: PortalUserId, step: i64) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE second_factors SET last_step = $2
            WHERE portal_user_id = $1 AND confirmed_at_ms IS NOT NULL AND (last_step IS NULL OR last_step < $2)";
        let rows = on!(self.writer(), db => sqlx::query(SQL)
            .bind(user)
            .bind(step)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(rows > 0)
    }

    /// Removes the factor, confirmed or not, and its recovery codes; `false` if there was none.
    pub async fn delete_second_factor(
        &self,
        user: PortalUserId,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        const CODES: &str = "DELETE FROM recovery_codes WHERE portal_user_id = $1";
        const FACTOR: &str =
            "DELETE FROM second_factors WHERE portal_user_id = $1 RETURNING confirmed_at_ms IS NOT NULL";
        let mut tx = self.begin().await?;
        on!(&mut tx, tx => sqlx::query(CODES).bind(user).execute(&mut **tx).await.map(|_| ()))?;
        let was_confirmed: Option<bool> =
            on!(&mut tx, tx => sqlx::query_scalar(FACTOR).bind(user).fetch_optional(&mut **tx).await)?;
        if was_confirmed == Some(true) {
            account_mail::tell(&mut tx, user, AccountChange::SecondFactorOff, event).await?;
        }
        if was_confirmed.is_some() {
            audit::insert(&mut tx, event).await?;
        }
        tx.commit().await?;
        Ok(was_confirmed.is_some())
    }

    fn factor_key(&self) -> Result<&MasterKey, StoreError> {
        self.inner.key.as_ref().ok_or(StoreError::MissingKey)
    }
}

impl SecondFactor {
    /// The secret's text.
    pub fn secret_text(&self) -> &str {
        self.secret.expose_secret()
    }
}
