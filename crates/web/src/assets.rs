use std::collections::HashMap;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::error::PageError;

/// Names carry a hash of the content, so a browser never needs to ask again.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// Hex digits of the hash in a name.
const HASH_DIGITS: usize = 12;

#[derive(RustEmbed)]
#[folder = "$LEASELINE_ASSETS_DIR"]
struct Files;

/// By the hashed name: the name in the folder.
static BY_HASHED_NAME: LazyLock<HashMap<String, String>> =
    LazyLock::new(|| Files::iter().filter_map(|name| Some((hashed(&name)?, name.into_owned()))).collect());

/// Where the asset of that name is served, for example `/assets/app.0f3a….css`.
pub(crate) fn asset_url(name: &str) -> String {
    format!("/assets/{}", hashed(name).unwrap_or_else(|| name.to_owned()))
}

/// `GET /assets/{*path}`
pub(crate) async fn asset(Path(path): Path<String>) -> Result<Response, PageError> {
    let name = BY_HASHED_NAME.get(&path).ok_or(PageError::NotFound)?;
    serve(name, IMMUTABLE)
}

/// `GET /favicon.svg`
pub(crate) async fn favicon() -> Result<Response, PageError> {
    serve("favicon.svg", "public, max-age=86400")
}

pub(crate) fn serve(name: &str, cache: &'static str) -> Result<Response, PageError> {
    let file = Files::get(name).ok_or(PageError::NotFound)?;
    let content_type = match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    };
    Ok(([(CONTENT_TYPE, content_type), (CACHE_CONTROL, cache)], file.data).into_response())
}

fn hashed(name: &str) -> Option<String> {
    let (stem, ending) = name.rsplit_once('.')?;
    let hash = Files::get(name)?.metadata.sha256_hash();
    let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    Some(format!("{stem}.{}.{ending}", &digits[..HASH_DIGITS]))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    /// All scripts of all pages together, packed as a server packs them.
    const SCRIPT_BYTES_MAX: usize = 60_000;

    #[test]
    fn the_scripts_stay_small() {
        let packed = |name: &str| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&Files::get(name).expect("an asset").data).expect("room in memory");
            encoder.finish().expect("room in memory").len()
        };
        let scripts: Vec<_> = Files::iter().filter(|name| name.ends_with(".js")).collect();
        assert!(scripts.len() >= 3, "{scripts:?}");
        let bytes: usize = scripts.iter().map(|name| packed(name)).sum();
        assert!(bytes < SCRIPT_BYTES_MAX, "{bytes} bytes of script");
    }
}
