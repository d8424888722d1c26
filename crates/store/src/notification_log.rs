//! What was told and what was not, with the reason.

use crate::engine::{Differs, Tx, json, on};
use crate::{
    AlertId, AlertSubject, ClientId, CompanyId, LIST_ROWS_MAX, NotificationEvent, OutboxState, ReceiptStatus,
    Store, StoreError,
};

/// Which end of a condition is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertPhase {
    /// It holds.
    Raised,
    /// It holds no more.
    Over,
}

/// What was done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NotificationOutcome {
    /// A message went into the outbox.
    Queued,
    /// A message waits for its time.
    Held,
    /// Nobody is told.
    Suppressed,
}

/// A line of the log to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNotificationLog {
    /// What kind of event.
    pub event: NotificationEvent,
    /// Its beginning or its end.
    pub phase: AlertPhase,
    /// Of what.
    pub subject: AlertSubject,
    /// Its name.
    pub about: String,
    /// What was done.
    pub outcome: NotificationOutcome,
    /// Why, unless it was told.
    pub reason: Option<String>,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct NotificationLog {
    /// Its row; `None` for mail about a report, which has its row in the outbox alone.
    pub id: Option<i64>,
    /// When it was decided.
    pub at_ms: i64,
    /// Whose.
    pub company_id: CompanyId,
    /// What kind of event.
    pub event: String,
    /// `raised` or `over`.
    pub phase: String,
    /// The circuit, the router or the company by name.
    pub about: String,
    /// The alert.
    pub alert_id: Option<AlertId>,
    /// `queued`, `held` or `suppressed`.
    pub outcome: String,
    /// Why, unless it was told.
    pub reason: Option<String>,
    /// Who was told.
    pub recipient: Option<String>,
    /// Where the mail is on its way; `None` without one, or when it is no longer kept.
    pub state: Option<OutboxState>,
    /// How often it was tried.
    pub attempts: Option<i64>,
    /// What the mail server said.
    pub answer: Option<String>,
    /// When the mail server took it.
    pub sent_at_ms: Option<i64>,
    /// What was said of it since: whether it was delivered, or read.
    pub receipt: Option<ReceiptStatus>,
    /// When that was.
    pub receipt_at_ms: Option<i64>,
}

/// Which lines to list; the default is all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NotificationLogFilter {
    /// Of this company.
    pub company: Option<CompanyId>,
    /// Of this event.
    pub event: Option<NotificationEvent>,
    /// Of this alert.
    pub alert: Option<AlertId>,
    /// Not before.
    pub from_ms: Option<i64>,
    /// Before.
    pub to_ms: Option<i64>,
    /// `Some(true)`: mail that was sent; `Some(false)`: mail that was given up.
    pub success: Option<bool>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Option<i64>,
    at_ms: i64,
    company_id: CompanyId,
    event: String,
    phase: String,
    about: String,
    alert_id: Option<AlertId>,
    outcome: String,
    reason: Option<String>,
    recipient: Option<String>,
    state: Option<String>,
    attempts: Option<i64>,
    answer: Option<String>,
    sent_at_ms: Option<i64>,
    receipt: Option<String>,
    receipt_at_ms: Option<i64>,
}

