//! What makes the portal an application on a telephone: its manifest, and a worker that answers where there is no
//! connection. Neither holds anything of a customer's.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse, Response};
use serde_json::json;

use crate::app::App;
use crate::assets::{self, asset_url};
use crate::brand::{Brand, IconForm};
use crate::error::PageError;
use crate::pages::{DASHBOARD, brand::brand, render};
use crate::session::ClientSession;

/// The ground of `tokens.css`, shown while the application starts.
const GROUND: &str = "#f4f6f7";
/// Longer names are cut under an icon.
const SHORT_NAME_CHARS_MAX: usize = 14;

#[derive(Template)]
#[template(path = "offline.html")]
struct OfflinePage {
    css: String,
    js: String,
    brand: Arc<Brand>,
}

/// `GET /client/manifest.webmanifest`
pub(crate) async fn manifest(
    State(app): State<App>,
    session: Option<ClientSession>,
) -> Result<Response, PageError> {
    let brand = brand(&app, session).await?;
    let icons: Vec<_> = IconForm::ALL
        .into_iter()
        .map(|form| {
            json!({
                "src": brand.icon_url(form.file_name()),
                "sizes": form.sizes(),
                "type": form.media_type(),
                "purpose": if form == IconForm::Maskable { "maskable" } else { "any" },
            })
        })
        .collect();
    let manifest = json!({
        "id": "/client/",
        "name": brand.name,
        "short_name": short(&brand.name),
        "start_url": DASHBOARD,
        "scope": "/client/",
        "display": "standalone",
        "background_color": GROUND,
        "theme_color": brand.accent().to_string(),
        "icons": icons,
    });
    Ok(([(CONTENT_TYPE, "application/manifest+json")], manifest.to_string()).into_response())
}

/// `GET /client/worker.js?v`: the script itself does not differ; its address does, so that it is installed anew.
pub(crate) async fn worker() -> Result<Response, PageError> {
    assets::serve("worker.js", "no-cache")
}

/// `GET /client/offline`: what the worker keeps. The script fills in what this device has seen.
pub(crate) async fn offline(
    State(app): State<App>,
    session: Option<ClientSession>,
) -> Result<Html<String>, PageError> {
    let brand = brand(&app, session).await?;
    render(&OfflinePage { css: asset_url("app.css"), js: asset_url("app.js"), brand })
}

/// Where the worker is served that keeps the offline page of this build in this look.
pub(crate) fn worker_url(brand: &Brand) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let assets = [asset_url("app.css"), asset_url("app.js"), asset_url("worker.js")].concat();
    format!("/client/worker.js?v={}", brand.digest_with(&format!("{version} {assets}")))
}

/// The whole words of a name that fit under an icon.
fn short(name: &str) -> String {
    let mut short = String::new();
    for word in name.split_whitespace() {
        if !short.is_empty() && short.chars().count() + 1 + word.chars().count() > SHORT_NAME_CHARS_MAX {
            break;
        }
        short = format!("{short} {word}").trim_start().to_owned();
    }
    short.chars().take(SHORT_NAME_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_under_an_icon_is_cut_between_words() {
        assert_eq!(short("Meridian Networks Ltd"), "Meridian");
        assert_eq!(short("One Two Three Four"), "One Two Three");
        assert_eq!(short("Donaudampfschifffahrt"), "Donaudampfschi");
        assert_eq!(short(""), "");
    }
}
