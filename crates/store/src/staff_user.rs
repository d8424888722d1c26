use std::collections::BTreeSet;

use crate::engine::{Tx, on};
use crate::portal_user::username_key;
use crate::unique_name::{self, Named};
use crate::{CompanyId, LIST_ROWS_MAX, StaffScope, StaffUserId, Store, StoreError};

/// What a staff user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StaffRole {
    /// Everything.
    Admin,
    /// Day-to-day changes.
    Operator,
    /// Looking only.
    Viewer,
}

impl StaffRole {
    /// `admin`, `operator` or `viewer`, as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Viewer => "viewer",
        }
    }
}

impl std::str::FromStr for StaffRole {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        match text {
            "admin" => Ok(Self::Admin),
            "operator" => Ok(Self::Operator),
            "viewer" => Ok(Self::Viewer),
            other => Err(StoreError::Invalid { what: "role", why: format!("{other:?} is not one") }),
        }
    }
}

impl TryFrom<String> for StaffRole {
    type Error = StoreError;

    fn try_from(text: String) -> Result<Self, StoreError> {
        text.parse()
    }
}

/// A person of the ISP, who logs in at `/staff/login`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
pub struct StaffUser {
    /// Its row.
    pub id: StaffUserId,
    /// Unique, in lower case.
    pub username: String,
    /// What colleagues call this person; may be empty.
    pub display_name: String,
    /// Where to write to.
    pub email: String,
    /// What this person may do.
    #[sqlx(try_from = "String")]
    pub role: StaffRole,
    /// Works for all companies, also those that are entered later.
    pub all_companies: bool,
    /// Since when this person may no longer log in.
    pub disabled_at_ms: Option<i64>,
    /// When it was entered.
    pub created_at_ms: i64,
    /// When the password was last changed; `None`: it is the first one.
    pub password_at_ms: Option<i64>,
}

impl StaffUser {
    /// Whether this person may log in.
    pub fn is_active(&self) -> bool {
        self.disabled_at_ms.is_none()
    }
}

/// A person of the ISP to enter; the fields are those of [`StaffUser`].
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the same fields are described at StaffUser")]
pub struct NewStaffUser<'a> {
    pub username: &'a str,
    pub display_name: &'a str,
    pub email: &'a str,
    pub role: StaffRole,
    pub password_hash: &'a str,
    /// For whom this person works.
    pub scope: StaffScope,
}

impl NewStaffUser<'_> {
    /// In place of the hash of a password: this person is invited by mail to set one.
    pub const INVITED: &'static str = crate::staff_password::NO_PASSWORD;
}

#[derive(sqlx::FromRow)]
struct WithHash {
    #[sqlx(flatten)]
    user: StaffUser,
    password_hash: String,
}

macro_rules! columns {
    () => {
        "id, username, display_name, email, role, all_companies, disabled_at_ms, created_at_ms, password_at_ms"
    };
}

impl Store {
    /// Enters a person of the ISP.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] if the user name is taken, in whatever case; [`StoreError::Dangling`] for a company that does
    /// not exist.
    pub async fn insert_staff_user(
        &self,
        new: &NewStaffUser<'_>,
        now_ms: i64,
    ) -> Result<StaffUserId, StoreError> {
        let mut tx = self.begin().await?;
        let id = insert(&mut tx, new, now_ms).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// The person of that user name and the password's hash, active or not.
    pub async fn staff_user_by_username(
        &self,
        username: &str,
    ) -> Result<Option<(StaffUser, String)>, StoreError> {
        const SQL: &str =
            concat!("SELECT ", columns!(), ", password_hash FROM staff_users WHERE username = $1");
        let found: Option<WithHash> = on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(username_key(username))
            .fetch_optional(db)
            .await)?;
        Ok(found.map(|row| (row.user, row.password_hash)))
    }

    /// All staff users by user name, at most [`LIST_ROWS_MAX`].
    pub async fn staff_users(&self) -> Result<Vec<StaffUser>, StoreError> {
        const SQL: &str = concat!("SELECT ", columns!(), " FROM staff_users ORDER BY username LIMIT $1");
        Ok(on!(self.reader(), db => sqlx::query_as(SQL).bind(LIST_ROWS_MAX).fetch_all(db).await)?)
    }

    /// One staff user.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    pub async fn staff_user(&self, id: StaffUserId) -> Result<StaffUser, StoreError> {
        const SQL: &str = concat!("SELECT ", columns!(), " FROM staff_users WHERE id = $1");
        let found = on!(self.reader(), db => sqlx::query_as(SQL).bind(id).fetch_optional(db).await)?;
        found.ok_or(StoreError::NotFound { what: "staff user" })
    }

    /// What a person of the ISP may see. One who is for certain companies and has none sees nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such person.
    pub async fn staff_scope(&self, id: StaffUserId) -> Result<StaffScope, StoreError> {
        const SQL: &str = "SELECT company_id FROM staff_user_companies WHERE staff_user_id = $1 ORDER BY company_id LIMIT $2";
        if self.staff_user(id).await?.all_companies {
            return Ok(StaffScope::All);
        }
        let companies: Vec<CompanyId> = on!(self.reader(), db => sqlx::query_scalar(SQL)
            .bind(id)
            .bind(LIST_ROWS_MAX)
            .fetch_all(db)
            .await)?;
        Ok(StaffScope::Companies(BTreeSet::from_iter(companies)))
    }
}

/// Replaces the list of companies.
pub(crate) async fn put_companies(
    tx: &mut Tx,
    id: StaffUserId,
    scope: &StaffScope,
) -> Result<(), StoreError> {
    const DELETE: &str = "DELETE FROM staff_user_companies WHERE staff_user_id = $1";
    const INSERT: &str = "INSERT INTO staff_user_companies (staff_user_id, company_id) VALUES ($1, $2)";
    on!(&mut *tx, tx => sqlx::query(DELETE).bind(id).execute(&mut **tx).await.map(|_| ()))?;
    let StaffScope::Companies(companies) = scope else { return Ok(()) };
    for company in companies {
        on!(&mut *tx, tx => sqlx::query(INSERT).bind(id).bind(company).execute(&mut **tx).await.map(|_| ()))
            .map_err(|error| StoreError::on_insert(error, "staff user", &[]))?;
    }
    Ok(())
}

pub(crate) async fn insert(
    tx: &mut Tx,
    new: &NewStaffUser<'_>,
    now_ms: i64,
) -> Result<StaffUserId, StoreError> {
    const SQL: &str = "INSERT INTO staff_users (username, display_name, email, role, all_companies,
            password_hash, created_at_ms, username_folded)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id";
    let folded = unique_name::free(tx, Named::StaffUser, new.username, None).await?;
    let id = on!(&mut *tx, tx => sqlx::query_scalar(SQL)
        .bind(username_key(new.username))
        .bind(new.display_name)
        .bind(new.email)
        .bind(new.role.as_str())
        .bind(new.scope == StaffScope::All)
        .bind(new.password_hash)
        .bind(now_ms)
        .bind(folded)
        .fetch_one(&mut **tx)
        .await)
    .map_err(|error| StoreError::on_insert(error, "staff user", &[("username", "user name")]))?;
    put_companies(tx, id, &new.scope).await?;
    Ok(id)
}
