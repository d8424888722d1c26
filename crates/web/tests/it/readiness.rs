//! `/readyz`: what it says, to whom, and that asking costs nothing.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use secrecy::SecretString;
use serde_json::Value;
use sla::LinkState;
use store::{Heartbeat, Part};
use web::Settings;

use crate::portal::{Answer, Browser, HOME, Portal, let_age, plain, portals, portals_with};

const TOKEN: &str = "0f6e5c0f6e5c0f6e5c0f6e5c";

async fn asked(mut browser: Browser<'_>, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::get("/readyz");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    browser.send(request, Body::empty()).await
}

fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

fn names(answer: &Answer) -> Vec<String> {
    let body = json(answer);
    let checks = body["checks"].as_array().unwrap().iter();
    checks.map(|check| check["name"].as_str().unwrap().to_owned()).collect()
}

fn shows_reasons(answer: &Answer) -> bool {
    let body = json(answer);
    let with =
        body["checks"].as_array().unwrap().iter().filter(|check| check.get("reason").is_some()).count();
    assert!(with == 0 || with == body["checks"].as_array().unwrap().len(), "{body}");
    with > 0
}

/// Polled and with jobs at work.
async fn at_work(portal: &Portal) {
    for part in [Part::Collector, Part::Jobs] {
        Heartbeat::new(part).beat(&portal.store, portal.now_ms()).await;
    }
    portal.write(portal.mine, LinkState::Up, None, 1_000).await;
    assert!(portal.readiness.probe().await);
}

/// A write would grow the database and have every kept page read again, as often as a stranger likes.
#[tokio::test]
async fn readyz_asked_a_hundred_times_commits_nothing() {
    for portal in portals().await {
        at_work(&portal).await;
        let before = portal.committed().await;
        for _ in 0..100 {
            // Past any time for which the outcome of a write counts.
            let_age(1).await;
            portal.pass(1_000);
            portal.browser().get("/readyz").await;
        }
        assert_eq!(portal.committed().await, before);
        let_age(20).await;
        portal.readiness.probe().await;
        assert_ne!(portal.committed().await, before, "the probe itself does commit");
    }
}

#[tokio::test]
async fn readyz_shows_the_reasons_to_this_machine_and_to_the_token_alone() {
    let settings = Settings { readiness_token: Some(SecretString::from(TOKEN)), ..plain() };
    for portal in portals_with(settings).await {
        at_work(&portal).await;
        let bearer = format!("Bearer {TOKEN}");
        let (short, long) = (format!("Bearer {}", &TOKEN[1..]), format!("Bearer {TOKEN}0"));
        for (address, headers, shown) in [
            (HOME, vec![], false),
            ("127.0.0.1", vec![], true),
            ("::1", vec![], true),
            ("::ffff:127.0.0.1", vec![], true),
            ("127.0.0.1", vec![("x-forwarded-for", "127.0.0.1")], false),
            ("127.0.0.1", vec![("forwarded", "for=127.0.0.1")], false),
            ("127.0.0.1", vec![("x-real-ip", "127.0.0.1")], false),
            ("127.0.0.1", vec![("x-forwarded-proto", "https")], false),
            (HOME, vec![("x-forwarded-for", "127.0.0.1")], false),
            (HOME, vec![("authorization", bearer.as_str())], true),
            ("127.0.0.1", vec![("x-forwarded-for", HOME), ("authorization", bearer.as_str())], true),
            (HOME, vec![("authorization", TOKEN)], false),
            (HOME, vec![("authorization", short.as_str())], false),
            (HOME, vec![("authorization", long.as_str())], false),
            (HOME, vec![("authorization", "Bearer ")], false),
        ] {
            let answer = asked(portal.browser_at(address), &headers).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
            assert_eq!(answer.header("content-type"), "application/json");
            assert_eq!(shows_reasons(&answer), shown, "{address} {headers:?}: {}", answer.body);
            assert_eq!(
                names(&answer),
                ["database_writable", "disk_space", "polling", "jobs", "clock"],
                "everybody sees which checks there are"
            );
        }
    }
    for portal in portals().await {
        let empty = asked(portal.browser(), &[("authorization", "Bearer ")]).await;
        assert!(!shows_reasons(&empty), "without a token none is right: {}", empty.body);
    }
}

#[tokio::test]
async fn readyz_names_the_check_that_failed() {
    for portal in portals().await {
        at_work(&portal).await;
        portal.store.refuse_writes(true).await.unwrap();
        let_age(20).await;
        assert!(!portal.readiness.probe().await);
        let stranger = portal.browser().get("/readyz").await;
        assert_eq!(stranger.status, StatusCode::SERVICE_UNAVAILABLE);
        let body = json(&stranger);
        assert_eq!(body["ready"], false);
        assert_eq!(body["checks"][0], serde_json::json!({ "name": "database_writable", "ok": false }));
        let local = json(&portal.browser_at("127.0.0.1").get("/readyz").await);
        let reason = local["checks"][0]["reason"].as_str().unwrap();
        assert!(reason.contains("cannot be written"), "{reason}");
        assert!(local["age_ms"].is_number(), "{local}");
        let failed = local["checks"].as_array().unwrap().iter().filter(|check| check["ok"] == false).count();
        assert_eq!(failed, 1, "{local}");
    }
}

/// Otherwise a probe that hangs would report for ever what was so before.
#[tokio::test]
async fn readyz_without_a_recent_result_is_not_ready() {
    for portal in portals().await {
        let first = portal.browser_at("127.0.0.1").get("/readyz").await;
        assert_eq!(first.status, StatusCode::SERVICE_UNAVAILABLE, "{}", first.body);
        assert_eq!(names(&first), ["probe"], "nothing is known yet");
        at_work(&portal).await;
        assert_eq!(portal.browser().get("/readyz").await.status, StatusCode::OK);
        let_age(31).await;
        let old = portal.browser_at("127.0.0.1").get("/readyz").await;
        assert_eq!(old.status, StatusCode::SERVICE_UNAVAILABLE, "{}", old.body);
        assert_eq!(names(&old)[0], "probe");
        assert!(old.body.contains("31 s ago"), "{}", old.body);
        portal.readiness.probe().await;
        assert_eq!(portal.browser().get("/readyz").await.status, StatusCode::OK);
    }
}
