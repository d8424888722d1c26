use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use secrecy::SecretString;
use serde_json::json;
use store::RecoveryHashes;

use crate::app::App;
use crate::audit::staff_event;
use crate::caller::Caller;
use crate::credentials::Confirmed;
use crate::pages::account::code::check;
use crate::pages::render;
use crate::pages::staff::account::{WRONG_PASSWORD, confirm as confirm_password, problem};
use crate::pages::staff::form::Input;
use crate::pages::staff::{ACCOUNT, Answered, Frame, gone_to, refused};
use crate::recovery;
use crate::staff::StaffSession;
use crate::throttle::Attempt;
use crate::totp::{self, Picture};

const BEGIN_AGAIN: &str =
    "Begin again: there is nothing to confirm, or it was begun more than 10 minutes ago.";
const DEMANDED: &str = "A second factor is demanded of everybody here. Have you lost phone and codes, an admin takes it away and you set up another.";
const WRONG_CODE: &str = "That code is wrong or was used before. Wait for the next one.";

#[derive(Template)]
#[template(path = "staff_factor.html")]
struct BeginPage {
    frame: Frame,
    picture: Picture,
    secret: String,
    problem: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "staff_codes.html")]
struct CodesPage {
    frame: Frame,
    codes: Vec<String>,
}

/// `POST /staff/account/factor/begin`: with the password; shows what the app must know.
pub(crate) async fn begin(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    mut input: Input,
) -> Answered<Response> {
    if app.store.second_factor_since(session.user.id).await?.is_some() {
        return Ok(gone_to(ACCOUNT));
    }
    let password = input.secret("password").unwrap_or_default();
    match confirm_password(&app, &session, &caller, password).await? {
        Confirmed::Yes => {}
        Confirmed::Wrong => return problem(&app, &session, WRONG_PASSWORD).await,
        Confirmed::Refused(refused) => return problem(&app, &session, refused.words()).await,
    }
    let secret = totp::new_secret()?;
    app.store.begin_second_factor(session.user.id, &secret, app.clock.now_ms()).await?;
    Ok(begin_page(&app, &session, &secret, None)?.into_response())
}

fn begin_page(
    app: &App,
    session: &StaffSession,
    secret: &SecretString,
    problem: Option<&'static str>,
) -> Answered {
    let issuer = format!("{} staff", session.works_for);
    let address = totp::address(secret, &issuer, &session.user.username)?;
    let frame = Frame::new(app, session, ACCOUNT);
    let page =
        BeginPage { frame, picture: totp::picture(&address)?, secret: totp::in_groups(secret), problem };
    Ok(render(&page)?)
}

/// `POST /staff/account/factor/confirm`: a first code; from here on logins ask for one.
pub(crate) async fn confirm(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    input: Input,
) -> Answered<Response> {
    let user = session.user.id;
    let factor = app.store.second_factor(user).await?;
    let now_ms = app.clock.now_ms();
    let Some(factor) = factor.filter(|factor| factor.awaits_first_code(now_ms)) else {
        return problem(&app, &session, BEGIN_AGAIN).await;
    };
    let Some(step) = totp::step_of(&factor.secret, input.value("code"), now_ms)? else {
        let wrong = Some("That code is not right. Does your phone show the right time?");
        return Ok(refused(begin_page(&app, &session, &factor.secret, wrong)?));
    };
    let new = recovery::generate(&app).await?;
    let hashes = RecoveryHashes { salt: &new.salt, hashes: &new.hashes };
    let event = staff_event(&app, &caller, &session.user.username, "second_factor.on", json!({}));
    app.store.confirm_second_factor(user, step, hashes, Some(session.id), &event).await?;
    Ok(codes_page(&app, &session, new.codes)?.into_response())
}

fn codes_page(app: &App, session: &StaffSession, codes: Vec<String>) -> Answered<Html<String>> {
    Ok(render(&CodesPage { frame: Frame::new(app, session, ACCOUNT), codes })?)
}

/// `POST /staff/account/factor/off`: with password and code.
pub(crate) async fn off(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    input: Input,
) -> Answered<Response> {
    if app.settings.staff_second_factor {
        return problem(&app, &session, DEMANDED).await;
    }
    if let Some(why) = both(&app, &session, &caller, input).await? {
        return problem(&app, &session, why).await;
    }
    let event = staff_event(&app, &caller, &session.user.username, "second_factor.off", json!({}));
    app.store.delete_second_factor(session.user.id, &event).await?;
    Ok(gone_to(&format!("{ACCOUNT}?said=off")))
}

/// `POST /staff/account/factor/codes`: new recovery codes, with password and code; the old ones are gone.
pub(crate) async fn new_codes(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    input: Input,
) -> Answered<Response> {
    if let Some(why) = both(&app, &session, &caller, input).await? {
        return problem(&app, &session, why).await;
    }
    let new = recovery::generate(&app).await?;
    let hashes = RecoveryHashes { salt: &new.salt, hashes: &new.hashes };
    let event = staff_event(&app, &caller, &session.user.username, "recovery_codes.new", json!({}));
    app.store.replace_recovery_codes(session.user.id, hashes, &event).await?;
    Ok(codes_page(&app, &session, new.codes)?.into_response())
}

/// Why the person does not know the password or does not hold the second factor; `None`: both.
async fn both(
    app: &App,
    session: &StaffSession,
    caller: &Caller,
    mut input: Input,
) -> Answered<Option<String>> {
    let password = input.secret("password").unwrap_or_default();
    match confirm_password(app, session, caller, password).await? {
        Confirmed::Yes => {}
        Confirmed::Wrong => return Ok(Some(WRONG_PASSWORD.to_owned())),
        Confirmed::Refused(refused) => return Ok(Some(refused.words())),
    }
    let attempt = Attempt::staff_code(&session.user.username, caller);
    let permit = match attempt.enter(app).await? {
        Ok(permit) => permit,
        Err(refused) => return Ok(Some(refused.words())),
    };
    if check(app, session.user.id, input.value("code")).await?.is_some() {
        return Ok(None);
    }
    attempt.failed(app);
    drop(permit);
    Ok(Some(WRONG_CODE.to_owned()))
}
