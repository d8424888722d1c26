use std::time::Duration;

use store::{Clock, Store};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// Time between two passes.
const PASS_INTERVAL: Duration = Duration::from_secs(60);

/// Runs a pass each minute until `stop`. A pass that fails is logged and tried again with the next: the database may
/// be away for a while, and nothing is lost by waiting.
pub async fn run(store: Store, clock: Clock, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(PASS_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let result = tokio::select! {
            // What is under way is dropped: its transaction leaves nothing, and the next pass begins there.
            () = stop.cancelled() => return,
            result = crate::run_once(&store, clock.now_ms()) => result,
        };
        match result {
            Ok(outcome) => tracing::debug!(?outcome, "housekeeping done"),
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "housekeeping failed, next try in a minute"
            ),
        }
    }
}
