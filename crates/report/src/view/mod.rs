//! A document in the words and numbers in which it is set: the PDF and the mails print these and calculate nothing.

mod calendar;
mod notes;
mod objective;
mod record;
mod rows;
mod service;
mod time_use;
pub(crate) mod words;

use serde::Serialize;
use sla::{Statement, Verdict};

pub(crate) use self::calendar::Calendar;
pub(crate) use self::objective::Objective;
pub(crate) use self::rows::{ExclusionRow, Limits, OutageRow, PartRow, Shown};
pub(crate) use self::service::{BrandLook, Service};
pub(crate) use self::time_use::TimeUse;
use crate::local_time::LocalTime;
use crate::{Document, ReportError};

/// How many reasons are printed; there is one for each objective and stretch.
const REASONS_MAX: usize = 6;

/// The statement, ready to be set.
#[derive(Debug, Serialize)]
pub(crate) struct View {
    pub(crate) brand: BrandLook,
    pub(crate) service: Service,
    /// `Until 12 Oct 2026, 14:00` while the month is not over.
    pub(crate) so_far: Option<String>,
    pub(crate) revision: i64,
    pub(crate) verdict: Badge,
    /// What the verdict means, in a sentence.
    pub(crate) sentence: &'static str,
    /// `99.306 %`, or `No figure`.
    pub(crate) availability: String,
    pub(crate) reasons: Vec<String>,
    pub(crate) objectives: Vec<Objective>,
    pub(crate) time_use: TimeUse,
    pub(crate) calendar: Calendar,
    pub(crate) outages: Shown<OutageRow>,
    pub(crate) exclusions: Shown<ExclusionRow>,
    pub(crate) parts: Shown<PartRow>,
    /// How it was measured and calculated: title and text.
    pub(crate) method: Vec<(&'static str, String)>,
    /// Which statement this is: title and text.
    pub(crate) record: Vec<(&'static str, String)>,
}

/// A verdict as a class and as a word: state is never colour alone.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Badge {
    /// `met`, `breached`, `undetermined`, `none`.
    pub(crate) state: &'static str,
    /// `Met`
    pub(crate) words: &'static str,
}

impl Badge {
    pub(crate) fn of(verdict: Verdict) -> Self {
        Self { state: verdict.as_str(), words: words::verdict(verdict) }
    }
}

impl View {
    pub(crate) fn new(document: &Document<'_>, limits: Limits) -> Result<Self, ReportError> {
        let statement = document.statement;
        let time = LocalTime::of(statement);
        let days = document.days(&time)?;
        let figures = &statement.figures;
        Ok(Self {
            brand: BrandLook::of(document),
            service: Service::of(document, &time),
            so_far: statement.so_far.then(|| format!("Until {}", time.minute(statement.to_ms))),
            revision: document.revision,
            verdict: Badge::of(figures.verdict.overall),
            sentence: sentence(document),
            availability: objective::availability(statement),
            reasons: reasons(&statement.reasons),
            objectives: objective::all(statement),
            time_use: TimeUse::of(document),
            calendar: Calendar::new(document, &time, &days),
            outages: rows::outages(document, &time, limits.outages),
            exclusions: rows::exclusions(document, &time, limits.exclusions),
            parts: rows::parts(statement, &time),
            method: notes::method(document, &time),
            record: record::record(document, &time),
        })
    }
}

/// Availability and its target, as the report prints them.
pub(crate) fn availability_words(statement: &Statement) -> (String, String) {
    (objective::availability(statement), objective::uptime_promised(statement))
}

fn reasons(all: &[String]) -> Vec<String> {
    let mut shown: Vec<String> = all.iter().take(REASONS_MAX).cloned().collect();
    if all.len() > REASONS_MAX {
        shown.push(format!("and {} in the CSV", words::counted(all.len() - REASONS_MAX, "more", "more")));
    }
    shown
}

fn sentence(document: &Document<'_>) -> &'static str {
    let statement = document.statement;
    let figures = &statement.figures;
    match (figures.verdict.overall, statement.so_far) {
        _ if figures.contracted_ms == 0 => "The service was not under contract in this period.",
        _ if figures.eligible_ms == 0 => "There is nothing to judge by: no time of this period was measured.",
        (Verdict::Met, false) => "Every agreed objective was kept.",
        (Verdict::Met, true) => "Every agreed objective has been kept so far.",
        (Verdict::Breached, false) => "An agreed objective was missed.",
        (Verdict::Breached, true) => "An agreed objective has been missed so far.",
        (Verdict::Undetermined, _) => {
            "What is known does not decide it: the unknown time counts for neither side."
        }
        (Verdict::None, _) => "No objectives were agreed for this period.",
    }
}
