//! From what a round saw of one link to what is written about it. Pure.

use routeros::PingOutcome;
use sla::LinkState;
use store::{DownWhen, Latest, Link, LinkId, LinkTarget, Sample, Span, SpanTail};

use crate::counter_delta::{CounterValues, Rates, Reading, plausible_bps, rates};
use crate::counter_fall::follow;
use crate::look::{Identity, Look};
use crate::memory::Memory;
use crate::piece::Piece;
use crate::ppp::was_session_of;
use crate::standing::Standing;
use crate::timeline::{Rules, Seen};

/// A link as it is polled: what it is, and what is remembered of it.
#[derive(Clone, Debug)]
pub(crate) struct PolledLink {
    pub(crate) link: Link,
    pub(crate) down_when: DownWhen,
    memory: Memory,
    figures: Figures,
}

/// The figures of the last sample, for the link's card.
#[derive(Clone, Copy, Debug, Default)]
struct Figures {
    sample_at_ms: Option<i64>,
    rates: Rates,
    ping: Pings,
}

/// A ping run in the store's units; all none where no ping was made, the round trips none without an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Pings {
    sent: Option<i64>,
    received: Option<i64>,
    min_us: Option<i64>,
    avg_us: Option<i64>,
    max_us: Option<i64>,
}

/// What a sample round read of a link besides the look itself.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    pub(crate) counters: CounterValues,
    /// What its port can carry, where the router says.
    pub(crate) port_bps: Option<u64>,
    /// None: nobody pinged.
    pub(crate) ping: Option<PingOutcome>,
    /// The router's own figure for the last second.
    pub(crate) instant: Rates,
}

/// What a round found out about a link.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) seen: Seen,
    pub(crate) measured: Option<Measured>,
}

/// What a round writes about a link.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) tail: SpanTail,
    pub(crate) latest: Latest,
    pub(crate) sample: Option<Sample>,
    /// The link was never seen before.
    pub(crate) is_first: bool,
    memory: Memory,
    figures: Figures,
}

impl PolledLink {
    /// Takes up a link where its memory ends.
    pub(crate) fn new(target: LinkTarget) -> Self {
        let mut memory =
            target.latest.as_ref().and_then(|latest| Memory::read(&latest.memory)).unwrap_or_default();
        if let Some(latest) = &target.latest {
            memory.timeline.stood_since(latest.state, latest.since_ms);
        }
        let figures = target.latest.as_ref().map(Figures::of).unwrap_or_default();
        Self { link: target.link, down_when: target.down_when, memory, figures }
    }

    /// Takes over what may have been changed by hand since; what is remembered stays.
    pub(crate) fn update(&mut self, target: LinkTarget) {
        self.link = target.link;
        self.down_when = target.down_when;
    }

    /// Whether a sample of this slot would be written a second time (SLA trap 29).
    pub(crate) fn has_sample(&self, slot_ms: i64) -> bool {
        self.figures.sample_at_ms.is_some_and(|at_ms| at_ms >= slot_ms)
    }

    /// Whether no rate can come of the next reading, for want of one before.
    pub(crate) fn lacks_reading(&self) -> bool {
        self.memory.reading.is_none()
    }

    /// Whether this interface is the one that was last seen under the link, whatever it is called now.
    pub(crate) fn was(&self, interface: &routeros::Interface) -> bool {
        let seen = self.memory.timeline.look().map(|look| &look.identity);
        seen.is_some_and(|seen| seen.is_same_renamed(&Identity::of(interface)))
    }

    /// When the link was last seen at its own router, and the router's uptime then.
    pub(crate) fn last_contact(&self) -> Option<(i64, i64)> {
        let own = |look: &&Look| look.ppp.as_ref().is_none_or(|ppp| ppp.router == self.link.router_id);
        self.memory.timeline.look().filter(own).map(|look| (look.at_ms, look.uptime_ms))
    }

    /// The last look, if it was at a session of this PPP user or found the user without one.
    pub(crate) fn last_ppp_look(&self, user: &str) -> Option<&Look> {
        self.memory.timeline.look().filter(|look| was_session_of(&look.identity.name, user))
    }

    /// Whether polls have failed since the last look.
    pub(crate) fn is_silent(&self) -> bool {
        self.memory.timeline.is_silent()
    }

    /// Whether its time line is written beyond `now_ms` by more than two readings of a clock differ.
    pub(crate) fn is_ahead(&self, now_ms: i64) -> bool {
        self.watermark_ms().is_some_and(|ms| ms > now_ms + store::CLOCK_STEP_MS)
    }

    /// A sample of a time that has not come is none: the clock was corrected since.
    pub(crate) fn forget_samples_after(&mut self, now_ms: i64) {
        self.figures.sample_at_ms = self.figures.sample_at_ms.filter(|&at_ms| at_ms <= now_ms);
    }

    /// The moment up to which the link's time line is written.
    pub(crate) fn watermark_ms(&self) -> Option<i64> {
        self.memory.timeline.watermark_ms()
    }

