//! Polling while the database cannot be written.

use std::time::Duration;

use routeros_sim::{InterfaceSpec, RouterSpec};
use sla::LinkState;
use store::{Latest, LinkId, Outage, RouterStatus};

use crate::engine::{Database, databases};
use crate::place::{Place, START_MS};

/// The database takes no writes from the fourth poll to the twentieth of thirty.
const REFUSED: std::ops::Range<i64> = 4..20;
const POLLS: i64 = 30;

/// Lets the collector's pause between two attempts to write pass.
async fn let_retry() {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(2)).await;
    tokio::time::resume();
}

/// From, to, state, cause.
type Piece = (i64, i64, LinkState, Option<String>);
/// From, to, cause.
type Away = (i64, Option<i64>, Option<String>);
/// When, state, bytes, rate.
type Reading = (i64, LinkState, Option<i64>, Option<i64>);

/// All that polling left in the store.
#[derive(Debug, PartialEq)]
struct Stored {
    lines: Vec<Vec<Piece>>,
    outages: Vec<Vec<Away>>,
    samples: Vec<Vec<Reading>>,
    latest: Vec<(i64, LinkState, i64, Option<i64>)>,
    status: Vec<(i64, bool, i64, Option<i64>, i64)>,
}

async fn stored(place: &Place, links: &[LinkId]) -> Stored {
    let mut stored =
        Stored { lines: vec![], outages: vec![], samples: vec![], latest: vec![], status: vec![] };
    for &link in links {
        stored.lines.push(place.line(link).await);
        let outages = place.store.outages(link, 0, i64::MAX / 2).await.unwrap();
        stored.outages.push(
            outages.into_iter().map(|Outage { from_ms, to_ms, cause, .. }| (from_ms, to_ms, cause)).collect(),
        );
        let samples = place.samples(link).await;
        stored.samples.push(samples.iter().map(|s| (s.at_ms, s.state, s.rx_bytes, s.rx_bps)).collect());
        let Latest { at_ms, state, since_ms, sample_at_ms, .. } =
            place.store.latest(link).await.unwrap().unwrap();
        stored.latest.push((at_ms, state, since_ms, sample_at_ms));
    }
    let status = |s: RouterStatus| (s.at_ms, s.reachable, s.since_ms, s.last_ok_at_ms, s.skipped_rounds);
    stored.status = place.store.router_statuses().await.unwrap().into_iter().map(status).collect();
    stored
}

/// Two ports, one of which is out for 95 s, and a router that reboots: the same each time.
async fn poll(database: Database, is_refused: bool) -> Stored {
    let mut place = Place::new(database).await;
    let spec = RouterSpec::new("edge")
        .interface(InterfaceSpec::ethernet("ether1"))
        .interface(InterfaceSpec::ethernet("ether2"));
    let (router, _, links) = place.router(spec).await;
    router.flap("ether1", START_MS + 190_000, START_MS + 285_000);
    place.sample().await;
    for poll in 1..=POLLS {
        if is_refused && poll == REFUSED.start {
            place.store.refuse_writes(true).await.unwrap();
        }
        if is_refused && poll == REFUSED.end {
            let before = stored(&place, &links).await;
            assert_eq!(
                before.status[0].0,
                START_MS + (REFUSED.start - 1) * 30_000,
                "nothing was written meanwhile"
            );
            place.store.refuse_writes(false).await.unwrap();
        }
        place.pass(30);
        if poll == 11 {
            router.reboot(Duration::from_secs(70));
            router.settled().await;
        }
        let_retry().await;
        let summary = if poll % 5 == 0 { place.sample().await } else { place.probe().await };
        if is_refused && REFUSED.contains(&poll) {
            assert!(summary.errors[0].1.contains("kept in memory"), "{:?}", summary.errors);
        }
    }
    stored(&place, &links).await
}

/// What waited in memory is stored as if it had been written at once: the outage, the reboot and every sample.
#[tokio::test]
async fn polls_while_the_database_refuses_writes_are_stored_once_it_takes_them() {
    for (refused, written) in databases().await.into_iter().zip(databases().await) {
        let (refused, written) = (poll(refused, true).await, poll(written, false).await);
        assert_eq!(refused, written);
        assert_eq!(written.outages[0].len(), 2, "the port's and the router's: {written:?}");
        assert_eq!(written.samples[0].len() as i64, POLLS / 5 + 1, "{written:?}");
    }
}
