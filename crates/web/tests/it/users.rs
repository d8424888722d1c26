//! Several people of one client.

use axum::http::StatusCode;
use secrecy::ExposeSecret;
use store::{PortalRole, PortalUserId};

use crate::portal::{PASSWORD, Portal, plain, portals, portals_with};

const INVITE: &str = "username=Vera&email=vera%40deccan.example&role=viewer";

async fn id(portal: &Portal, username: &str) -> PortalUserId {
    portal.store.portal_user_by_username(username).await.unwrap().unwrap().0.id
}

async fn link(portal: &Portal) -> String {
    let mail = portal.store.claim_outbox(portal.now_ms(), 1, 1).await.unwrap().remove(0);
    portal.store.outbox_sent(mail.id, portal.now_ms(), "ok").await.unwrap();
    assert_eq!((mail.kind.as_str(), mail.recipient.as_str()), ("invitation", "vera@deccan.example"));
    let reset_id = mail.payload["reset_id"].as_i64().unwrap();
    let token = portal.store.issue_reset_token(reset_id, portal.now_ms()).await.unwrap().unwrap();
    format!("/client/reset/{}", token.expose_secret())
}

#[tokio::test]
async fn an_invited_person_sets_the_own_password_and_sees_what_is_the_clients() {
    for portal in portals().await {
        let mut owner = portal.logged_in().await;
        // A name that somebody has, written so that it looks the same. Whose it is stays unsaid: it may be another client's.
        let same = "username=%E2%80%8EAS%E2%80%8BHA&email=x%40deccan.example&role=viewer";
        let answer = owner.post("/client/users", same).await;
        assert!(answer.body.contains("This user name is taken."), "{}", answer.body);
        let answer = owner.post("/client/users", INVITE).await;
        assert_eq!(answer.header("location"), "/client/users?said=invited");
        assert!(owner.get("/client/users").await.body.contains("invited"));
        let link = link(&portal).await;
        assert_eq!(portal.browser().log_in("vera", "!").await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let mut vera = portal.browser();
        assert!(vera.get(&link).await.body.contains("Welcome"));
        vera.post(&link, "new=four+quiet+words+here&repeat=four+quiet+words+here").await;
        assert_eq!(
            vera.log_in("vera", "four quiet words here").await.header("location"),
            "/client/dashboard"
        );
        let page = vera.get(&format!("/client/links/{}", portal.mine)).await;
        assert_eq!(page.status, StatusCode::OK);
        let profile = vera.get("/client/profile").await.body;
        assert!(
            profile.contains("Viewer")
                && profile.contains("managed by asha")
                && !profile.contains("/client/users")
        );
        assert_eq!(vera.get("/client/users").await.status, StatusCode::FORBIDDEN);
        assert_eq!(vera.post("/client/users", INVITE).await.status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn a_person_who_is_switched_off_is_out_at_once_and_can_be_let_in_again() {
    for portal in portals().await {
        let mut owner = portal.logged_in().await;
        let asha = portal.store.portal_user(id(&portal, "asha").await).await.unwrap();
        let hash = web::hash_password(&PASSWORD.into()).unwrap();
        let vera = portal
            .store
            .insert_portal_user_as(PortalRole::Viewer, asha.client_id, "vera", "v@x.example", &hash, 1)
            .await
            .unwrap();
        let mut browser = portal.browser();
        browser.log_in("vera", PASSWORD).await;
        let off = owner.post(&format!("/client/users/{vera}/off"), "").await;
        assert_eq!(off.header("location"), "/client/users?said=off");
        assert_eq!(browser.get("/client/dashboard").await.status, StatusCode::SEE_OTHER);
        assert_eq!(browser.log_in("vera", PASSWORD).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        owner.post(&format!("/client/users/{vera}/on"), "").await;
        assert_eq!(browser.log_in("vera", PASSWORD).await.status, StatusCode::SEE_OTHER);
        owner.post(&format!("/client/users/{vera}/role"), "role=owner").await;
        assert_eq!(browser.get("/client/users").await.status, StatusCode::OK, "an owner from now on");
        let events = portal.store.audit_events(None, 20).await.unwrap();
        let done: Vec<&str> = events
            .iter()
            .rev()
            .map(|record| record.event.action.as_str())
            .filter(|action| action.starts_with("user."))
            .collect();
        assert_eq!(done, ["user.off", "user.on", "user.role"]);
    }
}

#[tokio::test]
async fn the_last_owner_stays_one() {
    for portal in portals().await {
        let mut owner = portal.logged_in().await;
        let asha = id(&portal, "asha").await;
        for (what, form) in [("role", "role=viewer"), ("off", "")] {
            let answer = owner.post(&format!("/client/users/{asha}/{what}"), form).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{what}");
            assert!(answer.body.contains("Somebody must remain an owner"));
        }
        assert_eq!(owner.get("/client/users").await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn bad_invitations_are_refused_and_say_why() {
    for portal in portals().await {
        let mut owner = portal.logged_in().await;
        for (form, why) in [
            ("username=omar&email=x%40y.example&role=viewer", "taken"),
            ("username=a+b&email=x%40y.example&role=viewer", "without spaces"),
            ("username=vera&email=nowhere&role=viewer", "not an e-mail address"),
        ] {
            let answer = owner.post("/client/users", form).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
            assert!(answer.body.contains(why), "{why}: {}", answer.body);
        }
        let bad_role = "username=vera&email=x%40y.example&role=admin";
        assert_eq!(owner.post("/client/users", bad_role).await.status, StatusCode::BAD_REQUEST);
        assert!(portal.store.claim_outbox(portal.now_ms(), 1, 10).await.unwrap().is_empty());
    }
    for portal in portals_with(web::Settings { sends_mail: false, ..plain() }).await {
        let answer = portal.logged_in().await.post("/client/users", INVITE).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(portal.store.portal_user_by_username("vera").await.unwrap().is_none());
    }
}
