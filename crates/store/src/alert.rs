//! Alerts: conditions that held, for as long as they did, and who looks after them.

use crate::engine::on;
use crate::{
    AlertId, ClientId, CompanyId, LIST_ROWS_MAX, LinkId, NotificationEvent, RouterId, Store, StoreError,
};

/// The most characters of a note, a name or a reason that a person writes.
pub const ALERT_TEXT_CHARS_MAX: usize = 1_000;

/// What an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AlertSubject {
    /// All that the company watches.
    Company(CompanyId),
    /// A router.
    Router(RouterId),
    /// A link.
    Link(LinkId),
}

impl std::fmt::Display for AlertSubject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Company(id) => write!(f, "company:{id}"),
            Self::Router(id) => write!(f, "router:{id}"),
            Self::Link(id) => write!(f, "link:{id}"),
        }
    }
}

impl std::str::FromStr for AlertSubject {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let parsed = text.split_once(':').and_then(|(kind, id)| Some((kind, id.parse().ok()?)));
        match parsed {
            Some(("company", id)) => Ok(Self::Company(CompanyId(id))),
            Some(("router", id)) => Ok(Self::Router(RouterId(id))),
            Some(("link", id)) => Ok(Self::Link(LinkId(id))),
            _ => Err(StoreError::Corrupt(format!("the subject {text:?} of an alert"))),
        }
    }
}

impl serde::Serialize for AlertSubject {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One time that a condition held.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Alert {
    /// Its row; 0 while it has none.
    pub id: AlertId,
    /// Whose alert.
    pub company_id: CompanyId,
    /// What kind of condition.
    pub event: NotificationEvent,
    /// Of what.
    pub subject: AlertSubject,
    /// The circuit, the router or the company by name, as it was then.
    pub about: String,
    /// Whose link, if it is one's.
    pub client_id: Option<ClientId>,
    /// Since when the condition held.
    pub opened_at_ms: i64,
    /// When that was noticed.
    pub raised_at_ms: i64,
    /// Since when it holds no more.
    pub closed_at_ms: Option<i64>,
    /// When it was told, to those who were there to be told.
    pub told_at_ms: Option<i64>,
    /// Why it is not told, or why its end is not: `quiet_hours`, `maintenance`, ...
    pub waits: Option<String>,
    /// Whether its end is still to be told.
    pub owes: bool,
    /// When its end was told.
    pub over_told_at_ms: Option<i64>,
    /// What was known when it was raised, for its messages.
    pub facts: serde_json::Value,
    /// Who took note of it.
    pub acknowledged_by: Option<String>,
    /// When.
    pub acknowledged_at_ms: Option<i64>,
    /// In what words.
    pub acknowledged_note: Option<String>,
    /// Who looks after it.
    pub assigned_to: Option<String>,
    /// Who took it off the list while its condition held.
    pub dismissed_by: Option<String>,
    /// When.
    pub dismissed_at_ms: Option<i64>,
    /// Why.
    pub dismissed_reason: Option<String>,
}

impl Alert {
    /// Whether it is there to be dealt with: its condition holds, and nobody has closed it by hand.
    pub fn is_open(&self) -> bool {
        self.closed_at_ms.is_none() && self.dismissed_at_ms.is_none()
    }
}

/// Which alerts to list; the default is all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// Of this company.
    pub company: Option<CompanyId>,
    /// Of this kind.
    pub event: Option<NotificationEvent>,
    /// Of this thing.
    pub subject: Option<AlertSubject>,
    /// Only those whose condition holds.
    pub open_only: bool,
    /// Only those that nobody took note of.
    pub unacknowledged_only: bool,
}

macro_rules! alert_columns {
    () => {
        "id, company_id, event, subject, about, client_id, opened_at_ms, raised_at_ms, closed_at_ms, told_at_ms, waits, \
         owes, over_told_at_ms, facts, acknowledged_by, acknowledged_at_ms, acknowledged_note, assigned_to, \
         dismissed_by, dismissed_at_ms, dismissed_reason"
    };
}
pub(crate) use alert_columns;

#[derive(sqlx::FromRow)]
pub(crate) struct AlertRow {
    id: AlertId,
    company_id: CompanyId,
    event: String,
    subject: String,
    about: String,
    client_id: Option<ClientId>,
    opened_at_ms: i64,
    raised_at_ms: i64,
    closed_at_ms: Option<i64>,
    told_at_ms: Option<i64>,
    waits: Option<String>,
    owes: bool,
    over_told_at_ms: Option<i64>,
    facts: String,
    acknowledged_by: Option<String>,
    acknowledged_at_ms: Option<i64>,
    acknowledged_note: Option<String>,
    assigned_to: Option<String>,
    dismissed_by: Option<String>,
    dismissed_at_ms: Option<i64>,
    dismissed_reason: Option<String>,
}

