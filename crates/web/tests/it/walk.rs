//! The walk: every route of the router's own table, with one's own ids, with another client's, with absent ones and
//! without a session. A route that is added is walked; one that the walk cannot make ids for fails here.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use secrecy::ExposeSecret;
use sla::LinkState;
use store::{OutboxFilter, PortalRole, PortalUserId, RESET_MAIL, SessionUser};
use web::{Access, Answer, Id, Route};

use crate::brand;
use crate::ledger;
use crate::portal::{self, Browser, Portal, portals};

/// What must be on no page of `asha`.
const SECRETS: [&str; 3] = ["FOREIGN-1", "Other Customer", "omar"];

/// What is in no database and no folder, or is no id at all.
pub(crate) const NOBODYS: [&str; 8] =
    ["0", "-1", "abc", "1%20OR%201", "99999999999999999999", "%F0%9F%98%80", "1.5", "987654"];

/// The routes of this walk; those of the staff are walked in `staff_walk`, what other programs sign for in `whatsapp`.
fn routes() -> Vec<Route> {
    web::routes().into_iter().filter(|route| !route.is_staff() && route.access != Access::Signed).collect()
}

/// One's own and another client's thing of a kind. A kind that is added needs its line here.
struct Ids {
    mine: String,
    /// `None`: things of this kind belong to nobody.
    foreign: Option<String>,
}

async fn ids(portal: &Portal, id: Id) -> Ids {
    let both = |mine: String, foreign: String| Ids { mine, foreign: Some(foreign) };
    match id {
        Id::Link => both(portal.mine.to_string(), portal.foreign.to_string()),
        Id::Report => {
            let mine = ledger::write_report(portal, portal.mine, "2026-10", &[]).await;
            let foreign = ledger::write_report(portal, portal.foreign, "2026-10", &[]).await;
            both(mine.to_string(), foreign.to_string())
        }
        Id::User => both(user(portal, "asha").await.to_string(), user(portal, "omar").await.to_string()),
        Id::Session => {
            portal.browser().log_in("omar", portal::PASSWORD).await;
            both(session(portal, "asha").await, session(portal, "omar").await)
        }
        // The secret says whose it is; without it there is nothing, with it there is the one account.
        Id::Token => Ids { mine: token(portal).await, foreign: None },
        Id::Member
        | Id::Company
        | Id::Client
        | Id::Router
        | Id::Exclusion
        | Id::Alert
        | Id::Outage
        | Id::Message
        | Id::Event
        | Id::Webhook => {
            panic!("no page of a client names {id:?}")
        }
        Id::Icon => Ids { mine: "icon-192.png".to_owned(), foreign: None },
        Id::Asset => {
            let page = portal.browser().get("/client/login").await.body;
            let start = page.find("/assets/").expect("a page with an asset") + "/assets/".len();
            let mine = page[start..].split('"').next().expect("the end of the address").to_owned();
            Ids { mine, foreign: None }
        }
    }
}

async fn user(portal: &Portal, username: &str) -> PortalUserId {
    portal.store.portal_user_by_username(username).await.unwrap().unwrap().0.id
}

/// A session of that user, `0` if there is none.
async fn session(portal: &Portal, username: &str) -> String {
    let user = SessionUser::Portal(user(portal, username).await);
    let sessions = portal.store.sessions_of(user, portal.now_ms()).await.unwrap();
    sessions.last().map_or("0".to_owned(), |session| session.id.to_string())
}

/// The secret of a link that was mailed to `asha`.
async fn token(portal: &Portal) -> String {
    let event = store::AuditEvent {
        at_ms: portal.now_ms(),
        actor: "test".to_owned(),
        action: "password.reset.ask".to_owned(),
        subject: "portal user asha".to_owned(),
        detail: serde_json::json!({}),
        address: None,
    };
    portal.store.ask_password_reset("asha", portal::HOME, &event).await.unwrap();
    let mails = portal.store.outbox_list(&OutboxFilter::default(), 100).await.unwrap();
    let newest = mails.iter().find(|mail| mail.kind == RESET_MAIL).unwrap();
    let reset_id = newest.payload["reset_id"].as_i64().unwrap();
    let token = portal.store.issue_reset_token(reset_id, portal.now_ms()).await.unwrap().unwrap();
    token.expose_secret().to_owned()
}

