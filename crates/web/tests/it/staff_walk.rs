//! The walk over the staff's routes: without a session, with a client's, in each role, and with the ids of a company that
//! is out of the scope. A route that is added is walked; one that the walk cannot make ids for fails here.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use sla::LinkState;
use store::{CompanyId, Logo, LogoType, StaffAct, StaffRole, StaffScope, StaffUserEdit};
use web::{Access, Answer, Id, Route};

use crate::portal::{self, Browser, Portal, portals};
use crate::staff::{Things, by_cli, on_duty, other_things, own_things, shown};
use crate::walk::{NOBODYS, address, places};

/// What must be on no page of somebody who works for the second company alone.
const SECRETS: [&str; 8] =
    ["MINE-1", "FOREIGN-1", "Deccan", "Other Customer", "Northwind", "asha", "mira", "192.0.2.1:"];

fn routes() -> Vec<Route> {
    web::routes().into_iter().filter(Route::is_staff).collect()
}

/// The id of a thing of each kind. A kind that is added needs its line here.
fn id(things: &Things, id: Id) -> String {
    match id {
        Id::Company => things.company.to_string(),
        Id::Client => things.client.to_string(),
        Id::Router => things.router.to_string(),
        Id::Link => things.link.to_string(),
        Id::Exclusion => things.exclusion.to_string(),
        Id::Alert => things.alert.to_string(),
        Id::Outage => things.outage.to_string(),
        Id::User => things.user.to_string(),
        Id::Message => things.message.to_string(),
        Id::Event => "link_down".to_owned(),
        Id::Webhook => things.webhook.to_string(),
        Id::Report => things.report.to_string(),
        Id::Member => things.member.to_string(),
        Id::Token => things.token.clone(),
        Id::Session | Id::Asset | Id::Icon => {
            panic!("the staff walk does not know how to name {id:?}")
        }
    }
}

fn ids(things: &Things, route: &Route) -> Vec<String> {
    places(route).into_iter().map(|kind| id(things, kind)).collect()
}

/// What a route's form names: `client={client}`.
const NAMED: [&str; 5] = ["company", "client", "router", "circuit", "name"];

fn named_in(form: &str) -> Vec<&'static str> {
    NAMED.into_iter().filter(|name| form.contains(&format!("{{{name}}}"))).collect()
}

/// A form with things of one company, but the one called `foreign` of another.
fn form(route: &Route, things: &Things, foreign: Option<(&str, &Things)>) -> String {
    let mut form = route.form.to_owned();
    for name in named_in(route.form) {
        let things = foreign.filter(|(foreign, _)| *foreign == name).map_or(things, |(_, things)| things);
        let value = match name {
            "company" => things.company.to_string(),
            "client" => things.client.to_string(),
            "router" => things.router.to_string(),
            "name" => things.company_name.to_owned(),
            _ => things.circuit.to_owned(),
        };
        form = form.replace(&format!("{{{name}}}"), &value);
    }
    assert!(!form.replace(SHOWN, "").contains('{'), "{}: the walk cannot fill in {form}", route.path);
    form
}

/// Stands in a form for what its page shows.
const SHOWN: &str = "{shown}";

async fn filled_in(browser: &mut Browser<'_>, address: &str, form: &str) -> String {
    if form.contains(SHOWN) { form.replace(SHOWN, &shown(browser, address).await) } else { form.to_owned() }
}

async fn ask(browser: &mut Browser<'_>, route: &Route, address: &str, form: &str) -> portal::Answer {
    let form = &filled_in(browser, address, form).await;
    if route.method == Method::POST { browser.post(address, form).await } else { browser.get(address).await }
}

async fn filled() -> Vec<(Portal, Things, Things)> {
    let mut all = Vec::new();
    for portal in portals().await {
        portal.write(portal.mine, LinkState::Up, None, 1_000).await;
        portal.write(portal.foreign, LinkState::Down, Some("link_down"), 1_000).await;
        let (own, other) = (own_things(&portal).await, other_things(&portal).await);
        for things in [&own, &other] {
            give_logo(&portal, things.company).await;
        }
        all.push((portal, own, other));
    }
    all
}

