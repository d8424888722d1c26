use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};
use store::{Company, StaffDeliveryAsk, StoreError, Webhook, WebhookId};

use crate::app::App;
use crate::caller::Caller;
use crate::pages::render;
use crate::pages::staff::listing::{Asked, Cell, Deed, Letter, ListPage, Table, ThingPage, list_address};
use crate::pages::staff::{Answered, DELIVERIES, Frame, WEBHOOKS, deliveries, gone_to, refused, webhook_id};
use crate::staff::StaffSession;
use crate::zone::Zone;

/// `GET /staff/webhooks`
pub(crate) async fn list(State(app): State<App>, session: StaffSession) -> Answered {
    let found = app.store.staff_webhooks(&session.scope).await?;
    let rows: Vec<_> = found.iter().map(|(company, webhook)| row(company, webhook)).collect();
    let head = &["Webhook", "State", "Company", "Hears of"];
    let total = rows.len().min(1) as i64;
    let table = Table { title: "Webhooks", head, rows, none: "No webhook is entered.", more: None };
    let frame = Frame::new(&app, &session, WEBHOOKS);
    // All of them stand on one page: a company has a handful.
    let page = ListPage::new(frame, "Webhooks", &Asked::default(), total, table);
    Ok(render(&page.with_add(true, "/staff/webhooks/new", "Add a webhook"))?)
}

fn row(company: &Company, webhook: &Webhook) -> Vec<Cell> {
    vec![
        Cell::link(webhook.origin(), format!("{WEBHOOKS}/{}", webhook.id)),
        state(webhook),
        Cell::text(&company.name),
        Cell::text(hears(webhook)),
    ]
}

fn state(webhook: &Webhook) -> Cell {
    if webhook.active { Cell::pill("up", "Active") } else { Cell::pill("none", "Paused") }
}

fn hears(webhook: &Webhook) -> String {
    let events: Vec<_> = webhook.events.iter().map(|event| event.words()).collect();
    if events.is_empty() { "everything".to_owned() } else { events.join(", ") }
}

/// `GET /staff/webhooks/{webhook}`
pub(crate) async fn show(
    State(app): State<App>,
    session: StaffSession,
    Path(id): Path<String>,
) -> Answered<Response> {
    Ok(thing(&app, &session, webhook_id(&id)?, Said::Nothing).await?.into_response())
}

/// What the page says beside how the webhook is.
pub(crate) enum Said {
    /// Nothing.
    Nothing,
    /// Why something was not done.
    Refused(String),
    /// Its new secret, which is shown once.
    Secret(SecretString),
}

pub(crate) async fn thing(app: &App, session: &StaffSession, id: WebhookId, said: Said) -> Answered {
    let (company, webhook) = app.store.staff_webhook(&session.scope, id).await?;
    let recipient = webhook.recipient();
    let now_ms = app.clock.now_ms();
    let from_ms = Some(deliveries::first_ms(now_ms));
    let wanted = StaffDeliveryAsk { recipient: Some(&recipient), from_ms, ..StaffDeliveryAsk::default() };
    let calls = app.store.staff_deliveries(&session.scope, &wanted).await?;
    let zone = Zone::named(&company.timezone);
    let plain = webhook
        .url
        .starts_with("http:")
        .then(|| "What is sent there can be read on the way: https keeps it secret.".to_owned());
    let (warning, letter) = match said {
        Said::Nothing => (plain, None),
        Said::Refused(why) => (Some(format!("Nothing is changed: {why}.")), None),
        Said::Secret(secret) => {
            let subject =
                "Messages are signed with it. It is shown this once and on no other page.".to_owned();
            let text = secret.expose_secret().to_owned();
            (plain, Some(Letter { head: "Secret", subject, text }))
        }
    };
    let more = list_address(DELIVERIES, "", &[("channel", &recipient)], 1);
    let page = ThingPage {
        frame: Frame::new(app, session, WEBHOOKS),
        kind: "Webhook",
        title: format!("Webhook {id}: {}", webhook.origin()),
        pill: Some(state(&webhook)),
        warning,
        facts: vec![
            ("Company", Cell::text(&company.name)),
            ("Hears of", Cell::text(hears(&webhook))),
            ("Entered", Cell::text(zone.iso_moment(webhook.created_at_ms))),
            ("Times in", Cell::text(zone.label(now_ms))),
        ],
        deeds: deeds(&webhook),
        tables: vec![Table {
            title: "Messages",
            head: deliveries::HEAD,
            rows: calls.rows.iter().map(deliveries::row).collect(),
            none: "It was sent nothing yet.",
            more: (calls.total > 0).then(|| (more, format!("{} lately: all of them", calls.total))),
        }],
        letter,
    };
    Ok(render(&page)?)
}

