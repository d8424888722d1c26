//! A small true world for the tests of evidence and time line: when a link was up, and what a router would show
//! of it at any moment. Link times and uptime have whole seconds, as on the wire.

use sla::LinkState;

use crate::look::{Identity, Look};

pub(crate) const START_MS: i64 = 1_800_000_000_000;

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) boot_ms: i64,
    /// Down from, to; in order, not touching.
    pub(crate) drops: Vec<(i64, i64)>,
    /// The router's local clock minus ours.
    pub(crate) offset_ms: i64,
    pub(crate) counts_drops: bool,
}

impl World {
    pub(crate) fn new(drops: &[(i64, i64)]) -> Self {
        let drops =
            drops.iter().map(|&(from, to)| (START_MS + from * 1_000, START_MS + to * 1_000)).collect();
        Self { boot_ms: START_MS - 9_000_000, drops, offset_ms: 19_800_000, counts_drops: true }
    }

    pub(crate) fn is_up(&self, at_ms: i64) -> bool {
        !self.drops.iter().any(|&(from, to)| (from..to).contains(&at_ms))
    }

    /// Seconds after the start.
    pub(crate) fn look(&self, after_s: i64) -> Look {
        self.look_at_ms(START_MS + after_s * 1_000)
    }

    pub(crate) fn look_at_ms(&self, at_ms: i64) -> Look {
        let whole = |ms: i64| (ms + self.offset_ms).div_euclid(1_000) * 1_000 + 500;
        let begun = self.drops.iter().filter(|drop| drop.0 <= at_ms && drop.0 >= self.boot_ms);
        let ended = self.drops.iter().filter(|drop| drop.1 <= at_ms && drop.1 >= self.boot_ms);
        Look {
            at_ms,
            mono_ms: Some(at_ms - START_MS),
            uptime_ms: (at_ms - self.boot_ms) / 1_000 * 1_000,
            identity: Identity { id: "*3".into(), name: "ether3".into(), mac: None },
            running: self.is_up(at_ms),
            disabled: false,
            link_downs: self.counts_drops.then(|| begun.clone().count() as u64),
            down_local_ms: begun.map(|drop| drop.0).max().map(whole),
            up_local_ms: ended.map(|drop| drop.1).max().or(Some(self.boot_ms)).map(whole),
            offset_ms: Some(whole(at_ms) - at_ms),
            answered: None,
            ppp: None,
        }
    }
}

/// States with times in seconds after the start, for comparing at a glance.
pub(crate) fn shape(pieces: &[crate::piece::Piece]) -> Vec<(i64, i64, LinkState, Option<&'static str>)> {
    let after_s = |ms: i64| (ms - START_MS) / 1_000;
    pieces
        .iter()
        .map(|p| (after_s(p.from_ms), after_s(p.to_ms), p.state, p.cause.map(|c| c.as_str())))
        .collect()
}
