use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use report::{cause_words, evidence_words};
use store::{OutageStanding, StaffOutage, StaffOutageAsk};

use crate::app::App;
use crate::caller::Caller;
use crate::pages::render;
use crate::pages::staff::form::{Field, Input};
use crate::pages::staff::listing::{Asked, Cell, Deed, ListPage, Table, ThingPage};
use crate::pages::staff::{Answered, CLIENTS, Frame, LINKS, OUTAGES, gone_to, outage_id, refused};
use crate::staff::StaffSession;
use crate::view::lasted::lasted;
use crate::zone::Zone;

/// `GET /staff/outages?q&state&page`
pub(crate) async fn list(
    State(app): State<App>,
    session: StaffSession,
    Query(asked): Query<Asked>,
) -> Answered {
    let standing = asked.one_of("state", &OutageStanding::ALL, OutageStanding::as_str);
    let filter = StaffOutageAsk { ask: asked.ask(), standing };
    let found = app.store.staff_outages(&session.scope, &filter).await?;
    let now_ms = app.clock.now_ms();
    let rows = found.rows.iter().map(|one| row(one, now_ms)).collect();
    let head = &["Outage", "State", "Link", "Lasted", "Cause", "Reason"];
    let table = Table { title: "Outages", head, rows, none: "No outage is found.", more: None };
    let states = OutageStanding::ALL.map(|one| {
        let words = match one {
            OutageStanding::Open => "Going on",
            OutageStanding::Unexplained => "Without a reason",
        };
        (one.as_str().to_owned(), words.to_owned())
    });
    let page = ListPage::new(Frame::new(&app, &session, OUTAGES), "Outages", &asked, found.total, table)
        .searched("Circuit, client, site or reason")
        .narrowed(vec![asked.choice("state", "State", "All", states)]);
    Ok(render(&page)?)
}

fn row(one: &StaffOutage, now_ms: i64) -> Vec<Cell> {
    let outage = &one.outage;
    let zone = Zone::named(&one.timezone);
    vec![
        Cell::link(zone.iso_moment(outage.from_ms), format!("{OUTAGES}/{}", outage.id)),
        state(one),
        Cell::link(&one.circuit, format!("{LINKS}/{}", outage.link)).sub(&one.client),
        Cell::text(lasted(outage.from_ms, outage.to_ms, now_ms)),
        Cell::text(outage.cause.as_deref().map_or("not known", cause_words)),
        Cell::text(outage.reason.as_deref().unwrap_or("–")),
    ]
}

fn state(one: &StaffOutage) -> Cell {
    match one.outage.to_ms {
        Some(_) => Cell::pill("up", "Over"),
        None => Cell::pill("down", "Goes on"),
    }
}

/// `GET /staff/outages/{outage}`
pub(crate) async fn show(
    State(app): State<App>,
    session: StaffSession,
    Path(id): Path<String>,
) -> Answered<Response> {
    let one = app.store.staff_outage(&session.scope, outage_id(&id)?).await?;
    Ok(thing(&app, &session, &one, None)?.into_response())
}

fn thing(app: &App, session: &StaffSession, one: &StaffOutage, input: Option<&Input>) -> Answered {
    let outage = &one.outage;
    let zone = Zone::named(&one.timezone);
    let now_ms = app.clock.now_ms();
    let mut facts = vec![
        ("Link", Cell::link(&one.circuit, format!("{LINKS}/{}", outage.link))),
        ("Client", Cell::link(&one.client, format!("{CLIENTS}/{}", one.client_id))),
        ("Site", Cell::text(one.site.as_deref().unwrap_or("–"))),
        ("From", Cell::text(zone.iso_moment(outage.from_ms))),
        ("To", Cell::text(outage.to_ms.map_or("goes on".to_owned(), |to_ms| zone.iso_moment(to_ms)))),
        ("Cause", Cell::text(outage.cause.as_deref().map_or("not known", cause_words))),
        ("Evidence", Cell::text(evidence_words(&outage.evidence))),
        ("Reason", Cell::text(outage.reason.as_deref().unwrap_or("none: the client reads the cause alone"))),
    ];
    if let (Some(by), Some(at_ms)) = (&outage.reason_by, outage.reason_at_ms) {
        facts.push(("Written", Cell::text(format!("{} by {by}", zone.iso_moment(at_ms)))));
    }
    facts.push(("Times in", Cell::text(zone.label(now_ms))));
    let page = ThingPage {
        frame: Frame::new(app, session, OUTAGES),
        kind: "Outage",
        title: format!("{}, {}", one.circuit, zone.iso_moment(outage.from_ms)),
        pill: Some(state(one).sub(lasted(outage.from_ms, outage.to_ms, now_ms))),
        warning: input.and_then(Input::first_wrong).map(|why| format!("Nothing is changed. {why}")),
        facts,
        deeds: if session.may_edit() { deeds(one, input) } else { Vec::new() },
        tables: Vec::new(),
        letter: None,
    };
    Ok(render(&page)?)
}

fn deeds(one: &StaffOutage, input: Option<&Input>) -> Vec<Deed> {
    let here = format!("{OUTAGES}/{}", one.outage.id);
    let first = Input::of(&[("reason", one.outage.reason.as_deref().unwrap_or_default())]);
    let reason = Field::text(input.unwrap_or(&first), "reason", "Reason").required();
    let what = "The client reads it beside the outage, on the page of the link.";
    let words = if one.outage.reason.is_some() { "Change the reason" } else { "Publish a reason" };
    let mut deeds = vec![Deed::fill(format!("{here}/reason"), words, what, vec![reason])];
    if one.outage.reason.is_some() {
        let what = "The client reads no reason any more.";
        deeds.push(Deed::end(format!("{here}/unreason"), "Take the reason back", what, Vec::new()));
    }
    deeds
}

/// `POST /staff/outages/{outage}/reason`
pub(crate) async fn publish(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
    mut input: Input,
) -> Answered<Response> {
    let one = app.store.staff_outage(&session.scope, outage_id(&id)?).await?;
    let reason = input.text("reason", store::ALERT_TEXT_CHARS_MAX);
    if !input.is_right() {
        return Ok(refused(thing(&app, &session, &one, Some(&input))?));
    }
    let address = caller.address_text();
    let act = session.act(&address, app.clock.now_ms());
    app.store.set_outage_reason(&act, one.outage.id, Some(&reason)).await?;
    Ok(gone_to(&format!("{OUTAGES}/{}", one.outage.id)))
}

/// `POST /staff/outages/{outage}/unreason`
pub(crate) async fn take_back(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
) -> Answered<Response> {
    let id = outage_id(&id)?;
    let address = caller.address_text();
    let act = session.act(&address, app.clock.now_ms());
    app.store.set_outage_reason(&act, id, None).await?;
    Ok(gone_to(&format!("{OUTAGES}/{id}")))
}
