use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use store::ReadinessCheck;

use crate::app::App;

/// `GET /healthz`: the process is alive. Whoever restarts it when this fails must not do so for a full disk or a database
/// that is away: the polls that wait in memory would be lost.
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the checks with their reasons; 503 if one of them failed.
pub(crate) async fn ready(State(app): State<App>) -> Response {
    let checks = app.store.readiness(app.clock.now_ms(), app.settings.stale_after_ms).await;
    let ready = checks.iter().all(ReadinessCheck::is_ok);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = serde_json::json!({ "ready": ready, "checks": checks }).to_string() + "\n";
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}
