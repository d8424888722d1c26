//! Connection tests that people of the ISP ask for: what a router lets us do, and which interfaces it has.
//!
//! Each has a session of its own and shares nothing with the rounds but the process: whatever becomes of it, a round
//! neither waits nor fails.

use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use jiff::Timestamp;
use routeros::{CheckStep, ConnectionReport, Interface, Value, test_connection};
use store::{
    FailureNotice, FoundInterface, FoundStep, RouterFindings, RouterId, Store, StoreError, WantedCheck,
};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::clocks::Clocks;
use crate::session::{credentials_of, limits_of, target_of};

/// How often wishes are looked at. Where there are none this is one small question.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Tests under way at the same time; further ones wait.
const CHECKS_AT_ONCE: usize = 4;
/// The most time a test may take: an answer must come while the wish stands.
const CHECK_DEADLINE: Duration = Duration::from_secs(30);
/// A router's own address to itself. Before there is a link with a target, whether the user may ping shows all the same.
const ITSELF: &str = "127.0.0.1";

/// Tests routers while somebody wishes it.
pub(crate) struct CheckDesk {
    desk: Desk,
    tasks: JoinSet<Result<(), StoreError>>,
    under_way: HashMap<Id, RouterId>,
    /// Apart from each other: on a full disk reading goes on and writing fails.
    reads: FailureNotice,
    writes: FailureNotice,
}

/// What every test works with.
#[derive(Clone)]
struct Desk {
    store: Store,
    clocks: Clocks,
    connect_timeout: Duration,
}

impl CheckDesk {
    pub(crate) fn new(store: Store, clocks: Clocks, connect_timeout: Duration) -> Self {
        let desk = Desk { store, clocks, connect_timeout };
        let (reads, writes) = (FailureNotice::default(), FailureNotice::default());
        Self { desk, tasks: JoinSet::new(), under_way: HashMap::new(), reads, writes }
    }

    /// Tests until `stop`; then all sessions are closed at once.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.serve() => {}
        }
        self.tasks.shutdown().await;
    }

    async fn serve(&mut self) {
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = looks.tick(), if self.under_way.len() < CHECKS_AT_ONCE => self.look().await,
                Some(ended) = self.tasks.join_next_with_id() => self.ended(ended),
            }
        }
    }

    async fn look(&mut self) {
        match self.desk.store.wanted_checks(self.desk.clocks.now().wall_ms).await {
            Ok(wanted) => {
                self.reads.works();
                wanted.into_iter().for_each(|wanted| self.begin(wanted));
            }
            Err(error) => failed(&self.reads, &error),
        }
    }

    fn begin(&mut self, wanted: WantedCheck) {
        let is_under_way = self.under_way.values().any(|id| *id == wanted.router.id);
        if is_under_way || self.under_way.len() >= CHECKS_AT_ONCE {
            return;
        }
        let router = wanted.router.id;
        let id = self.tasks.spawn(self.desk.clone().answer(wanted)).id();
        self.under_way.insert(id, router);
    }

    fn ended(&mut self, ended: Result<(Id, Result<(), StoreError>), JoinError>) {
        match ended {
            Ok((id, answered)) => {
                self.under_way.remove(&id);
                match answered {
                    Ok(()) => _ = self.writes.works(),
                    Err(error) => failed(&self.writes, &error),
                }
            }
            Err(error) => {
                tracing::error!("testing a router failed: {error}");
                self.under_way.remove(&error.id());
            }
        }
    }
}

fn failed(notice: &FailureNotice, error: &StoreError) {
    if notice.fails() {
        tracing::warn!("connection tests stand still: {error}");
    }
}

impl Desk {
    async fn answer(self, wanted: WantedCheck) -> Result<(), StoreError> {
        let findings = match timeout(CHECK_DEADLINE, self.test(&wanted)).await {
            Ok(findings) => findings,
            Err(_) => not_in(format!("the test was not at its end after {} s", CHECK_DEADLINE.as_secs())),
        };
        self.store.answer_check(&wanted, findings, self.clocks.now().wall_ms).await?;
        Ok(())
    }

    async fn test(&self, wanted: &WantedCheck) -> RouterFindings {
        let credentials = match credentials_of(&wanted.router, &self.store).await {
            Ok(credentials) => credentials,
            Err(error) => return not_in(error.to_string()),
        };
        let now = Timestamp::from_millisecond(self.clocks.now().wall_ms).unwrap_or_default();
        let probe_target = Some(wanted.probe_target.as_deref().unwrap_or(ITSELF));
        let limits = limits_of(&wanted.router, self.connect_timeout);
        findings(test_connection(&target_of(&wanted.router), &credentials, &limits, now, probe_target).await)
    }
}

/// A test that came to nothing.
fn not_in(why: String) -> RouterFindings {
    let steps = vec![FoundStep { name: "login".to_owned(), ok: false, detail: why }];
    RouterFindings { steps, ..RouterFindings::default() }
}

fn findings(report: ConnectionReport) -> RouterFindings {
    RouterFindings {
        steps: report.steps.into_iter().map(step).collect(),
        interfaces: report.interfaces.into_iter().map(interface).collect(),
        has_more: false,
    }
}

fn step(step: CheckStep) -> FoundStep {
    let name = step.check.to_string();
    match step.result {
        Ok(detail) => FoundStep { name, ok: true, detail },
        Err(error) => FoundStep { name, ok: false, detail: with_causes(&error) },
    }
}

/// What failed and why, none said twice.
fn with_causes(error: &routeros::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let text = next.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        cause = next.source();
    }
    words
}

fn interface(found: Interface) -> FoundInterface {
    let text = |value: Option<Value>| value.map(|value| value.to_string_lossy().into_owned());
    FoundInterface {
        name: found.name.to_string_lossy().into_owned(),
        kind: text(found.kind).unwrap_or_default(),
        running: found.running,
        disabled: found.disabled,
        comment: text(found.comment).unwrap_or_default(),
    }
}
