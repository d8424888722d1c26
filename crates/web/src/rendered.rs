use std::io::Write;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use store::{ClientId, PortalUserId, SessionId};

use crate::app::App;
use crate::error::PageError;
use crate::session::{ClientSession, Visitor};

/// A page of one person, as it is within one second: everything on it is told to the second.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PageKey {
    reader: Reader,
    address: String,
    second: i64,
    gzip: bool,
}

/// Whose eyes a page was written for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Reader {
    Person(PortalUserId),
    Staff(SessionId, ClientId),
}

impl Reader {
    fn of(session: &ClientSession) -> Self {
        match &session.visitor {
            Visitor::Person(user) => Self::Person(user.id),
            Visitor::Staff(_) => Self::Staff(session.id, session.client_id()),
        }
    }
}

/// The page at this address, written once for all who ask within the same second while nothing is committed: a page's
/// viewers all come at the moment when something changed.
pub(crate) async fn rendered(
    app: &App,
    session: &ClientSession,
    headers: &HeaderMap,
    address: &Uri,
    now_ms: i64,
    write: impl AsyncFnOnce() -> Result<String, PageError>,
) -> Result<Response, PageError> {
    let gzip = takes_gzip(headers);
    let second = now_ms.div_euclid(1_000);
    let key = PageKey { reader: Reader::of(session), address: address.to_string(), second, gzip };
    let body: Arc<Bytes> = app
        .pages
        .get(&session.version, key, async || {
            let page = write().await?;
            if gzip { packed(&page) } else { Ok(Bytes::from(page)) }
        })
        .await?;
    let mut response = Bytes::clone(&body).into_response();
    let headers = response.headers_mut();
    let text = |text| axum::http::HeaderValue::from_static(text);
    headers.insert(CONTENT_TYPE, text("text/html; charset=utf-8"));
    headers.insert(VARY, text("accept-encoding"));
    if gzip {
        headers.insert(CONTENT_ENCODING, text("gzip"));
    }
    Ok(response)
}

/// Fast rather than small: a tenth of the time of the usual level for a tenth more bytes.
fn packed(page: &str) -> Result<Bytes, PageError> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(page.len() / 4), Compression::fast());
    let written = encoder.write_all(page.as_bytes()).and_then(|()| encoder.finish());
    Ok(written.map_err(|error| PageError::Internal(format!("a page could not be packed: {error}")))?.into())
}

/// Whoever names no weight or one above zero; all others are left to the layer that packs everything else.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case("gzip") && weight.is_some_and(|weight| weight > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_takes_gzip_gets_it() {
        let takes = |value: &'static str| {
            takes_gzip(&HeaderMap::from_iter([(
                ACCEPT_ENCODING,
                axum::http::HeaderValue::from_static(value),
            )]))
        };
        assert!(takes("gzip") && takes("br, GZIP;q=0.5") && takes("deflate , gzip"));
        assert!(!takes("gzip;q=0") && !takes("br") && !takes("") && !takes("x-gzip") && !takes("gzip;q=x"));
    }
}
