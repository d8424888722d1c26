//! Words about what has just been done (`?said=password`) are shown only after a redirect of ours: anybody can make a link
//! with such a query, and "Your password is set" is no harmless sentence.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::Uri;
use axum::http::header::{HeaderValue, LOCATION, SET_COOKIE};
use axum::middleware::Next;
use axum::response::Response;
use axum_extra::extract::CookieJar;

use crate::Settings;
use crate::token;

/// The field of an address that says what is to be said.
const FIELD: &str = "said";
/// The cookie in which a redirect of ours leaves the same.
const NOTICE: &str = "leaseline-notice";
/// How long the way from a redirect to its page may take.
const NOTICE_FOR: Duration = Duration::from_secs(60);

/// Takes `said` out of the address unless the last redirect of ours has it in its cookie, and leaves the cookie with those
/// that have.
pub(crate) async fn own(State(settings): State<Arc<Settings>>, mut request: Request, next: Next) -> Response {
    if let Some(said) = said_in(request.uri().query().unwrap_or_default())
        && left(request.headers(), &settings).as_deref() != Some(said.as_str())
    {
        *request.uri_mut() = without_said(request.uri());
    }
    let mut response = next.run(request).await;
    let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    let said = location.and_then(|location| location.split_once('?')).and_then(|(_, query)| said_in(query));
    if let Some(said) = said
        && let Ok(cookie) =
            HeaderValue::try_from(token::cookie(&settings, NOTICE, said, Some(NOTICE_FOR)).to_string())
    {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// Notices are plain words; anything else is none of ours.
fn said_in(query: &str) -> Option<String> {
    let (_, said) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == FIELD)?;
    let is_plain = said.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    Some(if is_plain { said.into_owned() } else { String::new() })
}

fn left(headers: &HeaderMap, settings: &Settings) -> Option<String> {
    let jar = CookieJar::from_headers(headers);
    jar.get(&token::cookie_name(settings, NOTICE)).map(|cookie| cookie.value().to_owned())
}

fn without_said(uri: &Uri) -> Uri {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let fields = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    query.extend_pairs(fields.filter(|(name, _)| name != FIELD));
    // What is encoded anew is as valid as it was.
    format!("{}?{}", uri.path(), query.finish()).parse().unwrap_or_else(|_| Uri::from_static("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_notice_is_taken_out_of_an_address() {
        let without = |address: &str| without_said(&address.parse().unwrap()).to_string();
        assert_eq!(
            without("/client/login?next=/client/links/7&said=password"),
            "/client/login?next=%2Fclient%2Flinks%2F7"
        );
        assert_eq!(without("/client/users?said=off"), "/client/users?");
        assert_eq!(said_in("a=1&said=ended-others").as_deref(), Some("ended-others"));
        assert_eq!(said_in("said=%0d%0aset-cookie").as_deref(), Some(""));
    }
}
