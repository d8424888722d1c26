use askama::Template;
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Query, State};
use axum::response::{Html, IntoResponse, Response};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use store::RecoveryHashes;

use crate::app::App;
use crate::audit;
use crate::caller::Caller;
use crate::credentials::{self, Confirmed};
use crate::error::PageError;
use crate::pages::account::code::check;
use crate::pages::account::recovery_codes::shown_once;
use crate::pages::account::{Account, SECOND_FACTOR, Said, done, frame};
use crate::pages::door::refused_form;
use crate::pages::{Frame, render};
use crate::recovery;
use crate::session::PersonSession;
use crate::throttle::Attempt;
use crate::totp::{self, Picture};

const BEGIN_AGAIN: &str =
    "Begin again: there is nothing to confirm, or it was begun more than 10 minutes ago.";
const WRONG_CODE: &str = "That code is wrong or was used before. Wait for the next one.";
const WRONG_PASSWORD: &str = "Your password is not that one.";

#[derive(Template)]
#[template(path = "second_factor.html")]
struct SecondFactorPage {
    frame: Frame,
    account: Account,
    /// Since when it is on.
    since: Option<String>,
    codes_left: i64,
}

#[derive(Template)]
#[template(path = "second_factor_begin.html")]
struct BeginPage {
    frame: Frame,
    account: Account,
    picture: Picture,
    secret: String,
}

#[derive(Deserialize)]
pub(crate) struct PasswordForm {
    password: String,
}

#[derive(Deserialize)]
pub(crate) struct CodeForm {
    code: String,
}

#[derive(Deserialize)]
pub(crate) struct BothForm {
    password: String,
    code: String,
}

/// `GET /client/profile/second-factor`
pub(crate) async fn show(
    State(app): State<App>,
    session: PersonSession,
    Query(asked): Query<Said>,
) -> Result<Html<String>, PageError> {
    state(&app, &session, Account::new(&session).said(&asked)).await
}

/// `POST /client/profile/second-factor/begin`: with the password; shows what the app must know.
pub(crate) async fn begin(
    State(app): State<App>,
    session: PersonSession,
    caller: Caller,
    form: Result<Form<PasswordForm>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(PasswordForm { password }) = form.map_err(|_| PageError::BadRequest)?;
    if app.store.second_factor_since(session.user.id).await?.is_some() {
        return Ok(axum::response::Redirect::to(SECOND_FACTOR).into_response());
    }
    match credentials::confirm(&app, &session, &caller, password.into()).await? {
        Confirmed::Yes => {}
        Confirmed::Wrong => return problem(&app, &session, WRONG_PASSWORD).await,
        Confirmed::Refused(refused) => return problem(&app, &session, refused.words()).await,
    }
    let secret = totp::new_secret()?;
    app.store.begin_second_factor(session.user.id, &secret, app.clock.now_ms()).await?;
    Ok(begin_page(&app, &session, Account::new(&session), &secret)?.into_response())
}

/// `POST /client/profile/second-factor/confirm`: a first code; from here on logins ask for one.
pub(crate) async fn confirm(
    State(app): State<App>,
    session: PersonSession,
    caller: Caller,
    form: Result<Form<CodeForm>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(CodeForm { code }) = form.map_err(|_| PageError::BadRequest)?;
    let user = session.user.id;
    let factor = app.store.second_factor(user).await?;
    let now_ms = app.clock.now_ms();
    let Some(factor) = factor.filter(|factor| factor.awaits_first_code(now_ms)) else {
        return problem(&app, &session, BEGIN_AGAIN).await;
    };
    let Some(step) = totp::step_of(&factor.secret, &code, now_ms)? else {
        let account =
            Account::new(&session).problem("That code is not right. Does your phone show the right time?");
        return Ok(refused_form(begin_page(&app, &session, account, &factor.secret)?));
    };
    let new = recovery::generate(&app).await?;
    let recovery = RecoveryHashes { salt: &new.salt, hashes: &new.hashes };
    let event = audit::own(&app, &caller, &session, "second_factor.on", json!({}));
    app.store.confirm_second_factor(user, step, recovery, Some(session.id), &event).await?;
    Ok(shown_once(&app, &session, new.codes, true)?.into_response())
}

/// `POST /client/profile/second-factor/off`: with password and code.
pub(crate) async fn off(
    State(app): State<App>,
    session: PersonSession,
    caller: Caller,
    form: Result<Form<BothForm>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(BothForm { password, code }) = form.map_err(|_| PageError::BadRequest)?;
    if let Err(why) = both(&app, &session, &caller, password.into(), &code).await? {
        return problem(&app, &session, why).await;
    }
    let event = audit::own(&app, &caller, &session, "second_factor.off", json!({}));
    app.store.delete_second_factor(session.user.id, &event).await?;
    Ok(done(SECOND_FACTOR, "factor-off").into_response())
}

/// `POST /client/profile/second-factor/codes`: new recovery codes, with password and code; the old ones are gone.
pub(crate) async fn new_codes(
    State(app): State<App>,
    session: PersonSession,
    caller: Caller,
    form: Result<Form<BothForm>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(BothForm { password, code }) = form.map_err(|_| PageError::BadRequest)?;
    if let Err(why) = both(&app, &session, &caller, password.into(), &code).await? {
        return problem(&app, &session, why).await;
    }
    let new = recovery::generate(&app).await?;
    let recovery = RecoveryHashes { salt: &new.salt, hashes: &new.hashes };
    let event = audit::own(&app, &caller, &session, "recovery_codes.new", json!({}));
    app.store.replace_recovery_codes(session.user.id, recovery, &event).await?;
    Ok(shown_once(&app, &session, new.codes, false)?.into_response())
}

/// Whether the person knows the password and holds the second factor, or why not.
async fn both(
    app: &App,
    session: &PersonSession,
    caller: &Caller,
    password: SecretString,
    code: &str,
) -> Result<Result<(), String>, PageError> {
    match credentials::confirm(app, session, caller, password).await? {
        Confirmed::Yes => {}
        Confirmed::Wrong => return Ok(Err(WRONG_PASSWORD.to_owned())),
        Confirmed::Refused(refused) => return Ok(Err(refused.words())),
    }
    let attempt = Attempt::code(&session.user.username, caller);
    let permit = match attempt.enter(app).await? {
        Ok(permit) => permit,
        Err(refused) => return Ok(Err(refused.words())),
    };
    if check(app, session.user.id, code).await?.is_some() {
        return Ok(Ok(()));
    }
    attempt.failed(app);
    drop(permit);
    Ok(Err(WRONG_CODE.to_owned()))
}

async fn problem(app: &App, session: &PersonSession, why: impl Into<String>) -> Result<Response, PageError> {
    let account = Account::new(session).problem(why);
    Ok(refused_form(state(app, session, account).await?))
}

async fn state(app: &App, session: &PersonSession, account: Account) -> Result<Html<String>, PageError> {
    let user = session.user.id;
    let since = app.store.second_factor_since(user).await?.map(|at_ms| session.zone.iso_day(at_ms));
    let codes_left = app.store.recovery_codes_left(user).await?;
    render(&SecondFactorPage { frame: frame(app, session), account, since, codes_left })
}

fn begin_page(
    app: &App,
    session: &PersonSession,
    account: Account,
    secret: &SecretString,
) -> Result<Html<String>, PageError> {
    let address = totp::address(secret, &session.company.name, &session.user.username)?;
    render(&BeginPage {
        frame: frame(app, session),
        account,
        picture: totp::picture(&address)?,
        secret: totp::in_groups(secret),
    })
}
