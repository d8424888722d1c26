//! Group commit: rounds that end while others are being written are written together.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use store::{Round, Store, StoreError};
use tokio::sync::oneshot;

/// How long a round waits for company before it is written, if others are under way. Rounds that began together end
/// together, and what a transaction costs is then paid once.
const LINGER: Duration = Duration::from_millis(50);
/// Rounds in one transaction: it bounds how long the writer keeps others from writing.
const ROUNDS_TOGETHER_MAX: usize = 256;

/// Writes rounds into the store, several in one transaction.
///
/// There is no task of its own that could be forgotten: of those who wait, the first writes for all. The queue holds at
/// most one round per router, since each poller waits for its own.
#[derive(Debug)]
pub(crate) struct RoundWriter {
    store: Store,
    queue: Mutex<Vec<Waiting>>,
    turn: tokio::sync::Mutex<()>,
}

/// A round to be written, and whom to tell.
#[derive(Debug)]
struct Waiting {
    round: Round,
    done: oneshot::Sender<Result<(), Arc<StoreError>>>,
}

/// Why a round was not written.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum NotWritten {
    #[error(transparent)]
    Store(#[from] Arc<StoreError>),
    #[error("the one who was writing it was stopped")]
    Abandoned,
}

impl RoundWriter {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, queue: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    /// Writes the round, whole or not at all, and returns once it is written. `others`: whether rounds are under way that
    /// may end soon.
    pub(crate) async fn write(&self, round: Round, others: impl Fn() -> bool) -> Result<(), NotWritten> {
        let (done, mut written) = oneshot::channel();
        self.queue().push(Waiting { round, done });
        loop {
            tokio::select! {
                biased;
                written = &mut written => return Ok(written.map_err(|_| NotWritten::Abandoned)??),
                _turn = self.turn.lock() => {
                    if others() {
                        tokio::time::sleep(LINGER).await;
                    }
                    self.write_waiting().await;
                }
            }
        }
    }

    /// Writes those that have waited longest.
    async fn write_waiting(&self) {
        let waiting: Vec<Waiting> = {
            let mut queue = self.queue();
            let count = queue.len().min(ROUNDS_TOGETHER_MAX);
            queue.drain(..count).collect()
        };
        let (rounds, tell): (Vec<_>, Vec<_>) =
            waiting.into_iter().map(|waiting| (waiting.round, waiting.done)).unzip();
        let outcomes: Vec<Result<(), Arc<StoreError>>> = match self.store.write_rounds(&rounds).await {
            Ok(outcomes) => outcomes.into_iter().map(|outcome| outcome.map_err(Arc::new)).collect(),
            Err(error) => {
                let error = Arc::new(error);
                rounds.iter().map(|_| Err(Arc::clone(&error))).collect()
            }
        };
        for (done, outcome) in tell.into_iter().zip(outcomes) {
            // One who no longer waits does not want to know.
            let _ = done.send(outcome);
        }
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;
    use store::{Location, MasterKey, NewRouter, RoundOutcome, RouterTls};

    use super::*;

    /// Those who wait together are answered each for itself: the fate of one must not be told to another.
    #[tokio::test]
    async fn each_hears_of_its_own_round() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Sqlite(folder.path().join("leaseline.db"));
        let store = Store::open(&location, Some(MasterKey::generate().unwrap())).await.unwrap();
        let company_id = store.insert_company("Example Net", "UTC", "INR", 1).await.unwrap();
        let password = SecretString::from("secret");
        let mut routers = Vec::new();
        for name in ["a", "b", "c"] {
            let (address, port, username, tls) = ("192.0.2.1", 8728, "leaseline", RouterTls::Off);
            let new = NewRouter { company_id, name, address, port, username, password: &password, tls };
            routers.push(store.insert_router(&new, 1).await.unwrap());
        }
        let writer = RoundWriter::new(store.clone());
        let round = |index: usize, at_ms| Round::new(routers[index], at_ms, RoundOutcome::Ok);
        writer.write(round(1, 10), || false).await.unwrap();
        let write = |index| writer.write(round(index, 5), || true);
        let (a, b, c) = tokio::join!(write(0), write(1), write(2));
        a.unwrap();
        c.unwrap();
        let NotWritten::Store(error) = b.unwrap_err() else { panic!("nobody was stopped") };
        assert!(matches!(*error, StoreError::OutOfOrder { at_ms: 5, stored_at_ms: 10 }), "{error:?}");
        let times: Vec<_> =
            store.router_statuses().await.unwrap().iter().map(|status| status.at_ms).collect();
        assert_eq!(times, [5, 10, 5]);
        store.close().await;
    }
}
