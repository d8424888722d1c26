//! Messages out of the outbox to webhooks, one at a time, beside the mail.

use std::time::Duration;

use store::{OUTBOX_DROPPED, OutboxMail, Store, StoreError, Webhook, WebhookId, webhook_key, webhook_of};

use tokio::time::Instant;

use super::{
    caller::{Caller, NotTaken},
    message::Message,
};
use crate::{
    Delivered, SendError,
    backoff::wait_ms,
    outbox_notes::{give_up, note_sent, put_off, put_off_until},
};

/// For how much longer than a call may take its claim lasts: reading what is sent, and noting what became of it.
const CLAIM_SPARE: Duration = Duration::from_secs(30);

/// The way from the outbox to webhooks.
#[derive(Debug)]
pub struct WebhookDelivery {
    store: Store,
    caller: Caller,
}

impl WebhookDelivery {
    /// Connects to nothing yet.
    pub fn new(store: Store, caller: Caller) -> Self {
        Self { store, caller }
    }

    /// The longest that one call may take.
    pub(crate) fn limit(&self) -> Duration {
        self.caller.limit()
    }

    /// Sends what has been due for longest, if anything.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn deliver_once(&self, now_ms: i64) -> Result<Delivered, StoreError> {
        match self.claim(now_ms, 1).await?.pop() {
            Some(call) => self.deliver(&call, now_ms).await,
            None => Ok(Delivered::Nothing),
        }
    }

    /// Claims messages that are due, at most one for each webhook and `limit` in all. A process that dies with them leaves
    /// claims that run out; they are sent again under the same ids.
    pub(crate) async fn claim(&self, now_ms: i64, limit: usize) -> Result<Vec<OutboxMail>, StoreError> {
        if self.store.webhook_calls_next_due_ms().await?.is_none_or(|due_ms| due_ms > now_ms) {
            return Ok(Vec::new());
        }
        let lease_ms = (self.caller.limit() + CLAIM_SPARE).as_millis() as i64;
        self.store.claim_webhook_calls(now_ms, lease_ms, limit as i64).await
    }

    /// Sends a claimed message and notes what became of it. A receiver that is away has the rest of its messages wait with
    /// this one.
    pub(crate) async fn deliver(&self, call: &OutboxMail, now_ms: i64) -> Result<Delivered, StoreError> {
        let begun = Instant::now();
        let result = self.send(call, now_ms).await?;
        // Waits begin when it is known that one has to wait.
        let now_ms = now_ms + begun.elapsed().as_millis() as i64;
        match result {
            Ok(answer) => {
                note_sent(&self.store, call, now_ms, &answer).await?;
                Ok(Delivered::Sent)
            }
            Err(NotTaken { error: SendError::Refused(why), .. }) => give_up(&self.store, call, &why).await,
            Err(NotTaken { error: SendError::Deferred(why), .. }) => {
                put_off(&self.store, call, &why, now_ms).await.map(|put| put.0)
            }
            Err(NotTaken { error: SendError::Away(why) | SendError::Crowded(why), retry_after }) => {
                let least_ms = retry_after.map_or(0, |wait| wait.as_millis() as i64);
                let next_at_ms =
                    wait_ms(call.id.0, call.attempts).map(|wait_ms| now_ms + wait_ms.max(least_ms));
                let delivered = put_off_until(&self.store, call, &why, next_at_ms).await?;
                if let Some(next_at_ms) = next_at_ms {
                    self.store.put_off_recipient(&call.recipient, now_ms, next_at_ms, &why).await?;
                }
                Ok(delivered)
            }
        }
    }

    /// Sends a message of the type `test` at once, past the outbox; what the receiver said.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; inside, why it could not be sent.
    pub async fn test(&self, id: WebhookId, now_ms: i64) -> Result<Result<String, SendError>, StoreError> {
        let webhook = self.store.webhook(id).await?;
        let company = self.store.company(webhook.company_id).await?.name;
        let at = jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default();
        let body = serde_json::json!({
            "type": "test", "phase": "raised", "timestamp": at.to_string(), "company": company, "data": {},
        });
        let message = Message { id: format!("test-{id}-{now_ms}"), body: body.to_string() };
        Ok(self.call(&webhook, &message, now_ms).await?.map_err(|not_taken| not_taken.error))
    }

    async fn send(&self, call: &OutboxMail, now_ms: i64) -> Result<Result<String, NotTaken>, StoreError> {
        let dropped = |why: &str| Ok(Err(SendError::Refused(format!("{OUTBOX_DROPPED}: {why}")).into()));
        let Some(id) = webhook_of(&call.recipient) else { return dropped("that is no webhook") };
        let webhook = match self.store.webhook(id).await {
            Ok(webhook) => webhook,
            Err(StoreError::NotFound { .. }) => return dropped("the webhook was removed"),
            Err(error) => return Err(error),
        };
        if !webhook.active {
            return dropped("the webhook was paused");
        }
        let company = self.store.company(call.company_id).await?;
        self.call(&webhook, &Message::of(call, &company.name), now_ms).await
    }

    async fn call(
        &self,
        webhook: &Webhook,
        message: &Message,
        now_ms: i64,
    ) -> Result<Result<String, NotTaken>, StoreError> {
        let key = match self.store.webhook_secret(webhook.id).await.and_then(|secret| webhook_key(&secret)) {
            Ok(key) => key,
            // One that cannot be signed for must not hold up the others.
            Err(error @ (StoreError::Corrupt(_) | StoreError::WrongKey | StoreError::MissingKey)) => {
                return Ok(Err(SendError::Deferred(format!("its secret cannot be read: {error}")).into()));
            }
            Err(error) => return Err(error),
        };
        Ok(self.caller.send(&webhook.url, &key, message, now_ms).await)
    }
}
