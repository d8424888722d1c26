use std::time::Duration;

use axum_extra::extract::cookie::{Cookie, SameSite};
use sha2::{Digest, Sha256};

use crate::Settings;
use crate::error::PageError;

/// 256 bits: guessing is hopeless.
const TOKEN_BYTES: usize = 32;

/// A secret that a browser or a mail carries; the store keeps its hash.
pub(crate) struct Token {
    /// 64 hexadecimal digits.
    pub(crate) text: String,
    /// Its SHA-256.
    pub(crate) hash: [u8; 32],
}

impl Token {
    pub(crate) fn random() -> Result<Self, PageError> {
        let mut bytes = [0; TOKEN_BYTES];
        getrandom::fill(&mut bytes)
            .map_err(|error| PageError::Internal(format!("no random bytes: {error}")))?;
        let text = bytes.map(|byte| format!("{byte:02x}")).concat();
        let hash = Self::hash_of(&text);
        Ok(Self { text, hash })
    }

    pub(crate) fn hash_of(text: &str) -> [u8; 32] {
        Sha256::digest(text).into()
    }

    pub(crate) fn looks_like(text: &str) -> bool {
        text.len() == 2 * TOKEN_BYTES && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    }
}

/// The `__Host-` prefix makes browsers insist on Secure, no Domain and `Path=/`; over plain http it cannot be used.
pub(crate) fn cookie_name(settings: &Settings, name: &str) -> String {
    if settings.secure_cookies { format!("__Host-{name}") } else { name.to_owned() }
}

/// A cookie that no script reads and no other site's form sends; without an age it goes when the browser closes.
pub(crate) fn cookie(
    settings: &Settings,
    name: &str,
    value: String,
    age: Option<Duration>,
) -> Cookie<'static> {
    let mut cookie = Cookie::build((cookie_name(settings, name), value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(settings.secure_cookies)
        .build();
    if let Some(age) = age.and_then(|age| age.try_into().ok()) {
        cookie.set_max_age(Some(age));
    }
    cookie
}

/// The cookie that takes another away.
pub(crate) fn removal(settings: &Settings, name: &str) -> Cookie<'static> {
    let mut cookie = cookie(settings, name, String::new(), None);
    cookie.make_removal();
    cookie
}
