//! Group commit: rounds that end while others are being written are written together. While the database cannot be
//! written they wait in memory.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use store::{CollectorFence, FailureNotice, Round, Store, StoreError};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::backlog::{BACKLOG_ROWS_MAX, Backlog};

/// How long a round waits for company before it is written, if others are under way. Rounds that began together end
/// together, and what a transaction costs is then paid once.
const LINGER: Duration = Duration::from_millis(50);
/// Rounds in one transaction: it bounds how long the writer keeps others from writing.
const ROUNDS_TOGETHER_MAX: usize = 256;
/// Rows of kept rounds in one transaction.
const KEPT_ROWS_TOGETHER_MAX: usize = 20_000;
/// Time between two attempts to write while the database cannot be written.
const RETRY_EVERY: Duration = Duration::from_secs(1);
/// The most time an attempt may take before another one may begin: waiting for a connection takes 15 s.
const ATTEMPT_MAX: Duration = Duration::from_secs(20);

/// Writes rounds into the store, several in one transaction.
///
/// There is no task of its own that could be forgotten: of those who wait, the first writes for all. The queue holds at
/// most one round per router, since each poller waits for its own.
///
/// A round that meets a full disk, a lock or a lost connection is kept, up to [`BACKLOG_ROWS_MAX`] rows, and polling goes
/// on. About once a second one of the rounds tries again, and what was kept is written before anything newer.
#[derive(Debug)]
pub(crate) struct RoundWriter {
    store: Store,
    /// Under which claim; `None`: whoever uses the collector answers for it that there is no other.
    fence: Option<CollectorFence>,
    /// Cancelled once another collector has claimed the database.
    taken_over: CancellationToken,
    queue: Mutex<Vec<Waiting>>,
    turn: tokio::sync::Mutex<()>,
    kept: Mutex<Kept>,
}

/// A round to be written, and whom to tell.
#[derive(Debug)]
struct Waiting {
    round: Round,
    done: oneshot::Sender<Result<Written, NotWritten>>,
}

/// What is kept, and since when writing fails.
#[derive(Debug, Default)]
struct Kept {
    backlog: Backlog,
    failure: Option<Failure>,
    notice: FailureNotice,
    /// There was no room for some round since writing failed.
    is_full: bool,
}

#[derive(Debug)]
struct Failure {
    error: Arc<StoreError>,
    /// No attempt before.
    retry_at: Instant,
}

/// Where a round is.
#[derive(Clone, Debug)]
pub(crate) enum Written {
    /// In the store.
    Stored,
    /// In memory, until the store can be written again.
    Kept(Arc<StoreError>),
}

