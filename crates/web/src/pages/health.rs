use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use store::ReadinessCheck;

use crate::Settings;
use crate::app::App;
use crate::token::Token;

/// `GET /healthz`: the process is alive. Whoever restarts it when this fails must not do so for a full disk or a database
/// that is away: the polls that wait in memory would be lost.
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the last result of each check; 503 if one failed. The reasons, which hold figures and error messages,
/// go to operators only.
pub(crate) async fn ready(State(app): State<App>, request: Request) -> Response {
    let standing = app.readiness.standing();
    let ready = standing.is_ready();
    let body = if is_operator(&request, &app.settings) {
        let age_ms = standing.age.map(|age| age.as_millis());
        json!({ "ready": ready, "age_ms": age_ms, "checks": standing.checks })
    } else {
        let checks: Vec<Value> = standing.checks.iter().map(without_reason).collect();
        json!({ "ready": ready, "checks": checks })
    };
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(CONTENT_TYPE, "application/json")], body.to_string() + "\n").into_response()
}

fn without_reason(check: &ReadinessCheck) -> Value {
    json!({ "name": check.name, "ok": check.is_ok() })
}

/// What proxies add to a request; a proxy that adds none of it cannot be told from this machine.
const FORWARDED_BY: [&str; 7] = [
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-server",
    "x-real-ip",
];

/// Whether the request was made on this machine and not through a proxy here, or carries the token.
fn is_operator(request: &Request, settings: &Settings) -> bool {
    let headers = request.headers();
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let is_local = peer.is_some_and(|peer| peer.0.ip().to_canonical().is_loopback());
    let is_forwarded = FORWARDED_BY.iter().any(|name| headers.contains_key(*name));
    is_local && !is_forwarded || bears_token(headers, settings)
}

fn bears_token(headers: &HeaderMap, settings: &Settings) -> bool {
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.split_once(' '));
    match (&settings.readiness_token, given) {
        // Hashes are compared: how long that takes says nothing of the token.
        (Some(token), Some((scheme, given))) => {
            scheme.eq_ignore_ascii_case("bearer")
                && Token::hash_of(given.trim()) == Token::hash_of(token.expose_secret())
        }
        _ => false,
    }
}
