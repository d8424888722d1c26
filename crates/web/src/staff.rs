//! The session of a person of the ISP: the mechanism of the portal's sessions under a cookie of its own. Neither opens a
//! page of the other.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::cookie::Cookie;
use store::{NewSession, SessionId, SessionUser, StaffAct, StaffRole, StaffScope, StaffUser, StaffUserId};

use crate::Settings;
use crate::app::App;
use crate::caller::{self, Caller};
use crate::error::{PageError, StaffError};
use crate::pages;
use crate::routes::{Access, Answer};
use crate::session::{REFRESH_HEADER, TOUCH_EVERY_MS, expiry, login_with_next};
use crate::token::{self, Token};
use crate::zone::Zone;

/// The cookie of a staff session.
const SESSION: &str = "leaseline-staff";

/// A person of the ISP who is logged in.
#[derive(Clone, Debug)]
pub(crate) struct StaffSession {
    pub(crate) rows: Arc<StaffRows>,
    pub(crate) id: SessionId,
    pub(crate) token_hash: [u8; 32],
}

/// What every staff page shows of a staff user and the companies, read together.
#[derive(Clone, Debug)]
pub(crate) struct StaffRows {
    pub(crate) user: StaffUser,
    /// The argument of every store function behind a staff page.
    pub(crate) scope: StaffScope,
    /// For the head of each page: the only company's name, or how many there are.
    pub(crate) works_for: String,
    /// That of the companies, if they have but one; else UTC, in which nothing may be typed.
    pub(crate) zone: Zone,
    has_one_zone: bool,
    /// How many alerts are there to be dealt with, for the menu of each page.
    pub(crate) open_alerts: i64,
    /// A second factor is demanded, and this person has none.
    pub(crate) lacks_factor: bool,
    /// `staff:<user name>`
    actor: String,
}

impl Deref for StaffSession {
    type Target = StaffRows;

    fn deref(&self) -> &StaffRows {
        &self.rows
    }
}

impl StaffSession {
    /// Whether this person changes clients, links, routers and exclusions.
    pub(crate) fn may_edit(&self) -> bool {
        self.user.role != StaffRole::Viewer
    }

    pub(crate) fn is_admin(&self) -> bool {
        self.user.role == StaffRole::Admin
    }

    /// The zone of all companies, if it is one.
    pub(crate) fn one_zone(&self) -> Option<&Zone> {
        self.has_one_zone.then_some(&self.zone)
    }

    /// Who this person is in the audit log.
    pub(crate) fn actor(&self) -> &str {
        &self.actor
    }

    /// A change by this person, now.
    pub(crate) fn act<'a>(&'a self, address: &'a str, now_ms: i64) -> StaffAct<'a> {
        StaffAct { scope: &self.scope, actor: &self.actor, address: Some(address), now_ms }
    }

    /// Whether the role allows a route.
    pub(crate) fn may(&self, access: Access) -> bool {
        match access {
            Access::Staff => true,
            Access::Operator => self.may_edit(),
            Access::Admin => self.is_admin(),
            Access::Open | Access::Signed | Access::Client | Access::Person | Access::Owner => false,
        }
    }
}

/// What somebody without a staff session gets.
pub(crate) fn refused(answer: Answer, headers: &HeaderMap, path: &str) -> Response {
    match answer {
        Answer::Data | Answer::Stream => StatusCode::UNAUTHORIZED.into_response(),
        _ if headers.contains_key(REFRESH_HEADER) => StatusCode::UNAUTHORIZED.into_response(),
        Answer::Page | Answer::Download if path != pages::staff::WALL => {
            Redirect::to(&login_with_next(pages::staff::LOGIN, path)).into_response()
        }
        Answer::Page | Answer::Download | Answer::Change => Redirect::to(pages::staff::LOGIN).into_response(),
    }
}

