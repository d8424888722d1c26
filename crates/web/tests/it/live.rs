//! The live view: who may watch what, how much, and that what is open ends.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::Value;
use sla::LinkState;
use store::{LiveLimits, LiveReading, LiveTrouble};
use web::{LiveSettings, Settings};

use crate::portal::{Browser, Events, Portal, plain, portals, portals_with};

fn path(link: store::LinkId) -> String {
    format!("/client/links/{link}/traffic/events")
}

fn of(links: u32, links_per_router: u32) -> Settings {
    let limits = LiveLimits { links, links_per_router };
    Settings { live: LiveSettings { limits, ..LiveSettings::default() }, ..plain() }
}

/// The name and the data of the next event.
async fn next(events: &mut Events) -> Option<(String, Value)> {
    let text = events.next().await?;
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{text}"));
        line.to_owned()
    };
    Some((field("event: "), serde_json::from_str(&field("data: ")).unwrap()))
}

/// The next event that is as it should be; others may come before it.
async fn until(events: &mut Events, holds: impl Fn(&Value) -> bool) -> Value {
    loop {
        let (name, data) = next(events).await.expect("it goes on");
        assert_eq!(name, "traffic", "{data}");
        if holds(&data) {
            return data;
        }
    }
}

async fn write(portal: &Portal, link: store::LinkId, ago_ms: i64, trouble: Option<LiveTrouble>) {
    let at_ms = portal.now_ms() - ago_ms;
    let (rx_bps, tx_bps) = (trouble.is_none().then_some(1_000_000), trouble.is_none().then_some(4_000_000));
    let reading = LiveReading { link, at_ms, rx_bps, tx_bps, trouble };
    portal.store.write_live(&[reading], portal.now_ms()).await.unwrap();
}

/// What the collector would be asked to watch.
async fn wanted(portal: &Portal) -> Vec<store::LinkId> {
    let targets = portal.store.live_targets(portal.now_ms()).await.unwrap();
    targets.into_iter().flat_map(|target| target.links).map(|(link, _)| link).collect()
}

#[tokio::test]
async fn the_seconds_so_far_come_first_then_each_new_one_as_the_customer_sees_them() {
    for portal in portals().await {
        let browser = portal.logged_in().await;
        for ago_ms in [90_000, 2_000, 1_000] {
            write(&portal, portal.mine, ago_ms, None).await;
        }
        write(&portal, portal.foreign, 500, None).await;
        let mut stream = browser.open(&path(portal.mine)).await.unwrap();
        assert_eq!(wanted(&portal).await, [portal.mine]);
        let first = until(&mut stream, |data| data["state"] == "live").await;
        // The port faces the customer: what the router receives is the upload.
        let now_ms = portal.now_ms();
        assert_eq!(first["at_ms"], serde_json::json!([now_ms - 90_000, now_ms - 2_000, now_ms - 1_000]));
        assert_eq!(first["download"], serde_json::json!([4_000_000, 4_000_000, 4_000_000]));
        assert_eq!(first["upload"][2], 1_000_000);

        portal.pass(1_000);
        write(&portal, portal.mine, 0, None).await;
        let new = until(&mut stream, |data| data["at_ms"] != serde_json::json!([])).await;
        assert_eq!(new["at_ms"], serde_json::json!([portal.now_ms()]), "only what is new");
        portal.pass(1_000);
        write(&portal, portal.mine, 0, Some(LiveTrouble::Silent)).await;
        let trouble = until(&mut stream, |data| data["state"] == "trouble").await;
        assert_eq!(trouble["download"], serde_json::json!([null]));
        assert!(trouble["words"].as_str().unwrap().starts_with("The router does not answer"), "{trouble}");
    }
}

/// Seconds of an earlier view must not look as if they were of now.
#[tokio::test]
async fn old_seconds_do_not_pass_for_live() {
    for portal in portals().await {
        let browser = portal.logged_in().await;
        write(&portal, portal.mine, 60_000, None).await;
        let mut stream = browser.open(&path(portal.mine)).await.unwrap();
        let (_, first) = next(&mut stream).await.unwrap();
        assert_eq!((first["state"].as_str(), first["at_ms"].as_array().unwrap().len()), (Some("asking"), 1));
    }
}

