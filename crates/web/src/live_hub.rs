//! Who watches which link live, and the one task that renews their wishes and reads what is new for all of them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use store::{
    ClientId, Clock, FailureNotice, LIVE_AHEAD_MS, LIVE_KEPT_MS, LinkId, LiveReading, LiveWish, Store,
    StoreError,
};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

use crate::settings::LiveSettings;
use crate::watcher::leave;

/// How often the store is asked for new readings.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A wish stands for so long …
const WISH_MS: i64 = 15_000;
/// … and is renewed so often.
const RENEW_EVERY: Duration = Duration::from_secs(5);
/// How far back a look reaches behind the newest reading: another link's may have been written later.
const OVERLAP_MS: i64 = 3_000;
/// Open live views of the process …
const VIEWS_MAX: usize = 500;
/// … of one client …
const VIEWS_PER_CLIENT_MAX: usize = 8;
/// … and of one session: over HTTP/1.1 a browser has only six connections to a host for everything.
const VIEWS_PER_SESSION_MAX: usize = 2;

type SessionKey = [u8; 32];
type Watched = (ClientId, LinkId);

/// What is known of one link.
#[derive(Clone, Debug, Default)]
pub(crate) struct LinkNews {
    /// The newest readings, in order.
    pub(crate) readings: VecDeque<LiveReading>,
    /// The wish was not renewed: nobody asks the router any more.
    pub(crate) over: bool,
}

type News = HashMap<Watched, LinkNews>;

/// Live views and what they show.
#[derive(Clone)]
pub(crate) struct LiveHub {
    store: Store,
    clock: Clock,
    settings: LiveSettings,
    news: watch::Sender<Arc<News>>,
    views: Arc<Mutex<Views>>,
}

#[derive(Debug, Default)]
struct Views {
    all: usize,
    clients: HashMap<ClientId, usize>,
    sessions: HashMap<SessionKey, usize>,
    links: HashMap<Watched, usize>,
    /// The looking task, while there are views; it ends with this set.
    looking: JoinSet<()>,
}

/// Why there is no live view.
#[derive(Debug)]
pub(crate) enum Refused {
    /// No such link of this client.
    Absent,
    /// As many views as may be are open for this client, this session or here.
    Views,
    /// What the store said to the wish.
    Wish(LiveWish),
    Store(StoreError),
}

/// A view that is counted until it is dropped.
pub(crate) struct LiveView {
    hub: LiveHub,
    watched: Watched,
    session: SessionKey,
    news: watch::Receiver<Arc<News>>,
}

impl LiveHub {
    pub(crate) fn new(store: Store, clock: Clock, settings: LiveSettings) -> Self {
        Self { store, clock, settings, news: watch::Sender::new(Arc::default()), views: Arc::default() }
    }

    /// Opens a view of a client's link, within the limits, and has the link watched.
    pub(crate) async fn open(
        &self,
        client: ClientId,
        session: SessionKey,
        link: LinkId,
    ) -> Result<LiveView, Refused> {
        let view = self.count((client, link), session).ok_or(Refused::Views)?;
        match wish(&self.store, &self.clock, &self.settings, &[(client, link)])
            .await
            .map_err(Refused::Store)?[..]
        {
            [Some(LiveWish::Granted)] => Ok(view),
            [Some(refused)] => Err(Refused::Wish(refused)),
            _ => Err(Refused::Absent),
        }
    }

    fn count(&self, watched: Watched, session: SessionKey) -> Option<LiveView> {
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        let of_client = views.clients.get(&watched.0).copied().unwrap_or(0);
        let of_session = views.sessions.get(&session).copied().unwrap_or(0);
        if views.all >= VIEWS_MAX || of_client >= VIEWS_PER_CLIENT_MAX || of_session >= VIEWS_PER_SESSION_MAX
        {
            return None;
        }
        views.all += 1;
        *views.clients.entry(watched.0).or_default() += 1;
        *views.sessions.entry(session).or_default() += 1;
        *views.links.entry(watched).or_default() += 1;
        if views.all == 1 {
            self.news.send_replace(Arc::default());
            let looker = Looker {
                store: self.store.clone(),
                clock: self.clock.clone(),
                settings: self.settings,
                news: self.news.clone(),
            };
            views.looking.spawn(looker.look(Arc::downgrade(&self.views)));
        }
        drop(views);
        Some(LiveView { hub: self.clone(), watched, session, news: self.news.subscribe() })
    }
}

impl LiveView {
    /// What is known of the link now; `None`: nobody has looked yet.
    pub(crate) fn news(&mut self) -> Option<LinkNews> {
        self.news.borrow_and_update().get(&self.watched).cloned()
    }

