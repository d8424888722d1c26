//! One look at what a company has to be told: read, decide, write.
//!
//! Reading and deciding hold nobody up: they see one state of the database. What was decided is written only if nobody else
//! decided anything meanwhile, which the number of the turn tells; otherwise a new turn is taken.

use crate::alert_facts::{self, AlertFacts};
use crate::alert_turn_write::{Part, parts, put};
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
/// Of two processes that look at once, one writes what it decided; the other decides again, on that.
pub struct AlertTurn {
    store: Store,
    /// One state of the database.
    snapshot: Tx,
    company: Company,
    now_ms: i64,
    watch_since_ms: i64,
    note_watch: bool,
    /// How often something had been decided when this turn began.
    turn: i64,
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
    /// Outages that are dealt with, each with its link.
    pub examined: Vec<(LinkId, OutageId)>,
}

impl AlertDecisions {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.logs.is_empty() && self.examined.is_empty()
    }
}

impl Store {
    /// Begins a turn to decide for a company; nobody waits for it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such company.
    pub async fn alert_turn(&self, company: CompanyId, now_ms: i64) -> Result<AlertTurn, StoreError> {
        const WATCH: &str = "SELECT since_ms, seen_ms, turn FROM alert_watch WHERE company_id = $1";
        let mut snapshot = self.begin_reading().await?;
        let company = company_in(&mut snapshot, company).await?;
        let watch: Option<(i64, i64, i64)> = on!(&mut snapshot, tx => sqlx::query_as(WATCH)
            .bind(company.id).fetch_optional(&mut **tx).await)?;
        let turn = watch.map_or(0, |(.., turn)| turn);
        let (watch_since_ms, note_watch) = match watch {
            Some((since_ms, seen_ms, _)) if (now_ms - seen_ms).abs() <= BREAK_MS => {
                (since_ms.min(now_ms), now_ms - seen_ms >= NOTED_EVERY_MS)
            }
            _ => (now_ms, true),
        };
        Ok(AlertTurn { store: self.clone(), snapshot, company, now_ms, watch_since_ms, note_watch, turn })
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
        alert_facts::read(&mut self.snapshot, self.company.clone(), more, self.watch_since_ms, self.now_ms)
            .await
    }

    /// Writes what was decided, so much at a time that a round of polls need not wait for long. True: all is written, which
    /// is nothing if nothing was decided. False: somebody else decided something meanwhile, and the rest of this is out of
    /// date; a new turn sees both.
    ///
    /// # Errors
    /// Those of the database. What is about one link or router is written as a whole or not at all.
    pub async fn write(self, decisions: &AlertDecisions) -> Result<bool, StoreError> {
        let Self { store, snapshot, company, now_ms, watch_since_ms, note_watch, mut turn } = self;
        // No snapshot is held while others write.
        snapshot.commit().await?;
        let writer = Writer { company: &company, now_ms, watch_since_ms };
        if decisions.is_empty() {
            if note_watch {
                let mut tx = store.begin().await?;
                writer.note_watch(&mut tx).await?;
                tx.commit().await?;
            }
            return Ok(true);
        }
        for part in parts(decisions) {
            let mut tx = store.begin().await?;
            take_turn(&mut tx, company.id).await?;
            if !writer.count(&mut tx, turn).await? {
                return Ok(false);
            }
            writer.write(&mut tx, &part).await?;
            tx.commit().await?;
            turn += 1;
        }
        Ok(true)
    }
}

/// Writes the parts of a turn.
struct Writer<'a> {
    company: &'a Company,
    now_ms: i64,
    watch_since_ms: i64,
}

