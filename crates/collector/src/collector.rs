use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use store::{Clock, CollectorFence, RouterId, RouterTarget, Store};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::checks::CheckDesk;
use crate::clock_check::ClockCheck;
use crate::clocks::Clocks;
use crate::config::CollectorConfig;
use crate::error::CollectorError;
use crate::live::LiveWatch;
use crate::poller::{Poller, RoundReport, Shared};
use crate::ppp::PppBoard;
use crate::round_writer::RoundWriter;
use crate::running::Running;
use crate::schedule::{RoundKind, Slot};
use crate::timeline::Rules;
use crate::witness::Witness;

/// Two looks further apart than this many intervals are a gap: one look may fail and one interval stretch.
const NORMAL_INTERVALS: u32 = 2;

const TARGETS_EVERY_MAX: Duration = Duration::from_secs(30);
const TARGETS_EVERY_MIN: Duration = Duration::from_secs(1);

/// Polls the routers of a store.
///
/// There must be only one for a database: take [`Store::claim_collector`] first.
#[derive(Debug)]
pub struct Collector {
    shared: Arc<Shared>,
    routers: Mutex<KnownRouters>,
}

#[derive(Debug, Default)]
struct KnownRouters {
    routers: HashMap<RouterId, Arc<PolledRouter>>,
    /// When they were read, by the monotonic clock.
    read_ms: Option<i64>,
}

/// How a round over all routers went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoundSummary {
    /// Routers that were asked.
    pub routers: usize,
    /// Links that were looked at.
    pub links: usize,
    /// Samples that were written.
    pub samples: usize,
    /// Routers that gave no reading, with one line on why; by name.
    pub errors: Vec<(String, String)>,
    /// Routers that did, but whose user may not ping, with one line on what to do; by name.
    pub ping_errors: Vec<(String, String)>,
    /// What was wrong with single links of routers that did; by router and circuit.
    pub link_errors: Vec<LinkError>,
}

/// What was wrong with one link while its router answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkError {
    /// The router's name.
    pub router: String,
    /// The link's circuit.
    pub circuit: String,
    /// One line: its interface is not there, or its target cannot be pinged.
    pub error: String,
}

/// One router's poller, and news of it for its next round.
#[derive(Debug)]
pub(crate) struct PolledRouter {
    pub(crate) id: RouterId,
    pub(crate) name: String,
    /// The database knew it when it was read first.
    is_witness: bool,
    poller: tokio::sync::Mutex<Poller>,
    news: Mutex<Option<RouterTarget>>,
}

impl Collector {
    /// A collector that writes into `store` and goes by `clock`.
    pub fn new(store: Store, clock: Clock, config: CollectorConfig) -> Self {
        Self::with_clocks(store, Clocks::new(clock), config)
    }

    /// Writes under this claim only: once another collector has claimed the database, nothing more is written and
    /// [`run`](Self::run) ends. Without it, whoever polls sees to it that nobody else does.
    #[must_use]
    pub fn under(self, fence: CollectorFence) -> Self {
        let Shared { store, clocks, config, .. } = &*self.shared;
        Self::build(store.clone(), clocks.clone(), config.clone(), Some(fence))
    }

    /// Polls until `stop`; rounds that are being written are written to their end. Beside it, links that somebody
    /// watches live are watched and routers that somebody asks about are tested, in sessions of their own.
    ///
    /// # Errors
    /// If the list of routers cannot be read at the start; later failures are logged and tried again.
    /// [`CollectorError::TakenOver`] if another collector has claimed the database.
    pub async fn run(self, stop: CancellationToken) -> Result<(), CollectorError> {
        let shared = Arc::clone(&self.shared);
        let Shared { store, clocks, config, check, .. } = &*shared;
        let live = LiveWatch::new(store.clone(), clocks.clone(), config.connect_timeout);
        let checks = CheckDesk::new(store.clone(), clocks.clone(), config.connect_timeout);
        let others_stop = stop.child_token();
        let polling = async {
            let ended = Running::new(self).until(stop).await;
            others_stop.cancel();
            ended
        };
        let others = async {
            tokio::join!(
                live.run(others_stop.clone()),
                checks.run(others_stop.clone()),
                check.run(store, clocks.clock(), &others_stop)
            )
        };
        let (ended, _) = tokio::join!(polling, others);
        ended
    }

