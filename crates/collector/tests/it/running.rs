use std::time::{Duration, Instant};

use collector::{Collector, CollectorConfig, CollectorError};
use routeros_sim::{InterfaceSpec, RouterSpec};
use store::{Clock, LinkId, Store};
use tokio_util::sync::CancellationToken;

use crate::engine::databases;
use crate::place::{Place, START_MS, config};

/// Long enough for the slowest machine; nothing is measured by it.
const GIVE_UP_AFTER: Duration = Duration::from_secs(20);

fn fast() -> CollectorConfig {
    CollectorConfig {
        probe_interval: Duration::from_millis(50),
        sample_interval: Duration::from_millis(200),
        ping_count: 1,
        ..config()
    }
}

fn going_clock() -> Clock {
    let start = Instant::now();
    Clock::new(move || START_MS + i64::try_from(start.elapsed().as_millis()).unwrap())
}

/// Waits until the store says so.
async fn until<F: Future<Output = bool>>(mut holds: impl FnMut() -> F) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(GIVE_UP_AFTER, waiting).await.expect("it never came about");
}

async fn samples(store: &Store, link: LinkId) -> usize {
    store.samples(link, 0, i64::MAX / 2).await.unwrap().len()
}

#[tokio::test]
async fn it_polls_until_stopped_and_picks_up_links_on_the_way() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let spec = RouterSpec::new("edge")
            .interface(InterfaceSpec::ethernet("ether1"))
            .interface(InterfaceSpec::ethernet("spare"));
        let (_router, id, links) = place.router(spec).await;
        place.store.terminate_link(links[1], START_MS - 86_400_000, START_MS).await.unwrap();
        let store = place.store.clone();
        let stop = CancellationToken::new();
        let running = tokio::task::JoinSet::from_iter([
            Collector::new(store.clone(), going_clock(), fast()).run(stop.clone())
        ]);
        until(|| async { samples(&store, links[0]).await >= 3 }).await;
        let added = place.link(id, "C-2", "spare", None).await;
        until(|| async { samples(&store, added).await >= 2 }).await;
        let spans = store.spans(links[0], 0, i64::MAX / 2).await.unwrap();
        assert!(spans.iter().all(|span| span.state == sla::LinkState::Up), "{spans:?}");
        stop.cancel();
        for ended in running.join_all().await {
            ended.unwrap();
        }
        let after = samples(&store, links[0]).await;
        assert_eq!(samples(&store, links[0]).await, after);
    }
}

#[tokio::test]
async fn rounds_that_would_overlap_are_skipped_and_counted_and_hinder_nobody() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let one = |name| RouterSpec::new(name).interface(InterfaceSpec::ethernet("ether1"));
        let (slow, slow_id, _) = place.router(one("slow")).await;
        let (_well, well_id, links) = place.router(one("well")).await;
        let store = place.store.clone();
        let stop = CancellationToken::new();
        let config = CollectorConfig { round_deadline: Duration::from_millis(400), ..fast() };
        let running = tokio::task::JoinSet::from_iter([
            Collector::new(store.clone(), going_clock(), config).run(stop.clone())
        ]);
        until(|| async { samples(&store, links[0]).await >= 1 }).await;
        slow.hang(true);
        let skipped = |id| {
            let store = store.clone();
            async move { store.router_status(id).await.unwrap().map_or(0, |status| status.skipped_rounds) }
        };
        let before = samples(&store, links[0]).await;
        until(|| async { skipped(slow_id).await >= 6 }).await;
        until(|| async { samples(&store, links[0]).await > before + 2 }).await;
        assert!(skipped(well_id).await < skipped(slow_id).await);
        stop.cancel();
        running.join_all().await;
    }
}

/// Two that write one time line tear it: the one that lost its claim must stop, whatever it does not know.
#[tokio::test]
async fn a_collector_whose_claim_another_took_ends_and_writes_nothing_more() {
    for database in databases().await {
        let mut place = Place::new(database).await;
        let (_router, _, links) =
            place.router(RouterSpec::new("edge").interface(InterfaceSpec::ethernet("ether1"))).await;
        let store = place.store.clone();
        let first = store.claim_collector().await.unwrap();
        let collector = |fence| Collector::new(store.clone(), going_clock(), fast()).under(fence);
        let stop = CancellationToken::new();
        let running = tokio::task::JoinSet::from_iter([collector(first.fence()).run(stop.clone())]);
        until(|| async { samples(&store, links[0]).await >= 2 }).await;
        drop(first);
        // PostgreSQL frees the lock when it notices that the connection is gone.
        let second = loop {
            match store.claim_collector().await {
                Ok(second) => break second,
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        };
        for ended in running.join_all().await {
            assert!(matches!(ended, Err(CollectorError::TakenOver)), "{ended:?}");
        }
        let after = samples(&store, links[0]).await;
        tokio::task::yield_now().await;
        assert_eq!(samples(&store, links[0]).await, after, "nobody writes");
        drop(second);
    }
}
