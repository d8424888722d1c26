//! The streams that tell a page of changes.

use axum::http::StatusCode;
use sla::LinkState;

use crate::portal::{HOUR_MS, PASSWORD, Portal, plain, portals, portals_with};

async fn filled() -> Vec<Portal> {
    let all = portals().await;
    for portal in &all {
        portal.write(portal.mine, LinkState::Up, None, 1_000).await;
        portal.write(portal.foreign, LinkState::Up, None, 1_000).await;
    }
    all
}

#[tokio::test]
async fn a_stream_tells_of_ones_own_changes_and_never_of_anothers() {
    for portal in filled().await {
        let asha = portal.logged_in().await;
        let mut omar = portal.browser();
        omar.log_in("omar", PASSWORD).await;
        let mut streams = [
            asha.open("/client/dashboard/events").await.unwrap(),
            asha.open(&format!("/client/links/{}/events", portal.mine)).await.unwrap(),
            omar.open("/client/dashboard/events").await.unwrap(),
        ];
        for stream in &mut streams {
            let first = stream.next().await.unwrap();
            assert!(
                first.contains("event: ready") && first.contains("data: "),
                "{first}: browsers drop what has no data"
            );
        }
        let [board, link, other] = &mut streams;
        portal.pass(30_000);
        portal.write(portal.foreign, LinkState::Down, Some("link_down"), 1_000).await;
        let told = other.next().await.unwrap();
        assert!(told.contains("event: changed"), "{told}");
        assert!(board.is_silent().await && link.is_silent().await, "another client's change woke me");
        portal.pass(30_000);
        portal.write(portal.mine, LinkState::Down, Some("link_down"), 1_000).await;
        for stream in [board, link] {
            let told = stream.next().await.unwrap();
            assert!(told.contains("event: changed") && !told.contains("MINE"), "{told}");
        }
        assert!(other.is_silent().await);
    }
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    for portal in filled().await {
        let mut browser = portal.logged_in().await;
        let mut stream = browser.open("/client/dashboard/events").await.unwrap();
        stream.next().await.unwrap();
        // The log-out is a commit, after which a stream looks at its session even if nothing changed for the client.
        let cookie = browser.cookie.clone();
        browser.post("/client/logout", "").await;
        assert_eq!(stream.next().await, None, "somebody who logged out is still told of changes");
        browser.cookie = cookie;
        assert_eq!(browser.open("/client/dashboard/events").await.err(), Some(StatusCode::UNAUTHORIZED));

        let browser = portal.logged_in().await;
        let mut stream = browser.open("/client/dashboard/events").await.unwrap();
        stream.next().await.unwrap();
        portal.pass(13 * HOUR_MS);
        portal.write(portal.foreign, LinkState::Up, None, 1_000).await;
        assert_eq!(stream.next().await, None, "the session has run out");
    }
}

#[tokio::test]
async fn a_stop_of_the_process_ends_what_is_open() {
    let settings = plain();
    let stop = settings.stop.clone();
    let all = portals_with(settings).await;
    let mut streams = Vec::new();
    for portal in &all {
        let mut stream = portal.logged_in().await.open("/client/dashboard/events").await.unwrap();
        stream.next().await.unwrap();
        streams.push(stream);
    }
    stop.cancel();
    for mut stream in streams {
        assert_eq!(stream.next().await, None);
    }
}

#[tokio::test]
async fn a_session_has_only_so_many_streams_and_gets_them_back() {
    for portal in filled().await {
        let browser = portal.logged_in().await;
        let mut streams = Vec::new();
        let refused = loop {
            match browser.open("/client/dashboard/events").await {
                Ok(stream) => streams.push(stream),
                Err(status) => break status,
            }
        };
        assert_eq!((streams.len(), refused), (4, StatusCode::TOO_MANY_REQUESTS));
        streams.pop();
        assert!(browser.open("/client/dashboard/events").await.is_ok());
        let other = portal.logged_in().await;
        assert!(other.open("/client/dashboard/events").await.is_ok(), "another session has its own");
    }
}
