//! Messages on the staff pages: what went into the outbox, what became of it, and what was held back or not told.

use crate::engine::{Differs, on};
use crate::staff_scope::{Counted, scoped};
use crate::{
    AlertId, Channel, CompanyId, OutboxId, OutboxMail, ReceiptStatus, STAFF_PAGE_ROWS, StaffAsk, StaffPage,
    StaffScope, Store, StoreError,
};

/// The most messages that are read for a file.
pub const DELIVERIES_IN_FILE_MAX: i64 = 10_000;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryStanding {
    /// The receiver took it.
    Sent,
    /// It is on its way.
    Queued,
    /// It was given up.
    Dead,
    /// It waits for its time.
    Held,
    /// Nobody is told.
    Suppressed,
    /// It was decided, and what became of it is no longer kept.
    Gone,
}

impl DeliveryStanding {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 6] =
        [Self::Sent, Self::Queued, Self::Dead, Self::Held, Self::Suppressed, Self::Gone];

    /// Its name in an address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Queued => "queued",
            Self::Dead => "dead",
            Self::Held => "held",
            Self::Suppressed => "suppressed",
            Self::Gone => "gone",
        }
    }
}

/// Which messages a person of the ISP asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StaffDeliveryAsk<'a> {
    /// Words in what it is about, its recipient, its client, or the answer or reason; and the page.
    pub ask: StaffAsk<'a>,
    /// Only these.
    pub standing: Option<DeliveryStanding>,
    /// Only what goes this way.
    pub channel: Option<Channel>,
    /// Only to this recipient, exactly.
    pub recipient: Option<&'a str>,
    /// Only of this kind: an event, or a kind of mail about accounts.
    pub kind: Option<&'a str>,
    /// Not decided before.
    pub from_ms: Option<i64>,
    /// Decided before.
    pub to_ms: Option<i64>,
}

/// A message, or what was decided instead of one, as staff see it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct StaffDelivery {
    /// Its row in the outbox; `None`: there is none, or no longer.
    pub mail: Option<OutboxId>,
    /// When it was decided.
    pub at_ms: i64,
    /// Whose.
    pub company_id: CompanyId,
    /// Who that is.
    pub company: String,
    /// The company's, in which its times are told.
    pub timezone: String,
    /// An event, or a kind of mail about accounts.
    pub kind: String,
    /// `raised` or `over`.
    pub phase: String,
    /// The circuit, the router or the company by name; empty for mail about an account.
    pub about: String,
    /// The alert that it tells of.
    pub alert: Option<AlertId>,
    /// The client whose people it is for, or whose report it is about.
    pub client: Option<String>,
    /// Who is told; `None`: nobody.
    pub recipient: Option<String>,
    /// Why it is held or not told.
    pub reason: Option<String>,
    /// What became of it.
    pub standing: DeliveryStanding,
    /// How often it was tried.
    pub attempts: Option<i64>,
    /// When it is tried next.
    pub next_at_ms: Option<i64>,
    /// What the receiver said last.
    pub answer: Option<String>,
    /// When the receiver took it.
    pub sent_at_ms: Option<i64>,
    /// What was said of it since: whether it was delivered, or read.
    pub receipt: Option<ReceiptStatus>,
}

#[derive(sqlx::FromRow)]
struct Row {
    mail_id: Option<OutboxId>,
    at_ms: i64,
    company_id: CompanyId,
    company: String,
    timezone: String,
    kind: String,
    phase: String,
    about: String,
    alert_id: Option<AlertId>,
    client: Option<String>,
    recipient: Option<String>,
    reason: Option<String>,
    standing: String,
    attempts: Option<i64>,
    next_at_ms: Option<i64>,
    answer: Option<String>,
    sent_at_ms: Option<i64>,
    receipt: Option<String>,
}

impl TryFrom<Row> for StaffDelivery {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let found = DeliveryStanding::ALL.into_iter().find(|one| one.as_str() == row.standing);
        let standing =
            found.ok_or_else(|| StoreError::Corrupt(format!("a message is {:?}", row.standing)))?;
        Ok(Self {
            mail: row.mail_id,
            at_ms: row.at_ms,
            company_id: row.company_id,
            company: row.company,
            timezone: row.timezone,
            kind: row.kind,
            phase: row.phase,
            about: row.about,
            alert: row.alert_id,
            client: row.client,
            recipient: row.recipient,
            reason: row.reason,
            standing,
            attempts: row.attempts,
            next_at_ms: row.next_at_ms.filter(|_| standing == DeliveryStanding::Queued),
            answer: row.answer,
            sent_at_ms: row.sent_at_ms,
            receipt: row.receipt.map(|receipt| receipt.parse()).transpose().map_err(StoreError::corrupt)?,
        })
    }
}

// What is in the outbox, with its line of the log if it tells of an alert.
macro_rules! messages {
    () => {
        "SELECT o.id AS mail_id, COALESCE(n.id, 0) AS line, o.created_at_ms AS at_ms, o.company_id, o.kind,
            COALESCE(n.phase, 'raised') AS phase, COALESCE(n.about, l.circuit, '') AS about, n.alert_id, o.client_id,
            o.recipient, CAST(NULL AS TEXT) AS reason,
            CASE o.state WHEN 'sending' THEN 'queued' ELSE o.state END AS standing, o.attempts, o.next_at_ms,
            COALESCE(o.answer, o.last_error) AS answer, o.sent_at_ms, o.receipt
        FROM outbox o LEFT JOIN notification_logs n ON n.message_id = o.message_id
            LEFT JOIN sla_reports r ON r.id = o.report_id LEFT JOIN client_links l ON l.id = r.link_id"
    };
}

