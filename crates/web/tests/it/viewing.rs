//! A person of the ISP who looks at the portal as a client sees it: that client's things and no other's, nothing changed,
//! and over when it should be.

use axum::http::{Method, StatusCode};
use sla::LinkState;
use store::{ClientId, CompanyId, StaffRole, StaffScope, StaffUserEdit};
use web::{Access, Answer, Id, Route};

use crate::portal::{Browser, HOUR_MS, MINUTE_MS, Portal, portals};
use crate::staff::{log_in, on_duty, other_things};
use crate::walk::{NOBODYS, address, places};
use crate::{ledger, portal};

async fn client_of(portal: &Portal, username: &str) -> ClientId {
    portal.store.portal_user_by_username(username).await.unwrap().unwrap().0.client_id
}

/// Begins to look at the client of `asha`.
async fn look(portal: &Portal, browser: &mut Browser<'_>) -> ClientId {
    let client = client_of(portal, "asha").await;
    let answer = browser.post(&format!("/staff/clients/{client}/view"), "").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/client/dashboard"));
    client
}

/// The pages of a client that name nothing but its links and statements.
fn routes() -> Vec<Route> {
    let all = web::routes().into_iter();
    all.filter(|route| matches!(route.access, Access::Client | Access::Person | Access::Owner)).collect()
}

async fn ids(portal: &Portal, route: &Route, link: store::LinkId) -> Vec<String> {
    let mut ids = Vec::new();
    for place in places(route) {
        ids.push(match place {
            Id::Link => link.to_string(),
            Id::Report => ledger::write_report(portal, link, "2026-10", &[]).await.to_string(),
            _ => "1".to_owned(),
        });
    }
    ids
}

#[tokio::test]
async fn what_the_client_sees_is_seen_and_nothing_of_another() {
    for portal in portals().await {
        portal.write(portal.mine, LinkState::Up, None, 1_000).await;
        portal.write(portal.foreign, LinkState::Down, Some("link_down"), 1_000).await;
        let mut browser = on_duty(&portal, "noc", StaffRole::Viewer, StaffScope::All).await;
        look(&portal, &mut browser).await;
        let (mut seen, mut hidden) = (0, 0);
        for route in routes().iter().filter(|route| route.access == Access::Client) {
            assert_eq!(
                route.method,
                Method::GET,
                "{}: a change must not be open to who only looks",
                route.path
            );
            let own = address(route, &ids(&portal, route, portal.mine).await);
            let answer = browser.get(&own).await;
            assert_eq!(answer.status, StatusCode::OK, "{own}");
            assert!(!answer.body.contains("FOREIGN-1") && !answer.body.contains("Other Customer"), "{own}");
            if route.answer == Answer::Page && answer.body.contains("<html") {
                assert!(answer.body.contains("/staff/view/end"), "{own} does not say whose it is");
                assert!(!answer.body.contains("data-worker"), "{own} is kept on the device");
            }
            seen += 1;
            if places(route).is_empty() {
                continue;
            }
            let foreign = address(route, &ids(&portal, route, portal.foreign).await);
            assert_eq!(browser.get(&foreign).await.status, StatusCode::NOT_FOUND, "{foreign}");
            for nobodys in NOBODYS {
                let absent = address(route, &[nobodys.to_owned()]);
                assert_eq!(browser.get(&absent).await.status, StatusCode::NOT_FOUND, "{absent}");
            }
            hidden += 1;
        }
        assert!(seen >= 15 && hidden >= 10, "only {seen} pages and {hidden} places were walked");
    }
}

#[tokio::test]
async fn accounts_are_no_part_of_it_and_nothing_is_changed() {
    for portal in portals().await {
        let mut browser = on_duty(&portal, "noc", StaffRole::Admin, StaffScope::All).await;
        look(&portal, &mut browser).await;
        let before = portal.store.audit_events(None, 1_000).await.unwrap().len();
        let mut refused = 0;
        for route in routes().iter().filter(|route| route.access != Access::Client) {
            let address = address(route, &ids(&portal, route, portal.mine).await);
            let answer = if route.method == Method::GET {
                browser.get(&address).await
            } else {
                browser.post(&address, route.form).await
            };
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{} {address}", route.method);
            assert!(!answer.body.contains("asha"), "{address}");
            refused += 1;
        }
        assert!(refused >= 12, "only {refused} routes are a person's own");
        assert_eq!(portal.store.audit_events(None, 1_000).await.unwrap().len(), before, "something was done");
    }
}

