use std::time::Duration;

use routeros::{Client, Command, Error, Limits, Ping, PingOutcome};
use tokio::{
    io::duplex,
    time::{Instant, sleep},
};

use crate::{
    peer::{PIPE_BYTES, Peer, credentials, failure, session},
    session::counted::Counted,
    verbs::against,
};

async fn ping(rows: &[&[&str]]) -> PingOutcome {
    let verb = async |client: Client| client.ping(&Ping::new("192.0.2.7", 5)).await;
    against(verb, async |peer| {
        peer.answer(rows).await;
    })
    .await
    .expect("an outcome")
}

const fn us(micros: u64) -> Option<Duration> {
    Some(Duration::from_micros(micros))
}

#[tokio::test(start_paused = true)]
async fn a_ping_of_release_7_in_microseconds() {
    let outcome = ping(&[
        &["!re", "=seq=0", "=host=192.0.2.7", "=time=9ms445us", "=sent=1", "=received=1", "=packet-loss=0"],
        &["!re", "=seq=1", "=host=192.0.2.7", "=time=9ms237us", "=sent=2", "=received=2", "=packet-loss=0"],
        &["!re", "=seq=2", "=host=192.0.2.7", "=status=timeout", "=sent=3", "=received=2", "=packet-loss=33"],
    ])
    .await;
    assert_eq!((outcome.sent, outcome.received), (3, 2));
    assert_eq!((outcome.rtt_min, outcome.rtt_avg, outcome.rtt_max), (us(9_237), us(9_341), us(9_445)));
    assert_eq!(outcome.last_status.as_deref(), Some("timeout"));
}

#[tokio::test(start_paused = true)]
async fn zero_milliseconds_of_release_6_are_an_answer() {
    let outcome = ping(&[&["!re", "=seq=0", "=time=0ms", "=sent=1", "=received=1"]]).await;
    assert_eq!((outcome.sent, outcome.received, outcome.rtt_avg), (1, 1, Some(Duration::ZERO)));
    assert_eq!(outcome.last_status, None);
}

/// The reply of a hop on the way has a time and is no answer: smokeping plugins counted it as one for years.
#[tokio::test(start_paused = true)]
async fn an_unreachable_host_is_not_answered() {
    let outcome = ping(&[
        &[
            "!re",
            "=seq=0",
            "=host=10.0.0.1",
            "=time=3ms",
            "=ttl=64",
            "=status=host unreachable",
            "=sent=1",
            "=received=0",
        ],
        &[
            "!re",
            "=seq=1",
            "=host=192.0.2.7",
            "=status=timeout",
            "=sent=2",
            "=received=0",
            "=packet-loss=100",
        ],
    ])
    .await;
    let nothing = PingOutcome { sent: 2, last_status: Some("timeout".to_owned()), ..PingOutcome::default() };
    assert_eq!(outcome, nothing);
}

#[tokio::test(start_paused = true)]
async fn the_words_of_a_ping() {
    let mut wanted = Ping::new("192.0.2.7", 5);
    wanted.interval = Duration::from_millis(200);
    wanted.src_address = Some("192.0.2.1".to_owned());
    wanted.size = Some(100);
    let verb = async |client: Client| client.ping(&wanted).await;
    against(verb, async |peer| {
        let words = peer.answer(&[]).await;
        let expected = [
            "/ping",
            "=address=192.0.2.7",
            "=count=5",
            "=interval=200ms",
            "=src-address=192.0.2.1",
            "=size=100",
        ];
        assert_eq!(words, expected);
    })
    .await
    .expect("an outcome");
    let (client, _peer) = session(&Limits::default()).await;
    for (count, interval_ms) in [(0, 1000), (10_001, 1000), (5, 5), (5, 6000)] {
        let mut refused = Ping::new("192.0.2.7", count);
        refused.interval = Duration::from_millis(interval_ms);
        assert!(matches!(failure(client.ping(&refused).await), Error::InvalidArgument(_)), "{refused:?}");
    }
}

/// Sixty echoes at one a second take longer than a command's usual deadline.
#[tokio::test(start_paused = true)]
async fn a_ping_has_the_time_it_needs() {
    let verb = async |client: Client| client.ping(&Ping::new("192.0.2.7", 60)).await;
    let outcome = against(verb, async |peer| {
        let (_, tag) = peer.command().await;
        for _ in 0..60 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            peer.reply(&tag, &["!re", "=time=1ms"]).await;
        }
        peer.reply(&tag, &["!done"]).await;
    });
    assert_eq!(outcome.await.expect("in time").received, 60);
}

/// Many targets answer one by one: a read for each of their replies is most of what a round of pings costs.
#[tokio::test(start_paused = true)]
async fn replies_that_trickle_in_are_read_together() {
    let (near, far) = duplex(PIPE_BYTES);
    let mut peer = Peer::new(far);
    let (stream, reads, _) = Counted::new(near);
    let (cred, limits) = (credentials(), Limits::default());
    let (client, ()) = tokio::join!(Client::over_stream(stream, &cred, &limits), peer.accept_login());
    let client = client.expect("logs in");
    let before = reads.get();
    let router = async {
        let (_, tag) = peer.command().await;
        sleep(Duration::from_millis(500)).await;
        for _ in 0..10 {
            peer.reply(&tag, &["!re", "=time=1ms"]).await;
            sleep(Duration::from_millis(4)).await;
        }
        peer.reply(&tag, &["!done"]).await;
    };
    let ping = Ping::new("192.0.2.7", 10);
    let (outcome, ()) = tokio::join!(client.ping(&ping), router);
    assert_eq!(outcome.expect("an outcome").received, 10);
    assert_eq!(reads.get() - before, 1);
}

/// Only pings wait: time here is the clock of the test, which stands still unless somebody sleeps.
#[tokio::test(start_paused = true)]
async fn a_ping_delays_no_other_command() {
    let (client, mut peer) = session(&Limits::default()).await;
    let router = async {
        let (_, tag) = peer.command().await;
        peer.reply(&tag, &["!re", "=time=1ms"]).await;
        let asked = Instant::now();
        let (other, _) = tokio::join!(client.run(Command::new("/a")), peer.answer(&[&["!re"]]));
        assert_eq!(other.expect("answered").items().len(), 1);
        assert_eq!(asked.elapsed(), Duration::ZERO);
        peer.reply(&tag, &["!done"]).await;
        Instant::now()
    };
    let ping = Ping::new("192.0.2.7", 1);
    let (outcome, done) = tokio::join!(async { (client.ping(&ping).await, Instant::now()) }, router);
    assert_eq!(outcome.0.expect("an outcome").received, 1);
    assert!(outcome.1 - done <= Duration::from_millis(60), "{:?}", outcome.1 - done);
}
