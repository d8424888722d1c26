use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use report::{duration_words, poll_failure_words};
use store::{StaffPage, StaffRouter, StoreError};

use crate::app::App;
use crate::caller::Caller;
use crate::pages::render;
use crate::pages::staff::listing::{Asked, Cell, Deed, ListPage, Table, ThingPage};
use crate::pages::staff::{Answered, Frame, ROUTERS, gone_to, links, refused, router_id};
use crate::staff::StaffSession;
use crate::zone::Zone;

/// `GET /staff/routers?q&page`
pub(crate) async fn list(
    State(app): State<App>,
    session: StaffSession,
    Query(asked): Query<Asked>,
) -> Answered {
    let found = app.store.staff_routers(&session.scope, app.clock.now_ms(), asked.ask()).await?;
    let now_ms = app.clock.now_ms();
    let table = table(&app, &session, &found, now_ms);
    let page = ListPage::new(Frame::new(&app, &session, ROUTERS), "Routers", &asked, found.total, table);
    let page = page.searched("Name or address");
    Ok(render(&page.with_add(session.may_edit(), "/staff/routers/new", "Add a router"))?)
}

pub(crate) fn table(app: &App, session: &StaffSession, found: &StaffPage<StaffRouter>, now_ms: i64) -> Table {
    let rows = found.rows.iter().map(|router| row(app, session, router, now_ms)).collect();
    let head = &["Router", "State", "Company", "RouterOS", "Links"];
    Table { title: "Routers", head, rows, none: "No router is found.", more: None }
}

fn row(app: &App, session: &StaffSession, router: &StaffRouter, now_ms: i64) -> Vec<Cell> {
    let (class, word, since) = state(router, now_ms, app.settings.stale_after_ms, &session.zone);
    vec![
        Cell::link(&router.name, format!("{ROUTERS}/{}", router.id))
            .sub(format!("{}:{}", router.address, router.port)),
        Cell::pill(class, word).sub(since),
        Cell::text(&router.company),
        Cell::text(router.version.clone().unwrap_or_default()),
        Cell::number(router.links),
    ]
}

/// Since when a router is not asked any more, though it should be: then nobody knows whether it answers.
pub(crate) fn not_asked(
    router: &StaffRouter,
    now_ms: i64,
    stale_after_ms: i64,
    zone: &Zone,
) -> Option<String> {
    let at_ms = router.at_ms.filter(|at_ms| now_ms - at_ms > stale_after_ms)?;
    router.active.then(|| format!("not asked since {}", zone.iso_moment(at_ms)))
}

/// Whether it did not answer its last poll. A router that rejects the login answers.
pub(crate) fn is_unreachable(router: &StaffRouter) -> bool {
    router.reachable == Some(false)
        && router.cause.as_deref().is_none_or(|cause| cause == "router_unreachable")
}

/// Style class, word, and since when.
fn state(
    router: &StaffRouter,
    now_ms: i64,
    stale_after_ms: i64,
    zone: &Zone,
) -> (&'static str, &'static str, String) {
    if let Some(words) = not_asked(router, now_ms, stale_after_ms, zone) {
        return ("unknown", "Unknown", words);
    }
    let since = router.since_ms.map(|at_ms| format!("for {}", duration_words((now_ms - at_ms).max(0))));
    match (router.active, router.reachable) {
        (false, _) => ("none", "Retired", String::new()),
        (true, None) => ("unknown", "Not polled yet", String::new()),
        (true, Some(true)) => ("up", "Answers", since.unwrap_or_default()),
        (true, Some(false)) => {
            let class = if is_unreachable(router) { "down" } else { "unknown" };
            (class, poll_failure_words(router.cause.as_deref()), since.unwrap_or_default())
        }
    }
}

/// `GET /staff/routers/{router}`
pub(crate) async fn show(
    State(app): State<App>,
    session: StaffSession,
    Path(id): Path<String>,
) -> Answered<Response> {
    let router = app.store.staff_router(&session.scope, app.clock.now_ms(), router_id(&id)?).await?;
    Ok(thing(&app, &session, &router, None).await?.into_response())
}

