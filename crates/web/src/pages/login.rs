use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Query, State};
use axum::http::header::{RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

use crate::app::App;
use crate::audit;
use crate::caller::Caller;
use crate::credentials;
use crate::error::PageError;
use crate::pages::door::{self, Door, destination, refused_form};
use crate::pages::{DASHBOARD, LOGIN_CODE, login_code, render};
use crate::session::{PersonSession, login_with_next};
use crate::throttle::Attempt;

/// Longer user names are nobody's, and are not kept in the log.
pub(crate) const USERNAME_CHARS_MAX: usize = 100;
/// One text for an unknown user, a wrong password and a user who may no longer log in.
const WRONG: &str = "User name or password is wrong.";

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    door: Door,
    username: &'a str,
    next: &'a str,
    problem: Option<String>,
    said: Option<&'static str>,
    can_reset: bool,
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    next: String,
    #[serde(default)]
    said: String,
}

#[derive(Deserialize)]
pub(crate) struct LoginForm {
    username: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// `GET /client/login`
pub(crate) async fn show(
    State(app): State<App>,
    session: Option<PersonSession>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    if session.is_some() {
        return Ok(Redirect::to(destination(&asked.next)).into_response());
    }
    let said = match asked.said.as_str() {
        "password" => Some("Your password is set. Log in with it."),
        "again" => Some("That took too long, or too many codes were wrong. Log in again."),
        _ => None,
    };
    form(&app, "", &asked.next, None, said).await
}

/// `POST /client/login`
pub(crate) async fn submit(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    form_data: Result<Form<LoginForm>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(LoginForm { username, password, next }) = form_data.map_err(|_| PageError::BadRequest)?;
    let username: String = username.trim().chars().take(USERNAME_CHARS_MAX).collect();
    let attempt = Attempt::password(&username, &caller);
    let permit = match attempt.enter(&app).await? {
        Ok(permit) => permit,
        Err(refused) => {
            audit_failure(&app, &caller, &username, "login.refused").await?;
            let page = form(&app, &username, &next, Some(refused.words()), None).await?;
            let retry = [(RETRY_AFTER, refused.retry_after())];
            return Ok((StatusCode::TOO_MANY_REQUESTS, retry, page).into_response());
        }
    };
    let password = SecretString::from(password);
    let Some(user) = credentials::user_with(&app, &username, password, Arc::clone(&permit)).await? else {
        attempt.failed(&app);
        drop(permit);
        audit_failure(&app, &caller, &username, "login.failed").await?;
        let page = form(&app, &username, &next, Some(WRONG.to_owned()), None).await?;
        return Ok(refused_form(page));
    };
    drop(permit);
    if app.store.second_factor_since(user.id).await?.is_none() {
        return door::enter(&app, &user, &headers, &caller, &next, false).await;
    }
    let cookie = login_code::begin(&app, &caller, &user).await?;
    let cookie = AppendHeaders([(SET_COOKIE, cookie.to_string())]);
    let next = destination(&next);
    let to = if next == DASHBOARD { LOGIN_CODE.to_owned() } else { login_with_next(LOGIN_CODE, next) };
    Ok((cookie, Redirect::to(&to)).into_response())
}

async fn form(
    app: &App,
    username: &str,
    next: &str,
    problem: Option<String>,
    said: Option<&'static str>,
) -> Result<Response, PageError> {
    let page = LoginPage {
        door: Door::new(app).await?,
        username,
        next: if destination(next) == DASHBOARD { "" } else { next },
        problem,
        said,
        can_reset: app.settings.sends_mail,
    };
    Ok(render(&page)?.into_response())
}

async fn audit_failure(app: &App, caller: &Caller, username: &str, action: &str) -> Result<(), PageError> {
    let subject = format!("portal user {username}");
    Ok(app.refusals.note(audit::event(app, caller, username, action, subject, json!({}))).await?)
}
