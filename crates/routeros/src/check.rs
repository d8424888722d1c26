use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::{
    Client, Credentials, Error, Interface, Limits, Ping, Target, Tls, Value,
    tls::{self, Keys},
    transport,
};

/// Echoes of the ping in [`test_connection`].
const TEST_PINGS: u32 = 3;

/// What [`test_connection`] found.
#[derive(Debug, Clone)]
pub struct ConnectionReport {
    /// The steps in order. After a failed [`Check::Login`] there are no more.
    pub steps: Vec<CheckStep>,
    /// The router's name.
    pub identity: Option<Value>,
    /// RouterOS version with its channel.
    pub version: Option<String>,
    /// The model.
    pub board_name: Option<String>,
    /// Its interfaces, in its own order.
    pub interfaces: Vec<Interface>,
    /// How far the router's clock is ahead of ours.
    pub clock_offset: Option<SignedDuration>,
}

impl ConnectionReport {
    /// Every step works.
    pub fn is_ok(&self) -> bool {
        self.steps.iter().all(|step| step.result.is_ok())
    }

    /// The steps that the user's policies do not allow.
    pub fn not_permitted(&self) -> impl Iterator<Item = Check> + '_ {
        let denied = |step: &&CheckStep| step.result.as_ref().is_err_and(Error::is_not_permitted);
        self.steps.iter().filter(denied).map(|step| step.check)
    }
}

/// One step of a test.
#[derive(Debug, Clone)]
pub struct CheckStep {
    /// Which.
    pub check: Check,
    /// What was seen, or what is wrong, each in one line.
    pub result: Result<String, Error>,
}

/// The steps of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Connecting, TLS, logging in.
    Login,
    /// The router's name.
    Identity,
    /// Version and uptime.
    Resources,
    /// The router's clock.
    Clock,
    /// The interfaces and their counters.
    Interfaces,
    /// The present traffic.
    Traffic,
    /// A ping from the router.
    Ping,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Check::Login => "login",
            Check::Identity => "identity",
            Check::Resources => "system resources",
            Check::Clock => "clock",
            Check::Interfaces => "interfaces",
            Check::Traffic => "traffic",
            Check::Ping => "ping",
        })
    }
}

/// Tries everything that the verbs need and says what works and what does not. `now` is the caller's clock; a ping is
/// made only if there is a target for it.
pub async fn test_connection(
    target: &Target,
    cred: &Credentials,
    limits: &Limits,
    now: Timestamp,
    probe_target: Option<&str>,
) -> ConnectionReport {
    // The clock is compared as of the moment of its reply, `now` is of the start.
    let started = tokio::time::Instant::now();
    let mut report = ConnectionReport {
        steps: Vec::new(),
        identity: None,
        version: None,
        board_name: None,
        interfaces: Vec::new(),
        clock_offset: None,
    };
    let client = match Client::connect(target, cred, limits).await {
        Ok(client) => client,
        Err(error) => {
            report.add(Check::Login, Err(error));
            return report;
        }
    };
    report.add(Check::Login, Ok(format!("logged in as {}", cred.username)));
    report.describe(&client).await;
    let clock = client.clock().await;
    let elapsed = SignedDuration::try_from(started.elapsed()).unwrap_or_default();
    let now = now.checked_add(elapsed).unwrap_or(now);
    report.clock_offset = clock.as_ref().ok().and_then(|clock| clock.ahead_of(now));
    let offset = report.clock_offset;
    report.add(
        Check::Clock,
        clock.map(|clock| match offset {
            Some(offset) => format!("{}, {:+} s against ours", clock.local, offset.as_secs()),
            None => format!("{}, without its offset from UTC", clock.local),
        }),
    );
    report.watch(&client).await;
    if let Some(address) = probe_target {
        let outcome = client.ping(&Ping::new(address, TEST_PINGS)).await;
        report.add(
            Check::Ping,
            outcome.map(|outcome| {
                let status = outcome.last_status.map(|status| format!(" ({status})")).unwrap_or_default();
                format!("{} of {} answered by {address}{status}", outcome.received, outcome.sent)
            }),
        );
    }
    report
}

/// SHA-256 of the certificate that the target shows, for pinning. Accepts any certificate and sends nothing after the
/// handshake, in particular no password. [`Target::tls`] does not matter.
///
/// # Errors
/// Those of connecting and of the handshake; [`Error::NoCertificate`] says what to type on the router.
pub async fn fetch_fingerprint(target: &Target) -> Result<[u8; 32], Error> {
    let limits = Limits::default();
    let stream = transport::connect(target, limits.connect).await?;
    match Box::pin(tls::fingerprint(stream, &target.address, Keys::Common, limits.tls)).await {
        Err(error) if tls::needs_small_keys(&error) => {
            let stream = transport::connect(target, limits.connect).await?;
            Box::pin(tls::fingerprint(stream, &target.address, Keys::Small, limits.tls)).await
        }
        done => done,
    }
}

impl Tls {
    /// What to warn about, if anything.
    pub fn warning(&self) -> Option<&'static str> {
        matches!(self, Tls::Off).then_some("the password and all replies travel in plain text")
    }
}

impl ConnectionReport {
    fn add(&mut self, check: Check, result: Result<String, Error>) {
        self.steps.push(CheckStep { check, result });
    }

    async fn describe(&mut self, client: &Client) {
        let identity = client.identity().await;
        self.identity = identity.as_ref().ok().cloned();
        self.add(Check::Identity, identity.map(|identity| identity.to_string()));
        let resources = client.system_resources().await;
        if let Ok(resources) = &resources {
            self.version = Some(resources.version.clone());
            self.board_name.clone_from(&resources.board_name);
        }
        self.add(
            Check::Resources,
            resources.map(|found| format!("RouterOS {}, up for {:?}", found.version, found.uptime)),
        );
    }

    async fn watch(&mut self, client: &Client) {
        let interfaces = client.interfaces().await;
        self.interfaces = interfaces.as_ref().cloned().unwrap_or_default();
        let first_id = self.interfaces.iter().find(|row| !row.disabled).map(|row| row.id.clone());
        self.add(Check::Interfaces, interfaces.map(|rows| format!("{} interfaces", rows.len())));
        if let Some(id) = first_id {
            let traffic = client.interface_traffic_by_id(&[&id]).await;
            self.add(Check::Traffic, traffic.map(|_| "monitor-traffic answers".to_owned()));
        }
    }
}
