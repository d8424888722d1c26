//! How mail leaves the outbox: a worker claims it for a while, and says what became of it.

use crate::engine::{Differs, json, on};
use crate::outbox::{OutboxRow, outbox_columns};
use crate::text::storable;
use crate::{OutboxId, OutboxMail, Store, StoreError};

/// The most mail that one worker claims at once.
pub const OUTBOX_CLAIM_MAX: i64 = 100;
/// How the reason begins for which mail is given up on purpose: nobody needs it any more.
pub const OUTBOX_DROPPED: &str = "nothing was sent";
/// How much is kept of what a mail server says, in characters.
pub const OUTBOX_ANSWER_CHARS_MAX: usize = 1_000;

macro_rules! claim {
    ($which:literal, $lock:literal) => {
        concat!(
            "WITH due AS MATERIALIZED (SELECT id FROM outbox WHERE ",
            $which,
            " ORDER BY next_at_ms, id LIMIT $3",
            $lock,
            ") UPDATE outbox SET state = 'sending', lease_until_ms = $2, attempts = attempts + 1
            WHERE id IN (SELECT id FROM due) RETURNING ",
            outbox_columns!()
        )
    };
}

macro_rules! mail {
    ($lock:literal) => {
        claim!(
            "((state = 'queued' AND next_at_ms <= $1) OR (state = 'sending' AND lease_until_ms <= $1))
            AND recipient NOT LIKE 'webhook:%'",
            $lock
        )
    };
}

