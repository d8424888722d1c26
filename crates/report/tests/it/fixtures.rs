//! Statements of every kind, with figures from `sla::evaluate`.

use report::{Brand, Document, Facing, Facts, Logo};
use serde_json::json;
use sla::{Active, Exclusion, ExclusionKind, Inputs, LinkState, Probe, StateSpan, Statement, Terms, Traffic};

/// 1 October 2026, 00:00 in Asia/Kolkata.
pub(crate) const OCTOBER_MS: i64 = 1_790_793_000_000;
/// 1 November 2026 there.
pub(crate) const NOVEMBER_MS: i64 = OCTOBER_MS + 31 * DAY_MS;
pub(crate) const SECOND_MS: i64 = 1_000;
pub(crate) const MINUTE_MS: i64 = 60 * SECOND_MS;
pub(crate) const HOUR_MS: i64 = 60 * MINUTE_MS;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;
const BUCKET_MS: i64 = 5 * MINUTE_MS;

const LOGO: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#0f5f6b"/><path d="M5 18h5l3-8 5 13 3-8 1.5 3H27" fill="none" stroke="#fff" stroke-width="2.6"/></svg>"##;

/// A statement with all that it is made of.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) facts: Facts,
    pub(crate) brand: Brand,
    pub(crate) inputs: Inputs,
    pub(crate) statement: Statement,
    pub(crate) revision: i64,
    pub(crate) reason: String,
    pub(crate) digest: String,
}

impl Case {
    pub(crate) fn new(name: &'static str, inputs: Inputs) -> Self {
        let statement = sla::evaluate(&inputs).expect("inputs without contradiction");
        let digest = inputs.digest();
        Self {
            name,
            facts: facts(),
            brand: brand(),
            inputs,
            statement,
            revision: 1,
            reason: String::new(),
            digest,
        }
    }

    pub(crate) fn document(&self) -> Document<'_> {
        Document {
            facts: &self.facts,
            brand: &self.brand,
            statement: &self.statement,
            inputs: &self.inputs,
            revision: self.revision,
            reason: &self.reason,
            digest: &self.digest,
            created_at_ms: self.statement.to_ms + 30 * MINUTE_MS,
            report_url: Some("https://portal.deccan.example/client/sla-reports/4711"),
        }
    }
}

pub(crate) fn facts() -> Facts {
    Facts {
        company: "Deccan Fibre Networks".to_owned(),
        support_email: Some("noc@deccan.example".to_owned()),
        support_phone: Some("+91 20 5550 0142".to_owned()),
        client: "Sahyadri Precision Works".to_owned(),
        circuit: "ILL-PUN-0042".to_owned(),
        kind: "ILL".to_owned(),
        service_ref: Some("DFN/2025/1187".to_owned()),
        site: Some("Plot 14, Chakan MIDC, Pune".to_owned()),
        committed_bps: 100_000_000,
        router: "pune-edge-2".to_owned(),
        interface: "ether5".to_owned(),
        facing: Facing::Customer,
        probe_target: Some("203.0.113.42".to_owned()),
        down_when: Some("interface".to_owned()),
        currency: "INR".to_owned(),
        measured_from_ms: None,
    }
}

pub(crate) fn brand() -> Brand {
    Brand {
        name: "Deccan Fibre Networks".to_owned(),
        accent: Some("#0f5f6b".to_owned()),
        logo: Some(Logo::new(LOGO.into(), "image/svg+xml").expect("a logo")),
    }
}

pub(crate) fn terms(valid_from_ms: i64, uptime: &str, latency: &str, loss: &str) -> Terms {
    let figure = |text: &str| Some(text.parse().expect("a figure"));
    Terms { valid_from_ms, uptime_pct: figure(uptime), latency_ms: figure(latency), loss_pct: figure(loss) }
}

/// October by the clocks of Kolkata: up all the time, with readings every five minutes.
pub(crate) fn october() -> Inputs {
    Inputs {
        timezone: "Asia/Kolkata".to_owned(),
        month: "2026-10".parse().expect("a month"),
        as_of_ms: None,
        active: Active { from_ms: OCTOBER_MS - 300 * DAY_MS, to_ms: None },
        spans: vec![up(OCTOBER_MS, NOVEMBER_MS)],
        exclusions: Vec::new(),
        terms: vec![terms(OCTOBER_MS - 300 * DAY_MS, "99.50", "20", "1.00")],
        probes: probes(OCTOBER_MS, NOVEMBER_MS),
        traffic: traffic(OCTOBER_MS, NOVEMBER_MS),
    }
}

