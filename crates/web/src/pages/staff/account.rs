use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

use crate::app::App;
use crate::audit::staff_event;
use crate::caller::Caller;
use crate::credentials::{self, Confirmed};
use crate::error::PageError;
use crate::pages::render;
use crate::pages::staff::form::Input;
use crate::pages::staff::{ACCOUNT, Answered, Frame, gone_to, refused};
use crate::staff::StaffSession;
use crate::throttle::Attempt;

pub(crate) const WRONG_PASSWORD: &str = "Your password is not that one.";

#[derive(Template)]
#[template(path = "staff_account.html")]
struct AccountPage {
    frame: Frame,
    email: String,
    /// Since when the second factor is on.
    since: Option<String>,
    codes_left: i64,
    /// A second factor is demanded of everybody here.
    demanded: bool,
    said: Option<&'static str>,
    problem: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Said {
    #[serde(default)]
    said: String,
}

/// `GET /staff/account`
pub(crate) async fn show(
    State(app): State<App>,
    session: StaffSession,
    Query(asked): Query<Said>,
) -> Answered {
    let said = match asked.said.as_str() {
        "password" => Some("Your password is changed. Your other sessions have ended."),
        "off" => Some("The second factor is off. A login asks for your password alone."),
        _ => None,
    };
    page(&app, &session, said, None).await
}

async fn page(
    app: &App,
    session: &StaffSession,
    said: Option<&'static str>,
    problem: Option<String>,
) -> Answered {
    let user = session.user.id;
    let since = app.store.second_factor_since(user).await?.map(|at_ms| session.zone.iso_day(at_ms));
    let codes_left = app.store.recovery_codes_left(user).await?;
    let page = AccountPage {
        frame: Frame::new(app, session, ACCOUNT),
        email: session.user.email.clone(),
        since,
        codes_left,
        demanded: app.settings.staff_second_factor,
        said,
        problem,
    };
    Ok(render(&page)?)
}

/// The page with what went wrong.
pub(crate) async fn problem(app: &App, session: &StaffSession, why: impl Into<String>) -> Answered<Response> {
    Ok(refused(page(app, session, None, Some(why.into())).await?))
}

/// `POST /staff/account/password`
pub(crate) async fn change_password(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    mut input: Input,
) -> Answered<Response> {
    let secrets = [input.secret("current"), input.secret("new"), input.secret("repeat")];
    let [Some(current), Some(new), Some(repeat)] = secrets else {
        return problem(&app, &session, "Fill in all three fields.").await;
    };
    if !same(&new, &repeat) {
        return problem(&app, &session, "The two new passwords differ.").await;
    }
    match confirm(&app, &session, &caller, current).await? {
        Confirmed::Yes => {}
        Confirmed::Wrong => return problem(&app, &session, WRONG_PASSWORD).await,
        Confirmed::Refused(refused) => return problem(&app, &session, refused.words()).await,
    }
    let about = [session.user.username.as_str(), &session.user.email, &session.user.display_name];
    let hash = match credentials::new_hash(&app, new, &about).await? {
        Ok(hash) => hash,
        Err(error) => return problem(&app, &session, credentials::problem(error)?).await,
    };
    let event = staff_event(&app, &caller, &session.user.username, "password.change", json!({}));
    app.store.change_staff_password(session.user.id, &hash, Some(session.id), &event).await?;
    Ok(gone_to(&format!("{ACCOUNT}?said=password")))
}

fn same(one: &SecretString, other: &SecretString) -> bool {
    use secrecy::ExposeSecret;
    one.expose_secret() == other.expose_secret()
}

/// Asks for the password again before something that an open browser alone must not do. Counted like a login.
pub(crate) async fn confirm(
    app: &App,
    session: &StaffSession,
    caller: &Caller,
    password: SecretString,
) -> Result<Confirmed, PageError> {
    let username = &session.user.username;
    let attempt = Attempt::staff_password(username, caller);
    let permit = match attempt.enter(app).await? {
        Ok(permit) => permit,
        Err(refused) => return Ok(Confirmed::Refused(refused)),
    };
    if credentials::staff_with(app, username, password, Arc::clone(&permit)).await?.is_some() {
        return Ok(Confirmed::Yes);
    }
    attempt.failed(app);
    drop(permit);
    Ok(Confirmed::Wrong)
}
