use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use report::rate_words;
use sla::LinkPort;
use store::{DownWhen, Facing, Latest, Link, LinkTerms, Shown, StaffLink, StaffPage, StoreError};

use crate::app::App;
use crate::caller::Caller;
use crate::error::PageError;
use crate::pages::staff::edit::who_changed;
use crate::pages::staff::form::{Field, Input};
use crate::pages::staff::listing::{Asked, Cell, Deed, ListPage, Table, ThingPage, moment, page_address};
use crate::pages::staff::{
    Answered, CLIENTS, EXCLUSIONS, Frame, LINKS, ROUTERS, exclusions, gone_to, link_edit, refused,
};
use crate::pages::{link_id, render};
use crate::staff::StaffSession;
use crate::view::state::StateNow;
use crate::zone::Zone;

const HEAD: &[&str] = &["Circuit", "State", "Client", "Router", "Committed"];

/// `GET /staff/links?q&page`
pub(crate) async fn list(
    State(app): State<App>,
    session: StaffSession,
    Query(asked): Query<Asked>,
) -> Answered {
    let found = app.store.staff_links(&session.scope, (None, None), asked.ask()).await?;
    let now_ms = app.clock.now_ms();
    let rows = found.rows.iter().map(|link| row(&app, &session, link, now_ms)).collect();
    let table = Table { title: "Links", head: HEAD, rows, none: "No link is found.", more: None };
    let page = ListPage::new(Frame::new(&app, &session, LINKS), "Links", &asked, found.total, table);
    let page = page.searched("Circuit, site, client, router or service reference");
    Ok(render(&page.with_add(session.may_edit(), "/staff/links/new", "Add a link"))?)
}

/// The links of a client or on a router, on its page.
pub(crate) fn table(
    app: &App,
    session: &StaffSession,
    found: &StaffPage<StaffLink>,
    of: &str,
    now_ms: i64,
) -> Table {
    let more = found.total > found.rows.len() as i64;
    let more = more.then(|| (page_address(LINKS, of, 1), format!("All {} links", found.total)));
    let rows = found.rows.iter().map(|link| row(app, session, link, now_ms)).collect();
    Table { title: "Links", head: HEAD, rows, none: "There is no link.", more }
}

fn row(app: &App, session: &StaffSession, link: &StaffLink, now_ms: i64) -> Vec<Cell> {
    let site = link.site.clone().unwrap_or_default();
    let (class, word, about) = state(app, link, now_ms, &session.zone);
    vec![
        Cell::link(&link.circuit, format!("{LINKS}/{}", link.id)).sub(site),
        Cell::pill(class, word).sub(about),
        Cell::link(&link.client, format!("{CLIENTS}/{}", link.client_id)),
        Cell::link(&link.router, format!("{ROUTERS}/{}", link.router_id))
            .sub(LinkPort::of(&link.interface).to_string()),
        Cell { is_number: true, ..Cell::text(rate_words(link.committed_bps)) },
    ]
}

/// A link as it is now; what nobody has looked at for too long is unknown.
pub(crate) fn now(link: &StaffLink, now_ms: i64, stale_after_ms: i64, zone: &Zone) -> StateNow {
    match (link.at_ms, link.state, link.since_ms) {
        (Some(at_ms), Some(state), Some(since_ms)) => {
            let looked = (at_ms, state, since_ms, link.cause.as_deref());
            StateNow::looked(looked, now_ms, stale_after_ms, zone)
        }
        _ => StateNow::new(None::<&Latest>, now_ms, stale_after_ms, zone),
    }
}

/// Style class, word, and since when and why.
fn state(app: &App, link: &StaffLink, now_ms: i64, zone: &Zone) -> (&'static str, &'static str, String) {
    if link.terminated_at_ms.is_some_and(|end_ms| end_ms <= now_ms) {
        return ("none", "Retired", String::new());
    }
    let now = now(link, now_ms, app.settings.stale_after_ms, zone);
    let about = [now.cause.as_str(), now.lasted.as_str()];
    let about: Vec<&str> = about.into_iter().filter(|words| !words.is_empty()).collect();
    (now.class(), now.word(), about.join(" "))
}

/// `GET /staff/links/{link}`
pub(crate) async fn show(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
) -> Answered<Response> {
    let id = link_id(&id)?;
    let (row, link) = app.store.staff_link(&session.scope, id).await?;
    let address = caller.address_text();
    app.store.staff_note_view(&session.act(&address, app.clock.now_ms()), link.client_id).await?;
    Ok(thing(&app, &session, row, None).await?.into_response())
}

async fn thing(app: &App, session: &StaffSession, row: StaffLink, refused: Option<&Input>) -> Answered {
    let now_ms = app.clock.now_ms();
    let (link, shown) = app.store.shown_link(&session.scope, row.id).await?;
    let zone = Zone::named(&app.store.staff_link_zone(&session.scope, link.id).await?);
    let terms = app.store.staff_terms(&session.scope, link.id).await?;
    let excluded = app.store.staff_exclusions(&session.scope, Some(link.id), Asked::default().ask()).await?;
    let (class, word, about) = state(app, &row, now_ms, &zone);
    let is_over = link.terminated_at_ms.is_some_and(|end_ms| end_ms <= now_ms);
    let deeds =
        if session.may_edit() && !is_over { deeds(&link, shown, &zone, now_ms, refused) } else { Vec::new() };
    let page = ThingPage {
        frame: Frame::new(app, session, LINKS),
        kind: "Link",
        title: link.circuit.clone(),
        pill: Some(Cell::pill(class, word).sub(about)),
        warning: refused.and_then(|input| input.wrong("at")).map(str::to_owned),
        facts: facts(&row, &link, &zone),
        deeds,
        tables: vec![terms_table(&terms, &zone, now_ms), exclusions::table(&excluded, &link.circuit, now_ms)],
        letter: None,
    };
    Ok(render(&page)?)
}

