//! People of the ISP as their admins see them. An admin of some companies sees those who work for no other.

use serde_json::{Value, json};

use crate::engine::{Differs, Tx, on};
use crate::search::with_regex;
use crate::staff_password::NO_PASSWORD;
use crate::staff_scope::Counted;
use crate::{
    CompanyId, LIST_ROWS_MAX, STAFF_PAGE_ROWS, Shown, StaffAsk, StaffPage, StaffRole, StaffScope,
    StaffUserId, Store, StoreError,
};

/// A person of the ISP, as an admin sees it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct StaffMember {
    /// Its row.
    pub id: StaffUserId,
    /// The name to log in with.
    pub username: String,
    /// What colleagues call this person; may be empty.
    pub display_name: String,
    /// Where to write to.
    pub email: String,
    /// What this person may do.
    pub role: StaffRole,
    /// Works for all companies, also those that are entered later.
    pub all_companies: bool,
    /// Else for these, by name.
    pub companies: Vec<(CompanyId, String)>,
    /// Since when this person may no longer log in.
    pub disabled_at_ms: Option<i64>,
    /// When it was entered.
    pub created_at_ms: i64,
    /// When the password was last changed; `None`: it is the first one, or there is none.
    pub password_at_ms: Option<i64>,
    /// Whether this person has ever had a password; if not, an invitation is under way or has run out.
    pub has_password: bool,
    /// Whether a login needs a second factor.
    pub second_factor: bool,
    /// When this person last used a session that has not expired.
    pub seen_at_ms: Option<i64>,
}

impl StaffMember {
    /// For whom this person works.
    pub fn scope(&self) -> StaffScope {
        match self.all_companies {
            true => StaffScope::All,
            false => StaffScope::Companies(self.companies.iter().map(|(id, _)| *id).collect()),
        }
    }

    /// For whom this person works, in words.
    pub fn works_for(&self) -> String {
        match (self.all_companies, self.companies.is_empty()) {
            (true, _) => "all companies".to_owned(),
            (false, true) => "no company".to_owned(),
            (false, false) => {
                self.companies.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(", ")
            }
        }
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: StaffUserId,
    username: String,
    display_name: String,
    email: String,
    #[sqlx(try_from = "String")]
    role: StaffRole,
    all_companies: bool,
    companies: String,
    disabled_at_ms: Option<i64>,
    created_at_ms: i64,
    password_at_ms: Option<i64>,
    has_password: bool,
    second_factor: bool,
    seen_at_ms: Option<i64>,
}

impl TryFrom<Row> for StaffMember {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            username: row.username,
            display_name: row.display_name,
            email: row.email,
            role: row.role,
            all_companies: row.all_companies,
            companies: serde_json::from_str(&row.companies).map_err(StoreError::corrupt)?,
            disabled_at_ms: row.disabled_at_ms,
            created_at_ms: row.created_at_ms,
            password_at_ms: row.password_at_ms,
            has_password: row.has_password,
            second_factor: row.second_factor,
            seen_at_ms: row.seen_at_ms,
        })
    }
}

macro_rules! members {
    ($companies:literal, $foreign:literal, $rest:literal) => {
        concat!(
            "SELECT u.id, u.username, u.display_name, u.email, u.role, u.all_companies, ",
            $companies,
            " AS companies, u.disabled_at_ms, u.created_at_ms, u.password_at_ms,
                u.password_hash <> $2 AS has_password, f.confirmed_at_ms IS NOT NULL AS second_factor,
                (SELECT MAX(s.seen_at_ms) FROM sessions s WHERE s.staff_user_id = u.id) AS seen_at_ms,
                COUNT(*) OVER () AS total
            FROM staff_users u LEFT JOIN second_factors f ON f.staff_user_id = u.id
            WHERE ($1 IS NULL OR NOT u.all_companies
                AND EXISTS (SELECT 1 FROM staff_user_companies m WHERE m.staff_user_id = u.id)
                AND NOT EXISTS (SELECT 1 FROM staff_user_companies m WHERE m.staff_user_id = u.id AND m.company_id NOT IN (",
            $foreign,
            "))) ",
            $rest
        )
    };
}

macro_rules! on_either {
    ($rest:literal) => {
        Differs {
            sqlite: members!(
                "(SELECT json_group_array(json_array(c.id, c.name)) FROM (SELECT c.id, c.name FROM staff_user_companies m
                    JOIN companies c ON c.id = m.company_id WHERE m.staff_user_id = u.id ORDER BY c.name, c.id) c)",
                "SELECT value FROM json_each($1)",
                $rest
            ),
            postgres: with_regex!(members!(
                "(SELECT COALESCE(json_agg(json_build_array(c.id, c.name) ORDER BY c.name, c.id), '[]'::json)::text
                    FROM staff_user_companies m JOIN companies c ON c.id = m.company_id WHERE m.staff_user_id = u.id)",
                "SELECT value::bigint FROM json_array_elements_text($1::json)",
                $rest
            )),
        }
    };
}

