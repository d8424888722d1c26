use std::sync::Arc;

use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use serde_json::json;
use store::PortalUser;

use crate::app::App;
use crate::assets::asset_url;
use crate::audit;
use crate::brand::Brand;
use crate::caller::{Caller, new_device};
use crate::error::PageError;
use crate::pages::DASHBOARD;
use crate::session;
use crate::throttle::Attempt;

/// What the frame around the pages before the login shows.
pub(crate) struct Door {
    pub(crate) css: String,
    pub(crate) js: String,
    pub(crate) brand: Arc<Brand>,
    pub(crate) support_email: Option<String>,
}

impl Door {
    pub(crate) async fn new(app: &App) -> Result<Self, PageError> {
        let (brand, company) = Brand::before_login(app).await?;
        Ok(Self {
            css: asset_url("app.css"),
            js: asset_url("app.js"),
            brand,
            support_email: company.and_then(|company| company.support_email),
        })
    }
}

/// Begins the session of somebody who has shown everything that the account asks for.
pub(crate) async fn enter(
    app: &App,
    user: &PortalUser,
    headers: &HeaderMap,
    caller: &Caller,
    next: &str,
    second_factor: bool,
) -> Result<Response, PageError> {
    let device = new_device(caller, &app.settings)?;
    let key = device.as_ref().map(|(_, key)| key.as_str());
    Attempt::password(&user.username, caller).succeeded(app, key).await?;
    if second_factor {
        Attempt::code(&user.username, caller).succeeded(app, key).await?;
    }
    let subject = format!("portal user {}", user.username);
    let detail = json!({"second_factor": second_factor});
    let event = audit::event(app, caller, &user.username, "login", subject, detail);
    app.store.audit(&event).await?;
    let session = session::begin(app, user, headers, caller, second_factor).await?;
    let cookies = [Some(session), device.map(|(cookie, _)| cookie)];
    let cookies = cookies.into_iter().flatten().map(|cookie| (SET_COOKIE, cookie.to_string()));
    let cookies: Vec<_> = cookies.collect();
    Ok((AppendHeaders(cookies), Redirect::to(destination(next))).into_response())
}

/// The longest address that a login leads back to.
const NEXT_BYTES_MAX: usize = 1_000;

/// Where to go after logging in: a page of ours, never another site's.
pub(crate) fn destination(next: &str) -> &str {
    if is_address(next) && next.starts_with("/client/") && !next.starts_with("/client/log") {
        next
    } else {
        DASHBOARD
    }
}

/// Whether it is a plain path of ours, with or without a query: what was searched or filtered is not lost by a login.
pub(crate) fn is_address(next: &str) -> bool {
    let (path, query) = next.split_once('?').unwrap_or((next, ""));
    let only = |text: &str, others: &[u8]| {
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || others.contains(&byte))
    };
    next.len() <= NEXT_BYTES_MAX
        && only(path, b"/-_.")
        && !path.contains("..")
        && !path.contains("//")
        && only(query, b"-_.~%&=+:,*")
}

/// A page whose form was not accepted.
pub(crate) fn refused_form(page: impl IntoResponse) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_to_our_own_pages_only() {
        for good in [
            "/client/links/7",
            "/client/sla-reports/7/report.pdf",
            "/client/sla-reports?verdict=breached&month=2026-11&q=head+office%2C+Bengaluru",
        ] {
            assert_eq!(destination(good), good);
        }
        for bad in [
            "",
            "https://evil.example",
            "//evil.example",
            "/client/..%2f",
            "/client/../x",
            "/client/\\evil",
            "/client/login",
            "/client/login/code",
            "/client/logout",
            "/client/login?x=1",
            "/client/links?next=https://evil.example",
            "/client/links?a=<b>",
            "/client/links?a\r\nSet-Cookie",
        ] {
            assert_eq!(destination(bad), DASHBOARD, "{bad}");
        }
    }
}
