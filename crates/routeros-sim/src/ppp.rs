//! PPP sessions: who is connected, the dynamic interface of each, and what the user database notes of a logout.

use crate::interface::{Interface, Moment};
use crate::row::Row;
use crate::state::State;
use crate::text::{put, write_date_time, write_uptime};
use crate::traffic::Profile;
use crate::{Dialect, InterfaceSpec};

/// RouterOS numbers sessions from here on; what matters is that no two of a boot are the same.
const FIRST_SESSION: u32 = 0x81B0_0001;

/// A PPP user at start. Start with [`PppUser::new`] or [`PppUser::radius`].
#[derive(Debug, Clone)]
pub struct PppUser {
    /// `name`
    pub name: String,
    /// Whether `/ppp/secret` has the user; users of RADIUS are not in it.
    pub has_secret: bool,
    /// Whether the user is connected since the router booted.
    pub connected: bool,
    /// `service`
    pub service: String,
    /// What the session's interface receives and sends; like a PPPoE interface's where it is none.
    pub traffic: Option<(Profile, Profile)>,
}

impl PppUser {
    /// A user of `/ppp/secret` with a PPPoE session since the boot.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            has_secret: true,
            connected: true,
            service: "pppoe".to_owned(),
            traffic: None,
        }
    }

    /// A user that RADIUS lets in, with a PPPoE session since the boot.
    pub fn radius(name: &str) -> Self {
        Self { has_secret: false, ..Self::new(name) }
    }

    /// Not connected at start.
    #[must_use]
    pub fn offline(self) -> Self {
        Self { connected: false, ..self }
    }

    /// Sets what the session's interface receives and sends.
    #[must_use]
    pub fn traffic(self, rx: Profile, tx: Profile) -> Self {
        Self { traffic: Some((rx, tx)), ..self }
    }

    /// Sets the service: `l2tp`, `sstp`, `ovpn`, `pptp`.
    #[must_use]
    pub fn service(self, service: &str) -> Self {
        Self { service: service.to_owned(), ..self }
    }
}

/// One session.
#[derive(Debug, Clone)]
pub(crate) struct PppSession {
    number: u32,
    user: String,
    service: String,
    radius: bool,
    began_ms: i64,
    /// The dynamic interface.
    interface: Vec<u8>,
}

/// A row of `/ppp/secret`.
#[derive(Debug, Clone)]
pub(crate) struct Secret {
    name: String,
    last_logged_out_local_ms: Option<i64>,
}

/// All that a router knows of PPP.
#[derive(Debug, Default)]
pub(crate) struct Ppp {
    pub(crate) sessions: Vec<PppSession>,
    pub(crate) secrets: Vec<Secret>,
    users: Vec<PppUser>,
    begun: u32,
}

impl State {
    /// Enters the users of a spec and connects those that are connected at start.
    pub(crate) fn add_ppp_users(&mut self, users: Vec<PppUser>, boot_ms: i64) {
        for user in users {
            if user.has_secret {
                self.ppp.secrets.push(Secret { name: user.name.clone(), last_logged_out_local_ms: None });
            }
            let connected = user.connected.then(|| user.name.clone());
            self.ppp.users.push(user);
            if let Some(name) = connected {
                self.ppp_connect(&name, boot_ms);
            }
        }
    }

    /// Begins a session of `user`; a user that is not known is one of RADIUS.
    pub(crate) fn ppp_connect(&mut self, user: &str, at_ms: i64) {
        let known = self.ppp.users.iter().find(|known| known.name == user).cloned();
        let PppUser { service, has_secret, traffic, .. } = known.unwrap_or_else(|| PppUser::radius(user));
        let free = |name: &String| self.find(name.as_bytes()).is_none();
        let base = format!("<{service}-{user}>");
        let further = (1u32..).map(|number| format!("<{service}-{user}-{number}>"));
        let name = std::iter::once(base).chain(further).find(free).unwrap_or_default();
        let id = self.take_id();
        let mut spec = InterfaceSpec { kind: format!("{service}-in"), ..InterfaceSpec::pppoe(&name) };
        if let Some(traffic) = traffic {
            (spec.rx, spec.tx) = traffic;
        }
        let moment = self.moment(at_ms);
        let interface = Interface::new(spec, id, self.spec.seed, moment);
        self.interfaces.push(interface);
        let number = FIRST_SESSION + self.ppp.begun;
        self.ppp.begun += 1;
        self.ppp.sessions.push(PppSession {
            number,
            user: user.to_owned(),
            service,
            radius: !has_secret,
            began_ms: at_ms,
            interface: name.into_bytes(),
        });
    }

    /// Ends the oldest session of `user`; false if there is none.
    pub(crate) fn ppp_disconnect(&mut self, user: &str, now_ms: i64) -> bool {
        let Some(at) = self.ppp.sessions.iter().position(|session| session.user == user) else {
            return false;
        };
        let session = self.ppp.sessions.remove(at);
        self.interfaces.retain(|interface| interface.spec.name != session.interface);
        let Moment { at_ms, local_offset_ms } = self.moment(now_ms);
        if let Some(secret) = self.ppp.secrets.iter_mut().find(|secret| secret.name == user) {
            secret.last_logged_out_local_ms = Some(at_ms + local_offset_ms);
        }
        true
    }

    /// Nobody is connected after a boot.
    pub(crate) fn end_ppp_sessions(&mut self) {
        for session in std::mem::take(&mut self.ppp.sessions) {
            self.interfaces.retain(|interface| interface.spec.name != session.interface);
        }
        self.ppp.begun = 0;
    }
}

/// A row of `/ppp/active/print`.
pub(crate) fn fill_active(row: &mut Row, session: &PppSession, now_ms: i64) {
    row.clear();
    row.with(".id", |out| put(out, format_args!("*{:X}", session.number)));
    row.bytes("name", session.user.as_bytes());
    row.bytes("service", session.service.as_bytes());
    row.with("caller-id", |out| put(out, format_args!("02:00:00:00:{:02X}:01", session.number & 0xFF)));
    row.with("address", |out| put(out, format_args!("10.255.0.{}", session.number & 0xFF)));
    row.with("uptime", |out| write_uptime(out, now_ms - session.began_ms));
    row.bytes("encoding", b"");
    row.with("session-id", |out| put(out, format_args!("0x{:X}", session.number)));
    row.number("limit-bytes-in", 0);
    row.number("limit-bytes-out", 0);
    row.flag("radius", session.radius);
}

/// A row of `/ppp/secret/print`.
pub(crate) fn fill_secret(row: &mut Row, number: usize, secret: &Secret, dialect: Dialect) {
    row.clear();
    row.with(".id", |out| put(out, format_args!("*{:X}", number + 1)));
    row.bytes("name", secret.name.as_bytes());
    row.bytes("service", b"any");
    row.bytes("profile", b"default");
    // A router that never saw a logout shows the beginning of its calendar.
    let at_ms = secret.last_logged_out_local_ms.unwrap_or(0);
    row.with("last-logged-out", |out| write_date_time(out, dialect, at_ms));
    row.flag("disabled", false);
}
