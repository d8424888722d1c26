//! The HTTP client of webhooks: no redirect, no private address, a limit on time and on what is read.

use std::{error::Error, sync::Arc, time::Duration};

use reqwest::{Client, StatusCode, redirect::Policy};
use tokio::time::timeout;
use url::{Host, Url};

use super::{
    address::{NotPublic, PublicOnly, is_public},
    message::Message,
};
use crate::{
    SendError,
    http::{self, USER_AGENT},
};

/// The most that is read of what a receiver says.
const ANSWER_BYTES_MAX: usize = 1_000;
/// How long a receiver may take over its words once its status is known, which decides.
const ANSWER_WAIT: Duration = Duration::from_secs(1);

/// The longest that a receiver is left alone because it asks for it: nobody may switch its alerts off for days.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3_600);

/// How webhooks are called.
#[derive(Clone, Debug)]
pub struct CallerSettings {
    /// The longest that one call may take, from looking up the name to the end of the answer.
    pub limit: Duration,
    /// Whether addresses that are not on the public internet are called: those of one's own network.
    pub allow_private: bool,
    /// PEM text of authorities to trust besides the machine's own.
    pub ca_pem: Option<Vec<u8>>,
}

/// Settings with which no webhook could be called.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CallerSettingsError(String);

/// Sends messages to webhooks.
#[derive(Clone, Debug)]
pub struct Caller {
    client: Client,
    settings: CallerSettings,
}

impl Caller {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// Authorities that cannot be read.
    pub fn new(settings: CallerSettings) -> Result<Self, CallerSettingsError> {
        let builder = Client::builder()
            .tls_backend_preconfigured(http::tls(settings.ca_pem.as_deref()).map_err(CallerSettingsError)?)
            .user_agent(USER_AGENT)
            .redirect(Policy::none())
            // A proxy would look names up by itself, past our check.
            .no_proxy()
            .timeout(settings.limit);
        let builder =
            if settings.allow_private { builder } else { builder.dns_resolver(Arc::new(PublicOnly)) };
        let client = builder.build().map_err(|error| CallerSettingsError(http::words(&error)))?;
        Ok(Self { client, settings })
    }

    /// The longest that one call may take.
    pub(super) fn limit(&self) -> Duration {
        self.settings.limit
    }

    /// Sends a message, signed with `key`; what the receiver said if it took it.
    ///
    /// [`SendError::Away`] means that this receiver takes nothing at all at the moment, as does one that says when to come
    /// back.
    pub(super) async fn send(
        &self,
        url: &str,
        key: &[u8],
        message: &Message,
        now_ms: i64,
    ) -> Result<String, NotTaken> {
        let url = Url::parse(url).map_err(|error| SendError::Refused(format!("{url:?}: {error}")))?;
        self.check(&url)?;
        let sent_at_s = now_ms.div_euclid(1_000);
        let request = self
            .client
            .post(url.clone())
            .header("content-type", "application/json")
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", sent_at_s)
            .header("webhook-signature", message.signature(key, sent_at_s))
            .body(message.body.clone());
        let mut answer = request.send().await.map_err(|error| self.failure(&error))?;
        let status = answer.status();
        let retry_after = answer.headers().get("retry-after").and_then(|text| text.to_str().ok());
        let retry_after = retry_after.filter(|_| asks_to_wait(status)).and_then(|text| wait(text, now_ms));
        let location = answer.headers().get("location").and_then(|to| to.to_str().ok()).map(str::to_owned);
        // Its path may be as secret as that of the webhook itself.
        let location = location.and_then(|to| url.join(&to).ok()).map(|to| to.origin().ascii_serialization());
        let mut said = Vec::new();
        let listen = async {
            while said.len() < ANSWER_BYTES_MAX
                && let Ok(Some(chunk)) = answer.chunk().await
            {
                said.extend_from_slice(&chunk[..chunk.len().min(ANSWER_BYTES_MAX - said.len())]);
            }
        };
        // What comes after the status changes nothing; a receiver that breaks off or dawdles there has the message.
        let _ = timeout(ANSWER_WAIT, listen).await;
        match judge(status, location.as_deref(), &String::from_utf8_lossy(&said)) {
            Err(SendError::Deferred(why)) if retry_after.is_some() => {
                Err(NotTaken { error: SendError::Away(why), retry_after })
            }
            result => result.map_err(NotTaken::from),
        }
    }