fn up(from_ms: i64, to_ms: i64) -> StateSpan {
    StateSpan { from_ms, to_ms, state: LinkState::Up, cause: None, evidence: json!({"kind": "continuous"}) }
}

/// Something between 0 and 999 that is the same each time.
fn noise(at_ms: i64, salt: u64) -> i64 {
    let mut word = (at_ms / BUCKET_MS) as u64 ^ (salt << 32);
    word = word.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    word ^= word >> 29;
    word = word.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((word >> 33) % 1_000) as i64
}

/// 0 at night, 1000 in the afternoon of a working day.
fn business(at_ms: i64) -> i64 {
    let hour = (at_ms - OCTOBER_MS).rem_euclid(DAY_MS) as f64 / HOUR_MS as f64;
    let day = (at_ms - OCTOBER_MS).div_euclid(DAY_MS);
    let week = if matches!((day + 3) % 7, 5 | 6) { 0.25 } else { 1.0 };
    (week * 1_000.0 * (-((hour - 14.5) / 4.2).powi(2)).exp()) as i64
}

pub(crate) fn probes(from_ms: i64, to_ms: i64) -> Vec<Probe> {
    let run = |at_ms: i64| {
        let lost = u32::from(noise(at_ms, 3) > 992);
        let rtt_us = 7_200 + noise(at_ms, 4) + business(at_ms) * 2 + noise(at_ms, 5).pow(3) / 120_000;
        Probe { at_ms, sent: 5, received: 5 - lost, rtt_avg_us: Some(rtt_us) }
    };
    (from_ms..to_ms).step_by(BUCKET_MS as usize).map(run).collect()
}

pub(crate) fn traffic(from_ms: i64, to_ms: i64) -> Vec<Traffic> {
    let row = |at_ms: i64| {
        let load = business(at_ms);
        let sent = 4_000_000 + load * 52_000 + noise(at_ms, 1) * (9_000 + load * 22);
        let received = 1_500_000 + load * 14_000 + noise(at_ms, 2) * (4_000 + load * 6);
        Traffic { at_ms, rx_bps: Some(received), tx_bps: Some(sent.min(99_400_000)) }
    };
    (from_ms..to_ms).step_by(BUCKET_MS as usize).map(row).collect()
}

/// Cuts a state into the time line; what was measured in that time goes.
pub(crate) fn cut(
    inputs: &mut Inputs,
    from_ms: i64,
    length_ms: i64,
    state: LinkState,
    cause: &str,
    kind: &str,
) {
    let to_ms = from_ms + length_ms;
    let mut spans = Vec::new();
    for span in inputs.spans.drain(..) {
        let piece = |from_ms: i64, to_ms: i64| StateSpan { from_ms, to_ms, ..span.clone() };
        spans.push(piece(span.from_ms, span.to_ms.min(from_ms)));
        spans.push(piece(span.from_ms.max(to_ms), span.to_ms));
    }
    spans.retain(|span| span.from_ms < span.to_ms);
    let evidence = json!({"kind": kind, "looks": 2});
    spans.push(StateSpan { from_ms, to_ms, state, cause: Some(cause.to_owned()), evidence });
    inputs.spans = spans;
    let inside = |at_ms: i64| (from_ms..to_ms).contains(&at_ms);
    inputs.traffic.retain(|row| !inside(row.at_ms));
    inputs.probes.retain(|probe| !inside(probe.at_ms));
}

pub(crate) fn exclusion(
    from_ms: i64,
    length_ms: i64,
    kind: ExclusionKind,
    reason: &str,
    entered_ms: i64,
) -> Exclusion {
    Exclusion {
        from_ms,
        to_ms: from_ms + length_ms,
        kind,
        reason: Some(reason.to_owned()),
        entered_by: Some("asha.kulkarni".to_owned()),
        entered_at_ms: Some(entered_ms),
    }
}