/// Why a round was not written.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum NotWritten {
    #[error(transparent)]
    Store(#[from] Arc<StoreError>),
    /// The database cannot be written, and as many rounds wait as may.
    #[error("too much waits to be written")]
    NoRoom(#[source] Arc<StoreError>),
    #[error("the one who was writing it was stopped")]
    Abandoned,
}

impl RoundWriter {
    pub(crate) fn new(store: Store, fence: Option<CollectorFence>) -> Self {
        let (queue, turn, kept) = (Mutex::default(), tokio::sync::Mutex::default(), Mutex::default());
        Self { store, fence, taken_over: CancellationToken::new(), queue, turn, kept }
    }

    /// Returns once a write has shown that another collector has claimed the database.
    pub(crate) async fn taken_over(&self) {
        self.taken_over.cancelled().await;
    }

    /// Writes the round, whole or not at all, and returns once it is written or kept. `others`: whether rounds are under
    /// way that may end soon.
    pub(crate) async fn write(&self, round: Round, others: impl Fn() -> bool) -> Result<Written, NotWritten> {
        let paused = self.kept().pause();
        if let Some(error) = paused {
            return self.keep(round, error);
        }
        let (done, mut written) = oneshot::channel();
        self.queue().push(Waiting { round, done });
        loop {
            tokio::select! {
                biased;
                written = &mut written => return written.map_err(|_| NotWritten::Abandoned)?,
                _turn = self.turn.lock() => {
                    if others() {
                        tokio::time::sleep(LINGER).await;
                    }
                    self.write_waiting().await;
                }
            }
        }
    }

    /// Tries once more to write what is kept; what cannot be written is lost with the process.
    pub(crate) async fn finish(&self) {
        let _turn = self.turn.lock().await;
        if let Err(error) = self.write_kept().await {
            let routers = self.kept().backlog.routers();
            tracing::error!(
                routers,
                "polls that waited in memory could not be written and are lost: {error}; the routers' own records fill \
                 most of the time after the next start"
            );
        }
    }

    /// Writes what is kept, then those that have waited longest.
    async fn write_waiting(&self) {
        let kept = self.write_kept().await;
        let waiting: Vec<Waiting> = {
            let mut queue = self.queue();
            let count = queue.len().min(ROUNDS_TOGETHER_MAX);
            queue.drain(..count).collect()
        };
        let (rounds, tell): (Vec<_>, Vec<_>) =
            waiting.into_iter().map(|waiting| (waiting.round, waiting.done)).unzip();
        let outcomes = match kept {
            Ok(()) => self.attempt(&rounds).await,
            Err(error) => rounds.iter().map(|_| Err(Arc::clone(&error))).collect(),
        };
        let mut failed = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
        match failed.rfind(|error| error.is_unwritable()) {
            Some(error) => self.kept().fails(error),
            None if !rounds.is_empty() => self.kept().works(),
            None => {}
        }
        for ((done, outcome), round) in tell.into_iter().zip(outcomes).zip(rounds) {
            let outcome = match outcome {
                Ok(()) => Ok(Written::Stored),
                Err(error) if error.is_unwritable() => self.keep(round, error),
                Err(error) => Err(error.into()),
            };
            // One who no longer waits does not want to know.
            let _ = done.send(outcome);
        }
    }

    /// Writes what is kept, oldest first; an error if the database still cannot be written.
    async fn write_kept(&self) -> Result<(), Arc<StoreError>> {
        loop {
            let rounds = self.kept().backlog.take(KEPT_ROWS_TOGETHER_MAX);
            if rounds.is_empty() {
                return Ok(());
            }
            let outcomes = self.attempt(&rounds).await;
            let mut unwritable = None;
            let mut again = Vec::new();
            for (round, outcome) in rounds.into_iter().zip(outcomes) {
                match outcome {
                    Ok(()) => {}
                    Err(error) if error.is_unwritable() => {
                        unwritable = Some(error);
                        again.push(round);
                    }
                    Err(_) if self.taken_over.is_cancelled() => {}
                    Err(error) => {
                        let router = round.router;
                        tracing::error!(%router, "a poll that waited in memory is refused and left out: {error}");
                    }
                }
            }
            let mut kept = self.kept();
            kept.backlog.put_back(again);
            if let Some(error) = unwritable {
                kept.fails(&error);
                return Err(error);
            }
        }
    }

    /// Each round's outcome, in order.
    async fn attempt(&self, rounds: &[Round]) -> Vec<Result<(), Arc<StoreError>>> {
        let written = match self.fence {
            Some(fence) => self.store.write_rounds_of(fence, rounds).await,
            None => self.store.write_rounds(rounds).await,
        };
        if matches!(written, Err(StoreError::ClaimLost)) {
            self.taken_over.cancel();
        }
        match written {
            Ok(outcomes) => outcomes.into_iter().map(|outcome| outcome.map_err(Arc::new)).collect(),
            Err(error) => {
                let error = Arc::new(error);
                rounds.iter().map(|_| Err(Arc::clone(&error))).collect()
            }
        }
    }

    fn keep(&self, round: Round, error: Arc<StoreError>) -> Result<Written, NotWritten> {
        let mut kept = self.kept();
        match kept.backlog.add(round) {
            Ok(()) => Ok(Written::Kept(error)),
            Err(_) => {
                if !std::mem::replace(&mut kept.is_full, true) {
                    tracing::error!(
                        "{BACKLOG_ROWS_MAX} rows wait in memory, no more are kept: what happens until the database can be \
                         written again is known from the routers' own records only"
                    );
                }
                Err(NotWritten::NoRoom(error))
            }
        }
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Why there is no attempt at the moment. `None`: whoever asks may make one.
    fn pause(&mut self) -> Option<Arc<StoreError>> {
        let failure = self.failure.as_mut()?;
        let now = Instant::now();
        if now < failure.retry_at {
            return Some(Arc::clone(&failure.error));
        }
        // The others need not wait for what may be no more than another timeout.
        failure.retry_at = now + ATTEMPT_MAX;
        None
    }

    fn fails(&mut self, error: &Arc<StoreError>) {
        self.failure = Some(Failure { error: Arc::clone(error), retry_at: Instant::now() + RETRY_EVERY });
        if self.notice.fails() {
            let error = error.as_ref() as &dyn std::error::Error;
            tracing::error!(error, "polls cannot be written and wait in memory");
        }
    }

    fn works(&mut self) {
        self.failure = None;
        self.is_full = false;
        if let Some(failed_for) = self.notice.works() {
            tracing::info!("polls are written again, after {} s", failed_for.as_secs());
        }
    }
}
