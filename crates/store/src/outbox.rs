//! Mail that was written in the transaction of its cause, and what became of it.

use crate::engine::on;
use crate::outbox_delivery::OUTBOX_DROPPED;
use crate::{ClientId, CompanyId, LIST_ROWS_MAX, OutboxId, ReceiptStatus, ReportId, Store, StoreError};

/// Mail to write with a report; see [`NewReport`](crate::NewReport).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMail {
    /// What it tells, for example `sla_breach`.
    pub kind: String,
    /// One address.
    pub recipient: String,
    /// What its text is made of besides the report; at most [`PAYLOAD_BYTES_MAX`](crate::PAYLOAD_BYTES_MAX) as JSON.
    pub payload: serde_json::Value,
}

/// Where mail is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OutboxState {
    /// Waits for its time.
    Queued,
    /// A worker has it until its lease ends.
    Sending,
    /// The mail server took it.
    Sent,
    /// Given up; a person may have it tried again.
    Dead,
}

impl OutboxState {
    /// All of them, in the order of a mail's life.
    pub const ALL: [Self; 4] = [Self::Queued, Self::Sending, Self::Sent, Self::Dead];

    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Dead => "dead",
        }
    }
}

impl std::str::FromStr for OutboxState {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let found = Self::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or_else(|| StoreError::Invalid {
            what: "a mail's state",
            why: format!("{text:?} is neither queued, sending, sent nor dead"),
        })
    }
}

/// A mail with what became of it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct OutboxMail {
    /// Its row.
    pub id: OutboxId,
    /// What it tells.
    pub kind: String,
    /// Names its cause and recipient; unique.
    pub dedup_key: String,
    /// Its `Message-ID`, with angle brackets: the same however often it is tried.
    pub message_id: String,
    /// Who writes.
    pub company_id: CompanyId,
    /// About which client.
    pub client_id: Option<ClientId>,
    /// About which report.
    pub report_id: Option<ReportId>,
    /// One address.
    pub recipient: String,
    /// What its text is made of besides the report.
    pub payload: serde_json::Value,
    /// Where it is on its way.
    pub state: OutboxState,
    /// How often it was claimed, since it was written or had its last retry by a person.
    pub attempts: i64,
    /// When it was written.
    pub created_at_ms: i64,
    /// Not to be tried before.
    pub next_at_ms: i64,
    /// Until when a worker has it; it also tells one claim from the next.
    pub lease_until_ms: Option<i64>,
    /// What the last failed try failed with.
    pub last_error: Option<String>,
    /// What the mail server said when it took it.
    pub answer: Option<String>,
    /// When that was.
    pub sent_at_ms: Option<i64>,
    /// What a provider calls the message that it took.
    pub provider_id: Option<String>,
    /// What the provider said of it since.
    pub receipt: Option<ReceiptStatus>,
    /// When that was.
    pub receipt_at_ms: Option<i64>,
}

/// Which mail to list; the default is all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxFilter {
    /// In this state.
    pub state: Option<OutboxState>,
    /// About this client.
    pub client: Option<ClientId>,
    /// About this report.
    pub report: Option<ReportId>,
}

macro_rules! outbox_columns {
    () => {
        "id, kind, dedup_key, message_id, company_id, client_id, report_id, recipient, payload, state, attempts, \
         created_at_ms, next_at_ms, lease_until_ms, last_error, answer, sent_at_ms, provider_id, receipt, \
         receipt_at_ms"
    };
}
pub(crate) use outbox_columns;

#[derive(sqlx::FromRow)]
pub(crate) struct OutboxRow {
    id: OutboxId,
    kind: String,
    dedup_key: String,
    message_id: String,
    company_id: CompanyId,
    client_id: Option<ClientId>,
    report_id: Option<ReportId>,
    recipient: String,
    payload: String,
    state: String,
    attempts: i64,
    created_at_ms: i64,
    next_at_ms: i64,
    lease_until_ms: Option<i64>,
    last_error: Option<String>,
    answer: Option<String>,
    sent_at_ms: Option<i64>,
    provider_id: Option<String>,
    receipt: Option<String>,
    receipt_at_ms: Option<i64>,
}

