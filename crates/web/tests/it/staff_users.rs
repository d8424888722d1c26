//! What people of the ISP do with the people of clients.

use axum::http::StatusCode;
use store::{INVITATION_MAIL, OutboxFilter, PortalRole, RESET_MAIL, StaffRole, StaffScope};

use crate::portal::{PASSWORD, Portal, plain, portals, portals_with};
use crate::staff::{on_duty, own_things, save};

async fn mails(portal: &Portal, kind: &str) -> usize {
    let all = portal.store.outbox_list(&OutboxFilter::default(), 100).await.unwrap();
    all.iter().filter(|mail| mail.kind == kind).count()
}

#[tokio::test]
async fn somebody_is_invited_or_gets_a_password_and_the_log_knows_neither_secret() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut browser = on_duty(&portal, "olga", StaffRole::Operator, StaffScope::All).await;
        let form =
            |rest: &str| format!("client={}&email=meera%40deccan.example&role=viewer&{rest}", own.client);
        let answer = browser.post("/staff/users", &form("username=meera")).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        assert_eq!(mails(&portal, INVITATION_MAIL).await, 1);
        let meera = portal.store.portal_user_by_username("meera").await.unwrap().unwrap().0;
        assert_eq!((meera.role, meera.active), (PortalRole::Viewer, false));
        // Who has no password yet is not let in by a click.
        let on = format!("/staff/users/{}/on", meera.id);
        let answer = browser.post(&on, "").await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains("nobody has set a password yet"), "{}", answer.body);
        let answer = browser.post(&format!("/staff/users/{}/link", meera.id), "").await;
        assert_eq!((answer.status, mails(&portal, INVITATION_MAIL).await), (StatusCode::SEE_OTHER, 2));

        let taken = browser.post("/staff/users", &form("username=MEERA")).await;
        assert!(taken.body.contains("There is already a portal user &#34;meera&#34;."), "{}", taken.body);
        let weak = browser.post("/staff/users", &form("username=ravi&password=password1234")).await;
        assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(weak.body.contains("id=\"password-wrong\"") && !weak.body.contains("password1234"));
        let answer =
            browser.post("/staff/users", &form("username=ravi&password=kettle+orbit+maple+nine")).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let mut theirs = portal.browser();
        assert_eq!(theirs.log_in("ravi", "kettle orbit maple nine").await.status, StatusCode::SEE_OTHER);
        let log = format!("{:?}", portal.store.audit_events(None, 100).await.unwrap());
        assert!(log.contains("user.add") && !log.contains("kettle") && !log.contains("argon2"), "{log}");
    }
}

#[tokio::test]
async fn without_mail_a_password_must_be_given() {
    for portal in portals_with(web::Settings { sends_mail: false, ..plain() }).await {
        let own = own_things(&portal).await;
        let mut browser = on_duty(&portal, "olga", StaffRole::Operator, StaffScope::All).await;
        let form = format!("client={}&username=ravi&email=r%40deccan.example&role=owner", own.client);
        let answer = browser.post("/staff/users", &form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains("id=\"password-wrong\""), "{}", answer.body);
    }
}

#[tokio::test]
async fn somebody_is_changed_switched_off_let_in_and_sent_a_link() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut browser = on_duty(&portal, "olga", StaffRole::Operator, StaffScope::All).await;
        let here = format!("/staff/users/{}", own.user);
        let mut asha = portal.logged_in().await;
        let answer =
            save(&mut browser, &format!("{here}/edit"), "email=new%40deccan.example&role=viewer").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let user = portal.store.portal_user(own.user).await.unwrap();
        assert_eq!((user.email.as_str(), user.role), ("new@deccan.example", PortalRole::Viewer));
        assert_eq!(browser.post(&format!("{here}/off"), "").await.status, StatusCode::SEE_OTHER);
        assert_eq!(asha.get("/client/dashboard").await.header("location"), "/client/login", "still in");
        let refused = browser.post(&format!("{here}/link"), "").await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "a link for who may not log in");
        assert_eq!(browser.post(&format!("{here}/on"), "").await.status, StatusCode::SEE_OTHER);
        assert_eq!(portal.browser().log_in("asha", PASSWORD).await.status, StatusCode::SEE_OTHER);
        assert_eq!(browser.post(&format!("{here}/link"), "").await.status, StatusCode::SEE_OTHER);
        assert_eq!(mails(&portal, RESET_MAIL).await, 1);
        let log = browser.get("/staff/audit?q=portal+user+asha").await.body;
        for action in ["user.off", "user.on", "user.link"] {
            let own_only = log.contains(&format!("data-action=\"{action}\""));
            assert!(own_only, "{action} is not in what olga did");
        }
    }
}

/// Whoever saves second is told, as with every other form.
#[tokio::test]
async fn a_form_that_was_overtaken_stores_nothing() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut browser = on_duty(&portal, "olga", StaffRole::Operator, StaffScope::All).await;
        let edit = format!("/staff/users/{}/edit", own.user);
        let shown = crate::staff::shown(&mut browser, &edit).await;
        save(&mut browser, &edit, "email=first%40deccan.example&role=owner").await;
        let late = format!("email=second%40deccan.example&role=owner&shown={shown}");
        let answer = browser.post(&edit, &late).await;
        assert_eq!(answer.status, StatusCode::CONFLICT);
        assert!(
            answer.body.contains("first@deccan.example") && answer.body.contains("second@deccan.example")
        );
        assert_eq!(portal.store.portal_user(own.user).await.unwrap().email, "first@deccan.example");
    }
}
