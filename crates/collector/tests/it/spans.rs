use std::time::Duration;

use routeros_sim::{InterfaceSpec, PingProfile, RouterSpec};
use sla::LinkState::{Down, Unknown, Up};

use crate::engine::databases;
use crate::place::{Place, START_MS, target};

fn one_link() -> RouterSpec {
    // Five and a half hours ahead and a wrong clock on top, so that a link time taken as it is cannot pass.
    RouterSpec {
        gmt_offset_ms: 19_800_000,
        clock_offset_ms: -97_000,
        ..RouterSpec::new("edge").interface(InterfaceSpec::ethernet("ether1"))
    }
}

#[tokio::test]
async fn an_outage_of_40_s_between_two_looks_is_an_outage_of_40_s() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (router, _, links) = place.router(one_link()).await;
        place.sample().await;
        router.flap("ether1", START_MS + 307_000, START_MS + 347_000);
        place.pass(300);
        place.probe().await;
        place.pass(60);
        place.probe().await;
        place.probe_for(2).await;
        let outages = place.store.outages(links[0], 0, i64::MAX / 2).await.unwrap();
        assert_eq!(outages.len(), 1, "{outages:?}");
        let outage = &outages[0];
        let length_ms = outage.to_ms.unwrap() - outage.from_ms;
        assert!((length_ms - 40_000).abs() <= 1_000, "{outage:?}");
        assert!((outage.from_ms - START_MS - 307_000).abs() <= 1_000, "{outage:?}");
        assert_eq!(outage.cause.as_deref(), Some("link_down"));
        assert_eq!(outage.evidence["kind"], "link_times");
        assert_eq!(place.seconds(links[0], Unknown).await, 0);
    }
}

#[tokio::test]
async fn a_collector_that_was_off_for_an_hour_learns_that_the_link_was_up() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (_router, _, links) = place.router(one_link()).await;
        place.sample().await;
        place.probe_for(2).await;
        place.pass(3_600);
        let before: Vec<_> = place.line(links[0]).await;
        assert_eq!(before, [(0, 60, Up, None)], "nothing is claimed about time that nobody saw");
        place.restart();
        place.probe().await;
        assert_eq!(place.seconds(links[0], Up).await, 3_660);
        let resolved = place.spans(links[0]).await.into_iter().nth(1).unwrap();
        assert_eq!(resolved.evidence["kind"], "continuous");
        assert_eq!(place.store.latest(links[0]).await.unwrap().unwrap().since_ms, START_MS);
    }
}

#[tokio::test]
async fn a_collector_that_was_off_for_an_hour_finds_the_outage_in_it() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (router, _, links) = place.router(one_link()).await;
        place.sample().await;
        router.flap("ether1", START_MS + 1_000_000, START_MS + 1_300_000);
        place.pass(3_600);
        place.restart();
        place.probe().await;
        let line = place.line(links[0]).await;
        assert!((place.seconds(links[0], Down).await - 300).abs() <= 1, "{line:?}");
        assert_eq!(place.seconds(links[0], Unknown).await, 0, "{line:?}");
        assert!((line[1].0 - 1_000).abs() <= 1, "{line:?}");
    }
}

#[tokio::test]
async fn a_collector_that_was_off_for_an_hour_finds_the_reboot_and_leaves_the_silence_unknown() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (router, _, links) = place.router(one_link()).await;
        place.sample().await;
        place.pass(3_000);
        router.reboot(Duration::from_secs(60));
        place.pass(600);
        router.settled().await;
        place.restart();
        let summary = place.sample().await;
        assert_eq!(summary.errors, []);
        let line = place.line(links[0]).await;
        assert_eq!((line[0].2, line[0].3.as_deref()), (Unknown, Some("not_polled")), "{line:?}");
        assert_eq!((line[1].2, line[1].3.as_deref()), (Down, Some("router_reboot")), "{line:?}");
        assert!((line[1].1 - 3_060).abs() <= 1, "{line:?}");
        assert_eq!(line.last().map(|last| (last.1, last.2)), Some((3_600, Up)), "{line:?}");
        let samples = place.samples(links[0]).await;
        assert_eq!(samples.last().unwrap().rx_bps, None, "no rate over a reboot");
    }
}

#[tokio::test]
async fn a_reboot_seen_while_polling_is_down_from_the_first_failed_look() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (router, _, links) = place.router(one_link()).await;
        place.sample().await;
        place.probe_for(2).await;
        place.pass(10);
        router.reboot(Duration::from_secs(70));
        router.settled().await;
        place.pass(20);
        let summary = place.probe().await;
        assert_eq!(summary.errors.len(), 1);
        assert_eq!(place.line(links[0]).await.last().unwrap().3.as_deref(), Some("router_unreachable"));
        place.pass(60);
        router.settled().await;
        assert_eq!(place.probe().await.errors, []);
        let line = place.line(links[0]).await;
        assert_eq!(line[0], (0, 90, Up, None), "up until the first look that failed");
        assert_eq!((line[1].2, line[1].3.as_deref()), (Down, Some("router_reboot")));
        let outages = place.store.outages(links[0], 0, i64::MAX / 2).await.unwrap();
        assert_eq!(outages.len(), 1);
        assert!((outages[0].to_ms.unwrap() - START_MS - 140_000).abs() <= 2_000, "{outages:?}");
    }
}