impl TryFrom<OutboxRow> for OutboxMail {
    type Error = StoreError;

    fn try_from(row: OutboxRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            kind: row.kind,
            dedup_key: row.dedup_key,
            message_id: row.message_id,
            company_id: row.company_id,
            client_id: row.client_id,
            report_id: row.report_id,
            recipient: row.recipient,
            payload: serde_json::from_str(&row.payload).map_err(StoreError::corrupt)?,
            state: row.state.parse().map_err(StoreError::corrupt)?,
            attempts: row.attempts,
            created_at_ms: row.created_at_ms,
            next_at_ms: row.next_at_ms,
            lease_until_ms: row.lease_until_ms,
            last_error: row.last_error,
            answer: row.answer,
            sent_at_ms: row.sent_at_ms,
            provider_id: row.provider_id,
            receipt: row.receipt.map(|receipt| receipt.parse()).transpose().map_err(StoreError::corrupt)?,
            receipt_at_ms: row.receipt_at_ms,
        })
    }
}

impl Store {
    /// The newest mail that `filter` asks for, newest first, at most `limit`; for the ISP's own use.
    pub async fn outbox_list(
        &self,
        filter: &OutboxFilter,
        limit: i64,
    ) -> Result<Vec<OutboxMail>, StoreError> {
        const SQL: &str = concat!(
            "SELECT ",
            outbox_columns!(),
            " FROM outbox WHERE ($1 IS NULL OR state = $1) AND ($2 IS NULL OR client_id = $2)
                AND ($3 IS NULL OR report_id = $3) ORDER BY id DESC LIMIT $4"
        );
        let rows: Vec<OutboxRow> = on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(filter.state.map(OutboxState::as_str))
            .bind(filter.client)
            .bind(filter.report)
            .bind(limit.clamp(0, LIST_ROWS_MAX))
            .fetch_all(db)
            .await)?;
        rows.into_iter().map(OutboxMail::try_from).collect()
    }

    /// How much mail is in each state.
    pub async fn outbox_counts(&self) -> Result<Vec<(OutboxState, i64)>, StoreError> {
        const SQL: &str = "SELECT state, COUNT(*) FROM outbox GROUP BY state";
        let rows: Vec<(String, i64)> = on!(self.reader(), db => sqlx::query_as(SQL).fetch_all(db).await)?;
        let count = |state: OutboxState| {
            rows.iter().find(|(name, _)| name == state.as_str()).map_or(0, |(_, count)| *count)
        };
        Ok(OutboxState::ALL.map(|state| (state, count(state))).to_vec())
    }

    /// How much mail was given up against the will of whoever wrote it: all that is dead but what was dropped on purpose.
    pub async fn outbox_lost(&self) -> Result<i64, StoreError> {
        const SQL: &str =
            "SELECT COUNT(*) FROM outbox WHERE state = 'dead' AND COALESCE(last_error, '') NOT LIKE $1";
        let dropped = format!("{OUTBOX_DROPPED}%");
        Ok(on!(self.reader(), db => sqlx::query_scalar(SQL).bind(&dropped).fetch_one(db).await)?)
    }

    /// One mail, for the ISP's own use.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    pub async fn outbox_mail(&self, id: OutboxId) -> Result<OutboxMail, StoreError> {
        const SQL: &str = concat!("SELECT ", outbox_columns!(), " FROM outbox WHERE id = $1");
        let row: Option<OutboxRow> =
            on!(self.reader(), db => sqlx::query_as(SQL).bind(id).fetch_optional(db).await)?;
        row.ok_or(StoreError::NotFound { what: "mail" })?.try_into()
    }
}
