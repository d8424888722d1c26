use axum::Extension;
use axum::extract::{ConnectInfo, State};
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse, Redirect};
use std::net::SocketAddr;
use store::AuditEvent;

use crate::address::client_address;
use crate::app::App;
use crate::error::PageError;
use crate::pages::LOGIN;
use crate::session::{ClientSession, removal};

/// `POST /client/logout`: ends the session in the store and takes the cookie away. Twice does no harm.
pub(crate) async fn submit(
    State(app): State<App>,
    session: Option<ClientSession>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, PageError> {
    if let Some(session) = session {
        let address = client_address(peer.as_deref(), &headers, &app.settings.trusted_proxies);
        app.store.delete_session(&session.token_hash).await?;
        app.store
            .audit(&AuditEvent {
                at_ms: app.clock.now_ms(),
                actor: format!("portal:{}", session.user.username),
                action: "logout".to_owned(),
                subject: format!("client {}", session.client.name),
                detail: serde_json::json!({}),
                address: Some(address.to_string()),
            })
            .await?;
    }
    let cookie = removal(&app.settings).to_string();
    Ok((AppendHeaders([(SET_COOKIE, cookie)]), Redirect::to(LOGIN)))
}