#[tokio::test]
async fn trap_02_a_router_cut_off_and_back_was_up_all_the_time() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (router, id, links) = place.router(one_link()).await;
        place.sample().await;
        router.unreachable(true);
        router.settled().await;
        for _ in 0..4 {
            place.pass(30);
            assert_eq!(place.probe().await.errors.len(), 1);
        }
        assert_eq!(place.line(links[0]).await, [(0, 120, Unknown, Some("router_unreachable".into()))]);
        let latest = place.store.latest(links[0]).await.unwrap().unwrap();
        assert_eq!((latest.state, latest.since_ms, latest.at_ms), (Unknown, START_MS, START_MS + 120_000));
        assert!(!place.store.router_status(id).await.unwrap().unwrap().reachable);
        router.unreachable(false);
        router.settled().await;
        place.probe_for(2).await;
        assert_eq!(place.seconds(links[0], Up).await, 180);
        assert!(place.store.outages(links[0], 0, i64::MAX / 2).await.unwrap().is_empty());
        assert!(place.store.router_status(id).await.unwrap().unwrap().reachable);
    }
}

#[tokio::test]
async fn traps_11_and_12_an_outage_stays_one_while_it_lasts_and_is_closed_when_it_ends() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (router, _, links) = place.router(one_link()).await;
        place.sample().await;
        place.pass(10);
        router.set_link("ether1", false);
        place.pass(20);
        place.probe().await;
        let open = place.store.outages(links[0], 0, i64::MAX / 2).await.unwrap();
        assert_eq!((open.len(), open[0].to_ms), (1, None));
        place.probe_for(5).await;
        place.restart();
        place.probe_for(2).await;
        place.pass(10);
        router.set_link("ether1", true);
        place.pass(20);
        place.probe().await;
        let closed = place.store.outages(links[0], 0, i64::MAX / 2).await.unwrap();
        assert_eq!(closed.len(), 1, "{closed:?}");
        assert_eq!(closed[0].id, open[0].id);
        assert!((closed[0].to_ms.unwrap() - closed[0].from_ms - 240_000).abs() <= 1_000, "{closed:?}");
        assert_eq!(place.store.latest(links[0]).await.unwrap().unwrap().state, Up);
    }
}

#[tokio::test]
async fn a_silent_target_is_down_where_the_terms_say_so() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (router, _, links) = place.router(one_link()).await;
        place.no_answer_is_down(links[0]).await;
        place.sample().await;
        router.set_ping(&target(0), PingProfile::dead());
        place.probe_for(3).await;
        let expected = [(0, 30, Up, None), (30, 90, Down, Some("no_answer".to_owned()))];
        assert_eq!(place.line(links[0]).await, expected);
        router.set_ping(&target(0), PingProfile::default());
        place.probe_for(2).await;
        assert_eq!(place.seconds(links[0], Down).await, 90);
        assert_eq!(place.store.latest(links[0]).await.unwrap().unwrap().state, Up);
    }
}

#[tokio::test]
async fn an_interface_that_the_operator_disabled_is_no_outage() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (router, _, links) = place.router(one_link()).await;
        place.sample().await;
        place.pass(10);
        router.disable("ether1", true);
        place.pass(20);
        place.probe().await;
        place.probe_for(2).await;
        let line = place.line(links[0]).await;
        assert_eq!(
            line.last().map(|last| (last.2, last.3.as_deref())),
            Some((Unknown, Some("disabled"))),
            "{line:?}"
        );
        assert!(place.store.outages(links[0], 0, i64::MAX / 2).await.unwrap().is_empty());
        router.disable("ether1", false);
        place.probe_for(2).await;
        assert_eq!(place.store.latest(links[0]).await.unwrap().unwrap().state, Up);
    }
}

#[tokio::test]
async fn a_link_is_measured_from_the_first_poll_that_saw_it() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (router, _, links) = place.router(one_link()).await;
        router.unreachable(true);
        router.settled().await;
        place.probe().await;
        let measured_from = async |place: &Place| place.store.link(links[0]).await.unwrap().measured_from_ms;
        assert_eq!(measured_from(&place).await, None, "nobody has seen it yet");
        router.unreachable(false);
        router.settled().await;
        place.probe_for(1).await;
        let first_ms = measured_from(&place).await.unwrap();
        assert!((first_ms - START_MS - 30_000).abs() < 1_000, "{first_ms}");
        place.probe_for(3).await;
        place.restart();
        place.probe_for(1).await;
        assert_eq!(measured_from(&place).await, Some(first_ms));
    }
}
