use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use collector::{Collector, CollectorConfig, RoundKind, RoundSummary};
use routeros_sim::{Fleet, RouterSpec, SimClock, SimRouter};
use secrecy::SecretString;
use sla::LinkState;
use store::{
    Clock, DownWhen, Facing, LinkId, LinkTerms, NewLink, NewRouter, RouterId, RouterTls, Sample, Span, Store,
};

use crate::engine::Database;

/// 2026-11-23 12:00:00 UTC.
pub(crate) const START_MS: i64 = 1_795_435_200_000;

/// A store, a fleet and a collector that share one clock.
pub(crate) struct Place {
    pub(crate) store: Store,
    pub(crate) fleet: Fleet,
    pub(crate) collector: Collector,
    pub(crate) config: CollectorConfig,
    now_ms: Arc<AtomicI64>,
    /// The clock that only ever grows; the one above can be set.
    mono_ms: Arc<AtomicI64>,
    /// The time of the routers, which goes on whatever happens to our clocks.
    true_ms: Arc<AtomicI64>,
    client: store::ClientId,
    company: store::CompanyId,
    _database: Database,
}

pub(crate) fn config() -> CollectorConfig {
    CollectorConfig {
        ping_count: 3,
        ping_interval: Duration::from_millis(10),
        round_deadline: Duration::from_secs(5),
        ..CollectorConfig::default()
    }
}

impl Place {
    pub(crate) async fn new(database: Database) -> Self {
        Self::with_config(database, config()).await
    }

    pub(crate) async fn with_config(database: Database, config: CollectorConfig) -> Self {
        let store = database.store.clone();
        let now_ms = Arc::new(AtomicI64::new(START_MS));
        let mono_ms = Arc::new(AtomicI64::new(5_000));
        let true_ms = Arc::new(AtomicI64::new(START_MS));
        let sim_now = Arc::clone(&true_ms);
        let fleet = Fleet::new(SimClock::new(move || sim_now.load(Ordering::SeqCst)));
        let company = store.insert_company("Acme", "Asia/Kolkata", "INR", START_MS).await.unwrap();
        let client = store.insert_client(company, "Bazaar", START_MS).await.unwrap();
        let collector = collector(&store, &now_ms, &mono_ms, &config);
        Self {
            store,
            fleet,
            collector,
            config,
            now_ms,
            mono_ms,
            true_ms,
            client,
            company,
            _database: database,
        }
    }

    /// A router with a link on each of its interfaces; the n-th interface's probe target is 10.0.0.n.
    pub(crate) async fn router(&mut self, spec: RouterSpec) -> (SimRouter, RouterId, Vec<LinkId>) {
        self.router_with(spec, RouterTls::Off).await
    }

    pub(crate) async fn router_with(
        &mut self,
        spec: RouterSpec,
        tls: RouterTls,
    ) -> (SimRouter, RouterId, Vec<LinkId>) {
        let name = String::from_utf8_lossy(&spec.identity).into_owned();
        let interfaces: Vec<_> = spec.interfaces.iter().map(|interface| interface.name.clone()).collect();
        let router = self.fleet.add(spec).await.unwrap();
        let id = self.router_at(&name, router.address().port(), tls).await;
        let mut links = Vec::new();
        for (n, interface) in interfaces.iter().enumerate() {
            let interface = String::from_utf8_lossy(interface).into_owned();
            links.push(self.link(id, &format!("{name}/{interface}"), &interface, Some(&target(n))).await);
        }
        (router, id, links)
    }

    /// A router without links, whatever listens on the port.
    pub(crate) async fn router_at(&self, name: &str, port: u16, tls: RouterTls) -> RouterId {
        let password = SecretString::from("secret");
        let new = NewRouter {
            company_id: self.company,
            name,
            address: "127.0.0.1",
            port,
            username: "admin",
            password: &password,
            tls,
        };
        self.store.insert_router(&new, START_MS).await.unwrap()
    }

    pub(crate) async fn link(
        &self,
        router: RouterId,
        circuit: &str,
        interface: &str,
        target: Option<&str>,
    ) -> LinkId {
        let new = NewLink {
            client_id: self.client,
            router_id: router,
            interface,
            circuit,
            service_ref: None,
            kind: "ILL",
            committed_bps: 100_000_000,
            probe_target: target,
            facing: Facing::Customer,
            site: None,
            activated_at_ms: START_MS - 86_400_000,
            terminated_at_ms: None,
        };
        self.store.insert_link(&new).await.unwrap()
    }

