//! What people may send as text, checked where it comes in: a letter that no database takes must not travel further.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::error::{PageError, StaffError};
use crate::pages::staff::WALL;

/// The longest name of a field that is said back.
const NAME_CHARS_MAX: usize = 40;
/// The field of a whole file; what is wrong in one is named by line and column.
const FILE_FIELD: &str = "csv";

/// Refuses a query or a form with U+0000 in it, which PostgreSQL does not store; and with any other control character
/// unless it is a form of the staff's, which names the field where it was typed.
pub(crate) async fn check(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_staff = path == WALL || path.starts_with("/staff/");
    match checked(request, is_staff).await {
        Ok(request) => next.run(request).await,
        Err(error) if is_staff => StaffError(error).into_response(),
        Err(error) => error.into_response(),
    }
}

async fn checked(request: Request, is_staff: bool) -> Result<Request, PageError> {
    check_fields(request.uri().query().unwrap_or_default().as_bytes(), is_unwritable)?;
    let kind = request.headers().get(CONTENT_TYPE).map_or(&b""[..], |kind| kind.as_bytes());
    if !kind.starts_with(b"application/x-www-form-urlencoded") {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    // The limit of the route's body is among the extensions.
    let mut of_body = Request::new(body);
    of_body.extensions_mut().clone_from(&parts.extensions);
    let form = Bytes::from_request(of_body, &()).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => PageError::TooLong,
        _ => PageError::BadRequest,
    })?;
    check_fields(&form, if is_staff { |letter| letter == '\0' } else { is_unwritable })?;
    Ok(Request::from_parts(parts, Body::from(form)))
}

fn check_fields(encoded: &[u8], is_bad: fn(char) -> bool) -> Result<(), PageError> {
    for (name, value) in form_urlencoded::parse(encoded) {
        if name != FILE_FIELD && (name.contains(is_bad) || value.contains(is_bad)) {
            return Err(PageError::ControlCharacter(shown(&name)));
        }
    }
    Ok(())
}

fn shown(name: &str) -> String {
    let letters = name.chars().take(NAME_CHARS_MAX);
    letters.map(|letter| if letter.is_control() { char::REPLACEMENT_CHARACTER } else { letter }).collect()
}

/// Controls other than those of a text with several lines.
fn is_unwritable(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\t' | '\n' | '\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_character_is_named_by_its_field() {
        let wrong = |form: &str| match check_fields(form.as_bytes(), is_unwritable) {
            Err(PageError::ControlCharacter(field)) => Some(field),
            _ => None,
        };
        assert_eq!(wrong("a=1&username=as%00ha").as_deref(), Some("username"));
        assert_eq!(wrong("q=%1B[2J").as_deref(), Some("q"));
        assert_eq!(wrong("%07x=1").as_deref(), Some("\u{fffd}x"));
        assert_eq!(wrong("note=two%0D%0Alines%09here&csv=a%00b&name=%C3%A9"), None);
    }
}
