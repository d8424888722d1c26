//! A portal on a database of its own: two clients with a link each, and a browser that keeps its cookies.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::Response;
use futures_util::StreamExt;
use secrecy::SecretString;
use serde_json::json;
use sla::LinkState;
use store::{
    Clock, CompanyId, Facing, Latest, LinkId, Location, MasterKey, NewLink, NewRouter, Round, RoundOutcome,
    RouterId, RouterTls, Sample, Span, SpanTail, Store,
};
use tower::ServiceExt;
use web::{Readiness, Settings};

/// 2026-11-23 12:30:00 UTC, 18:00 in Kolkata.
pub(crate) const NOW_MS: i64 = 1_795_437_000_000;
pub(crate) const MINUTE_MS: i64 = 60_000;
pub(crate) const HOUR_MS: i64 = 60 * MINUTE_MS;
pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const HOME: &str = "198.51.100.7";

const BODY_BYTES_MAX: usize = 4 << 20;
const POSTGRES_VARIABLE: &str = "LEASELINE_TEST_POSTGRES";

pub(crate) struct Portal {
    pub(crate) store: Store,
    pub(crate) readiness: Readiness,
    location: Location,
    pub(crate) company: CompanyId,
    pub(crate) mine: LinkId,
    pub(crate) foreign: LinkId,
    pub(crate) router_id: RouterId,
    now_ms: Arc<AtomicI64>,
    app: axum::Router,
    _folder: tempfile::TempDir,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// One portal on each engine.
pub(crate) async fn portals() -> Vec<Portal> {
    portals_with(plain()).await
}

pub(crate) async fn portals_with(settings: Settings) -> Vec<Portal> {
    let mut all = vec![on_sqlite(settings.clone()).await];
    all.extend(on_postgres(settings).await);
    all
}

pub(crate) async fn on_sqlite(settings: Settings) -> Portal {
    let folder = tempfile::tempdir().unwrap();
    open(Location::Sqlite(folder.path().join("portal.sqlite")), settings, folder).await
}

/// `None`: the environment names no server.
pub(crate) async fn on_postgres(settings: Settings) -> Option<Portal> {
    let url = std::env::var(POSTGRES_VARIABLE).ok()?;
    let location = Location::Postgres(create_postgres(&url));
    Some(open(location, settings, tempfile::tempdir().unwrap()).await)
}

/// Settings without https and without waiting.
pub(crate) fn plain() -> Settings {
    Settings {
        secure_cookies: false,
        login_delay: Duration::ZERO,
        refusals_every: Duration::ZERO,
        sends_mail: true,
        ..Settings::default()
    }
}

async fn open(location: Location, settings: Settings, folder: tempfile::TempDir) -> Portal {
    let store = Store::open(&location, Some(MasterKey::generate().unwrap())).await.unwrap();
    let company = store.insert_company("Northwind <Fibre>", "Asia/Kolkata", "INR", NOW_MS).await.unwrap();
    let hash = web::hash_password(&SecretString::from(PASSWORD)).unwrap();
    let mine = store.insert_client(company, "Deccan & Sons", NOW_MS).await.unwrap();
    let other = store.insert_client(company, "Other Customer", NOW_MS).await.unwrap();
    store.insert_portal_user(mine, "asha", "asha@deccan.example", &hash, NOW_MS).await.unwrap();
    store.insert_portal_user(other, "omar", "omar@other.example", &hash, NOW_MS).await.unwrap();
    let password = SecretString::from("router");
    let router_id = store
        .insert_router(
            &NewRouter {
                company_id: company,
                name: "r1",
                address: "192.0.2.1",
                port: 8728,
                username: "u",
                password: &password,
                tls: RouterTls::Off,
            },
            NOW_MS,
        )
        .await
        .unwrap();
    let link = |client_id, circuit, interface, facing| NewLink {
        client_id,
        router_id,
        interface,
        circuit,
        service_ref: None,
        kind: "ILL",
        committed_bps: 100_000_000,
        probe_target: Some("10.20.0.2"),
        facing,
        site: None,
        activated_at_ms: NOW_MS - 100 * 24 * HOUR_MS,
        terminated_at_ms: None,
    };
    let mine = store.insert_link(&link(mine, "MINE-1", "ether2", Facing::Customer)).await.unwrap();
    let foreign = store.insert_link(&link(other, "FOREIGN-1", "ether3", Facing::Upstream)).await.unwrap();
    let now_ms = Arc::new(AtomicI64::new(NOW_MS));
    let clock = Clock::new({
        let now_ms = Arc::clone(&now_ms);
        move || now_ms.load(Ordering::Relaxed)
    });
    let readiness = Readiness::new(store.clone(), clock.clone(), settings.stale_after_ms);
    let app = web::router(store.clone(), clock, settings, readiness.clone());
    let location = location.clone();
    Portal { store, readiness, location, company, mine, foreign, router_id, now_ms, app, _folder: folder }
}

fn create_postgres(url: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = format!("web_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let created = std::process::Command::new("psql")
        .args([url, "-qc", &format!("CREATE DATABASE {name}")])
        .status()
        .unwrap();
    assert!(created.success(), "psql cannot create {name}");
    let (server, _) = url.rsplit_once('/').expect("a URL with a database name");
    format!("{server}/{name}")
}

impl Portal {
    /// All pages, for a server of their own.
    pub(crate) fn app(&self) -> axum::Router {
        self.app.clone()
    }

    pub(crate) fn browser(&self) -> Browser<'_> {
        self.browser_at(HOME)
    }

    pub(crate) fn browser_at(&self, address: &str) -> Browser<'_> {
        Browser {
            portal: self,
            address: SocketAddr::new(address.parse().unwrap(), 40_000),
            cookie: None,
            others: BTreeMap::new(),
        }
    }

