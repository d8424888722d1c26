use jiff::tz::TimeZone;

use crate::error::Row;
use crate::objective::{UptimeAccount, month_verdicts, verdicts};
use crate::outage::{Repair, experienced, outages};
use crate::readings::Readings;
use crate::reasons::reasons;
use crate::segment::segments;
use crate::tally::Tally;
use crate::timeline::{TimeLine, left_out};
use crate::{Decimal, InputError, Inputs, Interval, Part, Statement, Terms, Verdicts};

/// Version of the arithmetic. A report keeps it: when the rules change it goes up, and old reports still say by which
/// rules they were made.
pub const ALGORITHM: u32 = 1;

/// A hundred percent in millionths.
const HUNDRED: i64 = 100_000_000;

/// The verdict on one link's month, by the rules of ARCHITECTURE.md and nothing else: equal inputs in any order give an
/// equal statement.
pub fn evaluate(inputs: &Inputs) -> Result<Statement, InputError> {
    let zone = TimeZone::get(&inputs.timezone).map_err(|_| InputError::Zone(inputs.timezone.clone()))?;
    let month = inputs.month.interval(&zone).map_err(|_| InputError::Calendar(inputs.month.to_string()))?;
    if let Some(to_ms) = inputs.active.to_ms.filter(|&to_ms| to_ms < inputs.active.from_ms) {
        return Err(InputError::Active { from_ms: inputs.active.from_ms, to_ms });
    }
    let terms = ordered_terms(&inputs.terms)?;
    let line = TimeLine::new(&inputs.spans)?;
    let left_out = left_out(&inputs.exclusions)?;
    let readings = Readings::new(&inputs.probes, &inputs.traffic)?;

    let as_of_ms = inputs.as_of_ms.filter(|&as_of_ms| as_of_ms < month.to_ms);
    let period = Interval::new(month.from_ms, as_of_ms.unwrap_or(month.to_ms));
    let contracted = period.intersect(inputs.active.interval());
    let segments = segments(contracted, &line, &left_out);
    let judged: Vec<Judged> = stretches(contracted, &terms)
        .into_iter()
        .map(|(at, terms)| Judged::new(at, terms, Tally::of(at, &segments, &readings)))
        .collect();
    let outages = outages(&line.outages, &segments, as_of_ms);
    let whole = Whole::of(&judged);
    let repair = Repair::of(&outages, whole.tally.buckets);
    let reasons = reasons(&zone, whole.uptime.as_ref(), &judged);
    Ok(Statement {
        algorithm: ALGORITHM,
        timezone: inputs.timezone.clone(),
        month: inputs.month,
        from_ms: period.from_ms,
        to_ms: period.to_ms,
        so_far: as_of_ms.is_some(),
        figures: whole.tally.into_figures(whole.uptime.as_ref(), whole.verdict),
        outages,
        reasons,
        parts: judged.into_iter().map(Judged::into_part).collect(),
        experienced: experienced(&segments),
        mttr_ms: repair.mttr_ms,
        mtbf_ms: repair.mtbf_ms,
        longest_outage_ms: repair.longest_outage_ms,
    })
}

/// A stretch under one set of terms, judged by them.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) at: Interval,
    pub(crate) terms: Option<Terms>,
    pub(crate) tally: Tally,
    pub(crate) uptime: Option<UptimeAccount>,
    pub(crate) verdict: Verdicts,
}

impl Judged {
    fn new(at: Interval, terms: Option<Terms>, tally: Tally) -> Self {
        let target = terms.and_then(|terms| terms.uptime_pct);
        let uptime = target.map(|target| UptimeAccount::new(target, tally.buckets));
        let verdict = verdicts(terms.as_ref(), uptime.as_ref(), &tally);
        Self { at, terms, tally, uptime, verdict }
    }

    fn into_part(self) -> Part {
        Part {
            from_ms: self.at.from_ms,
            to_ms: self.at.to_ms,
            terms: self.terms,
            figures: self.tally.into_figures(self.uptime.as_ref(), self.verdict),
        }
    }
}

/// The month as the sum of its stretches.
struct Whole {
    tally: Tally,
    uptime: Option<UptimeAccount>,
    verdict: Verdicts,
}

impl Whole {
    fn of(judged: &[Judged]) -> Self {
        let mut tally = Tally::default();
        let mut uptime: Option<UptimeAccount> = None;
        for part in judged {
            tally.absorb(&part.tally);
            match (&mut uptime, part.uptime) {
                (Some(sum), Some(account)) => sum.absorb(account),
                (None, Some(account)) => uptime = Some(account),
                (_, None) => {}
            }
        }
        let verdict = month_verdicts(uptime.as_ref(), judged.iter().map(|part| part.verdict));
        Self { tally, uptime, verdict }
    }
}

fn ordered_terms(terms: &[Terms]) -> Result<Vec<Terms>, InputError> {
    let mut order: Vec<usize> = (0..terms.len()).collect();
    order.sort_by_key(|&index| terms[index].valid_from_ms);
    let row = |index| Row { list: "terms", index };
    for pair in order.windows(2) {
        let valid_from_ms = terms[pair[0]].valid_from_ms;
        if valid_from_ms == terms[pair[1]].valid_from_ms {
            return Err(InputError::SameTerms { first: row(pair[0]), second: row(pair[1]), valid_from_ms });
        }
    }
    let above = |target: Option<Decimal>| target.is_some_and(|target| target.millionths() > HUNDRED);
    let wrong = terms.iter().position(|terms| above(terms.uptime_pct) || above(terms.loss_pct));
    match wrong {
        Some(index) => Err(InputError::Figure { row: row(index), why: "an objective is above 100 %" }),
        None => Ok(order.into_iter().map(|index| terms[index]).collect()),
    }
}

/// The contracted time, cut where other terms begin.
fn stretches(contracted: Interval, terms: &[Terms]) -> Vec<(Interval, Option<Terms>)> {
    if contracted.is_empty() {
        return Vec::new();
    }
    let later = terms.partition_point(|terms| terms.valid_from_ms <= contracted.from_ms);
    let mut in_force = later.checked_sub(1).map(|index| terms[index]);
    let mut from_ms = contracted.from_ms;
    let mut all = Vec::new();
    for next in terms[later..].iter().take_while(|terms| terms.valid_from_ms < contracted.to_ms) {
        all.push((Interval::new(from_ms, next.valid_from_ms), in_force));
        (from_ms, in_force) = (next.valid_from_ms, Some(*next));
    }
    all.push((Interval::new(from_ms, contracted.to_ms), in_force));
    all
}
