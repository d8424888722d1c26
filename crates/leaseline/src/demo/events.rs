//! What happens while somebody watches: one line goes down and comes back, one router falls silent now and then.

use std::time::Duration;

use routeros_sim::SimRouter;
use tokio_util::sync::CancellationToken;

use super::plan;

/// The watched line: this long up, then this long down.
const UP: Duration = Duration::from_secs(40);
const DOWN: Duration = Duration::from_secs(20);
/// Every so many of those turns a router cannot be reached for one of them: its lines become unknown, not down.
const TURNS_PER_SILENCE: u32 = 5;
const SILENT_ROUTER: usize = 3;

/// Plays until `stop`.
pub(super) async fn run(routers: Vec<SimRouter>, stop: CancellationToken) -> anyhow::Result<()> {
    let watched = &plan::LINKS[plan::WATCHED];
    let router = &routers[watched.router];
    let mut turn = 0_u32;
    loop {
        let silence = turn % TURNS_PER_SILENCE == TURNS_PER_SILENCE - 1;
        for (running, length) in [(true, UP), (false, DOWN)] {
            router.set_link(watched.interface, running);
            routers[SILENT_ROUTER].unreachable(silence && !running);
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(length) => {}
            }
        }
        turn += 1;
    }
}
