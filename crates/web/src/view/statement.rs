use report::{cause_words, duration_words, evidence_words, rate_words};
use sla::{Exclusion, Figures, Part, Statement, StatementOutage, Verdict};
use store::Facing;

use crate::view::figures::{Directions, NONE, directions, latency_words};
use crate::view::objective::Objective;
use crate::view::verdict::{Badge, percent_words};
use crate::zone::Zone;

/// Units of the bar's width.
const BAR_WIDTH: i64 = 1_000;
/// Shorter pieces are drawn this wide: what cost the month its verdict must be seen.
const PIECE_WIDTH_MIN: i64 = 3;

/// A statement in the words of its page.
pub(crate) struct StatementView {
    pub(crate) badge: Badge,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) reasons: Vec<String>,
    pub(crate) objectives: Vec<Objective>,
    pub(crate) contracted: String,
    pub(crate) buckets: Vec<Bucket>,
    pub(crate) coverage: String,
    /// `between 99.100 % and 99.400 %` where unknown time leaves a doubt.
    pub(crate) bounds: String,
    pub(crate) views: [View; 2],
    pub(crate) outages: Vec<OutageRow>,
    pub(crate) repair: [(&'static str, String); 3],
    pub(crate) traffic: Directions<Traffic>,
    pub(crate) exclusions: Vec<ExclusionRow>,
    /// Where the terms changed within the month.
    pub(crate) parts: Vec<PartRow>,
}

/// A share of the contracted time.
pub(crate) struct Bucket {
    pub(crate) class: &'static str,
    pub(crate) word: &'static str,
    pub(crate) note: &'static str,
    pub(crate) lasted: String,
    pub(crate) share: String,
    pub(crate) x: i64,
    pub(crate) width: i64,
}

/// The month as the contract counts it, or as the customer saw it.
pub(crate) struct View {
    pub(crate) title: &'static str,
    pub(crate) note: &'static str,
    pub(crate) availability: String,
    pub(crate) up: String,
    pub(crate) down: String,
    pub(crate) unknown: String,
}

pub(crate) struct OutageRow {
    pub(crate) start: String,
    pub(crate) end: String,
    pub(crate) counted: String,
    pub(crate) excluded: String,
    pub(crate) cause: String,
    pub(crate) evidence: String,
}

pub(crate) struct ExclusionRow {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) lasted: String,
    pub(crate) kind: &'static str,
    pub(crate) reason: String,
    pub(crate) entered_by: String,
    pub(crate) entered_at: String,
    pub(crate) after_the_fact: bool,
}

pub(crate) struct PartRow {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) terms: String,
    pub(crate) availability: String,
    pub(crate) latency: String,
    pub(crate) loss: String,
    pub(crate) badge: Badge,
}

/// The 95th percentile of one direction.
pub(crate) struct Traffic {
    pub(crate) p95: String,
    /// `8,640 of 8,928 readings`
    pub(crate) readings: String,
}

impl StatementView {
    pub(crate) fn new(statement: &Statement, exclusions: &[Exclusion], facing: Facing, zone: &Zone) -> Self {
        let figures = &statement.figures;
        let percent =
            |text: &Option<String>| text.as_deref().map_or(NONE.to_owned(), |p| percent_words(p, 3));
        let doubt = figures.unknown_ms > 0 && figures.lower_pct.is_some();
        let lasted = |ms: Option<i64>| ms.map_or_else(|| NONE.to_owned(), duration_words);
        Self {
            badge: Badge::new(figures.verdict.overall, figures.availability_pct.is_some()),
            from: moment(statement.from_ms, zone),
            to: moment(statement.to_ms, zone),
            reasons: statement.reasons.clone(),
            objectives: Objective::all(statement),
            contracted: duration_words(figures.contracted_ms),
            buckets: buckets(figures),
            coverage: percent(&figures.coverage_pct),
            bounds: if doubt {
                format!("between {} and {}", percent(&figures.lower_pct), percent(&figures.upper_pct))
            } else {
                String::new()
            },
            views: views(statement),
            outages: statement.outages.iter().map(|outage| OutageRow::new(outage, statement, zone)).collect(),
            repair: [
                ("Mean time to repair", lasted(statement.mttr_ms)),
                ("Mean time between failures", lasted(statement.mtbf_ms)),
                ("Longest outage", lasted(statement.longest_outage_ms)),
            ],
            traffic: traffic(figures, facing),
            exclusions: exclusions.iter().map(|one| ExclusionRow::new(one, statement, zone)).collect(),
            parts: match &statement.parts[..] {
                [] | [_] => Vec::new(),
                parts => parts.iter().map(|part| PartRow::new(part, zone)).collect(),
            },
        }
    }

    /// Whether the two views differ, so that a reader wants to know why.
    pub(crate) fn is_excluded(&self) -> bool {
        !self.exclusions.is_empty()
    }
}

/// `14 Oct 2026, 14:03:27`
pub(crate) fn moment(at_ms: i64, zone: &Zone) -> String {
    format!("{}, {}", zone.day(at_ms), zone.seconds(at_ms))
}