    /// A browser in which `asha` has logged in.
    pub(crate) async fn logged_in(&self) -> Browser<'_> {
        let mut browser = self.browser();
        let answer = browser.log_in("asha", PASSWORD).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        browser
    }

    /// What every commit changes: all tables' row counts and last transactions, or SQLite's own count of commits.
    pub(crate) async fn committed(&self) -> String {
        const TABLES: &str = "SELECT string_agg(tablename || ' ' || query_to_xml(format(
            'SELECT COUNT(*), MAX(xmin::text::bigint) FROM %I', tablename), false, false, '')::text, ' ' ORDER BY tablename)
            FROM pg_tables WHERE schemaname = 'public'";
        let Location::Postgres(url) = &self.location else {
            return format!("{:?}", self.store.data_version().await.unwrap());
        };
        let said = std::process::Command::new("psql").args([url, "-XAtqc", TABLES]).output().unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        String::from_utf8(said.stdout).unwrap()
    }

    pub(crate) fn pass(&self, ms: i64) {
        self.now_ms.fetch_add(ms, Ordering::Relaxed);
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.now_ms.load(Ordering::Relaxed)
    }

    /// An hour up with a sample every five minutes, rx 10 and tx 40 Mbit/s, then `state` since `ago_ms`.
    pub(crate) async fn write(&self, link: LinkId, state: LinkState, cause: Option<&str>, ago_ms: i64) {
        let now_ms = self.now_ms();
        let span = |from_ms, to_ms, state, cause: Option<&str>, evidence| Span {
            from_ms,
            to_ms,
            state,
            cause: cause.map(str::to_owned),
            evidence,
        };
        let from_ms = now_ms - HOUR_MS;
        let mut spans =
            vec![span(from_ms, now_ms - ago_ms, LinkState::Up, None, json!({"kind": "continuous"}))];
        spans.push(span(now_ms - ago_ms, now_ms, state, cause, json!({"kind": "looks", "looks": 2})));
        let mut round = Round::new(self.router_id, now_ms, RoundOutcome::Ok);
        round.samples = (0..12).map(|n| sample(link, from_ms + n * 5 * MINUTE_MS)).collect();
        round.tails = vec![SpanTail { link, from_ms, spans }];
        round.latest = vec![Latest {
            link,
            at_ms: now_ms,
            state,
            since_ms: now_ms - ago_ms,
            cause: cause.map(str::to_owned),
            sample_at_ms: Some(now_ms),
            rx_bps: Some(10_000_000),
            tx_bps: Some(40_000_000),
            sent: Some(5),
            received: Some(4),
            rtt_avg_us: Some(8_240),
            rtt_min_us: Some(8_000),
            rtt_max_us: Some(9_000),
            memory: json!({}),
        }];
        self.store.write_round(&round).await.unwrap();
    }
}

