//! The live view against simulated routers, with a clock that goes: what is written is what routers said.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use collector::{Collector, CollectorConfig};
use routeros_sim::{InterfaceSpec, RouterSpec, Served, SimRouter};
use secrecy::SecretString;
use store::{ClientId, Clock, LinkId, LiveLimits, LiveReading, LiveTrouble, LiveWish, RouterId, Store};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::engine::databases;
use crate::place::{Place, START_MS, config};

/// Long enough for the slowest machine; nothing is measured by it.
const GIVE_UP_AFTER: Duration = Duration::from_secs(60);
const LIMITS: LiveLimits = LiveLimits { links: 10, links_per_router: 10 };
/// So seldom is polled that there is one round.
const ONE_ROUND: Duration = Duration::from_secs(3_600);
/// What is wished is wished again so often, …
const RENEW_EVERY_MS: i64 = 5_000;
/// … and stands for so long.
const WISH_MS: i64 = 60_000;

/// A collector that runs, and what is watched.
struct Watched {
    place: Place,
    router: SimRouter,
    router_id: RouterId,
    links: Vec<LinkId>,
    /// What is wished until something else is.
    wished: RefCell<Vec<LinkId>>,
    renewed_ms: Cell<i64>,
    clock: Clock,
    stop: CancellationToken,
    running: JoinSet<Result<(), collector::CollectorError>>,
}

impl Watched {
    /// On each engine, a router with two links, polled seldom.
    async fn everywhere() -> Vec<Self> {
        let mut all = Vec::new();
        for database in databases().await {
            let mut place = Place::new(database).await;
            let spec = RouterSpec::new("edge")
                .interface(InterfaceSpec::ethernet("ether1"))
                .interface(InterfaceSpec::ethernet("wan, 2"));
            let (router, router_id, links) = place.router(spec).await;
            let start = Instant::now();
            let clock = Clock::new(move || START_MS + i64::try_from(start.elapsed().as_millis()).unwrap());
            let stop = CancellationToken::new();
            let config = CollectorConfig {
                connect_timeout: Duration::from_secs(1),
                probe_interval: ONE_ROUND,
                sample_interval: ONE_ROUND,
                ..config()
            };
            let collector = Collector::new(place.store.clone(), clock.clone(), config);
            let running = JoinSet::from_iter([collector.run(stop.clone())]);
            // What is broken from here on is the live view's.
            until(async || !place.samples(links[0]).await.is_empty()).await;
            let (wished, renewed_ms) = (RefCell::default(), Cell::new(0));
            all.push(Self { place, router, router_id, links, wished, renewed_ms, clock, stop, running });
        }
        all
    }

    fn store(&self) -> &Store {
        &self.place.store
    }

    fn client(&self) -> ClientId {
        self.place.client_id()
    }

    async fn wish(&self, links: &[LinkId]) {
        *self.wished.borrow_mut() = links.to_vec();
        self.wish_for(WISH_MS).await;
    }

    /// Whoever watched has gone: what was wished stands for hardly any time.
    async fn leave(&self) {
        self.wish_for(1).await;
        self.wished.borrow_mut().clear();
    }

    async fn wish_for(&self, ms: i64) {
        let now_ms = self.clock.now_ms();
        self.renewed_ms.set(now_ms);
        let wishes: Vec<_> = self.wished.borrow().iter().map(|&link| (self.client(), link)).collect();
        let granted = self.store().wish_live(&wishes, LIMITS, now_ms + ms, now_ms).await.unwrap();
        assert!(granted.iter().all(|outcome| *outcome == Some(LiveWish::Granted)), "{granted:?}");
    }

    async fn readings(&self, link: LinkId) -> Vec<LiveReading> {
        self.store().live_readings(self.client(), link, 0).await.unwrap()
    }

    /// Waits until a reading from `after_ms` on is as it should be.
    async fn until_read(&self, link: LinkId, after_ms: i64, holds: impl Fn(&LiveReading) -> bool) {
        until(async || {
            if self.clock.now_ms() - self.renewed_ms.get() >= RENEW_EVERY_MS {
                self.wish_for(WISH_MS).await;
            }
            let readings = self.readings(link).await;
            readings.iter().any(|reading| reading.at_ms >= after_ms && holds(reading))
        })
        .await;
    }

