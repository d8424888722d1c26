use std::time::Duration;

use collector::RoundKind;
use routeros_sim::{Dialect, InterfaceSpec, PingProfile, Policies, RouterSpec, Served, SimRouter, User};
use sla::LinkState;
use store::{LinkId, Sample};

use crate::engine::databases;
use crate::place::{Place, START_MS, config, target};

/// Holds every stored sample of a link against what the router served at that moment.
pub(crate) async fn assert_as_served(
    place: &Place,
    router: &SimRouter,
    link: LinkId,
    interface: &str,
    n: usize,
) -> usize {
    let served = router.served();
    let samples = place.samples(link).await;
    for sample in &samples {
        let row = served.iter().any(|entry| match entry {
            Served::Interface { at_ms, name, counters: c, running, disabled, .. } => {
                let values = [
                    c.rx_byte,
                    c.tx_byte,
                    c.rx_packet,
                    c.tx_packet,
                    c.rx_error,
                    c.tx_error,
                    c.rx_drop,
                    c.tx_drop,
                ];
                let state = match (disabled, running) {
                    (true, _) => LinkState::Unknown,
                    (false, true) => LinkState::Up,
                    (false, false) => LinkState::Down,
                };
                *at_ms == sample.at_ms
                    && name == interface.as_bytes()
                    && counters(sample) == values.map(|value| i64::try_from(value).ok())
                    && state == sample.state
            }
            _ => false,
        });
        assert!(row, "{interface}: the router never served {sample:?}");
        if sample.sent.is_some() {
            assert!(
                served.iter().any(|entry| is_ping(entry, sample, n)),
                "{interface}: no such ping {sample:?}"
            );
        } else if sample.state == LinkState::Up {
            let whole = served.iter().find(|entry| is_whole_ping(entry, sample.at_ms, n));
            assert!(whole.is_none(), "{interface}: {whole:?} was served and not kept in {sample:?}");
        }
        for bps in [sample.rx_bps, sample.tx_bps].into_iter().flatten() {
            assert!((0..20_000_000_000).contains(&bps), "{interface}: an absurd rate {sample:?}");
        }
    }
    samples.len()
}

fn counters(s: &Sample) -> [Option<i64>; 8] {
    [s.rx_bytes, s.tx_bytes, s.rx_packets, s.tx_packets, s.rx_errors, s.tx_errors, s.rx_drops, s.tx_drops]
}

fn is_ping(entry: &Served, sample: &Sample, n: usize) -> bool {
    let Served::Ping { at_ms, target: pinged, sent, received, times_us, .. } = entry else { return false };
    // Of the echoes as they were served: RouterOS 6 cuts its own mean to whole milliseconds.
    let mean = |times: &[u64]| times.iter().sum::<u64>() / times.len() as u64;
    let served = (!times_us.is_empty())
        .then(|| [times_us.iter().min().copied(), Some(mean(times_us)), times_us.iter().max().copied()])
        .map_or([None; 3], |served| served.map(|us| us.map(|us| us as i64)));
    *at_ms == sample.at_ms
        && pinged == target(n).as_bytes()
        && sample.sent == Some(i64::from(*sent))
        && sample.received == Some(i64::from(*received))
        && [sample.rtt_min_us, sample.rtt_avg_us, sample.rtt_max_us] == served
}

/// All echoes that a round asks for.
fn is_whole_ping(entry: &Served, sample_at_ms: i64, n: usize) -> bool {
    matches!(entry, Served::Ping { at_ms, target: pinged, sent, .. }
        if *at_ms == sample_at_ms && pinged == target(n).as_bytes() && *sent == config().ping_count)
}

fn four(dialect: Dialect) -> RouterSpec {
    let lossy = PingProfile::new(Duration::from_micros(4_321), Duration::from_millis(3)).loss_ppm(300_000);
    let mut spec = RouterSpec::new("edge").dialect(dialect).seed(7);
    for name in ["ether1", "sfp-sfpplus2", "vlan 30/b", "<pppoe-bazaar>"] {
        spec = spec.interface(InterfaceSpec::ethernet(name).comment(b"\xdd\xed\xe3 \xff"));
    }
    spec.interfaces[0].packets_per_error = 1_000;
    spec.pings = (0..4).map(|n| (target(n), lossy.clone())).collect();
    spec
}

