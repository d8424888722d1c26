//! Messages out of the outbox to WhatsApp, one at a time for each number.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use report::ShortMessage;
use store::{
    NotificationEvent, OUTBOX_DOUBT, OUTBOX_DROPPED, OutboxMail, Store, StoreError, whatsapp_number,
};
use tokio::time::Instant;

use super::{
    graph::Graph,
    message,
    template::{Template, Templates},
    verdict::{Taken, Trouble},
};
use crate::{
    Delivered, SendError,
    backoff::wait_ms,
    outbox_notes::{give_up, note_accepted, note_sent, put_off, put_off_until},
};

/// For how much longer than a call may take its claim lasts: reading what is sent, and noting what became of it.
const CLAIM_SPARE: Duration = Duration::from_secs(30);
/// For so long a message that nobody answered for waits for a receipt, which says that it arrived.
const DOUBT_WAIT_MS: i64 = 60_000;

/// The way from the outbox to WhatsApp.
///
/// The provider does not know a message again that it is given twice. One whose answer was lost waits for its receipt, is
/// sent once more if none comes, and is then left to a person.
#[derive(Debug)]
pub struct WhatsAppDelivery {
    store: Store,
    graph: Graph,
    templates: Templates,
    /// Where the portal is, without a slash at its end.
    portal: Option<String>,
    /// Until when the provider takes nothing. What is decided meanwhile is due at once, and waits all the same.
    closed_until_ms: AtomicI64,
}

impl WhatsAppDelivery {
    /// Connects to nothing yet.
    pub fn new(store: Store, graph: Graph, templates: Templates, portal: Option<String>) -> Self {
        Self { store, graph, templates, portal, closed_until_ms: AtomicI64::new(i64::MIN) }
    }

    /// The longest that one call may take.
    pub(crate) fn limit(&self) -> Duration {
        self.graph.limit()
    }

