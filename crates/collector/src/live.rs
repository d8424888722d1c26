//! The live view: traffic second by second of links that somebody watches just now.
//!
//! It has sessions of its own and shares nothing with the rounds but the process: whatever becomes of it, a round neither
//! waits nor fails.

mod meanwhile;
mod router;
mod trouble;

use std::collections::HashMap;
use std::time::Duration;

use store::{FailureNotice, LiveReading, LiveTarget, Router, RouterId, Store, StoreError};
use tokio::sync::{mpsc, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use self::router::{Desk, Wanted, watch_router};
use crate::clocks::Clocks;

/// How often the wishes are looked at. Where there are none this is one small question.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often what was read is written, all links together.
const WRITE_EVERY: Duration = Duration::from_millis(500);
/// Readings that wait to be written; more are dropped, for a second that is not shown harms nobody.
const READINGS_WAITING_MAX: usize = 1_000;

/// Watches routers while somebody wishes it.
pub(crate) struct LiveWatch {
    store: Store,
    clocks: Clocks,
    desk: Desk,
    /// What the routers' tasks say.
    said: mpsc::Receiver<LiveReading>,
    tasks: JoinSet<RouterId>,
    routers: HashMap<RouterId, Watched>,
    waiting: Vec<LiveReading>,
    /// Apart from each other: on a full disk reading goes on and writing fails.
    reads: FailureNotice,
    writes: FailureNotice,
}

/// A router's task.
struct Watched {
    router: Router,
    wanted: watch::Sender<Wanted>,
    stop: CancellationToken,
    id: Id,
}

impl LiveWatch {
    pub(crate) fn new(store: Store, clocks: Clocks, connect_timeout: Duration) -> Self {
        let (readings, said) = mpsc::channel(READINGS_WAITING_MAX);
        let desk = Desk { store: store.clone(), clocks: clocks.clone(), connect_timeout, readings };
        Self {
            store,
            clocks,
            desk,
            said,
            tasks: JoinSet::new(),
            routers: HashMap::new(),
            waiting: Vec::new(),
            reads: FailureNotice::default(),
            writes: FailureNotice::default(),
        }
    }

    /// Watches until `stop`; then all sessions are closed at once.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.watch() => {}
        }
        self.tasks.shutdown().await;
    }

    async fn watch(&mut self) {
        let every = |period| {
            let mut timer = interval(period);
            timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
            timer
        };
        let (mut looks, mut writes) = (every(LOOK_EVERY), every(WRITE_EVERY));
        loop {
            tokio::select! {
                _ = looks.tick() => self.look().await,
                _ = writes.tick(), if !self.waiting.is_empty() => self.write().await,
                Some(reading) = self.said.recv(), if self.waiting.len() < READINGS_WAITING_MAX => {
                    self.waiting.push(reading);
                }
                Some(ended) = self.tasks.join_next() => self.ended(ended),
            }
        }
    }

    async fn look(&mut self) {
        let targets = self.store.live_targets(self.clocks.now().wall_ms).await;
        match targets {
            Ok(targets) => {
                self.reads.works();
                self.reconcile(targets);
            }
            Err(error) => failed(&self.reads, &error),
        }
    }

    /// Starts what is new, tells those that run what is wanted now, and ends what is wanted no more. A router whose
    /// address or log-in was changed is begun anew.
    fn reconcile(&mut self, targets: Vec<LiveTarget>) {
        self.routers.retain(|_, watched| {
            let stays = targets.iter().any(|target| target.router == watched.router);
            if !stays {
                watched.stop.cancel();
            }
            stays
        });
        for LiveTarget { router, links } in targets {
            if let Some(watched) = self.routers.get(&router.id) {
                watched.wanted.send_if_modified(|wanted| {
                    let differs = *wanted != links;
                    *wanted = links;
                    differs
                });
                continue;
            }
            let (wanted, hears) = watch::channel(links);
            let stop = CancellationToken::new();
            let work = watch_router(self.desk.clone(), router.clone(), hears, stop.clone());
            let id = self.tasks.spawn(work).id();
            self.routers.insert(router.id, Watched { router, wanted, stop, id });
        }
    }

    async fn write(&mut self) {
        let readings = std::mem::take(&mut self.waiting);
        match self.store.write_live(&readings, self.clocks.now().wall_ms).await {
            Ok(()) => _ = self.writes.works(),
            Err(error) => failed(&self.writes, &error),
        }
    }

    /// A task that failed is started again with the next look.
    fn ended(&mut self, ended: Result<RouterId, JoinError>) {
        if let Err(error) = ended {
            tracing::error!("watching a router failed, it is started again: {error}");
            self.routers.retain(|_, watched| watched.id != error.id());
        }
    }
}

fn failed(notice: &FailureNotice, error: &StoreError) {
    if notice.fails() {
        tracing::warn!("live views stand still: {error}");
    }
}