async fn thing(app: &App, session: &StaffSession, router: &StaffRouter, refusal: Option<String>) -> Answered {
    let now_ms = app.clock.now_ms();
    let found =
        app.store.staff_links(&session.scope, (None, Some(router.id)), Asked::default().ask()).await?;
    let (class, word, since) = state(router, now_ms, app.settings.stale_after_ms, &session.zone);
    let mut facts = vec![
        ("Company", Cell::text(&router.company)),
        ("Address", Cell::text(format!("{}:{}", router.address, router.port)).code()),
        ("Connection", Cell::text(tls_words(&router.tls_mode))),
        ("State", Cell::text(format!("{word} {since}").trim())),
    ];
    facts.extend(router.version.as_ref().map(|version| ("RouterOS", Cell::text(version))));
    facts.extend(router.last_error.as_ref().map(|error| ("Last failure", Cell::text(error))));
    let plain = (router.tls_mode == "off" && refusal.is_none())
        .then(|| "Its password travels in plain text: prefer a pinned certificate where the network is not yours alone.".to_owned());
    let page = ThingPage {
        frame: Frame::new(app, session, ROUTERS),
        kind: "Router",
        title: router.name.clone(),
        pill: Some(Cell::pill(class, word)),
        warning: refusal.or(plain),
        facts,
        deeds: deeds(router, session.may_edit()),
        tables: vec![links::table(app, session, &found, &router.name, now_ms)],
        letter: None,
    };
    Ok(render(&page)?)
}

fn deeds(router: &StaffRouter, may_edit: bool) -> Vec<Deed> {
    let here = format!("{ROUTERS}/{}", router.id);
    let check = Deed::Go { to: format!("{here}/check"), words: "Connection test and interfaces" };
    if !may_edit {
        return vec![check];
    }
    let edit = Deed::Go { to: format!("{here}/edit"), words: "Edit" };
    if router.active {
        let what = "It is no longer polled. It must carry no link under contract.";
        let retire = Deed::end(format!("{here}/retire"), "Retire", what, Vec::new());
        let link = Deed::Go { to: format!("/staff/links/new?router={}", router.id), words: "Add a link" };
        vec![check, link, edit, retire]
    } else {
        let what = "It is polled again from the next round on.";
        vec![check, edit, Deed::fill(format!("{here}/poll"), "Poll again", what, Vec::new())]
    }
}

fn tls_words(mode: &str) -> &'static str {
    match mode {
        "off" => "plain text",
        "system" => "TLS, an authority that the machine trusts",
        "ca" => "TLS, an authority of yours",
        _ => "TLS, the pinned certificate",
    }
}

/// `POST /staff/routers/{router}/retire`
pub(crate) async fn retire(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
) -> Answered<Response> {
    set_polled(&app, &session, &caller, &id, false).await
}

/// `POST /staff/routers/{router}/poll`
pub(crate) async fn poll(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
) -> Answered<Response> {
    set_polled(&app, &session, &caller, &id, true).await
}

async fn set_polled(
    app: &App,
    session: &StaffSession,
    caller: &Caller,
    id: &str,
    active: bool,
) -> Answered<Response> {
    let id = router_id(id)?;
    let address = caller.address_text();
    let act = session.act(&address, app.clock.now_ms());
    match app.store.staff_poll_router(&act, id, active).await {
        Ok(()) => Ok(gone_to(&format!("{ROUTERS}/{id}"))),
        Err(error @ StoreError::Invalid { .. }) => {
            let router = app.store.staff_router(&session.scope, app.clock.now_ms(), id).await?;
            Ok(refused(thing(app, session, &router, Some(format!("Nothing is changed: {error}."))).await?))
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use store::{CompanyId, RouterId};

    use super::*;

    #[test]
    fn a_router_that_nobody_asks_is_unknown() {
        const NOW_MS: i64 = 1_795_437_000_000;
        let router = StaffRouter {
            id: RouterId(1),
            company_id: CompanyId(1),
            company: "Net".to_owned(),
            name: "edge-1".to_owned(),
            address: String::new(),
            port: 8728,
            tls_mode: "off".to_owned(),
            active: true,
            reachable: Some(true),
            cause: None,
            at_ms: Some(NOW_MS - 60_000),
            since_ms: Some(NOW_MS - 3 * 86_400_000),
            last_error: None,
            version: None,
            links: 1,
        };
        let said = |router: &StaffRouter| state(router, NOW_MS, 60_000, &Zone::named("UTC"));
        assert_eq!(said(&router), ("up", "Answers", "for 3 d".to_owned()));
        let stale = StaffRouter { at_ms: Some(NOW_MS - 60_001), ..router };
        assert_eq!(said(&stale), ("unknown", "Unknown", "not asked since 2026-11-23 12:28".to_owned()));
        let deaf = StaffRouter { reachable: Some(false), ..stale.clone() };
        assert_eq!(said(&deaf).0, "unknown");
        let rejected = StaffRouter {
            reachable: Some(false),
            cause: Some("login_rejected".to_owned()),
            at_ms: Some(NOW_MS),
            ..stale.clone()
        };
        assert_eq!(said(&rejected), ("unknown", "Login rejected", "for 3 d".to_owned()));
        let retired = StaffRouter { active: false, ..stale };
        assert_eq!(said(&retired).1, "Retired");
    }
}
