use serde::Serialize;
use sla::{Interval, Part, Statement, StatementOutage};

use super::{Badge, words};
use crate::local_time::LocalTime;
use crate::{Document, cause_words, evidence_words};

/// How many stretches of terms are printed.
const PARTS_MAX: usize = 6;

/// How many rows are printed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) outages: usize,
    pub(crate) exclusions: usize,
}

/// The rows that are printed, and what is said of the others.
#[derive(Debug, Serialize)]
pub(crate) struct Shown<T> {
    pub(crate) rows: Vec<T>,
    /// `The longest 24 of 60 outages; the others, 12 m together, are in the CSV`
    pub(crate) more: Option<String>,
}

/// An outage.
#[derive(Debug, Serialize)]
pub(crate) struct OutageRow {
    pub(crate) from: String,
    /// `goes on` where it has no end.
    pub(crate) to: String,
    pub(crate) length: String,
    pub(crate) counted: String,
    pub(crate) excluded: String,
    pub(crate) cause: String,
    pub(crate) evidence: String,
}

/// An exclusion.
#[derive(Debug, Serialize)]
pub(crate) struct ExclusionRow {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) length: String,
    pub(crate) kind: &'static str,
    pub(crate) reason: String,
    /// `by asha, 3 Oct 2026, 14:05`
    pub(crate) entered: String,
    pub(crate) after_the_fact: bool,
}

/// A stretch under one set of terms.
#[derive(Debug, Serialize)]
pub(crate) struct PartRow {
    pub(crate) from: String,
    pub(crate) to: String,
    /// Promised and measured, each objective.
    pub(crate) uptime: (String, String),
    pub(crate) latency: (String, String),
    pub(crate) loss: (String, String),
    pub(crate) verdict: Badge,
}

pub(super) fn outages(document: &Document<'_>, time: &LocalTime, max: usize) -> Shown<OutageRow> {
    let all = &document.statement.outages;
    let cost = |outage: &StatementOutage| outage.down_ms + outage.excluded_ms;
    let mut kept: Vec<usize> = (0..all.len()).collect();
    // The longest ones are shown, in the order in which they happened.
    kept.sort_by_key(|&index| (std::cmp::Reverse(cost(&all[index])), index));
    let cut = kept.split_off(max.min(kept.len()));
    kept.sort_unstable();
    let cut_ms: i64 = cut.iter().map(|&index| cost(&all[index])).sum();
    let row = |index: &usize| outage_row(&all[*index], document, time);
    let more = || {
        format!(
            "The longest {} of {}; the others, {} together, are in the CSV",
            words::count(kept.len() as i64),
            words::counted(all.len(), "outage", "outages"),
            words::length(cut_ms)
        )
    };
    Shown { rows: kept.iter().map(row).collect(), more: (!cut.is_empty()).then(more) }
}

fn outage_row(outage: &StatementOutage, document: &Document<'_>, time: &LocalTime) -> OutageRow {
    let none_or = |ms: i64| if ms == 0 { "–".to_owned() } else { words::length(ms) };
    let end_ms = outage.to_ms.unwrap_or(document.statement.to_ms);
    OutageRow {
        from: time.second(outage.from_ms),
        to: match outage.to_ms {
            _ if document.statement.reaches_end(outage) => "not over at the month's end".to_owned(),
            None => "goes on".to_owned(),
            Some(to_ms) => time.second(to_ms),
        },
        length: words::length(end_ms - outage.from_ms),
        counted: none_or(outage.down_ms),
        excluded: none_or(outage.excluded_ms),
        cause: words::short(outage.cause.as_deref().map_or("Not known", cause_words)),
        evidence: evidence_words(&outage.evidence),
    }
}

pub(super) fn exclusions(document: &Document<'_>, time: &LocalTime, max: usize) -> Shown<ExclusionRow> {
    let period = Interval::new(document.statement.from_ms, document.statement.to_ms);
    let in_period = document.inputs.exclusions.iter().map(|exclusion| {
        (Interval::new(exclusion.from_ms, exclusion.to_ms).intersect(period).len_ms(), exclusion)
    });
    let mut kept: Vec<_> = in_period.filter(|(length_ms, _)| *length_ms > 0).collect();
    kept.sort_by_key(|&(length_ms, exclusion)| (std::cmp::Reverse(length_ms), exclusion.from_ms));
    let cut = kept.split_off(max.min(kept.len()));
    kept.sort_by_key(|&(_, exclusion)| (exclusion.from_ms, exclusion.to_ms));
    let row = |&(_, exclusion): &(i64, &sla::Exclusion)| ExclusionRow {
        from: time.minute(exclusion.from_ms),
        to: time.minute(exclusion.to_ms),
        length: words::length(exclusion.to_ms - exclusion.from_ms),
        kind: exclusion.kind.words(),
        reason: words::short(exclusion.reason.as_deref().unwrap_or("–")),
        entered: entered(exclusion, time),
        after_the_fact: exclusion.after_the_fact(),
    };
    let more = || {
        let all = words::counted(kept.len() + cut.len(), "exclusion", "exclusions");
        format!("The longest {} of {all}; the others are in the CSV", words::count(kept.len() as i64))
    };
    Shown { rows: kept.iter().map(row).collect(), more: (!cut.is_empty()).then(more) }
}

fn entered(exclusion: &sla::Exclusion, time: &LocalTime) -> String {
    let by = exclusion.entered_by.as_deref().map(|by| format!("by {}", words::short(by)));
    let at = exclusion.entered_at_ms.map(|at_ms| time.minute(at_ms));
    let parts: Vec<String> = by.into_iter().chain(at).collect();
    if parts.is_empty() { "not recorded".to_owned() } else { parts.join(", ") }
}

/// The stretches, where there are several.
pub(super) fn parts(statement: &Statement, time: &LocalTime) -> Shown<PartRow> {
    let all = if statement.parts.len() > 1 { statement.parts.as_slice() } else { &[] };
    let cut = all.len().saturating_sub(PARTS_MAX);
    let more =
        (cut > 0).then(|| format!("The first {PARTS_MAX}; {} more are in the CSV", words::count(cut as i64)));
    Shown { rows: all.iter().take(PARTS_MAX).map(|part| part_row(part, time)).collect(), more }
}

fn part_row(part: &Part, time: &LocalTime) -> PartRow {
    let (terms, figures) = (part.terms, &part.figures);
    let none = || "–".to_owned();
    let uptime = terms.and_then(|terms| terms.uptime_pct);
    let latency = terms.and_then(|terms| terms.latency_ms);
    let loss = terms.and_then(|terms| terms.loss_pct);
    let measured_latency = |us| words::latency_against(us, latency, figures.verdict.latency);
    PartRow {
        from: time.minute(part.from_ms),
        to: time.minute(part.to_ms),
        uptime: (
            uptime.map_or_else(none, |target| format!("{target} %")),
            figures.availability_pct.as_ref().map_or_else(none, |pct| words::percent(pct, uptime)),
        ),
        latency: (
            latency.map_or_else(none, |target| format!("{target} ms")),
            figures.latency_avg_us.map_or_else(none, measured_latency),
        ),
        loss: (
            loss.map_or_else(none, |target| format!("{target} %")),
            figures.loss_pct.as_ref().map_or_else(none, |pct| words::percent(pct, loss)),
        ),
        verdict: Badge::of(figures.verdict.overall),
    }
}
