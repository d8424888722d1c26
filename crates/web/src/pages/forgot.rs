use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use crate::address::throttle_key;
use crate::app::App;
use crate::audit;
use crate::caller::Caller;
use crate::error::PageError;
use crate::pages::door::Door;
use crate::pages::login::USERNAME_CHARS_MAX;
use crate::pages::render;

/// Wishes are counted over this time.
pub(crate) const WINDOW_MS: i64 = 60 * 60 * 1000;
/// An account gets so many mails in that time; further wishes change nothing.
pub(crate) const ACCOUNT_MAX: i64 = 3;
/// An address may send so many wishes in that time.
pub(crate) const ADDRESS_MAX: i64 = 20;

#[derive(Template)]
#[template(path = "forgot.html")]
struct ForgotPage {
    door: Door,
    can_reset: bool,
    /// The wish was taken, whether there is such an account or not.
    asked: bool,
}

#[derive(Deserialize)]
pub(crate) struct ForgotForm {
    pub(crate) username: String,
}

/// `GET /client/forgot`
pub(crate) async fn show(State(app): State<App>) -> Result<Response, PageError> {
    page(&app, false).await
}

/// `POST /client/forgot`: one answer and one amount of work, whether the account exists or not, and also when it has
/// been asked too often.
pub(crate) async fn submit(
    State(app): State<App>,
    caller: Caller,
    form: Result<Form<ForgotForm>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(ForgotForm { username }) = form.map_err(|_| PageError::BadRequest)?;
    let username: String = username.trim().chars().take(USERNAME_CHARS_MAX).collect();
    let is_asked = app.settings.sends_mail && !username.is_empty();
    if is_asked && app.throttle.takes_wish(caller.address, app.clock.now_ms()) {
        let address = throttle_key(caller.address);
        let since_ms = app.clock.now_ms() - WINDOW_MS;
        let counts = app.store.reset_counts(&username, &address, since_ms).await?;
        if counts.account < ACCOUNT_MAX && counts.address < ADDRESS_MAX {
            let subject = format!("portal user {username}");
            let event = audit::event(&app, &caller, &username, "password.reset.ask", subject, json!({}));
            app.store.ask_password_reset(&username, &address, &event).await?;
        }
    }
    page(&app, true).await
}

async fn page(app: &App, asked: bool) -> Result<Response, PageError> {
    let page = ForgotPage { door: Door::new(app).await?, can_reset: app.settings.sends_mail, asked };
    Ok(render(&page)?.into_response())
}