#[tokio::test]
async fn it_is_in_the_audit_log_with_what_was_taken_away() {
    for portal in portals().await {
        let mut browser = on_duty(&portal, "noc", StaffRole::Viewer, StaffScope::All).await;
        look(&portal, &mut browser).await;
        let csv = format!("/client/links/{}/traffic.csv", portal.mine);
        assert_eq!(browser.get(&csv).await.status, StatusCode::OK);
        let events = portal.store.audit_events(None, 100).await.unwrap();
        let of = |action: &str| {
            let found = events.iter().find(|event| event.event.action == action);
            found.map(|event| (event.event.actor.clone(), event.event.subject.clone()))
        };
        assert_eq!(of("client.view_as"), Some(("staff:noc".to_owned(), "client Deccan & Sons".to_owned())));
        assert_eq!(of("download"), Some(("staff:noc".to_owned(), "link MINE-1".to_owned())));
    }
}

#[tokio::test]
async fn it_ends_when_it_is_ended_and_after_half_an_hour() {
    for portal in portals().await {
        let mut browser = on_duty(&portal, "noc", StaffRole::Viewer, StaffScope::All).await;
        let client = look(&portal, &mut browser).await;
        let answer = browser.post("/staff/view/end", "").await;
        assert_eq!(answer.header("location"), format!("/staff/clients/{client}"));
        assert_eq!(browser.get("/client/dashboard").await.header("location"), "/client/login");
        assert_eq!(browser.get("/staff").await.status, StatusCode::OK, "the own session goes on");
        look(&portal, &mut browser).await;
        portal.pass(29 * MINUTE_MS);
        assert_eq!(browser.get("/client/dashboard").await.status, StatusCode::OK);
        portal.pass(MINUTE_MS);
        assert_eq!(browser.get("/client/dashboard").await.header("location"), "/client/login");
        assert_eq!(browser.get("/staff").await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn it_ends_with_what_it_stands_on() {
    for portal in portals().await {
        let company: CompanyId = portal.company;
        let scope = StaffScope::Companies([company].into());
        let mut browser = on_duty(&portal, "noc", StaffRole::Viewer, scope).await;
        let client = look(&portal, &mut browser).await;
        assert_eq!(browser.get("/client/dashboard").await.status, StatusCode::OK);
        let noc = portal.store.staff_user_by_username("noc").await.unwrap().unwrap().0;
        let other = other_things(&portal).await;
        let elsewhere = StaffUserEdit {
            scope: Some(StaffScope::Companies([other.company].into())),
            ..StaffUserEdit::default()
        };
        let act =
            store::StaffAct { scope: &StaffScope::All, actor: "cli", address: None, now_ms: portal.now_ms() };
        portal.store.staff_edit_member(&act, (noc.id, None), &elsewhere).await.unwrap();
        assert_eq!(browser.get("/client/dashboard").await.header("location"), "/client/login");
        // The session as well: this person may see less than before.
        assert_eq!(browser.get("/staff").await.header("location"), "/staff/login");
        log_in(&mut browser, "noc", portal::PASSWORD).await;
        let refused = browser.post(&format!("/staff/clients/{client}/view"), "").await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND);
        // A log-out ends it with the session.
        look_at(&mut browser, other.client).await;
        browser.post("/staff/logout", "").await;
        assert_eq!(browser.get("/client/dashboard").await.header("location"), "/client/login");
    }
}

async fn look_at(browser: &mut Browser<'_>, client: ClientId) {
    let answer = browser.post(&format!("/staff/clients/{client}/view"), "").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

/// Whoever is logged in with both sees what was asked for last, and keeps the other.
#[tokio::test]
async fn a_clients_own_session_in_the_same_browser_is_untouched() {
    for portal in portals().await {
        let mut browser = on_duty(&portal, "noc", StaffRole::Viewer, StaffScope::All).await;
        browser.log_in("omar", portal::PASSWORD).await;
        look(&portal, &mut browser).await;
        let body = browser.get("/client/dashboard").await.body;
        assert!(body.contains("MINE-1") && !body.contains("FOREIGN-1"));
        portal.pass(HOUR_MS);
        let body = browser.get("/client/dashboard").await.body;
        assert!(body.contains("FOREIGN-1") && !body.contains("MINE-1"));
    }
}