impl Store {
    /// The newest lines that `filter` asks for, newest first, at most `limit`; mail about reports is among them.
    pub async fn notification_log(
        &self,
        filter: &NotificationLogFilter,
        limit: i64,
    ) -> Result<Vec<NotificationLog>, StoreError> {
        const SQL: &str = "SELECT * FROM (
            SELECT n.id, n.at_ms, n.company_id, n.event, n.phase, n.about, n.alert_id, n.outcome, n.reason, n.recipient,
                o.state, o.attempts, COALESCE(o.answer, o.last_error) AS answer, o.sent_at_ms, o.receipt, o.receipt_at_ms
            FROM notification_logs n LEFT JOIN outbox o ON o.message_id = n.message_id
            UNION ALL
            SELECT NULL, o.created_at_ms, o.company_id, o.kind, 'raised', COALESCE(l.circuit, c.name, k.name), NULL,
                'queued', NULL, o.recipient, o.state, o.attempts, COALESCE(o.answer, o.last_error), o.sent_at_ms,
                o.receipt, o.receipt_at_ms
            FROM outbox o JOIN companies k ON k.id = o.company_id
                LEFT JOIN sla_reports r ON r.id = o.report_id LEFT JOIN client_links l ON l.id = r.link_id
                LEFT JOIN clients c ON c.id = o.client_id
            WHERE o.kind IN ('sla_breach', 'report_ready', 'report_summary')) x
            WHERE ($1 IS NULL OR company_id = $1) AND ($2 IS NULL OR event = $2) AND ($3 IS NULL OR alert_id = $3)
                AND at_ms >= $4 AND at_ms < $5
                AND ($6 IS NULL OR ($6 AND state = 'sent') OR (NOT $6 AND state = 'dead'))
            ORDER BY at_ms DESC, id DESC LIMIT $7";
        let rows: Vec<Row> = on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(filter.company)
            .bind(filter.event.map(NotificationEvent::as_str))
            .bind(filter.alert)
            .bind(filter.from_ms.unwrap_or(i64::MIN))
            .bind(filter.to_ms.unwrap_or(i64::MAX))
            .bind(filter.success)
            .bind(limit.clamp(0, LIST_ROWS_MAX))
            .fetch_all(db)
            .await)?;
        let line = |row: Row| {
            Ok(NotificationLog {
                id: row.id,
                at_ms: row.at_ms,
                company_id: row.company_id,
                event: row.event,
                phase: row.phase,
                about: row.about,
                alert_id: row.alert_id,
                outcome: row.outcome,
                reason: row.reason,
                recipient: row.recipient,
                state: row.state.map(|state| state.parse()).transpose()?,
                attempts: row.attempts,
                answer: row.answer,
                sent_at_ms: row.sent_at_ms,
                receipt: row.receipt.map(|receipt| receipt.parse()).transpose()?,
                receipt_at_ms: row.receipt_at_ms,
            })
        };
        rows.into_iter().map(line).collect()
    }
}

impl AlertPhase {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Over => "over",
        }
    }
}

impl NotificationOutcome {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Held => "held",
            Self::Suppressed => "suppressed",
        }
    }
}

/// A line with the columns that the turn knows.
pub(crate) struct Line<'a> {
    pub(crate) log: &'a NewNotificationLog,
    pub(crate) alert: Option<AlertId>,
    pub(crate) recipient: Option<&'a str>,
    pub(crate) client: Option<ClientId>,
    pub(crate) message_id: Option<&'a str>,
}

pub(crate) async fn insert(
    tx: &mut Tx,
    company: CompanyId,
    lines: &[Line<'_>],
    now_ms: i64,
) -> Result<(), StoreError> {
    const SQL: Differs = Differs {
        sqlite: "INSERT INTO notification_logs (company_id, at_ms, event, phase, subject, about, alert_id, outcome,
                reason, recipient, client_id, message_id)
            SELECT $1, $2, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
                value ->> 7, value ->> 8, value ->> 9
            FROM json_each($3) WHERE true ORDER BY key",
        postgres: "INSERT INTO notification_logs (company_id, at_ms, event, phase, subject, about, alert_id, outcome,
                reason, recipient, client_id, message_id)
            SELECT $1, $2, value ->> 0, value ->> 1, value ->> 2, value ->> 3, (value ->> 4)::bigint, value ->> 5,
                value ->> 6, value ->> 7, (value ->> 8)::bigint, value ->> 9
            FROM json_array_elements($3::json) WITH ORDINALITY t(value, place) ORDER BY place",
    };
    if lines.is_empty() {
        return Ok(());
    }
    let row = |line: &Line<'_>| {
        serde_json::json!([
            line.log.event,
            line.log.phase,
            line.log.subject,
            line.log.about,
            line.alert,
            line.log.outcome,
            line.log.reason,
            line.recipient,
            line.client,
            line.message_id,
        ])
    };
    let rows: Vec<_> = lines.iter().map(row).collect();
    let (sql, rows) = (SQL.on(tx), json(&rows)?);
    on!(tx, tx => sqlx::query(sql).bind(company).bind(now_ms).bind(rows).execute(&mut **tx).await.map(|_| ()))?;
    Ok(())
}