fn facts(row: &StaffLink, link: &Link, zone: &Zone) -> Vec<(&'static str, Cell)> {
    let text = |value: &Option<String>| Cell::text(value.as_deref().unwrap_or("–"));
    let facing = match link.facing {
        Facing::Customer => "the customer: what the router receives is upload",
        Facing::Upstream => "upstream: what the router receives is download",
    };
    let mut facts = vec![
        ("Client", Cell::link(&row.client, format!("{CLIENTS}/{}", row.client_id))),
        ("Router", Cell::link(&row.router, format!("{ROUTERS}/{}", row.router_id))),
        ("Interface", Cell::text(link.port().to_string()).code()),
        ("Site", text(&link.site)),
        ("Service reference", text(&link.service_ref)),
        ("Type", Cell::text(&link.kind)),
        ("Committed", Cell::text(rate_words(link.committed_bps))),
        ("Probe target", text(&link.probe_target)),
        ("Port faces", Cell::text(facing)),
        ("Activated", Cell::text(zone.iso_moment(link.activated_at_ms))),
    ];
    let measured = link.measured_from_ms.map_or("not measured yet".to_owned(), |ms| zone.iso_moment(ms));
    facts.push(("Time counts from", Cell::text(measured)));
    facts.extend(link.terminated_at_ms.map(|at_ms| ("Contract ends", Cell::text(zone.iso_moment(at_ms)))));
    facts.push(("Times in", Cell::text(zone.label(link.activated_at_ms))));
    facts
}

fn deeds(link: &Link, shown: Shown, zone: &Zone, now_ms: i64, refused: Option<&Input>) -> Vec<Deed> {
    let here = format!("{LINKS}/{}", link.id);
    let what = if link.terminated_at_ms.is_some() {
        "Its contract ends then, and it is no longer polled. Empty: it does not end."
    } else {
        "Its contract ends then, and it is no longer polled. Statements and history stay."
    };
    let end = zone.form(link.terminated_at_ms.unwrap_or(now_ms));
    let at = Field { required: link.terminated_at_ms.is_none(), ..moment(refused, &end) };
    vec![
        Deed::Go { to: format!("{here}/edit"), words: "Edit" },
        Deed::Go { to: format!("{here}/terms"), words: "Change the terms" },
        Deed::Go { to: format!("{EXCLUSIONS}/new?link={}", link.id), words: "Add an exclusion" },
        Deed::end(format!("{here}/retire"), "Retire", what, vec![at]).showing(shown),
    ]
}

fn terms_table(terms: &[LinkTerms], zone: &Zone, now_ms: i64) -> Table {
    let in_force = terms.iter().rposition(|terms| terms.valid_from_ms <= now_ms);
    let figure = |value: &Option<String>, unit: &str| {
        Cell::text(value.as_ref().map_or("–".to_owned(), |value| format!("{value} {unit}")))
    };
    let row = |(place, terms): (usize, &LinkTerms)| {
        let from = Cell::text(zone.iso_moment(terms.valid_from_ms));
        let from = match in_force {
            Some(now) if now == place => from.sub("in force"),
            Some(now) if now > place => from.sub("until the next"),
            _ => from.sub("to come"),
        };
        let down = match terms.down_when {
            DownWhen::Interface => "the interface is not running",
            DownWhen::InterfaceOrNoAnswer => "not running, or no answer",
        };
        vec![
            from,
            figure(&terms.uptime_pct, "%"),
            figure(&terms.latency_ms, "ms"),
            figure(&terms.loss_pct, "%"),
            Cell::text(down),
        ]
    };
    let rows = terms.iter().enumerate().rev().map(row).collect();
    let head = &["Valid from", "Uptime", "Latency", "Loss", "Down when"];
    Table { title: "Terms", head, rows, none: "No terms were agreed.", more: None }
}

/// `POST /staff/links/{link}/retire`
pub(crate) async fn retire(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
    mut input: Input,
) -> Answered<Response> {
    let id = link_id(&id)?;
    let (row, link) = app.store.staff_link(&session.scope, id).await?;
    let zone = Zone::named(&app.store.staff_link_zone(&session.scope, id).await?);
    let now_ms = app.clock.now_ms();
    let typed = input.value("at");
    let before = input.shown();
    let keeps = typed.is_empty() && link.terminated_at_ms.is_some();
    let why = match zone.parse(typed) {
        None if !keeps => "Not retired: write when its contract ends.".to_owned(),
        at_ms => {
            let address = caller.address_text();
            match app.store.staff_retire_link(&session.act(&address, now_ms), (id, &before), at_ms).await {
                Ok(()) => return Ok(gone_to(&format!("{LINKS}/{id}"))),
                Err(error @ StoreError::Invalid { .. }) => format!("Not retired: {error}."),
                Err(StoreError::Duplicate { .. }) => {
                    "Its interface carries another link by then: that one ends first.".to_owned()
                }
                Err(StoreError::Changed { .. }) => {
                    let subject = link_edit::subject(&app, &session, &link).await?;
                    let who = who_changed(&app, &session, subject, &before).await?;
                    format!("Not retired: the link was changed after you had opened this page. {who}")
                }
                Err(StoreError::NotFound { .. }) => return Err(PageError::NotFound.into()),
                Err(error) => return Err(error.into()),
            }
        }
    };
    input.fault("at", why);
    Ok(refused(thing(&app, &session, row, Some(&input)).await?))
}
