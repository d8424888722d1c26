use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use store::{AlertStanding, NotificationEvent, StaffAlert, StaffAlertAsk, StoreError};

use crate::app::App;
use crate::caller::Caller;
use crate::pages::render;
use crate::pages::staff::form::{Field, Input};
use crate::pages::staff::listing::{Asked, Cell, Deed, ListPage, Table, ThingPage};
use crate::pages::staff::{ALERTS, Answered, Frame, LINKS, ROUTERS, alert_id, gone_to, refused};
use crate::staff::StaffSession;
use crate::view::alert::{known, told_table};
use crate::view::lasted::lasted;
use crate::zone::Zone;

const TEXT_CHARS_MAX: usize = store::ALERT_TEXT_CHARS_MAX;

/// `GET /staff/alerts?q&state&kind&page`
pub(crate) async fn list(
    State(app): State<App>,
    session: StaffSession,
    Query(asked): Query<Asked>,
) -> Answered {
    let standing = asked.one_of("state", &AlertStanding::ALL, AlertStanding::as_str);
    let event = asked.one_of("kind", &NotificationEvent::ALL, NotificationEvent::as_str);
    let filter = StaffAlertAsk { ask: asked.ask(), standing, event };
    let found = app.store.staff_alerts(&session.scope, &filter).await?;
    let now_ms = app.clock.now_ms();
    let rows = found.rows.iter().map(|one| row(one, now_ms)).collect();
    let head = &["Alert", "State", "Kind", "Since", "Told", "Looked after by"];
    let table = Table { title: "Alerts", head, rows, none: "No alert is found.", more: None };
    let states = AlertStanding::ALL.map(|one| (one.as_str().to_owned(), standing_words(one).to_owned()));
    let alerts = NotificationEvent::ALL.into_iter().filter(|event| event.is_alert());
    let kinds = alerts.map(|event| (event.as_str().to_owned(), event.words().to_owned()));
    let page = ListPage::new(Frame::new(&app, &session, ALERTS), "Alerts", &asked, found.total, table)
        .searched("Circuit, router, client or person")
        .narrowed(vec![
            asked.choice("state", "State", "All", states),
            asked.choice("kind", "Kind", "All kinds", kinds),
        ]);
    Ok(render(&page)?)
}

fn standing_words(standing: AlertStanding) -> &'static str {
    match standing {
        AlertStanding::Open => "Open",
        AlertStanding::New => "Open, not acknowledged",
        AlertStanding::Dismissed => "Closed by hand",
        AlertStanding::Over => "Over",
    }
}

fn row(one: &StaffAlert, now_ms: i64) -> Vec<Cell> {
    let alert = &one.alert;
    let zone = Zone::named(&one.timezone);
    let whose = one.client.as_ref().unwrap_or(&one.company);
    let told = match (alert.told_at_ms, &alert.waits) {
        (Some(told_ms), _) => Cell::text(zone.iso_moment(told_ms)),
        (None, Some(why)) => Cell::text("No").sub(why),
        (None, None) => Cell::text("No"),
    };
    vec![
        Cell::link(&alert.about, format!("{ALERTS}/{}", alert.id)).sub(whose),
        state(one),
        Cell::text(alert.event.words()),
        Cell::text(zone.iso_moment(alert.opened_at_ms)).sub(lasted(
            alert.opened_at_ms,
            alert.closed_at_ms,
            now_ms,
        )),
        told,
        Cell::text(alert.assigned_to.as_deref().unwrap_or("–")),
    ]
}

fn state(one: &StaffAlert) -> Cell {
    let alert = &one.alert;
    match (alert.closed_at_ms, alert.dismissed_at_ms, alert.acknowledged_at_ms) {
        (Some(_), ..) => Cell::pill("up", "Over"),
        (None, Some(_), _) => Cell::pill("none", "Closed by hand"),
        (None, None, Some(_)) => Cell::pill("unknown", "Acknowledged"),
        (None, None, None) => Cell::pill("down", "Open"),
    }
}

