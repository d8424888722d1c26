use axum::extract::{Path, State};
use axum::response::Response;
use import::field;
use store::{DownWhen, Link, LinkId, LinkTerms, Shown, StoreError};

use crate::app::App;
use crate::caller::Caller;
use crate::pages::staff::edit::EditPage;
use crate::pages::staff::form::{Field, FormPage, Input, Kind, words};
use crate::pages::staff::link_form::{day, live};
use crate::pages::staff::{Answered, Frame, LINKS, gone_to, link_edit};
use crate::pages::{link_id, render};
use crate::staff::StaffSession;
use crate::zone::Zone;

const LATENCY_MS_MAX: u32 = 60_000;
const DOWN_WHEN: &[(&str, &str)] = &[
    ("interface", "The interface is not running"),
    ("interface_or_no_answer", "Not running, or the probe target gives no answer"),
];

/// The fields of an agreement.
pub(crate) fn fields(input: &Input) -> Vec<Field> {
    vec![
        Field::text(input, "uptime_pct", "Promised availability, %")
            .hint("For example 99.50; empty: none is promised."),
        Field::text(input, "latency_ms", "Promised round trip, ms"),
        Field::text(input, "loss_pct", "Promised round-trip loss, %"),
        Field::choice(input, "down_when", "It counts as down when", words(DOWN_WHEN)).required(),
    ]
}

/// What a form says of an agreement; `None`: something is not right.
pub(crate) fn typed(input: &mut Input, link_id: LinkId, valid_from_ms: i64) -> Option<LinkTerms> {
    let percent = |text: &str| field::decimal(text, 100);
    let uptime_pct = input.parsed_or_none("uptime_pct", percent);
    let latency_ms = input.parsed_or_none("latency_ms", |text| field::decimal(text, LATENCY_MS_MAX));
    let loss_pct = input.parsed_or_none("loss_pct", percent);
    let down_when: Option<DownWhen> =
        input.parsed("down_when", |text| text.parse().map_err(|_| "Choose one.".to_owned()));
    Some(LinkTerms { link_id, valid_from_ms, uptime_pct, latency_ms, loss_pct, down_when: down_when? })
}

/// `GET /staff/links/{link}/terms`: begins with what is in force.
pub(crate) async fn edit(State(app): State<App>, session: StaffSession, Path(id): Path<String>) -> Answered {
    let link = live(&app, &session, link_id(&id)?).await?;
    let zone = Zone::named(&app.store.staff_link_zone(&session.scope, link.id).await?);
    let (terms, shown) = app.store.shown_terms(&session.scope, link.id).await?;
    let tomorrow_ms = zone.day_around(app.clock.now_ms()).to_ms;
    let input = last_of(&terms, &zone, tomorrow_ms.max(link.activated_at_ms));
    Ok(render(&form(&app, &session, &link, shown, &input))?)
}

/// What was agreed last, from a moment on.
fn last_of(terms: &[LinkTerms], zone: &Zone, from_ms: i64) -> Input {
    let last = terms.last();
    let text = |value: Option<&String>| value.cloned().unwrap_or_default();
    Input::of(&[
        ("valid_from", &zone.iso_day(from_ms)),
        ("uptime_pct", &text(last.and_then(|terms| terms.uptime_pct.as_ref()))),
        ("latency_ms", &text(last.and_then(|terms| terms.latency_ms.as_ref()))),
        ("loss_pct", &text(last.and_then(|terms| terms.loss_pct.as_ref()))),
        ("down_when", last.map_or("interface", |terms| terms.down_when.as_str())),
    ])
}

fn form(app: &App, session: &StaffSession, link: &Link, shown: Shown, input: &Input) -> EditPage {
    let here = format!("{LINKS}/{}", link.id);
    let from = Field::new(input, "valid_from", "Valid from", Kind::Input("date"));
    let mut all = vec![from.required().hint("From 00:00 by the company's clock; today at the earliest.")];
    all.extend(fields(input));
    let form = FormPage {
        frame: Frame::new(app, session, LINKS),
        title: format!("Change the terms of {}", link.circuit),
        action: format!("{here}/terms"),
        back: (here, link.circuit.clone()),
        fields: all,
        submit: "Enter the new terms",
        note: "What was agreed before stays as it was: a month is split where its terms change.",
    };
    EditPage::new(form, shown)
}

/// `POST /staff/links/{link}/terms`
pub(crate) async fn save(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
    mut input: Input,
) -> Answered<Response> {
    let link = live(&app, &session, link_id(&id)?).await?;
    let zone = Zone::named(&app.store.staff_link_zone(&session.scope, link.id).await?);
    let now_ms = app.clock.now_ms();
    let before = input.shown();
    let is_first = app.store.staff_terms(&session.scope, link.id).await?.is_empty();
    let earliest_ms = if is_first {
        link.activated_at_ms
    } else {
        zone.day_around(now_ms).from_ms.max(link.activated_at_ms)
    };
    let from_ms = input.parsed("valid_from", |text| match day(&zone, text) {
        Ok(at_ms) if at_ms < earliest_ms => {
            Err("What is past stays as it was agreed: take a later day.".to_owned())
        }
        other => other,
    });
    let terms = typed(&mut input, link.id, from_ms.unwrap_or_default());
    if terms.as_ref().is_some_and(|terms| terms.down_when == DownWhen::InterfaceOrNoAnswer)
        && link.probe_target.is_none()
    {
        input.fault("down_when", "The link has no probe target to ask.");
    }
    if let (true, Some(terms)) = (input.is_right(), terms) {
        let address = caller.address_text();
        match app.store.staff_add_terms(&session.act(&address, now_ms), &before, &terms).await {
            Ok(()) => return Ok(gone_to(&format!("{LINKS}/{}", link.id))),
            Err(StoreError::Duplicate { .. }) => {
                input.fault(
                    "valid_from",
                    "The link has terms from that day already, and terms are never edited.",
                );
            }
            Err(StoreError::Changed { .. }) => {
                let (stored, now) = app.store.shown_terms(&session.scope, link.id).await?;
                // The day is for this person to say; figures are compared with what was agreed last.
                let stored = last_of(&stored, &zone, terms.valid_from_ms);
                let page = form(&app, &session, &link, now, &input);
                let subject = link_edit::subject(&app, &session, &link).await?;
                return page.overtaken((&app, &session), (subject, &before), &stored).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    form(&app, &session, &link, before, &input).refused()
}
