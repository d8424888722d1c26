//! Random time lines: few moments, used again and again, so that things begin and end together.

use jiff::tz::TimeZone;
use sla::{
    Active, Exclusion, ExclusionKind, Inputs, Interval, LinkState, Month, Probe, StateSpan, Terms, Traffic,
};

pub(crate) const ZONES: [&str; 6] =
    ["Asia/Kolkata", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "UTC", "Pacific/Apia"];
const CAUSES: [Option<&str>; 4] = [None, Some("link_down"), Some("no_answer"), Some("router_reboot")];
const UPTIMES: [&str; 9] = ["100", "99.999999", "99.9", "99.50", "99", "90", "60.5", "25", "0"];
const LATENCIES: [&str; 5] = ["0", "10", "20.5", "25", "25.000001"];
const LOSSES: [&str; 6] = ["0", "1.00", "10", "33.333333", "50", "100"];

/// SplitMix64: every seed is a case, the same on every machine.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to one less than `n`.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub(crate) fn between(&mut self, from: i64, to: i64) -> i64 {
        from + self.below((to - from + 1) as u64) as i64
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }

    pub(crate) fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            all.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

pub(crate) fn month_of(zone: &str, month: &str) -> Interval {
    let zone = TimeZone::get(zone).expect("a known zone");
    month.parse::<Month>().expect("a month").interval(&zone).expect("in the calendar")
}

/// Inputs without a contradiction.
pub(crate) fn inputs(dice: &mut Dice) -> Inputs {
    let timezone = dice.of(&ZONES).to_owned();
    let month = format!("{}-{:02}", dice.between(2024, 2027), dice.between(1, 12));
    let whole = month_of(&timezone, &month);
    let points = points(dice, whole);
    let spans = spans(dice, &points);
    let exclusions = (0..dice.below(5)).map(|_| exclusion(dice, &points)).collect();
    let active_from_ms = if dice.chance(60) { whole.from_ms - 1 } else { dice.of(&points) };
    let active_to_ms = dice.chance(25).then(|| dice.of(&points).max(active_from_ms));
    Inputs {
        as_of_ms: dice.chance(35).then(|| dice.of(&points)),
        month: month.parse().expect("a month"),
        active: Active { from_ms: active_from_ms, to_ms: active_to_ms },
        terms: terms(dice, &points),
        probes: probes(dice, &points),
        traffic: traffic(dice, &points),
        timezone,
        spans,
        exclusions,
    }
}

/// The month's ends, moments near them, and some anywhere, in order.
fn points(dice: &mut Dice, month: Interval) -> Vec<i64> {
    let mut all = vec![month.from_ms, month.to_ms];
    for _ in 0..dice.between(4, 22) {
        let around = dice.of(&[month.from_ms, month.to_ms]);
        all.push(match dice.below(4) {
            0 => around + dice.between(-3, 3),
            1 => around + dice.between(-48, 48) * 3_600_000,
            2 => month.from_ms + dice.between(0, month.len_ms() / 300_000) * 300_000,
            _ => dice.between(month.from_ms - 90_000_000, month.to_ms + 90_000_000),
        });
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// States between neighbouring points, each said once or several times, whole or in overlapping pieces.
fn spans(dice: &mut Dice, points: &[i64]) -> Vec<StateSpan> {
    let mut all = Vec::new();
    let mut at = 0;
    while at + 1 < points.len() {
        let to = (at + 1 + dice.below(3) as usize).min(points.len() - 1);
        if dice.chance(85) {
            let state = dice.of(&[
                LinkState::Up,
                LinkState::Up,
                LinkState::Down,
                LinkState::Down,
                LinkState::Unknown,
            ]);
            let pieces = dice.between(1, 3);
            for piece in 0..pieces {
                let (mut from_ms, mut to_ms) = (points[at], points[to]);
                if piece > 0 {
                    (from_ms, to_ms) = (dice.between(from_ms, to_ms - 1), to_ms);
                    to_ms = dice.between(from_ms + 1, to_ms);
                }
                let cause = if state == LinkState::Up { None } else { dice.of(&CAUSES).map(str::to_owned) };
                all.push(StateSpan { from_ms, to_ms, state, cause, evidence: serde_json::Value::Null });
            }
        }
        at = to;
    }
    dice.shuffle(&mut all);
    all
}

fn exclusion(dice: &mut Dice, points: &[i64]) -> Exclusion {
    let from_ms = dice.of(points);
    let to_ms = dice.of(points).max(from_ms + 1);
    let kind = dice.of(&ExclusionKind::ALL);
    Exclusion { from_ms, to_ms, kind, reason: None, entered_by: None, entered_at_ms: None }
}

fn terms(dice: &mut Dice, points: &[i64]) -> Vec<Terms> {
    let mut starts: Vec<i64> = (0..dice.below(5)).map(|_| dice.of(points)).collect();
    if dice.chance(70) {
        starts.push(0);
    }
    starts.sort_unstable();
    starts.dedup();
    dice.shuffle(&mut starts);
    let some =
        |dice: &mut Dice, all: &[&str]| dice.chance(80).then(|| dice.of(all).parse().expect("a figure"));
    let terms = starts.into_iter().map(|valid_from_ms| Terms {
        valid_from_ms,
        uptime_pct: some(dice, &UPTIMES),
        latency_ms: some(dice, &LATENCIES),
        loss_pct: some(dice, &LOSSES),
    });
    terms.collect()
}

fn moment(dice: &mut Dice, points: &[i64]) -> i64 {
    match dice.below(3) {
        0 => dice.of(points),
        1 => dice.of(points) + dice.between(-1, 1),
        _ => dice.between(points[0], points[points.len() - 1]),
    }
}

fn probes(dice: &mut Dice, points: &[i64]) -> Vec<Probe> {
    let count = if dice.chance(20) { 0 } else { dice.below(50) };
    let probes = (0..count).map(|_| {
        let sent = dice.below(6) as u32;
        let received = if dice.chance(70) { sent } else { dice.below(u64::from(sent) + 1) as u32 };
        let rtt_avg_us = dice.chance(90).then(|| dice.between(0, 50_000));
        Probe { at_ms: moment(dice, points), sent, received, rtt_avg_us }
    });
    probes.collect()
}

fn traffic(dice: &mut Dice, points: &[i64]) -> Vec<Traffic> {
    let traffic = (0..dice.below(60)).map(|_| {
        let mut rate = || dice.chance(90).then(|| dice.between(0, 1_000));
        let (rx_bps, tx_bps) = (rate(), rate());
        Traffic { at_ms: moment(dice, points), rx_bps, tx_bps }
    });
    traffic.collect()
}