/// `GET /staff/alerts/{alert}`
pub(crate) async fn show(
    State(app): State<App>,
    session: StaffSession,
    Path(id): Path<String>,
) -> Answered<Response> {
    let one = app.store.staff_alert(&session.scope, alert_id(&id)?).await?;
    Ok(thing(&app, &session, &one, None).await?.into_response())
}

async fn thing(app: &App, session: &StaffSession, one: &StaffAlert, input: Option<&Input>) -> Answered {
    let zone = Zone::named(&one.timezone);
    let now_ms = app.clock.now_ms();
    let log = app.store.staff_alert_log(&session.scope, one.alert.id).await?;
    let deeds = if session.may_edit() { deeds(app, session, one, input).await? } else { Vec::new() };
    let page = ThingPage {
        frame: Frame::new(app, session, ALERTS),
        kind: "Alert",
        title: format!("{}: {}", one.alert.event.words(), one.alert.about),
        pill: Some(state(one).sub(lasted(one.alert.opened_at_ms, one.alert.closed_at_ms, now_ms))),
        warning: input.and_then(Input::first_wrong).map(|why| format!("Nothing is changed. {why}")),
        facts: facts(one, &zone, now_ms),
        deeds,
        tables: vec![told_table(&log, &zone)],
        letter: None,
    };
    Ok(render(&page)?)
}

fn facts(one: &StaffAlert, zone: &Zone, now_ms: i64) -> Vec<(&'static str, Cell)> {
    let alert = &one.alert;
    let about = match alert.subject {
        store::AlertSubject::Link(id) => Cell::link(&alert.about, format!("{LINKS}/{id}")),
        store::AlertSubject::Router(id) => Cell::link(&alert.about, format!("{ROUTERS}/{id}")),
        store::AlertSubject::Company(_) => Cell::text(&alert.about),
    };
    let by = |who: &str, at_ms: Option<i64>| match at_ms {
        Some(at_ms) => format!("{} by {who}", zone.iso_moment(at_ms)),
        None => who.to_owned(),
    };
    let mut facts = vec![("About", about), ("Company", Cell::text(&one.company))];
    facts.extend(one.client.as_ref().map(|client| ("Client", Cell::text(client))));
    facts.push(("Since", Cell::text(zone.iso_moment(alert.opened_at_ms))));
    facts.push(("Noticed", Cell::text(zone.iso_moment(alert.raised_at_ms))));
    facts.extend(alert.closed_at_ms.map(|at_ms| ("Until", Cell::text(zone.iso_moment(at_ms)))));
    facts.extend(known(&alert.facts));
    facts.push(match (alert.told_at_ms, &alert.waits) {
        (Some(at_ms), _) => ("Told", Cell::text(zone.iso_moment(at_ms))),
        (None, Some(why)) => ("Told", Cell::text("No").sub(why)),
        (None, None) => ("Told", Cell::text("No")),
    });
    facts.extend(alert.over_told_at_ms.map(|at_ms| ("End told", Cell::text(zone.iso_moment(at_ms)))));
    if let Some(who) = &alert.acknowledged_by {
        let note = alert.acknowledged_note.as_deref().unwrap_or_default();
        facts.push(("Acknowledged", Cell::text(by(who, alert.acknowledged_at_ms)).sub(note)));
    }
    facts.push(("Looked after by", Cell::text(alert.assigned_to.as_deref().unwrap_or("nobody"))));
    if let Some(who) = &alert.dismissed_by {
        let reason = alert.dismissed_reason.as_deref().unwrap_or_default();
        facts.push(("Closed by hand", Cell::text(by(who, alert.dismissed_at_ms)).sub(reason)));
    }
    facts.push(("Times in", Cell::text(zone.label(now_ms))));
    facts
}

