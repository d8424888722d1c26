use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use routeros::{Client, Ping, PingOutcome};
use tokio::time::{Instant, timeout_at};

/// Ping runs at the same time on one router; the rest waits its turn.
const PINGS_AT_ONCE: usize = 512;

/// How to ping.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PingPlan {
    pub(crate) count: u32,
    pub(crate) interval: Duration,
    pub(crate) deadline: Instant,
}

/// What became of the pings of a round.
#[derive(Debug, Default)]
pub(crate) struct Pinged {
    /// In the order of the targets; none where no figure came of it.
    pub(crate) outcomes: Vec<Option<PingOutcome>>,
    /// Likewise, why the figure is missing; not for want of the policy, which concerns the router's user and no target.
    pub(crate) errors: Vec<Option<PingError>>,
    /// The router's user lacks the policy `test`.
    pub(crate) not_permitted: bool,
}

/// Why there is no figure of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PingError {
    /// One line.
    pub(crate) text: String,
    /// The router answered and refused: the target is wrong, and will be the next time.
    pub(crate) refused: bool,
}

/// Pings all targets side by side on one connection. A run that fails has no figure: that is not loss.
pub(crate) async fn ping_all(client: &Client, targets: &[Option<&str>], plan: PingPlan) -> Pinged {
    let mut pinged = Pinged {
        outcomes: vec![None; targets.len()],
        errors: vec![None; targets.len()],
        not_permitted: false,
    };
    let mut waiting =
        targets.iter().enumerate().filter_map(|(index, target)| target.map(|target| (index, target)));
    let mut running = FuturesUnordered::new();
    loop {
        while running.len() < PINGS_AT_ONCE && !pinged.not_permitted {
            let Some((index, target)) = waiting.next() else { break };
            running.push(async move { (index, ping(client, target, plan).await) });
        }
        match running.next().await {
            None => return pinged,
            Some((index, Ok(Some(outcome)))) => {
                pinged.outcomes[index] = Some(outcome).filter(|outcome| outcome.sent > 0);
            }
            Some((index, Ok(None))) => {
                let text = "the round ended before all of its pings had".to_owned();
                pinged.errors[index] = Some(PingError { text, refused: false });
            }
            Some((_, Err(error))) if error.is_not_permitted() => pinged.not_permitted = true,
            Some((index, Err(error))) => {
                let refused = matches!(error, routeros::Error::Trap { .. });
                pinged.errors[index] = Some(PingError { text: error.to_string(), refused });
            }
        }
    }
}

impl Pinged {
    /// Whether some echo did not come back.
    pub(crate) fn lost_any(&self) -> bool {
        self.outcomes.iter().flatten().any(lost)
    }

    /// Drops the figures of targets with loss for which `fell` says that the port went down meanwhile: the loss of a down
    /// link is no loss, and which of the echoes were sent before cannot be told.
    pub(crate) fn drop_those_that_fell(&mut self, fell: impl Fn(usize) -> bool) {
        for (index, outcome) in self.outcomes.iter_mut().enumerate() {
            if outcome.as_ref().is_some_and(lost) && fell(index) {
                *outcome = None;
            }
        }
    }
}

fn lost(outcome: &PingOutcome) -> bool {
    outcome.received < outcome.sent
}

async fn ping(client: &Client, target: &str, plan: PingPlan) -> Result<Option<PingOutcome>, routeros::Error> {
    let ping = Ping { interval: plan.interval, ..Ping::new(target, plan.count) };
    match timeout_at(plan.deadline, client.ping(&ping)).await {
        Ok(outcome) => outcome.map(Some),
        Err(_) => Ok(None),
    }
}
