use serde::Serialize;

use super::words;
use crate::Document;

/// Where the time of the period went, by contract and as it was experienced.
#[derive(Debug, Serialize)]
pub(crate) struct TimeUse {
    pub(crate) rows: Vec<TimeRow>,
    /// Availability by contract and as experienced.
    pub(crate) availability: (String, String),
    /// Contracted time, `31 d`.
    pub(crate) contracted: String,
    /// `99.973 % of it is known`, where not all is.
    pub(crate) coverage: Option<String>,
    pub(crate) budget: Option<Budget>,
    /// How often and how long: name and value.
    pub(crate) repair: Vec<(&'static str, String)>,
}

/// One bucket.
#[derive(Debug, Serialize)]
pub(crate) struct TimeRow {
    /// `up`, `down`, `unknown`, `excluded`.
    pub(crate) state: &'static str,
    pub(crate) name: &'static str,
    pub(crate) contract: String,
    pub(crate) experienced: String,
    /// Part of the contracted time, 0 to 1, for the bar.
    pub(crate) part: f64,
}

/// The error budget.
#[derive(Debug, Serialize)]
pub(crate) struct Budget {
    pub(crate) allowed: String,
    pub(crate) spent: String,
    /// What is left of it; if it is overspent, by how much.
    pub(crate) left: String,
    pub(crate) over: bool,
    /// That unknown time could have spent more, where there is some.
    pub(crate) note: Option<String>,
    /// Spent of allowed, 1 at most; of what was spent, what was allowed if that is less.
    pub(crate) part: f64,
}

impl TimeUse {
    pub(super) fn of(document: &Document<'_>) -> Self {
        let statement = document.statement;
        let (figures, experienced) = (&statement.figures, &statement.experienced);
        let row = |state, name, ms: i64, experienced_ms: Option<i64>| TimeRow {
            state,
            name,
            contract: words::length(ms),
            experienced: experienced_ms.map_or("–".to_owned(), words::length),
            part: ratio(ms, figures.contracted_ms),
        };
        let percent = |pct: &Option<String>| {
            pct.as_ref().map_or("No figure".to_owned(), |pct| words::percent(pct, None))
        };
        Self {
            rows: vec![
                row("up", "Up", figures.up_ms, Some(experienced.up_ms)),
                row("down", "Down", figures.down_ms, Some(experienced.down_ms)),
                row("unknown", "Unknown", figures.unknown_ms, Some(experienced.unknown_ms)),
                row("excluded", "Excluded", figures.excluded_ms, None),
            ],
            availability: (percent(&figures.availability_pct), percent(&experienced.availability_pct)),
            contracted: words::length(figures.contracted_ms),
            coverage: figures.coverage_pct.as_ref().filter(|_| figures.unknown_ms > 0).map(
                |pct| match figures.eligible_ms {
                    0 => "Nothing".to_owned(),
                    _ => words::percent(pct, None),
                },
            ),
            budget: budget(document),
            repair: repair(document),
        }
    }
}

fn budget(document: &Document<'_>) -> Option<Budget> {
    let figures = &document.statement.figures;
    let (allowed_ms, left_ms) = (figures.allowed_ms?, figures.budget_left_ms?);
    let spent_ms = allowed_ms - left_ms;
    let over = left_ms < 0;
    let unknown = figures.unknown_ms > 0;
    Some(Budget {
        allowed: words::length(allowed_ms),
        spent: words::length(spent_ms),
        left: words::length(left_ms.abs()),
        note: unknown
            .then(|| format!("{} of unknown time are not counted", words::length(figures.unknown_ms))),
        over,
        part: if over { ratio(allowed_ms, spent_ms) } else { ratio(spent_ms, allowed_ms) },
    })
}

fn repair(document: &Document<'_>) -> Vec<(&'static str, String)> {
    let statement = document.statement;
    let counted = statement.outages.iter().filter(|outage| outage.down_ms > 0).count();
    let length = |ms: Option<i64>| ms.map_or("–".to_owned(), words::length);
    vec![
        ("Outages that count", words::count(counted as i64)),
        ("Longest", length(statement.longest_outage_ms)),
        ("Mean time to repair", length(statement.mttr_ms)),
        ("Mean time between failures", length(statement.mtbf_ms)),
    ]
}

fn ratio(part: i64, whole: i64) -> f64 {
    if whole <= 0 { 0.0 } else { (part as f64 / whole as f64).clamp(0.0, 1.0) }
}