impl TryFrom<AlertRow> for Alert {
    type Error = StoreError;

    fn try_from(row: AlertRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            company_id: row.company_id,
            event: row.event.parse().map_err(StoreError::corrupt)?,
            subject: row.subject.parse()?,
            about: row.about,
            client_id: row.client_id,
            opened_at_ms: row.opened_at_ms,
            raised_at_ms: row.raised_at_ms,
            closed_at_ms: row.closed_at_ms,
            told_at_ms: row.told_at_ms,
            waits: row.waits,
            owes: row.owes,
            over_told_at_ms: row.over_told_at_ms,
            facts: serde_json::from_str(&row.facts).map_err(StoreError::corrupt)?,
            acknowledged_by: row.acknowledged_by,
            acknowledged_at_ms: row.acknowledged_at_ms,
            acknowledged_note: row.acknowledged_note,
            assigned_to: row.assigned_to,
            dismissed_by: row.dismissed_by,
            dismissed_at_ms: row.dismissed_at_ms,
            dismissed_reason: row.dismissed_reason,
        })
    }
}

impl Store {
    /// The newest alerts that `filter` asks for, newest first, at most `limit`; for the ISP's own use.
    pub async fn alerts(&self, filter: &AlertFilter, limit: i64) -> Result<Vec<Alert>, StoreError> {
        const SQL: &str = concat!(
            "SELECT ",
            alert_columns!(),
            " FROM alerts WHERE ($1 IS NULL OR company_id = $1) AND ($2 IS NULL OR event = $2)
                AND ($3 IS NULL OR subject = $3) AND (NOT $4 OR closed_at_ms IS NULL)
                AND (NOT $5 OR acknowledged_at_ms IS NULL)
            ORDER BY id DESC LIMIT $6"
        );
        let rows: Vec<AlertRow> = on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(filter.company)
            .bind(filter.event.map(NotificationEvent::as_str))
            .bind(filter.subject.map(|subject| subject.to_string()))
            .bind(filter.open_only)
            .bind(filter.unacknowledged_only)
            .bind(limit.clamp(0, LIST_ROWS_MAX))
            .fetch_all(db)
            .await)?;
        rows.into_iter().map(Alert::try_from).collect()
    }

    /// One alert, for the ISP's own use.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    pub async fn alert(&self, id: AlertId) -> Result<Alert, StoreError> {
        const SQL: &str = concat!("SELECT ", alert_columns!(), " FROM alerts WHERE id = $1");
        let row: Option<AlertRow> =
            on!(self.reader(), db => sqlx::query_as(SQL).bind(id).fetch_optional(db).await)?;
        row.ok_or(StoreError::NotFound { what: "alert" })?.try_into()
    }

    /// Removes alerts that were over before `before_ms` and log lines older than that, at most `limit` of each; how many.
    pub async fn delete_alerts_before(&self, before_ms: i64, limit: i64) -> Result<u64, StoreError> {
        const ALERTS: &str = "DELETE FROM alerts WHERE id IN
            (SELECT id FROM alerts WHERE closed_at_ms < $1 AND NOT owes ORDER BY closed_at_ms LIMIT $2)";
        const LOGS: &str = "DELETE FROM notification_logs WHERE id IN
            (SELECT id FROM notification_logs WHERE at_ms < $1 ORDER BY at_ms LIMIT $2)";
        let mut gone = 0;
        for sql in [ALERTS, LOGS] {
            gone += on!(self.writer(), db => sqlx::query(sql)
                .bind(before_ms)
                .bind(limit)
                .execute(db)
                .await
                .map(|done| done.rows_affected()))?;
        }
        Ok(gone)
    }
}

/// What a person writes, on the conditions of a column.
pub(crate) fn text<'a>(what: &'static str, text: &'a str) -> Result<&'a str, StoreError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(StoreError::Invalid { what, why: "it is empty".to_owned() });
    }
    if text.chars().count() > ALERT_TEXT_CHARS_MAX || text.contains('\0') {
        let why = format!("it has more than {ALERT_TEXT_CHARS_MAX} characters, or one that is none");
        return Err(StoreError::Invalid { what, why });
    }
    Ok(text)
}
