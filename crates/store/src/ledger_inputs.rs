//! What a month's verdicts are reckoned from, for a batch of links at once and as of one moment.

use std::collections::HashMap;

use sla::{Exclusion, Probe, StateSpan, Terms, Traffic};

use crate::exclusion::ExclusionRow;
use crate::open::Pools;
use crate::span::SpanRow;
use crate::{LinkExclusion, LinkId, LinkTerms, Span, Store, StoreError, ledger_postgres, ledger_sqlite};

/// The most links of one call. A month of 5-minute samples of one link takes about 600 kB of memory.
pub const LEDGER_LINKS_MAX: usize = 256;

/// Readings that a link has room for from its first one on: a month's at five minutes.
const READINGS_EXPECTED: usize = 31 * 288;

/// What a verdict on one link over a period is reckoned from, but for the zone and the contract's dates.
///
/// Nothing in it depends on what happens after the period: a month that is reckoned again a week later has the same
/// inputs, whatever its last span has become by then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkInputs {
    /// Whose inputs.
    pub link: LinkId,
    /// The time line, in order. The first span may begin before the period; the last one is cut at its end.
    pub spans: Vec<StateSpan>,
    /// The exclusions that count, by start. Those that are open or end later end with the period.
    pub exclusions: Vec<Exclusion>,
    /// The terms in force at the period's start and those that begin within it.
    pub terms: Vec<Terms>,
    /// Ping results in the period, by time.
    pub probes: Vec<Probe>,
    /// Rates in the period, by time: one row per 5-minute bucket.
    pub traffic: Vec<Traffic>,
}

impl Store {
    /// The inputs of `links` for `[from_ms, to_ms)`, in the order of `links`, all as of one moment. A link that does not
    /// exist has none. Neighbouring ids are read fastest.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for more than [`LEDGER_LINKS_MAX`] links, one link twice, or an empty period.
    pub async fn ledger_inputs(
        &self,
        links: &[LinkId],
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<LinkInputs>, StoreError> {
        self.each_ledger_inputs(links, from_ms, to_ms, |inputs| inputs).await
    }

    /// Like [`ledger_inputs`](Self::ledger_inputs), but hands each link's inputs to `make`, in order and on the thread
    /// that read them, and gives what it made: memory is used again where it was, and no link waits for the next one to
    /// be reckoned. `make` may take its time.
    ///
    /// # Errors
    /// Those of [`ledger_inputs`](Self::ledger_inputs); [`StoreError::Stopped`] if `make` panics.
    pub async fn each_ledger_inputs<T: Send + 'static>(
        &self,
        links: &[LinkId],
        from_ms: i64,
        to_ms: i64,
        make: impl FnMut(LinkInputs) -> T + Send + 'static,
    ) -> Result<Vec<T>, StoreError> {
        let mut batch = Batch::new(links, from_ms, to_ms)?;
        let path = match &self.inner.pools {
            Pools::Sqlite { path, .. } => Some(path.clone()),
            Pools::Postgres(pool) => {
                ledger_postgres::read(pool, &mut batch).await?;
                None
            }
        };
        let made = tokio::task::spawn_blocking(move || {
            if let Some(path) = path {
                ledger_sqlite::read(&path, &mut batch)?;
            }
            Ok(batch.inputs.into_iter().map(in_order).map(make).collect())
        });
        made.await.unwrap_or_else(|stopped| Err(StoreError::Stopped(stopped)))
    }
}

/// Readings by time. SQLite gives them so, PostgreSQL as they lie: to sort what is sorted costs little.
fn in_order(mut inputs: LinkInputs) -> LinkInputs {
    inputs.probes.sort_by_key(|probe| probe.at_ms);
    inputs.traffic = sla::traffic_buckets(std::mem::take(&mut inputs.traffic).into_iter());
    inputs
}

/// One row of samples, as far as the ledger looks at it.
pub(crate) struct Reading {
    pub(crate) link: LinkId,
    pub(crate) at_ms: i64,
    pub(crate) rx_bps: Option<i64>,
    pub(crate) tx_bps: Option<i64>,
    pub(crate) sent: Option<i64>,
    pub(crate) received: Option<i64>,
    pub(crate) rtt_avg_us: Option<i64>,
}

/// Inputs that are being read.
pub(crate) struct Batch {
    pub(crate) from_ms: i64,
    pub(crate) to_ms: i64,
    inputs: Vec<LinkInputs>,
    places: HashMap<LinkId, usize>,
    /// The link of the last reading, and its place: readings come in rows of one link.
    last: Option<(LinkId, Option<usize>)>,
}

impl Batch {
    fn new(links: &[LinkId], from_ms: i64, to_ms: i64) -> Result<Self, StoreError> {
        let invalid = |why: String| Err(StoreError::Invalid { what: "a ledger's question", why });
        if links.len() > LEDGER_LINKS_MAX {
            return invalid(format!("it asks for more than {LEDGER_LINKS_MAX} links"));
        }
        if from_ms >= to_ms {
            return invalid("its period is empty".to_owned());
        }
        let places: HashMap<LinkId, usize> =
            links.iter().enumerate().map(|(place, &link)| (link, place)).collect();
        if places.len() < links.len() {
            return invalid("it names a link twice".to_owned());
        }
        let nothing = |&link: &LinkId| LinkInputs {
            link,
            spans: Vec::new(),
            exclusions: Vec::new(),
            terms: Vec::new(),
            probes: Vec::new(),
            traffic: Vec::new(),
        };
        Ok(Self { from_ms, to_ms, inputs: links.iter().map(nothing).collect(), places, last: None })
    }

