//! Ping runs and rates in order of time, each of them possible.

use std::borrow::Cow;

use crate::error::Row;
use crate::{InputError, Interval, Probe, Traffic};

/// What was measured; read by stretch of time.
#[derive(Debug)]
pub(crate) struct Readings<'a> {
    probes: Cow<'a, [Probe]>,
    traffic: Cow<'a, [Traffic]>,
}

impl<'a> Readings<'a> {
    pub(crate) fn new(probes: &'a [Probe], traffic: &'a [Traffic]) -> Result<Self, InputError> {
        refuse("probes", probes, wrong_probe)?;
        refuse("traffic", traffic, wrong_traffic)?;
        Ok(Self { probes: by_time(probes, |probe| probe.at_ms), traffic: by_time(traffic, |row| row.at_ms) })
    }

    pub(crate) fn probes_in(&self, stretch: Interval) -> &[Probe] {
        inside(&self.probes, stretch, |probe| probe.at_ms)
    }

    pub(crate) fn traffic_in(&self, stretch: Interval) -> &[Traffic] {
        inside(&self.traffic, stretch, |row| row.at_ms)
    }
}

fn refuse<T>(
    list: &'static str,
    rows: &[T],
    wrong: fn(&T) -> Option<&'static str>,
) -> Result<(), InputError> {
    for (index, row) in rows.iter().enumerate() {
        if let Some(why) = wrong(row) {
            return Err(InputError::Figure { row: Row { list, index }, why });
        }
    }
    Ok(())
}

fn wrong_probe(probe: &Probe) -> Option<&'static str> {
    if probe.received > probe.sent {
        return Some("more echoes are received than were sent");
    }
    probe.rtt_avg_us.is_some_and(|rtt_us| rtt_us < 0).then_some("the round trip is negative")
}

fn wrong_traffic(row: &Traffic) -> Option<&'static str> {
    let negative = |bps: Option<i64>| bps.is_some_and(|bps| bps < 0);
    (negative(row.rx_bps) || negative(row.tx_bps)).then_some("a rate is negative")
}

fn by_time<T: Clone>(rows: &[T], at_ms: fn(&T) -> i64) -> Cow<'_, [T]> {
    if rows.is_sorted_by_key(at_ms) {
        return Cow::Borrowed(rows);
    }
    let mut rows = rows.to_vec();
    rows.sort_by_key(at_ms);
    Cow::Owned(rows)
}

fn inside<T>(rows: &[T], stretch: Interval, at_ms: fn(&T) -> i64) -> &[T] {
    let from = rows.partition_point(|row| at_ms(row) < stretch.from_ms);
    let to = rows.partition_point(|row| at_ms(row) < stretch.to_ms);
    &rows[from..to.max(from)]
}
