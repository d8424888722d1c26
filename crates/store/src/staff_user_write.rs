//! Changes to people of the ISP: each ends what must end with it, and leaves its event.

use crate::engine::{Tx, on};
use crate::staff_user::put_companies;
use crate::{
    AuditEvent, SessionId, SessionUser, StaffRole, StaffScope, StaffUserId, Store, StoreError, audit,
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
    /// Changes what `edit` names. Whoever may no longer log in is out at once; others have the change on their next page.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Dangling`] for a company that does not exist.
    pub async fn edit_staff_user(
        &self,
        id: StaffUserId,
        edit: &StaffUserEdit<'_>,
        event: &AuditEvent,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE staff_users SET display_name = COALESCE($2, display_name),
                email = COALESCE($3, email), role = COALESCE($4, role), all_companies = COALESCE($5, all_companies)
            WHERE id = $1";
        let mut tx = self.begin().await?;
        let rows = on!(&mut tx, tx => sqlx::query(SQL)
            .bind(id)
            .bind(edit.display_name)
            .bind(edit.email)
            .bind(edit.role.map(StaffRole::as_str))
            .bind(edit.scope.as_ref().map(|scope| *scope == StaffScope::All))
            .execute(&mut **tx)
            .await
            .map(|done| done.rows_affected()))?;
        if rows == 0 {
            return Err(StoreError::NotFound { what: "staff user" });
        }
        if let Some(scope) = &edit.scope {
            put_companies(&mut tx, id, scope).await?;
        }
        if let Some(active) = edit.active {
            set_active(&mut tx, id, active, event.at_ms).await?;
        }
        audit::insert(&mut tx, event).await?;
        Ok(tx.commit().await?)
    }

    /// Removes a person of the ISP with sessions and second factor. The audit log goes on naming what this person did.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn remove_staff_user(&self, id: StaffUserId, event: &AuditEvent) -> Result<(), StoreError> {
        const SQL: [&str; 5] = [
            "DELETE FROM recovery_codes WHERE staff_user_id = $1",
            "DELETE FROM second_factors WHERE staff_user_id = $1",
            "DELETE FROM staff_user_companies WHERE staff_user_id = $1",
            "DELETE FROM pending_logins WHERE staff_user_id = $1",
            "DELETE FROM sessions WHERE staff_user_id = $1",
        ];
        const USER: &str = "DELETE FROM staff_users WHERE id = $1";
        let mut tx = self.begin().await?;
        for sql in SQL {
            on!(&mut tx, tx => sqlx::query(sql).bind(id).execute(&mut **tx).await.map(|_| ()))?;
        }
        let rows = on!(&mut tx, tx => sqlx::query(USER)
            .bind(id)
            .execute(&mut **tx)
            .await
            .map(|done| done.rows_affected()))?;
        if rows == 0 {
            return Err(StoreError::NotFound { what: "staff user" });
        }
        audit::insert(&mut tx, event).await?;
        Ok(tx.commit().await?)
    }

    /// Changes the password: all sessions but `kept` end, and so do half-done logins.
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

    /// For one who has lost phone and codes: the second factor goes, and every session ends; `false` if there was none.
    pub async fn recover_staff_user(&self, id: StaffUserId, event: &AuditEvent) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let had_one = crate::second_factor::delete(&mut tx, SessionUser::Staff(id), event).await?;
        end_sessions(&mut tx, id, None).await?;
        tx.commit().await?;
        Ok(had_one)
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

async fn end_sessions(tx: &mut Tx, id: StaffUserId, kept: Option<SessionId>) -> Result<(), StoreError> {
    const SESSIONS: &str = "DELETE FROM sessions WHERE staff_user_id = $1 AND ($2 IS NULL OR id <> $2)";
    const PENDING: &str = "DELETE FROM pending_logins WHERE staff_user_id = $1";
    on!(&mut *tx, tx => sqlx::query(SESSIONS).bind(id).bind(kept).execute(&mut **tx).await.map(|_| ()))?;
    on!(&mut *tx, tx => sqlx::query(PENDING).bind(id).execute(&mut **tx).await.map(|_| ()))?;
    Ok(())
}
