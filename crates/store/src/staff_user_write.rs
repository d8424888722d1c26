//! What is written of people of the ISP, and what ends with it.

use crate::engine::{Tx, on};
use crate::staff_user::put_companies;
use crate::{
    AuditEvent, SessionId, StaffRole, StaffScope, StaffUserId, Store, StoreError, audit, staff_password,
};

/// What to change of a person of the ISP; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StaffUserEdit<'a> {
    /// What colleagues call this person.
    pub display_name: Option<&'a str>,
    /// Where to write to.
    pub email: Option<&'a str>,
    /// What this person may do.
    pub role: Option<StaffRole>,
    /// For whom this person works.
    pub scope: Option<StaffScope>,
    /// Whether this person may log in.
    pub active: Option<bool>,
}

impl Store {
    /// Changes the password: all sessions but `kept` end, and so do half-done logins and open links.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn change_staff_password(
        &self,
        id: StaffUserId,
        password_hash: &str,
        kept: Option<SessionId>,
        event: &AuditEvent,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE staff_users SET password_hash = $2, password_at_ms = $3 WHERE id = $1";
        let mut tx = self.begin().await?;
        staff_password::end_all_of(&mut tx, id).await?;
        let rows = on!(&mut tx, tx => sqlx::query(SQL)
            .bind(id)
            .bind(password_hash)
            .bind(event.at_ms)
            .execute(&mut **tx)
            .await
            .map(|done| done.rows_affected()))?;
        if rows == 0 {
            return Err(StoreError::NotFound { what: "staff user" });
        }
        end_sessions(&mut tx, id, kept).await?;
        audit::insert(&mut tx, event).await?;
        Ok(tx.commit().await?)
    }

    /// Replaces the password's hash by another of the same password.
    pub async fn set_staff_password_hash(
        &self,
        id: StaffUserId,
        password_hash: &str,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE staff_users SET password_hash = $2 WHERE id = $1";
        on!(self.writer(), db => sqlx::query(SQL).bind(id).bind(password_hash).execute(db).await.map(|_| ()))?;
        Ok(())
    }
}

/// Writes what `edit` names. Whoever may no longer log in is out.
pub(crate) async fn write(
    tx: &mut Tx,
    id: StaffUserId,
    edit: &StaffUserEdit<'_>,
    now_ms: i64,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE staff_users SET display_name = COALESCE($2, display_name),
            email = COALESCE($3, email), role = COALESCE($4, role), all_companies = COALESCE($5, all_companies)
        WHERE id = $1";
    on!(&mut *tx, tx => sqlx::query(SQL)
        .bind(id)
        .bind(edit.display_name)
        .bind(edit.email)
        .bind(edit.role.map(StaffRole::as_str))
        .bind(edit.scope.as_ref().map(|scope| *scope == StaffScope::All))
        .execute(&mut **tx)
        .await
        .map(|_| ()))?;
    if let Some(scope) = &edit.scope {
        put_companies(tx, id, scope).await?;
    }
    match edit.active {
        Some(active) => set_active(tx, id, active, now_ms).await,
        None => Ok(()),
    }
}

async fn set_active(tx: &mut Tx, id: StaffUserId, active: bool, now_ms: i64) -> Result<(), StoreError> {
    const ON: &str = "UPDATE staff_users SET disabled_at_ms = NULL WHERE id = $1";
    const OFF: &str = "UPDATE staff_users SET disabled_at_ms = COALESCE(disabled_at_ms, $2) WHERE id = $1";
    if active {
        on!(&mut *tx, tx => sqlx::query(ON).bind(id).execute(&mut **tx).await.map(|_| ()))?;
        return Ok(());
    }
    on!(&mut *tx, tx => sqlx::query(OFF).bind(id).bind(now_ms).execute(&mut **tx).await.map(|_| ()))?;
    end_sessions(tx, id, None).await
}

pub(crate) async fn end_sessions(
    tx: &mut Tx,
    id: StaffUserId,
    kept: Option<SessionId>,
) -> Result<(), StoreError> {
    const SESSIONS: &str = "DELETE FROM sessions WHERE staff_user_id = $1 AND ($2 IS NULL OR id <> $2)";
    const PENDING: &str = "DELETE FROM pending_logins WHERE staff_user_id = $1";
    on!(&mut *tx, tx => sqlx::query(SESSIONS).bind(id).bind(kept).execute(&mut **tx).await.map(|_| ()))?;
    on!(&mut *tx, tx => sqlx::query(PENDING).bind(id).execute(&mut **tx).await.map(|_| ()))?;
    Ok(())
}
