use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse;
use store::{Clock, Store};
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use crate::error::PageError;
use crate::proxies::Proxies;
use crate::routes::routes;
use crate::{Settings, headers};

/// The largest request body: a login form is a few hundred bytes.
const BODY_BYTES_MAX: usize = 16 * 1024;
/// The longest that a request may take, with the delay of a throttled login.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// Password checks at once: each is 19 MiB and some 25 ms of a core.
const PASSWORD_CHECKS_MAX: usize = 2;
/// Statements made into files at once: a PDF is some tens of milliseconds of a core.
const FILES_MADE_MAX: usize = 2;

/// What the pages are made from.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) settings: Arc<Settings>,
    /// Permits for password checks.
    pub(crate) password_checks: Arc<Semaphore>,
    /// Permits for making statements into files.
    pub(crate) files_made: Arc<Semaphore>,
    /// A permit for other hashing: a person who makes recovery codes holds no login up.
    pub(crate) hashing: Arc<Semaphore>,
    pub(crate) proxies: Proxies,
}

impl FromRef<App> for Store {
    fn from_ref(app: &App) -> Self {
        app.store.clone()
    }
}

/// All pages of the portal.
///
/// Serve it with `into_make_service_with_connect_info::<SocketAddr>()`: failed logins are counted by the caller's
/// address, and without it all callers share one count.
pub fn router(store: Store, clock: Clock, settings: Settings) -> Router {
    let settings = Arc::new(settings);
    let password_checks = Arc::new(Semaphore::new(PASSWORD_CHECKS_MAX));
    let app = App {
        store,
        clock,
        settings: Arc::clone(&settings),
        password_checks,
        files_made: Arc::new(Semaphore::new(FILES_MADE_MAX)),
        hashing: Arc::new(Semaphore::new(1)),
        proxies: Proxies::default(),
    };

    let mut pages = Router::new();
    for route in routes() {
        pages = pages.route(route.path, route.guarded(&app));
    }
    pages
        .fallback(|| async { PageError::NotFound })
        .method_not_allowed_fallback(|| async { PageError::MethodNotAllowed })
        .with_state(app)
        .layer(from_fn(headers::no_store))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(CsrfLayer::new().with_rejection_response(|_| PageError::CrossSite.into_response()))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, REQUEST_TIMEOUT))
        .layer(CatchPanicLayer::custom(|_| PageError::Panicked.into_response()))
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(settings, headers::strict))
        .layer(TraceLayer::new_for_http())
}
