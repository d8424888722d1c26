use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRef, MatchedPath, Request};
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse;
use sla::Month;
use store::{ClientId, Clock, CompanyId, StaffUserId, Store};
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use crate::brand::Brand;
use crate::error::PageError;
use crate::exports::Exports;
use crate::gate::LoginGates;
use crate::kept::Kept;
use crate::live_hub::LiveHub;
use crate::pages::client_links::ClientLinks;
use crate::pages::staff::look_back::Looks;
use crate::proxies::Proxies;
use crate::readiness::Readiness;
use crate::refusal_log::RefusalLog;
use crate::rendered::PageKey;
use crate::routes::routes;
use crate::session::SessionRows;
use crate::staff::StaffRows;
use crate::throttle::Throttle;
use crate::watcher::Watcher;
use crate::{Settings, headers, notices};

/// The largest request body: a login form is a few hundred bytes.
const BODY_BYTES_MAX: usize = 16 * 1024;
/// The longest that a request may take, with the delay of a throttled login.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// Statements made into files at once: a PDF is some tens of milliseconds of a core.
const FILES_MADE_MAX: usize = 2;

/// Sessions kept as they were read; one is about 2 kB.
const SESSIONS_KEPT_MAX: usize = 4_096;
/// Dashboards kept as they were read; one of 500 links is about 1 MB.
const BOARDS_KEPT_MAX: usize = 64;
/// Looks of companies kept; one is the size of its logo, at most 512 KiB.
const BRANDS_KEPT_MAX: usize = 64;
/// Staff users kept as they were read; one is under 1 kB, and some 10 bytes more for each company.
const STAFF_KEPT_MAX: usize = 256;
/// Written pages kept; the largest, 500 links by site, is about 700 kB.
const PAGES_KEPT_MAX: usize = 64;

/// Targets of the log that must stay off at every level: they write whole addresses, in which the secrets of links stand.
pub const LOG_TARGETS_OFF: &[&str] = &["tower_http::csrf"];

/// What the pages are made from. A request clones it dozens of times, in each layer and for each argument of its handler:
/// with the parts side by side that was 40 % of a kept dashboard's time.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// The parts of an [`App`].
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) settings: Arc<Settings>,
    /// Sessions and dashboards as they were read, for as long as nothing changes.
    pub(crate) sessions: Arc<Kept<[u8; 32], SessionRows>>,
    pub(crate) boards: Arc<Kept<(ClientId, Month), ClientLinks>>,
    pub(crate) brands: Arc<Kept<CompanyId, Brand>>,
    /// What each staff page shows of its reader.
    pub(crate) staff: Arc<Kept<StaffUserId, StaffRows>>,
    /// Pages as they were written, within one second.
    pub(crate) pages: Arc<Kept<PageKey, Bytes>>,
    pub(crate) watcher: Watcher,
    pub(crate) live: LiveHub,
    /// Who may have a password or a code checked now.
    pub(crate) login_gates: LoginGates,
    /// Failed logins of late.
    pub(crate) throttle: Throttle,
    /// Refused logins on their way to the audit log.
    pub(crate) refusals: RefusalLog,
    /// Permits for making statements into files.
    pub(crate) files_made: Arc<Semaphore>,
    /// A permit for other hashing: a person who makes recovery codes holds no login up.
    pub(crate) hashing: Arc<Semaphore>,
    /// Who looks back at what other settings would have sent.
    pub(crate) looks: Arc<Looks>,
    /// Lists that are on their way to a reader as files.
    pub(crate) exports: Exports,
    pub(crate) proxies: Proxies,
    /// Whether the installation does its work, as its task found last.
    pub(crate) readiness: Readiness,
}

impl FromRef<App> for Store {
    fn from_ref(app: &App) -> Self {
        app.store.clone()
    }
}

/// All pages of the portal.
///
/// Serve it with [`serve`](crate::serve), or another server that gives each request a `ConnectInfo<SocketAddr>`: failed
/// logins are counted by the caller's address, and without it all callers share one count.
///
/// `/readyz` and the staff overview show what `readiness` found last: have [`Readiness::run`] run beside it.
pub fn router(store: Store, clock: Clock, settings: Settings, readiness: Readiness) -> Router {
    let settings = Arc::new(settings);
    let app = App(Arc::new(Parts {
        watcher: Watcher::new(store.clone()),
        refusals: RefusalLog::new(store.clone(), Arc::clone(&settings)),
        live: LiveHub::new(store.clone(), clock.clone(), settings.live),
        store,
        clock,
        settings: Arc::clone(&settings),
        sessions: Arc::new(Kept::new(SESSIONS_KEPT_MAX)),
        boards: Arc::new(Kept::new(BOARDS_KEPT_MAX)),
        brands: Arc::new(Kept::new(BRANDS_KEPT_MAX)),
        staff: Arc::new(Kept::new(STAFF_KEPT_MAX)),
        pages: Arc::new(Kept::new(PAGES_KEPT_MAX)),
        login_gates: LoginGates::default(),
        throttle: Throttle::default(),
        files_made: Arc::new(Semaphore::new(FILES_MADE_MAX)),
        hashing: Arc::new(Semaphore::new(1)),
        looks: Arc::default(),
        exports: Exports::default(),
        proxies: Proxies::default(),
        readiness,
    }));

    let mut pages = Router::new();
    for route in routes() {
        pages = pages.route(route.path, route.guarded(&app));
    }
    pages
        .fallback(|| async { PageError::NotFound })
        .method_not_allowed_fallback(|| async { PageError::MethodNotAllowed })
        .with_state(app)
        .layer(from_fn(headers::no_store))
        .layer(from_fn_with_state(Arc::clone(&settings), notices::own))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(CsrfLayer::new().with_rejection_response(|_| PageError::CrossSite.into_response()))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, REQUEST_TIMEOUT))
        .layer(CatchPanicLayer::custom(|_| PageError::Panicked.into_response()))
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(settings, headers::strict))
        .layer(TraceLayer::new_for_http().make_span_with(span_of))
}

/// What the log says of a request: its route and not its address, in which the secrets of links stand.
fn span_of(request: &Request) -> tracing::Span {
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
    tracing::debug_span!("request", method = %request.method(), route)
}
