use crate::InterfaceSpec;
use crate::random::{mix, seed_of, up_to};
use crate::served::CounterValues;
use crate::traffic;

/// Mean packet sizes of simulated traffic lie between these, in bytes; which one depends on the interface's name.
const PACKET_BYTES: std::ops::RangeInclusive<u64> = 480..=1180;
/// One direction's counter and rate, and the packets behind it.
const RX: usize = 0;
const TX: usize = 1;

/// The live state of one interface.
///
/// Bytes are a function of time: what was carried before the link last came up, plus what the profile carries
/// since. Everything else is derived from bytes, so that all figures of one print agree with each other.
#[derive(Debug, Clone)]
pub(crate) struct Interface {
    pub(crate) spec: InterfaceSpec,
    pub(crate) id: u32,
    carrier: bool,
    pub(crate) disabled: bool,
    /// Since when traffic flows, `None` while it does not run.
    running_since_ms: Option<i64>,
    carried_bytes: [u64; 2],
    packet_bytes: [u64; 2],
    pub(crate) link_downs: u64,
    pub(crate) last_down_local_ms: Option<i64>,
    pub(crate) last_up_local_ms: Option<i64>,
    /// The next print shows its counters as zero.
    pub(crate) reads_zero_once: bool,
    /// Prints leave `running` out.
    pub(crate) hides_running: bool,
    /// The last two bytes of its MAC address.
    pub(crate) mac: u32,
}

/// The moment of a change: true UTC, and what the router's wall clock adds to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) at_ms: i64,
    pub(crate) local_offset_ms: i64,
}

impl Interface {
    pub(crate) fn new(mut spec: InterfaceSpec, id: u32, router_seed: u64, up: Moment) -> Self {
        let seed = seed_of(router_seed, &spec.name);
        for (profile, position) in [(&mut spec.rx, 1), (&mut spec.tx, 2)] {
            if profile.seed == 0 {
                profile.seed = mix(seed, position);
            }
        }
        let size = |n| PACKET_BYTES.start() + up_to(mix(seed, n), PACKET_BYTES.end() - PACKET_BYTES.start());
        let mut interface = Self {
            id,
            carrier: spec.running,
            disabled: spec.disabled,
            running_since_ms: None,
            carried_bytes: [0; 2],
            packet_bytes: [size(3), size(4)],
            link_downs: 0,
            last_down_local_ms: None,
            last_up_local_ms: None,
            reads_zero_once: false,
            hides_running: false,
            mac: id,
            spec,
        };
        interface.start(up);
        interface
    }

    /// Forgets everything, as at a boot or when a dynamic interface is created anew.
    pub(crate) fn start(&mut self, up: Moment) {
        self.carried_bytes = [0; 2];
        self.link_downs = 0;
        self.last_down_local_ms = None;
        self.last_up_local_ms = None;
        self.running_since_ms = None;
        if self.should_run() {
            self.come_up(up);
        }
    }

    pub(crate) fn running(&self) -> bool {
        self.running_since_ms.is_some()
    }

    pub(crate) fn set_carrier(&mut self, carrier: bool, moment: Moment) {
        self.carrier = carrier;
        self.follow(moment);
    }

    pub(crate) fn set_disabled(&mut self, disabled: bool, moment: Moment) {
        self.disabled = disabled;
        self.follow(moment);
    }

    /// `/interface/reset-counters`: traffic counters start again, link events and uptime do not.
    pub(crate) fn reset_counters(&mut self, at_ms: i64) {
        self.carried_bytes = [0; 2];
        self.running_since_ms = self.running_since_ms.map(|since| since.max(at_ms));
    }

    /// The counters as a print shows them.
    pub(crate) fn printed_counters(&mut self, at_ms: i64) -> CounterValues {
        if std::mem::take(&mut self.reads_zero_once) {
            return CounterValues::default();
        }
        self.counters(at_ms)
    }

    pub(crate) fn counters(&self, at_ms: i64) -> CounterValues {
        let [rx_byte, tx_byte] = self.bytes(at_ms);
        let (rx_packet, tx_packet) = (rx_byte / self.packet_bytes[RX], tx_byte / self.packet_bytes[TX]);
        let troubles = |packets: u64| packets.checked_div(self.spec.packets_per_error).unwrap_or(0);
        CounterValues {
            rx_byte,
            tx_byte,
            rx_packet,
            tx_packet,
            rx_error: troubles(rx_packet),
            tx_error: 0,
            rx_drop: troubles(rx_packet / 2),
            tx_drop: troubles(tx_packet),
        }
    }

    /// Bits per second and packets per second, `[rx, tx]` each, over the last second; zero while down.
    pub(crate) fn rates(&self, at_ms: i64) -> ([u64; 2], [u64; 2]) {
        if self.running_since_ms.is_none_or(|since| since > at_ms) {
            return ([0; 2], [0; 2]);
        }
        let bps = [traffic::rate_bps(&self.spec.rx, at_ms), traffic::rate_bps(&self.spec.tx, at_ms)];
        (bps, [bps[RX] / 8 / self.packet_bytes[RX], bps[TX] / 8 / self.packet_bytes[TX]])
    }

    fn bytes(&self, at_ms: i64) -> [u64; 2] {
        let Some(since_ms) = self.running_since_ms else { return self.carried_bytes };
        let flowed = |profile| {
            traffic::total_bytes(profile, at_ms).saturating_sub(traffic::total_bytes(profile, since_ms))
        };
        [self.carried_bytes[RX] + flowed(&self.spec.rx), self.carried_bytes[TX] + flowed(&self.spec.tx)]
    }

    fn should_run(&self) -> bool {
        self.carrier && !self.disabled
    }

    fn follow(&mut self, moment: Moment) {
        match (self.running_since_ms, self.should_run()) {
            (Some(since_ms), false) => {
                let at_ms = moment.at_ms.max(since_ms);
                self.carried_bytes = self.bytes(at_ms);
                self.running_since_ms = None;
                self.link_downs += 1;
                self.last_down_local_ms = Some(at_ms + moment.local_offset_ms);
            }
            (None, true) => self.come_up(moment),
            _ => {}
        }
    }

    fn come_up(&mut self, moment: Moment) {
        self.running_since_ms = Some(moment.at_ms);
        self.last_up_local_ms = Some(moment.at_ms + moment.local_offset_ms);
    }
}