    /// One sample round over all routers now, without spreading them. `progress` hears (routers done, routers).
    ///
    /// # Errors
    /// If the list of routers cannot be read. What fails at a router is in the summary.
    pub async fn once(&self, progress: impl FnMut(usize, usize)) -> Result<RoundSummary, CollectorError> {
        let routers = self.refresh().await?;
        Ok(self.round_over(routers, RoundKind::Sample, progress).await)
    }

    /// One round of this kind over all routers now; sessions stay open for the next. Links and routers that were
    /// entered since are seen as soon as [`run`](Self::run) would see them.
    ///
    /// # Errors
    /// If the list of routers cannot be read.
    pub async fn round(
        &self,
        kind: RoundKind,
        progress: impl FnMut(usize, usize),
    ) -> Result<RoundSummary, CollectorError> {
        let routers = self.known_or_refreshed().await?;
        Ok(self.round_over(routers, kind, progress).await)
    }

    async fn round_over(
        &self,
        routers: Vec<Arc<PolledRouter>>,
        kind: RoundKind,
        mut progress: impl FnMut(usize, usize),
    ) -> RoundSummary {
        let total = routers.len();
        progress(0, total);
        let slot = Slot { at_ms: self.shared.clocks.now().wall_ms, kind };
        let mut rounds = JoinSet::new();
        for router in routers {
            rounds.spawn(async move {
                let report = router.round(slot, false, &CancellationToken::new()).await;
                (router.name.clone(), report.unwrap_or_default())
            });
        }
        let mut summary = RoundSummary { routers: total, ..RoundSummary::default() };
        let mut done = 0;
        while let Some(joined) = rounds.join_next().await {
            done += 1;
            progress(done, total);
            match joined {
                Ok((name, report)) => summary.add(name, report),
                Err(error) => summary.errors.push(("?".to_owned(), format!("the round failed: {error}"))),
            }
        }
        let Shared { store, clocks, check, .. } = &*self.shared;
        check.note(store, clocks.clock()).await;
        summary.errors.sort();
        summary.ping_errors.sort();
        summary.link_errors.sort();
        summary
    }

    fn with_clocks(store: Store, clocks: Clocks, config: CollectorConfig) -> Self {
        Self::build(store, clocks, config, None)
    }

    fn build(store: Store, clocks: Clocks, config: CollectorConfig, fence: Option<CollectorFence>) -> Self {
        let millis = |interval: Duration| i64::try_from(interval.as_millis()).unwrap_or(i64::MAX / 4);
        let rules = Rules {
            looks_needed: config.down_after_probes.max(1),
            normal_ms: millis(config.probe_interval * NORMAL_INTERVALS),
        };
        let shared = Shared {
            writer: RoundWriter::new(store.clone(), fence),
            store,
            clocks,
            check: ClockCheck::default(),
            rules,
            witness: Witness::new(config.witness.clone()),
            ppp: PppBoard::default(),
            permits: Semaphore::new(config.rounds_at_once.clamp(1, Semaphore::MAX_PERMITS)),
            config,
        };
        Self { shared: Arc::new(shared), routers: Mutex::default() }
    }

    /// The routers as they were read last, if that was not too long ago.
    async fn known_or_refreshed(&self) -> Result<Vec<Arc<PolledRouter>>, CollectorError> {
        let fresh_ms = i64::try_from(self.targets_every().as_millis()).unwrap_or(i64::MAX);
        let now_ms = self.shared.clocks.now().mono_ms;
        {
            let known = self.routers.lock().unwrap_or_else(PoisonError::into_inner);
            if known.read_ms.is_some_and(|read_ms| now_ms - read_ms < fresh_ms) {
                return Ok(known.routers.values().cloned().collect());
            }
        }
        self.refresh().await
    }

