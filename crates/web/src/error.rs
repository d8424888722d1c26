use askama::Template;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{Html, IntoResponse, Response};
use store::StoreError;

use crate::assets::asset_url;
use crate::pages;

/// Why there is no page. One place turns it into one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PageError {
    /// There is nothing here, or it belongs to somebody else: the two must look the same.
    #[error("not found")]
    NotFound,
    /// The address is right, the method is not.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// For owners only.
    #[error("for owners only")]
    OwnersOnly,
    /// About a person's own account; somebody of the ISP who looks at a client's pages has none there.
    #[error("for the client's own people")]
    PersonsOnly,
    /// The role of a person of the ISP does not allow it.
    #[error("not for this role")]
    RoleOnly,
    /// Not signed by whom it says that it is from.
    #[error("not signed")]
    Unsigned,
    /// Sent by another site's page.
    #[error("sent by another site")]
    CrossSite,
    /// A handler panicked; the panic hook has logged it.
    #[error("a page failed")]
    Panicked,
    /// More was sent than is taken.
    #[error("too long")]
    TooLong,
    /// The request makes no sense.
    #[error("bad request")]
    BadRequest,
    /// A field with a character that cannot be typed.
    #[error("a control character in {0:?}")]
    ControlCharacter(String),
    /// Not now: a limit of what runs at once is reached, in words for the reader.
    #[error("{0}")]
    Busy(String),
    /// The request cannot be met, and this is why, in words for the reader.
    #[error("{0}")]
    Unusable(String),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// A template failed.
    #[error("a page could not be written")]
    Render(#[from] askama::Error),
    /// A statement could not be made into a file.
    #[error("a statement could not be made into a file")]
    Statement(#[source] Box<report::ReportError>),
    /// Random bytes, a hash or a blocking task failed.
    #[error("{0}")]
    Internal(String),
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    css: String,
    code: u16,
    title: &'static str,
    text: &'a str,
    home: &'static str,
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        self.page(pages::DASHBOARD)
    }
}

/// [`PageError`] on a staff page: it leads back to the staff's own pages, and what the store does not find within a
/// scope is not there.
#[derive(Debug)]
pub(crate) struct StaffError(pub(crate) PageError);

impl<E: Into<PageError>> From<E> for StaffError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for StaffError {
    fn into_response(self) -> Response {
        match self.0 {
            PageError::Store(StoreError::NotFound { .. }) => PageError::NotFound.page(pages::staff::WALL),
            error => error.page(pages::staff::WALL),
        }
    }
}

impl PageError {
    /// The page that says so, with the way home.
    fn page(self, home: &'static str) -> Response {
        let control = match &self {
            Self::ControlCharacter(field) => format!(
                "The field \"{field}\" contains a control character, for example U+0000. Go back, type it again and send \
                 it. Nothing was changed."
            ),
            _ => String::new(),
        };
        let (status, title, text) = self.words(&control);
        if status.is_server_error() {
            tracing::error!(error = chain(&self), "a page failed");
        }
        let page = ErrorPage { css: asset_url("app.css"), code: status.as_u16(), title, text, home };
        let body = page.render().unwrap_or_else(|_| title.to_owned());
        (status, [(CACHE_CONTROL, "no-store")], Html(body)).into_response()
    }

    /// Status, title and text of its page; `control` is the text where a field holds a control character.
    fn words<'a>(&'a self, control: &'a str) -> (StatusCode, &'static str, &'a str) {
        match self {
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "Page not found",
                "There is nothing at this address, or it is not yours to see.",
            ),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "That does not work here",
                "This page cannot be used that way.",
            ),
            Self::OwnersOnly => (
                StatusCode::FORBIDDEN,
                "This is for owners",
                "Only an owner of your account may do this. Your profile names them.",
            ),
            Self::PersonsOnly => (
                StatusCode::FORBIDDEN,
                "This is for the client's own people",
                "You look at this client's pages as its provider. Accounts are not part of that, and nothing can be changed.",
            ),
            Self::RoleOnly => (
                StatusCode::FORBIDDEN,
                "Your role does not allow this",
                "A colleague with the role of operator or admin can do it.",
            ),
            Self::CrossSite => (
                StatusCode::FORBIDDEN,
                "Request refused",
                "The form was sent from another site. Open the page here and try again.",
            ),
            Self::Unsigned => (
                StatusCode::FORBIDDEN,
                "Request refused",
                "This address is for another program, which signs what it says.",
            ),
            Self::TooLong => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "That is too long",
                "More was sent than this page takes. Go back, make it shorter or send it in parts; nothing is stored.",
            ),
            Self::BadRequest => (
                StatusCode::BAD_REQUEST,
                "Request not understood",
                "Something in the address or the form is not right.",
            ),
            Self::ControlCharacter(_) => (StatusCode::BAD_REQUEST, "Text with a control character", control),
            Self::Busy(why) => (StatusCode::TOO_MANY_REQUESTS, "Too many at once", why.as_str()),
            Self::Unusable(why) => (StatusCode::BAD_REQUEST, "That cannot be shown", why.as_str()),
            Self::Store(error) if error.is_unwritable() => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Nothing can be stored at the moment",
                "Pages that only show something still work, and the links are monitored. Try again in a few minutes.",
            ),
            Self::Panicked | Self::Store(_) | Self::Render(_) | Self::Statement(_) | Self::Internal(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong on our side",
                "The page could not be made. Your links are not affected by this. Please try again in a moment.",
            ),
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
