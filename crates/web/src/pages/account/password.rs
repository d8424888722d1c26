use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use crate::app::App;
use crate::audit;
use crate::caller::Caller;
use crate::credentials::{self, Confirmed};
use crate::error::PageError;
use crate::pages::account::profile::with_password_problem;
use crate::pages::account::{PROFILE, done};
use crate::pages::door::refused_form;
use crate::session::PersonSession;

#[derive(Deserialize)]
pub(crate) struct PasswordForm {
    current: String,
    new: String,
    repeat: String,
}

/// `POST /client/profile/password`: all other sessions of the person end.
pub(crate) async fn submit(
    State(app): State<App>,
    session: PersonSession,
    caller: Caller,
    form: Result<Form<PasswordForm>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(PasswordForm { current, new, repeat }) = form.map_err(|_| PageError::BadRequest)?;
    let (new, repeat) = (SecretString::from(new), SecretString::from(repeat));
    match change(&app, &session, &caller, current.into(), new, repeat).await? {
        Ok(()) => Ok(done(PROFILE, "password").into_response()),
        Err(why) => Ok(refused_form(with_password_problem(&app, &session, why).await?)),
    }
}

async fn change(
    app: &App,
    session: &PersonSession,
    caller: &Caller,
    current: SecretString,
    new: SecretString,
    repeat: SecretString,
) -> Result<Result<(), String>, PageError> {
    let same = current.expose_secret() == new.expose_secret();
    match credentials::confirm(app, session, caller, current).await? {
        Confirmed::Yes => {}
        Confirmed::Wrong => return Ok(Err("Your current password is not that one.".to_owned())),
        Confirmed::Refused(refused) => return Ok(Err(refused.words())),
    }
    if new.expose_secret() != repeat.expose_secret() {
        return Ok(Err("The two new passwords differ.".to_owned()));
    }
    if same {
        return Ok(Err("The new password is the current one.".to_owned()));
    }
    let user = &session.user;
    let about = [user.username.as_str(), user.email.as_str(), session.client.name.as_str()];
    let hash = match credentials::new_hash(app, new, &about).await? {
        Ok(hash) => hash,
        Err(error) => return Ok(Err(credentials::problem(error)?)),
    };
    let event = audit::own(app, caller, session, "password.change", json!({}));
    app.store.change_password(user.id, &hash, Some(session.id), &event).await?;
    Ok(Ok(()))
}