    /// All links of the batch by id.
    pub(crate) fn links(&self) -> Vec<LinkId> {
        let mut links: Vec<LinkId> = self.places.keys().copied().collect();
        links.sort_unstable();
        links
    }

    pub(crate) fn add_span(&mut self, row: SpanRow) -> Result<(), StoreError> {
        let link = row.link_id;
        let span = Span::try_from(row)?;
        let to_ms = span.to_ms.min(self.to_ms);
        if let Some(inputs) = self.of(link) {
            let Span { from_ms, state, cause, evidence, .. } = span;
            inputs.spans.push(StateSpan { from_ms, to_ms, state, cause, evidence });
        }
        Ok(())
    }

    pub(crate) fn add_exclusion(&mut self, row: ExclusionRow) -> Result<(), StoreError> {
        let exclusion = LinkExclusion::try_from(row)?;
        let to_ms = exclusion.to_ms.unwrap_or(i64::MAX).min(self.to_ms);
        if let Some(inputs) = self.of(exclusion.link_id) {
            inputs.exclusions.push(Exclusion {
                from_ms: exclusion.from_ms,
                to_ms,
                kind: exclusion.kind,
                reason: Some(exclusion.reason),
                entered_by: Some(exclusion.entered_by),
                entered_at_ms: Some(exclusion.entered_at_ms),
            });
        }
        Ok(())
    }

    pub(crate) fn add_terms(&mut self, terms: &LinkTerms) -> Result<(), StoreError> {
        let figure = |text: &Option<String>| {
            text.as_deref().map(str::parse::<sla::Decimal>).transpose().map_err(StoreError::corrupt)
        };
        let converted = Terms {
            valid_from_ms: terms.valid_from_ms,
            uptime_pct: figure(&terms.uptime_pct)?,
            latency_ms: figure(&terms.latency_ms)?,
            loss_pct: figure(&terms.loss_pct)?,
        };
        if let Some(inputs) = self.of(terms.link_id) {
            inputs.terms.push(converted);
        }
        Ok(())
    }

    pub(crate) fn add_reading(&mut self, row: &Reading) -> Result<(), StoreError> {
        let place = match self.last {
            Some((link, place)) if link == row.link => place,
            _ => {
                let place = self.places.get(&row.link).copied();
                self.last = Some((row.link, place));
                place
            }
        };
        let Some(inputs) = place.map(|place| &mut self.inputs[place]) else { return Ok(()) };
        if inputs.traffic.capacity() == 0 {
            inputs.probes.reserve(READINGS_EXPECTED);
            inputs.traffic.reserve(READINGS_EXPECTED);
        }
        if row.at_ms < self.from_ms || row.at_ms >= self.to_ms {
            return Ok(());
        }
        if let Some(sent) = row.sent {
            let count = |count: i64| u32::try_from(count).map_err(StoreError::corrupt);
            let received = count(row.received.unwrap_or(0))?;
            let (at_ms, rtt_avg_us) = (row.at_ms, row.rtt_avg_us);
            inputs.probes.push(Probe { at_ms, sent: count(sent)?, received, rtt_avg_us });
        }
        if row.rx_bps.is_some() || row.tx_bps.is_some() {
            let Reading { at_ms, rx_bps, tx_bps, .. } = *row;
            inputs.traffic.push(Traffic { at_ms, rx_bps, tx_bps });
        }
        Ok(())
    }

    fn of(&mut self, link: LinkId) -> Option<&mut LinkInputs> {
        self.places.get(&link).map(|&place| &mut self.inputs[place])
    }
}

macro_rules! spans_of_links {
    ($links:literal) => {
        concat!(
            "SELECT s.link_id, s.from_ms, s.to_ms, s.state, s.cause, s.evidence FROM ",
            $links,
            " CROSS JOIN link_spans s
            WHERE s.link_id = t.id AND s.from_ms < $3 AND s.to_ms > $2 AND s.from_ms >= COALESCE(
                (SELECT MAX(p.from_ms) FROM link_spans p WHERE p.link_id = t.id AND p.from_ms <= $2), $2)
            ORDER BY s.link_id, s.from_ms"
        )
    };
}
pub(crate) use spans_of_links;

macro_rules! exclusions_of_links {
    ($links:literal) => {
        concat!(
            "SELECT ",
            $crate::exclusion::exclusion_columns!(),
            " FROM ",
            $links,
            " CROSS JOIN exclusions e
            WHERE e.link_id = t.id AND e.from_ms < $3 AND (e.to_ms IS NULL OR e.to_ms > $2) AND e.removed_at_ms IS NULL
            ORDER BY e.link_id, e.from_ms, e.id"
        )
    };
}
pub(crate) use exclusions_of_links;

macro_rules! terms_of_links {
    ($links:literal) => {
        concat!(
            "SELECT e.link_id, e.valid_from_ms, e.uptime_pct, e.latency_ms, e.loss_pct, e.down_when FROM ",
            $links,
            " CROSS JOIN link_terms e
            WHERE e.link_id = t.id AND e.valid_from_ms < $3 AND e.valid_from_ms >= COALESCE(
                (SELECT MAX(p.valid_from_ms) FROM link_terms p WHERE p.link_id = t.id AND p.valid_from_ms <= $2), $2)
            ORDER BY e.link_id, e.valid_from_ms"
        )
    };
}
pub(crate) use terms_of_links;
