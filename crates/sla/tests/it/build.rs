//! Inputs by hand: a month of a link that is under contract for ever.

use serde_json::Value;
use sla::{Active, Exclusion, ExclusionKind, Inputs, LinkState, Probe, StateSpan, Statement, Terms, Traffic};

use crate::cases::month_of;

pub(crate) const SECOND: i64 = 1_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// Times are milliseconds from the month's beginning.
#[derive(Clone)]
pub(crate) struct Build {
    pub(crate) inputs: Inputs,
    pub(crate) from_ms: i64,
    pub(crate) len_ms: i64,
}

impl Build {
    /// November 2026 in Kolkata: 30 days, 720 hours.
    pub(crate) fn new() -> Self {
        Self::of("Asia/Kolkata", "2026-11")
    }

    pub(crate) fn of(timezone: &str, month: &str) -> Self {
        let whole = month_of(timezone, month);
        let inputs = Inputs {
            timezone: timezone.to_owned(),
            month: month.parse().expect("a month"),
            as_of_ms: None,
            active: Active { from_ms: 0, to_ms: None },
            spans: Vec::new(),
            exclusions: Vec::new(),
            terms: Vec::new(),
            probes: Vec::new(),
            traffic: Vec::new(),
        };
        Self { inputs, from_ms: whole.from_ms, len_ms: whole.len_ms() }
    }

    pub(crate) fn span(mut self, state: LinkState, from: i64, to: i64) -> Self {
        let (from_ms, to_ms) = (self.from_ms + from, self.from_ms + to);
        self.inputs.spans.push(StateSpan { from_ms, to_ms, state, cause: None, evidence: Value::Null });
        self
    }

    pub(crate) fn up(self, from: i64, to: i64) -> Self {
        self.span(LinkState::Up, from, to)
    }

    pub(crate) fn down(self, from: i64, to: i64) -> Self {
        self.span(LinkState::Down, from, to)
    }

    pub(crate) fn down_by(self, cause: &str, from: i64, to: i64) -> Self {
        let mut build = self.down(from, to);
        build.inputs.spans.last_mut().expect("just pushed").cause = Some(cause.to_owned());
        build
    }

    /// Up all month but for these, which are down.
    pub(crate) fn up_but(mut self, down: &[(i64, i64)]) -> Self {
        let mut at = 0;
        for &(from, to) in down {
            self = if at < from { self.up(at, from) } else { self };
            (self, at) = (self.down(from, to), to);
        }
        let end = self.len_ms;
        if at < end { self.up(at, end) } else { self }
    }

    pub(crate) fn exclude(self, from: i64, to: i64) -> Self {
        self.exclude_as(ExclusionKind::PlannedMaintenance, from, to)
    }

    pub(crate) fn exclude_as(mut self, kind: ExclusionKind, from: i64, to: i64) -> Self {
        let (from_ms, to_ms) = (self.from_ms + from, self.from_ms + to);
        let exclusion =
            Exclusion { from_ms, to_ms, kind, reason: None, entered_by: None, entered_at_ms: None };
        self.inputs.exclusions.push(exclusion);
        self
    }

    /// Objectives from a moment on; an empty text is none.
    pub(crate) fn terms(mut self, from: i64, uptime: &str, latency: &str, loss: &str) -> Self {
        let figure = |text: &str| (!text.is_empty()).then(|| text.parse().expect("a figure"));
        self.inputs.terms.push(Terms {
            valid_from_ms: self.from_ms + from,
            uptime_pct: figure(uptime),
            latency_ms: figure(latency),
            loss_pct: figure(loss),
        });
        self
    }

    pub(crate) fn active(mut self, from: i64, to: Option<i64>) -> Self {
        self.inputs.active = Active { from_ms: self.from_ms + from, to_ms: to.map(|to| self.from_ms + to) };
        self
    }

    pub(crate) fn so_far_at(mut self, at: i64) -> Self {
        self.inputs.as_of_ms = Some(self.from_ms + at);
        self
    }

    pub(crate) fn probe(mut self, at: i64, sent: u32, received: u32, rtt_avg_us: Option<i64>) -> Self {
        self.inputs.probes.push(Probe { at_ms: self.from_ms + at, sent, received, rtt_avg_us });
        self
    }

    pub(crate) fn rate(mut self, at: i64, rx_bps: Option<i64>, tx_bps: Option<i64>) -> Self {
        self.inputs.traffic.push(Traffic { at_ms: self.from_ms + at, rx_bps, tx_bps });
        self
    }

    pub(crate) fn judge(&self) -> Statement {
        sla::evaluate(&self.inputs).expect("no contradiction")
    }

    pub(crate) fn error(&self) -> String {
        sla::evaluate(&self.inputs).expect_err("a contradiction").to_string()
    }
}