fn buckets(figures: &Figures) -> Vec<Bucket> {
    let all = [
        ("up", "Up", "", figures.up_ms),
        ("down", "Down", "", figures.down_ms),
        ("unknown", "Unknown", "not measured; counted neither as up nor as down", figures.unknown_ms),
        ("excluded", "Excluded", "left out by the contract", figures.excluded_ms),
    ];
    let whole_ms = figures.contracted_ms.max(1);
    let mut passed_ms = 0;
    let mut bucket = |(class, word, note, ms): (&'static str, &'static str, &'static str, i64)| {
        let x = passed_ms * BAR_WIDTH / whole_ms;
        passed_ms += ms;
        let width = match passed_ms * BAR_WIDTH / whole_ms - x {
            width if ms > 0 => width.max(PIECE_WIDTH_MIN),
            _ => 0,
        };
        let share = sla::percent_truncated(ms, figures.contracted_ms, 3);
        let share = share.map(|share| format!("{share} %")).unwrap_or_default();
        let x = x.min(BAR_WIDTH - width);
        Bucket { class, word, note, lasted: duration_words(ms), share, x, width }
    };
    all.into_iter().map(&mut bucket).collect()
}

fn views(statement: &Statement) -> [View; 2] {
    let percent = |text: &Option<String>| text.as_deref().map_or(NONE.to_owned(), |p| percent_words(p, 5));
    let (contract, seen) = (&statement.figures, &statement.experienced);
    [
        View {
            title: "By the contract",
            note: "excluded time is left out",
            availability: percent(&contract.availability_pct),
            up: duration_words(contract.up_ms),
            down: duration_words(contract.down_ms),
            unknown: duration_words(contract.unknown_ms),
        },
        View {
            title: "As you experienced it",
            note: "nothing is left out",
            availability: percent(&seen.availability_pct),
            up: duration_words(seen.up_ms),
            down: duration_words(seen.down_ms),
            unknown: duration_words(seen.unknown_ms),
        },
    ]
}

fn traffic(figures: &Figures, facing: Facing) -> Directions<Traffic> {
    let one = |(p95, n): (Option<i64>, i64)| Traffic {
        p95: p95.map_or_else(|| NONE.to_owned(), rate_words),
        readings: format!("{n} of {} five-minute readings", figures.traffic_expected_n),
    };
    let both = directions(facing, (figures.p95_rx_bps, figures.rx_n), (figures.p95_tx_bps, figures.tx_n));
    Directions { download: one(both.download), upload: one(both.upload) }
}

impl OutageRow {
    fn new(outage: &StatementOutage, statement: &Statement, zone: &Zone) -> Self {
        let excluded_ms = outage.excluded_ms;
        Self {
            start: moment(outage.from_ms, zone),
            end: match outage.to_ms {
                _ if statement.reaches_end(outage) => "not over at the month's end".to_owned(),
                None => "still down".to_owned(),
                Some(to_ms) => moment(to_ms, zone),
            },
            counted: duration_words(outage.down_ms),
            excluded: if excluded_ms > 0 { duration_words(excluded_ms) } else { NONE.to_owned() },
            cause: outage.cause.as_deref().map_or("Not known", cause_words).to_owned(),
            evidence: evidence_words(&outage.evidence),
        }
    }
}

impl ExclusionRow {
    fn new(one: &Exclusion, statement: &Statement, zone: &Zone) -> Self {
        let inside_ms = one.to_ms.min(statement.to_ms) - one.from_ms.max(statement.from_ms);
        Self {
            from: moment(one.from_ms, zone),
            to: moment(one.to_ms, zone),
            lasted: duration_words(inside_ms),
            kind: one.kind.words(),
            reason: one.reason.clone().unwrap_or_default(),
            entered_by: one.entered_by.clone().unwrap_or_else(|| NONE.to_owned()),
            entered_at: one.entered_at_ms.map(|at_ms| moment(at_ms, zone)).unwrap_or_default(),
            after_the_fact: one.after_the_fact(),
        }
    }
}

impl PartRow {
    fn new(part: &Part, zone: &Zone) -> Self {
        let figures = &part.figures;
        let percent =
            |text: &Option<String>| text.as_deref().map_or(NONE.to_owned(), |p| percent_words(p, 3));
        let terms = part.terms.map(|terms| {
            let promised = [
                terms.uptime_pct.map(|figure| format!("uptime {figure} %")),
                terms.latency_ms.map(|figure| format!("latency {figure} ms")),
                terms.loss_pct.map(|figure| format!("loss {figure} %")),
            ];
            promised.into_iter().flatten().collect::<Vec<_>>().join(", ")
        });
        Self {
            from: moment(part.from_ms, zone),
            to: moment(part.to_ms, zone),
            terms: terms.filter(|terms| !terms.is_empty()).unwrap_or_else(|| "no terms".to_owned()),
            availability: percent(&figures.availability_pct),
            latency: latency_words(figures.latency_avg_us),
            loss: percent(&figures.loss_pct),
            badge: Badge::new(figures.verdict.overall, figures.verdict.overall != Verdict::None),
        }
    }
}
