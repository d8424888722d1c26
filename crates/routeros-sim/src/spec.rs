//! What a simulated router is made of.

use crate::traffic::{Profile, Shape};
use crate::{Dialect, PingProfile, PppUser, Tls};
use std::time::Duration;

/// How long a router has been up when it is added, unless its spec says otherwise: 3 weeks, 2 days and a bit.
const UPTIME_AT_START: Duration = Duration::from_secs(23 * 86_400 + 4 * 3_600 + 17 * 60 + 9);
/// How many entries of [`crate::Served`] a router remembers, unless its spec says otherwise.
const SERVED_LOG_ENTRIES: usize = 100_000;

/// Everything about one simulated router. Start with [`RouterSpec::new`] and change fields.
#[derive(Debug, Clone)]
pub struct RouterSpec {
    /// `/system/identity/print`.
    pub identity: Vec<u8>,
    /// Which release it speaks like.
    pub dialect: Dialect,
    /// Who may log in.
    pub users: Vec<User>,
    /// Its interfaces in the order in which they are printed.
    pub interfaces: Vec<InterfaceSpec>,
    /// Its PPP users; each session has a dynamic interface after those above.
    pub ppp_users: Vec<PppUser>,
    /// By how much the router's own UTC clock is wrong (positive: it runs ahead), milliseconds.
    pub clock_offset_ms: i64,
    /// The router's time zone: its wall clock shows UTC plus this (plus the clock offset), milliseconds.
    pub gmt_offset_ms: i64,
    /// How long it has been up when it is added to a fleet.
    pub uptime: Duration,
    /// How ping targets without a profile of their own answer.
    pub default_ping: PingProfile,
    /// Ping targets and how they answer.
    pub pings: Vec<(String, PingProfile)>,
    /// `None` for the `api` service, or the certificate of `api-ssl`.
    pub tls: Option<Tls>,
    /// Port on 127.0.0.1; 0 for a free one.
    pub port: u16,
    /// How many entries the [`crate::SimRouter::served`] log keeps; the oldest go first. 0 keeps none.
    pub served_log: usize,
    /// Source of everything that looks random; equal seeds give equal routers.
    pub seed: u64,
}

impl RouterSpec {
    /// A RouterOS 7.18 router without interfaces, with the user `admin` (password `secret`, all policies).
    pub fn new(identity: &str) -> Self {
        Self {
            identity: identity.as_bytes().to_vec(),
            dialect: Dialect::V7_18,
            users: vec![User::new("admin", "secret")],
            interfaces: Vec::new(),
            ppp_users: Vec::new(),
            clock_offset_ms: 0,
            gmt_offset_ms: 0,
            uptime: UPTIME_AT_START,
            default_ping: PingProfile::default(),
            pings: Vec::new(),
            tls: None,
            port: 0,
            served_log: SERVED_LOG_ENTRIES,
            seed: 1,
        }
    }

    /// Sets the dialect.
    #[must_use]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// Adds an interface.
    #[must_use]
    pub fn interface(mut self, interface: InterfaceSpec) -> Self {
        self.interfaces.push(interface);
        self
    }

    /// Adds a PPP user.
    #[must_use]
    pub fn ppp_user(mut self, user: PppUser) -> Self {
        self.ppp_users.push(user);
        self
    }

    /// Adds a ping target.
    #[must_use]
    pub fn ping(mut self, target: &str, profile: PingProfile) -> Self {
        self.pings.push((target.to_owned(), profile));
        self
    }

    /// Sets the seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

/// Somebody who may log in.
#[derive(Debug, Clone)]
pub struct User {
    /// Login name.
    pub name: String,
    /// Password in clear; this is a toy.
    pub password: String,
    /// What the user's group may do.
    pub policies: Policies,
}

impl User {
    /// A user with every policy.
    pub fn new(name: &str, password: &str) -> Self {
        Self {
            name: name.to_owned(),
            password: password.to_owned(),
            policies: Policies { api: true, read: true, test: true },
        }
    }

    /// Sets the policies.
    #[must_use]
    pub fn policies(mut self, policies: Policies) -> Self {
        self.policies = policies;
        self
    }
}

/// The policies of RouterOS that matter to a poller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policies {
    /// May log in through the API at all.
    pub api: bool,
    /// May print.
    pub read: bool,
    /// May ping.
    pub test: bool,
}

/// One interface. Start with [`InterfaceSpec::ethernet`], [`InterfaceSpec::vlan`] or [`InterfaceSpec::pppoe`].
#[derive(Debug, Clone)]
pub struct InterfaceSpec {
    /// `name`: bytes of no declared code page.
    pub name: Vec<u8>,
    /// `default-name`, which only physical interfaces have.
    pub default_name: Option<String>,
    /// `type`: `ether`, `vlan`, `pppoe-in` …
    pub kind: String,
    /// Created by the router (a PPPoE session): it gets a new `.id` at every reboot and re-creation.
    pub dynamic: bool,
    /// `comment`; not sent when empty.
    pub comment: Vec<u8>,
    /// Whether the carrier is there at start.
    pub running: bool,
    /// Whether the operator disabled it.
    pub disabled: bool,
    /// What it receives.
    pub rx: Profile,
    /// What it sends.
    pub tx: Profile,
    /// A receive error and a drop for so many packets; 0 for a clean line.
    pub packets_per_error: u64,
    /// What an Ethernet port has negotiated, as `/interface/ethernet/monitor` writes it: `1Gbps`.
    pub rate: String,
}

impl InterfaceSpec {
    /// A physical port that is up and carries office traffic of 20 Mbit/s in and 100 Mbit/s out at its peak.
    pub fn ethernet(name: &str) -> Self {
        let flow = |peak_bps| Profile { peak_bps, shape: Shape::Office, utc_offset_ms: 0, seed: 0 };
        Self {
            name: name.as_bytes().to_vec(),
            default_name: Some(name.to_owned()),
            kind: "ether".to_owned(),
            dynamic: false,
            comment: Vec::new(),
            running: true,
            disabled: false,
            rx: flow(20_000_000),
            tx: flow(100_000_000),
            packets_per_error: 0,
            rate: if name.contains("plus") { "10Gbps" } else { "1Gbps" }.to_owned(),
        }
    }

    /// A VLAN: static, with the MAC address of its parent and without a default name.
    pub fn vlan(name: &str) -> Self {
        Self { default_name: None, kind: "vlan".to_owned(), ..Self::ethernet(name) }
    }

    /// A PPPoE server session: dynamic, without default name and MAC address.
    pub fn pppoe(name: &str) -> Self {
        Self { default_name: None, kind: "pppoe-in".to_owned(), dynamic: true, ..Self::ethernet(name) }
    }

    /// Sets what the port has negotiated: `100Mbps`, `2.5Gbps`.
    #[must_use]
    pub fn rate(mut self, rate: &str) -> Self {
        rate.clone_into(&mut self.rate);
        self
    }

    /// Sets the peak rates and the shape of both directions.
    #[must_use]
    pub fn traffic(mut self, shape: Shape, rx_peak_bps: u64, tx_peak_bps: u64) -> Self {
        (self.rx.shape, self.tx.shape) = (shape, shape);
        (self.rx.peak_bps, self.tx.peak_bps) = (rx_peak_bps, tx_peak_bps);
        self
    }

    /// Sets the comment.
    #[must_use]
    pub fn comment(mut self, comment: &[u8]) -> Self {
        self.comment = comment.to_vec();
        self
    }
}
