use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use sla::ExclusionKind;
use store::{AuditSubject, ExclusionId, LinkId, NewExclusion, StaffExclusion, StaffPage, StoreError};

use crate::app::App;
use crate::caller::Caller;
use crate::pages::staff::edit::who_changed;
use crate::pages::staff::form::{Field, FormPage, Input, Kind};
use crate::pages::staff::listing::{Asked, Cell, Deed, ListPage, Table, ThingPage, moment, page_address};
use crate::pages::staff::{Answered, EXCLUSIONS, Frame, LINKS, exclusion_id, gone_to, link_edit, refused};
use crate::pages::{link_id, render};
use crate::staff::StaffSession;
use crate::zone::Zone;

const REASON_CHARS_MAX: usize = 500;
const HEAD: &[&str] = &["Exclusion", "State", "Link", "Kind", "Entered"];

/// `GET /staff/exclusions?q&page`
pub(crate) async fn list(
    State(app): State<App>,
    session: StaffSession,
    Query(asked): Query<Asked>,
) -> Answered {
    let found = app.store.staff_exclusions(&session.scope, None, asked.ask()).await?;
    let now_ms = app.clock.now_ms();
    let rows = found.rows.iter().map(|one| row(one, now_ms)).collect();
    let table = Table { title: "Exclusions", head: HEAD, rows, none: "No exclusion is found.", more: None };
    let frame = Frame::new(&app, &session, EXCLUSIONS);
    let page = ListPage::new(frame, "Exclusions", &asked, found.total, table);
    let page = page.searched("Circuit, client or reason");
    Ok(render(&page.with_add(session.may_edit(), "/staff/exclusions/new", "Add an exclusion"))?)
}

/// Those of one link, on its page.
pub(crate) fn table(found: &StaffPage<StaffExclusion>, circuit: &str, now_ms: i64) -> Table {
    let more = found.total > found.rows.len() as i64;
    let more =
        more.then(|| (page_address(EXCLUSIONS, circuit, 1), format!("All {} exclusions", found.total)));
    let rows = found.rows.iter().map(|one| row(one, now_ms)).collect();
    Table { title: "Exclusions", head: HEAD, rows, none: "No time is excluded.", more }
}

fn row(one: &StaffExclusion, now_ms: i64) -> Vec<Cell> {
    let zone = Zone::named(&one.timezone);
    let late = if one.entered_at_ms > one.from_ms { "after the fact" } else { "" };
    let entered = format!("{} by {}", zone.iso_moment(one.entered_at_ms), one.entered_by);
    vec![
        Cell::link(span(one, &zone), format!("{EXCLUSIONS}/{}", one.id)).sub(&one.reason),
        Cell::text(state(one, now_ms)),
        Cell::link(&one.circuit, format!("{LINKS}/{}", one.link_id)).sub(&one.client),
        Cell::text(one.kind.words()),
        Cell::text(entered).sub(late),
    ]
}

fn span(one: &StaffExclusion, zone: &Zone) -> String {
    let to = one.to_ms.map_or("open".to_owned(), |to_ms| zone.iso_moment(to_ms));
    format!("{} to {to}", zone.iso_moment(one.from_ms))
}

fn state(one: &StaffExclusion, now_ms: i64) -> &'static str {
    match (one.removed_at_ms, one.to_ms) {
        (Some(_), _) => "taken back",
        (None, _) if one.from_ms > now_ms => "to come",
        (None, Some(to_ms)) if to_ms <= now_ms => "over",
        (None, _) => "runs now",
    }
}

/// `GET /staff/exclusions/{exclusion}`
pub(crate) async fn show(
    State(app): State<App>,
    session: StaffSession,
    Path(id): Path<String>,
) -> Answered<Response> {
    Ok(thing(&app, &session, exclusion_id(&id)?, None).await?.into_response())
}

