//! The own profile, password, mail and sessions.

use axum::http::{Request, StatusCode, header};
use store::{NotificationEvent, SessionUser};

use crate::portal::{MINUTE_MS, PASSWORD, portals};

const NEW: &str = "an entirely new one";

fn change(current: &str, new: &str, repeat: &str) -> String {
    format!("current={current}&new={new}&repeat={repeat}").replace(' ', "+")
}

#[tokio::test]
async fn the_profile_says_who_one_is_and_whom_to_ask() {
    for portal in portals().await {
        let user = portal.store.portal_user_by_username("asha").await.unwrap().unwrap().0;
        let company = portal.store.companies().await.unwrap().remove(0);
        portal
            .store
            .set_company_support(company.id, Some("noc@northwind.example"), Some("+91 20 5550"))
            .await
            .unwrap();
        let page = portal.logged_in().await.get("/client/profile").await.body;
        for text in [
            "asha@deccan.example",
            "Owner",
            "2026-11-23",
            "never changed here",
            "noc@northwind.example",
            "+91 20 5550",
        ] {
            assert!(page.contains(text), "{text}: {page}");
        }
        assert!(user.password_at_ms.is_none());
    }
}

#[tokio::test]
async fn a_password_is_changed_with_the_current_one_and_ends_the_other_sessions() {
    for portal in portals().await {
        let (mut browser, mut other) = (portal.logged_in().await, portal.logged_in().await);
        for (form, why) in [
            (change("a guess that is wrong", NEW, NEW), "not that one"),
            (change(PASSWORD, NEW, "something else entirely"), "differ"),
            (change(PASSWORD, PASSWORD, PASSWORD), "is the current one"),
            (change(PASSWORD, "short", "short"), "too short"),
            (change(PASSWORD, "asha@deccan.example", "asha@deccan.example"), "contains your name"),
            (change(PASSWORD, "Password2026!", "Password2026!"), "easily guessed"),
        ] {
            let answer = browser.post("/client/profile/password", &form).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{why}");
            assert!(answer.body.contains(why), "{why}: {}", answer.body);
        }
        let answer = browser.post("/client/profile/password", &change(PASSWORD, NEW, NEW)).await;
        assert_eq!(answer.header("location"), "/client/profile?said=password");
        let page = browser.get(answer.header("location")).await.body;
        assert!(page.contains("Your password is changed") && page.contains("changed on 2026-11-23"));
        assert_eq!(
            other.get("/client/dashboard").await.status,
            StatusCode::SEE_OTHER,
            "the other session lives"
        );
        assert_eq!(portal.browser().log_in("asha", NEW).await.status, StatusCode::SEE_OTHER);
        let events = format!("{:?}", portal.store.audit_events(None, 20).await.unwrap());
        assert!(events.contains("password.change") && !events.contains(NEW) && !events.contains(PASSWORD));
    }
}

#[tokio::test]
async fn an_open_browser_is_no_place_to_guess_the_password() {
    for portal in portals().await {
        let mut browser = portal.logged_in().await;
        let mut looked_at = 0;
        for _ in 0..30 {
            let answer =
                browser.post("/client/profile/password", &change("a guess that is wrong", NEW, NEW)).await;
            looked_at += i32::from(answer.body.contains("not that one"));
        }
        assert!((5..=12).contains(&looked_at), "{looked_at} guesses were looked at");
    }
}

#[tokio::test]
async fn each_person_chooses_the_own_mail() {
    for portal in portals().await {
        let mut browser = portal.logged_in().await;
        let page = browser.get("/client/profile").await.body;
        assert_eq!(page.matches(" checked").count(), 2, "wanted until said otherwise");
        let answer = browser.post("/client/profile/mails", "report_ready=on").await;
        assert_eq!(answer.header("location"), "/client/profile?said=mails");
        assert_eq!(browser.get("/client/profile").await.body.matches(" checked").count(), 1);
        let user = portal.store.portal_user_by_username("asha").await.unwrap().unwrap().0;
        let breach =
            portal.store.active_mail_recipients(user.client_id, NotificationEvent::SlaBreach).await.unwrap();
        let ready = portal
            .store
            .active_mail_recipients(user.client_id, NotificationEvent::ReportReady)
            .await
            .unwrap();
        assert_eq!((breach.len(), ready.len()), (0, 1));
        // What the company begins to tell its clients can be chosen too.
        let edit = store::RuleEdit { to_client: Some(Some(true)), ..store::RuleEdit::default() };
        let company = portal.store.client(user.client_id).await.unwrap().company_id;
        portal
            .store
            .edit_notification_rule(company, NotificationEvent::LinkDown, &edit, "test", 0)
            .await
            .unwrap();
        let page = browser.get("/client/profile").await.body;
        assert!(page.contains("Link down") && page.matches(" checked").count() == 2, "{page}");
        browser.post("/client/profile/mails", "report_ready=on").await;
        let chosen = portal.store.mail_preferences(user.id).await.unwrap();
        assert_eq!(chosen[0], (NotificationEvent::LinkDown, false));
        browser.post("/client/profile/mails", "").await;
        let ready = portal
            .store
            .active_mail_recipients(user.client_id, NotificationEvent::ReportReady)
            .await
            .unwrap();
        assert!(ready.is_empty(), "a form without a ticked box changes nothing");
    }
}

#[tokio::test]
async fn sessions_are_listed_with_their_device_and_ended_one_by_one_or_together() {
    for portal in portals().await {
        let mut phone = portal.browser_at("203.0.113.4");
        let login = Request::post("/client/login")
            .header(
                header::USER_AGENT,
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1",
            )
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        phone.send(login, "username=asha&password=correct+horse+battery".into()).await;
        portal.pass(5 * MINUTE_MS);
        let (mut mine, mut third) = (portal.logged_in().await, portal.logged_in().await);
        let page = mine.get("/client/profile/sessions").await.body;
        for text in ["Safari on iPhone", "203.0.113.4", "2026-11-23 18:00", "this one"] {
            assert!(page.contains(text), "{text}: {page}");
        }
        assert_eq!(page.matches("data-session=").count(), 3);
        let user =
            SessionUser::Portal(portal.store.portal_user_by_username("asha").await.unwrap().unwrap().0.id);
        let oldest = portal.store.sessions_of(user, portal.now_ms()).await.unwrap().last().unwrap().id;
        let end = format!("/client/profile/sessions/{oldest}/end");
        assert_eq!(mine.post(&end, "").await.header("location"), "/client/profile/sessions?said=ended");
        assert_eq!(phone.get("/client/dashboard").await.status, StatusCode::SEE_OTHER, "the session goes on");
        assert_eq!(mine.post(&end, "").await.status, StatusCode::NOT_FOUND, "twice");
        assert_eq!(third.get("/client/dashboard").await.status, StatusCode::OK);
        mine.post("/client/profile/sessions/end-others", "").await;
        assert_eq!(third.get("/client/dashboard").await.status, StatusCode::SEE_OTHER);
        let own = portal.store.sessions_of(user, portal.now_ms()).await.unwrap().remove(0).id;
        let answer = mine.post(&format!("/client/profile/sessions/{own}/end"), "").await;
        assert_eq!((answer.header("location"), &mine.cookie), ("/client/login", &None));
        assert_eq!(portal.store.sessions_of(user, portal.now_ms()).await.unwrap(), []);
    }
}
