//! Polling until told to stop: one task per router, each at its own slots.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use store::{FailureNotice, HEARTBEAT_EVERY, Heartbeat, Part, RouterId};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::collector::{Collector, PolledRouter};
use crate::error::CollectorError;
use crate::poller::Shared;
use crate::schedule::{RoundKind, Schedule, Slot};

/// The collector at work.
pub(crate) struct Running {
    collector: Collector,
    tasks: JoinSet<RouterId>,
    routers: HashMap<RouterId, Task>,
}

struct Task {
    router: Arc<PolledRouter>,
    stop: CancellationToken,
    id: Id,
}

impl Running {
    pub(crate) fn new(collector: Collector) -> Self {
        Self { collector, tasks: JoinSet::new(), routers: HashMap::new() }
    }

    /// Keeps one task per router until `stop`, then waits for all of them.
    pub(crate) async fn until(mut self, stop: CancellationToken) -> Result<(), CollectorError> {
        let config = &self.collector.shared().config;
        if config.probe_interval.is_zero() || config.sample_interval.is_zero() {
            return Err(CollectorError::Config("the probe and sample intervals must not be zero"));
        }
        let every = self.collector.targets_every();
        let routers = self.collector.refresh().await?;
        // Apart from `stop`, for it also ends when another collector takes over.
        let halt = stop.child_token();
        self.reconcile(routers, &halt);
        let shared = Arc::clone(self.collector.shared());
        let mut is_taken_over = false;
        let unread = FailureNotice::default();
        let mut heartbeat = Heartbeat::new(Part::Collector);
        let mut beats = tokio::time::interval(HEARTBEAT_EVERY);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = shared.writer.taken_over() => {
                    is_taken_over = true;
                    break;
                }
                () = sleep(every) => match self.collector.refresh().await {
                    Ok(routers) => {
                        unread.works();
                        self.reconcile(routers, &halt);
                    }
                    Err(error) if unread.fails() => tracing::error!("{error}; polling goes on with those known"),
                    Err(_) => {}
                },
                Some(ended) = self.tasks.join_next() => self.ended(ended),
                _ = beats.tick() => heartbeat.beat(&shared.store, shared.clocks.now().wall_ms).await,
            }
        }
        halt.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            self.ended(ended);
        }
        if is_taken_over {
            return Err(CollectorError::TakenOver);
        }
        shared.writer.finish().await;
        Ok(())
    }

    /// Starts what is new and stops what is gone.
    fn reconcile(&mut self, routers: Vec<Arc<PolledRouter>>, stop: &CancellationToken) {
        let still: HashMap<_, _> = routers.iter().map(|router| (router.id, router)).collect();
        self.routers.retain(|id, task| {
            let stays = still.get(id).is_some_and(|router| Arc::ptr_eq(router, &task.router));
            if !stays {
                task.stop.cancel();
            }
            stays
        });
        for router in routers {
            if !self.routers.contains_key(&router.id) {
                let stop = stop.child_token();
                let work = poll(Arc::clone(self.collector.shared()), Arc::clone(&router), stop.clone());
                let id = self.tasks.spawn(work).id();
                self.routers.insert(router.id, Task { router, stop, id });
            }
        }
    }

    /// A task that failed is started again with the next reading of the list.
    fn ended(&mut self, ended: Result<RouterId, JoinError>) {
        if let Err(error) = ended {
            tracing::error!("polling a router failed, it is started again: {error}");
            self.routers.retain(|_, task| task.id != error.id());
        }
    }
}

/// One router's rounds until `stop`.
async fn poll(shared: Arc<Shared>, router: Arc<PolledRouter>, stop: CancellationToken) -> RouterId {
    let config = &shared.config;
    let schedule = Schedule::new(router.id, config.probe_interval, config.sample_interval);
    let probe_ms = i64::try_from(config.probe_interval.as_millis()).unwrap_or(i64::MAX / 4);
    let mut after_ms = first_round(&shared, &router, &stop).await;
    while !stop.is_cancelled() {
        let slot = schedule.next(after_ms);
        let now = shared.clocks.now();
        let early_ms = slot.at_ms - now.wall_ms;
        if early_ms > 0 {
            // A clock that was corrected backwards must not put the router to sleep for an hour: no slot is further away
            // than an interval.
            if early_ms > probe_ms {
                after_ms = now.wall_ms;
                continue;
            }
            let nap = Duration::from_millis(early_ms.unsigned_abs());
            tokio::select! {
                () = stop.cancelled() => break,
                () = sleep(nap) => {}
            }
            continue;
        }
        if early_ms < -probe_ms {
            // The clock jumped or the machine slept: nobody could have looked at these slots.
            after_ms = now.wall_ms - probe_ms;
            continue;
        }
        if router.round(slot, true, &stop).await.is_none() {
            break;
        }
        let took_ms = shared.clocks.now().mono_ms - now.mono_ms;
        let skipped = schedule.count(slot.at_ms, now.wall_ms + took_ms);
        if skipped > 0 {
            router.skipped(skipped).await;
        }
        after_ms = slot.at_ms.max(shared.clocks.now().wall_ms.min(now.wall_ms + took_ms));
    }
    router.id
}

/// A router that was not sampled lately is sampled at once, so that nobody waits for the first figures. Returns the
/// moment after which the slots begin.
async fn first_round(shared: &Shared, router: &PolledRouter, stop: &CancellationToken) -> i64 {
    let now_ms = shared.clocks.now().wall_ms;
    let sample_ms = i64::try_from(shared.config.sample_interval.as_millis()).unwrap_or(i64::MAX / 4);
    let kind = if router.wants_a_first_sample(now_ms - sample_ms).await {
        RoundKind::Sample
    } else {
        RoundKind::Probe
    };
    router.round(Slot { at_ms: now_ms, kind }, true, stop).await;
    shared.clocks.now().wall_ms.max(now_ms)
}