    async fn until_sessions(&self, count: usize) {
        until(async || self.router.sessions() == count).await;
    }

    /// Everything that is said of a link came from the router, rates the right way round.
    async fn assert_as_served(&self, link: LinkId, name: &str) {
        let served = self.router.served().into_iter().filter_map(|entry| match entry {
            Served::Traffic { name: of, rx_bps, tx_bps, .. } if of == name.as_bytes() => {
                Some((rx_bps, tx_bps))
            }
            _ => None,
        });
        let served: Vec<_> = served.collect();
        for reading in self.readings(link).await.iter().filter(|reading| reading.trouble.is_none()) {
            let rates = (reading.rx_bps.unwrap(), reading.tx_bps.unwrap());
            let rates = (u64::try_from(rates.0).unwrap(), u64::try_from(rates.1).unwrap());
            assert!(served.contains(&rates), "{rates:?} was never served: {served:?}");
        }
    }

    async fn stop(&mut self) {
        self.stop.cancel();
        while let Some(ended) = self.running.join_next().await {
            ended.unwrap().unwrap();
        }
        self.until_sessions(0).await;
    }

    async fn end(mut self) {
        self.stop().await;
        self.place.fleet.shutdown().await;
    }
}

async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(GIVE_UP_AFTER, waiting).await.expect("it never came about");
}

fn has_rates(reading: &LiveReading) -> bool {
    reading.rx_bps.is_some() && reading.tx_bps.is_some() && reading.trouble.is_none()
}

fn has(trouble: LiveTrouble) -> impl Fn(&LiveReading) -> bool {
    move |reading| reading.trouble == Some(trouble)
}

/// One session for all links of the router beside that of the rounds; it ends with the last wish.
#[tokio::test]
async fn readings_flow_while_they_are_wished_in_a_session_of_their_own() {
    for watched in Watched::everywhere().await {
        assert_eq!(watched.router.sessions(), 1);
        let [one, two] = watched.links[..] else { panic!("two links") };
        watched.wish(&[one]).await;
        watched.until_read(one, 0, has_rates).await;
        assert_eq!(watched.router.sessions(), 2, "one of the rounds, one of the live view");
        assert_eq!(watched.readings(two).await, [], "nobody asked for it");
        watched.wish(&[one, two]).await;
        watched.until_read(two, 0, has_rates).await;
        let now_ms = watched.clock.now_ms();
        watched.until_read(one, now_ms, has_rates).await;
        assert_eq!(watched.router.sessions(), 2);
        watched.assert_as_served(one, "ether1").await;
        watched.assert_as_served(two, "wan, 2").await;
        assert_ne!(watched.readings(one).await[0].rx_bps, watched.readings(two).await[0].rx_bps);

        watched.wish(&[one, two]).await;
        watched.leave().await;
        watched.until_sessions(1).await;
        watched.wish(&[two]).await;
        let now_ms = watched.clock.now_ms();
        watched.until_read(two, now_ms, has_rates).await;
        watched.end().await;
    }
}

