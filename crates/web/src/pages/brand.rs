//! A company's look as files: the style sheet with its colours, its logo, its icons. Their addresses carry a digest of
//! the content, so that a browser keeps them; they show the company of the session, or the only one.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::app::App;
use crate::brand::{Brand, IconForm};
use crate::error::PageError;
use crate::session::ClientSession;

/// For this browser alone: another one may be another company's.
const KEPT: &str = "private, max-age=31536000, immutable";
/// A logo comes from outside: opened by itself it runs nothing and fetches nothing, and its style is its own.
pub(crate) const LOGO_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox";

#[derive(Deserialize)]
pub(crate) struct Asked {
    /// The digest of what is wanted.
    #[serde(default)]
    v: String,
}

/// `GET /client/brand.css?v`
pub(crate) async fn sheet(
    State(app): State<App>,
    session: Option<ClientSession>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let brand = brand(&app, session).await?;
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), cache(&asked, &brand.sheet.digest)];
    Ok((headers, brand.sheet.text.clone()).into_response())
}

/// `GET /client/brand/logo?v`
pub(crate) async fn logo(
    State(app): State<App>,
    session: Option<ClientSession>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let brand = brand(&app, session).await?;
    let logo = brand.logo.as_ref().ok_or(PageError::NotFound)?;
    let headers = [
        (CONTENT_TYPE, logo.kind.as_str()),
        (CONTENT_SECURITY_POLICY, LOGO_POLICY),
        cache(&asked, &logo.digest),
    ];
    Ok((headers, logo.bytes.clone()).into_response())
}

/// `GET /client/brand/{icon}?v`
pub(crate) async fn icon(
    State(app): State<App>,
    session: Option<ClientSession>,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let form = IconForm::named(&name).ok_or(PageError::NotFound)?;
    let brand = brand(&app, session).await?;
    let headers = [(CONTENT_TYPE, form.media_type()), cache(&asked, &brand.icon_digest())];
    Ok((headers, brand.icon(form)?).into_response())
}

/// Whose look it is.
pub(crate) async fn brand(app: &App, session: Option<ClientSession>) -> Result<Arc<Brand>, PageError> {
    match session {
        Some(session) => Ok(session.brand),
        None => Ok(Brand::before_login(app).await?.0),
    }
}

fn cache(asked: &Asked, digest: &str) -> (axum::http::HeaderName, &'static str) {
    // Under an old digest, or none, the answer is good for now only.
    (CACHE_CONTROL, if asked.v == digest { KEPT } else { "no-store" })
}