    /// How often the list of routers and links is read again: not more often than routers are looked at.
    pub(crate) fn targets_every(&self) -> Duration {
        self.shared.config.probe_interval.clamp(TARGETS_EVERY_MIN, TARGETS_EVERY_MAX)
    }

    /// Reads again which routers and links there are. Those that were known keep their session and memory.
    pub(crate) async fn refresh(&self) -> Result<Vec<Arc<PolledRouter>>, CollectorError> {
        let mut now_ms = self.shared.clocks.now().wall_ms;
        let store = &self.shared.store;
        let is_first = self.routers.lock().unwrap_or_else(PoisonError::into_inner).read_ms.is_none();
        if is_first {
            // Our clock may be behind: links that were polled are under contract, and their routers know better.
            let health = store.clock_health(now_ms).await.map_err(CollectorError::Targets)?;
            now_ms = health.polled_ms.map_or(now_ms, |polled_ms| polled_ms.max(now_ms));
        }
        let targets = store.collector_targets(now_ms).await.map_err(CollectorError::Targets)?;
        self.shared.ppp.expect(&targets);
        let contradicts = is_first
            && store
                .future_contradicts(self.shared.clocks.now().wall_ms)
                .await
                .map_err(CollectorError::Targets)?;
        let mut guard = self.routers.lock().unwrap_or_else(PoisonError::into_inner);
        guard.read_ms = Some(self.shared.clocks.now().mono_ms);
        let routers = &mut guard.routers;
        let mut known = std::mem::take(routers);
        for target in targets {
            let id = target.router.id;
            let router = match known.remove(&id).filter(|router| router.name == target.router.name) {
                Some(router) => {
                    *router.news.lock().unwrap_or_else(PoisonError::into_inner) = Some(target);
                    router
                }
                None => Arc::new(PolledRouter::new(Arc::clone(&self.shared), target)),
            };
            routers.insert(id, router);
        }
        let witnesses = routers.values().filter(|router| router.is_witness).count();
        self.shared.clocks.clock().expect(routers.len(), witnesses, contradicts);
        Ok(routers.values().cloned().collect())
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

impl PolledRouter {
    fn new(shared: Arc<Shared>, target: RouterTarget) -> Self {
        let (id, name) = (target.router.id, target.router.name.clone());
        let poller = Poller::new(shared, target);
        let is_witness = poller.is_witness();
        Self { id, name, is_witness, poller: tokio::sync::Mutex::new(poller), news: Mutex::default() }
    }

    /// One round; a second one of the same router waits for the first.
    pub(crate) async fn round(
        &self,
        slot: Slot,
        patient: bool,
        stop: &CancellationToken,
    ) -> Option<RoundReport> {
        let mut poller = self.poller.lock().await;
        let news = self.news.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(target) = news {
            poller.update(target);
        }
        poller.round(slot, patient, stop).await
    }

    pub(crate) async fn skipped(&self, rounds: i64) {
        self.poller.lock().await.skipped(rounds);
    }

    pub(crate) async fn wants_a_first_sample(&self, since_ms: i64) -> bool {
        self.poller.lock().await.wants_a_first_sample(since_ms)
    }
}

impl RoundSummary {
    fn add(&mut self, router: String, report: RoundReport) {
        self.links += report.links;
        self.samples += report.samples;
        self.ping_errors.extend(report.no_pings.map(|error| (router.clone(), error)));
        self.link_errors.extend(report.troubles.into_iter().map(|trouble| LinkError {
            router: router.clone(),
            circuit: trouble.circuit,
            error: trouble.error,
        }));
        if let Some(error) = report.error {
            self.errors.push((router, error));
        }
    }
}