async fn give_logo(portal: &Portal, company: CompanyId) {
    let logo = Logo { kind: LogoType::Svg, bytes: b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec() };
    portal.store.set_company_logo(company, Some(&logo), "test", portal.now_ms()).await.unwrap();
}

async fn events(portal: &Portal) -> usize {
    portal.store.audit_events(None, 1_000).await.unwrap().len()
}

/// What is open to everybody.
const DOOR: [&str; 5] =
    ["/staff/login", "/staff/login/code", "/staff/logout", "/staff/forgot", "/staff/reset/{token}"];

/// A route that stood on neither walk would be seen by nobody.
#[test]
fn every_route_is_on_one_walk() {
    for route in web::routes() {
        let for_staff = matches!(route.access, Access::Staff | Access::Operator | Access::Admin);
        let for_clients = matches!(route.access, Access::Client | Access::Person | Access::Owner);
        assert!(!for_staff || route.is_staff(), "{} is for staff and stands elsewhere", route.path);
        assert!(!for_clients || !route.is_staff(), "{} is for clients and stands with the staff", route.path);
        if route.is_staff() && route.access == Access::Open {
            assert!(DOOR.contains(&route.path), "{} is open to everybody", route.path);
        }
    }
    assert!(routes().len() >= 40, "only {} routes for staff", routes().len());
}

/// Who may use a route at least, told by its address alone: a line in the table with too low a role is seen here.
fn least(route: &Route) -> Access {
    let path = route.path;
    if DOOR.contains(&path) {
        return Access::Open;
    }
    if path == "/staff/account" || path.starts_with("/staff/account/") {
        return Access::Staff;
    }
    // To look is for everybody who may see the client.
    if ["/staff/clients/{client}/view", "/staff/view/end"].contains(&path) {
        return Access::Staff;
    }
    let of_notifications =
        path.starts_with("/staff/notifications/{company}/") || path.starts_with("/staff/webhooks");
    let changes_companies = path == "/staff/companies" && route.method != Method::GET;
    if changes_companies
        || path.starts_with("/staff/companies/")
        || path.starts_with("/staff/team")
        || of_notifications
    {
        return Access::Admin;
    }
    let is_form = ["/new", "/edit", "/terms"].iter().any(|end| path.ends_with(end));
    if route.method != Method::GET || is_form { Access::Operator } else { Access::Staff }
}

#[test]
fn no_route_is_for_a_lower_role_than_its_address_says() {
    for route in routes() {
        assert_eq!(route.access, least(&route), "{} {}", route.method, route.path);
        let changes = route.answer == Answer::Change;
        assert_eq!(changes, route.method != Method::GET, "{} {}", route.method, route.path);
    }
}

#[tokio::test]
async fn without_a_staff_session_no_route_shows_or_does_anything() {
    for (portal, own, _) in filled().await {
        let mut client = portal.logged_in().await;
        let before = events(&portal).await;
        for route in routes().iter().filter(|route| route.access != Access::Open) {
            let (address, form) = (address(route, &ids(&own, route)), form(route, &own, None));
            let expected = match route.answer {
                Answer::Data | Answer::Stream => StatusCode::UNAUTHORIZED,
                Answer::Page | Answer::Download | Answer::Change => StatusCode::SEE_OTHER,
            };
            for browser in [&mut portal.browser(), &mut client] {
                let answer = ask(browser, route, &address, &form).await;
                assert_eq!(answer.status, expected, "{} {address}", route.method);
                if expected == StatusCode::SEE_OTHER {
                    assert!(answer.header("location").starts_with("/staff/login"), "{address}");
                }
                assert!(!answer.body.contains("MINE-1"), "{address}");
            }
        }
        assert_eq!(events(&portal).await, before, "something was done");
    }
}

