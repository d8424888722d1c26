use crate::client::{Client, number, text};
use crate::{World, spec};
use routeros::codec::Sentence;
use routeros_sim::traffic::{Shape, rate_bps};
use routeros_sim::{Dialect, InterfaceSpec, RouterSpec, Served};
use std::time::Duration;

#[tokio::test]
async fn counters_follow_the_clock_exactly() {
    let constant = InterfaceSpec::ethernet("ether1").traffic(Shape::Constant, 8_000_000, 80_000_000);
    let (world, router) = World::router(RouterSpec::new("r").interface(constant)).await;
    let mut client = Client::login(router.address()).await;
    let before = port(&mut client, "ether1").await;
    world.pass_ms(300_000);
    let after = port(&mut client, "ether1").await;
    assert_eq!(number(&after, "rx-byte") - number(&before, "rx-byte"), 300 * 1_000_000);
    assert_eq!(number(&after, "tx-byte") - number(&before, "tx-byte"), 300 * 10_000_000);
    let rates = client.items(&["/interface/monitor-traffic", "=interface=ether1", "=once="]).await.remove(0);
    assert_eq!(number(&rates, "rx-bits-per-second"), 8_000_000);
    assert_eq!(number(&rates, "tx-bits-per-second"), 80_000_000);
}

/// A demo writes history from a profile; the live router must go on with the same noise.
#[tokio::test]
async fn a_profile_with_a_seed_is_served_as_it_is() {
    let mut interface = InterfaceSpec::ethernet("ether1");
    (interface.rx.seed, interface.tx.seed) = (77, 78);
    let (rx, tx) = (interface.rx, interface.tx);
    let (_world, router) = World::router(RouterSpec::new("r").interface(interface)).await;
    let mut client = Client::login(router.address()).await;
    let rates = client.items(&["/interface/monitor-traffic", "=interface=ether1", "=once="]).await.remove(0);
    assert_eq!(number(&rates, "rx-bits-per-second"), rate_bps(&rx, crate::START_MS));
    assert_eq!(number(&rates, "tx-bits-per-second"), rate_bps(&tx, crate::START_MS));
}

/// The log must hold what the wire carried, or comparing stored samples with it proves nothing.
#[tokio::test]
async fn the_served_log_is_what_was_sent() {
    let (_world, router) = World::router(spec()).await;
    let mut client = Client::login(router.address()).await;
    router.clear_served();
    let row = port(&mut client, "ether1").await;
    let traffic =
        client.items(&["/interface/monitor-traffic", "=interface=ether1", "=once="]).await.remove(0);
    let served = router.served();
    let Served::Interface { name, counters, running, id: 1, link_downs: 0, .. } = &served[0] else {
        panic!("{served:?}")
    };
    assert_eq!((name.as_slice(), *running), (&b"ether1"[..], true));
    assert_eq!(counters.rx_byte, number(&row, "rx-byte"));
    assert_eq!(counters.tx_packet, number(&row, "tx-packet"));
    let Served::Traffic { tx_bps, .. } = served[1] else { panic!("{served:?}") };
    assert_eq!(tx_bps, number(&traffic, "tx-bits-per-second"));

    let (_world, quiet) = World::router(RouterSpec { served_log: 0, ..spec() }).await;
    Client::login(quiet.address()).await.items(&["/interface/print"]).await;
    assert!(quiet.served().is_empty());
}

#[tokio::test]
async fn a_link_that_is_down_carries_nothing() {
    let (world, router) = World::router(spec()).await;
    let mut client = Client::login(router.address()).await;
    assert!(router.set_link("ether1", false));
    let down = port(&mut client, "ether1").await;
    world.pass_ms(40_000);
    let still_down = port(&mut client, "ether1").await;
    assert_eq!(number(&down, "rx-byte"), number(&still_down, "rx-byte"));
    assert_eq!(text(&down, "running").as_deref(), Some("false"));
    let rates = client.items(&["/interface/monitor-traffic", "=interface=ether1", "=once="]).await.remove(0);
    assert_eq!(number(&rates, "rx-bits-per-second"), 0);
    router.set_link("ether1", true);
    world.pass_ms(60_000);
    let up = port(&mut client, "ether1").await;
    assert!(number(&up, "rx-byte") > number(&down, "rx-byte"));
    assert_eq!(number(&up, "link-downs"), 1);
}

/// Forty seconds between two looks, dated in the router's own, wrong, local time.
#[tokio::test]
async fn a_flap_between_two_looks_leaves_its_times() {
    for (dialect, down, up) in [
        (Dialect::V7_4, "nov/23/2026 15:31:20", "nov/23/2026 15:32:00"),
        (Dialect::V7_18, "2026-11-23 15:31:20", "2026-11-23 15:32:00"),
    ] {
        let mut spec = spec().dialect(dialect);
        (spec.gmt_offset_ms, spec.clock_offset_ms) = (19_800_000, 60_000);
        let (world, router) = World::router(spec).await;
        let mut client = Client::login(router.address()).await;
        let before = port(&mut client, "ether1").await;
        router.flap("ether1", crate::START_MS + 20_000, crate::START_MS + 60_000);
        world.pass_ms(90_000);
        let after = port(&mut client, "ether1").await;
        assert_eq!(text(&after, "running").as_deref(), Some("true"));
        assert_eq!(number(&after, "link-downs"), number(&before, "link-downs") + 1);
        assert_eq!(text(&after, "last-link-down-time").as_deref(), Some(down));
        assert_eq!(text(&after, "last-link-up-time").as_deref(), Some(up));
    }
}

