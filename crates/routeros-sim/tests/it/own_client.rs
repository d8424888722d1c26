//! The workspace's own client must read from every dialect exactly what was served.

use crate::{START_MS, World, spec};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use routeros::{Client, Credentials, Limits, Ping, Target, Tls};
use routeros_sim::{Dialect, PingProfile, RouterSpec, Served, SimRouter};
use std::time::Duration;

#[tokio::test]
async fn every_dialect_is_read_as_served() {
    for dialect in Dialect::ALL {
        let near = PingProfile::new(Duration::from_micros(2_345), Duration::from_millis(3));
        let spec =
            RouterSpec { gmt_offset_ms: 19_800_000, ..spec() }.dialect(dialect).ping("192.0.2.1", near);
        let (world, router) = World::router(spec).await;
        let client = connect(&router).await;
        router.flap("ether1", START_MS + 20_000, START_MS + 60_000);
        world.pass_ms(90_000);
        interfaces(&client, &router).await;
        ping(&client, &router).await;
        let traffic = client.interface_traffic(&["ether2", "no such", "ether1"]).await.unwrap();
        assert_eq!(traffic.len(), 2, "{dialect:?}: a missing interface must not blind the others");
        let resources = client.system_resources().await.unwrap();
        assert_eq!(resources.version, dialect.version());
        let Some(Served::Uptime { uptime_ms, .. }) = router.served().pop() else { panic!("uptime is noted") };
        assert_eq!(resources.uptime.as_secs(), uptime_ms.unsigned_abs() / 1000);
        let local = client.clock().await.unwrap().local;
        let expected = Timestamp::from_millisecond(START_MS + 90_000 + 19_800_000).unwrap();
        assert_eq!(local, expected.to_zoned(TimeZone::UTC).datetime(), "{dialect:?}");
    }
}

async fn interfaces(client: &Client, router: &SimRouter) {
    let read = client.interfaces().await.unwrap();
    let served = router.served().into_iter().filter_map(|entry| match entry {
        Served::Interface { name, counters, running, link_downs, .. } => {
            Some((name, counters, running, link_downs))
        }
        _ => None,
    });
    let mut compared = 0;
    for (read, (name, counters, running, link_downs)) in read.iter().zip(served) {
        assert_eq!(read.name.to_string().as_bytes(), name);
        assert_eq!((read.running, read.link_downs), (Some(running), Some(link_downs)));
        let c = &read.counters;
        assert_eq!((c.rx_byte, c.tx_byte), (Some(counters.rx_byte), Some(counters.tx_byte)));
        assert_eq!((c.rx_packet, c.tx_packet), (Some(counters.rx_packet), Some(counters.tx_packet)));
        assert_eq!((c.rx_error, c.tx_drop), (Some(counters.rx_error), Some(counters.tx_drop)));
        compared += 1;
    }
    assert_eq!(compared, 3);
    assert_eq!(read[0].last_link_down.unwrap().to_string(), "2026-11-23T15:30:20");
    assert_eq!(read[0].last_link_up.unwrap().to_string(), "2026-11-23T15:31:00");
}

async fn ping(client: &Client, router: &SimRouter) {
    let mut ping = Ping::new("192.0.2.1", 5);
    ping.interval = Duration::from_millis(20);
    let outcome = client.ping(&ping).await.unwrap();
    let Some(Served::Ping { sent, received, rtt_us: Some((min, _, max)), times_us, .. }) =
        router.served().pop()
    else {
        panic!("a ping is noted")
    };
    assert_eq!((outcome.sent, outcome.received), (sent, received));
    let micros = |rtt: Option<Duration>| rtt.unwrap().as_micros() as u64;
    assert_eq!((micros(outcome.rtt_min), micros(outcome.rtt_max)), (min, max));
    // The client's mean is that of the times, finer than a router's own in whole milliseconds.
    assert_eq!(micros(outcome.rtt_avg), times_us.iter().sum::<u64>() / u64::from(received));
}

async fn connect(router: &SimRouter) -> Client {
    let address = router.address();
    let target = Target { address: address.ip().to_string(), port: address.port(), tls: Tls::Off };
    let credentials = Credentials { username: "admin".to_owned(), password: "secret".into() };
    Client::connect(&target, &credentials, &Limits::default()).await.unwrap()
}
