//! The ISP that the demo shows: who buys which line, and how that line behaves.

use std::time::Duration;

use routeros_sim::{
    Dialect, InterfaceSpec, PingProfile, PppUser, RouterSpec, User,
    traffic::{Profile, Shape},
};
use sla::LinkPort;
use store::StaffRole;

pub(super) const COMPANY: &str = "Meridian Networks";
pub(crate) const TIMEZONE: &str = "Asia/Kolkata";
pub(super) const CURRENCY: &str = "INR";
/// Who hears of alerts.
pub(super) const OPERATIONS: &str = "noc@meridian.example";
/// The same for everybody, and printed: the demo listens on this machine only unless told otherwise.
pub(super) const PASSWORD: &str = "leaseline-demo-1";
pub(super) const ROUTER_USER: &str = "portal";
pub(super) const ROUTER_PASSWORD: &str = "simulated";

/// A customer and its log-in.
pub(super) struct ClientPlan {
    pub(super) name: &'static str,
    pub(super) username: &'static str,
    pub(super) email: &'static str,
}

pub(super) const CLIENTS: &[ClientPlan] = &[
    ClientPlan { name: "Asha Textiles", username: "asha", email: "it@asha-textiles.example" },
    ClientPlan { name: "Blue Lotus Hospitals", username: "lotus", email: "network@bluelotus.example" },
    ClientPlan { name: "Kaveri Foods", username: "kaveri", email: "admin@kaverifoods.example" },
];

/// A person of the ISP.
pub(super) struct StaffPlan {
    pub(super) username: &'static str,
    pub(super) display_name: &'static str,
    pub(super) email: &'static str,
    pub(super) role: StaffRole,
}

pub(super) const STAFF: &[StaffPlan] = &[
    StaffPlan {
        username: "noc",
        display_name: "Network operations",
        email: OPERATIONS,
        role: StaffRole::Admin,
    },
    StaffPlan {
        username: "desk",
        display_name: "Service desk",
        email: "desk@meridian.example",
        role: StaffRole::Viewer,
    },
];

/// A router and the release it speaks like.
pub(super) struct RouterPlan {
    pub(super) name: &'static str,
    pub(super) dialect: Dialect,
    /// By how much its clock is wrong: outages are dated right all the same.
    pub(super) clock_offset_ms: i64,
}

pub(super) const ROUTERS: &[RouterPlan] = &[
    RouterPlan { name: "blr-edge-1", dialect: Dialect::V7_18, clock_offset_ms: 0 },
    RouterPlan { name: "blr-edge-2", dialect: Dialect::V7_4, clock_offset_ms: -95_000 },
    RouterPlan { name: "maa-edge-1", dialect: Dialect::V6_49, clock_offset_ms: 4_000 },
    RouterPlan { name: "bom-edge-1", dialect: Dialect::V7_18, clock_offset_ms: 0 },
];

/// A line. `client` and `router` are places in the lists above.
pub(super) struct LinkPlan {
    pub(super) client: usize,
    pub(super) router: usize,
    pub(super) interface: &'static str,
    pub(super) circuit: &'static str,
    pub(super) site: &'static str,
    pub(super) kind: &'static str,
    pub(super) committed_mbps: u64,
    pub(super) uptime_pct: &'static str,
    pub(super) latency_ms: &'static str,
    pub(super) probe_target: &'static str,
    shape: Shape,
    /// Busiest hour against the commitment, percent, in the customer's directions.
    download_pct: u64,
    upload_pct: u64,
    rtt_us: u64,
    loss_ppm: u32,
    /// Months of history before today; 13 for the old customers.
    pub(super) months: i32,
    /// Mean days between two outages.
    pub(super) days_between_outages: u64,
}