    /// Returns after the next look; false: there will be none.
    pub(crate) async fn looked(&mut self) -> bool {
        self.news.changed().await.is_ok()
    }
}

impl Drop for LiveView {
    fn drop(&mut self) {
        let mut views = self.hub.views.lock().unwrap_or_else(PoisonError::into_inner);
        views.all -= 1;
        leave(&mut views.clients, self.watched.0);
        leave(&mut views.sessions, self.session);
        leave(&mut views.links, self.watched);
        if views.all == 0 {
            // Dropping the set ends its task; the wishes expire by themselves.
            views.looking = JoinSet::new();
        }
    }
}

/// What the one task works with.
struct Looker {
    store: Store,
    clock: Clock,
    settings: LiveSettings,
    news: watch::Sender<Arc<News>>,
}

impl Looker {
    async fn look(self, views: std::sync::Weak<Mutex<Views>>) {
        let mut timer = tokio::time::interval(LOOK_EVERY);
        timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut renewed: HashMap<Watched, Instant> = HashMap::new();
        let failure = FailureNotice::default();
        loop {
            timer.tick().await;
            let Some(views) = views.upgrade() else { return };
            let watched: Vec<Watched> = {
                let views = views.lock().unwrap_or_else(PoisonError::into_inner);
                views.links.keys().copied().collect()
            };
            drop(views);
            renewed.retain(|link, _| watched.contains(link));
            match self.look_once(&watched, &mut renewed).await {
                Ok(news) => {
                    failure.works();
                    self.news.send_replace(Arc::new(news));
                }
                Err(error) => {
                    if failure.fails() {
                        tracing::warn!("live views stand still: {error}");
                    }
                    // Pages look at their clocks all the same.
                    self.news.send_modify(|_| {});
                }
            }
        }
    }

    async fn look_once(
        &self,
        watched: &[Watched],
        renewed: &mut HashMap<Watched, Instant>,
    ) -> Result<News, StoreError> {
        let last = Arc::clone(&self.news.borrow());
        let mut news: News =
            watched.iter().map(|link| (*link, last.get(link).cloned().unwrap_or_default())).collect();
        // A view that was just opened has wished by itself; it is no harm to do so again.
        let due = |link: &Watched| renewed.get(link).is_none_or(|at| at.elapsed() >= RENEW_EVERY);
        let due: Vec<Watched> = watched.iter().copied().filter(due).collect();
        if !due.is_empty() {
            let outcomes = wish(&self.store, &self.clock, &self.settings, &due).await?;
            for (link, outcome) in due.into_iter().zip(outcomes) {
                renewed.insert(link, Instant::now());
                news.entry(link).or_default().over = outcome != Some(LiveWish::Granted);
            }
        }
        let now_ms = self.clock.now_ms();
        let kept_ms = now_ms - LIVE_KEPT_MS + 1..=now_ms + LIVE_AHEAD_MS;
        let mut wanted = Vec::with_capacity(news.len());
        for ((client, link), known) in &mut news {
            // Seconds of before the clock was set back would hide those that are new.
            known.readings.retain(|reading| kept_ms.contains(&reading.at_ms));
            let newest_ms =
                known.readings.back().map_or(i64::MIN, |reading| reading.at_ms.min(now_ms) - OVERLAP_MS);
            wanted.push((*client, *link, newest_ms.max(kept_ms.start() - 1)));
        }
        // One query, however many links are watched. A link has one client, so that its number names it.
        let places: HashMap<LinkId, Watched> = news.keys().map(|watched| (watched.1, *watched)).collect();
        for reading in self.store.live_readings_of(&wanted).await? {
            let known = places.get(&reading.link).and_then(|watched| news.get_mut(watched));
            if let Some(known) = known.filter(|_| kept_ms.contains(&reading.at_ms)) {
                known.add(reading);
            }
        }
        Ok(news)
    }
}

impl LinkNews {
    /// In order, each moment once.
    fn add(&mut self, reading: LiveReading) {
        let place = self.readings.partition_point(|known| known.at_ms < reading.at_ms);
        if self.readings.get(place).is_none_or(|known| known.at_ms != reading.at_ms) {
            self.readings.insert(place, reading);
        }
    }
}

async fn wish(
    store: &Store,
    clock: &Clock,
    settings: &LiveSettings,
    links: &[Watched],
) -> Result<Vec<Option<LiveWish>>, StoreError> {
    let now_ms = clock.now_ms();
    store.wish_live(links, settings.limits, now_ms + WISH_MS, now_ms).await
}
