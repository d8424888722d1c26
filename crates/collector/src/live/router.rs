//! One router that is watched: its session, its stream of readings, and what is said when there are none.

use std::collections::HashMap;
use std::time::Duration;

use routeros::{Client, Traffic, TrafficStream};
use sla::LinkPort;
use store::{LinkId, LiveReading, LiveTrouble, Router, RouterId, Store};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::meanwhile::meanwhile;
use super::trouble::trouble_of;
use crate::backoff::Backoff;
use crate::clocks::Clocks;
use crate::error::RoundError;
use crate::interface_name;
use crate::schedule::spread;
use crate::session::connect;

/// A router that says nothing of a link for so long does not answer.
const SILENT_AFTER: Duration = Duration::from_secs(5);
/// How often silence is looked for.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// While there is trouble it is said again so often, for those who come later.
const TROUBLE_EVERY: Duration = Duration::from_secs(3);
/// A router that says more of a link than this is listened to no more often.
const READING_EVERY: Duration = Duration::from_millis(600);
/// The pause before a command that ended is given again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How often an interface that was not there is looked for; and names where readings have none.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(15);
/// Pauses between attempts to connect: somebody sits before the page and waits.
const BACKOFF_MIN: Duration = Duration::from_secs(1);
const BACKOFF_MAX: Duration = Duration::from_secs(15);
/// No port is faster: what a router says beyond this is no rate.
const BPS_MAX: u64 = 10_000_000_000_000;

/// The links that are wanted, each with its interface.
pub(super) type Wanted = Vec<(LinkId, String)>;

/// The links that are asked for, by the `.id` of their interface.
type Links = HashMap<String, Vec<LinkId>>;

/// What every router's task works with.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) store: Store,
    pub(super) clocks: Clocks,
    pub(super) connect_timeout: Duration,
    pub(super) readings: mpsc::Sender<LiveReading>,
}

/// Watches the wanted links of a router until `stop`; whatever is open then is closed by being dropped.
pub(super) async fn watch_router(
    desk: Desk,
    router: Router,
    wanted: watch::Receiver<Wanted>,
    stop: CancellationToken,
) -> RouterId {
    let id = router.id;
    let backoff = Backoff::new(BACKOFF_MIN, BACKOFF_MAX, spread(id.0.cast_unsigned()));
    let task = RouterWatch { desk, router, wanted, backoff, trouble: None, told: String::new() };
    tokio::select! {
        () = stop.cancelled() => {}
        () = task.run() => {}
    }
    id
}

struct RouterWatch {
    desk: Desk,
    router: Router,
    wanted: watch::Receiver<Wanted>,
    backoff: Backoff,
    /// Why the last session ended, until the router answers again.
    trouble: Option<LiveTrouble>,
    /// What the log was told last.
    told: String,
}

impl RouterWatch {
    /// One session after the other.
    async fn run(mut self) {
        loop {
            let opened = connect(&self.router, &self.desk.store, self.desk.connect_timeout);
            let failed = match self.while_in_trouble(opened).await {
                Ok(client) => self.follow(&client).await,
                Err(error) => error,
            };
            self.trouble = Some(trouble_of(&failed));
            self.say_trouble();
            self.log(&failed);
            let now_ms = self.desk.clocks.now().mono_ms;
            self.backoff.failed(now_ms);
            let pause_ms = self.backoff.wait_ms(now_ms).unwrap_or_default().unsigned_abs();
            self.while_in_trouble(sleep(Duration::from_millis(pause_ms))).await;
        }
    }

    /// Does something that takes long; meanwhile the trouble is said again and again.
    async fn while_in_trouble<T>(&self, work: impl Future<Output = T>) -> T {
        meanwhile(work, TROUBLE_EVERY, || self.say_trouble()).await
    }

    /// All that one session gives; returns why it is of no more use.
    async fn follow(&mut self, client: &Client) -> RoundError {
        loop {
            let wanted = self.wanted.borrow_and_update().clone();
            let names = timeout(SILENT_AFTER, client.interface_names());
            let names = match self.while_in_trouble(names).await {
                Ok(Ok(names)) => names,
                Ok(Err(error)) => return error.into(),
                Err(_) => return RoundError::Deadline(SILENT_AFTER.as_secs()),
            };
            self.trouble = None;
            let mut asked = Vec::new();
            // Two links can be on one interface: one that ends and the next.
            let mut links = Links::new();
            let mut missing = Vec::new();
            for (link, interface) in wanted {
                let only_names = names.iter().map(|(_, name)| name);
                let found = match LinkPort::of(&interface) {
                    LinkPort::Interface(name) => interface_name::index_of(only_names, name),
                    LinkPort::PppUser(user) => interface_name::index_of_session(only_names, user),
                };
                let Some((id, name)) = found.and_then(|index| names.get(index)) else {
                    missing.push(link);
                    continue;
                };
                let of_interface = links.entry(id.clone()).or_default();
                if of_interface.is_empty() {
                    asked.push((id.clone(), name.clone()));
                }
                of_interface.push(link);
            }
            self.say_missing(&missing);
            if asked.is_empty() {
                self.pause(TROUBLE_EVERY).await;
                continue;
            }
            let stream = match client.watch_traffic(asked).await {
                Ok(stream) => stream,
                Err(error) => return error.into(),
            };
            match self.listen(stream, &links, &missing).await {
                Heard::AskAnew => {}
                Heard::Ended => self.pause(AGAIN_AFTER).await,
                Heard::Failed(error) => return error,
            }
        }
    }