const fn link(
    client: usize,
    router: usize,
    interface: &'static str,
    circuit: &'static str,
    site: &'static str,
) -> LinkPlan {
    LinkPlan {
        client,
        router,
        interface,
        circuit,
        site,
        kind: "ILL",
        committed_mbps: 100,
        uptime_pct: "99.50",
        latency_ms: "20",
        probe_target: "",
        shape: Shape::Office,
        download_pct: 48,
        upload_pct: 16,
        rtt_us: 3_000,
        loss_ppm: 200,
        months: 13,
        days_between_outages: 45,
    }
}

/// The line that goes down and comes back while somebody watches.
pub(super) const WATCHED: usize = 1;

pub(super) const LINKS: &[LinkPlan] = &[
    LinkPlan {
        committed_mbps: 500,
        uptime_pct: "99.90",
        latency_ms: "10",
        probe_target: "198.51.100.10",
        download_pct: 52,
        upload_pct: 24,
        rtt_us: 1_900,
        ..link(0, 0, "ether3", "MN-BLR-0101", "Head office, Bengaluru")
    },
    LinkPlan {
        probe_target: "198.51.100.14",
        download_pct: 42,
        rtt_us: 2_700,
        ..link(0, 0, "ether4", "MN-BLR-0102", "Dye works, Peenya")
    },
    LinkPlan {
        committed_mbps: 50,
        probe_target: "198.51.100.18",
        download_pct: 51,
        rtt_us: 9_400,
        loss_ppm: 1_500,
        days_between_outages: 21,
        ..link(0, 2, "ether5", "MN-MAA-0207", "Warehouse, Chennai")
    },
    LinkPlan {
        committed_mbps: 200,
        kind: "MPLS",
        probe_target: "198.51.100.22",
        download_pct: 33,
        upload_pct: 29,
        rtt_us: 21_000,
        latency_ms: "35",
        ..link(0, 3, "vlan310", "MN-BOM-0311", "Sales office, Mumbai")
    },
    LinkPlan {
        committed_mbps: 1_000,
        uptime_pct: "99.90",
        latency_ms: "10",
        probe_target: "203.0.113.5",
        download_pct: 44,
        upload_pct: 31,
        rtt_us: 1_200,
        days_between_outages: 120,
        ..link(1, 0, "sfp-sfpplus1", "MN-BLR-0110", "Main hospital, Bengaluru")
    },
    LinkPlan {
        committed_mbps: 200,
        uptime_pct: "99.90",
        probe_target: "203.0.113.9",
        shape: Shape::Flat,
        download_pct: 38,
        upload_pct: 35,
        rtt_us: 2_300,
        ..link(1, 1, "ether2", "MN-BLR-0111", "Diagnostics centre, Jayanagar")
    },
    LinkPlan {
        kind: "P2P",
        committed_mbps: 300,
        probe_target: "203.0.113.13",
        shape: Shape::Flat,
        download_pct: 46,
        upload_pct: 45,
        rtt_us: 800,
        ..link(1, 1, "ether3", "MN-P2P-0042", "Imaging archive, Whitefield")
    },
    LinkPlan {
        committed_mbps: 50,
        probe_target: "203.0.113.17",
        rtt_us: 8_800,
        months: 7,
        ..link(1, 2, "ether2", "MN-MAA-0212", "Clinic, Adyar")
    },
    LinkPlan {
        committed_mbps: 50,
        probe_target: "203.0.113.21",
        rtt_us: 22_500,
        latency_ms: "35",
        months: 5,
        ..link(1, 3, "vlan320", "MN-BOM-0318", "Clinic, Andheri")
    },
    LinkPlan {
        probe_target: "192.0.2.33",
        shape: Shape::Evening,
        download_pct: 55,
        upload_pct: 12,
        rtt_us: 3_600,
        ..link(2, 1, "ether6", "MN-BLR-0125", "Plant, Hosur Road")
    },
    LinkPlan {
        kind: "broadband",
        uptime_pct: "99.00",
        committed_mbps: 50,
        probe_target: "192.0.2.37",
        shape: Shape::Evening,
        download_pct: 54,
        upload_pct: 9,
        rtt_us: 11_800,
        loss_ppm: 3_000,
        days_between_outages: 16,
        ..link(2, 2, "ppp:kaveri-tambaram", "MN-MAA-0219", "Depot, Tambaram")
    },
    LinkPlan {
        probe_target: "192.0.2.41",
        rtt_us: 23_100,
        latency_ms: "35",
        months: 3,
        ..link(2, 3, "vlan330", "MN-BOM-0325", "Distribution, Bhiwandi")
    },
];

