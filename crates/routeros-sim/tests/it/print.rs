use crate::client::{Client, line, number, text};
use crate::{World, spec};
use routeros_sim::{Dialect, Policies, User};
use std::time::Duration;

#[tokio::test]
async fn an_interface_row_has_what_a_router_shows() {
    let (_world, router) = World::router(spec()).await;
    let mut client = Client::login(router.address()).await;
    let items = client.items(&["/interface/print"]).await;
    let names: Vec<_> = items.iter().map(|item| text(item, "name").unwrap()).collect();
    assert_eq!(names, ["ether1", "ether2", "<pppoe-anna>"]);
    let ether = &items[0];
    assert_eq!(text(ether, ".id").as_deref(), Some("*1"));
    assert_eq!(text(ether, "default-name").as_deref(), Some("ether1"));
    assert_eq!(text(ether, "comment").as_deref(), Some("uplink"));
    assert_eq!(text(ether, "running").as_deref(), Some("true"));
    assert!(number(ether, "tx-byte") > u64::from(u32::MAX), "three weeks of traffic pass 32 bits");
    assert!(number(ether, "rx-packet") > 0);
    // A PPPoE session has neither; a client that needs them would fail on it.
    assert_eq!(text(&items[2], "default-name"), None);
    assert_eq!(text(&items[2], "mac-address"), None);
    assert_eq!(text(&items[2], "dynamic").as_deref(), Some("true"));
}

#[tokio::test]
async fn proplist_query_and_count() {
    let (_world, router) = World::router(spec()).await;
    router.set_link("ether2", false);
    let mut client = Client::login(router.address()).await;
    let print = ["/interface/print", "=.proplist=name,comment", "?type=ether"];
    assert_eq!(client.run(&print).await, ["!re =name=ether1 =comment=uplink", "!re =name=ether2", "!done"]);
    let down = ["/interface/print", "=.proplist=name", "?running=true", "?#!"];
    assert_eq!(client.run(&down).await, ["!re =name=ether2", "!done"]);
    assert_eq!(client.run(&["/interface/print", "=count-only="]).await, ["!done =ret=3"]);
    assert_eq!(client.run(&["/interface/print", "=count-only=", "?running=false"]).await, ["!done =ret=1"]);
    // Items without any wanted attribute still count, as bare `!re`.
    let comments = ["/interface/print", "=.proplist=comment"];
    assert_eq!(client.run(&comments).await, ["!re =comment=uplink", "!re", "!re", "!done"]);
}

#[tokio::test]
async fn empty_is_said_from_7_18_on() {
    for (dialect, expected) in
        [(Dialect::V7_12, vec!["!done .tag=7"]), (Dialect::V7_18, vec!["!empty .tag=7", "!done .tag=7"])]
    {
        let (_world, router) = World::router(spec().dialect(dialect)).await;
        let mut client = Client::login(router.address()).await;
        assert_eq!(client.run(&["/interface/print", "?name=nothing", ".tag=7"]).await, expected);
    }
}

#[tokio::test]
async fn the_strict_refusals() {
    let (_world, router) = World::router(spec()).await;
    let mut client = Client::login(router.address()).await;
    for (words, message) in [
        (&["/nothing/print"][..], "no such command prefix"),
        (&["/interface/nothing"], "no such command"),
        (&["/interface/print", "=colour=red"], "unknown parameter"),
        (&["/interface/monitor-traffic", "=once="], "missing value(s) of argument(s) interface"),
        (
            &["/interface/monitor-traffic", "=interface=ether1,ether9", "=once="],
            "input does not match any value of interface",
        ),
        (
            &["/ping", "=address=192.0.2.1", "=interface=ether9"],
            "input does not match any value of interface",
        ),
        (&["/ping", "=address=192.0.2.1", "=speed=9"], "unknown parameter"),
        (
            &["/ping", "=address=192.0.2.1", "=interval=9s"],
            "value of interval out of range (00:00:00.010..00:00:05)",
        ),
        (
            &["/ping", "=address=no.such.host"],
            "while resolving ip-address: could not get answer from dns server",
        ),
        (&["/ping", "=address=192.0.2.1", "=count=1", "?seq=1"], "unknown parameter"),
    ] {
        client.send(words).await;
        let replies = client.replies().await;
        assert_eq!(replies[0].first(), b"!trap", "{words:?}");
        assert_eq!(text(&replies[0], "message").as_deref(), Some(message), "{words:?}");
        assert_eq!(line(&replies[1]), "!done", "a trap is followed by !done");
    }
}

#[tokio::test]
async fn printing_needs_the_read_policy() {
    let mut spec = spec();
    spec.users = vec![User::new("admin", "secret").policies(Policies { api: true, read: false, test: true })];
    let (_world, router) = World::router(spec).await;
    let mut client = Client::login(router.address()).await;
    let refused = ["!trap =message=not enough permissions (9)", "!done"];
    assert_eq!(client.run(&["/interface/print"]).await, refused);
    assert_eq!(client.run(&["/interface/monitor-traffic", "=interface=ether1", "=once="]).await, refused);
}

#[tokio::test]
async fn resource_and_clock() {
    let mut spec = spec().dialect(Dialect::V6_49);
    spec.uptime = Duration::from_secs(5 * 86_400 + 9);
    spec.gmt_offset_ms = 19_800_000;
    spec.clock_offset_ms = -61_000;
    let (world, router) = World::router(spec).await;
    let mut client = Client::login(router.address()).await;
    world.pass_ms(60_000);
    let resource = client.items(&["/system/resource/print"]).await.remove(0);
    assert_eq!(text(&resource, "uptime").as_deref(), Some("5d1m9s"));
    assert_eq!(text(&resource, "version").as_deref(), Some("6.49.18 (long-term)"));
    // 10:01:00 UTC is 15:31:00 in India; this clock is 61 s behind.
    let clock = client.items(&["/system/clock/print"]).await.remove(0);
    assert_eq!(text(&clock, "time").as_deref(), Some("15:29:59"));
    assert_eq!(text(&clock, "date").as_deref(), Some("nov/23/2026"));
    assert_eq!(text(&clock, "gmt-offset").as_deref(), Some("+05:30"));
}
