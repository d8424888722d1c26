//! Mail out of the outbox, one at a time on each connection: claimed, written from the frozen report or for an
//! account, handed over, and noted.

use std::time::Duration;

use store::{OutboxMail, OutboxPriority, Store, StoreError};
use tokio::time::timeout;

use crate::{
    Mailer, SendError, Sender, account_letter,
    letters::Letters,
    outbox_notes::{NOTING_MAX, note_sent, put_off},
};

/// A claim lasts for this many times the time limit of a mail: writing it, connecting, sending.
const LIMITS_PER_CLAIM: u32 = 3;
/// How much more mail is put off together with one that the server was not there for.
const PUT_OFF_TOGETHER_MAX: i64 = 100;

/// What every mail is made with.
#[derive(Clone, Debug)]
pub struct DeliverySettings {
    /// Who mails come from, unless the company says otherwise.
    pub from: Sender,
    /// Where the portal is, without a slash at its end; without it, mails carry no link.
    pub public_url: Option<String>,
    /// The longest that writing one mail may take, that connecting may take, and that sending may take.
    pub limit: Duration,
}

/// The way from the outbox to the mail server. One mail is on its way at a time on each connection.
#[derive(Debug)]
pub struct Delivery {
    store: Store,
    mailer: Mailer,
    settings: DeliverySettings,
    letters: Letters,
}

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// Nothing was due.
    Nothing,
    /// The server took a mail.
    Sent,
    /// A mail is tried again later.
    Deferred,
    /// A mail is given up.
    Dead,
    /// The server takes no mail at all at the moment; all that was due waits.
    Away,
    /// The server takes no further connection beside those that it serves; the mail is left to them.
    Crowded,
}

impl Delivery {
    /// Connects to nothing yet.
    pub fn new(store: Store, mailer: Mailer, settings: DeliverySettings) -> Self {
        Self { store, mailer, settings, letters: Letters::default() }
    }

    /// The longest that one mail may take on its way.
    pub(crate) fn longest(&self) -> Duration {
        self.settings.limit * LIMITS_PER_CLAIM
    }

    /// How mails leave.
    pub fn mailer(&self) -> &Mailer {
        &self.mailer
    }

    /// Connections that may send side by side.
    pub fn connections(&self) -> usize {
        self.mailer.connections()
    }

    /// Sends the next mail over the first connection, if one is due: the most urgent, and of these the one that has been due
    /// for longest.
    ///
    /// A process that dies in here leaves a claim that runs out; the mail is sent again under the same Message-ID.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn deliver_once(&self, now_ms: i64) -> Result<Delivered, StoreError> {
        self.deliver_over(0, now_ms).await
    }

    /// The same over a connection, counted from 0. Where there are several, the last is reserved for alerts and account
    /// emails: however slow the server is with reports, it is free for the next alert.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn deliver_over(&self, connection: usize, now_ms: i64) -> Result<Delivered, StoreError> {
        let last = self.last_priority(connection);
        if self.store.outbox_next_due_ms_up_to(last).await?.is_none_or(|due_ms| due_ms > now_ms) {
            return Ok(Delivered::Nothing);
        }
        let Some(mail) = self.claim(last, now_ms, 1).await?.pop() else { return Ok(Delivered::Nothing) };
        let limit = self.longest();
        let result = timeout(limit, self.send(connection, &mail, now_ms)).await.unwrap_or_else(|_| {
            Err(SendError::Deferred(format!("the mail was not sent within {} s", limit.as_secs())))
        });
        match result {
            Ok(answer) => {
                note_sent(&self.store, &mail, now_ms, &answer).await?;
                Ok(Delivered::Sent)
            }
            Err(SendError::Refused(why)) => {
                tracing::warn!(mail = %mail.id, why, "a mail is refused for good");
                self.store.outbox_failed(&mail, &why, None).await?;
                Ok(Delivered::Dead)
            }
            Err(SendError::Deferred(why)) => put_off(&self.store, &mail, &why, now_ms).await.map(|put| put.0),
            Err(SendError::Away(why)) => {
                put_off(&self.store, &mail, &why, now_ms).await?;
                for other in self.claim(OutboxPriority::Summary, now_ms, PUT_OFF_TOGETHER_MAX).await? {
                    put_off(&self.store, &other, &why, now_ms).await?;
                }
                Ok(Delivered::Away)
            }
            Err(SendError::Crowded(why)) => {
                tracing::debug!(connection, why, "the mail server takes no further connection");
                self.store.outbox_released(&mail).await?;
                Ok(Delivered::Crowded)
            }
        }
    }

    /// What a connection takes at most.
    fn last_priority(&self, connection: usize) -> OutboxPriority {
        let is_reserved = connection > 0 && connection + 1 == self.connections();
        if is_reserved { OutboxPriority::Urgent } else { OutboxPriority::Summary }
    }

    /// Says good-bye to the mail server.
    pub async fn close(&self) {
        self.mailer.close().await;
    }

    async fn claim(
        &self,
        last: OutboxPriority,
        now_ms: i64,
        limit: i64,
    ) -> Result<Vec<OutboxMail>, StoreError> {
        let lease = self.longest() + NOTING_MAX;
        self.store.claim_outbox_up_to(last, now_ms, lease.as_millis() as i64, limit).await
    }

    async fn send(&self, connection: usize, mail: &OutboxMail, now_ms: i64) -> Result<String, SendError> {
        if let Some(about) = account_letter::write(&self.store, mail, &self.settings, now_ms).await? {
            return self.mailer.send_over(connection, &about).await;
        }
        let letter = self.letters.of(&self.store, mail, self.settings.public_url.as_deref()).await?;
        self.mailer.send_over(connection, &letter.to(mail, &self.settings)?).await
    }
}
