use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, Html, IntoResponse, Redirect, Response};
use serde_json::json;
use store::{SessionId, SessionUser};

use crate::app::App;
use crate::audit;
use crate::caller::Caller;
use crate::error::PageError;
use crate::pages::account::device::words;
use crate::pages::account::{Account, SESSIONS, Said, done, frame};
use crate::pages::{Frame, LOGIN, render};
use crate::session::{PersonSession, removal};

#[derive(Template)]
#[template(path = "sessions.html")]
struct SessionsPage {
    frame: Frame,
    account: Account,
    rows: Vec<Row>,
}

struct Row {
    id: SessionId,
    device: String,
    address: String,
    since: String,
    seen: String,
    second_factor: bool,
    is_this: bool,
}

/// `GET /client/profile/sessions`
pub(crate) async fn show(
    State(app): State<App>,
    session: PersonSession,
    Query(asked): Query<Said>,
) -> Result<Html<String>, PageError> {
    let user = SessionUser::Portal(session.user.id);
    let mut rows: Vec<Row> = app
        .store
        .sessions_of(user, app.clock.now_ms())
        .await?
        .into_iter()
        .map(|found| Row {
            id: found.id,
            device: words(found.user_agent.as_deref()),
            address: found.address.unwrap_or_else(|| "not known".to_owned()),
            since: session.zone.iso_moment(found.created_at_ms),
            seen: session.zone.iso_moment(found.seen_at_ms),
            second_factor: found.second_factor,
            is_this: found.id == session.id,
        })
        .collect();
    rows.sort_by_key(|row| !row.is_this);
    render(&SessionsPage { frame: frame(&app, &session), account: Account::new(&session).said(&asked), rows })
}

/// `POST /client/profile/sessions/{session}/end`
pub(crate) async fn end(
    State(app): State<App>,
    session: PersonSession,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let id = id.parse().map(SessionId).map_err(|_| PageError::NotFound)?;
    if !app.store.end_session_of(SessionUser::Portal(session.user.id), id).await? {
        return Err(PageError::NotFound);
    }
    app.store.audit(&audit::own(&app, &caller, &session, "session.end", json!({"session": id}))).await?;
    if id == session.id {
        let cookie = removal(&app.settings).to_string();
        return Ok((AppendHeaders([(SET_COOKIE, cookie)]), Redirect::to(LOGIN)).into_response());
    }
    Ok(done(SESSIONS, "ended").into_response())
}

/// `POST /client/profile/sessions/end-others`
pub(crate) async fn end_others(
    State(app): State<App>,
    session: PersonSession,
    caller: Caller,
) -> Result<Redirect, PageError> {
    let ended = app.store.end_other_sessions(SessionUser::Portal(session.user.id), session.id).await?;
    app.store
        .audit(&audit::own(&app, &caller, &session, "session.end_others", json!({"ended": ended})))
        .await?;
    Ok(done(SESSIONS, "ended-others"))
}
