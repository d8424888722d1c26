use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRequestParts, OptionalFromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::cookie::Cookie;
use store::{
    Client, ClientId, Company, DataVersion, NewSession, PortalRole, PortalUser, Session, SessionId,
    SessionUser, StaffUser, StoreError,
};

use crate::Settings;
use crate::app::App;
use crate::brand::Brand;
use crate::caller::{self, Caller};
use crate::error::PageError;
use crate::pages;
use crate::routes::Answer;
use crate::staff;
use crate::token::{self, Token};
use crate::zone::Zone;

/// The cookie of a session.
const SESSION: &str = "leaseline";
/// A session is written to at most this often.
pub(crate) const TOUCH_EVERY_MS: i64 = 60_000;
/// Sent by the pages' own scripts: they are to get a status instead of the login page. Its value is [`BY_USER`] where the
/// script asks because the user did something.
pub(crate) const REFRESH_HEADER: &str = "x-leaseline-refresh";
const BY_USER: &str = "user";
/// The same for a page that reloads itself without a script, in its address.
const REFRESH_QUERY: &str = "refresh=1";

/// Who looks at a client's pages.
#[derive(Clone, Debug)]
pub(crate) enum Visitor {
    /// A person of the client.
    Person(PortalUser),
    /// A person of the ISP who wants to see what the client sees. Nothing can be changed that way.
    Staff(StaffUser),
}

impl Visitor {
    pub(crate) fn username(&self) -> &str {
        match self {
            Self::Person(user) => &user.username,
            Self::Staff(user) => &user.username,
        }
    }

    /// Who this is in the audit log.
    pub(crate) fn actor(&self) -> String {
        match self {
            Self::Person(user) => format!("portal:{}", user.username),
            Self::Staff(user) => format!("staff:{}", user.username),
        }
    }
}

/// Somebody who may see a client's pages, with what every page shows.
#[derive(Clone, Debug)]
pub(crate) struct ClientSession {
    pub(crate) visitor: Visitor,
    pub(crate) client: Client,
    pub(crate) company: Company,
    /// What the company looks like.
    pub(crate) brand: Arc<Brand>,
    pub(crate) zone: Zone,
    pub(crate) id: SessionId,
    pub(crate) token_hash: [u8; 32],
    /// When the session ends, however much it is used.
    pub(crate) ends_at_ms: i64,
    /// The store's state when the session was looked up.
    pub(crate) version: DataVersion,
}

/// A session's rows, read together.
#[derive(Debug)]
pub(crate) struct SessionRows {
    session: Session,
    visitor: Visitor,
    /// First moment at which it is no longer good.
    until_ms: i64,
    client: Client,
    company: Company,
    brand: Arc<Brand>,
    zone: Zone,
}

impl ClientSession {
    /// Whose data the pages may show: the argument of every store function.
    pub(crate) fn client_id(&self) -> ClientId {
        self.client.id
    }

    /// Whether it is that of a person of the client.
    pub(crate) fn is_persons(&self) -> bool {
        matches!(self.visitor, Visitor::Person(_))
    }
}

/// A person of a client who is logged in, for what is this person's own.
#[derive(Clone, Debug)]
pub(crate) struct PersonSession {
    pub(crate) user: PortalUser,
    session: ClientSession,
}

impl PersonSession {
    /// `None`: a person of the ISP, who has no account here.
    pub(crate) fn of(session: ClientSession) -> Option<Self> {
        match &session.visitor {
            Visitor::Person(user) => Some(Self { user: user.clone(), session }),
            Visitor::Staff(_) => None,
        }
    }

    /// Whether this person may say who else of the client may log in.
    pub(crate) fn is_owner(&self) -> bool {
        self.user.role == PortalRole::Owner
    }
}

impl Deref for PersonSession {
    type Target = ClientSession;

    fn deref(&self) -> &ClientSession {
        &self.session
    }
}

/// Whether a request is something that the user did, so that the session is in use: a page left open, with its
/// refreshes and streams, would otherwise keep it for ever.
pub(crate) fn is_by_user(request: &Request, answer: Answer) -> bool {
    let by_script = request.headers().get(REFRESH_HEADER).is_some_and(|value| value != BY_USER);
    !by_script && answer != Answer::Stream && request.uri().query() != Some(REFRESH_QUERY)
}