    /// A resolver is not asked for an address that is written as a number.
    fn check(&self, url: &Url) -> Result<(), SendError> {
        let ip = match url.host() {
            Some(Host::Ipv4(ip)) => ip.into(),
            Some(Host::Ipv6(ip)) => ip.into(),
            _ => return Ok(()),
        };
        if self.settings.allow_private || is_public(ip) {
            Ok(())
        } else {
            Err(SendError::Refused(NotPublic(ip).to_string()))
        }
    }

    fn failure(&self, error: &reqwest::Error) -> SendError {
        let mut cause: Option<&(dyn Error + 'static)> = error.source();
        while let Some(inner) = cause {
            if let Some(refused) = inner.downcast_ref::<NotPublic>() {
                // Unlike an address that is written out, what a name leads to may change.
                return SendError::Away(refused.to_string());
            }
            cause = inner.source();
        }
        if error.is_timeout() {
            return SendError::Away(format!("no answer within {} s", self.settings.limit.as_secs()));
        }
        let said = http::words(error);
        if error.is_connect() { SendError::Away(said) } else { SendError::Deferred(said) }
    }
}

/// A message that was not taken.
#[derive(Debug)]
pub(super) struct NotTaken {
    pub(super) error: SendError,
    /// How long the receiver asks to be left alone, at most [`RETRY_AFTER_MAX`].
    pub(super) retry_after: Option<Duration>,
}

impl From<SendError> for NotTaken {
    fn from(error: SendError) -> Self {
        Self { error, retry_after: None }
    }
}

/// Statuses with which `Retry-After` says when to come back (RFC 9110, 10.2.3, and RFC 6585, 4).
fn asks_to_wait(status: StatusCode) -> bool {
    matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
}

/// A `Retry-After`: seconds, or a date as HTTP writes it. `None` for what is neither.
fn wait(text: &str, now_ms: i64) -> Option<Duration> {
    let text = text.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_millisecond();
            Duration::from_millis(u64::try_from(at - now_ms).unwrap_or(0))
        }
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

fn judge(status: StatusCode, location: Option<&str>, said: &str) -> Result<String, SendError> {
    let clean: String = said.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let said = format!("{status} {}", clean.trim()).trim().to_owned();
    match status.as_u16() {
        200..=299 => Ok(said),
        300..=399 => Err(SendError::Deferred(format!(
            "{status}: it leads on to an address at {}; redirects are not followed: enter the final address",
            location.unwrap_or("no server")
        ))),
        // The specification's word for: never again.
        410 => Err(SendError::Refused(said)),
        _ => Err(SendError::Deferred(said)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_says_when_to_come_back_in_seconds_or_as_a_date() {
        // Mon, 23 Nov 2026 12:30:00 GMT.
        let now_ms = 1_795_437_000_000;
        let seconds = |text: &str| wait(text, now_ms).map(|wait| wait.as_secs());
        assert_eq!(seconds("120"), Some(120));
        assert_eq!(seconds(" 0 "), Some(0));
        assert_eq!(seconds("Mon, 23 Nov 2026 12:35:00 GMT"), Some(300));
        assert_eq!(seconds("Mon, 23 Nov 2026 12:25:00 GMT"), Some(0), "a moment that is over");
        assert_eq!(seconds("86400"), Some(3_600), "at most an hour");
        assert_eq!(seconds("18446744073709551616"), None);
        for text in ["", "-5", "soon", "1.5"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