/// What somebody gets who must set a second factor up first.
pub(crate) fn led_to_factor(answer: Answer, headers: &HeaderMap) -> Response {
    match answer {
        Answer::Data | Answer::Stream => StatusCode::FORBIDDEN.into_response(),
        _ if headers.contains_key(REFRESH_HEADER) => StatusCode::UNAUTHORIZED.into_response(),
        Answer::Page | Answer::Download | Answer::Change => {
            Redirect::to(pages::staff::ACCOUNT).into_response()
        }
    }
}

/// Whether a second factor is demanded of a person of the ISP who has none.
pub(crate) async fn lacks_factor(app: &App, user: StaffUserId) -> Result<bool, PageError> {
    Ok(app.settings.staff_second_factor && app.store.second_factor_since(user).await?.is_none())
}

/// The session that the route's guard found.
impl FromRequestParts<App> for StaffSession {
    type Rejection = StaffError;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, StaffError> {
        let missing = || PageError::Internal("a staff page stands in the table as open".to_owned());
        Ok(parts.extensions.remove().ok_or_else(missing)?)
    }
}

/// The session of an open page's visitor, if there is one.
impl OptionalFromRequestParts<App> for StaffSession {
    type Rejection = StaffError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, StaffError> {
        Ok(find(&parts.headers, app, false).await?)
    }
}

/// Begins a session under a new token and gives the cookie for it; an older session of this browser ends.
pub(crate) async fn begin(
    app: &App,
    user: &StaffUser,
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
        user: SessionUser::Staff(user.id),
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

/// What the store knows the request's staff session by, if its cookie is there.
pub(crate) fn token_hash(headers: &HeaderMap, settings: &Settings) -> Option<[u8; 32]> {
    caller::cookie(headers, settings, SESSION).map(|token| Token::hash_of(&token))
}

/// The session that the request's cookie names. It is prolonged if the request is `by_user`. Its row is read each time; what
/// else a page shows of the user is kept until the next commit.
pub(crate) async fn find(
    headers: &HeaderMap,
    app: &App,
    by_user: bool,
) -> Result<Option<StaffSession>, PageError> {
    let Some(token_hash) = token_hash(headers, &app.settings) else { return Ok(None) };
    let now_ms = app.clock.now_ms();
    let version = app.store.data_version().await?;
    let Some(session) = app.store.session(&token_hash, now_ms).await? else { return Ok(None) };
    let SessionUser::Staff(user) = session.user else { return Ok(None) };
    if by_user && now_ms - session.seen_at_ms >= TOUCH_EVERY_MS {
        let expires_at_ms = expiry(&app.settings, session.created_at_ms, now_ms);
        app.store.touch_session(&token_hash, now_ms, expires_at_ms).await?;
    }
    let rows = app.staff.get(&version, user, async || read(app, user).await).await?;
    Ok(Some(StaffSession { rows, id: session.id, token_hash }))
}

async fn read(app: &App, user: StaffUserId) -> Result<StaffRows, PageError> {
    tracing::trace!(?user, "the staff user is read from the store");
    let user = app.store.staff_user(user).await?;
    let lacks_factor = lacks_factor(app, user.id).await?;
    let scope = app.store.staff_scope(user.id).await?;
    let companies = app.store.staff_companies(&scope).await?;
    let one_zone = match companies.split_first() {
        Some((first, rest)) if rest.iter().all(|other| other.timezone == first.timezone) => {
            Some(first.timezone.as_str())
        }
        _ => None,
    };
    let works_for = match companies.as_slice() {
        [] => "No company".to_owned(),
        [only] => only.name.clone(),
        several => format!("{} companies", several.len()),
    };
    let open_alerts = app.store.staff_open_alerts(&scope).await?;
    Ok(StaffRows {
        scope,
        open_alerts,
        works_for,
        zone: Zone::named(one_zone.unwrap_or("UTC")),
        has_one_zone: one_zone.is_some(),
        lacks_factor,
        actor: format!("staff:{}", user.username),
        user,
    })
}
