use axum::extract::State;
use axum::http::HeaderName;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse, Redirect};
use serde_json::json;

use crate::app::App;
use crate::audit;
use crate::caller::Caller;
use crate::error::PageError;
use crate::pages::LOGIN;
use crate::session::{PersonSession, removal};

/// What the browser has kept of this person's pages goes too, for example those for times without a connection.
const CLEAR: (HeaderName, &str) = (HeaderName::from_static("clear-site-data"), "\"storage\"");

/// `POST /client/logout`: ends the session in the store and takes the cookie away. Twice does no harm.
pub(crate) async fn submit(
    State(app): State<App>,
    session: Option<PersonSession>,
    caller: Caller,
) -> Result<impl IntoResponse, PageError> {
    if let Some(session) = session {
        app.store.delete_session(&session.token_hash).await?;
        app.store.audit(&audit::own(&app, &caller, &session, "logout", json!({}))).await?;
    }
    let cookie = removal(&app.settings).to_string();
    Ok((AppendHeaders([(SET_COOKIE, cookie)]), [CLEAR], Redirect::to(LOGIN)))
}
