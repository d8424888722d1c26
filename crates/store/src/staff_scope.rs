//! What a person of the ISP may see and change: an argument of every store function behind a staff page. What is outside
//! is not found.

use std::collections::BTreeSet;

use crate::engine::{Engine, Tx, json, on};
use crate::{
    AuditEvent, ClientId, CompanyId, ExclusionId, LinkId, RouterId, Store, StoreError, audit, search,
};

/// The companies that a person of the ISP works for.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StaffScope {
    /// All, also those that are entered later.
    All,
    /// These.
    Companies(BTreeSet<CompanyId>),
}

impl StaffScope {
    /// Whether a company's things are within.
    pub fn holds(&self, company: CompanyId) -> bool {
        match self {
            Self::All => true,
            Self::Companies(companies) => companies.contains(&company),
        }
    }

    /// Whether nothing of another is outside of it.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Companies(_), Self::All) => false,
            (Self::Companies(ours), Self::Companies(theirs)) => theirs.is_subset(ours),
        }
    }

    /// Whether somebody of this scope may handle a person of that one: who works for nobody else. Who works for nobody at
    /// all is for people of all companies: an empty list says not whose person it was.
    pub(crate) fn manages(&self, theirs: &Self) -> bool {
        let is_nobodys = matches!(theirs, Self::Companies(companies) if companies.is_empty());
        self.covers(theirs) && (*self == Self::All || !is_nobodys)
    }

    /// The parameter of a [`scoped!`] text.
    pub(crate) fn parameter(&self) -> Result<Option<String>, StoreError> {
        match self {
            Self::All => Ok(None),
            Self::Companies(companies) => Ok(Some(json(companies)?)),
        }
    }

    /// Only what a scope holds is found.
    pub(crate) fn check(&self, company: CompanyId, what: &'static str) -> Result<CompanyId, StoreError> {
        if self.holds(company) { Ok(company) } else { Err(StoreError::NotFound { what }) }
    }
}

/// A change by a person of the ISP: within what, by whom, from where, when.
#[derive(Clone, Copy, Debug)]
pub struct StaffAct<'a> {
    /// What this person may change.
    pub scope: &'a StaffScope,
    /// `staff:<user name>`
    pub actor: &'a str,
    /// From where.
    pub address: Option<&'a str>,
    /// When.
    pub now_ms: i64,
}

impl StaffAct<'_> {
    /// Keeps what was and what is, in the transaction of the change.
    pub(crate) async fn record<T: serde::Serialize>(
        &self,
        tx: &mut Tx,
        company: impl Into<Option<CompanyId>>,
        (action, subject): (&str, String),
        (before, after): (Option<&T>, Option<&T>),
    ) -> Result<(), StoreError> {
        let detail = serde_json::json!({"before": before, "after": after});
        audit::insert_about(tx, company.into(), &AuditEvent { detail, ..self.event(action, subject) }).await
    }

    /// That something was done, without what was and what is.
    pub(crate) fn event(&self, action: &str, subject: String) -> AuditEvent {
        AuditEvent {
            at_ms: self.now_ms,
            actor: self.actor.to_owned(),
            action: action.to_owned(),
            subject,
            detail: serde_json::json!({}),
            address: self.address.map(str::to_owned),
        }
    }
}

/// A text for both engines whose first parameter is a [`StaffScope`]: `scoped!(["SELECT …"] "c.company_id" ["ORDER BY …"])`.
/// What it searches with `GLOB` takes [`StaffAsk::pattern`].
macro_rules! scoped {
    ([$($before:tt)*] $column:literal [$($after:tt)*]) => {
        $crate::engine::Differs {
            sqlite: concat!(
                $($before)*,
                " ($1 IS NULL OR ",
                $column,
                " IN (SELECT value FROM json_each($1))) ",
                $($after)*
            ),
            postgres: $crate::search::with_regex!(concat!(
                $($before)*,
                " ($1::text IS NULL OR ",
                $column,
                " IN (SELECT value::bigint FROM json_array_elements_text($1::json))) ",
                $($after)*
            )),
        }
    };
}
pub(crate) use scoped;