/// What somebody without a session gets.
pub(crate) enum NoSession {
    /// The login, and then back to where they wanted to go.
    LogIn { wanted: Option<String> },
    /// For scripts: a status and no page.
    Unauthorized,
}

impl NoSession {
    pub(crate) fn of(answer: Answer, headers: &HeaderMap, path: &str) -> Self {
        match answer {
            Answer::Data | Answer::Stream => Self::Unauthorized,
            _ if headers.contains_key(REFRESH_HEADER) => Self::Unauthorized,
            // What was to be done is not done after the login: nobody may be made to do it that way.
            Answer::Change => Self::LogIn { wanted: None },
            Answer::Page | Answer::Download => {
                Self::LogIn { wanted: Some(path.to_owned()).filter(|path| path != pages::DASHBOARD) }
            }
        }
    }
}

/// The login with where to go afterwards. A path may hold what would begin another field.
pub(crate) fn login_with_next(login: &str, wanted: &str) -> String {
    let mut query = form_urlencoded::Serializer::for_suffix(format!("{login}?"), login.len() + 1);
    query.append_pair("next", wanted).finish().replace("%2F", "/")
}

impl IntoResponse for NoSession {
    fn into_response(self) -> Response {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED.into_response(),
            Self::LogIn { wanted: None } => Redirect::to(pages::LOGIN).into_response(),
            Self::LogIn { wanted: Some(wanted) } => {
                Redirect::to(&login_with_next(pages::LOGIN, &wanted)).into_response()
            }
        }
    }
}

/// The session that the route's guard found.
impl FromRequestParts<App> for ClientSession {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, PageError> {
        let missing = || PageError::Internal("a page of a client stands in the table as open".to_owned());
        parts.extensions.remove().ok_or_else(missing)
    }
}

/// The same for what is a person's own.
impl FromRequestParts<App> for PersonSession {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, PageError> {
        let missing =
            || PageError::Internal("an account's page stands in the table as a client's".to_owned());
        parts.extensions.remove().ok_or_else(missing)
    }
}

/// The session of an open page's visitor, if there is one.
impl OptionalFromRequestParts<App> for ClientSession {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, PageError> {
        find(&parts.headers, app, false).await
    }
}

/// Begins a session under a new token and gives the cookie for it; an older session of this browser ends.
pub(crate) async fn begin(
    app: &App,
    user: &PortalUser,
    headers: &HeaderMap,
    caller: &Caller,
    second_factor: bool,
) -> Result<Cookie<'static>, PageError> {
    if let Some(old) = token_hash(headers, &app.settings) {
        app.store.delete_session(&old).await?;
    }
    let token = Token::random()?;
    let now_ms = app.clock.now_ms();
    let new = NewSession {
        user: SessionUser::Portal(user.id),
        token_hash: token.hash,
        created_at_ms: now_ms,
        expires_at_ms: expiry(&app.settings, now_ms, now_ms),
        address: Some(&caller.address_text()),
        user_agent: caller.agent.as_deref(),
        second_factor,
    };
    app.store.insert_session(&new).await?;
    Ok(token::cookie(&app.settings, SESSION, token.text, None))
}

/// The cookie that takes the session's cookie away.
pub(crate) fn removal(settings: &Settings) -> Cookie<'static> {
    token::removal(settings, SESSION)
}

fn token_hash(headers: &HeaderMap, settings: &Settings) -> Option<[u8; 32]> {
    caller::cookie(headers, settings, SESSION).map(|token| Token::hash_of(&token))
}

/// Idle from now on, but never past the absolute end.
pub(crate) fn expiry(settings: &Settings, created_at_ms: i64, now_ms: i64) -> i64 {
    let millis = |duration: std::time::Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    let idle = now_ms.saturating_add(millis(settings.session_idle));
    idle.min(created_at_ms.saturating_add(millis(settings.session_absolute)))
}

