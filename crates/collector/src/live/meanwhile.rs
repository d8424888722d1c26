use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// Does `work`, and something else as often as `every` says until it is done.
pub(super) async fn meanwhile<T>(work: impl Future<Output = T>, every: Duration, again: impl Fn()) -> T {
    let mut work = pin!(work);
    let mut timer = interval_at(Instant::now() + every, every);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            done = &mut work => return done,
            _ = timer.tick() => again(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::time::sleep;

    use super::*;

    /// Whoever comes to a view while a router is being tried must not wait for the next failure to read what is wrong.
    #[tokio::test(start_paused = true)]
    async fn something_is_done_again_and_again_while_something_else_takes_long() {
        let every = Duration::from_secs(3);
        let said = Cell::new(0);
        meanwhile(sleep(Duration::from_secs(10)), every, || said.set(said.get() + 1)).await;
        assert_eq!(said.get(), 3);
        assert_eq!(meanwhile(async { 7 }, every, || panic!("it is done already")).await, 7);
    }
}
