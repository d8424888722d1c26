use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::header::{RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use store::{AuditEvent, PortalUser};
use tokio::sync::OwnedSemaphorePermit;

use crate::address::client_address;
use crate::app::App;
use crate::assets::asset_url;
use crate::error::PageError;
use crate::pages::{DASHBOARD, render};
use crate::password::{hash_unchecked, needs_rehash, verify_password};
use crate::session::{self, ClientSession};
use crate::throttle::{Attempt, Verdict};

/// Longer user names are nobody's, and are not kept in the log.
const USERNAME_CHARS_MAX: usize = 100;
/// What a refused browser is told to wait, seconds.
const RETRY_AFTER_S: &str = "900";
/// One text for an unknown user, a wrong password and a user who may no longer log in.
const WRONG: &str = "User name or password is wrong.";
const TOO_MANY: &str = "Too many failed attempts. Please wait 15 minutes and try again.";

/// A hash that no password fits, for the work of checking one when the user does not exist.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| {
    let mut password = [0; 32];
    getrandom::fill(&mut password).ok()?;
    hash_unchecked(&password.map(|byte| format!("{byte:02x}")).concat()).ok()
});

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    css: String,
    js: String,
    company: Option<String>,
    support_email: Option<String>,
    username: &'a str,
    next: &'a str,
    problem: Option<&'static str>,
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    next: String,
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
    session: Option<ClientSession>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    if session.is_some() {
        return Ok(Redirect::to(destination(&asked.next)).into_response());
    }
    form(&app, "", &asked.next, None).await
}

/// `POST /client/login`
pub(crate) async fn submit(
    State(app): State<App>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    filled: Result<Form<LoginForm>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(LoginForm { username, password, next }) = filled.map_err(|_| PageError::BadRequest)?;
    let password = SecretString::from(password);
    let username: String = username.trim().chars().take(USERNAME_CHARS_MAX).collect();
    let address = client_address(peer.as_deref(), &headers, &app.settings.trusted_proxies);
    let attempt = Attempt::new(&username, address);
    let address = address.to_string();

    let verdict = attempt.verdict(&app.store, app.clock.now_ms()).await?;
    if verdict == Verdict::Slow {
        tokio::time::sleep(app.settings.login_delay).await;
    }
    // Counted again with the permit in hand, which is kept until the outcome is counted too: many attempts at once
    // do not slip past the limit together.
    let permit = Arc::new(Arc::clone(&app.password_checks).acquire_owned().await.map_err(internal)?);
    if verdict == Verdict::Refuse || attempt.verdict(&app.store, app.clock.now_ms()).await? == Verdict::Refuse
    {
        audit(&app, &username, "login.refused", &address).await?;
        let page = form(&app, &username, &next, Some(TOO_MANY)).await?;
        return Ok((StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, RETRY_AFTER_S)], page).into_response());
    }
    let Some(user) = check(&app, &username, password, Arc::clone(&permit)).await? else {
        attempt.record(&app.store, false, app.clock.now_ms()).await?;
        drop(permit);
        audit(&app, &username, "login.failed", &address).await?;
        let page = form(&app, &username, &next, Some(WRONG)).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    attempt.record(&app.store, true, app.clock.now_ms()).await?;
    drop(permit);
    audit(&app, &user.username, "login", &address).await?;
    let cookie = session::begin(&app, &user, &headers, &address).await?;
    let cookie = AppendHeaders([(SET_COOKIE, cookie.to_string())]);
    Ok((cookie, Redirect::to(destination(&next))).into_response())
}

/// The user whose password this is. The work is the same whether the user exists or not.
async fn check(
    app: &App,
    username: &str,
    password: SecretString,
    permit: Arc<OwnedSemaphorePermit>,
) -> Result<Option<PortalUser>, PageError> {
    let found = app.store.portal_user_by_username(username).await?;
    let (user, stored) = found.map_or((None, None), |(user, hash)| (Some(user), Some(hash)));
    let work = move || {
        let _permit = permit;
        let stored = stored.or_else(|| NOBODY.clone()).unwrap_or_default();
        let fits = verify_password(&password, &stored);
        let renewed = (fits && needs_rehash(&stored)).then(|| hash_unchecked(password.expose_secret()));
        (fits, renewed)
    };
    let (fits, renewed) = tokio::task::spawn_blocking(work).await.map_err(internal)?;
    let Some(user) = user.filter(|user| fits && user.active) else { return Ok(None) };
    if let Some(renewed) = renewed {
        let renewed = renewed.map_err(internal)?;
        app.store.set_portal_user_password_hash(user.id, &renewed).await?;
    }
    Ok(Some(user))
}

async fn form(
    app: &App,
    username: &str,
    next: &str,
    problem: Option<&'static str>,
) -> Result<Response, PageError> {
    // With one company its name is no secret; with several nobody knows yet whose customer this is.
    let mut companies = app.store.companies().await?;
    let company = if companies.len() == 1 { companies.pop() } else { None };
    let page = LoginPage {
        css: asset_url("app.css"),
        js: asset_url("app.js"),
        company: company.as_ref().map(|company| company.name.clone()),
        support_email: company.and_then(|company| company.support_email),
        username,
        next: if destination(next) == DASHBOARD { "" } else { next },
        problem,
    };
    Ok(render(&page)?.into_response())
}

async fn audit(app: &App, username: &str, action: &str, address: &str) -> Result<(), PageError> {
    app.store
        .audit(&AuditEvent {
            at_ms: app.clock.now_ms(),
            actor: format!("portal:{username}"),
            action: action.to_owned(),
            subject: format!("portal user {username}"),
            detail: serde_json::json!({}),
            address: Some(address.to_owned()),
        })
        .await?;
    Ok(())
}

/// Where to go after logging in: a page of ours, never another site's.
fn destination(next: &str) -> &str {
    let plain = next.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_".contains(&byte));
    if plain && next.starts_with("/client/") && !next.starts_with("/client/log") { next } else { DASHBOARD }
}

fn internal(error: impl std::fmt::Display) -> PageError {
    PageError::Internal(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_to_our_own_pages_only() {
        assert_eq!(destination("/client/links/7"), "/client/links/7");
        for bad in
            ["", "https://evil.example", "//evil.example", "/client/..%2f", "/client/\\evil", "/client/login"]
        {
            assert_eq!(destination(bad), DASHBOARD, "{bad}");
        }
    }
}