macro_rules! deliveries {
    ([$($from:tt)*] [$and:literal]) => {
        scoped!(
            ["SELECT d.mail_id, d.at_ms, d.company_id, m.name AS company, m.timezone, d.kind, d.phase, d.about, d.alert_id,
                c.name AS client, d.recipient, d.reason, d.standing, d.attempts, d.next_at_ms, d.answer, d.sent_at_ms, d.receipt,
                COUNT(*) OVER () AS total FROM (", $($from)*, ") d
                JOIN companies m ON m.id = d.company_id LEFT JOIN clients c ON c.id = d.client_id WHERE"]
            "d.company_id"
            // Mail to people of the ISP goes in the name of a company and is about none: people of all see it.
            ["AND ($1 IS NULL OR d.kind NOT LIKE 'staff!_%' ESCAPE '!') ", $and]
        )
    };
}

const LIST: Differs = deliveries!(
    [messages!(), " WHERE o.created_at_ms >= $5 AND o.created_at_ms < $6
        UNION ALL
        SELECT NULL, n.id, n.at_ms, n.company_id, n.event, n.phase, n.about, n.alert_id, n.client_id, n.recipient,
            n.reason, CASE n.outcome WHEN 'queued' THEN 'gone' ELSE n.outcome END, NULL, NULL, NULL, NULL, NULL
        FROM notification_logs n
        WHERE n.at_ms >= $5 AND n.at_ms < $6
            AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.message_id = n.message_id)"]
    ["AND ($2 IS NULL OR d.standing = $2) AND ($3 IS NULL OR d.kind = $3)
        AND ($4 IS NULL
            OR CASE WHEN d.recipient LIKE 'webhook:%' THEN 'webhook' WHEN d.recipient LIKE 'whatsapp:%' THEN 'whatsapp'
                WHEN d.recipient IS NOT NULL THEN 'mail' END = $4) AND ($10 IS NULL OR d.recipient = $10)
        AND (d.about GLOB $7 OR COALESCE(d.recipient, '') GLOB $7
            OR COALESCE(c.name, '') GLOB $7
            OR COALESCE(d.answer, d.reason, '') GLOB $7)
        ORDER BY d.at_ms DESC, d.line DESC, d.mail_id DESC LIMIT $8 OFFSET $9"]
);
const ONE: Differs = deliveries!([messages!(), " WHERE o.id = $2"][""]);

impl Store {
    /// Messages within a scope, the newest first.
    pub async fn staff_deliveries(
        &self,
        scope: &StaffScope,
        asked: &StaffDeliveryAsk<'_>,
    ) -> Result<StaffPage<StaffDelivery>, StoreError> {
        self.delivery_rows(scope, asked, (STAFF_PAGE_ROWS, asked.ask.offset())).await
    }

    /// The newest [`DELIVERIES_IN_FILE_MAX`] of them, for a file, and how many there are.
    pub async fn staff_deliveries_for_file(
        &self,
        scope: &StaffScope,
        asked: &StaffDeliveryAsk<'_>,
    ) -> Result<StaffPage<StaffDelivery>, StoreError> {
        self.delivery_rows(scope, asked, (DELIVERIES_IN_FILE_MAX, 0)).await
    }

    pub(crate) async fn delivery_rows(
        &self,
        scope: &StaffScope,
        asked: &StaffDeliveryAsk<'_>,
        (limit, offset): (i64, i64),
    ) -> Result<StaffPage<StaffDelivery>, StoreError> {
        let reader = self.reader();
        let (sql, scope) = (LIST.on(&reader), scope.parameter()?);
        let rows: Vec<Counted<Row>> = on!(reader, db => sqlx::query_as(sql)
            .bind(scope)
            .bind(asked.standing.map(DeliveryStanding::as_str))
            .bind(asked.kind)
            .bind(asked.channel.map(Channel::as_str))
            .bind(asked.from_ms.unwrap_or(i64::MIN))
            .bind(asked.to_ms.unwrap_or(i64::MAX))
            .bind(asked.ask.pattern(&reader))
            .bind(limit)
            .bind(offset)
            .bind(asked.recipient)
            .fetch_all(db)
            .await)?;
        StaffPage::of(rows).try_map(StaffDelivery::try_from)
    }

    /// One message, with all that the outbox holds of it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none within the scope.
    pub async fn staff_delivery(
        &self,
        scope: &StaffScope,
        id: OutboxId,
    ) -> Result<(StaffDelivery, OutboxMail), StoreError> {
        let reader = self.reader();
        let (sql, scope) = (ONE.on(&reader), scope.parameter()?);
        let row: Option<Counted<Row>> =
            on!(reader, db => sqlx::query_as(sql).bind(scope).bind(id).fetch_optional(db).await)?;
        let found = row.ok_or(StoreError::NotFound { what: "mail" })?.row.try_into()?;
        Ok((found, self.outbox_mail(id).await?))
    }
}
