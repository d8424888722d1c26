//! Whether the installation does its work, found out by a task of this process. Requests only read its last result: a
//! stranger who asks neither writes to the database nor has it asked anything.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use store::{Clock, ReadinessCheck, ReadinessLevel, Store};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Time between two probes while every check passes …
const PROBE_EVERY: Duration = Duration::from_secs(5);
/// … and while one fails, so that its recovery is reported soon.
const PROBE_EVERY_FAILING: Duration = Duration::from_secs(2);
/// A result older than this says nothing about now: its task is stuck, or does not run. A probe takes 6 s at most.
const RESULT_AGE_MAX: Duration = Duration::from_secs(30);
/// The check that fails without a recent result.
const PROBE: &str = "probe";

/// The checks of [`Store::readiness`], probed in the background and kept in memory.
///
/// Probing commits a small write if this process has not written a heartbeat within the last 12 s. A process with the
/// role `collector` or `jobs` writes them anyway, so that its probes leave the page caches alone.
#[derive(Clone)]
pub struct Readiness(Arc<Shared>);

struct Shared {
    store: Store,
    clock: Clock,
    poll_stale_ms: i64,
    last: Mutex<Option<Probed>>,
}

/// What one probe found.
struct Probed {
    at: Instant,
    checks: Vec<ReadinessCheck>,
}

/// The last result, as it stands now.
pub(crate) struct Standing {
    /// With one that fails if the others are out of date.
    pub(crate) checks: Vec<ReadinessCheck>,
    /// Time since the last probe; `None` before the first.
    pub(crate) age: Option<Duration>,
}

impl Readiness {
    /// Nothing is probed yet. `poll_stale_ms` as in [`Store::readiness`].
    pub fn new(store: Store, clock: Clock, poll_stale_ms: i64) -> Self {
        Self(Arc::new(Shared { store, clock, poll_stale_ms, last: Mutex::new(None) }))
    }

    /// Probes again and again until `stop`. A probe that is under way is finished, which takes 6 s at most.
    pub async fn run(&self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let pause = if self.probe().await { PROBE_EVERY } else { PROBE_EVERY_FAILING };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Probes once; whether every check passed.
    pub async fn probe(&self) -> bool {
        let Shared { store, clock, poll_stale_ms, last } = &*self.0;
        let checks = store.readiness(clock.now_ms(), *poll_stale_ms).await;
        let passed = checks.iter().all(ReadinessCheck::is_ok);
        let probed = Probed { at: Instant::now(), checks };
        *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(probed);
        passed
    }

    pub(crate) fn standing(&self) -> Standing {
        let last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Probed { at, checks }) = &*last else {
            let missing = failing("the first check is not finished: try again in a few seconds".to_owned());
            return Standing { checks: vec![missing], age: None };
        };
        let age = at.elapsed();
        let stale = (age > RESULT_AGE_MAX).then(|| {
            failing(format!("the last check was {} s ago: see the log, or restart the portal", age.as_secs()))
        });
        Standing { checks: stale.into_iter().chain(checks.iter().cloned()).collect(), age: Some(age) }
    }
}

impl Standing {
    /// Whether every check passed, lately.
    pub(crate) fn is_ready(&self) -> bool {
        self.checks.iter().all(ReadinessCheck::is_ok)
    }
}

fn failing(reason: String) -> ReadinessCheck {
    ReadinessCheck { name: PROBE, level: ReadinessLevel::Failing, reason }
}
