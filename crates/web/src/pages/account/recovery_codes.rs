use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use crate::app::App;
use crate::audit::audit_download;
use crate::caller::Caller;
use crate::error::PageError;
use crate::pages::account::{Account, frame};
use crate::pages::{Frame, render};
use crate::recovery::{CODES, canonical};
use crate::session::PersonSession;

#[derive(Template)]
#[template(path = "recovery_codes.html")]
struct CodesPage {
    frame: Frame,
    account: Account,
    codes: Vec<String>,
    /// The second factor has just been switched on.
    is_first: bool,
}

#[derive(Deserialize)]
pub(crate) struct FileForm {
    codes: String,
}

/// The only page that shows recovery codes.
pub(crate) fn shown_once(
    app: &App,
    session: &PersonSession,
    codes: Vec<String>,
    is_first: bool,
) -> Result<Html<String>, PageError> {
    render(&CodesPage { frame: frame(app, session), account: Account::new(session), codes, is_first })
}

/// `POST /client/profile/second-factor/codes.txt`: the codes that the page has just shown come back as a file. Nobody
/// keeps them in between, so the page sends them along.
pub(crate) async fn file(
    State(app): State<App>,
    session: PersonSession,
    caller: Caller,
    form: Result<Form<FileForm>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(FileForm { codes }) = form.map_err(|_| PageError::BadRequest)?;
    let codes: Vec<String> = codes.split_whitespace().take(CODES).filter_map(canonical).collect();
    if codes.is_empty() {
        return Err(PageError::BadRequest);
    }
    let subject = format!("portal user {}", session.user.username);
    audit_download(&app, &caller, &session, "recovery-codes.txt", subject).await?;
    let mut text = format!(
        "Recovery codes of {} at {}, {}\nEach works once, in place of a code of the app.\n\n",
        session.user.username,
        session.company.name,
        session.zone.iso_day(app.clock.now_ms()),
    );
    for code in codes {
        text += &format!("{code}\n");
    }
    let headers = [
        (CONTENT_TYPE, "text/plain; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"recovery-codes.txt\""),
    ];
    Ok((headers, text).into_response())
}
