use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// When somebody who found a gate full may come again.
pub(crate) const BUSY_RETRY: Duration = Duration::from_secs(5);
/// Those who wait before a gate; at 25 ms of a core each, the last of them waits less than half a second.
const WAITING_MAX: usize = 16;

/// Work that takes a core for a while: so many at once, some more wait, and the rest is refused at once.
#[derive(Debug)]
pub(crate) struct Gate {
    /// For those at work and those who wait.
    places: Arc<Semaphore>,
    permits: Arc<Semaphore>,
}

/// The permit for one piece of work, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Pass {
    _place: OwnedSemaphorePermit,
    _permit: OwnedSemaphorePermit,
}

/// The gates before the checks of logins. A crowd before one of them delays nobody at another.
#[derive(Debug)]
pub(crate) struct LoginGates {
    clients: Gate,
    known_clients: Gate,
    staff: Gate,
    known_staff: Gate,
}

impl Gate {
    pub(crate) fn new(at_once: usize) -> Self {
        let places = Arc::new(Semaphore::new(at_once + WAITING_MAX));
        Self { places, permits: Arc::new(Semaphore::new(at_once)) }
    }

    /// A pass, waited for if need be; `None`: too many wait already.
    pub(crate) async fn enter(&self) -> Option<Pass> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        // Nothing closes it.
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok()?;
        Some(Pass { _place: place, _permit: permit })
    }
}

impl Default for LoginGates {
    /// Two checks at once for customers nobody knows, one for each other kind: each takes 19 MiB and some 25 ms of a core.
    fn default() -> Self {
        Self {
            clients: Gate::new(2),
            known_clients: Gate::new(1),
            staff: Gate::new(1),
            known_staff: Gate::new(1),
        }
    }
}

impl LoginGates {
    /// The gate for somebody of the staff or not, with a device that has entered the account before or not.
    pub(crate) fn of(&self, is_staff: bool, is_known: bool) -> &Gate {
        match (is_staff, is_known) {
            (false, false) => &self.clients,
            (false, true) => &self.known_clients,
            (true, false) => &self.staff,
            (true, true) => &self.known_staff,
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_full_gate_refuses_at_once_and_another_gate_is_not_touched() {
        let gates = LoginGates::default();
        let crowd = gates.of(false, false);
        let at_work = [crowd.enter().await.unwrap(), crowd.enter().await.unwrap()];
        let mut waiting: Vec<_> = (0..WAITING_MAX).map(|_| Box::pin(crowd.enter())).collect();
        for next in &mut waiting {
            assert!(next.now_or_never().is_none(), "it waits");
        }
        assert!(crowd.enter().now_or_never().expect("no wait").is_none(), "refused");
        for (is_staff, is_known) in [(true, false), (true, true), (false, true)] {
            assert!(gates.of(is_staff, is_known).enter().now_or_never().flatten().is_some());
        }
        drop(at_work);
        assert!(waiting.remove(0).await.is_some());
    }
}
