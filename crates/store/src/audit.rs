use crate::engine::{Differs, Tx, on};
use crate::staff_scope::{Counted, scoped};
use crate::{CompanyId, LIST_ROWS_MAX, STAFF_PAGE_ROWS, StaffAsk, StaffPage, StaffScope, Store, StoreError};

/// Something that somebody did.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct AuditEvent {
    /// When.
    pub at_ms: i64,
    /// Who: `cli`, `portal:<user name>`, `staff:<user name>`.
    pub actor: String,
    /// What, for example `login` or `link.add`.
    pub action: String,
    /// To what, for example `link C-1`.
    pub subject: String,
    /// With what particulars; never a secret.
    pub detail: serde_json::Value,
    /// From where.
    pub address: Option<String>,
}

/// An event as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct AuditRecord {
    /// Its row; rises with time of writing.
    pub id: i64,
    /// What happened.
    #[serde(flatten)]
    pub event: AuditEvent,
}

#[derive(sqlx::FromRow)]
pub(crate) struct Row {
    id: i64,
    at_ms: i64,
    actor: String,
    action: String,
    subject: String,
    detail: String,
    address: Option<String>,
}

impl TryFrom<Row> for AuditRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let event = AuditEvent {
            at_ms: row.at_ms,
            actor: row.actor,
            action: row.action,
            subject: row.subject,
            detail: serde_json::from_str(&row.detail).map_err(StoreError::corrupt)?,
            address: row.address,
        };
        Ok(Self { id: row.id, event })
    }
}

const INSERT: &str = "INSERT INTO audit_events (at_ms, actor, action, subject, detail, address, company_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

impl Store {
    /// Keeps an event. Events are never changed.
    pub async fn audit(&self, event: &AuditEvent) -> Result<(), StoreError> {
        on!(self.writer(), db => sqlx::query(INSERT)
            .bind(event.at_ms)
            .bind(&event.actor)
            .bind(&event.action)
            .bind(&event.subject)
            .bind(event.detail.to_string())
            .bind(&event.address)
            .bind(None::<CompanyId>)
            .execute(db)
            .await
            .map(|_| ()))?;
        Ok(())
    }

    /// Keeps several, all or none.
    pub async fn audit_all(&self, events: &[AuditEvent]) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        for event in events {
            insert(&mut tx, event).await?;
        }
        Ok(tx.commit().await?)
    }

    /// The same about a thing of a company, whose people see it.
    pub async fn audit_of(&self, company: CompanyId, event: &AuditEvent) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        insert_about(&mut tx, Some(company), event).await?;
        Ok(tx.commit().await?)
    }

    /// The newest events before row `before` (`None`: from the newest on), at most `limit`.
    pub async fn audit_events(
        &self,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        const SQL: &str = "SELECT id, at_ms, actor, action, subject, detail, address FROM audit_events
            WHERE id < $1 ORDER BY id DESC LIMIT $2";
        let rows: Vec<Row> = on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(before.unwrap_or(i64::MAX))
            .bind(limit.clamp(0, LIST_ROWS_MAX))
            .fetch_all(db)
            .await)?;
        rows.into_iter().map(AuditRecord::try_from).collect()
    }
}

/// Which events a person of the ISP asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StaffAuditAsk<'a> {
    /// Words in actor, action, subject or particulars, and the page.
    pub ask: StaffAsk<'a>,
    /// Only what this actor did, for example `staff:noc`.
    pub actor: Option<&'a str>,
}

const STAFF_AUDIT: Differs = scoped!(
    ["SELECT e.id, e.at_ms, e.actor, e.action, e.subject, e.detail, e.address, COUNT(*) OVER () AS total
        FROM audit_events e WHERE"]
    "e.company_id"
    ["AND ($2 IS NULL OR e.actor = $2)
        AND (e.actor GLOB $3 OR e.action GLOB $3
            OR e.subject GLOB $3 OR e.detail GLOB $3)
        ORDER BY e.id DESC LIMIT $4 OFFSET $5"]
);

impl Store {
    /// Events within a scope, the newest first. Those of no company, log-ins for example, are within all companies only.
    pub async fn staff_audit(
        &self,
        scope: &StaffScope,
        asked: &StaffAuditAsk<'_>,
    ) -> Result<StaffPage<AuditRecord>, StoreError> {
        let reader = self.reader();
        let (sql, scope) = (STAFF_AUDIT.on(&reader), scope.parameter()?);
        let rows: Vec<Counted<Row>> = on!(reader, db => sqlx::query_as(sql)
            .bind(scope)
            .bind(asked.actor)
            .bind(asked.ask.pattern(&reader))
            .bind(STAFF_PAGE_ROWS)
            .bind(asked.ask.offset())
            .fetch_all(db)
            .await)?;
        StaffPage::of(rows).try_map(AuditRecord::try_from)
    }
}

/// Keeps an event in the transaction of what it tells of.
pub(crate) async fn insert(tx: &mut Tx, event: &AuditEvent) -> Result<(), StoreError> {
    insert_about(tx, None, event).await
}

/// Keeps an event about a thing of a company: those who work for it see it.
pub(crate) async fn insert_about(
    tx: &mut Tx,
    company: Option<CompanyId>,
    event: &AuditEvent,
) -> Result<(), StoreError> {
    on!(tx, tx => sqlx::query(INSERT)
        .bind(event.at_ms)
        .bind(&event.actor)
        .bind(&event.action)
        .bind(&event.subject)
        .bind(event.detail.to_string())
        .bind(&event.address)
        .bind(company)
        .execute(&mut **tx)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// An edit as an event: what was, and what is.
pub(crate) async fn edited<T: serde::Serialize>(
    tx: &mut Tx,
    (actor, now_ms): (&str, i64),
    (action, subject): (&str, String),
    (before, after): (Option<&T>, Option<&T>),
) -> Result<(), StoreError> {
    let event = AuditEvent {
        at_ms: now_ms,
        actor: actor.to_owned(),
        action: action.to_owned(),
        subject,
        detail: serde_json::json!({"before": before, "after": after}),
        address: None,
    };
    insert(tx, &event).await
}
