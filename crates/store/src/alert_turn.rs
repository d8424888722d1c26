//! One look at what a company has to be told: read, decide, write, in one transaction that shuts other lookers out.

use crate::alert_facts::{self, AlertFacts};
use crate::company::company_columns;
use crate::engine::{Differs, Engine, Tx, json, on};
use crate::notification_log::{self, Line};
use crate::{
    Alert, AlertId, AlertPhase, ClientId, Company, CompanyId, LinkId, NewMail, NewNotificationLog,
    NotificationOutcome, OutageId, Store, StoreError, outbox_write,
};

/// PostgreSQL's advisory locks of the turns, one for each company; it belongs to one database of the server.
const ALERT_LOCK: i64 = 0x6c65_6173_6505_0000_u64 as i64;
/// A break in the watching that is longer than this is one: what was seen before it may be out of date.
const BREAK_MS: i64 = 60_000;
/// How often it is noted that somebody watches.
const NOTED_EVERY_MS: i64 = 15_000;

/// The right to decide what a company is told, until it is written or dropped.
///
/// Whoever holds it sees all that others have decided: two processes that look at once tell everything once.
pub struct AlertTurn {
    tx: Tx,
    company: Company,
    now_ms: i64,
    watch_since_ms: i64,
    note_watch: bool,
}

impl std::fmt::Debug for AlertTurn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AlertTurn").field("company", &self.company.name).finish_non_exhaustive()
    }
}

/// What is decided about one alert.
#[derive(Clone, Debug)]
pub struct AlertChange {
    /// As it is from now on; without an id it is new.
    pub alert: Alert,
    /// Mail that it causes.
    pub messages: Vec<AlertMessage>,
    /// What is noted about it besides its messages.
    pub logs: Vec<NewNotificationLog>,
}

/// A mail about an alert.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertMessage {
    /// Its beginning or its end.
    pub phase: AlertPhase,
    /// One address.
    pub recipient: String,
    /// Written to this client's people, who must not read of others.
    pub client: Option<ClientId>,
    /// What its text is made of.
    pub payload: serde_json::Value,
}

/// Everything that is decided in one turn.
#[derive(Clone, Debug, Default)]
pub struct AlertDecisions {
    /// About alerts.
    pub changes: Vec<AlertChange>,
    /// About what became no alert.
    pub logs: Vec<NewNotificationLog>,
    /// Outages that are dealt with.
    pub examined: Vec<OutageId>,
}

impl AlertDecisions {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.logs.is_empty() && self.examined.is_empty()
    }
}

impl Store {
    /// Takes the turn to decide for a company; waits for whoever has it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such company.
    pub async fn alert_turn(&self, company: CompanyId, now_ms: i64) -> Result<AlertTurn, StoreError> {
        const WATCH: &str = "SELECT since_ms, seen_ms FROM alert_watch WHERE company_id = $1";
        let mut tx = self.begin().await?;
        take_turn(&mut tx, company).await?;
        let company = company_in(&mut tx, company).await?;
        let watch: Option<(i64, i64)> = on!(&mut tx, tx => sqlx::query_as(WATCH)
            .bind(company.id).fetch_optional(&mut **tx).await)?;
        let (watch_since_ms, note_watch) = match watch {
            Some((since_ms, seen_ms)) if (now_ms - seen_ms).abs() <= BREAK_MS => {
                (since_ms.min(now_ms), now_ms - seen_ms >= NOTED_EVERY_MS)
            }
            _ => (now_ms, true),
        };
        Ok(AlertTurn { tx, company, now_ms, watch_since_ms, note_watch })
    }

    /// All that would be to be decided on, for whoever only looks: nobody waits for it, and nothing comes of it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such company.
    pub async fn alert_facts(
        &self,
        company: CompanyId,
        more: &[LinkId],
        now_ms: i64,
    ) -> Result<AlertFacts, StoreError> {
        let mut tx = self.begin_reading().await?;
        let company = company_in(&mut tx, company).await?;
        alert_facts::read(&mut tx, company, more, i64::MIN, now_ms).await
    }
}

impl AlertTurn {
    /// All that is to be decided on; `more` names links to look at besides those about which something is stored.
    pub async fn facts(&mut self, more: &[LinkId]) -> Result<AlertFacts, StoreError> {
        alert_facts::read(&mut self.tx, self.company.clone(), more, self.watch_since_ms, self.now_ms).await
    }

