use crate::latest::write_latest;
use crate::router_status::write_status;
use crate::sample_write::insert_samples;
use crate::tail::write_tails;
use crate::{Latest, RouterId, Sample, SpanTail, Store, StoreError};

/// Whatever the collector learned from one look at one router. It is written whole or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// Whose round.
    pub router: RouterId,
    /// When it was; the rounds of a router are written in this order.
    pub at_ms: i64,
    /// Whether the router answered.
    pub outcome: RoundOutcome,
    /// Metric readings, in a sample round.
    pub samples: Vec<Sample>,
    /// Changes of time lines.
    pub tails: Vec<SpanTail>,
    /// What is now known of the links; each link at most once.
    pub latest: Vec<Latest>,
    /// The router's uptime; `None` keeps what is stored.
    pub uptime_ms: Option<i64>,
    /// RouterOS version; `None` keeps what is stored.
    pub version: Option<String>,
    /// The router's clock minus ours; `None` keeps what is stored.
    pub clock_offset_ms: Option<i64>,
    /// Rounds skipped since the round before.
    pub skipped_rounds: i64,
}

/// How a round ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoundOutcome {
    /// The router answered.
    Ok,
    /// It did not; the text says why, for people.
    Unreachable(String),
}

impl Round {
    /// A round with nothing in it yet.
    pub fn new(router: RouterId, at_ms: i64, outcome: RoundOutcome) -> Self {
        Self {
            router,
            at_ms,
            outcome,
            samples: Vec::new(),
            tails: Vec::new(),
            latest: Vec::new(),
            uptime_ms: None,
            version: None,
            clock_offset_ms: None,
            skipped_rounds: 0,
        }
    }
}

impl Store {
    /// Writes a round in one transaction. Writing the same round twice changes nothing.
    ///
    /// # Errors
    /// [`StoreError::OutOfOrder`] for a round older than the router's last, [`StoreError::Invalid`] for a tail whose spans
    /// overlap, [`StoreError::Dangling`] for a link that does not exist. Nothing is written then.
    pub async fn write_round(&self, round: &Round) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        // The status row is first: it is the lock that keeps two rounds of one router apart.
        write_status(&mut tx, round).await?;
        write_tails(&mut tx, &round.tails).await?;
        insert_samples(&mut tx, &round.samples).await?;
        write_latest(&mut tx, &round.latest).await?;
        Ok(tx.commit().await?)
    }

    /// Writes samples alone in one transaction; those that are already there stay as they are.
    pub async fn write_samples(&self, samples: &[Sample]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        insert_samples(&mut tx, samples).await?;
        Ok(tx.commit().await?)
    }
}
