//! The process dies at the worst moment, twenty times, and the database is whole each time.

use std::{collections::BTreeMap, process::Stdio, time::Duration};

use routeros_sim::{Fleet, InterfaceSpec, PingProfile, RouterSpec, SimClock};
use store::{Link, Store};

use crate::{first_router::now_ms, installation::Installation};

const KILLS: u32 = 20;
const LINKS: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_during_polling_leaves_no_round_half_there_and_none_twice() {
    let mut fleet = Fleet::new(SimClock::new(now_ms));
    let mut spec = RouterSpec::new("edge").ping("198.51.100.1", PingProfile::default());
    for port in 1..=LINKS {
        spec = spec.interface(InterfaceSpec::ethernet(&format!("ether{port}")));
    }
    let address = fleet.add(spec).await.expect("a router").address();
    let runtime = tokio::runtime::Handle::current();
    let checks = tokio::task::spawn_blocking(move || {
        let installation = Installation::new();
        installation.add_router("edge", address, "secret");
        for port in 1..=LINKS {
            installation.add_link(&format!("C-{port}"), "edge", &format!("ether{port}"));
        }
        let mut rounds = 0;
        for round in 0..KILLS {
            let mut server = installation
                .command(&["serve", "--role", "collector"])
                .env("LEASELINE_COLLECTOR_PROBE_INTERVAL_S", "1")
                .env("LEASELINE_COLLECTOR_SAMPLE_INTERVAL_S", "1")
                .env("LEASELINE_COLLECTOR_PING_COUNT", "2")
                .env("LEASELINE_COLLECTOR_PING_INTERVAL_MS", "10")
                .stderr(Stdio::null())
                .spawn()
                .expect("the collector starts");
            // Not a wait for anything: the kill falls into a different moment of the round each time.
            std::thread::sleep(Duration::from_millis(700 + u64::from(round) * 61));
            server.kill().expect("killed");
            server.wait().expect("gone");
            rounds = runtime.block_on(check(&installation));
        }
        assert!(rounds >= 5, "the collector must have worked between the kills: {rounds} rounds");
    });
    checks.await.expect("the checks hold");
    fleet.shutdown().await;
}

/// Every round holds all links, once, and no spans overlap; how many rounds there are.
async fn check(installation: &Installation) -> usize {
    // Each time as a process that starts after the kill finds it.
    let store = installation.store().await;
    let links = store.links().await.expect("the links");
    assert_eq!(links.len(), LINKS);
    let rounds = readings(&store, &links).await;
    for (at_ms, count) in &rounds {
        assert_eq!(*count, LINKS, "the round at {at_ms} is not whole, or is there twice");
    }
    for link in &links {
        let spans = store.spans(link.id, 0, i64::MAX / 2).await.expect("the spans");
        for pair in spans.windows(2) {
            assert!(pair[0].to_ms <= pair[1].from_ms, "spans overlap: {:?} {:?}", pair[0], pair[1]);
        }
    }
    store.close().await;
    rounds.len()
}

/// How many links each round holds.
async fn readings(store: &Store, links: &[Link]) -> BTreeMap<i64, usize> {
    let mut rounds = BTreeMap::new();
    for link in links {
        for sample in store.samples(link.id, 0, i64::MAX / 2).await.expect("the samples") {
            *rounds.entry(sample.at_ms).or_default() += 1;
        }
    }
    rounds
}