/// A router that is down is tried again and again: in between the page must not say now this and now that.
#[tokio::test]
async fn what_is_wrong_holds_for_longer_than_a_figure() {
    for portal in portals().await {
        let browser = portal.logged_in().await;
        write(&portal, portal.mine, 10_000, Some(LiveTrouble::Silent)).await;
        let mut stream = browser.open(&path(portal.mine)).await.unwrap();
        let (_, first) = next(&mut stream).await.unwrap();
        assert_eq!(first["state"], "trouble", "{first}");
    }
}

/// A clock that was ahead and is set right: were the seconds of before kept, none would be new until it has caught up.
#[tokio::test]
async fn the_view_goes_on_when_the_clock_is_set_back() {
    for portal in portals().await {
        let browser = portal.logged_in().await;
        write(&portal, portal.mine, 0, None).await;
        let mut stream = browser.open(&path(portal.mine)).await.unwrap();
        until(&mut stream, |data| data["state"] == "live").await;
        portal.pass(-60_000);
        write(&portal, portal.mine, 0, None).await;
        let now_ms = portal.now_ms();
        let new = until(&mut stream, |data| data["at_ms"] != serde_json::json!([])).await;
        assert_eq!(new["at_ms"], serde_json::json!([now_ms]), "and none of the future");
        assert_eq!((new["state"].as_str(), new["now_ms"].as_i64()), (Some("live"), Some(now_ms)));
    }
}

#[tokio::test]
async fn a_foreign_link_is_absent_and_nobodys_router_is_asked() {
    for portal in portals().await {
        let browser = portal.logged_in().await;
        let refused = browser.open(&path(portal.foreign)).await.err();
        assert_eq!(refused, Some(StatusCode::NOT_FOUND));
        assert!(wanted(&portal).await.is_empty());
        let stranger = portal.browser();
        assert_eq!(stranger.open(&path(portal.mine)).await.err(), Some(StatusCode::UNAUTHORIZED));
    }
}

/// Viewers of one link share it; views of a session and links of a router are limited, and come back.
#[tokio::test]
async fn there_are_only_so_many_views_and_links_at_once() {
    for portal in portals_with(of(5, 1)).await {
        let mut browser = portal.logged_in().await;
        let mut views = vec![browser.open(&path(portal.mine)).await.unwrap()];
        views.push(browser.open(&path(portal.mine)).await.unwrap());
        let refused = browser.get(&path(portal.mine)).await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(refused.body.starts_with("As many live views as may be are open"), "{}", refused.body);
        views.pop();
        views.push(browser.open(&path(portal.mine)).await.unwrap());
        let mut browsers = Vec::new();
        for _ in 0..3 {
            browsers.push(portal.logged_in().await);
        }
        for browser in &browsers {
            for _ in 0..2 {
                views.push(browser.open(&path(portal.mine)).await.unwrap());
            }
        }
        assert_eq!(views.len(), 8, "of one client");
        let last = portal.logged_in().await;
        assert_eq!(last.open(&path(portal.mine)).await.err(), Some(StatusCode::TOO_MANY_REQUESTS));
        assert_eq!(wanted(&portal).await, [portal.mine], "however many watch");

        let mut other = other(&portal).await;
        let refused = other.get(&path(portal.foreign)).await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "the router's one place is taken");
        assert!(refused.body.starts_with("As many links as may be are watched"), "{}", refused.body);
    }
}

async fn other(portal: &Portal) -> Browser<'_> {
    let mut browser = portal.browser();
    let answer = browser.log_in("omar", crate::portal::PASSWORD).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    browser
}

