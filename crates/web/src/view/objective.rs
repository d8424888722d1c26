use report::duration_words;
use sla::{Figures, Statement, Terms};

use crate::view::figures::{NONE, latency_words};
use crate::view::verdict::{Badge, percent_words};

/// What was promised beside what was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Objective {
    pub(crate) name: &'static str,
    pub(crate) commitment: String,
    pub(crate) measured: String,
    pub(crate) note: String,
    pub(crate) badge: Badge,
}

impl Objective {
    /// Uptime, latency and loss. Terms that changed within the month are named one after the other.
    pub(crate) fn all(statement: &Statement) -> Vec<Self> {
        let figures = &statement.figures;
        let promised = |say: fn(&Terms) -> Option<String>| {
            let mut all: Vec<String> =
                statement.parts.iter().filter_map(|part| say(part.terms.as_ref()?)).collect();
            all.dedup();
            if all.is_empty() { "none agreed".to_owned() } else { all.join(", then ") }
        };
        let percent = |text: &Option<String>, places| {
            text.as_deref().map_or_else(|| NONE.to_owned(), |percent| percent_words(percent, places))
        };
        let verdict = figures.verdict;
        vec![
            Self {
                name: "Uptime",
                commitment: promised(|terms| Some(format!("at least {} %", terms.uptime_pct?))),
                measured: percent(&figures.availability_pct, 5),
                note: uptime_note(figures),
                badge: Badge::new(verdict.uptime, figures.availability_pct.is_some()),
            },
            Self {
                name: "Latency, round trip",
                commitment: promised(|terms| Some(format!("at most {} ms", terms.latency_ms?))),
                measured: latency_words(figures.latency_avg_us),
                note: latency_note(figures),
                badge: Badge::new(verdict.latency, figures.latency_avg_us.is_some()),
            },
            Self {
                name: "Packet loss, round trip",
                commitment: promised(|terms| Some(format!("at most {} %", terms.loss_pct?))),
                measured: percent(&figures.loss_pct, 5),
                note: if figures.sent > 0 {
                    format!("{} of {} echoes lost", figures.sent - figures.received, figures.sent)
                } else {
                    "nothing was measured".to_owned()
                },
                badge: Badge::new(verdict.loss, figures.loss_pct.is_some()),
            },
        ]
    }
}

fn uptime_note(figures: &Figures) -> String {
    let down = duration_words(figures.down_ms);
    match (figures.allowed_ms, figures.budget_left_ms) {
        (Some(allowed_ms), Some(left_ms)) => {
            let left = duration_words(left_ms.abs());
            let left = if left_ms < 0 { format!("overspent by {left}") } else { format!("{left} left") };
            format!("{down} down, {} allowed: {left}", duration_words(allowed_ms))
        }
        _ => format!("{down} down"),
    }
}

fn latency_note(figures: &Figures) -> String {
    let all = [figures.latency_p50_us, figures.latency_p95_us, figures.latency_p99_us];
    if all.iter().all(Option::is_none) {
        return "nothing was measured".to_owned();
    }
    let [median, p95, p99] = all.map(latency_words);
    format!("median {median}, 95th percentile {p95}, 99th {p99}")
}