// One message to each webhook at a time, the oldest that is due: one that is slow has one slot and no more.
// The row's own state is named beside the choice: PostgreSQL looks at it once more when it has the row's lock, and at
// the choice not. Without it, what another worker had claimed meanwhile was claimed twice.
macro_rules! webhooks {
    ($lock:literal) => {
        claim!("((state = 'queued' AND next_at_ms <= $1) OR (state = 'sending' AND lease_until_ms <= $1))
            AND id IN (SELECT MIN(id) FROM outbox
                WHERE ((state = 'queued' AND next_at_ms <= $1) OR (state = 'sending' AND lease_until_ms <= $1))
                    AND recipient LIKE 'webhook:%'
                    AND recipient NOT IN (SELECT recipient FROM outbox WHERE state = 'sending' AND lease_until_ms > $1)
                GROUP BY recipient)", $lock)
    };
}

// SQLite has one writer; on PostgreSQL a worker passes over what another is just claiming.
const MAIL: Differs = Differs { sqlite: mail!(""), postgres: mail!(" FOR UPDATE SKIP LOCKED") };
const WEBHOOKS: Differs = Differs { sqlite: webhooks!(""), postgres: webhooks!(" FOR UPDATE SKIP LOCKED") };

impl Store {
    /// Claims mail that is due, at most `limit` and [`OUTBOX_CLAIM_MAX`], the longest due first. Nobody else gets it until
    /// `now_ms + lease_ms`; a worker that has said nothing by then has died, and its mail is claimed anew.
    pub async fn claim_outbox(
        &self,
        now_ms: i64,
        lease_ms: i64,
        limit: i64,
    ) -> Result<Vec<OutboxMail>, StoreError> {
        self.claim(&MAIL, now_ms, lease_ms, limit).await
    }

    /// The same for what goes to webhooks: at most one message for each, and none for one that has one on its way.
    pub async fn claim_webhook_calls(
        &self,
        now_ms: i64,
        lease_ms: i64,
        limit: i64,
    ) -> Result<Vec<OutboxMail>, StoreError> {
        self.claim(&WEBHOOKS, now_ms, lease_ms, limit).await
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
        let mut mails = rows.into_iter().map(OutboxMail::try_from).collect::<Result<Vec<_>, _>>()?;
        mails.sort_by_key(|mail| (mail.next_at_ms, mail.id));
        Ok(mails)
    }

    /// The mail server took it. True even if the claim has run out meanwhile: it is sent, and must not be again.
    ///
    /// Returns whether it was not known to be sent before.
    pub async fn outbox_sent(&self, id: OutboxId, now_ms: i64, answer: &str) -> Result<bool, StoreError> {
        const SQL: &str =
            "UPDATE outbox SET state = 'sent', sent_at_ms = $2, answer = $3, lease_until_ms = NULL
            WHERE id = $1 AND state <> 'sent'";
        let rows = on!(self.writer(), db => sqlx::query(SQL)
            .bind(id)
            .bind(now_ms)
            .bind(kept(answer))
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(rows > 0)
    }

    /// A claimed mail could not be sent: it is tried again at `next_at_ms`, or is dead without one.
    ///
    /// Returns whether the claim still held; if not, nothing changes, since somebody else has the mail now.
    pub async fn outbox_failed(
        &self,
        claimed: &OutboxMail,
        error: &str,
        next_at_ms: Option<i64>,
    ) -> Result<bool, StoreError> {
        const SQL: &str =
            "UPDATE outbox SET state = $3, next_at_ms = COALESCE($4, next_at_ms), last_error = $5,
                lease_until_ms = NULL
            WHERE id = $1 AND state = 'sending' AND lease_until_ms = $2";
        let state = if next_at_ms.is_some() { "queued" } else { "dead" };
        let rows = on!(self.writer(), db => sqlx::query(SQL)
            .bind(claimed.id)
            .bind(claimed.lease_until_ms)
            .bind(state)
            .bind(next_at_ms)
            .bind(kept(error))
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(rows > 0)
    }

    /// Has a mail tried again now that is dead or waits for its next try; its attempts are counted anew. Mail that was
    /// sent or is being sent is left alone.
    ///
    /// Returns whether it was.
    pub async fn outbox_retry(&self, id: OutboxId, now_ms: i64) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE outbox SET state = 'queued', next_at_ms = $2, attempts = 0
            WHERE id = $1 AND state IN ('dead', 'queued')";
        let rows = on!(self.writer(), db => sqlx::query(SQL)
            .bind(id)
            .bind(now_ms)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(rows > 0)
    }

    /// Has all dead mail tried again now, and returns how many.
    pub async fn outbox_retry_dead(&self, now_ms: i64) -> Result<u64, StoreError> {
        const SQL: &str =
            "UPDATE outbox SET state = 'queued', next_at_ms = $1, attempts = 0 WHERE state = 'dead'";
        Ok(on!(self.writer(), db => sqlx::query(SQL)
            .bind(now_ms)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?)
    }

    /// Gives up mail of these kinds that was written before `before_ms` and still waits; how many.
    pub async fn give_up_mail(&self, kinds: &[&str], before_ms: i64) -> Result<u64, StoreError> {
        const SQL: Differs = Differs {
            sqlite: "UPDATE outbox SET state = 'dead', last_error = COALESCE(last_error, $3)
                WHERE state = 'queued' AND created_at_ms < $1 AND kind IN (SELECT value FROM json_each($2))",
            postgres: "UPDATE outbox SET state = 'dead', last_error = COALESCE(last_error, $3)
                WHERE state = 'queued' AND created_at_ms < $1
                    AND kind IN (SELECT json_array_elements_text($2::json))",
        };
        let writer = self.writer();
        let (sql, kinds) = (SQL.on(&writer), json(&kinds)?);
        Ok(on!(writer, db => sqlx::query(sql)
            .bind(before_ms)
            .bind(kinds)
            .bind("it waited for too long to be news")
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?)
    }

    /// Removes mail of these kinds that was sent or given up and was written before `before_ms`, at most `limit`; how many.
    pub async fn delete_mail_before(
        &self,
        kinds: &[&str],
        before_ms: i64,
        limit: i64,
    ) -> Result<u64, StoreError> {
        const SQL: Differs = Differs {
            sqlite: "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE state IN ('sent', 'dead')
                AND created_at_ms < $1 AND kind IN (SELECT value FROM json_each($2)) ORDER BY id LIMIT $3)",
            postgres: "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE state IN ('sent', 'dead')
                AND created_at_ms < $1 AND kind IN (SELECT json_array_elements_text($2::json)) ORDER BY id LIMIT $3)",
        };
        let writer = self.writer();
        let (sql, kinds) = (SQL.on(&writer), json(&kinds)?);
        Ok(on!(writer, db => sqlx::query(sql)
            .bind(before_ms)
            .bind(kinds)
            .bind(limit)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?)
    }

    /// Has everything that waits for this recipient and is due wait until `next_at_ms`; its tries are not counted.
    pub async fn put_off_recipient(
        &self,
        recipient: &str,
        now_ms: i64,
        next_at_ms: i64,
        why: &str,
    ) -> Result<u64, StoreError> {
        const SQL: &str = "UPDATE outbox SET next_at_ms = $3, last_error = $4
            WHERE state = 'queued' AND next_at_ms <= $2 AND recipient = $1";
        Ok(on!(self.writer(), db => sqlx::query(SQL)
            .bind(recipient)
            .bind(now_ms)
            .bind(next_at_ms)
            .bind(kept(why))
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?)
    }

    /// When the next mail is due; `None` if none waits.
    pub async fn outbox_next_due_ms(&self) -> Result<Option<i64>, StoreError> {
        self.next_due_in(false).await
    }

    /// When the next message to a webhook is due; `None` if none waits.
    pub async fn webhook_calls_next_due_ms(&self) -> Result<Option<i64>, StoreError> {
        self.next_due_in(true).await
    }

    async fn next_due_in(&self, webhooks: bool) -> Result<Option<i64>, StoreError> {
        const SQL: &str = "SELECT MIN(due_ms) FROM (
            SELECT MIN(next_at_ms) AS due_ms FROM outbox
                WHERE state = 'queued' AND (recipient LIKE 'webhook:%') = $1
            UNION ALL SELECT MIN(lease_until_ms) FROM outbox
                WHERE state = 'sending' AND (recipient LIKE 'webhook:%') = $1) d";
        Ok(on!(self.reader(), db => sqlx::query_scalar(SQL).bind(webhooks).fetch_one(db).await)?)
    }
}

/// What is kept of a mail server's words.
fn kept(text: &str) -> String {
    storable(text).chars().take(OUTBOX_ANSWER_CHARS_MAX).collect()
}
