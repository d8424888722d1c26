//! The spans of a file, in any order and any pieces, as one time line.

use std::collections::HashMap;

use serde_json::Value;

use crate::error::{Row, SpanName};
use crate::{InputError, Interval, LinkState, StateSpan};

/// A piece of the time line. Pieces are in order and do not overlap; between them nothing is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    pub(crate) at: Interval,
    pub(crate) state: LinkState,
    /// For down time: its place in [`TimeLine::outages`].
    pub(crate) outage: Option<usize>,
}

/// Down spans of one cause that touch or overlap.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutageSpan<'a> {
    pub(crate) at: Interval,
    pub(crate) cause: Option<&'a str>,
    pub(crate) evidence: &'a Value,
}

/// What is known about a link, without doublets.
#[derive(Debug)]
pub(crate) struct TimeLine<'a> {
    pub(crate) pieces: Vec<Piece>,
    pub(crate) outages: Vec<OutageSpan<'a>>,
}

impl<'a> TimeLine<'a> {
    /// Spans may touch, and may overlap where their states are equal; anything else is an error.
    pub(crate) fn new(spans: &'a [StateSpan]) -> Result<Self, InputError> {
        let ordered = ordered(spans)?;
        refuse_contradictions(spans, &ordered)?;
        let outages = outages(ordered.iter().map(|&index| &spans[index]));
        let up = ordered.iter().map(|&index| &spans[index]).filter(|span| span.state == LinkState::Up);
        let up = union(up.map(|span| Interval::new(span.from_ms, span.to_ms)));
        let up = up.into_iter().map(|at| Piece { at, state: LinkState::Up, outage: None });
        let down = outages.iter().enumerate();
        let down =
            down.map(|(index, outage)| Piece { at: outage.at, state: LinkState::Down, outage: Some(index) });
        let mut pieces: Vec<Piece> = up.chain(down).collect();
        pieces.sort_unstable_by_key(|piece| piece.at.from_ms);
        Ok(Self { pieces, outages })
    }
}

/// The time that any of the exclusions covers, in order: what two of them cover counts once (SLA trap 9).
pub(crate) fn left_out(exclusions: &[crate::Exclusion]) -> Result<Vec<Interval>, InputError> {
    for (index, exclusion) in exclusions.iter().enumerate() {
        refuse_empty("exclusions", index, exclusion.from_ms, exclusion.to_ms)?;
    }
    let mut all: Vec<_> = exclusions.iter().map(|one| Interval::new(one.from_ms, one.to_ms)).collect();
    all.sort_unstable_by_key(|one| one.from_ms);
    Ok(union(all))
}

fn refuse_empty(list: &'static str, index: usize, from_ms: i64, to_ms: i64) -> Result<(), InputError> {
    if to_ms > from_ms {
        return Ok(());
    }
    Err(InputError::Empty { row: Row { list, index }, from_ms, to_ms })
}

/// Intervals that come by their beginnings, as few as they can be said in.
fn union(intervals: impl IntoIterator<Item = Interval>) -> Vec<Interval> {
    let mut all: Vec<Interval> = Vec::new();
    for next in intervals {
        match all.last_mut() {
            Some(last) if next.from_ms <= last.to_ms => last.to_ms = last.to_ms.max(next.to_ms),
            _ => all.push(next),
        }
    }
    all
}

/// The places of the spans in an order that does not depend on theirs.
fn ordered(spans: &[StateSpan]) -> Result<Vec<usize>, InputError> {
    for (index, span) in spans.iter().enumerate() {
        refuse_empty("spans", index, span.from_ms, span.to_ms)?;
    }
    let mut order: Vec<usize> = (0..spans.len()).collect();
    order.sort_by(|&a, &b| spans[a].canonical_cmp(&spans[b]));
    Ok(order)
}

impl StateSpan {
    /// By time, then by whatever else tells two spans apart.
    pub(crate) fn canonical_cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |span: &Self| (span.from_ms, span.to_ms, span.state);
        key(self).cmp(&key(other)).then_with(|| self.cause.cmp(&other.cause)).then_with(|| {
            crate::frozen::value_bytes(&self.evidence).cmp(&crate::frozen::value_bytes(&other.evidence))
        })
    }
}

fn refuse_contradictions(spans: &[StateSpan], ordered: &[usize]) -> Result<(), InputError> {
    // Of each state, the span that reaches furthest so far.
    let mut furthest: [Option<usize>; 3] = [None; 3];
    for &index in ordered {
        let span = &spans[index];
        for other in furthest.into_iter().flatten() {
            if spans[other].state != span.state && spans[other].to_ms > span.from_ms {
                let (first, second) = (SpanName::of(other, &spans[other]), SpanName::of(index, span));
                return Err(InputError::Overlap { first, second });
            }
        }
        let of_state = &mut furthest[span.state as usize];
        if of_state.is_none_or(|other| spans[other].to_ms < span.to_ms) {
            *of_state = Some(index);
        }
    }
    Ok(())
}

/// First the runs of each cause, then, where runs of different causes overlap, the earlier one keeps the time: so
/// cutting a span in two changes nothing, and no time is down twice.
fn outages<'a>(spans: impl Iterator<Item = &'a StateSpan>) -> Vec<OutageSpan<'a>> {
    let mut runs: Vec<OutageSpan<'a>> = Vec::new();
    let mut latest: HashMap<Option<&str>, usize> = HashMap::new();
    for span in spans.filter(|span| span.state == LinkState::Down) {
        let cause = span.cause.as_deref();
        let at = Interval::new(span.from_ms, span.to_ms);
        match latest.get(&cause).map(|&index| &mut runs[index]) {
            Some(run) if at.from_ms <= run.at.to_ms => {
                run.at.to_ms = run.at.to_ms.max(at.to_ms);
                if run.evidence.is_null() {
                    run.evidence = &span.evidence;
                }
            }
            _ => {
                latest.insert(cause, runs.len());
                runs.push(OutageSpan { at, cause, evidence: &span.evidence });
            }
        }
    }
    runs.sort_by_key(|run| (run.at.from_ms, run.cause));
    let mut covered_to_ms = i64::MIN;
    runs.retain_mut(|run| {
        run.at = Interval::new(run.at.from_ms.max(covered_to_ms), run.at.to_ms);
        covered_to_ms = covered_to_ms.max(run.at.to_ms);
        !run.at.is_empty()
    });
    runs
}
