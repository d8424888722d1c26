//! Every page that needs a session, found in the router itself: a page added later is walked too.

use axum::http::StatusCode;
use sla::LinkState;

use crate::portal::portals;

fn paths(id: &str) -> Vec<String> {
    web::private_paths().iter().map(|path| path.replace("{id}", id)).collect()
}

#[tokio::test]
async fn without_a_session_no_page_shows_anything() {
    for portal in portals().await {
        portal.write(portal.mine, LinkState::Up, None, 1_000).await;
        for path in paths(&portal.mine.to_string()) {
            let answer = portal.browser().get(&path).await;
            let expected =
                if path.ends_with(".json") { StatusCode::UNAUTHORIZED } else { StatusCode::SEE_OTHER };
            assert_eq!(answer.status, expected, "{path}");
            assert!(!answer.body.contains("MINE-1"), "{path}");
            if expected == StatusCode::SEE_OTHER {
                assert!(answer.header("location").starts_with("/client/login"), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn another_customers_link_is_as_absent_as_one_that_never_was() {
    for portal in portals().await {
        portal.write(portal.foreign, LinkState::Up, None, 1_000).await;
        let mut browser = portal.logged_in().await;
        let foreign = paths(&portal.foreign.to_string());
        let absent = paths("987654");
        let mut walked = 0;
        for (foreign, absent) in foreign.iter().zip(&absent).filter(|(a, b)| a != b) {
            let (foreign, absent) = (browser.get(foreign).await, browser.get(absent).await);
            assert_eq!(foreign.status, StatusCode::NOT_FOUND);
            assert_eq!((foreign.status, &foreign.body), (absent.status, &absent.body));
            assert!(!foreign.body.contains("FOREIGN"));
            walked += 1;
        }
        assert!(walked >= 2, "no path with an id was walked");
        for id in ["0", "-1", "abc", "1%20OR%201", "99999999999999999999", "%F0%9F%98%80", "1.5"] {
            for path in paths(id).iter().filter(|path| path.contains(id)) {
                assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
            }
        }
    }
}

#[tokio::test]
async fn no_page_names_another_customer_or_its_links() {
    for portal in portals().await {
        portal.write(portal.foreign, LinkState::Down, Some("link_down"), 1_000).await;
        let mut browser = portal.logged_in().await;
        for path in paths(&portal.mine.to_string()) {
            let answer = browser.get(&path).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            for secret in ["FOREIGN-1", "Other Customer", "omar"] {
                assert!(!answer.body.contains(secret), "{path} shows {secret}");
            }
        }
    }
}