impl LinkPlan {
    /// What the customer receives: the router's tx, for every port of the demo faces the customer.
    pub(super) fn download(&self, seed: u64, utc_offset_ms: i64) -> Profile {
        self.profile(self.download_pct, seed * 2, utc_offset_ms)
    }

    /// What the customer sends: the router's rx.
    pub(super) fn upload(&self, seed: u64, utc_offset_ms: i64) -> Profile {
        self.profile(self.upload_pct, seed * 2 + 1, utc_offset_ms)
    }

    /// How its probe target answers.
    pub(super) fn ping(&self) -> PingProfile {
        let rtt = Duration::from_micros(self.rtt_us);
        PingProfile::new(rtt, rtt / 3).loss_ppm(self.loss_ppm).via(&self.interface_name())
    }

    /// The interface that the simulated router has for it.
    fn interface_name(&self) -> String {
        match LinkPort::of(self.interface) {
            LinkPort::Interface(name) => name.to_owned(),
            LinkPort::PppUser(user) => format!("<pppoe-{user}>"),
        }
    }

    fn profile(&self, pct: u64, seed: u64, utc_offset_ms: i64) -> Profile {
        Profile { peak_bps: self.committed_mbps * 10_000 * pct, shape: self.shape, utc_offset_ms, seed }
    }
}

/// The simulated router at place `index`, with the interfaces of its lines.
pub(super) fn router_spec(index: usize, utc_offset_ms: i64) -> RouterSpec {
    let plan = &ROUTERS[index];
    let mut spec = RouterSpec::new(plan.name).dialect(plan.dialect).seed(index as u64 + 1);
    spec.users = vec![User::new(ROUTER_USER, ROUTER_PASSWORD)];
    spec.clock_offset_ms = plan.clock_offset_ms;
    spec.gmt_offset_ms = utc_offset_ms;
    spec.served_log = 0;
    for (place, link) in LINKS.iter().enumerate().filter(|(_, link)| link.router == index) {
        let (rx, tx) = (link.upload(place as u64, utc_offset_ms), link.download(place as u64, utc_offset_ms));
        spec = match LinkPort::of(link.interface) {
            LinkPort::PppUser(user) => spec.ppp_user(PppUser::new(user).traffic(rx, tx)),
            LinkPort::Interface(name) => {
                let comment = format!("{} {}", link.circuit, link.site).into_bytes();
                spec.interface(InterfaceSpec { rx, tx, comment, ..InterfaceSpec::ethernet(name) })
            }
        }
        .ping(link.probe_target, link.ping());
    }
    spec
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_line_has_a_circuit_an_interface_and_a_target_of_its_own() {
        let distinct =
            |key: fn(&LinkPlan) -> (usize, &str)| LINKS.iter().map(key).collect::<BTreeSet<_>>().len();
        assert_eq!(distinct(|link| (0, link.circuit)), LINKS.len());
        assert_eq!(distinct(|link| (0, link.probe_target)), LINKS.len());
        assert_eq!(distinct(|link| (link.router, link.interface)), LINKS.len());
        assert!(CLIENTS.iter().enumerate().all(|(client, _)| LINKS.iter().any(|link| link.client == client)));
        assert_eq!(LINKS[WATCHED].client, 0, "the first log-in sees the line that changes");
    }
}
