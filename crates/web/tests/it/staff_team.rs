//! What admins do with the ISP's own people, and what they cannot do however they try.

use axum::http::StatusCode;
use store::{StaffRole, StaffScope, StaffUser};

use crate::portal::{Browser, PASSWORD, Portal, portals};
use crate::staff::{by_cli, hire, log_in, on_duty, other_things, save, shown};

pub(crate) async fn named(portal: &Portal, username: &str) -> StaffUser {
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

pub(crate) async fn refused(browser: &mut Browser<'_>, address: &str, form: &str, why: &str) {
    let answer = browser.post(address, form).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{address} {form}: {}", answer.body);
    assert!(answer.body.contains(why), "{address} {form}: {}", answer.body);
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