fn deeds(webhook: &Webhook) -> Vec<Deed> {
    let to = |deed: &str| format!("{WEBHOOKS}/{}/{deed}", webhook.id);
    let fold = |deed: &str, words, what| Deed::fill(to(deed), words, what, Vec::new());
    let mut deeds = vec![Deed::Go { to: to("edit"), words: "Edit" }];
    if webhook.active {
        deeds.push(fold(
            "test",
            "Send a test",
            "A message of the type `test` goes out. Its page says what was answered.",
        ));
        deeds.push(fold(
            "pause",
            "Pause",
            "It is sent nothing until it goes on. What is on its way is given up.",
        ));
    } else {
        deeds.push(fold("resume", "Go on", "It hears of what happens from now on."));
    }
    let what = "The new secret is shown once. The old one signs nothing more: enter the new one at the receiver at once.";
    deeds.push(Deed::end(to("secret"), "New secret", what, Vec::new()));
    let what = "It is gone with its secret. What waits for it is given up.";
    deeds.push(Deed::end(to("remove"), "Remove", what, Vec::new()));
    deeds
}

/// `POST /staff/webhooks/{webhook}/pause`
pub(crate) async fn pause(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
) -> Answered<Response> {
    set_active(&app, &session, &caller, &id, false).await
}

/// `POST /staff/webhooks/{webhook}/resume`
pub(crate) async fn resume(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
) -> Answered<Response> {
    set_active(&app, &session, &caller, &id, true).await
}

async fn set_active(
    app: &App,
    session: &StaffSession,
    caller: &Caller,
    id: &str,
    active: bool,
) -> Answered<Response> {
    let id = webhook_id(id)?;
    let address = caller.address_text();
    let act = session.act(&address, app.clock.now_ms());
    app.store.staff_set_webhook_active(&act, id, active).await?;
    Ok(gone_to(&format!("{WEBHOOKS}/{id}")))
}

/// `POST /staff/webhooks/{webhook}/secret`: the answer is the only page that shows it.
pub(crate) async fn renew(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
) -> Answered<Response> {
    let id = webhook_id(&id)?;
    let address = caller.address_text();
    let act = session.act(&address, app.clock.now_ms());
    let secret = app.store.staff_renew_webhook_secret(&act, id).await?;
    Ok(thing(&app, &session, id, Said::Secret(secret)).await?.into_response())
}

/// `POST /staff/webhooks/{webhook}/test`
pub(crate) async fn test(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
) -> Answered<Response> {
    let id = webhook_id(&id)?;
    let address = caller.address_text();
    let act = session.act(&address, app.clock.now_ms());
    match app.store.staff_test_webhook(&act, id).await {
        Ok(message) => Ok(gone_to(&format!("{DELIVERIES}/{message}"))),
        Err(StoreError::Invalid { why, .. }) => {
            Ok(refused(thing(&app, &session, id, Said::Refused(why)).await?))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /staff/webhooks/{webhook}/remove`
pub(crate) async fn remove(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
) -> Answered<Response> {
    let id = webhook_id(&id)?;
    let address = caller.address_text();
    let act = session.act(&address, app.clock.now_ms());
    app.store.staff_remove_webhook(&act, id).await?;
    Ok(gone_to(WEBHOOKS))
}
