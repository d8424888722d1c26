//! The process dies at the worst moment, twenty times, and the database is whole each time.

use std::{collections::BTreeMap, process::Stdio, time::Duration};

use routeros_sim::{Fleet, InterfaceSpec, PingProfile, RouterSpec, SimClock};
use serde_json::Value;

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
    let checks = tokio::task::spawn_blocking(move || {
        let installation = Installation::new();
        installation.add_router("edge", address, "secret");
        for port in 1..=LINKS {
            installation.add_link(&format!("C-{port}"), "edge", &format!("ether{port}"));
        }
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
            check(&installation);
        }
        let rounds = readings(&installation).len();
        assert!(rounds >= 5, "the collector must have worked between the kills: {rounds} rounds");
    });
    checks.await.expect("the checks hold");
    fleet.shutdown().await;
}

/// How many links each round holds.
fn readings(installation: &Installation) -> BTreeMap<i64, usize> {
    let mut rounds = BTreeMap::new();
    for port in 1..=LINKS {
        let samples = installation.json(&["sample", "list", "--link", &format!("C-{port}")]);
        for sample in samples.as_array().expect("a list") {
            *rounds.entry(sample["at_ms"].as_i64().expect("a time")).or_default() += 1;
        }
    }
    rounds
}

fn check(installation: &Installation) {
    for (at_ms, links) in readings(installation) {
        assert_eq!(links, LINKS, "the round at {at_ms} is not whole, or is there twice");
    }
    for port in 1..=LINKS {
        let spans = installation.json(&["span", "list", "--link", &format!("C-{port}")]);
        let ms = |span: &Value, key: &str| span[key].as_i64().expect("a time");
        for pair in spans.as_array().expect("a list").windows(2) {
            assert!(
                ms(&pair[0], "to_ms") <= ms(&pair[1], "from_ms"),
                "spans overlap: {} {}",
                pair[0],
                pair[1]
            );
        }
    }
}