/// Lets what was found out a moment ago grow old.
pub(crate) async fn let_age(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

pub(crate) fn sample(link: LinkId, at_ms: i64) -> Sample {
    Sample {
        link,
        at_ms,
        state: LinkState::Up,
        rx_bytes: None,
        tx_bytes: None,
        rx_packets: None,
        tx_packets: None,
        rx_errors: None,
        tx_errors: None,
        rx_drops: None,
        tx_drops: None,
        rx_bps: Some(10_000_000),
        tx_bps: Some(40_000_000),
        sent: Some(5),
        received: Some(4),
        rtt_min_us: Some(8_000),
        rtt_avg_us: Some(8_240),
        rtt_max_us: Some(9_000),
    }
}

/// Keeps cookies as a browser does: `cookie` is the session's, `others` are the rest by name.
pub(crate) struct Browser<'a> {
    portal: &'a Portal,
    address: SocketAddr,
    pub(crate) cookie: Option<String>,
    pub(crate) others: BTreeMap<String, String>,
}

impl Browser<'_> {
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path), Body::empty()).await
    }

    pub(crate) async fn post(&mut self, path: &str, form: &str) -> Answer {
        self.post_bytes(path, form.as_bytes().to_vec()).await
    }

    /// A form as a browser sends it: with a file in it if it begins with a boundary.
    pub(crate) async fn post_bytes(&mut self, path: &str, form: Vec<u8>) -> Answer {
        let first = form.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let kind = match first.strip_prefix(b"--") {
            Some(boundary) => format!("multipart/form-data; boundary={}", String::from_utf8_lossy(boundary)),
            None => "application/x-www-form-urlencoded".to_owned(),
        };
        let request = Request::post(path).header("sec-fetch-site", "same-origin");
        self.send(request.header(header::CONTENT_TYPE, kind), Body::from(form)).await
    }

    pub(crate) async fn log_in(&mut self, username: &str, password: &str) -> Answer {
        let form = format!("username={username}&password={}", password.replace(' ', "+"));
        self.post("/client/login", &form).await
    }

    pub(crate) async fn send(&mut self, mut request: axum::http::request::Builder, body: Body) -> Answer {
        let cookies = self.cookies();
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies);
        }
        let mut request = request.header(header::HOST, "portal.example").body(body).unwrap();
        request.extensions_mut().insert(ConnectInfo(self.address));
        let response = self.portal.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        for set in parts.headers.get_all(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if name.trim_start_matches("__Host-") == "leaseline" {
                self.cookie = (!value.is_empty()).then(|| pair.to_owned());
            } else if value.is_empty() {
                self.others.remove(name);
            } else {
                self.others.insert(name.to_owned(), value.to_owned());
            }
        }
        let is_stream =
            parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
        let body = if is_stream {
            // What a stream says first; it does not end.
            Events { body: body.into_data_stream() }.next().await.expect("a stream that says something")
        } else {
            String::from_utf8_lossy(&to_bytes(body, BODY_BYTES_MAX).await.unwrap()).into_owned()
        };
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// An answer of which nothing is read yet.
    pub(crate) async fn begin(&self, path: &str) -> Response {
        let request = Request::get(path).header(header::HOST, "portal.example");
        let mut request = request.header(header::COOKIE, self.cookies()).body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(self.address));
        self.portal.app.clone().oneshot(request).await.unwrap()
    }

    fn cookies(&self) -> String {
        let others = self.others.iter().map(|(name, value)| format!("{name}={value}"));
        self.cookie.iter().cloned().chain(others).collect::<Vec<_>>().join("; ")
    }

    /// A stream that stays open; the status if there is none.
    pub(crate) async fn open(&self, path: &str) -> Result<Events, StatusCode> {
        let response = self.begin(path).await;
        if response.status() != StatusCode::OK {
            return Err(response.status());
        }
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        Ok(Events { body: response.into_body().into_data_stream() })
    }
}

/// An open stream of events.
pub(crate) struct Events {
    body: axum::body::BodyDataStream,
}

impl Events {
    /// The next event as it was sent, heart-beats aside; `None` when the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<String> {
        loop {
            let next = tokio::time::timeout(Duration::from_secs(300), self.body.next()).await;
            let chunk = next.expect("an event or an end within a minute")?.unwrap();
            if !chunk.starts_with(b":") {
                return Some(String::from_utf8_lossy(&chunk).into_owned());
            }
        }
    }

    /// Whether nothing is said for a while.
    pub(crate) async fn is_silent(&mut self) -> bool {
        tokio::time::timeout(Duration::from_millis(2_500), self.body.next()).await.is_err()
    }
}
