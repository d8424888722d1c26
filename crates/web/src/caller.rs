use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::Cookie;
use sha2::{Digest, Sha256};

use crate::Settings;
use crate::address::{client_address, unbelieved_proxy};
use crate::app::App;
use crate::error::PageError;
use crate::token::{self, Token};

/// The browser shows this long after a login that it has logged in here before.
const DEVICE: &str = "leaseline-device";
/// Longer user agents are cut.
const USER_AGENT_CHARS_MAX: usize = 200;

/// Who asks: from where, with what.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) address: IpAddr,
    /// What the browser calls itself.
    pub(crate) agent: Option<String>,
    /// The hash of the browser's token, if it has one; whose browser it is, the store knows.
    pub(crate) device: Option<String>,
}

impl FromRequestParts<App> for Caller {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageError> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let address = client_address(peer, &parts.headers, &app.settings.trusted_proxies);
        if let Some(proxy) = unbelieved_proxy(peer, &parts.headers, &app.settings.trusted_proxies) {
            app.proxies.found(&app.store, proxy, app.clock.now_ms()).await?;
        }
        Ok(Self {
            address,
            agent: user_agent(&parts.headers),
            device: cookie(&parts.headers, &app.settings, DEVICE).map(|token| device_key(&token)),
        })
    }
}

impl Caller {
    /// The address as it is kept and shown.
    pub(crate) fn address_text(&self) -> String {
        self.address.to_string()
    }
}

/// A cookie for a browser that has just logged in, and what to know it by; `None` if it has one already.
pub(crate) fn new_device(
    caller: &Caller,
    settings: &Settings,
) -> Result<Option<(Cookie<'static>, String)>, PageError> {
    if caller.device.is_some() {
        return Ok(None);
    }
    let token = Token::random()?;
    let cookie = token::cookie(settings, DEVICE, token.text.clone(), Some(settings.device_known));
    Ok(Some((cookie, device_key(&token.text))))
}

/// The value of one of our cookies, if it looks like a token.
pub(crate) fn cookie(headers: &HeaderMap, settings: &Settings, name: &str) -> Option<String> {
    let jar = CookieJar::from_headers(headers);
    let value = jar.get(&token::cookie_name(settings, name))?.value();
    Token::looks_like(value).then(|| value.to_owned())
}

fn device_key(token: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(token).into();
    format!("device:{}", digest.map(|byte| format!("{byte:02x}")).concat())
}

fn user_agent(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(USER_AGENT)?;
    Some(String::from_utf8_lossy(value.as_bytes()).chars().take(USER_AGENT_CHARS_MAX).collect())
}
