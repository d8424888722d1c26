//! Rates from the difference of two counter readings. In every doubt a gap, never a guess (SLA traps 25 to 28).

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::look::Identity;

/// Clocks that watched the same interval may differ by this much, or by [`CLOCKS_DIFFER_PERCENT`] of it.
const CLOCKS_DIFFER_MS: i64 = 2_000;
const CLOCKS_DIFFER_PERCENT: i64 = 2;
/// Readings closer together say nothing about a rate.
const ELAPSED_MS_MIN: i64 = 100;
/// A port cannot carry more than it negotiated; counters that are read late and whole seconds of clocks blur a rate by far
/// less than this.
const SPEED_PERCENT_MAX: u64 = 125;
/// A link carries more than its commitment in bursts, or where nobody shapes it, but not so many times as much.
const COMMITMENT_TIMES_MAX: u64 = 10;
/// However small the commitment is, a rate up to this is believed.
const COMMITMENT_BPS_MIN: u64 = 1_000_000_000;

/// The eight counters of an interface, in this order: bytes, packets, errors, drops, each rx then tx.
pub(crate) type CounterValues = [Option<i64>; 8];

/// One reading of an interface's counters and of every clock that can say when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) at_ms: i64,
    /// Only comparable within one process, hence never stored.
    pub(crate) mono_ms: Option<i64>,
    pub(crate) uptime_ms: i64,
    pub(crate) identity: Identity,
    pub(crate) values: CounterValues,
}

/// Bits per second as the router counts them; none is a gap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rates {
    pub(crate) rx_bps: Option<i64>,
    pub(crate) tx_bps: Option<i64>,
}

impl Rates {
    /// These, and `other` where they are gaps.
    pub(crate) fn or(self, other: Self) -> Self {
        Self { rx_bps: self.rx_bps.or(other.rx_bps), tx_bps: self.tx_bps.or(other.tx_bps) }
    }
}

/// The rates between two readings. Both are gaps when the interface is another one, when any of the eight counters
/// fell (a reset takes all of them; a single fall is no proof of a wrap), when uptime went back, or when the clocks
/// disagree about the time between; one is a gap when a reading lacks it or it is more than `plausible_bps`.
pub(crate) fn rates(prev: &Reading, next: &Reading, plausible_bps: u64) -> Rates {
    let Some(elapsed_ms) = credible_elapsed_ms(prev, next) else { return Rates::default() };
    let fell =
        prev.values.iter().zip(&next.values).any(|(a, b)| matches!((a, b), (Some(a), Some(b)) if b < a));
    if fell || !prev.identity.is_same(&next.identity) {
        return Rates::default();
    }
    let rate = |index: usize| {
        let bytes = i128::from(next.values[index]?) - i128::from(prev.values[index]?);
        let bps = bytes * 8_000 / i128::from(elapsed_ms);
        if bps > i128::from(plausible_bps) { None } else { i64::try_from(bps).ok() }
    };
    Rates { rx_bps: rate(0), tx_bps: rate(1) }
}

/// The highest rate to believe of a link, bits per second: what its port can carry, as far as that is known (negotiated, or
/// by its factory name), and a multiple of the committed bandwidth.
pub(crate) fn plausible_bps(port_bps: Option<u64>, committed_bps: i64) -> u64 {
    let committed_bps = u64::try_from(committed_bps).unwrap_or(0);
    let by_contract = committed_bps.saturating_mul(COMMITMENT_TIMES_MAX).max(COMMITMENT_BPS_MIN);
    port_bps.map_or(by_contract, |bps| by_contract.min(bps.saturating_mul(SPEED_PERCENT_MAX) / 100))
}

/// The most a port can carry, from the name it left the factory with (MikroTik names ports by their cage:
/// `ether1`, `sfp-sfpplus1`, `sfp28-1`, `qsfpplus1-1`, `qsfp28-1-1`). Ports called `ether` go up to 10 Gbit/s.
pub(crate) fn port_speed_bps(default_name: &str) -> Option<u64> {
    const SPEEDS: [(&str, u64); 8] = [
        ("qsfp56", 200_000_000_000),
        ("qsfp28", 100_000_000_000),
        ("qsfpplus", 40_000_000_000),
        ("sfp56", 50_000_000_000),
        ("sfp28", 25_000_000_000),
        ("sfp-sfpplus", 10_000_000_000),
        ("ether", 10_000_000_000),
        ("combo", 10_000_000_000),
    ];
    SPEEDS.iter().find(|(prefix, _)| default_name.starts_with(prefix)).map(|&(_, bps)| bps)
}

/// The measured time between two readings, if every clock that saw it agrees: ours, the monotonic one if both
/// readings are of this process (then it is the one to trust), and the router's uptime.
fn credible_elapsed_ms(prev: &Reading, next: &Reading) -> Option<i64> {
    let wall_ms = next.at_ms.checked_sub(prev.at_ms)?;
    let elapsed_ms = match (prev.mono_ms, next.mono_ms) {
        (Some(from), Some(to)) => to.checked_sub(from)?,
        _ => wall_ms,
    };
    let uptime_ms = next.uptime_ms.checked_sub(prev.uptime_ms)?;
    if elapsed_ms < ELAPSED_MS_MIN || uptime_ms < 0 {
        return None;
    }
    let tolerated_ms = CLOCKS_DIFFER_MS.max(elapsed_ms / 100 * CLOCKS_DIFFER_PERCENT);
    let agrees = |other_ms: i64| (other_ms - elapsed_ms).abs() <= tolerated_ms;
    (agrees(wall_ms) && agrees(uptime_ms)).then_some(elapsed_ms)
}

/// Without names, as a [`Look`](crate::look::Look) is written.
impl Serialize for Reading {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.at_ms, self.uptime_ms, &self.identity, self.values).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Reading {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (at_ms, uptime_ms, identity, values) = Deserialize::deserialize(deserializer)?;
        Ok(Self { at_ms, mono_ms: None, uptime_ms, identity, values })
    }
}

#[cfg(test)]
#[path = "counter_delta_tests.rs"]
mod tests;