    /// Writes what was decided and gives the turn away. Nothing is written if nothing was decided.
    ///
    /// # Errors
    /// Those of the database; nothing is written then.
    pub async fn write(mut self, decisions: &AlertDecisions) -> Result<(), StoreError> {
        if decisions.is_empty() && !self.note_watch {
            return Ok(());
        }
        let mut mails = Vec::new();
        let mut ids = Vec::with_capacity(decisions.changes.len());
        for change in &decisions.changes {
            ids.push(put(&mut self.tx, &change.alert).await?);
        }
        for (change, id) in decisions.changes.iter().zip(&ids) {
            let mail = |message| (change, *id, message, new_mail(change, *id, message));
            mails.extend(change.messages.iter().map(mail));
        }
        self.write_mails(&mails).await?;
        let plain = decisions.changes.iter().zip(&ids).flat_map(|(change, id)| {
            change.logs.iter().map(|log| Line {
                log,
                alert: Some(*id),
                recipient: None,
                client: None,
                message_id: None,
            })
        });
        let free = decisions.logs.iter().map(|log| Line {
            log,
            alert: None,
            recipient: None,
            client: None,
            message_id: None,
        });
        let lines: Vec<Line<'_>> = plain.chain(free).collect();
        notification_log::insert(&mut self.tx, self.company.id, &lines, self.now_ms).await?;
        examined(&mut self.tx, &decisions.examined, self.now_ms).await?;
        if self.note_watch {
            note_watch(&mut self.tx, self.company.id, self.watch_since_ms, self.now_ms).await?;
        }
        Ok(self.tx.commit().await?)
    }

    /// The outbox rows and, under their `Message-ID`, their lines of the log.
    async fn write_mails(
        &mut self,
        mails: &[(&AlertChange, AlertId, &AlertMessage, NewMail)],
    ) -> Result<(), StoreError> {
        let from = self.company.mail_from.clone();
        let company = self.company.id;
        let mut rows = Vec::with_capacity(mails.len());
        let mut logs = Vec::with_capacity(mails.len());
        for (change, id, message, mail) in mails {
            let whose = message.client.map_or_else(|| "isp".to_owned(), |client| client.to_string());
            let key = format!("alert:{id}:{}:{whose}:{}", message.phase.as_str(), message.recipient);
            rows.push(outbox_write::Mail::new(mail, key, company, message.client, None, from.as_deref())?);
            logs.push(NewNotificationLog {
                event: change.alert.event,
                phase: message.phase,
                subject: change.alert.subject,
                about: change.alert.about.clone(),
                outcome: NotificationOutcome::Queued,
                reason: None,
            });
        }
        outbox_write::insert(&mut self.tx, &rows, self.now_ms).await?;
        let mut lines = Vec::with_capacity(mails.len());
        for ((log, row), (_, id, message, _)) in logs.iter().zip(&rows).zip(mails) {
            lines.push(Line {
                log,
                alert: Some(*id),
                recipient: Some(message.recipient.as_str()),
                client: message.client,
                message_id: Some(row.message_id()),
            });
        }
        notification_log::insert(&mut self.tx, company, &lines, self.now_ms).await
    }
}

/// SQLite has one writer anyway. On PostgreSQL an advisory lock leaves no trace: a look that decides nothing is no change, and
/// pages that are kept until something changes stay good.
pub(crate) async fn take_turn(tx: &mut Tx, company: CompanyId) -> Result<(), StoreError> {
    const SQL: &str = "SELECT pg_advisory_xact_lock($1)";
    if let Engine::Postgres(tx) = tx {
        sqlx::query(SQL).bind(ALERT_LOCK ^ company.0).execute(&mut **tx).await?;
    }
    Ok(())
}

async fn company_in(tx: &mut Tx, id: CompanyId) -> Result<Company, StoreError> {
    const SQL: &str = concat!("SELECT ", company_columns!(), " FROM companies WHERE id = $1");
    let found = on!(tx, tx => sqlx::query_as(SQL).bind(id).fetch_optional(&mut **tx).await)?;
    found.ok_or(StoreError::NotFound { what: "company" })
}