async fn deeds(
    app: &App,
    session: &StaffSession,
    one: &StaffAlert,
    input: Option<&Input>,
) -> Answered<Vec<Deed>> {
    let alert = &one.alert;
    let here = format!("{ALERTS}/{}", alert.id);
    let first = Input::of(&[("to", alert.assigned_to.as_deref().unwrap_or(&session.user.username))]);
    let typed = input.unwrap_or(&first);
    let mut deeds = Vec::new();
    if alert.acknowledged_at_ms.is_none() {
        let note = vec![Field::text(typed, "note", "Note")];
        let what = "You have seen it. Nobody is told of that.";
        deeds.push(Deed::fill(format!("{here}/acknowledge"), "Acknowledge", what, note));
    }
    let people = app.store.staff_assignees(&session.scope, alert.company_id).await?;
    let options = people.into_iter().map(|name| (name.clone(), name));
    let nobody = std::iter::once((String::new(), "Nobody".to_owned()));
    let to = Field::choice(typed, "to", "Who looks after it", nobody.chain(options)).required();
    deeds.push(Deed::fill(format!("{here}/assign"), "Assign", "", vec![to]));
    if alert.is_open() {
        let reason = Field::text(typed, "reason", "Reason").required();
        let what = "It is off the list, and nobody else is told of it. The condition is watched as before: while it \
                    holds no new alert is raised, and whoever was told that it began is told when it ends.";
        deeds.push(Deed::end(format!("{here}/close"), "Close by hand", what, vec![reason]));
    }
    Ok(deeds)
}

/// `POST /staff/alerts/{alert}/acknowledge`
pub(crate) async fn acknowledge(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
    mut input: Input,
) -> Answered<Response> {
    let one = app.store.staff_alert(&session.scope, alert_id(&id)?).await?;
    let note = input.optional("note", TEXT_CHARS_MAX);
    if !input.is_right() {
        return Ok(refused(thing(&app, &session, &one, Some(&input)).await?));
    }
    let address = caller.address_text();
    let act = session.act(&address, app.clock.now_ms());
    app.store.acknowledge_alert(&act, one.alert.id, note.as_deref()).await?;
    Ok(gone_to(&format!("{ALERTS}/{}", one.alert.id)))
}

/// `POST /staff/alerts/{alert}/assign`
pub(crate) async fn assign(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
    mut input: Input,
) -> Answered<Response> {
    let one = app.store.staff_alert(&session.scope, alert_id(&id)?).await?;
    let people = app.store.staff_assignees(&session.scope, one.alert.company_id).await?;
    let to = input.optional("to", TEXT_CHARS_MAX);
    if to.as_ref().is_some_and(|to| !people.contains(to)) {
        input.fault("to", "Nobody of that name may look after it: choose one of the list.");
    }
    if !input.is_right() {
        return Ok(refused(thing(&app, &session, &one, Some(&input)).await?));
    }
    let address = caller.address_text();
    let act = session.act(&address, app.clock.now_ms());
    app.store.assign_alert(&act, one.alert.id, to.as_deref()).await?;
    Ok(gone_to(&format!("{ALERTS}/{}", one.alert.id)))
}

/// `POST /staff/alerts/{alert}/close`
pub(crate) async fn close(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
    mut input: Input,
) -> Answered<Response> {
    let one = app.store.staff_alert(&session.scope, alert_id(&id)?).await?;
    let reason = input.text("reason", TEXT_CHARS_MAX);
    if input.is_right() {
        let address = caller.address_text();
        let act = session.act(&address, app.clock.now_ms());
        match app.store.dismiss_alert(&act, one.alert.id, &reason).await {
            Ok(_) => return Ok(gone_to(&format!("{ALERTS}/{}", one.alert.id))),
            Err(StoreError::Invalid { why, .. }) => input.fault("reason", format!("Not closed: {why}.")),
            Err(error) => return Err(error.into()),
        }
    }
    // It may have been closed meanwhile: the page says how it stands now.
    let now = app.store.staff_alert(&session.scope, one.alert.id).await?;
    Ok(refused(thing(&app, &session, &now, Some(&input)).await?))
}
