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
use store::StaffUser;

use crate::app::App;
use crate::assets::asset_url;
use crate::audit::staff_event;
use crate::caller::{Caller, new_device};
use crate::credentials;
use crate::error::PageError;
use crate::pages::door::is_address;
use crate::pages::login::USERNAME_CHARS_MAX;
use crate::pages::render;
use crate::pages::staff::{Answered, LOGIN, LOGIN_CODE, WALL, login_code, refused};
use crate::session::login_with_next;
use crate::staff::{self, StaffSession};
use crate::throttle::Attempt;

/// One text for an unknown user, a wrong password and a user who may no longer log in.
const WRONG: &str = "User name or password is wrong.";

#[derive(Template)]
#[template(path = "staff_login.html")]
struct LoginPage<'a> {
    css: String,
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

/// `GET /staff/login`
pub(crate) async fn show(
    State(app): State<App>,
    session: Option<StaffSession>,
    Query(asked): Query<Asked>,
) -> Answered<Response> {
    if session.is_some() {
        return Ok(Redirect::to(destination(&asked.next)).into_response());
    }
    let said = match asked.said.as_str() {
        "again" => Some("That took too long, or too many codes were wrong. Log in again."),
        "password" => Some("Your password is set. Log in with it."),
        _ => None,
    };
    form(&app, "", &asked.next, None, said)
}

/// `POST /staff/login`
pub(crate) async fn submit(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    form_data: Result<Form<LoginForm>, FormRejection>,
) -> Answered<Response> {
    let Form(LoginForm { username, password, next }) = form_data.map_err(|_| PageError::BadRequest)?;
    let username = typed_name(&username);
    let attempt = Attempt::staff_password(&username, &caller);
    let permit = match attempt.enter(&app).await? {
        Ok(permit) => permit,
        Err(refused) => {
            app.refusals.note(staff_event(&app, &caller, &username, "login.refused", json!({}))).await?;
            let retry = [(RETRY_AFTER, refused.retry_after())];
            let page = form(&app, &username, &next, Some(refused.words()), None)?;
            return Ok((StatusCode::TOO_MANY_REQUESTS, retry, page).into_response());
        }
    };
    let password = SecretString::from(password);
    let Some(user) = credentials::staff_with(&app, &username, password, Arc::clone(&permit)).await? else {
        attempt.failed(&app);
        drop(permit);
        app.refusals.note(staff_event(&app, &caller, &username, "login.failed", json!({}))).await?;
        return Ok(refused(form(&app, &username, &next, Some(WRONG.to_owned()), None)?));
    };
    drop(permit);
    if app.store.second_factor_since(user.id).await?.is_none() {
        return enter(&app, &user, &headers, &caller, &next, false).await;
    }
    let cookie = login_code::begin(&app, &caller, &user).await?;
    let next = destination(&next);
    let to = if next == WALL { LOGIN_CODE.to_owned() } else { login_with_next(LOGIN_CODE, next) };
    Ok((AppendHeaders([(SET_COOKIE, cookie.to_string())]), Redirect::to(&to)).into_response())
}

/// A user name as it is looked for and kept in the log. PostgreSQL takes no U+0000, and no user's name has one.
pub(crate) fn typed_name(text: &str) -> String {
    text.trim().chars().take(USERNAME_CHARS_MAX).map(|c| if c == '\0' { '\u{fffd}' } else { c }).collect()
}

/// `POST /staff/logout`: ends the session in the store and takes the cookie away. Twice does no harm.
pub(crate) async fn log_out(
    State(app): State<App>,
    session: Option<StaffSession>,
    caller: Caller,
) -> Answered<Response> {
    if let Some(session) = session {
        app.store.delete_session(&session.token_hash).await?;
        let event = staff_event(&app, &caller, &session.user.username, "logout", json!({}));
        app.store.audit(&event).await?;
    }
    let cookie = staff::removal(&app.settings).to_string();
    Ok((AppendHeaders([(SET_COOKIE, cookie)]), Redirect::to(LOGIN)).into_response())
}

/// Begins the session of somebody who has shown everything that the account asks for.
pub(crate) async fn enter(
    app: &App,
    user: &StaffUser,
    headers: &HeaderMap,
    caller: &Caller,
    next: &str,
    second_factor: bool,
) -> Answered<Response> {
    let device = new_device(caller, &app.settings)?;
    let key = device.as_ref().map(|(_, key)| key.as_str());
    Attempt::staff_password(&user.username, caller).succeeded(app, key).await?;
    if second_factor {
        Attempt::staff_code(&user.username, caller).succeeded(app, key).await?;
    }
    let detail = json!({"second_factor": second_factor});
    app.store.audit(&staff_event(app, caller, &user.username, "login", detail)).await?;
    let session = staff::begin(app, user, headers, caller, second_factor).await?;
    let cookies = [Some(session), device.map(|(cookie, _)| cookie)];
    let cookies = cookies.into_iter().flatten().map(|cookie| (SET_COOKIE, cookie.to_string()));
    let cookies: Vec<_> = cookies.collect();
    Ok((AppendHeaders(cookies), Redirect::to(destination(next))).into_response())
}

/// Where to go after logging in: a staff page, never another site's.
pub(crate) fn destination(next: &str) -> &str {
    if is_address(next)
        && (next.starts_with("/staff/") || next.starts_with("/staff?"))
        && !["/staff/log", "/staff/forgot", "/staff/reset"].iter().any(|door| next.starts_with(door))
    {
        next
    } else {
        WALL
    }
}

fn form(
    app: &App,
    username: &str,
    next: &str,
    problem: Option<String>,
    said: Option<&'static str>,
) -> Answered<Response> {
    let next = if destination(next) == WALL { "" } else { next };
    let can_reset = app.settings.sends_mail;
    Ok(render(&LoginPage { css: asset_url("app.css"), username, next, problem, said, can_reset })?
        .into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_to_staff_pages_only() {
        assert_eq!(destination("/staff/links/7"), "/staff/links/7");
        for bad in [
            "",
            "//evil.example",
            "/client/dashboard",
            "/staff/../x",
            "/staff/login",
            "/staff/logout",
            "/staff/forgot",
            "/staff/reset/0",
            "/staff/\\x",
        ] {
            assert_eq!(destination(bad), WALL, "{bad}");
        }
    }
}
