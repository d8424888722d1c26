//! A forgotten password, from the wish to the login with the new one.

use axum::http::StatusCode;
use secrecy::ExposeSecret;

use crate::portal::{HOUR_MS, MINUTE_MS, PASSWORD, Portal, plain, portals, portals_with};

const NEW: &str = "an entirely new one";

/// The address of the link in the mail that waits, made as the delivery makes it.
async fn link(portal: &Portal) -> String {
    let mail = portal.store.claim_outbox(portal.now_ms(), 1, 1).await.unwrap().remove(0);
    portal.store.outbox_sent(mail.id, portal.now_ms(), "ok").await.unwrap();
    assert_eq!(mail.recipient, "asha@deccan.example");
    let reset_id = mail.payload["reset_id"].as_i64().unwrap();
    let token = portal.store.issue_reset_token(reset_id, portal.now_ms()).await.unwrap().unwrap();
    format!("/client/reset/{}", token.expose_secret())
}

fn form(new: &str, repeat: &str) -> String {
    format!("new={}&repeat={}", new.replace(' ', "+"), repeat.replace(' ', "+"))
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_by_a_link_once() {
    for portal in portals().await {
        let mut elsewhere = portal.logged_in().await;
        let mut browser = portal.browser();
        let page = browser.get("/client/login").await.body;
        assert!(page.contains("/client/forgot"));
        assert_eq!(browser.post("/client/forgot", "username=+ASHA").await.status, StatusCode::OK);
        let link = link(&portal).await;
        for _ in 0..2 {
            let page = browser.get(&link).await;
            assert_eq!(page.status, StatusCode::OK, "looking used the link up");
            assert!(page.body.contains("asha"));
        }
        for (new, repeat, why) in [
            (NEW, "another one altogether", "differ"),
            ("tiny", "tiny", "too short"),
            ("this is asha herself", "this is asha herself", "contains your name"),
            ("qwertyuiop123", "qwertyuiop123", "easily guessed"),
        ] {
            let answer = browser.post(&link, &form(new, repeat)).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(answer.body.contains(why) && !answer.body.contains(new), "{why}: {}", answer.body);
        }
        let answer = browser.post(&link, &form(NEW, NEW)).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (StatusCode::SEE_OTHER, "/client/login?said=password")
        );
        assert_eq!(
            browser.get("/client/dashboard").await.status,
            StatusCode::SEE_OTHER,
            "logged in by a link"
        );
        assert_eq!(
            elsewhere.get("/client/dashboard").await.status,
            StatusCode::SEE_OTHER,
            "an old session lives"
        );
        assert_eq!(browser.get(&link).await.status, StatusCode::NOT_FOUND, "the link works twice");
        assert_eq!(browser.post(&link, &form(NEW, NEW)).await.status, StatusCode::NOT_FOUND);
        assert_eq!(browser.log_in("asha", PASSWORD).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(browser.log_in("asha", NEW).await.status, StatusCode::SEE_OTHER);
        let events = portal.store.audit_events(None, 20).await.unwrap();
        let actions: Vec<&str> = events.iter().rev().map(|record| record.event.action.as_str()).collect();
        assert_eq!(actions, ["login", "password.reset.ask", "password.reset", "login.failed", "login"]);
        assert!(
            !format!("{events:?}").contains(link.rsplit('/').next().unwrap()),
            "the log holds the secret"
        );
    }
}

#[tokio::test]
async fn nobody_learns_whether_an_account_exists() {
    for portal in portals().await {
        let user = portal.store.portal_user_by_username("omar").await.unwrap().unwrap().0;
        portal.store.set_portal_user_active(user.id, false).await.unwrap();
        let known = portal.browser().post("/client/forgot", "username=asha").await;
        for name in ["nobody", "omar", ""] {
            let answer = portal.browser().post("/client/forgot", &format!("username={name}")).await;
            assert_eq!((answer.status, &answer.body), (known.status, &known.body), "{name}");
        }
        assert_eq!(
            portal.store.claim_outbox(portal.now_ms(), 1, 10).await.unwrap().len(),
            1,
            "mail to nobody"
        );
        let bad = portal.browser().get(&format!("/client/reset/{}", "0".repeat(64))).await;
        assert_eq!(bad.status, StatusCode::NOT_FOUND);
        assert!(bad.body.contains("no longer good"));
    }
}

#[tokio::test]
async fn a_mailbox_is_not_flooded_and_an_address_asks_only_so_often() {
    for portal in portals().await {
        for n in 0..6 {
            let mut browser = portal.browser_at(&format!("203.0.113.{n}"));
            assert_eq!(browser.post("/client/forgot", "username=asha").await.status, StatusCode::OK);
        }
        assert_eq!(portal.store.claim_outbox(portal.now_ms(), 1, 10).await.unwrap().len(), 3);
        portal.pass(HOUR_MS + 1);
        portal.browser().post("/client/forgot", "username=asha").await;
        assert_eq!(
            portal
                .store
                .claim_outbox(portal.now_ms(), 1, 10)
                .await
                .unwrap()
                .iter()
                .filter(|m| m.attempts == 1)
                .count(),
            1
        );
        let mut busy = portal.browser_at("203.0.113.99");
        for n in 0..25 {
            busy.post("/client/forgot", &format!("username=guess{n}")).await;
        }
        let counts = portal.store.reset_counts("asha", "203.0.113.99", 0).await.unwrap();
        assert_eq!(counts.address, 20);
    }
}

#[tokio::test]
async fn a_link_ends_after_half_an_hour_and_with_a_changed_password() {
    for portal in portals().await {
        portal.browser().post("/client/forgot", "username=asha").await;
        let late = link(&portal).await;
        portal.pass(30 * MINUTE_MS);
        assert_eq!(portal.browser().get(&late).await.status, StatusCode::NOT_FOUND);
        portal.browser().post("/client/forgot", "username=asha").await;
        let open = link(&portal).await;
        let change = format!("current={}&{}", PASSWORD.replace(' ', "+"), form(NEW, NEW));
        portal.logged_in().await.post("/client/profile/password", &change).await;
        assert_eq!(
            portal.browser().get(&open).await.status,
            StatusCode::NOT_FOUND,
            "an intruder's link still works"
        );
    }
}

#[tokio::test]
async fn a_portal_that_sends_no_mail_says_so_and_promises_none() {
    for portal in portals_with(web::Settings { sends_mail: false, ..plain() }).await {
        let mut browser = portal.browser();
        assert!(!browser.get("/client/login").await.body.contains("/client/forgot"));
        let page = browser.post("/client/forgot", "username=asha").await.body;
        assert!(page.contains("cannot send you a link") && !page.contains("on its way"), "{page}");
        assert!(portal.store.claim_outbox(portal.now_ms(), 1, 10).await.unwrap().is_empty());
    }
}
