//! How the ISP's own people come by a password and a second factor: by invitation, by a link, and because they must.

use axum::http::{Method, StatusCode};
use secrecy::ExposeSecret;
use store::{OutboxFilter, STAFF_INVITATION_MAIL, STAFF_RESET_MAIL, StaffRole, StaffScope};
use totp_rs::{Builder, Secret};

use crate::portal::{Browser, PASSWORD, Portal, plain, portals, portals_with};
use crate::staff::{by_cli, hire, log_in, newest_token, on_duty, own_things, save};
use crate::staff_team::{named, refused};

const NEW: &str = "kettle+orbit+maple+nine";

async fn mails(portal: &Portal, kind: &str) -> usize {
    let all = portal.store.outbox_list(&OutboxFilter::default(), 100).await.unwrap();
    all.iter().filter(|mail| mail.kind == kind).count()
}

#[tokio::test]
async fn somebody_is_invited_sets_a_password_and_works() {
    for portal in portals().await {
        let mut admin = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        let form = format!(
            "username=Olga&display_name=Olga+P&email=olga%40isp.example&role=operator&companies={}",
            portal.company
        );
        let answer = admin.post("/staff/team", &form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let olga = named(&portal, "olga").await;
        assert_eq!(
            (olga.role, olga.all_companies, olga.email.as_str()),
            (StaffRole::Operator, false, "olga@isp.example")
        );
        assert_eq!(mails(&portal, STAFF_INVITATION_MAIL).await, 1);
        assert!(admin.get(answer.header("location")).await.body.contains("Has set no password yet"));
        assert_eq!(log_in(&mut portal.browser(), "olga", "!").await.status, StatusCode::UNPROCESSABLE_ENTITY);
        // An invitation that ran out is renewed by a colleague, not by whoever holds the mailbox.
        portal.browser().post("/staff/forgot", "username=olga").await;
        assert_eq!(mails(&portal, STAFF_RESET_MAIL).await, 0);

        let link = format!("/staff/reset/{}", newest_token(&portal, STAFF_INVITATION_MAIL).await);
        let mut theirs = portal.browser();
        let page = theirs.get(&link).await;
        assert!(page.status == StatusCode::OK && page.body.contains("Welcome"), "{}", page.body);
        refused(&mut theirs, &link, "new=one+long+password&repeat=another", "differ").await;
        refused(
            &mut theirs,
            &link,
            "new=this+is+olga+p+herself&repeat=this+is+olga+p+herself",
            "contains your name",
        )
        .await;
        let answer = theirs.post(&link, &format!("new={NEW}&repeat={NEW}")).await;
        assert_eq!(answer.header("location"), "/staff/login?said=password", "{}", answer.body);
        assert_eq!(theirs.get(&link).await.status, StatusCode::NOT_FOUND, "the link works twice");
        assert_eq!(theirs.get("/staff").await.header("location"), "/staff/login", "logged in by a link");
        let entered = log_in(&mut theirs, "olga", &NEW.replace('+', " ")).await;
        assert_eq!(entered.header("location"), "/staff");
        let log = format!("{:?}", portal.store.audit_events(None, 100).await.unwrap());
        assert!(log.contains("staff.add") && log.contains("invitation.accept"), "{log}");
        assert!(!log.contains("argon2") && !log.contains("kettle") && !log.contains(&link[13..]), "{log}");

        refused(&mut admin, "/staff/team", &form, "There is already a staff user &#34;olga&#34;.").await;
        let typed = "username=new&display_name=New+P&email=nowhere&role=boss&companies=";
        let answer = admin.post("/staff/team", typed).await;
        for expected in
            ["value=\"New P\"", "value=\"nowhere\"", "role-wrong", "companies-wrong", "email-wrong"]
        {
            assert!(answer.body.contains(expected), "{expected}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn without_mail_a_password_is_handed_over() {
    for portal in portals_with(web::Settings { sends_mail: false, ..plain() }).await {
        let mut admin = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        let form = "username=olga&email=olga%40isp.example&role=viewer&companies=all";
        refused(&mut admin, "/staff/team", form, "id=\"password-wrong\"").await;
        refused(&mut admin, "/staff/team", &format!("{form}&password=password1234"), "id=\"password-wrong\"")
            .await;
        let answer = admin.post("/staff/team", &format!("{form}&password={NEW}")).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let entered = log_in(&mut portal.browser(), "olga", &NEW.replace('+', " ")).await;
        assert_eq!(entered.header("location"), "/staff");
        let door = portal.browser().get("/staff/login").await.body;
        assert!(!door.contains("/staff/forgot") && door.contains("leaseline staff password"), "{door}");
        portal.browser().post("/staff/forgot", "username=olga").await;
        assert_eq!(mails(&portal, STAFF_RESET_MAIL).await, 0);
    }
}

#[tokio::test]
async fn links_end_with_what_they_stood_on() {
    for portal in portals().await {
        let mut admin = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        let olga = hire(&portal, "olga", StaffRole::Operator, StaffScope::All).await;
        let here = format!("/staff/team/{olga}");
        let with = |email: &str, role: &str, companies: &str| {
            format!("display_name=&email={email}&role={role}&companies={companies}")
        };
        let company = portal.company.to_string();
        for (path, form) in [
            ("edit", with("new%40isp.example", "operator", "all")),
            ("edit", with("new%40isp.example", "admin", "all")),
            ("edit", with("new%40isp.example", "admin", &company)),
            ("off", String::new()),
        ] {
            admin.post(&format!("{here}/link"), "").await;
            let link = format!("/staff/reset/{}", newest_token(&portal, STAFF_RESET_MAIL).await);
            assert_eq!(portal.browser().get(&link).await.status, StatusCode::OK);
            save(&mut admin, &format!("{here}/{path}"), &form).await;
            let answer = portal.browser().post(&link, &format!("new={NEW}&repeat={NEW}")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path} {form}");
            assert!(answer.body.contains("no longer good"), "{}", answer.body);
        }
        admin.post(&format!("{here}/on"), "").await;
        // A newer link, and a password that was changed.
        admin.post(&format!("{here}/link"), "").await;
        let older = newest_token(&portal, STAFF_RESET_MAIL).await;
        admin.post(&format!("{here}/link"), "").await;
        assert_eq!(
            portal.browser().get(&format!("/staff/reset/{older}")).await.status,
            StatusCode::NOT_FOUND
        );
        let newer = newest_token(&portal, STAFF_RESET_MAIL).await;
        let mut own = portal.browser();
        log_in(&mut own, "olga", PASSWORD).await;
        let change = format!("current={}&new={NEW}&repeat={NEW}", PASSWORD.replace(' ', "+"));
        own.post("/staff/account/password", &change).await;
        assert_eq!(
            portal.browser().get(&format!("/staff/reset/{newer}")).await.status,
            StatusCode::NOT_FOUND
        );
        // The one door's secret is none at the other.
        admin.post(&format!("{here}/link"), "").await;
        let token = newest_token(&portal, STAFF_RESET_MAIL).await;
        let form = format!("new={NEW}&repeat={NEW}");
        let answer = portal.browser().post(&format!("/client/reset/{token}"), &form).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(portal.browser().get(&format!("/staff/reset/{token}")).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn nobody_learns_at_the_staff_door_who_works_here() {
    for portal in portals().await {
        hire(&portal, "olga", StaffRole::Viewer, StaffScope::All).await;
        let gone = hire(&portal, "gone", StaffRole::Viewer, StaffScope::All).await;
        hire(&portal, "chief", StaffRole::Admin, StaffScope::All).await;
        let off = store::StaffUserEdit { active: Some(false), ..store::StaffUserEdit::default() };
        portal.store.staff_edit_member(&by_cli(&portal), (gone, None), &off).await.unwrap();
        let known = portal.browser().post("/staff/forgot", "username=+OLGA").await;
        assert!(known.body.contains("on its way"), "{}", known.body);
        for name in ["nobody", "gone", "asha", "", "%07"] {
            let answer = portal.browser().post("/staff/forgot", &format!("username={name}")).await;
            assert_eq!((answer.status, &answer.body), (known.status, &known.body), "{name}");
        }
        assert_eq!(mails(&portal, STAFF_RESET_MAIL).await, 1, "a mail to nobody");
        for n in 0..6 {
            let mut browser = portal.browser_at(&format!("203.0.113.{n}"));
            assert_eq!(browser.post("/staff/forgot", "username=olga").await.body, known.body);
        }
        assert_eq!(mails(&portal, STAFF_RESET_MAIL).await, 3, "a mailbox is flooded");
        let link = format!("/staff/reset/{}", newest_token(&portal, STAFF_RESET_MAIL).await);
        let mut elsewhere = portal.browser();
        log_in(&mut elsewhere, "olga", PASSWORD).await;
        let answer = portal.browser().post(&link, &format!("new={NEW}&repeat={NEW}")).await;
        assert_eq!(answer.header("location"), "/staff/login?said=password");
        assert_eq!(elsewhere.get("/staff").await.header("location"), "/staff/login", "an old session lives");
        let bad = portal.browser().get(&format!("/staff/reset/{}", "0".repeat(64))).await;
        assert_eq!(bad.status, StatusCode::NOT_FOUND);
    }
}

/// Where a second factor is demanded, nothing opens without one: no page, no file, no change, no client's pages.
#[tokio::test]
async fn where_a_second_factor_is_demanded_nothing_else_opens_without_one() {
    for portal in portals_with(web::Settings { staff_second_factor: true, ..plain() }).await {
        let own = own_things(&portal).await;
        let mut admin = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        let before = portal.store.audit_events(None, 200).await.unwrap().len();
        let behind = [web::Access::Staff, web::Access::Operator, web::Access::Admin];
        let mut walked = 0;
        for route in web::routes().into_iter().filter(|route| behind.contains(&route.access)) {
            let is_setting_up = route.path == "/staff/account"
                || ["/factor/begin", "/factor/confirm"].iter().any(|end| route.path.ends_with(end));
            if is_setting_up {
                continue;
            }
            let address = route.path.replace("{member}", &own.member.to_string());
            let address = address.replace("{client}", &own.client.to_string());
            let answer = match route.method == Method::POST {
                true => admin.post(&address, "").await,
                false => admin.get(&address).await,
            };
            assert_eq!(answer.header("location"), "/staff/account", "{} {address}", route.method);
            assert!(answer.body.is_empty(), "{address}: {}", answer.body);
            walked += 1;
        }
        assert!(walked > 80, "only {walked}");
        assert_eq!(portal.store.audit_events(None, 200).await.unwrap().len(), before, "something was done");
        let page = admin.get("/staff/account").await.body;
        assert!(
            page.contains("Set up a second factor first") && !page.contains("/staff/account/password"),
            "{page}"
        );

        // Somebody who has the password alone waits for a factor to be there.
        let mut thief = portal.browser();
        log_in(&mut thief, "adam", PASSWORD).await;
        assert_eq!(thief.get("/staff/account").await.status, StatusCode::OK);
        let totp = set_up(&portal, &mut admin, "adam").await;
        assert_eq!(admin.get("/staff").await.status, StatusCode::OK);
        assert_eq!(thief.get("/staff").await.header("location"), "/staff/login");
        assert!(!admin.get("/staff/account").await.body.contains("factor/off"));
        portal.pass(60_000);
        let form = format!("password={}&code={}", PASSWORD.replace(' ', "+"), totp(&portal));
        refused(&mut admin, "/staff/account/factor/off", &form, "demanded of everybody").await;
        // Whoever looks at a client's pages meanwhile is out of these as well.
        let view = admin.post(&format!("/staff/clients/{}/view", own.client), "").await;
        assert_eq!(view.header("location"), "/client/dashboard");
        let adam = named(&portal, "adam").await.id;
        let event = portal.store.audit_events(None, 1).await.unwrap().remove(0).event;
        portal.store.delete_second_factor(adam, &event).await.unwrap();
        assert_eq!(admin.get("/client/dashboard").await.header("location"), "/client/login");
        assert_eq!(admin.get("/staff").await.header("location"), "/staff/account");
        assert_eq!(admin.post("/staff/logout", "").await.header("location"), "/staff/login");
    }
}

/// Switches somebody's second factor on; what comes back makes codes.
async fn set_up(
    portal: &Portal,
    browser: &mut Browser<'_>,
    username: &str,
) -> impl Fn(&Portal) -> String + use<> {
    let password = format!("password={}", PASSWORD.replace(' ', "+"));
    let page = browser.post("/staff/account/factor/begin", &password).await;
    assert!(page.body.contains("class=\"qr\""), "{}", page.body);
    let user = named(portal, username).await.id;
    let factor = portal.store.second_factor(user).await.unwrap().unwrap();
    let secret = Secret::try_from_base32(factor.secret.expose_secret()).unwrap();
    let totp = Builder::new().with_secret(secret).with_account_name("noc").build().unwrap();
    let code = move |portal: &Portal| totp.generate(portal.now_ms() as u64 / 1000).to_string();
    let page = browser.post("/staff/account/factor/confirm", &format!("code={}", code(portal))).await;
    assert!(page.body.contains("The second factor is on"), "{}", page.body);
    code
}
