use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use store::StoreError;

use crate::app::App;
use crate::audit;
use crate::caller::Caller;
use crate::error::PageError;
use crate::pages::account::profile::with_phone_problem;
use crate::pages::account::{PROFILE, done};
use crate::pages::door::refused_form;
use crate::session::PersonSession;

/// The longest that a number may be as it is typed, with spaces and the like.
const PHONE_CHARS_MAX: usize = 40;

/// A person's number, and whether messages may go there.
pub(crate) struct WhatsAppChoice {
    /// As it is kept, or as it was typed.
    pub(crate) phone: String,
    pub(crate) agrees: bool,
    /// Since when.
    pub(crate) since: Option<String>,
    /// Why what was typed was not taken.
    pub(crate) problem: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct WhatsAppForm {
    #[serde(default)]
    phone: String,
    /// Sent if the box is ticked.
    agrees: Option<String>,
}

/// What the profile shows; `None` where the portal sends nothing by WhatsApp and nobody had agreed to it.
pub(crate) async fn choice(app: &App, session: &PersonSession) -> Result<Option<WhatsAppChoice>, PageError> {
    let kept = app.store.whatsapp_opt_in(session.user.id).await?;
    // Who agreed can take it back in any case.
    if !app.settings.sends_whatsapp && kept.phone.is_none() {
        return Ok(None);
    }
    Ok(Some(WhatsAppChoice {
        phone: kept.phone.unwrap_or_default(),
        agrees: kept.since_ms.is_some(),
        since: kept.since_ms.map(|since_ms| session.zone.iso_day(since_ms)),
        problem: None,
    }))
}

/// `POST /client/profile/whatsapp`
pub(crate) async fn submit(
    State(app): State<App>,
    session: PersonSession,
    caller: Caller,
    form: Result<Form<WhatsAppForm>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(form) = form.map_err(|_| PageError::BadRequest)?;
    let agrees = form.agrees.is_some();
    let problem = |why: String| WhatsAppChoice {
        phone: form.phone.chars().take(PHONE_CHARS_MAX).collect(),
        agrees,
        since: None,
        problem: Some(why),
    };
    if form.phone.chars().count() > PHONE_CHARS_MAX {
        let why = format!("A number has at most {PHONE_CHARS_MAX} characters.");
        return Ok(refused_form(with_phone_problem(&app, &session, problem(why)).await?));
    }
    let event = audit::own(&app, &caller, &session, "whatsapp", serde_json::Value::Null);
    match app.store.set_whatsapp_opt_in(session.user.id, &form.phone, agrees, event).await {
        Ok(_) => Ok(done(PROFILE, "whatsapp").into_response()),
        Err(StoreError::Invalid { why, .. }) => {
            let why = format!("{}.", upper(&why));
            Ok(refused_form(with_phone_problem(&app, &session, problem(why)).await?))
        }
        Err(error) => Err(error.into()),
    }
}

fn upper(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
