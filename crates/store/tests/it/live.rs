use std::collections::BTreeSet;

use store::{
    LIVE_AHEAD_MS, LIVE_KEPT_MS, LIVE_LINKS_PER_CLIENT_MAX, LiveLimits, LiveReading, LiveTrouble, LiveWish,
    Store,
};

use crate::database::{key, on_both};
use crate::fixture::{DAY_MS, START_MS, insert_link, insert_router, isp};

const WIDE: LiveLimits = LiveLimits { links: 100, links_per_router: 100 };
const UNTIL_MS: i64 = START_MS + 15_000;

fn reading(link: store::LinkId, at_ms: i64) -> LiveReading {
    // Figures that all differ, so that exchanged columns show.
    LiveReading { link, at_ms, rx_bps: Some(at_ms + 1), tx_bps: Some(at_ms + 2), trouble: None }
}

async fn wanted(store: &Store, now_ms: i64) -> Vec<(store::LinkId, String)> {
    let targets = store.live_targets(now_ms).await.unwrap();
    targets.into_iter().flat_map(|target| target.links).collect()
}

on_both! {
    /// Were a foreign link granted, anybody could make our routers work; were it one row per viewer, limits would
    /// count people.
    async fn a_wish_is_the_clients_own_one_per_link_and_ends_by_itself(db) {
        let isp = isp(&db.store).await;
        let ([acme, bolt], [a, b, c, _]) = (isp.clients, isp.links);
        let wishes = [(acme, a), (bolt, a), (acme, c), (acme, b)];
        let granted = db.store.wish_live(&wishes, WIDE, UNTIL_MS, START_MS).await.unwrap();
        assert_eq!(granted, [Some(LiveWish::Granted), None, None, Some(LiveWish::Granted)]);
        let of = |link, n| (link, format!("ether{n}"));
        assert_eq!(wanted(&db.store, START_MS).await, [of(a, 0), of(b, 1)]);
        assert_eq!(db.store.live_targets(START_MS).await.unwrap()[0].router.id, isp.router);

        db.store.wish_live(&[(acme, b), (acme, b)], WIDE, UNTIL_MS + 10_000, START_MS + 10_000).await.unwrap();
        assert_eq!(db.number("SELECT COUNT(*) FROM live_wishes").await, 2);
        assert_eq!(wanted(&db.store, UNTIL_MS).await, [of(b, 1)], "the other was not renewed");
        assert!(wanted(&db.store, UNTIL_MS + 10_000).await.is_empty());
    }

    /// A second process must see what the first has granted.
    async fn no_more_links_are_watched_at_once_than_may_be(db) {
        let isp = isp(&db.store).await;
        let ([acme, bolt], [a, b, c, d]) = (isp.clients, isp.links);
        let second_router = insert_router(&db.store, isp.company, "edge-2").await;
        let e = insert_link(&db.store, bolt, second_router, "C-9", "ether9").await;
        let limits = LiveLimits { links: 3, links_per_router: 2 };
        let other = Store::open(&db.location, Some(key())).await.unwrap();
        let wish = async |store: &Store, client, link, now_ms| {
            store.wish_live(&[(client, link)], limits, now_ms + 15_000, now_ms).await.unwrap()[0].unwrap()
        };
        assert_eq!(wish(&db.store, acme, a, START_MS).await, LiveWish::Granted);
        assert_eq!(wish(&other, bolt, c, START_MS).await, LiveWish::Granted);
        assert_eq!(wish(&db.store, acme, b, START_MS).await, LiveWish::RouterFull);
        assert_eq!(wish(&db.store, bolt, e, START_MS).await, LiveWish::Granted);
        assert_eq!(wish(&other, bolt, d, START_MS).await, LiveWish::Full);
        let later_ms = START_MS + 10_000;
        assert_eq!(wish(&other, acme, a, later_ms).await, LiveWish::Granted, "one that stands is renewed in a full house");
        assert_eq!(wish(&db.store, acme, b, START_MS + 15_000).await, LiveWish::Granted, "those expired made room");
        other.close().await;
    }

    /// Both processes read before either writes: without a lock each would grant the last place.
    async fn wishes_at_the_same_time_do_not_pass_the_limit(db) {
        let isp = isp(&db.store).await;
        let [acme, _] = isp.clients;
        let mut links = Vec::new();
        for n in 0..12 {
            links.push(insert_link(&db.store, acme, isp.router, &format!("L-{n}"), &format!("sfp{n}")).await);
        }
        let limits = LiveLimits { links: 3, links_per_router: 50 };
        let other = Store::open(&db.location, Some(key())).await.unwrap();
        let asked = links.iter().enumerate().map(|(n, &link)| {
            let store = if n % 2 == 0 { db.store.clone() } else { other.clone() };
            async move { store.wish_live(&[(acme, link)], limits, UNTIL_MS, START_MS).await.unwrap()[0].unwrap() }
        });
        let outcomes = tokio::task::JoinSet::from_iter(asked).join_all().await;
        let granted = outcomes.iter().filter(|outcome| **outcome == LiveWish::Granted).count();
        assert_eq!(granted, 3, "{outcomes:?}");
        other.close().await;
    }

    /// Wishes outlive their views: without a limit of its own one client that goes through its links would have them all.
    async fn no_client_takes_the_places_of_all(db) {
        let isp = isp(&db.store).await;
        let ([acme, bolt], [a, b, c, _]) = (isp.clients, isp.links);
        let limits = LiveLimits { links: 6, links_per_router: 6 };
        let mut wishes = vec![(acme, a), (acme, b)];
        for n in 0..4 {
            wishes.push((acme, insert_link(&db.store, acme, isp.router, &format!("L-{n}"), &format!("sfp{n}")).await));
        }
        let mut expected = vec![Some(LiveWish::Granted); usize::try_from(LIVE_LINKS_PER_CLIENT_MAX).unwrap()];
        expected.resize(wishes.len(), Some(LiveWish::ClientFull));
        assert_eq!(db.store.wish_live(&wishes, limits, UNTIL_MS, START_MS).await.unwrap(), expected);
        let granted = db.store.wish_live(&[(bolt, c), (acme, a)], limits, UNTIL_MS, START_MS).await.unwrap();
        assert_eq!(granted, [Some(LiveWish::Granted); 2], "another's, and one that stands");
        let granted = db.store.wish_live(&wishes[4..], limits, UNTIL_MS + 15_000, UNTIL_MS).await.unwrap();
        assert_eq!(granted, [Some(LiveWish::Granted); 2], "those expired made room");
    }

    /// Were it not so, whoever asks over and over what is refused would keep all others from writing.
    async fn a_wish_that_is_refused_writes_nothing(db) {
        let isp = isp(&db.store).await;
        let ([acme, bolt], [a, b, c, _]) = (isp.clients, isp.links);
        db.store.wish_live(&[(acme, a)], WIDE, UNTIL_MS, START_MS).await.unwrap();
        db.store.wish_live(&[(bolt, c)], WIDE, UNTIL_MS + 15_000, START_MS).await.unwrap();
        let one = LiveLimits { links: 1, links_per_router: 1 };
        let refused = db.store.wish_live(&[(acme, b), (bolt, a)], one, UNTIL_MS + 15_000, UNTIL_MS).await.unwrap();
        assert_eq!(refused, [Some(LiveWish::Full), None]);
        assert_eq!(db.number("SELECT COUNT(*) FROM live_wishes").await, 2, "not even what expired is removed");
    }

    /// A clock that was an hour ahead and was set right: for an hour routers would be asked for nobody.
    async fn a_wish_of_the_future_does_not_stand(db) {
        let isp = isp(&db.store).await;
        let ([acme, _], [a, b, ..]) = (isp.clients, isp.links);
        let ahead_ms = START_MS + 3_600_000;
        db.store.wish_live(&[(acme, a)], WIDE, ahead_ms + 15_000, ahead_ms).await.unwrap();
        assert_eq!(wanted(&db.store, ahead_ms).await.len(), 1);
        assert!(wanted(&db.store, START_MS).await.is_empty());
        let one = LiveLimits { links: 1, links_per_router: 1 };
        let granted = db.store.wish_live(&[(acme, b)], one, UNTIL_MS, START_MS).await.unwrap();
        assert_eq!(granted, [Some(LiveWish::Granted)], "it takes nobody's place");
        assert_eq!(db.number("SELECT COUNT(*) FROM live_wishes").await, 1);
        db.store.wish_live(&[(acme, b)], WIDE, ahead_ms + 15_000, ahead_ms).await.unwrap();
        assert_eq!(db.store.delete_stale_live(START_MS).await.unwrap(), 1);
        // Nobody can wish for longer.
        db.store.wish_live(&[(acme, a)], WIDE, ahead_ms, START_MS).await.unwrap();
        assert_eq!(wanted(&db.store, START_MS).await.len(), 1);
        assert!(wanted(&db.store, START_MS + 60_000).await.is_empty());
    }

    /// Nobody looks at a link whose contract is over, nor at a router that is switched off.
    async fn what_is_not_polled_is_not_watched(db) {
        let isp = isp(&db.store).await;
        let ([acme, bolt], [a, b, c, _]) = (isp.clients, isp.links);
        db.store.terminate_link(a, START_MS - DAY_MS, START_MS).await.unwrap();
        let granted = db.store.wish_live(&[(acme, a), (acme, b), (bolt, c)], WIDE, UNTIL_MS, START_MS).await.unwrap();
        assert_eq!(granted, [Some(LiveWish::NotPolled), Some(LiveWish::Granted), Some(LiveWish::Granted)]);
        db.store.terminate_link(b, START_MS + 5_000, START_MS).await.unwrap();
        assert_eq!(wanted(&db.store, START_MS + 5_000).await.len(), 1, "a contract that ends while it is watched");
        db.store.set_router_active(isp.router, false).await.unwrap();
        assert!(wanted(&db.store, START_MS).await.is_empty());
        let granted = db.store.wish_live(&[(bolt, c)], WIDE, UNTIL_MS, START_MS).await.unwrap();
        assert_eq!(granted, [Some(LiveWish::NotPolled)]);
    }

    async fn readings_are_the_clients_own_in_order_and_are_forgotten(db) {
        let isp = isp(&db.store).await;
        let ([acme, bolt], [a, _, c, _]) = (isp.clients, isp.links);
        let trouble = |at_ms, trouble| LiveReading { rx_bps: None, tx_bps: None, trouble: Some(trouble), ..reading(a, at_ms) };
        let half = LiveReading { tx_bps: None, ..reading(a, START_MS + 4_000) };
        let written = [
            trouble(START_MS + 3_000, LiveTrouble::Refused),
            reading(a, START_MS + 1_000),
            reading(c, START_MS + 1_500),
            trouble(START_MS + 2_000, LiveTrouble::Silent),
            trouble(START_MS + 2_500, LiveTrouble::NoInterface),
            half,
        ];
        db.store.write_live(&written, START_MS + 4_000).await.unwrap();
        let of = async |client, link, after_ms| db.store.live_readings(client, link, after_ms).await.unwrap();
        let all = of(acme, a, START_MS).await;
        assert_eq!(all, [written[1], written[3], written[4], written[0], half]);
        assert_eq!(of(acme, a, START_MS + 2_500).await, [written[0], half], "after means after");
        assert_eq!(of(acme, c, START_MS).await, [], "another client's");
        assert_eq!(of(bolt, c, START_MS).await, [written[2]]);

        db.store.write_live(&written, START_MS + 4_000).await.unwrap();
        assert_eq!(of(acme, a, START_MS).await, all, "written twice");
        db.store.write_live(&[reading(a, START_MS + 122_000)], START_MS + 2_000 + LIVE_KEPT_MS).await.unwrap();
        let left: BTreeSet<_> = of(acme, a, 0).await.iter().map(|reading| reading.at_ms - START_MS).collect();
        assert_eq!(left, [2_000, 2_500, 3_000, 4_000, 122_000].into());
        assert_eq!(db.number("SELECT COUNT(*) FROM live_readings").await, 5, "the other link's are old as well");
    }

    /// After the last viewer has gone nobody writes any more.
    async fn what_is_left_over_is_removed(db) {
        let isp = isp(&db.store).await;
        let ([acme, _], [a, b, ..]) = (isp.clients, isp.links);
        db.store.wish_live(&[(acme, a)], WIDE, UNTIL_MS, START_MS).await.unwrap();
        // A clock that was some seconds ahead, and was set right: soon they would pass for seconds of now.
        let ahead = reading(b, START_MS + LIVE_KEPT_MS + LIVE_AHEAD_MS + 1);
        db.store.write_live(&[reading(a, START_MS), ahead], START_MS + LIVE_KEPT_MS).await.unwrap();
        assert_eq!(db.store.delete_stale_live(START_MS).await.unwrap(), 0);
        assert_eq!(db.store.delete_stale_live(UNTIL_MS).await.unwrap(), 1, "the wish");
        assert_eq!(db.store.delete_stale_live(START_MS + LIVE_KEPT_MS + 1).await.unwrap(), 1, "the reading");
    }

    /// One query for all links that are watched says what one query each says.
    async fn the_readings_of_many_links_come_in_one_query_and_none_of_a_foreign_link(db) {
        let isp = isp(&db.store).await;
        let ([acme, bolt], [a, b, c, _]) = (isp.clients, isp.links);
        let all: Vec<_> = [a, b, c]
            .into_iter()
            .flat_map(|link| (0..3).map(move |second| reading(link, START_MS + second * 1_000)))
            .collect();
        db.store.write_live(&all, START_MS).await.unwrap();
        let wanted = [(acme, a, START_MS), (acme, b, i64::MIN), (acme, c, 0), (bolt, a, 0)];
        let mut expected = Vec::new();
        for (client, link, after_ms) in wanted {
            expected.extend(db.store.live_readings(client, link, after_ms).await.unwrap());
        }
        assert_eq!(expected.len(), 2 + 3);
        assert_eq!(db.store.live_readings_of(&wanted).await.unwrap(), expected);
        assert!(db.store.live_readings_of(&[]).await.unwrap().is_empty());
    }
}
