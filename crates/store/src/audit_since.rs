//! Who changed a thing since a form showed it.

use serde_json::Value;

use crate::audit::Row;
use crate::engine::on;
use crate::{AuditRecord, CompanyId, Shown, StaffScope, Store, StoreError};

/// The most changes that are told at once, the newest ones.
pub const CHANGES_MAX: usize = 10;
/// The most events that are looked through.
const EVENTS_MAX: i64 = 1_000;

/// A thing as the audit log names it: `link C-1` is a `link` called `C-1`.
#[derive(Clone, Copy, Debug)]
pub struct AuditSubject<'a> {
    /// Whose thing; `None`: that of no one company, whose events only people of all see.
    pub company: Option<CompanyId>,
    /// For example `link`.
    pub kind: &'static str,
    /// Its row.
    pub id: i64,
    /// As it is called now.
    pub name: &'a str,
}

impl Store {
    /// What was done to a thing after a form had shown it, in order; at most [`CHANGES_MAX`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a company out of the scope.
    pub async fn staff_changes_since(
        &self,
        scope: &StaffScope,
        subject: AuditSubject<'_>,
        shown: &Shown,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        const SQL: &str = "SELECT id, at_ms, actor, action, subject, detail, address FROM audit_events
            WHERE id > $1 AND (company_id = $2 OR ($2 IS NULL AND $5) OR company_id IS NULL AND ($5 OR detail LIKE $6)) AND subject LIKE $3
                AND action NOT LIKE 'client.view%' AND action NOT LIKE 'login%' AND action NOT LIKE 'logout%'
            ORDER BY id DESC LIMIT $4";
        if let Some(company) = subject.company {
            scope.check(company, subject.kind)?;
        }
        let rows: Vec<Row> = on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(shown.event())
            .bind(subject.company)
            .bind(format!("{} %", subject.kind))
            .bind(EVENTS_MAX)
            // What belongs to no company is for people of all; that it names this very thing makes it this company's.
            .bind(*scope == StaffScope::All)
            .bind(format!("%\"id\":{}%", subject.id))
            .fetch_all(db)
            .await)?;
        let mut name = format!("{} {}", subject.kind, subject.name);
        let mut found = Vec::new();
        // From the newest on: an event names what the thing was called before it.
        for row in rows {
            let record = AuditRecord::try_from(row)?;
            let is_it = match id_in(&record.event.detail) {
                Some(id) => id == subject.id,
                None => record.event.subject == name,
            };
            if is_it && found.len() < CHANGES_MAX {
                name.clone_from(&record.event.subject);
                found.push(record);
            }
        }
        found.reverse();
        Ok(found)
    }

    /// The newest event; 0: there is none.
    pub(crate) async fn newest_event(&self) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT COALESCE(MAX(id), 0) FROM audit_events";
        Ok(on!(self.reader(), db => sqlx::query_scalar(SQL).fetch_one(db).await)?)
    }
}

/// The row that an event tells of, if it says so.
fn id_in(detail: &Value) -> Option<i64> {
    let id = |side: &Value| side.get("id").or_else(|| side.get("link_id"))?.as_i64();
    id(&detail["after"]).or_else(|| id(&detail["before"]))
}
