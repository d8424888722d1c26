//! A report's inputs as few bytes, the same for the same inputs in whatever order they come.
//!
//! Layout: the bytes `LSLI`, a version, the zone, month, `as_of_ms` and the active time; spans, exclusions and terms row by
//! row; probes and traffic column by column. Every list is sorted and begins with its length. Whole numbers are
//! LEB128; signed ones zigzag, as differences to the one before; a missing figure is 0 and others are one more than
//! themselves; regular times and repeated counts are runs. A probe and a traffic row each take at least a byte, so
//! that a reader need not believe a length that the remaining bytes cannot hold.

mod reader;
mod value;
mod writer;

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use crate::{Active, Decimal, Exclusion, ExclusionKind, Inputs, LinkState, Probe, StateSpan, Terms, Traffic};
use reader::Reader;
pub(crate) use value::value_bytes;
use writer::Writer;

const MAGIC: &[u8; 4] = b"LSLI";
const VERSION: u8 = 1;

/// Bytes that are no frozen inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrozenError {
    /// They begin with something else.
    #[error("these bytes are no frozen inputs")]
    Foreign,
    /// Written by a later version.
    #[error("frozen inputs of version {0}, which is not known here")]
    Version(u8),
    /// They end too early.
    #[error("frozen inputs that end too early, in {0}")]
    Short(&'static str),
    /// They go on after their end.
    #[error("frozen inputs with {0} bytes too many")]
    Long(usize),
    /// A value that cannot stand where it does.
    #[error("frozen inputs with an impossible {0}")]
    Impossible(&'static str),
}

/// What identifies frozen inputs: SHA-256 of [`Inputs::to_bytes`] in hexadecimal.
pub fn frozen_digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Inputs {
    /// These inputs as a report keeps them; the order of their rows leaves no trace.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(64 + 5 * self.probes.len() + 12 * self.traffic.len());
        out.bytes(MAGIC);
        out.byte(VERSION);
        out.text(&self.timezone);
        out.text(&self.month.to_string());
        out.optional(self.as_of_ms, &mut 0);
        out.signed(self.active.from_ms);
        out.optional(self.active.to_ms, &mut 0);
        write_spans(&mut out, &sorted(&self.spans, StateSpan::canonical_cmp));
        write_exclusions(&mut out, &sorted(&self.exclusions, Ord::cmp));
        write_terms(&mut out, &sorted(&self.terms, Ord::cmp));
        write_probes(&mut out, &sorted(&self.probes, Ord::cmp));
        write_traffic(&mut out, &sorted(&self.traffic, Ord::cmp));
        out.into_bytes()
    }

    /// What [`to_bytes`](Self::to_bytes) wrote. Bytes from elsewhere are an error and never a panic, nor a reason to
    /// take much memory.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FrozenError> {
        let mut from = Reader::new(bytes);
        if from.bytes(MAGIC.len(), "the first bytes").ok() != Some(MAGIC) {
            return Err(FrozenError::Foreign);
        }
        match from.byte("the version")? {
            VERSION => {}
            other => return Err(FrozenError::Version(other)),
        }
        let inputs = Self {
            timezone: from.text("the zone")?,
            month: from.text("the month")?.parse().map_err(|_| FrozenError::Impossible("month"))?,
            as_of_ms: from.optional(&mut 0, "the moment")?,
            active: Active {
                from_ms: from.signed("the activation")?,
                to_ms: from.optional(&mut 0, "the termination")?,
            },
            spans: read_spans(&mut from)?,
            exclusions: read_exclusions(&mut from)?,
            terms: read_terms(&mut from)?,
            probes: read_probes(&mut from)?,
            traffic: read_traffic(&mut from)?,
        };
        match from.left() {
            0 => Ok(inputs),
            left => Err(FrozenError::Long(left)),
        }
    }

    /// [`frozen_digest`] of [`to_bytes`](Self::to_bytes); whoever needs both makes the bytes once.
    pub fn digest(&self) -> String {
        frozen_digest(&self.to_bytes())
    }
}

fn sorted<T: Clone>(rows: &[T], by: fn(&T, &T) -> std::cmp::Ordering) -> Cow<'_, [T]> {
    if rows.is_sorted_by(|a, b| by(a, b).is_le()) {
        return Cow::Borrowed(rows);
    }
    let mut rows = rows.to_vec();
    rows.sort_by(by);
    Cow::Owned(rows)
}

fn write_spans(out: &mut Writer, spans: &[StateSpan]) {
    out.length(spans.len());
    let mut before_ms = 0;
    for span in spans {
        out.difference(span.from_ms, &mut before_ms);
        out.difference(span.to_ms, &mut before_ms);
        out.byte(span.state as u8);
        out.optional_text(span.cause.as_deref());
        value::write(out, &span.evidence);
    }
}

