//! What became of mail that a worker had claimed from the outbox.

use crate::engine::{Differs, json, on};
use crate::text::storable;
use crate::{OUTBOX_DOUBT, OutboxId, OutboxMail, Store, StoreError};

/// How the reason begins for which mail is given up on purpose: nobody needs it any more.
pub const OUTBOX_DROPPED: &str = "nothing was sent";
/// How much is kept of what a mail server says, in characters.
pub const OUTBOX_ANSWER_CHARS_MAX: usize = 1_000;

impl Store {
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

    /// A provider took a message and calls it `provider_id`. A receipt for it may have come before this answer, and says more;
    /// one for an earlier try means that it went out twice, which is noted.
    pub async fn outbox_accepted(
        &self,
        id: OutboxId,
        provider_id: &str,
        now_ms: i64,
        answer: &str,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE outbox SET sent_at_ms = COALESCE(sent_at_ms, $2), lease_until_ms = NULL,
                answer = CASE WHEN state = 'sent' THEN $5 ELSE $4 END,
                provider_id = CASE WHEN state = 'sent' THEN provider_id ELSE $3 END,
                receipt = CASE WHEN state = 'sent' THEN receipt END,
                receipt_at_ms = CASE WHEN state = 'sent' THEN receipt_at_ms END,
                state = 'sent'
            WHERE id = $1 AND (provider_id IS NULL OR provider_id <> $3)";
        let twice = format!("{answer}; an earlier try had arrived: it was sent twice");
        Ok(on!(self.writer(), db => sqlx::query(SQL)
            .bind(id)
            .bind(now_ms)
            .bind(kept(provider_id))
            .bind(kept(answer))
            .bind(kept(&twice))
            .execute(db)
            .await
            .map(|_| ()))?)
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

    /// Gives a claimed mail back untried, for whoever claims next; returns whether the claim still held.
    pub async fn outbox_released(&self, claimed: &OutboxMail) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE outbox SET state = 'queued', lease_until_ms = NULL, attempts = attempts - 1
            WHERE id = $1 AND state = 'sending' AND lease_until_ms = $2";
        let rows = on!(self.writer(), db => sqlx::query(SQL)
            .bind(claimed.id)
            .bind(claimed.lease_until_ms)
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

    /// Has all WhatsApp messages that are due before `next_at_ms` wait until then, for the reason `why`, without counting it
    /// as a try of theirs; how many.
    pub async fn put_off_whatsapp(&self, next_at_ms: i64, why: &str) -> Result<u64, StoreError> {
        const SQL: &str = "UPDATE outbox SET next_at_ms = $1,
                last_error = CASE WHEN last_error LIKE $3 THEN last_error ELSE $2 END
            WHERE state = 'queued' AND next_at_ms < $1 AND recipient LIKE 'whatsapp:%'";
        Ok(on!(self.writer(), db => sqlx::query(SQL)
            .bind(next_at_ms)
            .bind(kept(why))
            .bind(format!("%{OUTBOX_DOUBT}%"))
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?)
    }
}

/// What is kept of a mail server's words.
pub(crate) fn kept(text: &str) -> String {
    storable(text).chars().take(OUTBOX_ANSWER_CHARS_MAX).collect()
}
