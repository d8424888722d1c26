//! The routers as witnesses of our clock, and the database following what was found out.

use std::time::Duration;

use store::{Clock, ClockState, ClockVerdict, RepairAsk, Store, StoreError};
use tokio::sync::{Mutex, RwLock, RwLockReadGuard};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// How often the clock is read when nothing else reads it: a jump is noticed within this time.
const EVERY: Duration = Duration::from_secs(1);
/// A word of an operator about the clock counts for so long.
const ACCEPTED_MS: i64 = 10 * 60_000;

/// What keeps the clock and the database in step.
#[derive(Debug, Default)]
pub(crate) struct ClockCheck {
    /// Rounds are written under a read lock; a correction waits for them and shuts others out.
    gate: RwLock<()>,
    noted: Mutex<Option<ClockState>>,
}

impl ClockCheck {
    /// To be held while something that is dated is written.
    pub(crate) async fn writing(&self) -> RwLockReadGuard<'_, ()> {
        self.gate.read().await
    }

    /// Carries out in the database what was found out about the clock.
    ///
    /// # Errors
    /// Those of the database; it is tried again before the next write.
    pub(crate) async fn settle(&self, store: &Store, clock: &Clock) -> Result<(), StoreError> {
        if clock.correction().is_none() {
            return Ok(());
        }
        let _alone = self.gate.write().await;
        while let Some(correction) = clock.correction() {
            if let Some(from_ms) = correction.remove_from_ms {
                let reason = if correction.shift_ms == 0 {
                    "it was written for a time that has not come".to_owned()
                } else {
                    format!("the clock was corrected by {} s", correction.shift_ms / 1_000)
                };
                let (now_ms, actor) = (correction.now_ms, "collector");
                let ask = RepairAsk { from_ms, now_ms, actor, reason: &reason, past: false, dry_run: false };
                let done = store.repair_timeline(&ask).await?;
                if !done.is_empty() {
                    tracing::warn!(
                        spans = done.spans_removed + done.spans_cut,
                        samples = done.samples,
                        outages = done.outages_removed + done.outages_reopened,
                        reports = done.reports.len(),
                        "removed what was stored for a time that did not happen: {reason}"
                    );
                }
            }
            clock.corrected();
        }
        Ok(())
    }

    /// Logs and stores how the clock stands, when that changed.
    pub(crate) async fn note(&self, store: &Store, clock: &Clock) {
        let mut noted = self.noted.lock().await;
        let state = clock.state();
        let key = |state: &ClockState| {
            let shift_s = if state.verdict == ClockVerdict::Sane { 0 } else { state.shift_ms / 10_000 };
            (state.verdict, shift_s, state.routers_for, state.routers_against)
        };
        let before = noted.as_ref().map(|before| before.verdict);
        if noted.as_ref().is_some_and(|before| key(before) == key(&state)) {
            return;
        }
        let is_start = before.is_none() && state.verdict == ClockVerdict::Checking && state.shift_ms == 0;
        match state.verdict {
            _ if before == Some(state.verdict) || is_start => {}
            ClockVerdict::Sane if before.is_some_and(|before| before != ClockVerdict::Checking) => {
                tracing::info!("the clock agrees with the routers again");
            }
            ClockVerdict::Sane => {}
            verdict => tracing::error!(
                seconds = state.shift_ms / 1_000,
                routers_for = state.routers_for,
                routers_against = state.routers_against,
                "this machine's clock jumped ({}); polling continues on the monotonic clock",
                verdict.as_str()
            ),
        }
        match store.write_clock_state(&state).await {
            Ok(()) => *noted = Some(state),
            Err(error) => tracing::debug!("the state of the clock was not stored: {error}"),
        }
    }

    /// Reads the clock once a second until `stop`, so that a jump is noticed at once, and listens to operators.
    pub(crate) async fn run(&self, store: &Store, clock: &Clock, stop: &CancellationToken) {
        loop {
            self.note(store, clock).await;
            if clock.state().verdict == ClockVerdict::Undecided {
                self.ask_operators(store, clock).await;
            }
            if let Err(error) = self.settle(store, clock).await {
                tracing::debug!("what was written for a wrong time is not removed yet: {error}");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(EVERY) => {}
            }
        }
    }

    async fn ask_operators(&self, store: &Store, clock: &Clock) {
        let Ok(Some(accepted_ms)) = store.clock_accepted_ms().await else { return };
        let since_ms = clock.machine_ms() - accepted_ms;
        if (0..ACCEPTED_MS).contains(&since_ms) {
            tracing::warn!("an operator accepted this machine's clock");
            clock.accept_machine();
        }
    }
}
