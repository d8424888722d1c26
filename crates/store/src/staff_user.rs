use crate::engine::on;
use crate::portal_user::username_key;
use crate::{LIST_ROWS_MAX, StaffUserId, Store, StoreError};

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
    /// Where to write to.
    pub email: String,
    /// What this person may do.
    #[sqlx(try_from = "String")]
    pub role: StaffRole,
    /// Whether this person may log in.
    pub active: bool,
    /// When it was entered.
    pub created_at_ms: i64,
}

#[derive(sqlx::FromRow)]
struct WithHash {
    #[sqlx(flatten)]
    user: StaffUser,
    password_hash: String,
}

macro_rules! columns {
    () => {
        "id, username, email, role, active, created_at_ms"
    };
}

impl Store {
    /// Enters a person of the ISP.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] if the user name is taken, in whatever case.
    pub async fn insert_staff_user(
        &self,
        username: &str,
        email: &str,
        role: StaffRole,
        password_hash: &str,
        now_ms: i64,
    ) -> Result<StaffUserId, StoreError> {
        const SQL: &str = "INSERT INTO staff_users (username, email, role, password_hash, created_at_ms)
            VALUES ($1, $2, $3, $4, $5) RETURNING id";
        on!(self.writer(), db => sqlx::query_scalar(SQL)
            .bind(username_key(username))
            .bind(email)
            .bind(role.as_str())
            .bind(password_hash)
            .bind(now_ms)
            .fetch_one(db)
            .await)
        .map_err(|error| StoreError::on_insert(error, "staff user", &[("username", "user name")]))
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
}
