use serde::Serialize;
use sla::{Decimal, Statement, Terms, Verdict};

use super::{Badge, words};

/// How many values of one objective are named; the table of terms has more.
const TARGETS_MAX: usize = 2;

/// An objective: what was promised, what was measured, what follows.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Objective {
    pub(crate) name: &'static str,
    /// `at least 99.50 %`
    pub(crate) promised: String,
    /// `99.306 %`
    pub(crate) measured: String,
    /// How sure, or how spread.
    pub(crate) detail: String,
    pub(crate) verdict: Badge,
}

/// Uptime, latency and loss, also where nothing was promised.
pub(super) fn all(statement: &Statement) -> Vec<Objective> {
    vec![uptime(statement), latency(statement), loss(statement)]
}

/// `99.306 %`, or `No figure`: never 0 % or 100 % of nothing (SLA trap 16).
pub(super) fn availability(statement: &Statement) -> String {
    let target = strictest(statement, |terms| terms.uptime_pct);
    statement
        .figures
        .availability_pct
        .as_ref()
        .map_or("No figure".to_owned(), |pct| words::percent(pct, target))
}

/// `at least 99.50 %`
pub(super) fn uptime_promised(statement: &Statement) -> String {
    promised(statement, "at least", "%", |terms| terms.uptime_pct)
}

fn uptime(statement: &Statement) -> Objective {
    let figures = &statement.figures;
    let of = |terms: &Terms| terms.uptime_pct;
    let target = strictest(statement, of);
    let detail = match (&figures.lower_pct, &figures.upper_pct) {
        _ if figures.eligible_ms == 0 => "nothing was measured".to_owned(),
        (Some(lower), Some(upper)) if figures.unknown_ms > 0 => format!(
            "between {} and {}, as {} are unknown",
            words::percent(lower, target),
            words::percent(upper, target),
            words::length(figures.unknown_ms)
        ),
        _ => format!("{} down", words::length(figures.down_ms)),
    };
    Objective {
        name: "Availability",
        promised: uptime_promised(statement),
        measured: availability(statement),
        detail,
        verdict: Badge::of(figures.verdict.uptime),
    }
}

fn latency(statement: &Statement) -> Objective {
    let figures = &statement.figures;
    let of = |terms: &Terms| terms.latency_ms;
    let target = strictest(statement, |terms| terms.latency_ms).filter(|_| statement.parts.len() == 1);
    let measured =
        figures.latency_avg_us.map(|us| words::latency_against(us, target, figures.verdict.latency));
    let spread = [
        ("median", figures.latency_p50_us),
        ("p95", figures.latency_p95_us),
        ("p99", figures.latency_p99_us),
    ];
    let spread = spread.iter().filter_map(|(name, us)| Some(format!("{name} {}", words::latency((*us)?))));
    Objective {
        name: "Round trip, mean",
        promised: promised(statement, "at most", "ms", of),
        measured: measured.unwrap_or("No figure".to_owned()),
        detail: spread.collect::<Vec<_>>().join(", "),
        verdict: Badge::of(figures.verdict.latency),
    }
}

fn loss(statement: &Statement) -> Objective {
    let figures = &statement.figures;
    let of = |terms: &Terms| terms.loss_pct;
    let target = strictest(statement, of);
    let measured = figures.loss_pct.as_ref().map(|pct| loss_against(pct, target, figures.verdict.loss));
    let detail = match figures.sent {
        0 => String::new(),
        sent => format!("{} of {} echoes lost", words::count(sent - figures.received), words::count(sent)),
    };
    Objective {
        name: "Round-trip loss",
        promised: promised(statement, "at most", "%", of),
        measured: measured.unwrap_or("No figure".to_owned()),
        detail,
        verdict: Badge::of(figures.verdict.loss),
    }
}

/// With all its places where fewer would print a breach equal to its objective.
fn loss_against(pct: &str, target: Option<Decimal>, verdict: Verdict) -> String {
    let short = words::percent(pct, target);
    let value = |text: &str| text.trim_end_matches(" %").parse::<Decimal>().map(Decimal::millionths).ok();
    match target {
        Some(target) if verdict == Verdict::Breached && value(&short) <= Some(target.millionths()) => {
            match value(pct) <= Some(target.millionths()) {
                true => format!("just over {target} %"),
                false => format!("{pct} %"),
            }
        }
        _ => short,
    }
}

/// `at least 99.50 %`; `at least 99.50 %, then 99.90 %`; `not agreed`.
fn promised(
    statement: &Statement,
    bound: &str,
    unit: &str,
    of: impl Fn(&Terms) -> Option<Decimal>,
) -> String {
    let targets: Vec<Option<Decimal>> =
        statement.parts.iter().map(|part| part.terms.as_ref().and_then(&of)).collect();
    if targets.iter().all(Option::is_none) {
        return "not agreed".to_owned();
    }
    let words =
        |target: &Option<Decimal>| target.map_or("nothing".to_owned(), |target| format!("{target} {unit}"));
    let mut words: Vec<String> = targets.iter().map(words).collect();
    words.dedup();
    let more = if words.len() > TARGETS_MAX { " …" } else { "" };
    words.truncate(TARGETS_MAX);
    format!("{bound} {}{more}", words.join(", then "))
}

/// The objective with the most places, which decides how a figure is printed.
fn strictest(statement: &Statement, of: impl Fn(&Terms) -> Option<Decimal>) -> Option<Decimal> {
    let targets = statement.parts.iter().filter_map(|part| part.terms.as_ref().and_then(&of));
    targets.max_by_key(|target| target.places())
}
