use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use store::{AuditSubject, CompanyId, NotificationEvent, Shown, StoreError, Webhook};

use crate::app::App;
use crate::caller::Caller;
use crate::pages::render;
use crate::pages::staff::edit::EditPage;
use crate::pages::staff::form::{Field, FormPage, Input, Kind, chosen};
use crate::pages::staff::webhooks::{Said, thing};
use crate::pages::staff::{Answered, Frame, WEBHOOKS, companies, gone_to, webhook_id};
use crate::staff::StaffSession;

/// The value of a tick.
const ON: &str = "on";

/// Where it is, and what it hears of; each event has a field of its name.
fn fields(input: &Input) -> Vec<Field> {
    let url = Field::new(input, "url", "Address", Kind::Input("url")).required();
    let events = NotificationEvent::ALL.into_iter().map(|event| {
        let field = Field::new(input, event.as_str(), event.words(), Kind::Tick).required();
        match event {
            NotificationEvent::LinkDown => field.hint("With nothing ticked it hears of everything."),
            _ => field,
        }
    });
    let hint = "The whole address, for example https://hooks.example.net/leaseline.";
    std::iter::once(url.hint(hint)).chain(events).collect()
}

fn events(input: &Input) -> Vec<NotificationEvent> {
    NotificationEvent::ALL.into_iter().filter(|event| input.value(event.as_str()) == ON).collect()
}

/// `GET /staff/webhooks/new`
pub(crate) async fn new(State(app): State<App>, session: StaffSession) -> Answered {
    Ok(render(&new_form(&app, &session, &Input::default()).await?)?)
}

async fn new_form(app: &App, session: &StaffSession, input: &Input) -> Answered<FormPage> {
    let company = companies::choice(app, session, input).await?;
    Ok(FormPage {
        frame: Frame::new(app, session, WEBHOOKS),
        title: "Add a webhook".to_owned(),
        back: (WEBHOOKS.to_owned(), "Webhooks".to_owned()),
        action: WEBHOOKS.to_owned(),
        fields: std::iter::once(company).chain(fields(input)).collect(),
        submit: "Add the webhook",
        note: "Another program hears of the company's events: each is sent to it, signed with a secret that the next page shows once.",
    })
}

/// `POST /staff/webhooks`: the answer is the only page that shows the secret.
pub(crate) async fn add(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    mut input: Input,
) -> Answered<Response> {
    let company = input.parsed("company", chosen).map(CompanyId);
    let url = input.text("url", usize::MAX);
    if let (true, Some(company)) = (input.is_right(), company) {
        let address = caller.address_text();
        let act = session.act(&address, app.clock.now_ms());
        match app.store.staff_add_webhook(&act, company, &url, &events(&input)).await {
            Ok((id, secret)) => {
                return Ok(thing(&app, &session, id, Said::Secret(secret)).await?.into_response());
            }
            Err(StoreError::NotFound { .. }) => input.fault("company", "Choose one."),
            Err(error) => fault(&mut input, error)?,
        }
    }
    new_form(&app, &session, &input).await?.refused()
}

/// What the store refuses is told at the address.
fn fault(input: &mut Input, error: StoreError) -> Answered<()> {
    match error {
        StoreError::Duplicate { .. } => input.fault("url", "The company has a webhook with this address."),
        StoreError::Invalid { why, .. } => input.fault("url", format!("Not stored: {why}.")),
        error => return Err(error.into()),
    }
    Ok(())
}

/// `GET /staff/webhooks/{webhook}/edit`
pub(crate) async fn edit(State(app): State<App>, session: StaffSession, Path(id): Path<String>) -> Answered {
    let (webhook, shown) = app.store.shown_webhook(&session.scope, webhook_id(&id)?).await?;
    Ok(render(&edit_form(&app, &session, &webhook, shown, &stored(&webhook)))?)
}

fn stored(webhook: &Webhook) -> Input {
    let ticked = webhook.events.iter().map(|event| (event.as_str(), ON));
    Input::of(&std::iter::once(("url", webhook.url.as_str())).chain(ticked).collect::<Vec<_>>())
}

fn edit_form(app: &App, session: &StaffSession, webhook: &Webhook, shown: Shown, input: &Input) -> EditPage {
    let form = FormPage {
        frame: Frame::new(app, session, WEBHOOKS),
        title: format!("Edit webhook {}: {}", webhook.id, webhook.origin()),
        back: (format!("{WEBHOOKS}/{}", webhook.id), format!("Webhook {}", webhook.id)),
        action: format!("{WEBHOOKS}/{}/edit", webhook.id),
        fields: fields(input),
        submit: "Save",
        note: "The secret stays as it is.",
    };
    EditPage::new(form, shown)
}

/// `POST /staff/webhooks/{webhook}/edit`
pub(crate) async fn save(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
    mut input: Input,
) -> Answered<Response> {
    let (webhook, _) = app.store.shown_webhook(&session.scope, webhook_id(&id)?).await?;
    let before = input.shown();
    let url = input.text("url", usize::MAX);
    if input.is_right() {
        let address = caller.address_text();
        let act = session.act(&address, app.clock.now_ms());
        match app.store.staff_edit_webhook(&act, (webhook.id, &before), &url, &events(&input)).await {
            Ok(()) => return Ok(gone_to(&format!("{WEBHOOKS}/{}", webhook.id))),
            Err(StoreError::Changed { .. }) => {
                let (webhook, now) = app.store.shown_webhook(&session.scope, webhook.id).await?;
                let page = edit_form(&app, &session, &webhook, now, &input);
                let (id, name) = (webhook.id.0, webhook.id.to_string());
                let subject =
                    AuditSubject { company: Some(webhook.company_id), kind: "webhook", id, name: &name };
                return page.overtaken((&app, &session), (subject, &before), &stored(&webhook)).await;
            }
            Err(error) => fault(&mut input, error)?,
        }
    }
    edit_form(&app, &session, &webhook, before, &input).refused()
}
