//! What became of a WhatsApp message after it was taken, as the provider tells afterwards: twice, late or out of order.

use crate::engine::{Tx, on};
use crate::outbox_delivery::kept;
use crate::{Store, StoreError};

/// The most receipts that are noted at once.
pub const RECEIPTS_MAX: usize = 1_000;
/// What stands for the answer to a message of which only a receipt came.
const ANSWER_LOST: &str = "taken: the answer was lost, a receipt says so";

/// How far a message came.
///
/// Their order is the one in which they are believed: what was delivered was not lost, whoever said so first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ReceiptStatus {
    /// The provider has it.
    Sent,
    /// The provider gave it up.
    Failed,
    /// It is on the recipient's device.
    Delivered,
    /// It was looked at.
    Read,
}

/// A word of the provider about a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What the provider calls it: `wamid.…`.
    pub provider_id: String,
    /// What it was given to be known by: the row's `Message-ID` without its brackets.
    pub key: Option<String>,
    /// How far it came.
    pub status: ReceiptStatus,
    /// When.
    pub at_ms: i64,
    /// Why it failed.
    pub reason: Option<String>,
}

impl ReceiptStatus {
    const ALL: [Self; 4] = [Self::Sent, Self::Failed, Self::Delivered, Self::Read];

    /// As stored, and as the provider names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Delivered => "delivered",
            Self::Read => "read",
        }
    }
}

impl std::str::FromStr for ReceiptStatus {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let found = Self::ALL.into_iter().find(|status| status.as_str() == text);
        found.ok_or_else(|| StoreError::Invalid {
            what: "a receipt",
            why: format!("{text:?} is neither sent, failed, delivered nor read"),
        })
    }
}

impl Store {
    /// Notes receipts, at most [`RECEIPTS_MAX`]; how many said something new. Those of messages that are not ours, and those that
    /// say less than is known, change nothing.
    ///
    /// A message whose answer was lost is known by its key: it is sent, and not sent again. One that failed after it was
    /// taken is given up, with the reason, until a person has it tried again.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for too many.
    pub async fn note_receipts(&self, receipts: &[Receipt]) -> Result<u64, StoreError> {
        if receipts.len() > RECEIPTS_MAX {
            let why = format!("{} at once are more than {RECEIPTS_MAX}", receipts.len());
            return Err(StoreError::Invalid { what: "receipts", why });
        }
        let mut tx = self.begin().await?;
        let mut news = 0;
        for receipt in receipts {
            news += note(&mut tx, receipt).await?;
        }
        tx.commit().await?;
        Ok(news)
    }
}

async fn note(tx: &mut Tx, receipt: &Receipt) -> Result<u64, StoreError> {
    const SQL: &str = "UPDATE outbox SET provider_id = $1, receipt = $3, receipt_at_ms = $4, lease_until_ms = NULL,
            state = CASE WHEN $5 THEN 'dead' ELSE 'sent' END,
            sent_at_ms = CASE WHEN $5 THEN NULL ELSE COALESCE(sent_at_ms, $4) END,
            answer = CASE WHEN $5 THEN NULL ELSE COALESCE(answer, $6) END,
            last_error = CASE WHEN $5 THEN $7 ELSE last_error END
        WHERE recipient LIKE 'whatsapp:%'
            AND (provider_id = $1
                OR (message_id = $2
                    AND (provider_id IS NULL OR state IN ('queued', 'sending') OR (state = 'dead' AND $8 > 2))))
            AND (receipt IS NULL OR provider_id IS NULL OR provider_id <> $1
                OR CASE receipt WHEN 'sent' THEN 1 WHEN 'failed' THEN 2 WHEN 'delivered' THEN 3 ELSE 4 END < $8)";
    let failed = receipt.status == ReceiptStatus::Failed;
    let reason = receipt.reason.as_deref().unwrap_or("no reason was given");
    let rank = 1 + receipt.status as i64;
    Ok(on!(tx, tx => sqlx::query(SQL)
        .bind(kept(&receipt.provider_id))
        .bind(receipt.key.as_ref().map(|key| format!("<{}>", kept(key))))
        .bind(receipt.status.as_str())
        .bind(receipt.at_ms)
        .bind(failed)
        .bind(ANSWER_LOST)
        .bind(kept(&format!("it was taken, and not delivered: {reason}")))
        .bind(rank)
        .execute(&mut **tx)
        .await
        .map(|done| done.rows_affected()))?)
}
