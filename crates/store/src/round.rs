use crate::latest::write_latest;
use crate::link::note_first_polls;
use crate::router_status::write_statuses;
use crate::sample_write::insert_samples;
use crate::tail::write_tails;
use crate::text::storable_rounds;
use crate::{CollectorFence, Latest, LinkId, RouterId, Sample, SpanTail, Store, StoreError};

/// Whatever the collector learned from one look at one router. It is written whole or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// Whose round.
    pub router: RouterId,
    /// When it was; the rounds of a router are written in this order.
    pub at_ms: i64,
    /// Whether the poll succeeded.
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
    /// Links that were seen for the first time, and when.
    pub first_polls: Vec<(LinkId, i64)>,
}

/// How a round ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoundOutcome {
    /// The router answered.
    Ok,
    /// It did not answer; the text says why, for people.
    Unreachable(String),
    /// The poll failed for another reason: the router answered with an error, our own network was gone, or it was not
    /// asked.
    Failed {
        /// As the spans of its links name it: `login_rejected`, `own_network` …
        cause: String,
        /// Why, for people.
        error: String,
    },
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
            first_polls: Vec::new(),
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
        self.write_together(std::slice::from_ref(round), None).await
    }

    /// Writes rounds as [`write_round`](Self::write_round) would one after the other, but in one transaction if it can
    /// be: what a transaction costs is paid once for all. A round that is refused keeps none of the others out.
    ///
    /// Returns each round's outcome, in order.
    ///
    /// # Errors
    /// If the database cannot be reached or stays locked. Nothing is written then.
    pub async fn write_rounds(&self, rounds: &[Round]) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        self.write_each(rounds, None).await
    }

    /// [`write_rounds`](Self::write_rounds) for the collector that holds this claim: within the transaction it is the last
    /// one made.
    ///
    /// # Errors
    /// [`StoreError::ClaimLost`] if another collector has claimed the database since, besides those of `write_rounds`.
    /// Nothing is written then.
    pub async fn write_rounds_of(
        &self,
        fence: CollectorFence,
        rounds: &[Round],
    ) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        self.write_each(rounds, Some(fence)).await
    }

    async fn write_each(
        &self,
        rounds: &[Round],
        fence: Option<CollectorFence>,
    ) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        match self.write_together(rounds, fence).await {
            Ok(()) => return Ok(rounds.iter().map(|_| Ok(())).collect()),
            // To try again one by one would wait for each round as long as for all.
            Err(error) if error.is_unwritable() || matches!(error, StoreError::ClaimLost) => {
                return Err(error);
            }
            Err(error) if rounds.len() == 1 => return Ok(vec![Err(error)]),
            Err(_) => {}
        }
        let mut outcomes = Vec::with_capacity(rounds.len());
        for round in rounds {
            outcomes.push(self.write_together(std::slice::from_ref(round), fence).await);
        }
        Ok(outcomes)
    }

    /// All of them or none.
    async fn write_together(
        &self,
        rounds: &[Round],
        fence: Option<CollectorFence>,
    ) -> Result<(), StoreError> {
        let rounds = storable_rounds(rounds);
        let mut tx = self.begin().await?;
        if let Some(fence) = fence {
            fence.check(&mut tx).await?;
        }
        // The status rows are first: they are the lock that keeps two rounds of one router apart.
        write_statuses(&mut tx, &rounds).await?;
        write_tails(&mut tx, rounds.iter().flat_map(|round| &round.tails)).await?;
        let samples: Vec<&Sample> = rounds.iter().flat_map(|round| &round.samples).collect();
        insert_samples(&mut tx, &samples).await?;
        for round in rounds.iter() {
            note_first_polls(&mut tx, &round.first_polls).await?;
        }
        write_latest(&mut tx, rounds.iter().flat_map(|round| &round.latest)).await?;
        Ok(tx.commit().await?)
    }

    /// Writes samples alone in one transaction; those that are already there stay as they are.
    pub async fn write_samples(&self, samples: &[Sample]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        insert_samples(&mut tx, &samples.iter().collect::<Vec<_>>()).await?;
        Ok(tx.commit().await?)
    }
}