#[tokio::test]
async fn a_staff_session_is_none_on_the_pages_of_clients() {
    for (portal, ..) in filled().await {
        let mut browser = on_duty(&portal, "noc", StaffRole::Admin, StaffScope::All).await;
        for path in
            ["/client/dashboard", "/client/links", "/client/sla-reports", "/client/profile", "/client/users"]
        {
            let answer = browser.get(path).await;
            assert!(answer.header("location").starts_with("/client/login"), "{path}: {}", answer.status);
        }
    }
}

/// What a role may not do is refused before anything is looked up; what it may see is there.
#[tokio::test]
async fn each_role_reaches_what_is_for_it_and_nothing_else() {
    for (portal, own, _) in filled().await {
        for (role, name) in
            [(StaffRole::Viewer, "vera"), (StaffRole::Operator, "olga"), (StaffRole::Admin, "adam")]
        {
            let mut browser = on_duty(&portal, name, role, StaffScope::All).await;
            let before = events(&portal).await;
            let mut refused = 0;
            let (mut looked_at, mut files) = (false, 0);
            for route in routes() {
                let may = match route.access {
                    Access::Operator => role != StaffRole::Viewer,
                    Access::Admin => role == StaffRole::Admin,
                    _ => true,
                };
                let (address, form) = (address(&route, &ids(&own, &route)), form(&route, &own, None));
                if !may {
                    let answer = ask(&mut browser, &route, &address, &form).await;
                    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{name} {} {address}", route.method);
                    assert!(!answer.body.contains("MINE-1"), "{name} {address}");
                    refused += 1;
                } else if route.method == Method::GET && route.access != Access::Open {
                    let answer = browser.get(&address).await;
                    looked_at |= ["/staff/clients/{client}", "/staff/links/{link}"].contains(&route.path);
                    files += usize::from(route.answer == Answer::Download);
                    let expected = before + usize::from(looked_at) + files;
                    assert_eq!(events(&portal).await, expected, "{name} {address}");
                    assert_eq!(answer.status, StatusCode::OK, "{name} {address}: {}", answer.body);
                    assert_eq!(answer.header("cache-control"), "no-store", "{address}");
                    assert!(answer.header("content-security-policy").starts_with("default-src 'none';"));
                }
            }
            assert_eq!(events(&portal).await, before + 1 + files, "{name} did something, or looked unseen");
            let told = portal.store.audit_events(None, 1 + files as i64).await.unwrap();
            let told = told.into_iter().map(|record| record.event);
            assert!(told.clone().all(|event| event.actor == format!("staff:{name}")));
            let (views, taken): (Vec<_>, Vec<_>) = told.partition(|event| event.action == "client.view");
            let viewed: Vec<_> = views.iter().map(|event| event.subject.as_str()).collect();
            assert_eq!(viewed, ["client Deccan & Sons"]);
            assert!(taken.iter().all(|event| event.action == "download"), "{taken:?}");
            let all = routes();
            let expected = all.iter().filter(|route| match role {
                StaffRole::Viewer => matches!(route.access, Access::Operator | Access::Admin),
                StaffRole::Operator => route.access == Access::Admin,
                StaffRole::Admin => false,
            });
            assert_eq!(refused, expected.count());
        }
    }
}

