//! The collector's role of one process: polling under a claim, and what happens when another process takes it.

use std::{error::Error, time::Duration};

use anyhow::Context;
use collector::{Collector, CollectorConfig, CollectorError};
use store::{ClaimStanding, Clock, CollectorClaim, FailureNotice, Store};
use tokio_util::sync::CancellationToken;

/// Time between two looks at the claim.
const CHECK_EVERY: Duration = Duration::from_secs(5);
/// Time between two attempts to claim again what another process holds.
const CLAIM_EVERY: Duration = Duration::from_secs(10);

/// Polls until `stop`. Where another process takes over, polling stops here at once, and begins again when that one ends.
pub(crate) async fn run(
    store: Store,
    clock: Clock,
    mut claim: CollectorClaim,
    config: CollectorConfig,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    loop {
        let halt = stop.child_token();
        let collector = Collector::new(store.clone(), clock.clone(), config.clone()).under(claim.fence());
        let polling = async {
            let ended = collector.run(halt.clone()).await;
            halt.cancel();
            ended
        };
        match tokio::join!(polling, watch(&mut claim, &halt)).0 {
            Ok(()) if stop.is_cancelled() => return Ok(()),
            Ok(()) | Err(CollectorError::TakenOver) => {}
            Err(error) => return Err(error).context("the collector stopped"),
        }
        tracing::error!(
            "another collector has taken over: this process polls no routers until that one ends"
        );
        drop(claim);
        claim = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            claim = claim_again(&store) => claim,
        };
        tracing::info!("this process polls again");
    }
}

/// Looks at the claim until `halt`, which it cancels when the claim is taken.
async fn watch(claim: &mut CollectorClaim, halt: &CancellationToken) {
    let failure = FailureNotice::default();
    loop {
        let standing = tokio::select! {
            () = halt.cancelled() => return,
            standing = async {
                tokio::time::sleep(CHECK_EVERY).await;
                claim.check().await
            } => standing,
        };
        match standing {
            ClaimStanding::Held => _ = failure.works(),
            ClaimStanding::Taken => halt.cancel(),
            ClaimStanding::Unknown(error) if failure.fails() => {
                let error = &error as &dyn Error;
                tracing::warn!(
                    error,
                    "cannot check the collector's claim; polling goes on, writes are checked anyway"
                );
            }
            ClaimStanding::Unknown(_) => {}
        }
    }
}

async fn claim_again(store: &Store) -> CollectorClaim {
    loop {
        tokio::time::sleep(CLAIM_EVERY).await;
        if let Ok(claim) = store.claim_collector().await {
            return claim;
        }
    }
}