    /// Hands readings on until something else is to be asked. `missing`: links whose interface was not there.
    async fn listen(&mut self, mut stream: TrafficStream, links: &Links, missing: &[LinkId]) -> Heard {
        let began = Instant::now();
        let mut look_again = !missing.is_empty();
        let all = links.values().flatten();
        let mut heard: HashMap<LinkId, Heed> = all.map(|&link| (link, Heed::new(began))).collect();
        let mut checks = interval(CHECK_EVERY);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut again = interval_at(began + TROUBLE_EVERY, TROUBLE_EVERY);
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                changed = self.wanted.changed() => match changed {
                    Ok(()) => return Heard::AskAnew,
                    // Nobody wants anything any more, nor ever will.
                    Err(_) => std::future::pending().await,
                },
                reading = stream.next() => match reading {
                    Some(Ok(traffic)) => {
                        // Where a reading has no name, a port that was renamed is only found by asking.
                        look_again |= traffic.name.is_none();
                        self.take(&traffic, links, &mut heard);
                    }
                    None => return Heard::Ended,
                    Some(Err(error)) if error.is_no_such_item() => return Heard::Ended,
                    Some(Err(error)) => return Heard::Failed(error.into()),
                },
                _ = again.tick() => self.say_missing(missing),
                _ = checks.tick() => {
                    if heard.values().all(|heed| heed.reading.elapsed() >= SILENT_AFTER) {
                        return Heard::Failed(RoundError::Deadline(SILENT_AFTER.as_secs()));
                    }
                    self.check(&mut heard);
                    if look_again && began.elapsed() >= LOOK_AGAIN_AFTER {
                        return Heard::AskAnew;
                    }
                }
            }
        }
    }

    fn take(&mut self, traffic: &Traffic, links: &Links, heard: &mut HashMap<LinkId, Heed>) {
        let rates = [traffic.rx_bits_per_second, traffic.tx_bits_per_second].map(bps);
        // A reading without a figure is no answer.
        if rates == [None; 2] {
            return;
        }
        for &link in links.get(&traffic.id).into_iter().flatten() {
            // A flood makes no more of a second than there is.
            let Some(heed) =
                heard.get_mut(&link).filter(|heed| !heed.said || heed.reading.elapsed() >= READING_EVERY)
            else {
                continue;
            };
            heed.reading = Instant::now();
            heed.said = true;
            self.say(link, rates, None);
        }
        self.backoff.succeeded();
        self.told.clear();
    }

    /// Says which links the router is silent about while it speaks of others.
    fn check(&self, heard: &mut HashMap<LinkId, Heed>) {
        for (&link, heed) in heard {
            if heed.reading.elapsed() >= SILENT_AFTER
                && heed.trouble.is_none_or(|at| at.elapsed() >= TROUBLE_EVERY)
            {
                heed.trouble = Some(Instant::now());
                self.say(link, [None; 2], Some(LiveTrouble::Silent));
            }
        }
    }

    /// Waits, but not longer than until something else is wanted.
    async fn pause(&mut self, pause: Duration) {
        // The change itself is taken up by whoever reads what is wanted next.
        let _ = timeout(pause, self.wanted.changed()).await;
    }

    /// Says of every wanted link what the trouble is, if there is any.
    fn say_trouble(&self) {
        let Some(trouble) = self.trouble else { return };
        let links: Vec<LinkId> = self.wanted.borrow().iter().map(|(link, _)| *link).collect();
        links.into_iter().for_each(|link| self.say(link, [None; 2], Some(trouble)));
    }

    fn say_missing(&self, missing: &[LinkId]) {
        missing.iter().for_each(|&link| self.say(link, [None; 2], Some(LiveTrouble::NoInterface)));
    }

    fn say(&self, link: LinkId, [rx_bps, tx_bps]: [Option<i64>; 2], trouble: Option<LiveTrouble>) {
        let at_ms = self.desk.clocks.now().wall_ms;
        // Where too many wait, one more does not matter.
        let _ = self.desk.readings.try_send(LiveReading { link, at_ms, rx_bps, tx_bps, trouble });
    }

    /// What somebody must mend is logged once, however often it happens.
    fn log(&mut self, failed: &RoundError) {
        let router = &self.router.name;
        let text = failed.to_string();
        if trouble_of(failed) == LiveTrouble::Refused && self.told != text {
            tracing::warn!(%router, "no live view: {text}");
            self.told = text;
        } else {
            tracing::debug!(%router, "no live view: {text}");
        }
    }
}

/// How a stream of readings came to its end.
enum Heard {
    /// Other links are wanted, or missing ones may be there by now.
    AskAnew,
    /// The router ended it: an interface has gone; or one has another name now.
    Ended,
    /// The session is of no more use.
    Failed(RoundError),
}

/// When a link was heard of.
struct Heed {
    reading: Instant,
    /// Whether there was a reading at all.
    said: bool,
    trouble: Option<Instant>,
}

impl Heed {
    fn new(began: Instant) -> Self {
        Self { reading: began, said: false, trouble: None }
    }
}

fn bps(rate: Option<u64>) -> Option<i64> {
    rate.filter(|&bps| bps <= BPS_MAX).and_then(|bps| i64::try_from(bps).ok())
}