/// A route with an id in each of its places.
pub(crate) fn address(route: &Route, ids: &[String]) -> String {
    let mut address = String::new();
    let mut ids = ids.iter();
    for piece in route.path.split_inclusive('}') {
        match piece.split_once('{') {
            Some((before, _)) => address += &format!("{before}{}", ids.next().expect("an id for each place")),
            None => address += piece,
        }
    }
    let query: Vec<String> =
        route.query.iter().zip(ids).map(|((name, _), id)| format!("{name}={id}")).collect();
    if query.is_empty() { address } else { format!("{address}?{}", query.join("&")) }
}

/// The kinds of all places of a route, in path and query.
pub(crate) fn places(route: &Route) -> Vec<Id> {
    let unknown = |name| panic!("{}: what does {{{name}}} stand for? say so in Id::named", route.path);
    let mut places = route.ids().unwrap_or_else(unknown);
    places.extend(route.query.iter().map(|(_, id)| *id));
    places
}

async fn mine(portal: &Portal, route: &Route) -> Vec<String> {
    let mut all = Vec::new();
    for id in places(route) {
        all.push(ids(portal, id).await.mine);
    }
    all
}

pub(crate) async fn ask(browser: &mut Browser<'_>, route: &Route, address: &str) -> portal::Answer {
    if route.method == Method::POST {
        browser.post(address, route.form).await
    } else {
        browser.get(address).await
    }
}

async fn filled() -> Vec<Portal> {
    let all = portals().await;
    for portal in &all {
        brand::dress(portal, portal.company, "#7a1fa2").await;
        portal.write(portal.mine, LinkState::Up, None, 1_000).await;
        portal.write(portal.foreign, LinkState::Down, Some("link_down"), 1_000).await;
    }
    all
}

#[tokio::test]
async fn without_a_session_no_route_shows_anything() {
    for portal in filled().await {
        let mut walked = 0;
        for route in routes().iter().filter(|route| route.access != Access::Open) {
            let address = address(route, &mine(&portal, route).await);
            let answer = ask(&mut portal.browser(), route, &address).await;
            let expected = match route.answer {
                Answer::Data | Answer::Stream => StatusCode::UNAUTHORIZED,
                Answer::Page | Answer::Download | Answer::Change => StatusCode::SEE_OTHER,
            };
            assert_eq!(answer.status, expected, "{address}");
            assert!(!answer.body.contains("MINE-1"), "{address}");
            if expected == StatusCode::SEE_OTHER {
                assert!(answer.header("location").starts_with("/client/login"), "{address}");
            }
            walked += 1;
        }
        assert!(walked >= 5, "only {walked} routes need a session");
    }
}

/// Each place in turn holds another client's id while the others hold one's own.
#[tokio::test]
async fn what_is_another_clients_is_as_absent_as_what_never_was() {
    for portal in filled().await {
        let mut browser = portal.logged_in().await;
        let mut walked = 0;
        for route in routes() {
            let own = mine(&portal, &route).await;
            for (place, id) in places(&route).into_iter().enumerate() {
                let with = |id: &str| {
                    let mut ids = own.clone();
                    ids[place] = id.to_owned();
                    address(&route, &ids)
                };
                let absent = ask(&mut browser, &route, &with("987654")).await;
                assert_eq!(absent.status, StatusCode::NOT_FOUND, "{} {}", route.method, with("987654"));
                for nobodys in NOBODYS {
                    let answer = ask(&mut browser, &route, &with(nobodys)).await;
                    assert_eq!(answer.status, StatusCode::NOT_FOUND, "{} {}", route.method, with(nobodys));
                }
                let Some(foreign) = ids(&portal, id).await.foreign else { continue };
                let answer = ask(&mut browser, &route, &with(&foreign)).await;
                assert_eq!(
                    (answer.status, &answer.body),
                    (absent.status, &absent.body),
                    "{}",
                    with(&foreign)
                );
                assert!(SECRETS.iter().all(|secret| !answer.body.contains(secret)), "{}", with(&foreign));
                walked += 1;
            }
        }
        assert!(walked >= 2, "only {walked} places for an id were walked");
    }
}

/// Without this, a route that finds nothing at all would pass for one that hides what is not one's own.
#[tokio::test]
async fn ones_own_is_there_and_names_nobody_else() {
    for portal in filled().await {
        // Without a collector and jobs `/readyz` is a 503.
        for part in [store::Part::Collector, store::Part::Jobs] {
            store::Heartbeat::new(part).beat(&portal.store, portal.now_ms()).await;
        }
        portal.readiness.probe().await;
        let mut browser = portal.logged_in().await;
        for route in routes().iter().filter(|route| route.method == Method::GET) {
            let address = address(route, &mine(&portal, route).await);
            let answer = browser.get(&address).await;
            let leads_on = route.access == Access::Open && answer.status == StatusCode::SEE_OTHER;
            assert!(answer.status == StatusCode::OK || leads_on, "{address}: {}", answer.status);
            for secret in SECRETS {
                assert!(!answer.body.contains(secret), "{address} shows {secret}");
            }
        }
    }
}

