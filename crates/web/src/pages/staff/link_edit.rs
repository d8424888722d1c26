use axum::extract::{Path, State};
use axum::response::Response;
use import::field;
use store::{AuditSubject, DownWhen, Link, LinkFields, LinkId, Shown, StoreError};

use crate::app::App;
use crate::caller::Caller;
use crate::pages::staff::edit::EditPage;
use crate::pages::staff::form::{FormPage, Input};
use crate::pages::staff::interfaces::{self, Interfaces};
use crate::pages::staff::link_fields::{Typed, common, measured_from};
use crate::pages::staff::link_form::{NEEDED, fault, live};
use crate::pages::staff::{Answered, Frame, LINKS, gone_to};
use crate::pages::{link_id, render};
use crate::staff::StaffSession;
use crate::zone::Zone;

/// `GET /staff/links/{link}/edit`
pub(crate) async fn edit(State(app): State<App>, session: StaffSession, Path(id): Path<String>) -> Answered {
    let link = live(&app, &session, link_id(&id)?).await?;
    let (link, shown) = app.store.shown_link(&session.scope, link.id).await?;
    Ok(render(&edit_form(&app, &session, &link, shown, &stored(&app, &session, &link).await?).await?)?)
}

/// What is known of the router's interfaces; the one that the link has is not doubted.
async fn known(app: &App, session: &StaffSession, link: &Link) -> Answered<Option<Interfaces>> {
    let known = Interfaces::of(app, session, link.router_id).await?;
    Ok(known.map(|known| known.accepting(&link.interface)))
}

async fn stored(app: &App, session: &StaffSession, link: &Link) -> Answered<Input> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let from_ms = app.store.set_start_of_measuring(link).await?;
    let zone = zone(app, session, link).await?;
    Ok(Input::of(&[
        ("circuit", &link.circuit),
        ("interface", &link.interface),
        ("site", &text(&link.site)),
        ("service_ref", &text(&link.service_ref)),
        ("kind", &link.kind),
        ("committed", &(link.committed_bps as f64 / 1_000_000.0).to_string()),
        ("probe_target", &text(&link.probe_target)),
        ("facing", link.facing.as_str()),
        ("measured_from", &from_ms.map(|ms| zone.form(ms)).unwrap_or_default()),
    ]))
}

async fn zone(app: &App, session: &StaffSession, link: &Link) -> Answered<Zone> {
    Ok(Zone::named(&app.store.staff_link_zone(&session.scope, link.id).await?))
}

async fn edit_form(
    app: &App,
    session: &StaffSession,
    link: &Link,
    shown: Shown,
    input: &Input,
) -> Answered<EditPage> {
    let known = known(app, session, link).await?;
    let here = format!("{LINKS}/{}", link.id);
    let mut fields = common(input, interfaces::fields(input, known.as_ref()));
    fields.push(measured_from(input));
    let form = FormPage {
        frame: Frame::new(app, session, LINKS),
        title: format!("Edit {}", link.circuit),
        action: format!("{here}/edit"),
        back: (here, link.circuit.clone()),
        fields,
        submit: "Save",
        note: "Another client or router is another link: retire this one and add that one.",
    };
    Ok(EditPage::new(form, shown))
}

/// `POST /staff/links/{link}/edit`
pub(crate) async fn save(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
    mut input: Input,
) -> Answered<Response> {
    let link = live(&app, &session, link_id(&id)?).await?;
    let before = input.shown();
    let typed = Typed::of(&mut input);
    let asks = app.store.staff_terms(&session.scope, link.id).await?;
    // Terms in force and those to come; what was agreed for the past asks nobody any more.
    let now_ms = app.clock.now_ms();
    let in_force = asks.iter().rposition(|terms| terms.valid_from_ms <= now_ms).unwrap_or(0);
    let asks = asks[in_force..].iter().any(|terms| terms.down_when == DownWhen::InterfaceOrNoAnswer);
    if asks && typed.as_ref().is_some_and(|typed| typed.probe_target.is_none()) {
        input.fault("probe_target", NEEDED);
    }
    if let Some(known) = known(&app, &session, &link).await? {
        known.check(&mut input);
    }
    // To the minute: what nobody touched stays to the millisecond, and a first poll stays one.
    let is_touched = input.has("measured_from")
        && input.value("measured_from") != stored(&app, &session, &link).await?.value("measured_from");
    let zone = zone(&app, &session, &link).await?;
    let measured_from_ms = is_touched
        .then(|| input.parsed_or_none("measured_from", |text| field::moment(text, zone.time_zone())));
    if let (true, Some(typed)) = (input.is_right(), typed) {
        let fields = LinkFields {
            interface: &typed.interface,
            circuit: &typed.circuit,
            service_ref: typed.service_ref.as_deref(),
            kind: &typed.kind,
            committed_bps: typed.committed_bps,
            probe_target: typed.probe_target.as_deref(),
            facing: typed.facing,
            site: typed.site.as_deref(),
            measured_from_ms,
        };
        let address = caller.address_text();
        let act = session.act(&address, app.clock.now_ms());
        match app.store.staff_edit_link(&act, (link.id, &before), &fields).await {
            Ok(()) => return Ok(gone_to(&format!("{LINKS}/{}", link.id))),
            Err(StoreError::Changed { .. }) => {
                return overtaken(&app, &session, link.id, &before, &input).await;
            }
            Err(error) => fault(&mut input, error)?,
        }
    }
    edit_form(&app, &session, &link, before, &input).await?.refused()
}

/// Somebody was quicker.
async fn overtaken(
    app: &App,
    session: &StaffSession,
    id: LinkId,
    before: &Shown,
    input: &Input,
) -> Answered<Response> {
    let (link, now) = app.store.shown_link(&session.scope, id).await?;
    let page = edit_form(app, session, &link, now, input).await?;
    let subject = subject(app, session, &link).await?;
    let stored = stored(app, session, &link).await?;
    page.overtaken((app, session), (subject, before), &stored).await
}

/// A link as the audit log names it.
pub(crate) async fn subject<'a>(
    app: &App,
    session: &StaffSession,
    link: &'a Link,
) -> Answered<AuditSubject<'a>> {
    let client = app.store.staff_client(&session.scope, app.clock.now_ms(), link.client_id).await?;
    let company = client.company_id;
    Ok(AuditSubject { company: Some(company), kind: "link", id: link.id.0, name: &link.circuit })
}