const LIST: Differs = on_either!(
    "AND (u.username GLOB $3 OR u.display_name GLOB $3
        OR u.email GLOB $3)
    ORDER BY u.disabled_at_ms IS NOT NULL, u.username LIMIT $4 OFFSET $5"
);
const ONE: Differs = on_either!("AND u.id = $3");

impl Store {
    /// People of the ISP whom somebody of a scope may handle, those who may no longer log in last.
    pub async fn staff_members(
        &self,
        scope: &StaffScope,
        ask: StaffAsk<'_>,
    ) -> Result<StaffPage<StaffMember>, StoreError> {
        self.members(scope, ask, STAFF_PAGE_ROWS).await
    }

    /// All of them at once, at most [`LIST_ROWS_MAX`].
    pub async fn staff_members_for_file(&self, scope: &StaffScope) -> Result<Vec<StaffMember>, StoreError> {
        Ok(self.members(scope, StaffAsk { search: "", page: 1 }, LIST_ROWS_MAX).await?.rows)
    }

    async fn members(
        &self,
        scope: &StaffScope,
        ask: StaffAsk<'_>,
        rows_max: i64,
    ) -> Result<StaffPage<StaffMember>, StoreError> {
        let reader = self.reader();
        let (sql, scope) = (LIST.on(&reader), scope.parameter()?);
        let rows: Vec<Counted<Row>> = on!(reader, db => sqlx::query_as(sql)
            .bind(scope)
            .bind(NO_PASSWORD)
            .bind(ask.pattern(&reader))
            .bind(rows_max)
            .bind(ask.offset())
            .fetch_all(db)
            .await)?;
        StaffPage::of(rows).try_map(StaffMember::try_from)
    }

    /// One of them.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none whom somebody of this scope may handle.
    pub async fn staff_member(&self, scope: &StaffScope, id: StaffUserId) -> Result<StaffMember, StoreError> {
        let reader = self.reader();
        let (sql, scope) = (ONE.on(&reader), scope.parameter()?);
        let row: Option<Counted<Row>> = on!(reader, db => sqlx::query_as(sql)
            .bind(scope)
            .bind(NO_PASSWORD)
            .bind(id)
            .fetch_optional(db)
            .await)?;
        row.ok_or(StoreError::NotFound { what: "staff user" })?.row.try_into()
    }

    /// The same as a form shows it.
    ///
    /// # Errors
    /// Those of [`staff_member`](Self::staff_member).
    pub async fn shown_staff_member(
        &self,
        scope: &StaffScope,
        id: StaffUserId,
    ) -> Result<(StaffMember, Shown), StoreError> {
        let event = self.newest_event().await?;
        let member = self.staff_member(scope, id).await?;
        let shown = Shown::of(&Standing::of(&member), event)?;
        Ok((member, shown))
    }
}

/// What can be changed of a person, as the audit log keeps it. It has no row number: events of several companies are for
/// people of all, also where the person works for one of them by now.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Standing {
    pub(crate) username: String,
    display_name: String,
    pub(crate) email: String,
    pub(crate) role: StaffRole,
    /// `all`, or names.
    companies: Value,
    pub(crate) active: bool,
    #[serde(skip)]
    pub(crate) scope: StaffScope,
    #[serde(skip)]
    pub(crate) has_password: bool,
}

impl Standing {
    fn of(member: &StaffMember) -> Self {
        let names = || json!(member.companies.iter().map(|(_, name)| name).collect::<Vec<_>>());
        Self {
            username: member.username.clone(),
            display_name: member.display_name.clone(),
            email: member.email.clone(),
            role: member.role,
            companies: if member.all_companies { json!("all") } else { names() },
            active: member.disabled_at_ms.is_none(),
            scope: member.scope(),
            has_password: member.has_password,
        }
    }

    /// Whether this person may see to all companies and their people, and gets in.
    pub(crate) fn leads_all(&self) -> bool {
        self.role == StaffRole::Admin && self.scope == StaffScope::All && self.active && self.has_password
    }
}

/// A person as it is, held against other changes until the transaction ends.
pub(crate) async fn locked(tx: &mut Tx, id: StaffUserId) -> Result<Standing, StoreError> {
    const LOCK: Differs = Differs {
        sqlite: "SELECT id FROM staff_users WHERE id = $1",
        postgres: "SELECT id FROM staff_users WHERE id = $1 FOR UPDATE",
    };
    let (lock, sql) = (LOCK.on(tx), ONE.on(tx));
    let found: Option<StaffUserId> =
        on!(&mut *tx, tx => sqlx::query_scalar(lock).bind(id).fetch_optional(&mut **tx).await)?;
    found.ok_or(StoreError::NotFound { what: "staff user" })?;
    let row: Counted<Row> = on!(tx, tx => sqlx::query_as(sql)
        .bind(None::<String>)
        .bind(NO_PASSWORD)
        .bind(id)
        .fetch_one(&mut **tx)
        .await)?;
    Ok(Standing::of(&row.row.try_into()?))
}