#[tokio::test]
async fn every_sample_is_what_the_router_served() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (router, _, links) = place.router(four(Dialect::V7_18)).await;
        let (old, _, old_links) =
            place.router(RouterSpec { identity: b"old".to_vec(), ..four(Dialect::V6_42) }).await;
        for round in 0..5 {
            if round == 2 {
                router.set_link("vlan 30/b", false);
                router.disable("sfp-sfpplus2", true);
            }
            let summary = place.sample().await;
            assert_eq!((summary.links, summary.samples, summary.errors), (8, 8, Vec::new()));
            place.pass(300);
        }
        for (router, links) in [(&router, &links), (&old, &old_links)] {
            for (n, name) in ["ether1", "sfp-sfpplus2", "vlan 30/b", "<pppoe-bazaar>"].iter().enumerate() {
                assert_eq!(assert_as_served(&place, router, links[n], name, n).await, 5);
            }
        }
        let ether1 = place.samples(links[0]).await;
        assert!(ether1[1..].iter().all(|sample| sample.rx_bps.is_some() && sample.sent == Some(3)));
        let down = place.samples(links[2]).await;
        assert_eq!((down[4].state, down[4].sent), (LinkState::Down, None), "loss of a down link is not loss");
        let disabled = place.samples(links[1]).await;
        assert_eq!((disabled[4].state, disabled[4].sent), (LinkState::Unknown, None));
    }
}

#[tokio::test]
async fn two_single_rounds_in_a_row_give_rates_and_spans() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (_router, _, links) =
            place.router(RouterSpec::new("edge").interface(InterfaceSpec::ethernet("ether1"))).await;
        place.sample().await;
        place.restart();
        place.pass(417);
        place.sample().await;
        let samples = place.samples(links[0]).await;
        assert_eq!(samples[0].rx_bps, None, "nothing to take a difference from");
        let bytes = samples[1].rx_bytes.unwrap() - samples[0].rx_bytes.unwrap();
        assert_eq!(samples[1].rx_bps, Some(bytes * 8 / 417), "trap 28: over the measured time");
        assert_eq!(place.line(links[0]).await, [(0, 417, LinkState::Up, None)]);
    }
}

#[tokio::test]
async fn trap_29_two_rounds_of_one_slot_write_one_sample() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (_router, _, links) =
            place.router(RouterSpec::new("edge").interface(InterfaceSpec::ethernet("ether1"))).await;
        place.sample().await;
        let first = place.samples(links[0]).await;
        assert_eq!(place.sample().await.errors, []);
        place.restart();
        assert_eq!(place.sample().await.errors, []);
        assert_eq!(place.samples(links[0]).await, first);
    }
}

#[tokio::test]
async fn traps_25_and_27_reset_rename_and_another_interface_leave_gaps_and_no_absurd_rate() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (router, _, links) = place
            .router(
                RouterSpec::new("edge")
                    .interface(InterfaceSpec::ethernet("ether1"))
                    .interface(InterfaceSpec::pppoe("<pppoe-a>"))
                    .interface(InterfaceSpec::ethernet("ether3")),
            )
            .await;
        place.sample().await;
        place.pass(300);
        router.reset_counters("ether1");
        router.recreate("<pppoe-a>");
        router.rename("ether3", "uplink");
        place.pass(300);
        let summary = place.sample().await;
        assert_eq!((summary.errors.len(), summary.link_errors.len()), (0, 1));
        assert!(summary.link_errors[0].error.contains("now called \"uplink\""), "{:?}", summary.link_errors);
        place.pass(300);
        place.sample().await;
        for link in &links[..2] {
            let rates: Vec<_> =
                place.samples(*link).await.iter().map(|sample| sample.rx_bps.is_some()).collect();
            assert_eq!(rates, [false, false, true], "a gap at the reset, a rate after it");
        }
        assert_eq!(place.samples(links[2]).await.len(), 1, "no counters of a thing that is not there");
        assert_eq!(
            place.line(links[2]).await,
            [(0, 900, LinkState::Unknown, Some("interface_missing".into()))]
        );
        assert_eq!(
            place.line(links[1]).await,
            [(0, 600, LinkState::Unknown, Some("interface_missing".into())), (600, 900, LinkState::Up, None)]
        );
        assert_as_served(&place, &router, links[0], "ether1", 0).await;
    }
}