fn read_spans(from: &mut Reader<'_>) -> Result<Vec<StateSpan>, FrozenError> {
    const STATES: [LinkState; 3] = [LinkState::Up, LinkState::Down, LinkState::Unknown];
    let mut before_ms = 0;
    from.rows("spans", |from| {
        Ok(StateSpan {
            from_ms: from.difference(&mut before_ms, "spans")?,
            to_ms: from.difference(&mut before_ms, "spans")?,
            state: from.one_of(&STATES, "state")?,
            cause: from.optional_text("spans")?,
            evidence: value::read(from)?,
        })
    })
}

fn write_exclusions(out: &mut Writer, exclusions: &[Exclusion]) {
    out.length(exclusions.len());
    let mut before_ms = 0;
    for exclusion in exclusions {
        out.difference(exclusion.from_ms, &mut before_ms);
        out.difference(exclusion.to_ms, &mut before_ms);
        out.byte(exclusion.kind as u8);
        out.optional_text(exclusion.reason.as_deref());
        out.optional_text(exclusion.entered_by.as_deref());
        out.optional(exclusion.entered_at_ms, &mut 0);
    }
}

fn read_exclusions(from: &mut Reader<'_>) -> Result<Vec<Exclusion>, FrozenError> {
    let mut before_ms = 0;
    from.rows("exclusions", |from| {
        Ok(Exclusion {
            from_ms: from.difference(&mut before_ms, "exclusions")?,
            to_ms: from.difference(&mut before_ms, "exclusions")?,
            kind: from.one_of(&ExclusionKind::ALL, "kind of exclusion")?,
            reason: from.optional_text("exclusions")?,
            entered_by: from.optional_text("exclusions")?,
            entered_at_ms: from.optional(&mut 0, "exclusions")?,
        })
    })
}

fn write_terms(out: &mut Writer, terms: &[Terms]) {
    out.length(terms.len());
    let mut before_ms = 0;
    for terms in terms {
        out.difference(terms.valid_from_ms, &mut before_ms);
        for objective in [terms.uptime_pct, terms.latency_ms, terms.loss_pct] {
            out.optional_text(objective.map(|objective| objective.to_string()).as_deref());
        }
    }
}

fn read_terms(from: &mut Reader<'_>) -> Result<Vec<Terms>, FrozenError> {
    let objective = |from: &mut Reader<'_>| -> Result<Option<Decimal>, FrozenError> {
        let text = from.optional_text("terms")?;
        text.map(|text| text.parse().map_err(|_| FrozenError::Impossible("objective"))).transpose()
    };
    let mut before_ms = 0;
    from.rows("terms", |from| {
        Ok(Terms {
            valid_from_ms: from.difference(&mut before_ms, "terms")?,
            uptime_pct: objective(from)?,
            latency_ms: objective(from)?,
            loss_pct: objective(from)?,
        })
    })
}

fn write_probes(out: &mut Writer, probes: &[Probe]) {
    out.length(probes.len());
    let mut before_us = 0;
    for probe in probes {
        out.optional(probe.rtt_avg_us, &mut before_us);
    }
    out.times(probes.iter().map(|probe| probe.at_ms));
    out.runs(probes.iter().map(|probe| probe.sent.into()));
    out.runs(probes.iter().map(|probe| probe.received.into()));
}

fn read_probes(from: &mut Reader<'_>) -> Result<Vec<Probe>, FrozenError> {
    let mut before_us = 0;
    let mut probes = from.rows("probes", |from| {
        let rtt_avg_us = from.optional(&mut before_us, "probes")?;
        Ok(Probe { at_ms: 0, sent: 0, received: 0, rtt_avg_us })
    })?;
    from.times(probes.iter_mut().map(|probe| &mut probe.at_ms))?;
    from.runs(probes.iter_mut().map(|probe| &mut probe.sent))?;
    from.runs(probes.iter_mut().map(|probe| &mut probe.received))?;
    Ok(probes)
}

fn write_traffic(out: &mut Writer, traffic: &[Traffic]) {
    out.length(traffic.len());
    let (mut rx_before, mut tx_before) = (0, 0);
    for row in traffic {
        out.optional(row.rx_bps, &mut rx_before);
        out.optional(row.tx_bps, &mut tx_before);
    }
    out.times(traffic.iter().map(|row| row.at_ms));
}

fn read_traffic(from: &mut Reader<'_>) -> Result<Vec<Traffic>, FrozenError> {
    let (mut rx_before, mut tx_before) = (0, 0);
    let mut traffic = from.rows("traffic", |from| {
        let rx_bps = from.optional(&mut rx_before, "traffic")?;
        let tx_bps = from.optional(&mut tx_before, "traffic")?;
        Ok(Traffic { at_ms: 0, rx_bps, tx_bps })
    })?;
    from.times(traffic.iter_mut().map(|row| &mut row.at_ms))?;
    Ok(traffic)
}