/// Rows of one page of a list.
pub const STAFF_PAGE_ROWS: i64 = 50;

/// What a list is asked for: words, and which page, from 1 on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StaffAsk<'a> {
    /// Found anywhere in the names, without regard to case; empty: all.
    pub search: &'a str,
    /// From 1 on.
    pub page: i64,
}

impl StaffAsk<'_> {
    /// The parameter that is searched for, see [`search`].
    pub(crate) fn pattern<S, P>(&self, engine: &Engine<S, P>) -> String {
        search::contains(self.search, engine)
    }

    pub(crate) fn offset(&self) -> i64 {
        (self.page.max(1) - 1).saturating_mul(STAFF_PAGE_ROWS)
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffPage<T> {
    /// At most [`STAFF_PAGE_ROWS`].
    pub rows: Vec<T>,
    /// How many there are on all pages; 0 on a page after the last.
    pub total: i64,
}

/// A row beside the count of all.
#[derive(sqlx::FromRow)]
pub(crate) struct Counted<T> {
    #[sqlx(flatten)]
    pub(crate) row: T,
    pub(crate) total: i64,
}

impl<T> StaffPage<T> {
    pub(crate) fn of(rows: Vec<Counted<T>>) -> Self {
        let total = rows.first().map_or(0, |row| row.total);
        Self { rows: rows.into_iter().map(|row| row.row).collect(), total }
    }

    /// The same page of what `convert` makes of each row.
    pub(crate) fn try_map<U>(
        self,
        convert: impl FnMut(T) -> Result<U, StoreError>,
    ) -> Result<StaffPage<U>, StoreError> {
        let rows = self.rows.into_iter().map(convert).collect::<Result<_, _>>()?;
        Ok(StaffPage { rows, total: self.total })
    }
}

/// The company of something; `None` if there is no such thing.
macro_rules! company_of {
    ($name:ident, $id:ty, $what:literal, $sql:literal) => {
        pub(crate) async fn $name(&self, scope: &StaffScope, id: $id) -> Result<CompanyId, StoreError> {
            const SQL: &str = $sql;
            let found: Option<CompanyId> =
                on!(self.reader(), db => sqlx::query_scalar(SQL).bind(id).fetch_optional(db).await)?;
            scope.check(found.ok_or(StoreError::NotFound { what: $what })?, $what)
        }
    };
}

/// Whose a thing is never changes, so that it may be looked up before the transaction of a change.
impl Store {
    company_of!(client_in, ClientId, "client", "SELECT company_id FROM clients WHERE id = $1");
    company_of!(router_in, RouterId, "router", "SELECT company_id FROM mikrotik_routers WHERE id = $1");
    company_of!(
        link_in,
        LinkId,
        "link",
        "SELECT c.company_id FROM client_links l JOIN clients c ON c.id = l.client_id WHERE l.id = $1"
    );
    company_of!(
        exclusion_in,
        ExclusionId,
        "exclusion",
        "SELECT c.company_id FROM exclusions e JOIN client_links l ON l.id = e.link_id
            JOIN clients c ON c.id = l.client_id WHERE e.id = $1"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_works_for_one_company_covers_nobody_who_works_for_another() {
        let some = |ids: &[i64]| StaffScope::Companies(ids.iter().copied().map(CompanyId).collect());
        assert!(some(&[1, 2]).covers(&some(&[1])) && StaffScope::All.covers(&StaffScope::All));
        assert!(!some(&[1, 2]).covers(&some(&[1, 3])) && !some(&[1]).covers(&StaffScope::All));
        assert!(some(&[1]).covers(&some(&[])) && !some(&[1]).manages(&some(&[])));
        assert!(StaffScope::All.manages(&some(&[])) && some(&[1, 2]).manages(&some(&[2])));
    }

    #[test]
    fn pages_count_from_one() {
        assert_eq!(StaffAsk { search: "", page: -7 }.offset(), 0);
    }
}
