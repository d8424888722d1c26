use askama::Template;
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use store::{ResetLink, ResetPurpose};

use crate::app::App;
use crate::audit;
use crate::caller::Caller;
use crate::credentials;
use crate::error::PageError;
use crate::pages::door::{Door, refused_form};
use crate::pages::{LOGIN, render};
use crate::token::Token;

#[derive(Template)]
#[template(path = "reset.html")]
struct ResetPage<'a> {
    door: Door,
    /// Where the form is sent to.
    action: String,
    username: &'a str,
    is_first: bool,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "reset_gone.html")]
struct GonePage {
    door: Door,
    can_reset: bool,
}

#[derive(Deserialize)]
pub(crate) struct ResetForm {
    pub(crate) new: String,
    pub(crate) repeat: String,
}

/// `GET /client/reset/{token}`: looking at a link does not use it up; mail programs look too.
pub(crate) async fn show(State(app): State<App>, Path(token): Path<String>) -> Result<Response, PageError> {
    match link(&app, &token).await? {
        Some(link) => page(&app, &token, &link, None).await,
        None => gone(&app).await,
    }
}

/// `POST /client/reset/{token}`: sets the password and ends all sessions; a second factor stays as it is.
pub(crate) async fn submit(
    State(app): State<App>,
    caller: Caller,
    Path(token): Path<String>,
    form: Result<Form<ResetForm>, FormRejection>,
) -> Result<Response, PageError> {
    let Some(link) = link(&app, &token).await? else { return gone(&app).await };
    let Form(ResetForm { new, repeat }) = form.map_err(|_| PageError::BadRequest)?;
    let (new, repeat) = (SecretString::from(new), SecretString::from(repeat));
    let refused = |why: String| page(&app, &token, &link, Some(why));
    if new.expose_secret() != repeat.expose_secret() {
        return Ok(refused_form(refused("The two passwords differ.".to_owned()).await?));
    }
    let about = [link.user.username.as_str(), link.user.email.as_str()];
    let hash = match credentials::new_hash(&app, new, &about).await? {
        Ok(hash) => hash,
        Err(error) => return Ok(refused_form(refused(credentials::problem(error)?).await?)),
    };
    let username = &link.user.username;
    let action = match link.purpose {
        ResetPurpose::Reset => "password.reset",
        ResetPurpose::Invitation => "invitation.accept",
    };
    let subject = format!("portal user {username}");
    let event = audit::event(&app, &caller, username, action, subject, json!({}));
    if !app.store.use_reset_link(&Token::hash_of(&token), &hash, &event).await? {
        return gone(&app).await;
    }
    Ok(Redirect::to(&format!("{LOGIN}?said=password")).into_response())
}

async fn link(app: &App, token: &str) -> Result<Option<ResetLink>, PageError> {
    if !Token::looks_like(token) {
        return Ok(None);
    }
    Ok(app.store.reset_link(&Token::hash_of(token), app.clock.now_ms()).await?)
}

async fn page(
    app: &App,
    token: &str,
    link: &ResetLink,
    problem: Option<String>,
) -> Result<Response, PageError> {
    let page = ResetPage {
        door: Door::new(app).await?,
        action: format!("/client/reset/{token}"),
        username: &link.user.username,
        is_first: link.purpose == ResetPurpose::Invitation,
        problem,
    };
    Ok(render(&page)?.into_response())
}

async fn gone(app: &App) -> Result<Response, PageError> {
    let page = GonePage { door: Door::new(app).await?, can_reset: app.settings.sends_mail };
    Ok((StatusCode::NOT_FOUND, render(&page)?).into_response())
}