/// Each change is made in a portal of its own: one may well end the session.
#[tokio::test]
async fn a_change_is_made_for_ones_own_page_and_never_for_another_sites() {
    for route in routes().iter().filter(|route| route.method != Method::GET) {
        assert_eq!(route.answer, Answer::Change, "{}", route.path);
        let portal = portals().await.remove(0);
        let mut browser = portal.logged_in().await;
        let address = address(route, &mine(&portal, route).await);
        let events = portal.store.audit_events(None, 100).await.unwrap().len();
        let crossed = Request::post(&address)
            .header("sec-fetch-site", "cross-site")
            .header("content-type", "application/x-www-form-urlencoded");
        let answer = browser.send(crossed, Body::from(route.form)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{address}");
        assert_eq!(portal.store.audit_events(None, 100).await.unwrap().len(), events, "{address}");
        let answer = ask(&mut browser, route, &address).await;
        let done = matches!(
            answer.status,
            StatusCode::SEE_OTHER | StatusCode::OK | StatusCode::UNPROCESSABLE_ENTITY
        );
        assert!(done, "{address} with {:?}: {}", route.form, answer.status);
        let has_page = routes().iter().any(|other| other.method == Method::GET && other.path == route.path);
        if !has_page {
            let answer = browser.get(&address).await;
            assert_eq!(
                answer.status,
                StatusCode::METHOD_NOT_ALLOWED,
                "{address}: a link must change nothing"
            );
        }
    }
}

#[tokio::test]
async fn every_answer_carries_the_strict_headers_and_is_kept_by_no_cache() {
    for portal in filled().await {
        let mut browser = portal.logged_in().await;
        for route in routes().iter().filter(|route| route.method == Method::GET) {
            let address = address(route, &mine(&portal, route).await);
            let answer = browser.get(&address).await;
            assert!(answer.header("content-security-policy").starts_with("default-src 'none';"), "{address}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{address}");
            assert_eq!(answer.header("x-frame-options"), "DENY", "{address}");
            if route.access != Access::Open || route.answer == Answer::Page {
                assert_eq!(answer.header("cache-control"), "no-store", "{address}");
            }
        }
    }
}

#[tokio::test]
async fn a_viewer_does_nothing_that_is_for_owners() {
    for portal in filled().await {
        let asha = portal.store.portal_user_by_username("asha").await.unwrap().unwrap().0;
        let hash = web::hash_password(&portal::PASSWORD.into()).unwrap();
        let client = asha.client_id;
        portal
            .store
            .insert_portal_user_as(PortalRole::Viewer, client, "vera", "v@x.example", &hash, 1)
            .await
            .unwrap();
        let mut browser = portal.browser();
        browser.log_in("vera", portal::PASSWORD).await;
        let mut walked = 0;
        for route in routes() {
            let address = address(&route, &mine(&portal, &route).await);
            if route.access == Access::Owner {
                let answer = ask(&mut browser, &route, &address).await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{} {address}", route.method);
                walked += 1;
            } else if matches!(route.access, Access::Client | Access::Person) && route.method == Method::GET {
                assert_eq!(browser.get(&address).await.status, StatusCode::OK, "{address}");
            }
        }
        assert!(walked >= 5, "only {walked} routes are for owners");
        assert_eq!(portal.store.portal_user(asha.id).await.unwrap(), asha, "changed by a viewer");
    }
}

/// A route that is put into the router beside the table would not be walked.
#[test]
fn the_router_is_built_from_the_table_alone() {
    let mut calls = Vec::new();
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
                continue;
            }
            let text = std::fs::read_to_string(entry.path()).unwrap();
            for call in
                [".route(", ".route_service(", ".nest(", ".nest_service(", ".merge(", ".fallback_service("]
            {
                for _ in text.matches(call) {
                    calls.push(format!("{}: {call}", entry.file_name().to_string_lossy()));
                }
            }
        }
    }
    assert_eq!(calls, ["app.rs: .route("]);
}

#[test]
fn a_route_is_declared_once() {
    let mut seen = std::collections::HashSet::new();
    for route in web::routes() {
        places(&route);
        assert!(seen.insert((route.method.clone(), route.path)), "{} {} twice", route.method, route.path);
    }
}