    /// What to write; none while our clock is behind what was written. The link itself does not change until
    /// [`keep`](Self::keep) says that it was written.
    pub(crate) fn record(&self, finding: &Finding, slot_ms: i64, rules: Rules) -> Option<Record> {
        let mut memory = self.memory.clone();
        let mut figures = self.figures;
        memory.timeline.redate(&finding.seen);
        let is_first = matches!(finding.seen, Seen::Interface(_)) && self.link.measured_from_ms.is_none();
        let tail = memory.timeline.observe(&finding.seen, rules)?;
        let mut sample = None;
        if let (Seen::Interface(look), Some(measured)) = (&finding.seen, &finding.measured) {
            let reading = reading(look, measured);
            let rates = self.rates(&mut memory, &reading, measured.port_bps);
            let ping = measured.ping.as_ref().map(Pings::of).unwrap_or_default();
            sample = Some(self.sample(slot_ms, look.verdict().0, &reading, rates, ping));
            figures = Figures { sample_at_ms: Some(slot_ms), rates: rates.or(measured.instant), ping };
            memory.reading = Some(reading);
        }
        let at_ms = memory.timeline.watermark_ms().unwrap_or(slot_ms);
        let latest = self.latest(at_ms, &tail.standing, &figures, &memory);
        let spans = tail.pieces.into_iter().map(span).collect();
        let tail = SpanTail { link: self.link.id, from_ms: tail.from_ms, spans };
        Some(Record { tail, latest, sample, is_first, memory, figures })
    }

    /// The rates up to a reading, the one before being in memory.
    fn rates(&self, memory: &mut Memory, reading: &Reading, port_bps: Option<u64>) -> Rates {
        let Some(prev) = &memory.reading else { return Rates::default() };
        let (fallen, is_doubtful) = follow(memory.fallen.take(), prev, reading);
        memory.fallen = fallen;
        if is_doubtful {
            return Rates::default();
        }
        rates(prev, reading, plausible_bps(port_bps, self.link.committed_bps))
    }

    /// The record was written: from now on it is what is remembered.
    pub(crate) fn keep(&mut self, memory: Kept) {
        self.memory = memory.memory;
        self.figures = memory.figures;
    }

    fn latest(&self, at_ms: i64, standing: &Standing, figures: &Figures, memory: &Memory) -> Latest {
        Latest {
            link: self.link.id,
            at_ms,
            state: standing.state,
            since_ms: standing.since_ms,
            cause: standing.cause.map(|cause| cause.as_str().to_owned()),
            sample_at_ms: figures.sample_at_ms,
            rx_bps: figures.rates.rx_bps,
            tx_bps: figures.rates.tx_bps,
            sent: figures.ping.sent,
            received: figures.ping.received,
            rtt_avg_us: figures.ping.avg_us,
            rtt_min_us: figures.ping.min_us,
            rtt_max_us: figures.ping.max_us,
            memory: memory.write(),
        }
    }

    fn sample(&self, at_ms: i64, state: LinkState, reading: &Reading, rates: Rates, ping: Pings) -> Sample {
        let [rx_bytes, tx_bytes, rx_packets, tx_packets, rx_errors, tx_errors, rx_drops, tx_drops] =
            reading.values;
        Sample {
            link: self.link.id,
            at_ms,
            state,
            rx_bytes,
            tx_bytes,
            rx_packets,
            tx_packets,
            rx_errors,
            tx_errors,
            rx_drops,
            tx_drops,
            rx_bps: rates.rx_bps,
            tx_bps: rates.tx_bps,
            sent: ping.sent,
            received: ping.received,
            rtt_min_us: ping.min_us,
            rtt_avg_us: ping.avg_us,
            rtt_max_us: ping.max_us,
        }
    }
}

/// What a written record leaves in memory.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) link: LinkId,
    memory: Memory,
    figures: Figures,
}

impl Record {
    /// Splits what is written from what is then kept.
    pub(crate) fn split(self) -> (SpanTail, Latest, Option<Sample>, Kept) {
        let kept = Kept { link: self.latest.link, memory: self.memory, figures: self.figures };
        (self.tail, self.latest, self.sample, kept)
    }
}

fn reading(look: &Look, measured: &Measured) -> Reading {
    Reading {
        at_ms: look.at_ms,
        mono_ms: look.mono_ms,
        uptime_ms: look.uptime_ms,
        identity: look.identity.clone(),
        values: measured.counters,
    }
}

fn span(piece: Piece) -> Span {
    Span {
        from_ms: piece.from_ms,
        to_ms: piece.to_ms,
        state: piece.state,
        cause: piece.cause.map(|cause| cause.as_str().to_owned()),
        evidence: piece.evidence,
    }
}

impl Figures {
    fn of(latest: &Latest) -> Self {
        Self {
            sample_at_ms: latest.sample_at_ms,
            rates: Rates { rx_bps: latest.rx_bps, tx_bps: latest.tx_bps },
            ping: Pings {
                sent: latest.sent,
                received: latest.received,
                min_us: latest.rtt_min_us,
                avg_us: latest.rtt_avg_us,
                max_us: latest.rtt_max_us,
            },
        }
    }
}

impl Pings {
    /// Round trips only of echoes that came back in this run (SLA trap 32).
    fn of(outcome: &PingOutcome) -> Self {
        let answered = outcome.received > 0;
        let us = |rtt: Option<std::time::Duration>| {
            rtt.filter(|_| answered).and_then(|rtt| i64::try_from(rtt.as_micros()).ok())
        };
        Self {
            sent: Some(i64::from(outcome.sent)),
            received: Some(i64::from(outcome.received)),
            min_us: us(outcome.rtt_min),
            avg_us: us(outcome.rtt_avg),
            max_us: us(outcome.rtt_max),
        }
    }
}
