use secrecy::{ExposeSecret, SecretString};

use crate::engine::{Tx, on};
use crate::{
    AccountChange, AuditEvent, CompanyId, MasterKey, SessionId, SessionUser, Store, StoreError, account_mail,
    audit,
};

const TABLE: &str = "second_factors";

/// A factor that was begun is confirmed within this time: its secret was shown to somebody who had just typed the password.
pub const SECOND_FACTOR_BEGUN_MS: i64 = 10 * 60_000;

/// A person's second factor: the secret of time-based one-time codes.
#[derive(Clone, Debug)]
pub struct SecondFactor {
    /// The shared secret, as it was given to [`Store::begin_second_factor`].
    pub secret: SecretString,
    /// When the secret was made.
    pub begun_at_ms: i64,
    /// When the user showed a first code; until then it is not asked for.
    pub confirmed_at_ms: Option<i64>,
    /// Salt of the recovery codes' hashes.
    pub recovery_salt: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    secret_sealed: String,
    created_at_ms: i64,
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
        user: impl Into<SessionUser>,
        secret: &SecretString,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        const DROP: &str = "DELETE FROM second_factors
            WHERE (portal_user_id = $1 OR staff_user_id = $2) AND confirmed_at_ms IS NULL";
        const SQL: &str =
            "INSERT INTO second_factors (portal_user_id, staff_user_id, secret_sealed, created_at_ms)
            VALUES ($1, $2, $3, $4)";
        let user = user.into();
        let (portal, staff) = user.columns();
        let sealed = self.factor_key()?.seal(TABLE, &row_name(user), secret)?;
        let mut tx = self.begin().await?;
        on!(&mut tx, tx => sqlx::query(DROP).bind(portal).bind(staff).execute(&mut **tx).await.map(|_| ()))?;
        on!(&mut tx, tx => sqlx::query(SQL)
            .bind(portal)
            .bind(staff)
            .bind(sealed)
            .bind(now_ms)
            .execute(&mut **tx)
            .await
            .map(|_| ()))
        .map_err(|error| StoreError::on_insert(error, "second factor", &[("user_id", "user")]))?;
        Ok(tx.commit().await?)
    }

    /// The user's factor, confirmed or not.
    ///
    /// # Errors
    /// [`StoreError::MissingKey`] without the key.
    pub async fn second_factor(
        &self,
        user: impl Into<SessionUser>,
    ) -> Result<Option<SecondFactor>, StoreError> {
        const SQL: &str =
            "SELECT secret_sealed, created_at_ms, confirmed_at_ms, recovery_salt FROM second_factors
            WHERE portal_user_id = $1 OR staff_user_id = $2";
        let user = user.into();
        let (portal, staff) = user.columns();
        let row: Option<Row> =
            on!(self.reader(), db => sqlx::query_as(SQL).bind(portal).bind(staff).fetch_optional(db).await)?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(SecondFactor {
            secret: self.factor_key()?.unseal(TABLE, &row_name(user), &row.secret_sealed)?,
            begun_at_ms: row.created_at_ms,
            confirmed_at_ms: row.confirmed_at_ms,
            recovery_salt: row.recovery_salt,
        }))
    }

    /// Since when a login of this user needs a second factor; `None`: it does not.
    pub async fn second_factor_since(&self, user: impl Into<SessionUser>) -> Result<Option<i64>, StoreError> {
        const SQL: &str = "SELECT confirmed_at_ms FROM second_factors
            WHERE (portal_user_id = $1 OR staff_user_id = $2) AND confirmed_at_ms IS NOT NULL";
        let (portal, staff) = user.into().columns();
        Ok(
            on!(self.reader(), db => sqlx::query_scalar(SQL).bind(portal).bind(staff).fetch_optional(db).await)?,
        )
    }

    /// Makes a factor count from now on, `step` being that of the code just shown, with its recovery codes. All sessions
    /// of the user end but `kept`: they may be somebody's who has the password alone.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none to confirm, or it was begun [`SECOND_FACTOR_BEGUN_MS`] ago.
    pub async fn confirm_second_factor(
        &self,
        user: impl Into<SessionUser>,
        step: i64,
        recovery: RecoveryHashes<'_>,
        kept: Option<SessionId>,
        event: &AuditEvent,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE second_factors SET confirmed_at_ms = $3, last_step = $4
            WHERE (portal_user_id = $1 OR staff_user_id = $2) AND confirmed_at_ms IS NULL
                AND created_at_ms > $5";
        let user = user.into();
        let (portal, staff) = user.columns();
        let mut tx = self.begin().await?;
        let rows = on!(&mut tx, tx => sqlx::query(SQL)
            .bind(portal)
            .bind(staff)
            .bind(event.at_ms)
            .bind(step)
            .bind(event.at_ms - SECOND_FACTOR_BEGUN_MS)
            .execute(&mut **tx)
            .await
            .map(|done| done.rows_affected()))?;
        if rows == 0 {
            return Err(StoreError::NotFound { what: "second factor" });
        }
        crate::recovery_code::replace(&mut tx, user, recovery).await?;
        match user {
            SessionUser::Portal(id) => crate::password_reset::end_sessions(&mut tx, id, kept).await?,
            SessionUser::Staff(id) => crate::staff_user_write::end_sessions(&mut tx, id, kept).await?,
        }
        account_mail::tell(&mut tx, user, AccountChange::SecondFactorOn, event).await?;
        audit::insert(&mut tx, event).await?;
        Ok(tx.commit().await?)
    }

    /// Takes the code of a time step; `false` if that one or a later one was taken before.
    pub async fn take_second_factor_step(
        &self,
        user: impl Into<SessionUser>,
        step: i64,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE second_factors SET last_step = $3
            WHERE (portal_user_id = $1 OR staff_user_id = $2) AND confirmed_at_ms IS NOT NULL
                AND (last_step IS NULL OR last_step < $3)";
        let (portal, staff) = user.into().columns();
        let rows = on!(self.writer(), db => sqlx::query(SQL)
            .bind(portal)
            .bind(staff)
            .bind(step)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(rows > 0)
    }

    /// Removes the factor, confirmed or not, and its recovery codes; `false` if there was none.
    pub async fn delete_second_factor(
        &self,
        user: impl Into<SessionUser>,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let had_one = delete(&mut tx, user.into(), event).await?;
        tx.commit().await?;
        Ok(had_one)
    }

    fn factor_key(&self) -> Result<&MasterKey, StoreError> {
        self.inner.key.as_ref().ok_or(StoreError::MissingKey)
    }
}