/// A counter that falls without a reset would be the simulator's own fault, and a poller would rightly call it one.
#[tokio::test]
async fn an_event_dated_before_the_last_look_does_not_undo_it() {
    let (world, router) = World::router(spec()).await;
    let mut client = Client::login(router.address()).await;
    world.pass_ms(100_000);
    let before = port(&mut client, "ether1").await;
    router.flap("ether1", crate::START_MS + 10_000, crate::START_MS + 60_000);
    let after = port(&mut client, "ether1").await;
    assert_eq!(number(&after, "rx-byte"), number(&before, "rx-byte"));
    assert_eq!(number(&after, "link-downs"), 1);
}

#[tokio::test]
async fn resetting_counters_leaves_uptime_and_link_events_alone() {
    let (world, router) = World::router(spec()).await;
    let mut client = Client::login(router.address()).await;
    router.set_link("ether1", false);
    router.set_link("ether1", true);
    world.pass_ms(1000);
    let before = port(&mut client, "ether1").await;
    router.reset_counters("ether1");
    world.pass_ms(2000);
    let after = port(&mut client, "ether1").await;
    assert!(number(&after, "rx-byte") < number(&before, "rx-byte") / 1000);
    assert!(number(&after, "rx-byte") > 0, "it counts on from zero");
    assert_eq!(number(&after, "link-downs"), 1);
    let uptime = client.items(&["/system/resource/print", "=.proplist=uptime"]).await.remove(0);
    assert_eq!(text(&uptime, "uptime").as_deref(), Some("3w2d4h17m12s"));
}

#[tokio::test]
async fn a_reboot_starts_everything_again() {
    let (world, router) = World::router(spec()).await;
    router.set_link("ether2", false);
    let mut client = Client::login(router.address()).await;
    let ids = |items: &[Sentence]| items.iter().map(|item| text(item, ".id").unwrap()).collect::<Vec<_>>();
    let before = ids(&client.items(&["/interface/print"]).await);
    router.reboot(Duration::from_secs(45));
    world.pass_ms(50_000);
    router.settled().await;
    assert!(client.next().await.is_err(), "a reboot breaks the sessions");
    let mut client = Client::login(router.address()).await;
    let uptime = client.items(&["/system/resource/print", "=.proplist=uptime"]).await.remove(0);
    assert_eq!(text(&uptime, "uptime").as_deref(), Some("5s"));
    let items = client.items(&["/interface/print"]).await;
    assert_eq!(ids(&items)[..2], before[..2], "a port keeps its id");
    assert_ne!(ids(&items)[2], before[2], "a dynamic interface gets another");
    assert!(number(&items[0], "tx-byte") < 5 * 200_000_000 / 8);
    assert_eq!(number(&items[0], "link-downs"), 0);
    assert_eq!(text(&items[0], "last-link-down-time"), None);
    assert_eq!(text(&items[0], "last-link-up-time").as_deref(), Some("2026-11-23 10:00:45"));
    assert_eq!(number(&items[1], "tx-byte"), 0, "still unplugged");
    assert_eq!(text(&items[1], "last-link-up-time"), None);
}

#[tokio::test]
async fn operators_disable_rename_remove_and_recreate() {
    let (world, router) = World::router(spec()).await;
    let mut client = Client::login(router.address()).await;
    router.disable("ether1", true);
    let disabled = port(&mut client, "ether1").await;
    assert_eq!(text(&disabled, "disabled").as_deref(), Some("true"));
    assert_eq!(text(&disabled, "running").as_deref(), Some("false"));
    router.disable("ether1", false);
    assert_eq!(text(&port(&mut client, "ether1").await, "running").as_deref(), Some("true"));

    router.rename("ether1", "uplink");
    let renamed = port(&mut client, "uplink").await;
    assert_eq!(text(&renamed, ".id"), text(&disabled, ".id"));
    assert_eq!(text(&renamed, "default-name").as_deref(), Some("ether1"));

    router.remove("<pppoe-anna>");
    assert_eq!(client.run(&["/interface/print", "=count-only="]).await, ["!done =ret=2"]);
    world.pass_ms(1000);
    assert!(router.recreate("<pppoe-anna>"));
    let anew = port(&mut client, "<pppoe-anna>").await;
    assert_eq!((text(&anew, ".id").as_deref(), number(&anew, "tx-byte")), (Some("*4"), 0));
    assert!(!router.remove("no such thing"));
}

async fn port(client: &mut Client, name: &str) -> Sentence {
    let items = client.items(&["/interface/print", &format!("?name={name}")]).await;
    items.into_iter().next().expect("the interface is there")
}
