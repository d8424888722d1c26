//! How a worker gets what is due of its own way out of the outbox.

use crate::engine::{Differs, on};
use crate::outbox::{OutboxRow, outbox_columns};
use crate::{OutboxMail, OutboxPriority, Store, StoreError};

/// The most mail that one worker claims at once.
pub const OUTBOX_CLAIM_MAX: i64 = 100;
/// What is written of a message of which nobody knows whether an earlier try arrived.
pub const OUTBOX_DOUBT: &str = "an earlier try may have arrived";

macro_rules! claim {
    ($($due:expr),+; $doubt:expr) => {
        concat!(
            "WITH ",
            $($due,)+
            " UPDATE outbox SET state = 'sending', lease_until_ms = $2, attempts = attempts + 1",
            $doubt,
            " WHERE id IN (SELECT id FROM due) RETURNING ",
            outbox_columns!()
        )
    };
}

// That something is over does not come before the word that it began, as long as that may still go out; their keys differ
// in the phase alone.
macro_rules! began_first {
    () => {
        "NOT EXISTS (SELECT 1 FROM outbox began
            WHERE began.dedup_key = REPLACE(o.dedup_key, ':over:', ':raised:') AND began.id < o.id
                AND began.state IN ('queued', 'sending'))"
    };
}

// Each half is read in the order of the index `outbox_turn` and ends at its limit, however much is queued.
macro_rules! first_of {
    ($name:literal, $due:literal, $lock:literal) => {
        concat!(
            $name,
            " AS MATERIALIZED (SELECT o.id, o.priority, o.next_at_ms FROM outbox o WHERE ",
            $due,
            " AND o.priority <= $4 AND o.recipient NOT LIKE 'webhook:%' AND o.recipient NOT LIKE 'whatsapp:%' AND ",
            began_first!(),
            " ORDER BY o.priority, o.next_at_ms, o.id LIMIT $3",
            $lock,
            "), "
        )
    };
}

macro_rules! mail {
    ($lock:literal) => {
        claim!(
            first_of!("queued", "o.state = 'queued' AND o.next_at_ms <= $1", $lock),
            first_of!("lapsed", "o.state = 'sending' AND o.lease_until_ms <= $1", $lock),
            "due AS MATERIALIZED (SELECT id FROM (SELECT * FROM queued UNION ALL SELECT * FROM lapsed) first
                ORDER BY priority, next_at_ms, id LIMIT $3)";
            ""
        )
    };
}