async fn thing(app: &App, session: &StaffSession, id: ExclusionId, refused: Option<&Input>) -> Answered {
    let shown = app.store.shown_exclusion(&session.scope, id).await?;
    let one = &app.store.staff_exclusion(&session.scope, id).await?;
    let zone = Zone::named(&one.timezone);
    let now_ms = app.clock.now_ms();
    let mut facts = vec![
        ("Link", Cell::link(&one.circuit, format!("{LINKS}/{}", one.link_id))),
        ("Client", Cell::text(&one.client)),
        ("Kind", Cell::text(one.kind.words())),
        ("Reason", Cell::text(&one.reason)),
        ("State", Cell::text(state(one, now_ms))),
        ("Entered", Cell::text(format!("{} by {}", zone.iso_moment(one.entered_at_ms), one.entered_by))),
    ];
    if let (Some(by), Some(at_ms)) = (&one.removed_by, one.removed_at_ms) {
        facts.push(("Taken back", Cell::text(format!("{} by {by}", zone.iso_moment(at_ms)))));
    }
    facts.push(("Times in", Cell::text(zone.label(now_ms))));
    let here = format!("{EXCLUSIONS}/{}", one.id);
    let mut deeds = Vec::new();
    if session.may_edit() && one.removed_at_ms.is_none() {
        if one.to_ms.is_none_or(|to_ms| to_ms > now_ms) && one.from_ms < now_ms {
            let what = "Time after this counts again. Closed months stay as they are until they are calculated anew.";
            let at = moment(refused, &zone.form(now_ms)).required();
            deeds.push(Deed::end(format!("{here}/end"), "End it", what, vec![at]).showing(shown));
        }
        let what = "It no longer counts, and stays on record. Closed months stay as they are until they are calculated anew.";
        deeds.push(Deed::end(format!("{here}/remove"), "Take it back", what, Vec::new()));
    }
    let frame = Frame::new(app, session, EXCLUSIONS);
    let title = span(one, &zone);
    Ok(render(&ThingPage {
        frame,
        kind: "Exclusion",
        title,
        pill: None,
        warning: refused.and_then(|input| input.wrong("at")).map(str::to_owned),
        facts,
        deeds,
        tables: Vec::new(),
        letter: None,
    })?)
}

/// Of which link, if that is known.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    link: String,
}

/// `GET /staff/exclusions/new?link`
pub(crate) async fn new(
    State(app): State<App>,
    session: StaffSession,
    Query(wanted): Query<Wanted>,
) -> Answered {
    let mut circuit = String::new();
    // A moment is told by the link's clock: without the link, now is not known.
    let mut from = session.one_zone().map(|zone| zone.form(app.clock.now_ms())).unwrap_or_default();
    if !wanted.link.is_empty() {
        let id: LinkId = link_id(&wanted.link)?;
        circuit = app.store.staff_link(&session.scope, id).await?.0.circuit;
        from = Zone::named(&app.store.staff_link_zone(&session.scope, id).await?).form(app.clock.now_ms());
    }
    Ok(render(&form(&app, &session, &Input::of(&[("circuit", &circuit), ("from", &from)])))?)
}

fn form(app: &App, session: &StaffSession, input: &Input) -> FormPage {
    let kinds = ExclusionKind::ALL.map(|kind| (kind.as_str().to_owned(), kind.words().to_owned()));
    FormPage {
        frame: Frame::new(app, session, EXCLUSIONS),
        title: "Add an exclusion".to_owned(),
        back: (EXCLUSIONS.to_owned(), "Exclusions".to_owned()),
        action: EXCLUSIONS.to_owned(),
        fields: vec![
            Field::text(input, "circuit", "Circuit id").required(),
            Field::choice(input, "kind", "Kind", kinds).required(),
            Field::new(input, "from", "From", Kind::Input("datetime-local"))
                .required()
                .hint("By the clock of the link's company."),
            Field::new(input, "to", "To", Kind::Input("datetime-local")).hint("Empty: until it is ended."),
            Field::text(input, "reason", "Reason").required().hint("Statements show it."),
        ],
        submit: "Add the exclusion",
        note: "Time that has begun already is marked on statements as entered after the fact. Closed months stay as they are until they are calculated anew.",
    }
}

