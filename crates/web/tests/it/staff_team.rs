//! What admins do with the ISP's own people, and what they cannot do however they try.

use axum::http::StatusCode;
use store::{OutboxFilter, STAFF_INVITATION_MAIL, STAFF_RESET_MAIL, StaffRole, StaffScope, StaffUser};

use crate::portal::{Browser, PASSWORD, Portal, plain, portals, portals_with};
use crate::staff::{by_cli, hire, log_in, newest_token, on_duty, other_things, save, shown};

const NEW: &str = "kettle+orbit+maple+nine";

async fn mails(portal: &Portal, kind: &str) -> usize {
    let all = portal.store.outbox_list(&OutboxFilter::default(), 100).await.unwrap();
    all.iter().filter(|mail| mail.kind == kind).count()
}

async fn named(portal: &Portal, username: &str) -> StaffUser {
    portal.store.staff_user_by_username(username).await.unwrap().expect("a staff user").0
}

fn only(portal: &Portal) -> StaffScope {
    StaffScope::Companies([portal.company].into())
}

/// What was done to staff users, in order.
async fn deeds(portal: &Portal) -> Vec<String> {
    let events = portal.store.audit_events(None, 200).await.unwrap();
    let of_team = events.into_iter().rev().map(|record| record.event.action);
    of_team.filter(|action| action.starts_with("staff.")).collect()
}