/// Whatever the router does, it is said, and the view goes on afterwards.
#[tokio::test]
async fn after_every_fault_readings_flow_again() {
    type Fault = (&'static str, fn(&SimRouter), fn(&SimRouter));
    const FAULTS: [Fault; 3] = [
        ("unreachable", |router| router.unreachable(true), |router| router.unreachable(false)),
        ("hang", |router| router.hang(true), |router| router.hang(false)),
        (
            "drip",
            |router| router.drip(3, Duration::from_millis(500)),
            |router| router.drip(0, Duration::ZERO),
        ),
    ];
    for watched in Watched::everywhere().await {
        let link = watched.links[0];
        watched.wish(&watched.links).await;
        watched.until_read(link, 0, has_rates).await;
        for (_, begin, end) in FAULTS {
            let began_ms = watched.clock.now_ms();
            begin(&watched.router);
            watched.router.settled().await;
            watched.until_read(link, began_ms, has(LiveTrouble::Silent)).await;
            end(&watched.router);
            watched.router.settled().await;
            let ended_ms = watched.clock.now_ms();
            watched.until_read(link, ended_ms, has_rates).await;
        }
        // A cut in the middle of a sentence, and a reboot that nobody was told of.
        for cut in [
            |router: &SimRouter| router.drop_mid_reply(150),
            |router: &SimRouter| router.reboot(Duration::ZERO),
        ] {
            let cut_ms = watched.clock.now_ms();
            cut(&watched.router);
            watched.router.settled().await;
            watched.until_read(link, cut_ms, has(LiveTrouble::Silent)).await;
            watched.until_read(link, watched.clock.now_ms(), has_rates).await;
        }
        watched.assert_as_served(link, "ether1").await;
        watched.end().await;
    }
}

/// One interface that is not there must not blind the others, and one that comes back is found.
#[tokio::test]
async fn an_interface_that_goes_and_comes_is_said_and_hinders_no_other() {
    for watched in Watched::everywhere().await {
        let [one, two] = watched.links[..] else { panic!("two links") };
        watched.wish(&[one, two]).await;
        watched.until_read(two, 0, has_rates).await;
        let removed_ms = watched.clock.now_ms();
        assert!(watched.router.remove("ether1"));
        watched.until_read(one, removed_ms, has(LiveTrouble::NoInterface)).await;
        watched.until_read(two, watched.clock.now_ms(), has_rates).await;
        assert!(watched.router.recreate("ether1"));
        watched.until_read(one, watched.clock.now_ms(), has_rates).await;
        watched.end().await;
    }
}

/// Under another name it may be another customer's port by now.
#[tokio::test]
async fn what_a_port_carries_under_another_name_is_not_shown() {
    for watched in Watched::everywhere().await {
        let [one, two] = watched.links[..] else { panic!("two links") };
        watched.wish(&[one, two]).await;
        watched.until_read(one, 0, has_rates).await;
        let renamed_ms = watched.clock.now_ms();
        assert!(watched.router.rename("ether1", "C-port"));
        watched.until_read(one, renamed_ms, has(LiveTrouble::NoInterface)).await;
        watched.until_read(two, watched.clock.now_ms(), has_rates).await;
        let readings = watched.readings(one).await;
        let first = readings.iter().position(|reading| reading.trouble.is_some()).unwrap();
        assert!(readings[first..].iter().all(has(LiveTrouble::NoInterface)), "{readings:?}");
        assert!(watched.router.rename("C-port", "ether1"));
        watched.until_read(one, watched.clock.now_ms(), has_rates).await;
        watched.end().await;
    }
}

/// A password that is wrong by now is refused, and one that is right again is taken without a restart.
#[tokio::test]
async fn a_router_that_refuses_is_said_to() {
    for watched in Watched::everywhere().await {
        let link = watched.links[0];
        let password = |text: &str| SecretString::from(text.to_owned());
        watched.store().set_router_password(watched.router_id, &password("wrong")).await.unwrap();
        watched.wish(&[link]).await;
        watched.until_read(link, 0, has(LiveTrouble::Refused)).await;
        watched.store().set_router_password(watched.router_id, &password("secret")).await.unwrap();
        watched.until_read(link, 0, has_rates).await;
        watched.end().await;
    }
}

/// A router that hangs keeps nobody from stopping: were it waited for, it would be said to be silent before the end.
#[tokio::test]
async fn a_stop_does_not_wait_for_a_router() {
    for mut watched in Watched::everywhere().await {
        let link = watched.links[0];
        watched.wish(&watched.links).await;
        watched.until_read(link, 0, has_rates).await;
        let hung_ms = watched.clock.now_ms();
        watched.router.hang(true);
        watched.stop().await;
        let after: Vec<_> = watched.readings(link).await;
        assert!(after.iter().filter(|reading| reading.at_ms >= hung_ms).all(has_rates), "{after:?}");
        watched.end().await;
    }
}
