use std::{error::Error, time::Duration};

use store::{Clock, Store};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::Schedule;

/// Time between two passes of housekeeping and of the schedule.
const PASS_INTERVAL: Duration = Duration::from_secs(60);
/// Works until `stop`: housekeeping and the schedule, each minute. A part that fails is logged and tried again; the
/// database may be away for a while, and nothing is lost by waiting.
pub async fn run(store: Store, clock: Clock, stop: CancellationToken) {
    tokio::join!(keep_house(&store, &clock, &stop), close_months(&store, &clock, &stop));
}

async fn keep_house(store: &Store, clock: &Clock, stop: &CancellationToken) {
    let mut ticks = ticks();
    while next(&mut ticks, stop).await {
        // What is under way at a stop is dropped: its transaction leaves nothing, and the next pass begins there.
        let result = tokio::select! {
            () = stop.cancelled() => return,
            result = crate::run_once(store, clock.now_ms()) => result,
        };
        match result {
            Ok(outcome) => tracing::debug!(?outcome, "housekeeping done"),
            Err(error) => {
                tracing::warn!(error = &error as &dyn Error, "housekeeping failed, next try in a minute");
            }
        }
    }
}

async fn close_months(store: &Store, clock: &Clock, stop: &CancellationToken) {
    let mut schedule = Schedule::default();
    let mut ticks = ticks();
    while next(&mut ticks, stop).await {
        let result = tokio::select! {
            () = stop.cancelled() => return,
            result = schedule.close_due(store, clock.now_ms()) => result,
        };
        match result {
            Ok(outcome) if outcome.closed + outcome.revised > 0 => {
                tracing::info!(closed = outcome.closed, revised = outcome.revised, "months closed");
            }
            Ok(outcome) => tracing::debug!(?outcome, "no month is due"),
            Err(error) => {
                tracing::warn!(error = &error as &dyn Error, "closing months failed, next try in a minute");
            }
        }
    }
}

fn ticks() -> tokio::time::Interval {
    let mut ticks = tokio::time::interval(PASS_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Waits for the next tick; false at a stop.
async fn next(ticks: &mut tokio::time::Interval, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        _ = ticks.tick() => true,
    }
}