async fn refused(browser: &mut Browser<'_>, address: &str, form: &str, why: &str) {
    let answer = browser.post(address, form).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{address} {form}: {}", answer.body);
    assert!(answer.body.contains(why), "{address} {form}: {}", answer.body);
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

        refused(&mut admin, "/staff/team", &form, "Somebody has that user name.").await;
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
async fn whoever_may_do_less_is_out_and_each_change_is_in_the_log() {
    for portal in portals().await {
        let mut admin = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        let mut olga = on_duty(&portal, "olga", StaffRole::Operator, StaffScope::All).await;
        let here = format!("/staff/team/{}", named(&portal, "olga").await.id);
        let edit = format!("{here}/edit");
        // A name, or more rights, end nothing.
        let more = "display_name=Olga&email=olga%40isp.example&role=admin&companies=all";
        assert_eq!(save(&mut admin, &edit, more).await.header("location"), here);
        assert_eq!(olga.get("/staff/team").await.status, StatusCode::OK);
        for less in [
            "display_name=Olga&email=olga%40isp.example&role=operator&companies=all".to_owned(),
            format!("display_name=Olga&email=olga%40isp.example&role=operator&companies={}", portal.company),
        ] {
            assert_eq!(save(&mut admin, &edit, &less).await.header("location"), here);
            assert_eq!(olga.get("/staff").await.header("location"), "/staff/login", "{less}: still in");
            assert_eq!(log_in(&mut olga, "olga", PASSWORD).await.header("location"), "/staff");
        }
        assert_eq!(admin.post(&format!("{here}/off"), "").await.header("location"), here);
        assert_eq!(olga.get("/staff").await.header("location"), "/staff/login");
        assert_eq!(log_in(&mut olga, "olga", PASSWORD).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        refused(&mut admin, &format!("{here}/link"), "", "let them in first").await;
        admin.post(&format!("{here}/on"), "").await;
        assert_eq!(log_in(&mut olga, "olga", PASSWORD).await.header("location"), "/staff");
        assert_eq!(admin.post(&format!("{here}/remove"), "").await.header("location"), "/staff/team");
        assert_eq!(olga.get("/staff").await.header("location"), "/staff/login");
        assert_eq!(admin.get(&here).await.status, StatusCode::NOT_FOUND);
        let expected = ["staff.edit", "staff.edit", "staff.edit", "staff.off", "staff.on", "staff.remove"];
        assert_eq!(deeds(&portal).await, expected);
        let log = admin.get("/staff/audit?q=staff+user+olga").await.body;
        for told in ["all", "Northwind", "operator", "admin"] {
            assert!(log.contains(told), "{told} is not in the log: {log}");
        }
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
async fn an_admin_of_some_companies_gives_and_takes_nothing_beyond_them() {
    for portal in portals().await {
        let other = other_things(&portal).await;
        let chief = hire(&portal, "chief", StaffRole::Admin, StaffScope::All).await;
        let both = StaffScope::Companies([portal.company, other.company].into());
        let both = hire(&portal, "both", StaffRole::Viewer, both).await;
        let nobodys = hire(&portal, "nobodys", StaffRole::Viewer, StaffScope::Companies([].into())).await;
        let mira = hire(&portal, "mira", StaffRole::Viewer, only(&portal)).await;
        let mut admin = on_duty(&portal, "adam", StaffRole::Admin, only(&portal)).await;
        let adam = named(&portal, "adam").await.id;
        let before = deeds(&portal).await;

        let list = admin.get("/staff/team").await.body;
        assert!(list.contains("mira") && list.contains("adam"), "{list}");
        for hidden in ["chief", "both", "nobodys", "zacharias", "Second Brand"] {
            assert!(!list.contains(hidden), "{hidden} is listed: {list}");
            let found = admin.get(&format!("/staff/team?q={}", hidden.replace(' ', "+"))).await.body;
            assert!(found.contains("Nobody is found."), "{found}");
        }
        let file = admin.get("/staff/export.csv?what=team").await.body;
        assert_eq!(file.lines().count(), 3, "{file}");
        assert!(file.contains("adam") && file.contains("mira"), "{file}");

        // Who is not theirs is not there, whatever is tried.
        let all = "display_name=&email=x%40evil.example&role=viewer&companies=all";
        for id in [chief, both, nobodys, other.member] {
            for path in ["", "/edit"] {
                assert_eq!(admin.get(&format!("/staff/team/{id}{path}")).await.status, StatusCode::NOT_FOUND);
            }
            for path in ["edit", "off", "on", "remove", "recover", "link"] {
                let answer = admin.post(&format!("/staff/team/{id}/{path}"), all).await;
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{id} {path}");
            }
        }
        // Nor what is given.
        let new = |companies: &str| format!("username=n&email=n%40isp.example&role=admin&{companies}");
        let own = portal.company;
        for companies in [
            "companies=all".to_owned(),
            format!("companies={}", other.company),
            format!("companies={own}&companies={}", other.company),
            format!("companies={own}&companies=all"),
            "companies=987654".to_owned(),
            "companies=".to_owned(),
            String::new(),
        ] {
            refused(&mut admin, "/staff/team", &new(&companies), "companies-wrong").await;
            let page = format!("/staff/team/{mira}/edit");
            let form = format!("display_name=&email=mira%40isp.example&role=admin&{companies}");
            let answer = save(&mut admin, &page, &form).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{companies}: {}", answer.body);
            assert!(!answer.body.contains("Second Brand"), "{}", answer.body);
        }
        // Nor to themselves.
        let page = format!("/staff/team/{adam}/edit");
        let form = format!("display_name=A&email=a%40isp.example&role=admin&companies={own}&companies=all");
        let answer = save(&mut admin, &page, &form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.body);
        assert_eq!(portal.store.staff_scope(adam).await.unwrap(), only(&portal));
        assert_eq!(deeds(&portal).await, before, "something was done");

        // What is theirs they may do, and their log tells of it.
        let form = format!("display_name=Mira&email=mira%40isp.example&role=admin&companies={own}");
        let answer = save(&mut admin, &format!("/staff/team/{mira}/edit"), &form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        assert!(admin.get("/staff/audit?q=staff+user+mira").await.body.contains("staff.edit"));
        // The mail goes in the company's name and is for people of all.
        admin.post(&format!("/staff/team/{mira}/link"), "").await;
        assert!(!admin.get("/staff/deliveries").await.body.contains("mira@"), "a mail to staff is listed");
        let mut all = portal.browser();
        log_in(&mut all, "chief", PASSWORD).await;
        assert!(all.get("/staff/deliveries").await.body.contains("mira@isp.example"));
    }
}

#[tokio::test]
async fn nobody_changes_their_own_rights_and_the_last_admin_stays() {
    for portal in portals().await {
        let mut admin = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        let adam = named(&portal, "adam").await.id;
        let here = format!("/staff/team/{adam}");
        let edit = format!("{here}/edit");
        let page = admin.get(&edit).await.body;
        assert!(!page.contains("name=\"role\"") && !page.contains("name=\"companies\""), "{page}");
        let own = save(&mut admin, &edit, "display_name=Adam&email=adam%40isp.example").await;
        assert_eq!(own.header("location"), here, "{}", own.body);
        let role = "display_name=Adam&email=adam%40isp.example&role=viewer&companies=all";
        let answer = save(&mut admin, &edit, role).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains("nobody changes their own role"), "{}", answer.body);
        for path in ["off", "remove"] {
            refused(&mut admin, &format!("{here}/{path}"), "", "nobody changes their own role").await;
        }
        let secret = "JBSWY3DPEHPK3PXP".into();
        portal.store.begin_second_factor(adam, &secret, portal.now_ms()).await.unwrap();
        refused(&mut admin, &format!("{here}/recover"), "", "Password and second factor").await;
        assert!(portal.store.second_factor(adam).await.unwrap().is_some());

        // Somebody who was invited is no admin yet, nor is one of some companies.
        let invited = "username=ivan&email=i%40isp.example&role=admin&companies=all";
        admin.post("/staff/team", invited).await;
        hire(&portal, "some", StaffRole::Admin, only(&portal)).await;
        let act = by_cli(&portal);
        let error = portal.store.staff_remove_member(&act, adam).await.unwrap_err();
        assert!(error.to_string().contains("last admin"), "{error}");
        hire(&portal, "eve", StaffRole::Admin, StaffScope::All).await;
        let mut eve = portal.browser();
        log_in(&mut eve, "eve", PASSWORD).await;
        assert_eq!(eve.post(&format!("{here}/off"), "").await.header("location"), here);
        assert_eq!(admin.get("/staff").await.header("location"), "/staff/login");
    }
}

/// Two admins who take each other out at once: one of them stays.
#[tokio::test]
async fn two_who_remove_each_other_leave_one() {
    for portal in portals().await {
        let one = hire(&portal, "one", StaffRole::Admin, StaffScope::All).await;
        let two = hire(&portal, "two", StaffRole::Admin, StaffScope::All).await;
        let act = |actor| store::StaffAct { actor, ..by_cli(&portal) };
        let (first, second) = (act("staff:one"), act("staff:two"));
        let (first, second) = tokio::join!(
            portal.store.staff_remove_member(&first, two),
            portal.store.staff_remove_member(&second, one)
        );
        assert_eq!([first, second].iter().filter(|done| done.is_ok()).count(), 1);
        assert_eq!(portal.store.staff_users().await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn who_is_no_admin_reaches_none_of_it() {
    for portal in portals().await {
        let mira = hire(&portal, "mira", StaffRole::Viewer, only(&portal)).await;
        let mut browser = on_duty(&portal, "olga", StaffRole::Operator, StaffScope::All).await;
        let olga = named(&portal, "olga").await.id;
        let before = deeds(&portal).await;
        let rise = "display_name=&email=olga%40isp.example&role=admin&companies=all";
        for id in [mira, olga] {
            for path in ["edit", "off", "on", "remove", "recover", "link"] {
                let answer = browser.post(&format!("/staff/team/{id}/{path}"), rise).await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
            }
        }
        let answer = browser.post("/staff/team", &format!("username=evil&{rise}")).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert_eq!(browser.get("/staff/export.csv?what=team").await.status, StatusCode::FORBIDDEN);
        assert!(!browser.get("/staff/import").await.body.contains("what=team"));
        assert_eq!((deeds(&portal).await, named(&portal, "olga").await.role), (before, StaffRole::Operator));
    }
}

#[tokio::test]
async fn a_form_that_was_overtaken_stores_nothing() {
    for portal in portals().await {
        let mira = hire(&portal, "mira", StaffRole::Viewer, only(&portal)).await;
        let mut admin = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        let edit = format!("/staff/team/{mira}/edit");
        let seen = shown(&mut admin, &edit).await;
        save(&mut admin, &edit, "display_name=First&email=m%40isp.example&role=operator&companies=all").await;
        let late =
            format!("display_name=Second&email=m%40isp.example&role=viewer&companies=all&shown={seen}");
        let answer = admin.post(&edit, &late).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
        for told in ["First", "Second", "staff:adam", "Operator: also"] {
            assert!(answer.body.contains(told), "{told}: {}", answer.body);
        }
        assert_eq!(named(&portal, "mira").await.display_name, "First");
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
        for name in ["nobody", "gone", "asha", "", "%00"] {
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
        let own = crate::staff::own_things(&portal).await;
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
            let answer = match route.method == axum::http::Method::POST {
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

        let totp = set_up(&portal, &mut admin, "adam").await;
        assert_eq!(admin.get("/staff").await.status, StatusCode::OK);
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
    use secrecy::ExposeSecret;
    let password = format!("password={}", PASSWORD.replace(' ', "+"));
    let page = browser.post("/staff/account/factor/begin", &password).await;
    assert!(page.body.contains("class=\"qr\""), "{}", page.body);
    let user = named(portal, username).await.id;
    let factor = portal.store.second_factor(user).await.unwrap().unwrap();
    let secret = totp_rs::Secret::try_from_base32(factor.secret.expose_secret()).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).with_account_name("noc").build().unwrap();
    let code = move |portal: &Portal| totp.generate(portal.now_ms() as u64 / 1000).to_string();
    let page = browser.post("/staff/account/factor/confirm", &format!("code={}", code(portal))).await;
    assert!(page.body.contains("The second factor is on"), "{}", page.body);
    code
}
