//! A staff user's forgotten password: the wish for a link, and the link.

use askama::Template;
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use store::{ResetPurpose, StaffResetLink};

use crate::address::throttle_key;
use crate::app::App;
use crate::assets::asset_url;
use crate::audit::staff_event;
use crate::caller::Caller;
use crate::credentials;
use crate::error::PageError;
use crate::pages::forgot::{ACCOUNT_MAX, ADDRESS_MAX, ForgotForm, WINDOW_MS};
use crate::pages::render;
use crate::pages::reset::ResetForm;
use crate::pages::staff::login::typed_name;
use crate::pages::staff::{Answered, LOGIN, refused};
use crate::token::Token;

#[derive(Template)]
#[template(path = "staff_forgot.html")]
struct ForgotPage {
    css: String,
    can_reset: bool,
    /// The wish was taken, whether there is such an account or not.
    asked: bool,
}

#[derive(Template)]
#[template(path = "staff_reset.html")]
struct ResetPage<'a> {
    css: String,
    /// Where the form is sent to.
    action: String,
    username: &'a str,
    is_first: bool,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "staff_reset_gone.html")]
struct GonePage {
    css: String,
    can_reset: bool,
}

/// `GET /staff/forgot`
pub(crate) async fn show(State(app): State<App>) -> Answered<Response> {
    page(&app, false)
}

/// `POST /staff/forgot`: one answer and one amount of work, whether the account exists or not, and also when it has been
/// asked too often.
pub(crate) async fn submit(
    State(app): State<App>,
    caller: Caller,
    form: Result<Form<ForgotForm>, FormRejection>,
) -> Answered<Response> {
    let Form(ForgotForm { username }) = form.map_err(|_| PageError::BadRequest)?;
    let username = typed_name(&username);
    let is_asked = app.settings.sends_mail && !username.is_empty();
    if is_asked && app.throttle.takes_wish(caller.address, app.clock.now_ms()) {
        let address = throttle_key(caller.address);
        let since_ms = app.clock.now_ms() - WINDOW_MS;
        let counts = app.store.staff_reset_counts(&username, &address, since_ms).await?;
        if counts.account < ACCOUNT_MAX && counts.address < ADDRESS_MAX {
            let event = staff_event(&app, &caller, &username, "password.reset.ask", json!({}));
            app.store.ask_staff_password_reset(&username, &address, &event).await?;
        }
    }
    page(&app, true)
}

fn page(app: &App, asked: bool) -> Answered<Response> {
    let page = ForgotPage { css: asset_url("app.css"), can_reset: app.settings.sends_mail, asked };
    Ok(render(&page)?.into_response())
}

/// `GET /staff/reset/{token}`: looking at a link does not use it up; mail programs look too.
pub(crate) async fn show_link(State(app): State<App>, Path(token): Path<String>) -> Answered<Response> {
    match link(&app, &token).await? {
        Some(link) => link_page(&token, &link, None),
        None => gone(&app),
    }
}

/// `POST /staff/reset/{token}`: sets the password and ends all sessions; a second factor stays as it is.
pub(crate) async fn use_link(
    State(app): State<App>,
    caller: Caller,
    Path(token): Path<String>,
    form: Result<Form<ResetForm>, FormRejection>,
) -> Answered<Response> {
    let Some(link) = link(&app, &token).await? else { return gone(&app) };
    let Form(ResetForm { new, repeat }) = form.map_err(|_| PageError::BadRequest)?;
    let (new, repeat) = (SecretString::from(new), SecretString::from(repeat));
    let again = |why: String| Ok(refused(link_page(&token, &link, Some(why))?));
    if new.expose_secret() != repeat.expose_secret() {
        return again("The two passwords differ.".to_owned());
    }
    let user = &link.user;
    let about = [user.username.as_str(), user.email.as_str(), user.display_name.as_str()];
    let hash = match credentials::new_hash(&app, new, &about).await? {
        Ok(hash) => hash,
        Err(error) => return again(credentials::problem(error)?),
    };
    let action = match link.purpose {
        ResetPurpose::Reset => "password.reset",
        ResetPurpose::Invitation => "invitation.accept",
    };
    let event = staff_event(&app, &caller, &user.username, action, json!({}));
    if !app.store.use_staff_reset_link(&Token::hash_of(&token), &hash, &event).await? {
        return gone(&app);
    }
    Ok(Redirect::to(&format!("{LOGIN}?said=password")).into_response())
}

async fn link(app: &App, token: &str) -> Answered<Option<StaffResetLink>> {
    if !Token::looks_like(token) {
        return Ok(None);
    }
    Ok(app.store.staff_reset_link(&Token::hash_of(token), app.clock.now_ms()).await?)
}

fn link_page(token: &str, link: &StaffResetLink, problem: Option<String>) -> Answered<Response> {
    let page = ResetPage {
        css: asset_url("app.css"),
        action: format!("/staff/reset/{token}"),
        username: &link.user.username,
        is_first: link.purpose == ResetPurpose::Invitation,
        problem,
    };
    Ok(render(&page)?.into_response())
}

fn gone(app: &App) -> Answered<Response> {
    let page = GonePage { css: asset_url("app.css"), can_reset: app.settings.sends_mail };
    Ok((StatusCode::NOT_FOUND, render(&page)?).into_response())
}
