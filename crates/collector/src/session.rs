use std::time::Duration;

use routeros::{Client, CodePage, Credentials, Limits, Target, Tls};
use store::{Router, RouterTls, Store, StoreError};

use crate::backoff::Backoff;
use crate::config::CollectorConfig;
use crate::error::RoundError;
use crate::piece::Cause;
use crate::schedule::spread;

/// A user without the policy `test` is asked again after this: the operator may have given it. Asking at every round
/// fills the router's log.
const PING_AGAIN_AFTER_MS: i64 = 60 * 60_000;

/// The kept session with one router.
#[derive(Debug)]
pub(crate) struct Session {
    client: Option<Client>,
    backoff: Backoff,
    last_error: String,
    last_cause: Cause,
    pings_refused_ms: Option<i64>,
}

impl Session {
    pub(crate) fn new(router: &Router, config: &CollectorConfig) -> Self {
        let seed = spread(router.id.0.cast_unsigned());
        Self {
            client: None,
            backoff: Backoff::new(config.backoff_min, config.backoff_max, seed),
            last_error: String::new(),
            last_cause: Cause::NotPolled,
            pings_refused_ms: None,
        }
    }

    /// The session, opened if there is none. `patient`: not before the pause after the last failure is over.
    pub(crate) async fn client(
        &mut self,
        router: &Router,
        store: &Store,
        config: &CollectorConfig,
        now_ms: i64,
        patient: bool,
    ) -> Result<Client, RoundError> {
        if let Some(client) = self.client.as_ref().filter(|client| !client.is_closed()) {
            return Ok(client.clone());
        }
        self.client = None;
        if let Some(wait_ms) = self.backoff.wait_ms(now_ms).filter(|_| patient) {
            return Err(RoundError::BackingOff {
                last: self.last_error.clone(),
                wait_s: wait_ms / 1_000 + 1,
                cause: self.last_cause,
            });
        }
        let client = connect(router, store, config.connect_timeout).await?;
        self.backoff.succeeded();
        // What the user may do was settled at the login: the new session is asked anew.
        self.pings_refused_ms = None;
        self.client = Some(client.clone());
        Ok(client)
    }

    /// The session is of no more use, or could not be opened, for `cause`: the next attempt waits its pause.
    pub(crate) fn failed(&mut self, error: &RoundError, cause: Cause, now_ms: i64) {
        self.client = None;
        if !matches!(error, RoundError::BackingOff { .. }) {
            self.last_error = error.to_string();
            self.last_cause = cause;
            self.backoff.failed(now_ms);
        }
    }

    /// Closes it, for example because the router's address was changed.
    pub(crate) fn close(&mut self) {
        self.client = None;
        self.backoff.succeeded();
        self.pings_refused_ms = None;
    }

    pub(crate) fn may_ping(&self, now_ms: i64) -> bool {
        self.pings_refused_ms.is_none_or(|refused_ms| now_ms - refused_ms >= PING_AGAIN_AFTER_MS)
    }

    /// Notes that pings are refused; true the first time.
    pub(crate) fn pings_refused(&mut self, now_ms: i64) -> bool {
        self.pings_refused_ms.replace(now_ms).is_none()
    }
}

/// Opens a session. Connecting, TLS and the login may each take as long as `patience`.
pub(crate) async fn connect(
    router: &Router,
    store: &Store,
    patience: Duration,
) -> Result<Client, RoundError> {
    let credentials = credentials_of(router, store).await?;
    Ok(Client::connect(&target_of(router), &credentials, &limits_of(router, patience)).await?)
}

/// Who logs in at a router.
pub(crate) async fn credentials_of(router: &Router, store: &Store) -> Result<Credentials, RoundError> {
    let password = store.router_password(router.id).await.map_err(no_password)?;
    Ok(Credentials { username: router.username.clone(), password })
}

/// Where a router listens, and how the way there is protected.
pub(crate) fn target_of(router: &Router) -> Target {
    let tls = match &router.tls {
        RouterTls::Off => Tls::Off,
        RouterTls::System => Tls::System,
        RouterTls::CaPem(pem) => Tls::CaPem(pem.clone().into_bytes()),
        RouterTls::Pinned(fingerprint) => Tls::Pinned(*fingerprint),
    };
    Target { address: router.address.clone(), port: router.port, tls }
}

/// Connecting, TLS and the login may each take as long as `patience`; texts are read in the router's code page.
pub(crate) fn limits_of(router: &Router, patience: Duration) -> Limits {
    let code_page = router.code_page.as_deref().and_then(CodePage::named);
    Limits { connect: patience, tls: patience, login: patience, code_page, ..Limits::default() }
}

/// Whether somebody must mend a key or a row, or the database only failed just now.
fn no_password(error: StoreError) -> RoundError {
    match error {
        StoreError::MissingKey
        | StoreError::WrongKey
        | StoreError::Corrupt(_)
        | StoreError::NotFound { .. } => RoundError::Password(error.to_string()),
        _ => RoundError::Store(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_fails_is_no_wrong_password() {
        assert!(matches!(no_password(StoreError::WrongKey), RoundError::Password(_)));
        assert!(matches!(no_password(StoreError::Locked), RoundError::Store(_)));
    }
}