/// Removes a factor and its recovery codes; `false` if there was none.
pub(crate) async fn delete(tx: &mut Tx, user: SessionUser, event: &AuditEvent) -> Result<bool, StoreError> {
    delete_about(tx, user, None, event).await
}

/// The same, where the event is about a thing of a company.
pub(crate) async fn delete_about(
    tx: &mut Tx,
    user: SessionUser,
    company: Option<CompanyId>,
    event: &AuditEvent,
) -> Result<bool, StoreError> {
    const CODES: &str = "DELETE FROM recovery_codes WHERE portal_user_id = $1 OR staff_user_id = $2";
    const FACTOR: &str = "DELETE FROM second_factors WHERE portal_user_id = $1 OR staff_user_id = $2
        RETURNING confirmed_at_ms IS NOT NULL";
    let (portal, staff) = user.columns();
    on!(&mut *tx, tx => sqlx::query(CODES).bind(portal).bind(staff).execute(&mut **tx).await.map(|_| ()))?;
    let was_confirmed: Option<bool> = on!(&mut *tx, tx => sqlx::query_scalar(FACTOR).bind(portal).bind(staff).fetch_optional(&mut **tx).await)?;
    if was_confirmed == Some(true) {
        account_mail::tell(tx, user, AccountChange::SecondFactorOff, event).await?;
    }
    if was_confirmed.is_some() {
        audit::insert_about(tx, company, event).await?;
    }
    Ok(was_confirmed.is_some())
}

/// What a sealed secret is bound to: people of clients have had the bare number from the beginning.
fn row_name(user: SessionUser) -> String {
    match user {
        SessionUser::Portal(id) => id.to_string(),
        SessionUser::Staff(id) => format!("staff:{id}"),
    }
}

impl SecondFactor {
    /// Whether a first code confirms it now.
    pub fn awaits_first_code(&self, now_ms: i64) -> bool {
        self.confirmed_at_ms.is_none() && now_ms - self.begun_at_ms < SECOND_FACTOR_BEGUN_MS
    }

    /// The secret's text.
    pub fn secret_text(&self) -> &str {
        self.secret.expose_secret()
    }
}