#[tokio::test]
async fn a_bridge_or_vlan_whose_mac_address_changes_is_the_same_interface() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let mut bridge = InterfaceSpec::vlan("bridge1");
        bridge.kind = "bridge".to_owned();
        let spec = RouterSpec::new("edge")
            .interface(InterfaceSpec::vlan("vlan30"))
            .interface(bridge)
            .interface(InterfaceSpec::ethernet("ether3"));
        let (router, _, links) = place.router(spec).await;
        place.sample().await;
        for name in ["vlan30", "bridge1", "ether3"] {
            assert!(router.set_mac(name, 0x77));
        }
        for _ in 0..2 {
            place.pass(300);
            assert_eq!(place.sample().await.link_errors, []);
        }
        for link in &links[..2] {
            assert_eq!(place.seconds(*link, LinkState::Up).await, 600);
            assert!(place.samples(*link).await[1..].iter().all(|sample| sample.rx_bps.is_some()));
        }
        let other = (0, 300, LinkState::Unknown, Some("interface_missing".to_owned()));
        assert_eq!(
            place.line(links[2]).await[0],
            other,
            "a physical port with another address is another one"
        );
    }
}

#[tokio::test]
async fn a_row_without_running_is_unknown_and_not_down() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (router, _, links) =
            place.router(RouterSpec::new("edge").interface(InterfaceSpec::ethernet("ether1"))).await;
        place.sample().await;
        router.hide_running("ether1", true);
        for _ in 0..3 {
            place.pass(30);
            let error = &place.probe().await.link_errors[0].error;
            assert!(error.contains("does not say whether"), "{error}");
        }
        let unknown = (0, 90, LinkState::Unknown, Some("protocol_error".to_owned()));
        assert_eq!(place.line(links[0]).await, [unknown]);
        assert_eq!(place.store.outages(links[0], 0, i64::MAX / 2).await.unwrap(), []);
        router.hide_running("ether1", false);
        place.pass(30);
        place.probe().await;
        assert_eq!(place.line(links[0]).await, [(0, 120, LinkState::Up, None)], "the router's record tells");
    }
}

#[tokio::test]
async fn counters_that_read_zero_once_are_a_gap_on_both_sides_and_no_peak() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (router, _, links) =
            place.router(RouterSpec::new("edge").interface(InterfaceSpec::ethernet("ether1"))).await;
        for round in 0..6 {
            if round == 2 {
                router.read_zero_once("ether1");
            }
            place.restart();
            place.sample().await;
            place.pass(300);
        }
        let samples = place.samples(links[0]).await;
        assert_eq!(samples[2].rx_bytes, Some(0), "what was served is kept");
        let rates: Vec<_> =
            samples.iter().map(|sample| (sample.rx_bps.is_some(), sample.tx_bps.is_some())).collect();
        let (gap, rate) = ((false, false), (true, true));
        assert_eq!(rates, [gap, rate, gap, gap, rate, rate]);
        assert_eq!(place.seconds(links[0], LinkState::Up).await, 1_500, "no outage either");
    }
}

/// The port negotiated 10 Mbit/s and its counters say ten times as much: that is no traffic.
#[tokio::test]
async fn a_rate_above_what_the_port_negotiated_is_a_gap() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let busy = |name: &str| {
            InterfaceSpec::ethernet(name).traffic(
                routeros_sim::traffic::Shape::Constant,
                100_000_000,
                8_000_000,
            )
        };
        let spec = RouterSpec::new("edge").interface(busy("ether1").rate("10Mbps")).interface(busy("ether2"));
        let (router, _, links) = place.router(spec).await;
        place.sample().await;
        place.pass(300);
        place.sample().await;
        let rate = async |link| {
            let last = place.samples(link).await.pop().unwrap();
            (last.rx_bps.is_some(), last.tx_bps.is_some())
        };
        assert_eq!((rate(links[0]).await, rate(links[1]).await), ((false, true), (true, true)));
        router.clear_served();
    }
}