    pub(crate) fn client_id(&self) -> store::ClientId {
        self.client
    }

    pub(crate) async fn no_answer_is_down(&self, link: LinkId) {
        let terms = LinkTerms {
            link_id: link,
            valid_from_ms: START_MS - 86_400_000,
            uptime_pct: None,
            latency_ms: None,
            loss_pct: None,
            down_when: DownWhen::InterfaceOrNoAnswer,
        };
        self.store.insert_terms(&terms).await.unwrap();
    }

    /// Lets time pass on every clock.
    pub(crate) fn pass(&self, seconds: i64) {
        self.now_ms.fetch_add(seconds * 1_000, Ordering::SeqCst);
        self.mono_ms.fetch_add(seconds * 1_000, Ordering::SeqCst);
        self.true_ms.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }

    /// Time passes while the machine sleeps and its monotonic clock stands still.
    pub(crate) fn sleep(&self, seconds: i64) {
        self.now_ms.fetch_add(seconds * 1_000, Ordering::SeqCst);
        self.true_ms.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }

    /// The time by the routers.
    pub(crate) fn true_ms(&self) -> i64 {
        self.true_ms.load(Ordering::SeqCst)
    }

    /// What the clock of this machine says.
    pub(crate) fn machine_ms(&self) -> i64 {
        self.now_ms.load(Ordering::SeqCst)
    }

    /// The process ends, and a version begins that believes its wall clock whatever happens.
    pub(crate) fn restart_credulous(&mut self) {
        let now_ms = Arc::clone(&self.now_ms);
        let clock = Clock::new(move || now_ms.load(Ordering::SeqCst));
        self.collector = Collector::new(self.store.clone(), clock, self.config.clone());
    }

    /// Sets our time of day by hand; no time passes.
    pub(crate) fn set_clock(&self, by_seconds: i64) {
        self.now_ms.fetch_add(by_seconds * 1_000, Ordering::SeqCst);
    }

    pub(crate) async fn probe(&self) -> RoundSummary {
        self.collector.round(RoundKind::Probe, |_, _| {}).await.unwrap()
    }

    pub(crate) async fn sample(&self) -> RoundSummary {
        self.collector.once(|_, _| {}).await.unwrap()
    }

    /// Looks every 30 s, `looks` times, the first one 30 s from now.
    pub(crate) async fn probe_for(&self, looks: usize) {
        for _ in 0..looks {
            self.pass(30);
            self.probe().await;
        }
    }

    /// The process ends and another one begins.
    pub(crate) fn restart(&mut self) {
        self.collector = collector(&self.store, &self.now_ms, &self.mono_ms, &self.config);
    }

    pub(crate) async fn samples(&self, link: LinkId) -> Vec<Sample> {
        self.store.samples(link, 0, i64::MAX / 2).await.unwrap()
    }

    pub(crate) async fn spans(&self, link: LinkId) -> Vec<Span> {
        self.store.spans(link, 0, i64::MAX / 2).await.unwrap()
    }

    /// The time line in seconds after the start.
    pub(crate) async fn line(&self, link: LinkId) -> Vec<(i64, i64, LinkState, Option<String>)> {
        let after_s = |ms: i64| (ms - START_MS).div_euclid(1_000);
        let spans = self.spans(link).await;
        for pair in spans.windows(2) {
            assert!(pair[0].to_ms <= pair[1].from_ms, "spans overlap: {spans:?}");
        }
        spans.into_iter().map(|s| (after_s(s.from_ms), after_s(s.to_ms), s.state, s.cause)).collect()
    }

    /// Seconds in a state.
    pub(crate) async fn seconds(&self, link: LinkId, state: LinkState) -> i64 {
        let spans = self.spans(link).await;
        spans.iter().filter(|s| s.state == state).map(|s| s.to_ms - s.from_ms).sum::<i64>() / 1_000
    }
}

/// The probe target of a router's n-th interface.
pub(crate) fn target(n: usize) -> String {
    format!("10.0.0.{}", n + 1)
}

fn collector(
    store: &Store,
    now_ms: &Arc<AtomicI64>,
    mono_ms: &Arc<AtomicI64>,
    config: &CollectorConfig,
) -> Collector {
    let (now_ms, mono_ms) = (Arc::clone(now_ms), Arc::clone(mono_ms));
    let clock =
        Clock::with_monotonic(move || now_ms.load(Ordering::SeqCst), move || mono_ms.load(Ordering::SeqCst));
    Collector::new(store.clone(), clock, config.clone())
}
