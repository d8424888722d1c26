//! The clock of a process that polls no routers: it has only its monotonic clock, and what the process that does found.

use std::time::Duration;

use store::{Clock, ClockVerdict, Store};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How often the clock is read, so that a jump is noticed when nobody asks for the time.
const EVERY: Duration = Duration::from_secs(1);
/// The latest poll is about now: a few intervals at most.
const NOW_MS: i64 = 120_000;

/// Watches the clock until `stop`.
pub(crate) fn spawn(
    store: &Store,
    clock: &Clock,
    stop: &CancellationToken,
    tasks: &mut JoinSet<anyhow::Result<()>>,
) {
    let (store, clock, stop) = (store.clone(), clock.clone(), stop.clone());
    tasks.spawn(async move {
        let mut was_sane = true;
        while !stop.is_cancelled() {
            let state = clock.state();
            let is_sane = state.verdict == ClockVerdict::Sane;
            if was_sane && !is_sane {
                tracing::error!(
                    seconds = state.shift_ms / 1_000,
                    "this machine's clock jumped; the time goes on by the monotonic clock until it is confirmed"
                );
            }
            was_sane = is_sane;
            if !is_sane {
                follow(&store, &clock).await;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(EVERY) => {}
            }
        }
        Ok(())
    });
}

/// Routers that are polled about now by one of the two times, under a clock that they agree with, confirm it.
async fn follow(store: &Store, clock: &Clock) {
    let (kept_ms, machine_ms) = (clock.now_ms(), clock.machine_ms());
    let Ok(health) = store.clock_health(machine_ms.max(kept_ms)).await else { return };
    let is_near = |at_ms: i64| health.polled_ms.is_some_and(|polled_ms| (at_ms - polled_ms).abs() < NOW_MS);
    match (is_near(kept_ms), is_near(machine_ms)) {
        (true, false) => clock.confirm_kept(),
        (false, true) if health.is_sane() => clock.accept_machine(),
        _ => {}
    }
}