impl Writer<'_> {
    /// Notes that somebody watches.
    async fn note_watch(&self, tx: &mut Tx) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO alert_watch (company_id, since_ms, seen_ms) VALUES ($1, $2, $3)
            ON CONFLICT (company_id) DO UPDATE SET since_ms = excluded.since_ms, seen_ms = excluded.seen_ms";
        on!(tx, tx => sqlx::query(SQL)
            .bind(self.company.id)
            .bind(self.watch_since_ms)
            .bind(self.now_ms)
            .execute(&mut **tx)
            .await
            .map(|_| ()))?;
        Ok(())
    }

    /// Notes that somebody watches and that something is decided; false if somebody else decided since turn number `turn`.
    async fn count(&self, tx: &mut Tx, turn: i64) -> Result<bool, StoreError> {
        const SQL: &str =
            "INSERT INTO alert_watch (company_id, since_ms, seen_ms, turn) VALUES ($1, $2, $3, $4 + 1)
            ON CONFLICT (company_id) DO UPDATE
                SET since_ms = excluded.since_ms, seen_ms = excluded.seen_ms, turn = excluded.turn
                WHERE alert_watch.turn = $4";
        let rows = on!(tx, tx => sqlx::query(SQL)
            .bind(self.company.id)
            .bind(self.watch_since_ms)
            .bind(self.now_ms)
            .bind(turn)
            .execute(&mut **tx)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(rows > 0)
    }

    async fn write(&self, tx: &mut Tx, part: &Part<'_>) -> Result<(), StoreError> {
        let alerts: Vec<&Alert> = part.changes.iter().map(|change| &change.alert).collect();
        let ids = put(tx, &alerts).await?;
        let mut mails = Vec::new();
        for (change, id) in part.changes.iter().zip(&ids) {
            let mail = |message| (*change, *id, message, new_mail(change, *id, message));
            mails.extend(change.messages.iter().map(mail));
        }
        self.write_mails(tx, &mails).await?;
        let plain = part.changes.iter().zip(&ids).flat_map(|(change, id)| {
            change.logs.iter().map(|log| Line {
                log,
                alert: Some(*id),
                recipient: None,
                client: None,
                message_id: None,
            })
        });
        let free = part.logs.iter().map(|log| Line {
            log,
            alert: None,
            recipient: None,
            client: None,
            message_id: None,
        });
        let lines: Vec<Line<'_>> = plain.chain(free).collect();
        notification_log::insert(tx, self.company.id, &lines, self.now_ms).await?;
        examined(tx, &part.examined, self.now_ms).await
    }

    /// The outbox rows and, under their `Message-ID`, their lines of the log.
    async fn write_mails(
        &self,
        tx: &mut Tx,
        mails: &[(&AlertChange, AlertId, &AlertMessage, NewMail)],
    ) -> Result<(), StoreError> {
        let from = self.company.mail_from.as_deref();
        let company = self.company.id;
        let mut rows = Vec::with_capacity(mails.len());
        let mut logs = Vec::with_capacity(mails.len());
        for (change, id, message, mail) in mails {
            let whose = message.client.map_or_else(|| "isp".to_owned(), |client| client.to_string());
            let key = format!("alert:{id}:{}:{whose}:{}", message.phase.as_str(), message.recipient);
            rows.push(outbox_write::Mail::new(mail, key, company, message.client, None, from)?);
            logs.push(NewNotificationLog {
                event: change.alert.event,
                phase: message.phase,
                subject: change.alert.subject,
                about: change.alert.about.clone(),
                outcome: NotificationOutcome::Queued,
                reason: None,
            });
        }
        outbox_write::insert(tx, &rows, self.now_ms).await?;
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
        notification_log::insert(tx, company, &lines, self.now_ms).await
    }
}

/// Those who write about a company's alerts take turns. SQLite has one writer anyway.
pub(crate) async fn take_turn(tx: &mut Tx, company: CompanyId) -> Result<(), StoreError> {
    const SQL: &str = "SELECT pg_advisory_xact_lock($1)";
    if let Engine::Postgres(tx) = tx {
        sqlx::query(SQL).bind(ALERT_LOCK ^ company.0).execute(&mut **tx).await?;
    }
    Ok(())
}

/// What was decided before this moment on what people had written is out of date.
pub(crate) async fn spoil_turn(tx: &mut Tx, company: CompanyId) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE alert_watch SET turn = turn + 1 WHERE company_id = $1";
    on!(tx, tx => sqlx::query(SQL).bind(company).execute(&mut **tx).await.map(|_| ()))?;
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
