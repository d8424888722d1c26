//! Timed work driven step by step: on real databases, and against real and hostile mail servers.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod hostile_server;
mod mail_server;
mod real_server;

use store::{Location, MasterKey, Store};

#[tokio::test]
async fn a_second_pass_at_the_same_moment_finds_nothing_to_do() {
    let dir = tempfile::tempdir().expect("a folder");
    let location = Location::Sqlite(dir.path().join("jobs.sqlite"));
    let store = Store::open(&location, Some(MasterKey::generate().expect("a key"))).await.expect("opened");
    let link = fixture::link(&store).await;
    // Two days of readings, every five minutes; the pass stands half an hour into the third.
    let samples: Vec<_> = (0..576).map(|n| fixture::sample(link, n * 300_000)).collect();
    store.write_samples(&samples).await.expect("written");
    let now_ms = 48 * 3_600_000 + 1_800_000;
    let first = jobs::run_once(&store, now_ms).await.expect("a pass");
    assert_eq!((first.hours, first.days), (48, 2), "each finished hour and day once");
    let second = jobs::run_once(&store, now_ms).await.expect("a pass");
    assert_eq!((second.hours, second.days, second.sessions), (0, 0, 0));
    store.close().await;
}

mod fixture {
    use secrecy::SecretString;
    use sla::LinkState;
    use store::{Facing, LinkId, NewLink, NewRouter, RouterTls, Sample, Store};

    pub(crate) async fn link(store: &Store) -> LinkId {
        let company = store.insert_company("ISP", "Asia/Kolkata", "INR", 0).await.expect("a company");
        let client = store.insert_client(company, "Acme", 0).await.expect("a client");
        let router = NewRouter {
            company_id: company,
            name: "edge",
            address: "192.0.2.1",
            port: 8728,
            username: "portal",
            password: &SecretString::from("secret"),
            tls: RouterTls::Off,
        };
        let router = store.insert_router(&router, 0).await.expect("a router");
        let link = NewLink {
            client_id: client,
            router_id: router,
            interface: "ether1",
            circuit: "C-1",
            service_ref: None,
            kind: "ILL",
            committed_bps: 100_000_000,
            probe_target: None,
            facing: Facing::Customer,
            site: None,
            activated_at_ms: 0,
            terminated_at_ms: None,
        };
        store.insert_link(&link).await.expect("a link")
    }

    pub(crate) fn sample(link: LinkId, at_ms: i64) -> Sample {
        Sample {
            link,
            at_ms,
            state: LinkState::Up,
            rx_bytes: Some(at_ms),
            tx_bytes: Some(at_ms),
            rx_packets: None,
            tx_packets: None,
            rx_errors: None,
            tx_errors: None,
            rx_drops: None,
            tx_drops: None,
            rx_bps: Some(1_000),
            tx_bps: Some(2_000),
            sent: Some(5),
            received: Some(5),
            rtt_min_us: Some(1_000),
            rtt_avg_us: Some(1_100),
            rtt_max_us: Some(1_300),
        }
    }
}