#[tokio::test]
async fn a_user_without_the_test_policy_costs_latency_and_nothing_else() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let mut spec = RouterSpec::new("edge").interface(InterfaceSpec::ethernet("ether1"));
        spec.users =
            vec![User::new("admin", "secret").policies(Policies { api: true, read: true, test: false })];
        let (router, _, links) = place.router(spec).await;
        for _ in 0..3 {
            let summary = place.sample().await;
            assert_eq!(summary.errors, [], "the router gave a reading");
            let [(name, error)] = summary.ping_errors.as_slice() else { panic!("{summary:?}") };
            assert!(name == "edge" && error.contains("policy `test`") && !error.contains('\n'), "{error}");
            place.pass(300);
        }
        let samples = place.samples(links[0]).await;
        assert_eq!(samples.len(), 3);
        assert!(samples.iter().all(|sample| sample.sent.is_none() && sample.received.is_none()));
        assert!(samples[2].rx_bps.is_some());
        let logins = router.served().iter().filter(|entry| matches!(entry, Served::Login { .. })).count();
        assert_eq!(logins, 1, "never connect anew for want of a policy");
    }
}

#[tokio::test]
async fn trap_32_round_trips_of_a_silent_target_are_none() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (router, _, links) =
            place.router(RouterSpec::new("edge").interface(InterfaceSpec::ethernet("ether1"))).await;
        place.sample().await;
        router.set_ping(&target(0), PingProfile::dead());
        place.pass(300);
        place.sample().await;
        let samples = place.samples(links[0]).await;
        assert!(samples[0].rtt_avg_us.is_some());
        assert_eq!((samples[1].sent, samples[1].received, samples[1].rtt_avg_us), (Some(3), Some(0), None));
        assert_eq!(
            samples[1].state,
            LinkState::Up,
            "trap 33: a silent target is no outage unless the terms say so"
        );
        assert_eq!(place.line(links[0]).await, [(0, 300, LinkState::Up, None)]);
    }
}

#[tokio::test]
async fn the_card_shows_the_routers_own_rate_until_there_is_a_difference() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (_router, _, links) =
            place.router(RouterSpec::new("edge").interface(InterfaceSpec::ethernet("ether1"))).await;
        place.sample().await;
        let latest = place.store.latest(links[0]).await.unwrap().unwrap();
        assert!(latest.rx_bps.is_some(), "monitor-traffic says at once");
        assert_eq!(latest.sample_at_ms, Some(START_MS));
        place.pass(30);
        place.collector.round(RoundKind::Probe, |_, _| {}).await.unwrap();
        let probed = place.store.latest(links[0]).await.unwrap().unwrap();
        assert_eq!(
            (probed.sample_at_ms, probed.rx_bps, probed.sent),
            (Some(START_MS), latest.rx_bps, latest.sent)
        );
        assert_eq!(probed.at_ms, START_MS + 30_000);
    }
}

/// The echoes under way when the port falls are lost with it: they say nothing about the line's quality.
#[tokio::test]
async fn echoes_lost_while_the_port_falls_are_no_loss() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let profile = PingProfile::default().via("ether1");
        let spec = RouterSpec::new("edge")
            .interface(InterfaceSpec::ethernet("ether1"))
            .interface(InterfaceSpec::ethernet("ether2"))
            .ping(&target(0), profile)
            .ping(&target(1), PingProfile::dead());
        let (router, _, links) = place.router(spec).await;
        place.sample().await;
        place.pass(300);
        let served = || {
            let now = router.served();
            now.iter()
                .any(|entry| matches!(entry, Served::Interface { at_ms, .. } if *at_ms == START_MS + 300_000))
        };
        let fall = async {
            while !served() {
                tokio::task::yield_now().await;
            }
            router.set_link("ether1", false);
        };
        let (summary, ()) = tokio::join!(place.sample(), fall);
        assert_eq!((summary.errors, summary.link_errors), (Vec::new(), Vec::new()));
        let fallen = place.samples(links[0]).await.pop().unwrap();
        assert_eq!(
            (fallen.at_ms, fallen.state),
            (START_MS + 300_000, LinkState::Up),
            "it fell after the look"
        );
        assert_eq!((fallen.sent, fallen.received), (None, None));
        assert!(fallen.rx_bytes.is_some());
        let silent = place.samples(links[1]).await.pop().unwrap();
        assert_eq!((silent.sent, silent.received), (Some(3), Some(0)), "its port stayed up: that is loss");
        place.pass(30);
        place.collector.round(RoundKind::Probe, |_, _| {}).await.unwrap();
        assert_eq!(place.store.outages(links[0], 0, i64::MAX / 2).await.unwrap().len(), 1);
    }
}