/// The session of a person at the log-in or log-out, if there is one.
impl OptionalFromRequestParts<App> for PersonSession {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, PageError> {
        let Some(hash) = token_hash(&parts.headers, &app.settings) else { return Ok(None) };
        Ok(found(app, hash, false).await?.and_then(Self::of))
    }
}

/// The session that the request's cookies name. A person of the ISP who looks at a client sees that one, whoever else
/// is logged in with the same browser. It is prolonged if the request is `by_user`.
pub(crate) async fn find(
    headers: &HeaderMap,
    app: &App,
    by_user: bool,
) -> Result<Option<ClientSession>, PageError> {
    if let Some(token) = staff::token_hash(headers, &app.settings)
        && let Some(viewing) = found(app, token, by_user).await?.filter(|found| !found.is_persons())
    {
        return Ok(Some(viewing));
    }
    let Some(hash) = token_hash(headers, &app.settings) else { return Ok(None) };
    Ok(found(app, hash, by_user).await?.filter(ClientSession::is_persons))
}

async fn found(app: &App, hash: [u8; 32], by_user: bool) -> Result<Option<ClientSession>, PageError> {
    let now_ms = app.clock.now_ms();
    let version = app.store.data_version().await?;
    let rows = app.sessions.get(&version, hash, async || read(app, &version, &hash, now_ms).await).await;
    let rows = match rows {
        Ok(rows) if rows.until_ms > now_ms => rows,
        Ok(_) | Err(Missing::Session) => return Ok(None),
        Err(Missing::Failed(error)) => return Err(error),
    };
    if by_user && now_ms - rows.session.seen_at_ms >= TOUCH_EVERY_MS {
        let expires_at_ms = expiry(&app.settings, rows.session.created_at_ms, now_ms);
        app.store.touch_session(&hash, now_ms, expires_at_ms).await?;
    }
    Ok(Some(ClientSession {
        visitor: rows.visitor.clone(),
        client: rows.client.clone(),
        company: rows.company.clone(),
        brand: Arc::clone(&rows.brand),
        zone: rows.zone.clone(),
        id: rows.session.id,
        token_hash: hash,
        ends_at_ms: expiry(&app.settings, rows.session.created_at_ms, i64::MAX),
        version,
    }))
}

/// Whether a session that was found before still is one; it is not prolonged by asking.
pub(crate) async fn is_good(app: &App, session: &ClientSession) -> Result<bool, PageError> {
    let hash = &session.token_hash;
    let now_ms = app.clock.now_ms();
    let version = app.store.data_version().await?;
    match app.sessions.get(&version, *hash, async || read(app, &version, hash, now_ms).await).await {
        // A view of another client is another session.
        Ok(rows) => Ok(rows.until_ms > now_ms && rows.client.id == session.client_id()),
        Err(Missing::Session) => Ok(false),
        Err(Missing::Failed(error)) => Err(error),
    }
}

/// Why there are no rows. That there is no session is not kept: anybody may ask with any cookie.
enum Missing {
    Session,
    Failed(PageError),
}

impl From<StoreError> for Missing {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

async fn read(
    app: &App,
    version: &DataVersion,
    hash: &[u8; 32],
    now_ms: i64,
) -> Result<SessionRows, Missing> {
    let (session, visitor, client, until_ms) = match app.store.portal_session(hash, now_ms).await? {
        Some((session, user)) => {
            let (client, until_ms) = (app.store.client(user.client_id).await?, session.expires_at_ms);
            (session, Visitor::Person(user), client, until_ms)
        }
        None => {
            let viewing = app.store.staff_viewing(hash, now_ms).await?.ok_or(Missing::Session)?;
            if staff::lacks_factor(app, viewing.staff.id).await.map_err(Missing::Failed)? {
                return Err(Missing::Session);
            }
            let until_ms = viewing.until_ms.min(viewing.session.expires_at_ms);
            (viewing.session, Visitor::Staff(viewing.staff), viewing.client, until_ms)
        }
    };
    let company = app.store.company(client.company_id).await?;
    let brand = Brand::of(app, version, &company).await.map_err(Missing::Failed)?;
    let zone = Zone::named(&company.timezone);
    Ok(SessionRows { session, visitor, until_ms, client, company, brand, zone })
}
