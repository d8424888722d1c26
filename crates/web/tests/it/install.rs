//! What a device keeps so that the portal can be installed: nothing of a customer's.

use axum::http::StatusCode;

use crate::brand::dress;
use crate::portal::{HOUR_MS, NOW_MS, portals};

#[tokio::test]
async fn the_manifest_is_in_the_companys_name_and_colour() {
    for portal in portals().await {
        dress(&portal, portal.company, "#7a1fa2").await;
        for mut browser in [portal.browser(), portal.logged_in().await] {
            let page = browser.get("/client/login").await;
            assert!(page.status == StatusCode::SEE_OTHER || page.body.contains("rel=\"manifest\""));
            let answer = browser.get("/client/manifest.webmanifest").await;
            assert_eq!(answer.header("content-type"), "application/manifest+json");
            let manifest: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(manifest["name"], "Northwind <Fibre>");
            assert_eq!(manifest["short_name"], "Northwind");
            assert_eq!(manifest["theme_color"], "#7a1fa2");
            for icon in manifest["icons"].as_array().unwrap() {
                let icon_answer = browser.get(icon["src"].as_str().unwrap()).await;
                assert_eq!(icon_answer.status, StatusCode::OK, "{icon}");
                assert_eq!(icon_answer.header("content-type"), icon["type"].as_str().unwrap());
                assert!(icon_answer.header("cache-control").contains("immutable"), "{icon}");
            }
        }
    }
}

#[tokio::test]
async fn the_kept_page_has_nothing_of_a_customers() {
    for portal in portals().await {
        let mut browser = portal.logged_in().await;
        let kept = browser.get("/client/offline").await;
        assert_eq!(kept.body, portal.browser().get("/client/offline").await.body);
        for secret in ["Deccan", "asha", "MINE-1"] {
            assert!(!kept.body.contains(secret), "{secret}");
        }
        let worker = browser.get("/client/worker.js?v=1").await;
        assert_eq!(worker.header("content-type"), "text/javascript; charset=utf-8");
        assert_eq!(worker.header("cache-control"), "no-cache", "an old worker would stay for ever");
        assert!(worker.header("content-security-policy").contains("connect-src 'self'"));
    }
}

/// A new look is another worker, or the old one would stay on the offline page.
#[tokio::test]
async fn the_worker_changes_with_the_look_and_what_is_kept_ends_with_the_session() {
    for portal in portals().await {
        let mut browser = portal.logged_in().await;
        let part = |page: &str, start: &str| {
            page.split(start).nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned()
        };
        let before = browser.get("/client/dashboard").await.body;
        let ends_ms: i64 = part(&before, "data-forget-in-ms=\"").parse().unwrap();
        assert_eq!(ends_ms, 12 * HOUR_MS);
        dress(&portal, portal.company, "#7a1fa2").await;
        portal.pass(HOUR_MS);
        let after = browser.get("/client/dashboard").await.body;
        assert_ne!(part(&before, "data-worker=\""), part(&after, "data-worker=\""));
        assert_eq!(part(&after, "data-forget-in-ms=\""), (11 * HOUR_MS).to_string());
        assert_eq!(portal.now_ms(), NOW_MS + HOUR_MS);
    }
}