/// Each place in turn holds a thing of another company while the others hold one's own.
#[tokio::test]
async fn what_is_out_of_the_scope_is_as_absent_as_what_never_was() {
    for (portal, own, other) in filled().await {
        let scope = StaffScope::Companies([other.company].into());
        let mut browser = on_duty(&portal, "zed", StaffRole::Admin, scope).await;
        let before = events(&portal).await;
        let (mut walked, mut forms) = (0, 0);
        for route in routes().into_iter().filter(|route| route.access != Access::Open) {
            let theirs = ids(&other, &route);
            let plain = form(&route, &other, None);
            for (place, kind) in places(&route).into_iter().enumerate() {
                let with = |id: &str| {
                    let mut ids = theirs.clone();
                    ids[place] = id.to_owned();
                    address(&route, &ids)
                };
                let absent = ask(&mut browser, &route, &with("987654"), &plain).await;
                for nobodys in NOBODYS {
                    let answer = ask(&mut browser, &route, &with(nobodys), &plain).await;
                    assert_eq!(answer.status, StatusCode::NOT_FOUND, "{} {}", route.method, with(nobodys));
                }
                // An event is nobody's: only what is none is absent.
                if kind == Id::Event {
                    continue;
                }
                let foreign = with(&id(&own, kind));
                let answer = ask(&mut browser, &route, &foreign, &plain).await;
                let (expected, got) = ((absent.status, &absent.body), (answer.status, &answer.body));
                assert_eq!(got, expected, "{} {foreign}", route.method);
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{foreign}");
                walked += 1;
            }
            for name in named_in(route.form) {
                let foreign = form(&route, &other, Some((name, &own)));
                let answer = ask(&mut browser, &route, &address(&route, &theirs), &foreign).await;
                assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{} {foreign}", route.path);
                // What was typed comes back, and only that.
                let typed =
                    [&format!("value=\"{}\"", own.circuit), "Northwind &#60;Fibre&#62;", "Northwind <Fibre>"];
                let told = typed.iter().fold(answer.body, |body, typed| body.replace(*typed, ""));
                assert!(SECRETS.iter().all(|secret| !told.contains(secret)), "{} {foreign}", route.path);
                forms += 1;
            }
        }
        assert!(walked >= 18 && forms >= 5, "only {walked} places and {forms} fields were walked");
        assert_eq!(events(&portal).await, before, "something was done");
    }
}

/// Without this, a route that finds nothing at all would pass for one that hides what is out of the scope.
#[tokio::test]
async fn what_is_within_the_scope_is_there_and_names_nothing_else() {
    for (portal, _, other) in filled().await {
        let scope = StaffScope::Companies([other.company].into());
        let mut browser = on_duty(&portal, "zed", StaffRole::Admin, scope).await;
        for route in
            routes().iter().filter(|route| route.method == Method::GET && route.access != Access::Open)
        {
            let address = address(route, &ids(&other, route));
            let answer = browser.get(&address).await;
            assert_eq!(answer.status, StatusCode::OK, "{address}");
            for secret in SECRETS {
                assert!(!answer.body.contains(secret), "{address} shows {secret}");
            }
        }
        for (path, shown) in
            [("/staff", "ZULU-1"), ("/staff/clients", "Zenith Works"), ("/staff/users", "zoe")]
        {
            assert!(browser.get(path).await.body.contains(shown), "{path}");
        }
    }
}

/// Each change is made in a portal of its own: one may well be the end of the next. The longest of these tests: one for each
/// engine, side by side.
mod a_change_is_made_for_a_page_of_ours_and_never_for_another_sites {
    use super::*;

    #[tokio::test]
    async fn sqlite() {
        for route in changes() {
            change_once(&portal::on_sqlite(portal::plain()).await, &route).await;
        }
    }

    #[tokio::test]
    async fn postgres() {
        for route in changes() {
            let Some(portal) = portal::on_postgres(portal::plain()).await else { return };
            change_once(&portal, &route).await;
        }
    }

    fn changes() -> impl Iterator<Item = Route> {
        routes().into_iter().filter(|route| route.method != Method::GET)
    }
}