// One message to each recipient at a time, the first of those that are due: one that is slow has one slot and no more.
// The row's own state is named beside the choice: PostgreSQL looks at it once more when it has the row's lock, and at
// the choice not. Without it, what another worker had claimed meanwhile was claimed twice.
macro_rules! one_each {
    ($which:expr; $doubt:literal, $lock:literal) => {
        claim!(
            "due AS MATERIALIZED (SELECT id FROM outbox
            WHERE ((state = 'queued' AND next_at_ms <= $1) OR (state = 'sending' AND lease_until_ms <= $1))
                AND id IN (SELECT id FROM (
                    SELECT o.id, ROW_NUMBER() OVER (PARTITION BY o.recipient ORDER BY o.priority, o.id) AS place
                    FROM outbox o
                    WHERE ((o.state = 'queued' AND o.next_at_ms <= $1)
                            OR (o.state = 'sending' AND o.lease_until_ms <= $1))
                        AND o.recipient NOT IN (SELECT recipient FROM outbox
                            WHERE state = 'sending' AND lease_until_ms > $1)
                        AND ",
            $which,
            ") ranked WHERE place = 1)
            ORDER BY priority, next_at_ms, id LIMIT $3",
            $lock,
            ")";
            $doubt
        )
    };
}

// SQLite has one writer; on PostgreSQL a worker passes over what another is just claiming.
const MAIL: Differs = Differs { sqlite: mail!(""), postgres: mail!(" FOR UPDATE OF o SKIP LOCKED") };
macro_rules! webhooks {
    ($lock:literal) => {
        one_each!("o.recipient LIKE 'webhook:%'"; "", $lock)
    };
}
const WEBHOOKS: Differs = Differs { sqlite: webhooks!(""), postgres: webhooks!(" FOR UPDATE SKIP LOCKED") };
// No provider knows a message again that it was given twice: a claim that nobody finished is written down.
macro_rules! whatsapp {
    ($lock:literal) => {
        one_each!(
            concat!("o.recipient LIKE 'whatsapp:%' AND ", began_first!());
            ", last_error = CASE WHEN state = 'sending'
                THEN 'whoever sent it was cut off: an earlier try may have arrived' ELSE last_error END",
            $lock
        )
    };
}
const WHATSAPP: Differs = Differs { sqlite: whatsapp!(""), postgres: whatsapp!(" FOR UPDATE SKIP LOCKED") };

macro_rules! next_due {
    ($which:literal) => {
        concat!(
            "SELECT MIN(due_ms) FROM (SELECT MIN(next_at_ms) AS due_ms FROM outbox WHERE state = 'queued' AND ",
            $which,
            " UNION ALL SELECT MIN(lease_until_ms) FROM outbox WHERE state = 'sending' AND ",
            $which,
            ") d"
        )
    };
}

impl Store {
    /// Claims mail that is due, at most `limit` and [`OUTBOX_CLAIM_MAX`], in the order of [`OutboxPriority`] and the longest
    /// due first. Nobody else gets it until `now_ms + lease_ms`; a worker that has said nothing by then has died, and its
    /// mail is claimed anew.
    pub async fn claim_outbox(
        &self,
        now_ms: i64,
        lease_ms: i64,
        limit: i64,
    ) -> Result<Vec<OutboxMail>, StoreError> {
        self.claim_outbox_up_to(OutboxPriority::Summary, now_ms, lease_ms, limit).await
    }

    /// The same for mail that leaves no later than `last`: [`OutboxPriority::Urgent`] leaves reports alone.
    pub async fn claim_outbox_up_to(
        &self,
        last: OutboxPriority,
        now_ms: i64,
        lease_ms: i64,
        limit: i64,
    ) -> Result<Vec<OutboxMail>, StoreError> {
        let writer = self.writer();
        let sql = MAIL.on(&writer);
        let rows: Vec<OutboxRow> = on!(writer, db => sqlx::query_as(sql)
            .bind(now_ms)
            .bind(now_ms + lease_ms.max(1))
            .bind(limit.clamp(0, OUTBOX_CLAIM_MAX))
            .bind(last.number())
            .fetch_all(db)
            .await)?;
        in_turn(rows)
    }

    /// The same for what goes to webhooks: at most one message for each, the first by priority and age, and none for one that
    /// has one on its way.
    pub async fn claim_webhook_calls(
        &self,
        now_ms: i64,
        lease_ms: i64,
        limit: i64,
    ) -> Result<Vec<OutboxMail>, StoreError> {
        self.claim(&WEBHOOKS, now_ms, lease_ms, limit).await
    }

    /// The same for WhatsApp: at most one message for each number, in the order of [`OutboxPriority`]. A try of which nobody knows how it ended is in
    /// [`OutboxMail::last_error`], with [`OUTBOX_DOUBT`].
    pub async fn claim_whatsapp(
        &self,
        now_ms: i64,
        lease_ms: i64,
        limit: i64,
    ) -> Result<Vec<OutboxMail>, StoreError> {
        self.claim(&WHATSAPP, now_ms, lease_ms, limit).await
    }

    async fn claim(
        &self,
        sql: &Differs,
        now_ms: i64,
        lease_ms: i64,
        limit: i64,
    ) -> Result<Vec<OutboxMail>, StoreError> {
        let writer = self.writer();
        let sql = sql.on(&writer);
        let rows: Vec<OutboxRow> = on!(writer, db => sqlx::query_as(sql)
            .bind(now_ms)
            .bind(now_ms + lease_ms.max(1))
            .bind(limit.clamp(0, OUTBOX_CLAIM_MAX))
            .fetch_all(db)
            .await)?;
        in_turn(rows)
    }

    /// When the next mail is due; `None` if none waits.
    pub async fn outbox_next_due_ms(&self) -> Result<Option<i64>, StoreError> {
        self.next_due(next_due!("recipient NOT LIKE 'webhook:%' AND recipient NOT LIKE 'whatsapp:%'")).await
    }

    /// The same for mail that leaves no later than `last`.
    pub async fn outbox_next_due_ms_up_to(&self, last: OutboxPriority) -> Result<Option<i64>, StoreError> {
        const SQL: &str = next_due!(
            "priority <= $1 AND recipient NOT LIKE 'webhook:%' AND recipient NOT LIKE 'whatsapp:%'"
        );
        Ok(on!(self.reader(), db => sqlx::query_scalar(SQL).bind(last.number()).fetch_one(db).await)?)
    }

    /// When the next message to a webhook is due; `None` if none waits.
    pub async fn webhook_calls_next_due_ms(&self) -> Result<Option<i64>, StoreError> {
        self.next_due(next_due!("recipient LIKE 'webhook:%'")).await
    }

    /// When the next WhatsApp message is due; `None` if none waits.
    pub async fn whatsapp_next_due_ms(&self) -> Result<Option<i64>, StoreError> {
        self.next_due(next_due!("recipient LIKE 'whatsapp:%'")).await
    }

    async fn next_due(&self, sql: &'static str) -> Result<Option<i64>, StoreError> {
        Ok(on!(self.reader(), db => sqlx::query_scalar(sql).fetch_one(db).await)?)
    }
}

/// A statement that changes rows returns them in any order.
fn in_turn(rows: Vec<OutboxRow>) -> Result<Vec<OutboxMail>, StoreError> {
    let mut mails = rows.into_iter().map(OutboxMail::try_from).collect::<Result<Vec<_>, _>>()?;
    mails.sort_by_key(|mail| (OutboxPriority::of(&mail.kind), mail.next_at_ms, mail.id));
    Ok(mails)
}
