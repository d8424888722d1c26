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
    /// The router's user lacks the policy `test`.
    pub(crate) not_permitted: bool,
    /// Why the last of the missing figures is missing.
    pub(crate) error: Option<String>,
}

/// Pings all targets side by side on one connection. A run that fails has no figure: that is not loss.
pub(crate) async fn ping_all(client: &Client, targets: &[Option<&str>], plan: PingPlan) -> Pinged {
    let mut pinged = Pinged { outcomes: vec![None; targets.len()], ..Pinged::default() };
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
            Some((_, Ok(None))) => {
                pinged.error = Some("the round ended before all of its pings had".to_owned());
            }
            Some((_, Err(error))) => {
                pinged.not_permitted |= error.is_not_permitted();
                pinged.error = Some(error.to_string());
            }
        }
    }
}

async fn ping(client: &Client, target: &str, plan: PingPlan) -> Result<Option<PingOutcome>, routeros::Error> {
    let ping = Ping { interval: plan.interval, ..Ping::new(target, plan.count) };
    match timeout_at(plan.deadline, client.ping(&ping)).await {
        Ok(outcome) => outcome.map(Some),
        Err(_) => Ok(None),
    }
}