async fn change_once(portal: &Portal, route: &Route) {
    assert_eq!(route.answer, Answer::Change, "{}", route.path);
    let own = own_things(portal).await;
    make_room(portal, &own, route).await;
    let mut browser = on_duty(portal, "noc", StaffRole::Admin, StaffScope::All).await;
    let (address, form) = (address(route, &ids(&own, route)), form(route, &own, None));
    let form = filled_in(&mut browser, &address, &form).await;
    if route.path == "/staff/view/end" {
        browser.post(&format!("/staff/clients/{}/view", own.client), "").await;
    }
    let before = events(portal).await;
    let crossed = Request::post(&address)
        .header("sec-fetch-site", "cross-site")
        .header("content-type", "application/x-www-form-urlencoded");
    let answer = browser.send(crossed, Body::from(form.clone())).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{address}");
    assert_eq!(events(portal).await, before, "{address}");
    let answer = browser.post(&address, &form).await;
    // A password and a code must be right; these are not.
    let is_refused = ["/factor/confirm", "/factor/off", "/factor/codes", "/login", "/login/code"];
    let is_refused = is_refused.iter().any(|end| route.path.ends_with(end));
    // What is begun shows a secret and changes nothing yet; half a log-in leads back to the whole.
    if route.path.ends_with("/factor/begin") {
        assert!(answer.body.contains("class=\"qr\""), "{}", answer.body);
    } else if route.path.ends_with("/secret") || route.path == "/staff/webhooks" {
        assert!(answer.body.contains("whsec_"), "{}", answer.body);
        assert!(events(portal).await > before, "{address} changed nothing");
    } else if route.path.ends_with("/preview") {
        assert!(answer.body.contains("the last 30 days would have sent"), "{}", answer.body);
        assert_eq!(events(portal).await, before, "it stores nothing");
    } else if route.path == "/staff/forgot" {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert!(events(portal).await > before, "the wish is not in the log");
    } else if is_refused {
        let back = answer.header("location").starts_with("/staff/login");
        assert!(back || answer.status == StatusCode::UNPROCESSABLE_ENTITY, "{address}: {}", answer.status);
    } else {
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{address} with {form:?}: {}", answer.body);
        assert!(events(portal).await > before, "{address} changed nothing");
    }
    let has_page = routes().iter().any(|other| other.method == Method::GET && other.path == route.path);
    if !has_page {
        let answer = browser.get(&address).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{address}: a link must change nothing");
    }
}

/// What a change needs: a client and a router without links to be retired, a retired router to be polled again, somebody
/// who is out to be let in, a factor to be taken away, messages that were given up to be tried again.
async fn make_room(portal: &Portal, own: &Things, route: &Route) {
    if route.path == "/staff/companies/{company}/retire" {
        for link in [portal.mine, portal.foreign] {
            portal.store.terminate_link(link, portal.now_ms(), portal.now_ms()).await.unwrap();
        }
        portal.store.set_router_active(own.router, false).await.unwrap();
        let act =
            StaffAct { scope: &StaffScope::All, actor: "cli", address: None, now_ms: portal.now_ms() + 1 };
        for client in portal.store.clients().await.unwrap() {
            portal.store.staff_retire_client(&act, client.id).await.unwrap();
        }
    }
    if ["/staff/clients/{client}/retire", "/staff/routers/{router}/retire"].contains(&route.path) {
        for link in [portal.mine, portal.foreign] {
            portal.store.terminate_link(link, portal.now_ms(), portal.now_ms()).await.unwrap();
        }
    }
    if route.path.ends_with("/logo/remove") {
        give_logo(portal, own.company).await;
    }
    if route.path.ends_with("/{user}/on") {
        portal.store.set_portal_user_active(own.user, false).await.unwrap();
    }
    if route.path.ends_with("/{member}/on") {
        let off = StaffUserEdit { active: Some(false), ..StaffUserEdit::default() };
        portal.store.staff_edit_member(&by_cli(portal), (own.member, None), &off).await.unwrap();
    }
    if route.path.ends_with("/{member}/recover") {
        let secret = "JBSWY3DPEHPK3PXP".into();
        portal.store.begin_second_factor(own.member, &secret, portal.now_ms()).await.unwrap();
    }
    if route.path.ends_with("/{user}/recover") {
        let secret = "JBSWY3DPEHPK3PXP".into();
        portal.store.begin_second_factor(own.user, &secret, portal.now_ms()).await.unwrap();
    }
    if route.path == "/staff/deliveries/retry" {
        for mail in portal.store.claim_outbox(portal.now_ms(), 1_000, 10).await.unwrap() {
            assert!(portal.store.outbox_failed(&mail, "550 no such user", None).await.unwrap());
        }
    }
    if route.path.ends_with("/poll") {
        portal.store.set_router_active(own.router, false).await.unwrap();
    }
}
