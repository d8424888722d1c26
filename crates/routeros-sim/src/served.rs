//! What a router told its clients, so that a test can hold what was stored against it.

use serde::{Serialize, Serializer};
use std::collections::VecDeque;

/// Round trips that one [`Served::Ping`] keeps: a ping without count may run for ever.
pub const TIMES_MAX: usize = 1000;

/// The counters of one interface as one print showed them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[expect(missing_docs, reason = "the fields carry RouterOS's own names, with _ for -")]
pub struct CounterValues {
    pub rx_byte: u64,
    pub tx_byte: u64,
    pub rx_packet: u64,
    pub tx_packet: u64,
    pub rx_error: u64,
    pub tx_error: u64,
    pub rx_drop: u64,
    pub tx_drop: u64,
}

/// One thing that was put on the wire. Times are the simulation clock's, Unix ms UTC. As JSON it is an object whose
/// `what` names the variant; names that are not UTF-8 are shown with replacement characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Served {
    /// A row of `/interface/print`.
    Interface {
        /// When it was read.
        at_ms: i64,
        /// `.id` without the star.
        id: u32,
        /// Name in bytes.
        #[serde(serialize_with = "lossy")]
        name: Vec<u8>,
        /// The counters (whether or not `.proplist` let them through).
        counters: CounterValues,
        /// `running`
        running: bool,
        /// `disabled`
        disabled: bool,
        /// `link-downs`
        link_downs: u64,
    },
    /// An answer to `/ppp/active/print`.
    PppSessions {
        /// When it was read.
        at_ms: i64,
        /// Rows that were sent.
        rows: u64,
    },
    /// A row of `/interface/monitor-traffic`.
    Traffic {
        /// When it was read.
        at_ms: i64,
        /// Name in bytes.
        #[serde(serialize_with = "lossy")]
        name: Vec<u8>,
        /// `rx-bits-per-second`
        rx_bps: u64,
        /// `tx-bits-per-second`
        tx_bps: u64,
    },
    /// A finished or cancelled `/ping`, with the totals of its last row.
    Ping {
        /// When it began.
        at_ms: i64,
        /// The address asked for.
        #[serde(serialize_with = "lossy")]
        target: Vec<u8>,
        /// Echoes reported.
        sent: u32,
        /// Echoes answered.
        received: u32,
        /// Shortest, mean and longest round trip in µs as written (whole ms on RouterOS 6); `None` without answer.
        rtt_us: Option<(u64, u64, u64)>,
        /// The round trip of every answer in µs as written; only the first [`TIMES_MAX`].
        times_us: Vec<u64>,
    },
    /// A `/system/resource/print`.
    Uptime {
        /// When it was read.
        at_ms: i64,
        /// Milliseconds since boot (the wire carries whole seconds).
        uptime_ms: i64,
    },
    /// Somebody logged in.
    Login {
        /// When.
        at_ms: i64,
        /// Who.
        user: String,
    },
}

fn lossy<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(bytes))
}

/// The newest entries, at most `capacity`.
#[derive(Debug)]
pub(crate) struct ServedLog {
    entries: VecDeque<Served>,
    capacity: usize,
}

impl ServedLog {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { entries: VecDeque::new(), capacity }
    }

    /// Whether it is worth making entries at all.
    pub(crate) fn is_on(&self) -> bool {
        self.capacity > 0
    }

    pub(crate) fn push(&mut self, entry: Served) {
        if !self.is_on() {
            return;
        }
        if self.entries.len() == self.capacity {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    pub(crate) fn entries(&self) -> Vec<Served> {
        self.entries.iter().cloned().collect()
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }
}
