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
    /// [`SendError::Away`] means that this receiver takes nothing at all at the moment.
    pub(super) async fn send(
        &self,
        url: &str,
        key: &[u8],
        message: &Message,
        now_ms: i64,
    ) -> Result<String, SendError> {
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
        judge(status, location.as_deref(), &String::from_utf8_lossy(&said))
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
