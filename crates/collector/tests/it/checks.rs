//! Connection tests against simulated routers: what is answered is what the router has, and no round waits for it.

use std::time::{Duration, Instant};

use collector::{Collector, CollectorConfig, CollectorError};
use routeros_sim::{InterfaceSpec, RouterSpec, SimRouter};
use secrecy::SecretString;
use store::{Clock, FoundStep, RouterAsked, RouterFindings, RouterId, StaffAct, StaffScope};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::engine::databases;
use crate::place::{Place, START_MS, config};

/// Long enough for the slowest machine; nothing is measured by it.
const GIVE_UP_AFTER: Duration = Duration::from_secs(60);
/// So seldom is polled that there is one round.
const ONE_ROUND: Duration = Duration::from_secs(3_600);

struct Asked {
    place: Place,
    router: SimRouter,
    router_id: RouterId,
    clock: Clock,
    stop: CancellationToken,
    running: JoinSet<Result<(), CollectorError>>,
}

impl Asked {
    /// On each engine, a router with two interfaces and a collector that runs.
    async fn everywhere() -> Vec<Self> {
        let mut all = Vec::new();
        for database in databases().await {
            let mut place = Place::new(database).await;
            let spec = RouterSpec::new("edge")
                .interface(InterfaceSpec::ethernet("ether1").comment("to Küche".as_bytes()))
                .interface(InterfaceSpec::ethernet("wan, 2").comment(&[0xdd, 0xed]));
            let (router, router_id, _) = place.router(spec).await;
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
            let asked = Self { place, router, router_id, clock, stop, running };
            asked.until_sessions(1).await;
            all.push(asked);
        }
        all
    }

    /// Asks, and waits for what is answered.
    async fn ask(&self) -> RouterFindings {
        let act = StaffAct {
            scope: &StaffScope::All,
            actor: "staff:noc",
            address: None,
            now_ms: self.clock.now_ms(),
        };
        let store = &self.place.store;
        assert_eq!(store.staff_ask_router(&act, self.router_id).await.unwrap(), RouterAsked::Wanted);
        let answered = async {
            loop {
                let check =
                    store.staff_router_check(&StaffScope::All, self.router_id).await.unwrap().unwrap();
                if !check.waiting {
                    return check.answer.expect("an answer").1;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(GIVE_UP_AFTER, answered).await.expect("an answer")
    }

    async fn until_sessions(&self, count: usize) {
        let opened = async {
            while self.router.sessions() != count {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(GIVE_UP_AFTER, opened).await.expect("sessions");
    }

    async fn end(mut self) {
        self.stop.cancel();
        while let Some(ended) = self.running.join_next().await {
            ended.unwrap().unwrap();
        }
        self.place.fleet.shutdown().await;
    }
}

fn failed(findings: &RouterFindings) -> Vec<&FoundStep> {
    findings.steps.iter().filter(|step| !step.ok).collect()
}

#[tokio::test]
async fn the_answer_is_what_the_router_has() {
    for asked in Asked::everywhere().await {
        assert!(asked.router.set_link("wan, 2", false));
        let findings = asked.ask().await;
        assert!(failed(&findings).is_empty(), "{findings:?}");
        assert!(findings.steps.iter().any(|step| step.name == "ping"), "{findings:?}");
        let seen: Vec<_> = findings
            .interfaces
            .iter()
            .map(|one| (one.name.as_str(), one.running, one.disabled, one.comment.as_str()))
            .collect();
        asked.until_sessions(1).await;
        assert_eq!(seen, [("ether1", Some(true), false, "to Küche"), ("wan, 2", Some(false), false, "Ýí")]);
        asked.end().await;
    }
}

/// Who asks must be told what to mend, in words and without the password.
#[tokio::test]
async fn a_router_that_refuses_or_is_away_is_said_to_be() {
    for asked in Asked::everywhere().await {
        let wrong = SecretString::from("not-the-password".to_owned());
        asked.place.store.set_router_password(asked.router_id, &wrong).await.unwrap();
        let findings = asked.ask().await;
        let steps = failed(&findings);
        assert_eq!((steps.len(), steps[0].name.as_str()), (1, "login"), "{findings:?}");
        assert!(!format!("{findings:?}").contains("not-the-password"));
        asked.router.unreachable(true);
        asked.router.settled().await;
        let findings = asked.ask().await;
        assert_eq!(failed(&findings).len(), 1, "{findings:?}");
        assert!(findings.interfaces.is_empty());
        asked.router.unreachable(false);
        asked.router.settled().await;
        let right = SecretString::from("secret".to_owned());
        asked.place.store.set_router_password(asked.router_id, &right).await.unwrap();
        assert!(failed(&asked.ask().await).is_empty());
        asked.end().await;
    }
}

/// A test that hangs keeps nobody from stopping; its wish is simply over later.
#[tokio::test]
async fn a_stop_does_not_wait_for_a_test() {
    for asked in Asked::everywhere().await {
        asked.router.hang(true);
        asked.router.settled().await;
        let act = StaffAct {
            scope: &StaffScope::All,
            actor: "staff:noc",
            address: None,
            now_ms: asked.clock.now_ms(),
        };
        asked.place.store.staff_ask_router(&act, asked.router_id).await.unwrap();
        asked.until_sessions(2).await;
        asked.end().await;
    }
}
