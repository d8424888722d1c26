//! Who is to hear when something changed, and the one task that looks.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use store::{ClientId, DataVersion, FailureNotice, LatestMark, LinkId, Store, StoreError};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

/// How often the store is asked whether anything changed.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Open streams of the process …
const STREAMS_MAX: usize = 2_000;
/// … of one client …
const STREAMS_PER_CLIENT_MAX: usize = 200;
/// … and of one session: over HTTP/1.1 a browser has only six connections to a host for everything.
const STREAMS_PER_SESSION_MAX: usize = 4;

/// What a stream is counted by.
type SessionKey = [u8; 32];

/// What was seen last.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    version: Option<DataVersion>,
    marks: HashMap<ClientId, BTreeMap<LinkId, LatestMark>>,
}

impl Seen {
    /// A client's marks, those of one link if one is named; `None`: nobody has looked for this client yet.
    pub(crate) fn of(&self, client: ClientId, link: Option<LinkId>) -> Option<BTreeMap<LinkId, LatestMark>> {
        let marks = self.marks.get(&client)?;
        Some(match link {
            None => marks.clone(),
            Some(link) => marks.get(&link).map(|mark| (link, *mark)).into_iter().collect(),
        })
    }
}

/// Looks while somebody listens.
#[derive(Clone, Debug)]
pub(crate) struct Watcher {
    store: Store,
    seen: watch::Sender<Arc<Seen>>,
    listeners: Arc<Mutex<Listeners>>,
}

#[derive(Debug, Default)]
struct Listeners {
    streams: usize,
    clients: HashMap<ClientId, usize>,
    sessions: HashMap<SessionKey, usize>,
    /// The looking task, while there are streams; it ends with this set.
    looking: JoinSet<()>,
}

/// There are as many streams as there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany;

/// A stream that is counted until it is dropped.
pub(crate) struct Subscription {
    watcher: Watcher,
    client: ClientId,
    session: SessionKey,
    pub(crate) seen: watch::Receiver<Arc<Seen>>,
}

impl Watcher {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, seen: watch::Sender::new(Arc::default()), listeners: Arc::default() }
    }

    /// Listens for a client, within the limits.
    pub(crate) fn subscribe(&self, client: ClientId, session: SessionKey) -> Result<Subscription, TooMany> {
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        let of_client = listeners.clients.get(&client).copied().unwrap_or(0);
        let of_session = listeners.sessions.get(&session).copied().unwrap_or(0);
        if listeners.streams >= STREAMS_MAX
            || of_client >= STREAMS_PER_CLIENT_MAX
            || of_session >= STREAMS_PER_SESSION_MAX
        {
            return Err(TooMany);
        }
        listeners.streams += 1;
        *listeners.clients.entry(client).or_default() += 1;
        *listeners.sessions.entry(session).or_default() += 1;
        if listeners.streams == 1 {
            // What was seen before the pause is of no use.
            self.seen.send_replace(Arc::default());
            let look = look(self.store.clone(), self.seen.clone(), Arc::downgrade(&self.listeners));
            listeners.looking.spawn(look);
        }
        drop(listeners);
        let seen = self.seen.subscribe();
        Ok(Subscription { watcher: self.clone(), client, session, seen })
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut listeners = self.watcher.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.streams -= 1;
        leave(&mut listeners.clients, self.client);
        leave(&mut listeners.sessions, self.session);
        if listeners.streams == 0 {
            // Dropping the set ends its task.
            listeners.looking = JoinSet::new();
        }
    }
}

pub(crate) fn leave<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: K) {
    if let Some(count) = counts.get_mut(&key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&key);
        }
    }
}

async fn look(store: Store, seen: watch::Sender<Arc<Seen>>, listeners: std::sync::Weak<Mutex<Listeners>>) {
    let mut timer = tokio::time::interval(LOOK_EVERY);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let failure = FailureNotice::default();
    loop {
        timer.tick().await;
        let Some(listeners) = listeners.upgrade() else { return };
        let clients: Vec<ClientId> = {
            let listeners = listeners.lock().unwrap_or_else(PoisonError::into_inner);
            listeners.clients.keys().copied().collect()
        };
        let last = Arc::clone(&seen.borrow());
        match look_once(&store, &clients, &last).await {
            Ok(fresh) => {
                failure.works();
                if let Some(fresh) = fresh {
                    seen.send_replace(Arc::new(fresh));
                }
            }
            Err(error) if failure.fails() => {
                tracing::warn!("pages are not told of changes at the moment: {error}");
            }
            Err(_) => {}
        }
    }
}

/// `None` if nothing was committed since and nobody new listens.
async fn look_once(store: &Store, clients: &[ClientId], last: &Seen) -> Result<Option<Seen>, StoreError> {
    let version = store.data_version().await?;
    if last.version.as_ref() == Some(&version) && clients.iter().all(|client| last.marks.contains_key(client))
    {
        return Ok(None);
    }
    let mut marks = store.latest_marks(clients).await?;
    for client in clients {
        marks.entry(*client).or_default();
    }
    Ok(Some(Seen { version: Some(version), marks }))
}
