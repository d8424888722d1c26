use crate::client::{Client, number, text};
use crate::{World, spec};
use routeros::codec::Sentence;
use routeros_sim::{Dialect, PingProfile, Policies, Served, SimRouter, User};
use std::time::Duration;
use tokio::time::Instant;

const PING: [&str; 3] = ["/ping", "=address=192.0.2.1", "=count=5"];

#[tokio::test(start_paused = true)]
async fn every_echo_is_a_row_with_running_totals() {
    let (_world, router) = World::router(spec()).await;
    router.set_ping("192.0.2.1", PingProfile::new(Duration::from_micros(9_237), Duration::ZERO));
    let mut client = Client::login(router.address()).await;
    let began = Instant::now();
    let rows = client.items(&PING).await;
    // Four intervals of one second and the last round trip: that is what it costs on a router.
    assert_eq!(began.elapsed().as_secs(), 4);
    for (at, row) in rows.iter().enumerate() {
        assert_eq!(number(row, "seq"), at as u64);
        assert_eq!(number(row, "sent"), at as u64 + 1);
        assert_eq!(number(row, "received"), at as u64 + 1);
        for name in ["time", "min-rtt", "avg-rtt", "max-rtt"] {
            assert_eq!(text(row, name).as_deref(), Some("9ms237us"), "{name}");
        }
        assert_eq!(text(row, "status"), None);
    }
    assert_eq!(served(&router), (5, 5, Some((9_237, 9_237, 9_237))));
}

#[tokio::test(start_paused = true)]
async fn routeros_6_knows_whole_milliseconds_only() {
    let (_world, router) = World::router(spec().dialect(Dialect::V6_49)).await;
    router.set_ping("192.0.2.1", PingProfile::new(Duration::from_micros(9_237), Duration::ZERO));
    let mut client = Client::login(router.address()).await;
    let rows = client.items(&PING).await;
    assert_eq!(text(&rows[4], "avg-rtt").as_deref(), Some("9ms"));
    assert_eq!(served(&router), (5, 5, Some((9_000, 9_000, 9_000))), "the log holds what a client can know");
}

#[tokio::test(start_paused = true)]
async fn a_lost_echo_has_no_time_and_a_dead_target_no_round_trips() {
    let (_world, router) = World::router(spec()).await;
    router.set_ping("192.0.2.1", PingProfile::dead());
    let mut client = Client::login(router.address()).await;
    let rows = client.items(&PING).await;
    let last = rows.last().unwrap();
    assert_eq!(text(last, "status").as_deref(), Some("timeout"));
    assert_eq!(text(last, "host").as_deref(), Some("192.0.2.1"));
    for absent in ["time", "ttl", "size", "min-rtt", "avg-rtt", "max-rtt"] {
        assert_eq!(text(last, absent), None, "{absent}");
    }
    assert_eq!((number(last, "sent"), number(last, "received"), number(last, "packet-loss")), (5, 0, 100));
    assert_eq!(served(&router), (5, 0, None));
}

/// Such a row has a `time`; whoever counts times counts it as an answer.
#[tokio::test(start_paused = true)]
async fn an_icmp_error_has_a_time_and_is_no_answer() {
    let (_world, router) = World::router(spec()).await;
    let error = Some(("198.51.100.1".to_owned(), "host unreachable".to_owned()));
    router.set_ping("192.0.2.1", PingProfile { error, ..PingProfile::default() });
    let mut client = Client::login(router.address()).await;
    let rows = client.items(&PING).await;
    let last = rows.last().unwrap();
    assert_eq!(text(last, "status").as_deref(), Some("host unreachable"));
    assert_eq!(text(last, "host").as_deref(), Some("198.51.100.1"));
    assert!(text(last, "time").is_some());
    assert_eq!(number(last, "received"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_target_behind_a_link_is_lost_with_it() {
    let (_world, router) = World::router(spec()).await;
    router.set_ping("192.0.2.1", PingProfile::default().via("ether2"));
    let mut client = Client::login(router.address()).await;
    assert_eq!(received(&client.items(&PING).await), 5);
    router.set_link("ether2", false);
    assert_eq!(received(&client.items(&PING).await), 0);
    router.set_link("ether2", true);
    assert_eq!(received(&client.items(&PING).await), 5);
    // A forced egress counts as well, whatever the target.
    router.disable("ether1", true);
    let forced = ["/ping", "=address=192.0.2.1", "=count=3", "=interface=ether1"];
    assert_eq!(received(&client.items(&forced).await), 0);
}

#[tokio::test(start_paused = true)]
async fn the_interval_is_kept_in_tokio_time() {
    let (_world, router) = World::router(spec()).await;
    let mut client = Client::login(router.address()).await;
    let began = Instant::now();
    client.items(&["/ping", "=address=192.0.2.1", "=count=5", "=interval=200ms"]).await;
    assert_eq!(began.elapsed().as_millis() / 100, 8);
}

#[tokio::test]
async fn without_the_test_policy_there_is_no_ping() {
    let refused = ["!trap =message=not enough permissions (9)", "!done"];
    let (_world, router) = World::router(spec()).await;
    let mut client = Client::login(router.address()).await;
    router.deny_test_policy(true);
    assert_eq!(client.run(&PING).await, refused);
    assert_eq!(client.items(&["/interface/print"]).await.len(), 3, "the rest of the session goes on");

    let mut spec = spec();
    spec.users = vec![User::new("admin", "secret").policies(Policies { api: true, read: true, test: false })];
    let (_world, router) = World::router(spec).await;
    let mut client = Client::login(router.address()).await;
    assert_eq!(client.run(&PING).await, refused);
}

fn received(rows: &[Sentence]) -> u64 {
    number(rows.last().unwrap(), "received")
}

/// Sent, received and round trips of the last ping that the router noted.
fn served(router: &SimRouter) -> (u32, u32, Option<(u64, u64, u64)>) {
    let pings = router.served().into_iter().rev().find_map(|entry| match entry {
        Served::Ping { sent, received, rtt_us, .. } => Some((sent, received, rtt_us)),
        _ => None,
    });
    pings.expect("a ping was noted")
}