const THERE: &str = "This link has this very exclusion already: the same time, kind and reason.";

/// `POST /staff/exclusions`
pub(crate) async fn add(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    mut input: Input,
) -> Answered<Response> {
    let circuit = input.text("circuit", REASON_CHARS_MAX);
    // As it was typed: what names a link must find one whose circuit an older version kept with marks in it.
    let link = app.store.staff_link_by_circuit(&session.scope, input.value("circuit")).await?;
    let link = match link {
        None => app.store.staff_link_by_circuit(&session.scope, &circuit).await?,
        found => found,
    };
    if link.is_none() && !circuit.is_empty() {
        input.fault("circuit", "There is no link of that circuit id.");
    }
    let zone = match &link {
        Some(link) => Zone::named(&app.store.staff_link_zone(&session.scope, link.id).await?),
        None => session.zone.clone(),
    };
    let kind: Option<ExclusionKind> =
        input.parsed("kind", |text| text.parse().map_err(|_| "Choose one.".to_owned()));
    let moment = |text: &str| zone.parse(text).ok_or_else(|| "Write a day and a time.".to_owned());
    let from_ms = input.parsed("from", moment);
    let to_ms = input.parsed_or_none("to", moment);
    if let (Some(from_ms), Some(to_ms)) = (from_ms, to_ms)
        && to_ms <= from_ms
    {
        input.fault("to", "It would end before it begins.");
    }
    let reason = input.text("reason", REASON_CHARS_MAX);
    if let (true, Some(link), Some(kind), Some(from_ms)) = (input.is_right(), link, kind, from_ms) {
        let entered_by = session.actor();
        let new = NewExclusion { link_id: link.id, from_ms, to_ms, kind, reason: &reason, entered_by };
        let address = caller.address_text();
        let act = session.act(&address, app.clock.now_ms());
        match app.store.staff_add_exclusion(&act, &new).await {
            Ok(id) => return Ok(gone_to(&format!("{EXCLUSIONS}/{id}"))),
            Err(StoreError::Duplicate { .. }) => input.fault("circuit", THERE),
            Err(error) => return Err(error.into()),
        }
    }
    form(&app, &session, &input).refused()
}

/// `POST /staff/exclusions/{exclusion}/end`
pub(crate) async fn end(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
    mut input: Input,
) -> Answered<Response> {
    let one = app.store.staff_exclusion(&session.scope, exclusion_id(&id)?).await?;
    let address = caller.address_text();
    let act = session.act(&address, app.clock.now_ms());
    let before = input.shown();
    let why = match Zone::named(&one.timezone).parse(input.value("at")) {
        None => "Not ended: write when.".to_owned(),
        Some(to_ms) => match app.store.staff_end_exclusion(&act, (one.id, &before), to_ms).await {
            Ok(()) => return Ok(gone_to(&format!("{EXCLUSIONS}/{}", one.id))),
            Err(error @ StoreError::Invalid { .. }) => format!("Not ended: {error}."),
            Err(StoreError::Changed { .. }) => {
                let (link, name) =
                    (app.store.link(one.link_id).await?, format!("{} of link {}", one.id, one.circuit));
                let company = link_edit::subject(&app, &session, &link).await?.company;
                let subject = AuditSubject { company, kind: "exclusion", id: one.id.0, name: &name };
                let who = who_changed(&app, &session, subject, &before).await?;
                format!("Not ended: the exclusion was changed after you had opened this page. {who}")
            }
            Err(error) => return Err(error.into()),
        },
    };
    input.fault("at", why);
    Ok(refused(thing(&app, &session, one.id, Some(&input)).await?))
}

/// `POST /staff/exclusions/{exclusion}/remove`
pub(crate) async fn remove(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
) -> Answered<Response> {
    let id = exclusion_id(&id)?;
    let address = caller.address_text();
    let act = session.act(&address, app.clock.now_ms());
    app.store.staff_remove_exclusion(&act, id).await?;
    Ok(gone_to(&format!("{EXCLUSIONS}/{id}")))
}
