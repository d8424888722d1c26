use std::time::Duration;

use askama::Template;
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Query, State};
use axum::http::header::{RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use axum_extra::extract::cookie::Cookie;
use serde::Deserialize;
use serde_json::json;
use store::PortalUser;

use crate::app::App;
use crate::audit;
use crate::caller::{self, Caller};
use crate::error::PageError;
use crate::pages::account::code::{Shown, check};
use crate::pages::door::{self, Door, destination, refused_form};
use crate::pages::{DASHBOARD, LOGIN, render};
use crate::throttle::Attempt;
use crate::token::{self, Token};

/// The cookie of a login whose second step is to come.
const PENDING: &str = "leaseline-login";
/// How long the second step may take.
const PENDING_FOR: Duration = Duration::from_secs(10 * 60);
/// After so many wrong codes the password is asked for again.
const FAILURES_MAX: i64 = 5;

#[derive(Template)]
#[template(path = "login_code.html")]
struct CodePage<'a> {
    door: Door,
    next: &'a str,
    problem: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub(crate) struct CodeForm {
    code: String,
    #[serde(default)]
    next: String,
}

/// Keeps that the password was right; the cookie leads the second step to it.
pub(crate) async fn begin(
    app: &App,
    caller: &Caller,
    user: &PortalUser,
) -> Result<Cookie<'static>, PageError> {
    let token = Token::random()?;
    let until_ms = app.clock.now_ms() + PENDING_FOR.as_millis() as i64;
    app.store.insert_pending_login(&token.hash, user.id, until_ms).await?;
    let subject = format!("portal user {}", user.username);
    let event = audit::event(app, caller, &user.username, "login.password", subject, json!({}));
    app.store.audit(&event).await?;
    Ok(token::cookie(&app.settings, PENDING, token.text, Some(PENDING_FOR)))
}

/// `GET /client/login/code`
pub(crate) async fn show(
    State(app): State<App>,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    match pending(&app, &headers).await? {
        Some(_) => form(&app, &asked.next, None).await,
        None => Ok(Redirect::to(LOGIN).into_response()),
    }
}

/// `POST /client/login/code`: a code of the app, or a recovery code.
pub(crate) async fn submit(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    form_data: Result<Form<CodeForm>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(CodeForm { code, next }) = form_data.map_err(|_| PageError::BadRequest)?;
    let Some((token, user)) = pending(&app, &headers).await? else { return Ok(start_again(&app)) };
    let attempt = Attempt::code(&user.username, &caller);
    let permit = match attempt.enter(&app).await? {
        Ok(permit) => permit,
        Err(refused) => {
            let page = form(&app, &next, Some(refused.words())).await?;
            let retry = [(RETRY_AFTER, refused.retry_after())];
            return Ok((StatusCode::TOO_MANY_REQUESTS, retry, page).into_response());
        }
    };
    let shown = check(&app, user.id, &code).await?;
    let Some(shown) = shown else {
        attempt.failed(&app);
        app.store.fail_pending_login(&token).await?;
        drop(permit);
        let subject = format!("portal user {}", user.username);
        let event = audit::event(&app, &caller, &user.username, "login.code.failed", subject, json!({}));
        app.refusals.note(event).await?;
        if pending(&app, &headers).await?.is_none() {
            return Ok(start_again(&app));
        }
        let wrong = "That code is wrong or was used before. Wait for the next one.".to_owned();
        return Ok(refused_form(form(&app, &next, Some(wrong)).await?));
    };
    drop(permit);
    if !app.store.take_pending_login(&token).await? {
        return Ok(start_again(&app));
    }
    if shown == Shown::RecoveryCode {
        let left = app.store.recovery_codes_left(user.id).await?;
        let subject = format!("portal user {}", user.username);
        let detail = json!({"left": left});
        let event = audit::event(&app, &caller, &user.username, "recovery_code.use", subject, detail);
        app.store.audit(&event).await?;
    }
    let entered = door::enter(&app, &user, &headers, &caller, &next, true).await?;
    let gone = token::removal(&app.settings, PENDING).to_string();
    Ok((AppendHeaders([(SET_COOKIE, gone)]), entered).into_response())
}

fn start_again(app: &App) -> Response {
    let gone = token::removal(&app.settings, PENDING).to_string();
    (AppendHeaders([(SET_COOKIE, gone)]), Redirect::to(&format!("{LOGIN}?said=again"))).into_response()
}

async fn pending(app: &App, headers: &HeaderMap) -> Result<Option<([u8; 32], PortalUser)>, PageError> {
    let Some(token) = caller::cookie(headers, &app.settings, PENDING) else { return Ok(None) };
    let token = Token::hash_of(&token);
    let user = app.store.pending_login(&token, FAILURES_MAX, app.clock.now_ms()).await?;
    Ok(user.map(|user| (token, user)))
}

async fn form(app: &App, next: &str, problem: Option<String>) -> Result<Response, PageError> {
    let next = if destination(next) == DASHBOARD { "" } else { next };
    Ok(render(&CodePage { door: Door::new(app).await?, next, problem })?.into_response())
}