#[tokio::test]
async fn a_wish_is_renewed_while_somebody_watches_and_not_after() {
    for portal in portals().await {
        let browser = portal.logged_in().await;
        let mut stream = browser.open(&path(portal.mine)).await.unwrap();
        next(&mut stream).await.unwrap();
        // The clock of the pages goes on by a minute; the wish that stood is over, and a renewal brings it back.
        portal.pass(60_000);
        tokio::time::timeout(Duration::from_secs(300), async {
            while wanted(&portal).await.is_empty() {
                tokio::task::yield_now().await;
            }
        })
        .await
        .expect("it is renewed");
        // The other client's view keeps the task alive; nevertheless the one that is closed is not renewed.
        let other = other(&portal).await;
        let mut others = other.open(&path(portal.foreign)).await.unwrap();
        next(&mut others).await.unwrap();
        drop(stream);
        let mut stream = others;
        portal.pass(60_000);
        tokio::time::timeout(Duration::from_secs(300), async {
            while wanted(&portal).await != [portal.foreign] {
                tokio::task::yield_now().await;
            }
        })
        .await
        .expect("only the other's is renewed");

        // What may no longer be watched is said to be over with the next renewal.
        portal.store.terminate_link(portal.foreign, portal.now_ms(), portal.now_ms()).await.unwrap();
        let last = loop {
            let (name, data) = next(&mut stream).await.expect("a last word");
            if name == "ended" {
                break data;
            }
        };
        assert_eq!(last["words"], "This link is no longer watched.");
        assert_eq!(next(&mut stream).await, None);
    }
}

#[tokio::test]
async fn a_view_ends_with_its_session_with_its_time_and_with_the_process() {
    let short = LiveSettings { watch: Duration::ZERO, ..LiveSettings::default() };
    for portal in portals_with(Settings { live: short, ..plain() }).await {
        let mut stream = portal.logged_in().await.open(&path(portal.mine)).await.unwrap();
        let mut last = next(&mut stream).await.unwrap();
        if last.0 == "traffic" {
            last = next(&mut stream).await.unwrap();
        }
        assert_eq!(last.0, "ended");
        assert!(last.1["words"].as_str().unwrap().starts_with("The live view ended after"), "{last:?}");
        assert_eq!(next(&mut stream).await, None);
    }

    let settings = plain();
    let stop = settings.stop.clone();
    let mut open = Vec::new();
    let all = portals_with(settings).await;
    for portal in &all {
        let mut browser = portal.logged_in().await;
        let mut stream = browser.open(&path(portal.mine)).await.unwrap();
        next(&mut stream).await.unwrap();
        browser.post("/client/logout", "").await;
        while next(&mut stream).await.is_some() {}

        let mut stream = portal.logged_in().await.open(&path(portal.mine)).await.unwrap();
        next(&mut stream).await.unwrap();
        open.push(stream);
    }
    stop.cancel();
    for mut stream in open {
        while next(&mut stream).await.is_some() {}
    }
}

/// Where nothing can be watched the page offers nothing.
#[tokio::test]
async fn the_panel_is_there_only_where_a_link_can_be_watched() {
    for portal in portals().await {
        portal.write(portal.mine, LinkState::Up, None, 1_000).await;
        let page = portal.logged_in().await.get(&format!("/client/links/{}", portal.mine)).await.body;
        assert!(page.contains(&format!("data-events=\"{}\"", path(portal.mine))), "{page}");
        assert!(page.contains("data-timezone=\"Asia/Kolkata\" hidden"), "without a script it is not shown");
        let now_ms = portal.now_ms();
        portal.store.terminate_link(portal.mine, now_ms, now_ms).await.unwrap();
        let mut browser = portal.logged_in().await;
        assert!(!browser.get(&format!("/client/links/{}", portal.mine)).await.body.contains("id=\"watch\""));
        let refused = browser.get(&path(portal.mine)).await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
        assert!(refused.body.starts_with("This link is not measured"), "{}", refused.body);
    }
    for portal in portals_with(of(0, 1)).await {
        let page = portal.logged_in().await.get(&format!("/client/links/{}", portal.mine)).await.body;
        assert!(page.contains("MINE-1") && !page.contains("id=\"watch\""), "switched off");
        assert_eq!(
            portal.logged_in().await.open(&path(portal.mine)).await.err(),
            Some(StatusCode::NOT_FOUND)
        );
    }
}