    /// Sends what has been due for longest, if anything.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn deliver_once(&self, now_ms: i64) -> Result<Delivered, StoreError> {
        match self.claim(now_ms, 1).await?.pop() {
            Some(mail) => self.deliver(&mail, now_ms).await,
            None => Ok(Delivered::Nothing),
        }
    }

    /// Claims messages that are due, at most one for each number and `limit` in all.
    pub(crate) async fn claim(&self, now_ms: i64, limit: usize) -> Result<Vec<OutboxMail>, StoreError> {
        if now_ms < self.closed_until_ms.load(Ordering::Relaxed) {
            return Ok(Vec::new());
        }
        if self.store.whatsapp_next_due_ms().await?.is_none_or(|due_ms| due_ms > now_ms) {
            return Ok(Vec::new());
        }
        let lease_ms = (self.graph.limit() + CLAIM_SPARE).as_millis() as i64;
        self.store.claim_whatsapp(now_ms, lease_ms, limit as i64).await
    }

    /// Sends a claimed message and notes what became of it. A provider that takes none at all has all of them wait.
    pub(crate) async fn deliver(&self, mail: &OutboxMail, now_ms: i64) -> Result<Delivered, StoreError> {
        let begun = Instant::now();
        let result = self.send(mail).await;
        // Waits begin when it is known that one has to wait.
        let now_ms = now_ms + begun.elapsed().as_millis() as i64;
        let in_doubt = mail.last_error.as_ref().is_some_and(|error| error.contains(OUTBOX_DOUBT));
        // Until it is known what became of it, an earlier try is not forgotten.
        let doubted = |why: &str| if in_doubt { format!("{why}; {OUTBOX_DOUBT}") } else { why.to_owned() };
        match result {
            Ok(Taken { provider_id, answer }) => {
                let answer = doubted(&answer);
                match provider_id {
                    Some(id) => note_accepted(&self.store, mail, &id, now_ms, &answer).await?,
                    None => note_sent(&self.store, mail, now_ms, &answer).await?,
                }
                Ok(Delivered::Sent)
            }
            Err(Trouble::Refused(why)) => give_up(&self.store, mail, &doubted(&why)).await,
            Err(Trouble::Later(why)) => {
                put_off(&self.store, mail, &doubted(&why), now_ms).await.map(|put| put.0)
            }
            Err(Trouble::Away { why, pause }) => {
                let pause_ms = pause.map_or(0, |pause| pause.as_millis() as i64);
                let wait_ms = wait_ms(mail.id.0, mail.attempts);
                let next_at_ms = wait_ms.map(|wait_ms| now_ms + wait_ms.max(pause_ms));
                let delivered = put_off_until(&self.store, mail, &doubted(&why), next_at_ms).await?;
                let Some(next_at_ms) = next_at_ms else { return Ok(delivered) };
                self.close_until(next_at_ms, &why).await
            }
            // Twice without a word: to try on might fill somebody's telephone with the same alarm.
            Err(Trouble::Doubt(why)) if in_doubt => {
                let why = format!("{why}; {OUTBOX_DOUBT}, so it is not tried again by itself");
                give_up(&self.store, mail, &why).await
            }
            Err(Trouble::Doubt(why)) => {
                let why = format!("{why}; {OUTBOX_DOUBT}: it is sent again unless a receipt comes");
                let wait_ms = wait_ms(mail.id.0, mail.attempts).map(|wait_ms| wait_ms.max(DOUBT_WAIT_MS));
                put_off_until(&self.store, mail, &why, wait_ms.map(|wait_ms| now_ms + wait_ms)).await
            }
        }
    }

    /// Sends a test message at once, past the outbox; what was answered.
    ///
    /// # Errors
    /// Why it was not taken.
    pub async fn test(&self, to: &str, event: NotificationEvent, now_ms: i64) -> Result<String, SendError> {
        let at = jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default();
        let Some(template) = self.templates.of(event) else {
            return Err(SendError::Refused(format!("no template is set for {event}")));
        };
        let message = message::test(&at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
        let taken = self.graph.send(to, template, message.values(), &format!("test-{now_ms}")).await;
        taken.map(|taken| taken.answer).map_err(SendError::from)
    }

    async fn send(&self, mail: &OutboxMail) -> Result<Taken, Trouble> {
        let dropped = |why: &str| Err(Trouble::Refused(format!("{OUTBOX_DROPPED}: {why}")));
        let Some(to) = whatsapp_number(&mail.recipient) else { return dropped("that is no number") };
        match self.store.whatsapp_is_wanted(mail).await {
            Ok(true) => {}
            Ok(false) => {
                return dropped("the number is on no list any more, or its owner no longer wants it");
            }
            // Nothing has gone out. A claim that simply ended would leave that in doubt.
            Err(error) => return Err(Trouble::Later(error.to_string())),
        }
        let (template, message) = match self.written(mail).await {
            Ok(Some(written)) => written,
            Ok(None) => return dropped(&format!("no template is set for {}", mail.kind)),
            Err(SendError::Refused(why)) => return Err(Trouble::Refused(why)),
            Err(SendError::Deferred(why) | SendError::Away(why) | SendError::Crowded(why)) => {
                return Err(Trouble::Later(why));
            }
        };
        let key = mail.message_id.trim_start_matches('<').trim_end_matches('>');
        self.graph.send(to, template, message.values(), key).await
    }

    async fn written(&self, mail: &OutboxMail) -> Result<Option<(&Template, ShortMessage)>, SendError> {
        let (event, message) = message::write(&self.store, mail, self.portal.as_deref()).await?;
        Ok(self.templates.of(event).map(|template| (template, message)))
    }

    /// Has all messages wait, those that are decided meanwhile too. Whether an earlier try may have arrived is each one's own.
    async fn close_until(&self, next_at_ms: i64, why: &str) -> Result<Delivered, StoreError> {
        self.closed_until_ms.fetch_max(next_at_ms, Ordering::Relaxed);
        self.store.put_off_whatsapp(next_at_ms, why).await?;
        Ok(Delivered::Away)
    }
}