/// The ISP's own people read the alert's number, which a new one has only now.
fn new_mail(change: &AlertChange, id: AlertId, message: &AlertMessage) -> NewMail {
    let mut payload = message.payload.clone();
    if let (None, Some(fields)) = (message.client, payload.as_object_mut()) {
        fields.insert("alert".to_owned(), id.to_string().into());
    }
    NewMail { kind: change.alert.event.as_str().to_owned(), recipient: message.recipient.clone(), payload }
}

/// Enters a new alert, or brings one up to date; what people wrote to it stays, but that somebody closed it by hand goes
/// when it comes back. One that seems to have begun when an
/// earlier one did begins just after it.
async fn put(tx: &mut Tx, alert: &Alert) -> Result<AlertId, StoreError> {
    const INSERT: &str =
        "INSERT INTO alerts (company_id, event, subject, about, client_id, opened_at_ms, raised_at_ms,
            closed_at_ms, told_at_ms, waits, owes, over_told_at_ms, facts)
        VALUES ($1, $2, $3, $4, $5, COALESCE((SELECT MAX(a.opened_at_ms) + 1 FROM alerts a
                WHERE a.company_id = $1 AND a.event = $2 AND a.subject = $3 AND a.opened_at_ms >= $6), $6),
            $7, $8, $9, $10, $11, $12, $13) RETURNING id";
    const UPDATE: &str = "UPDATE alerts SET closed_at_ms = $2, told_at_ms = $3, waits = $4, owes = $5,
            over_told_at_ms = $6, facts = $7, dismissed_by = $8, dismissed_at_ms = $9, dismissed_reason = $10
        WHERE id = $1";
    if alert.id.0 != 0 {
        on!(tx, tx => sqlx::query(UPDATE)
            .bind(alert.id)
            .bind(alert.closed_at_ms)
            .bind(alert.told_at_ms)
            .bind(&alert.waits)
            .bind(alert.owes)
            .bind(alert.over_told_at_ms)
            .bind(alert.facts.to_string())
            .bind(&alert.dismissed_by)
            .bind(alert.dismissed_at_ms)
            .bind(&alert.dismissed_reason)
            .execute(&mut **tx)
            .await
            .map(|_| ()))?;
        return Ok(alert.id);
    }
    on!(tx, tx => sqlx::query_scalar(INSERT)
        .bind(alert.company_id)
        .bind(alert.event.as_str())
        .bind(alert.subject.to_string())
        .bind(&alert.about)
        .bind(alert.client_id)
        .bind(alert.opened_at_ms)
        .bind(alert.raised_at_ms)
        .bind(alert.closed_at_ms)
        .bind(alert.told_at_ms)
        .bind(&alert.waits)
        .bind(alert.owes)
        .bind(alert.over_told_at_ms)
        .bind(alert.facts.to_string())
        .fetch_one(&mut **tx)
        .await)
    .map_err(|error| StoreError::on_insert(error, "alert", &[]))
}

async fn examined(tx: &mut Tx, outages: &[OutageId], now_ms: i64) -> Result<(), StoreError> {
    const SQL: Differs = Differs {
        sqlite: "UPDATE outages SET examined_at_ms = $2
            WHERE id IN (SELECT value FROM json_each($1)) AND examined_at_ms IS NULL",
        postgres: "UPDATE outages SET examined_at_ms = $2
            WHERE id IN (SELECT value::text::bigint FROM json_array_elements($1::json)) AND examined_at_ms IS NULL",
    };
    if outages.is_empty() {
        return Ok(());
    }
    let (sql, ids) = (SQL.on(tx), json(&outages)?);
    on!(tx, tx => sqlx::query(sql).bind(ids).bind(now_ms).execute(&mut **tx).await.map(|_| ()))?;
    Ok(())
}

async fn note_watch(tx: &mut Tx, company: CompanyId, since_ms: i64, now_ms: i64) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO alert_watch (company_id, since_ms, seen_ms) VALUES ($1, $2, $3)
        ON CONFLICT (company_id) DO UPDATE SET since_ms = excluded.since_ms, seen_ms = excluded.seen_ms";
    on!(tx, tx => sqlx::query(SQL).bind(company).bind(since_ms).bind(now_ms).execute(&mut **tx).await.map(|_| ()))?;
    Ok(())
}
