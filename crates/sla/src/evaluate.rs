use jiff::tz::TimeZone;

use crate::error::Row;
use crate::objective::{UptimeAccount, month_verdicts, verdicts};
use crate::outage::{Repair, experienced, outages};
use crate::readings::Readings;
use crate::reasons::reasons;
use crate::segment::{Buckets, segments};
use crate::tally::Tally;
use crate::timeline::{TimeLine, left_out};
use crate::{Active, Decimal, Figures, InputError, Inputs, Interval, Part, Statement, Terms, Verdicts};

/// Version of the arithmetic. A report keeps it: when the rules change it goes up, and old reports still say by which
/// rules they were made.
pub const ALGORITHM: u32 = 1;

/// A hundred percent in millionths.
const HUNDRED: i64 = 100_000_000;

/// The verdict on one link's month. Equal inputs in any order give an equal statement.
///
/// - The period is the month, or its part before `as_of_ms`; contracted is what of it is active.
/// - What no span covers is unknown. Exclusions leave both sides of every fraction and count once where they overlap.
/// - Uptime: the allowance is Σ (1 − target) · (contracted − excluded) over the stretches that have a target. The month
///   is met if down and unknown time of those stretches stay within it, breached if down time alone exceeds it.
/// - A month that is not over (`as_of_ms`) is held against the allowance of the whole month, so that it is breached only
///   once it can no longer be met; means of latency and loss above their targets are undetermined until it is over.
/// - Latency and loss: pings in eligible up time, Σ rtt · received / Σ received and Σ lost / Σ sent, stretch by stretch
///   against its own terms; undetermined if less than 90 % of the countable time is known. The month is its worst
///   stretch. A run without a round trip counts for loss only, a round trip without an answer not at all.
/// - 95th percentiles: of the rows in contracted time, excluded or not, by nearest rank.
/// - Outages: down spans of one cause that touch or overlap; where two causes overlap, the earlier one keeps the time.
/// - No target, or nothing to judge, is `none`. The worst objective is the verdict overall.
///
/// # Errors
///
/// Inputs that contradict themselves or cannot be; the error names the rows.
pub fn evaluate(inputs: &Inputs) -> Result<Statement, InputError> {
    let zone = TimeZone::get(&inputs.timezone).map_err(|_| InputError::Zone(inputs.timezone.clone()))?;
    let month = inputs.month.interval(&zone).map_err(|_| InputError::Calendar(inputs.month.to_string()))?;
    let active = checked_active(inputs.active)?;
    let terms = ordered_terms(&inputs.terms)?;
    let line = TimeLine::new(&inputs.spans)?;
    let left_out = left_out(&inputs.exclusions)?;
    let readings = Readings::new(&inputs.probes, &inputs.traffic)?;

    let as_of_ms = inputs.as_of_ms.filter(|&as_of_ms| as_of_ms < month.to_ms);
    let period = Interval::new(month.from_ms, as_of_ms.unwrap_or(month.to_ms));
    let contracted = period.intersect(active);
    let segments = segments(contracted, &line, &left_out);
    let (mut judged, mut to_come) = (Vec::new(), Vec::new());
    for stretch in stretches(month.intersect(active), &terms) {
        let stretch = Stretch::new(stretch, &left_out);
        let until_now = stretch.at.intersect(period);
        if until_now.is_empty() {
            to_come.extend(stretch.account(Buckets::default()));
        } else {
            let running = until_now != stretch.at;
            judged.push(Judged::new(
                &stretch,
                until_now,
                Tally::of(until_now, &segments, &readings),
                running,
            ));
        }
    }
    let outages = outages(&line.outages, &segments, as_of_ms);
    // A month under one set of terms is its only stretch.
    let is_one = judged.len() == 1 && to_come.is_empty();
    let account = month_account(&judged, to_come);
    let reasons = reasons(&zone, account.as_ref(), &judged);
    let (figures, parts) = figures(account.as_ref(), judged, is_one);
    let repair = Repair::of(&outages, figures.up_ms, period.to_ms);
    Ok(Statement {
        algorithm: ALGORITHM,
        timezone: inputs.timezone.clone(),
        month: inputs.month,
        from_ms: period.from_ms,
        to_ms: period.to_ms,
        so_far: as_of_ms.is_some(),
        figures,
        outages,
        reasons,
        parts,
        experienced: experienced(&segments),
        mttr_ms: repair.mttr_ms,
        mtbf_ms: repair.mtbf_ms,
        longest_outage_ms: repair.longest_outage_ms,
    })
}

/// Contracted time under one set of terms, whether it is over or not.
struct Stretch {
    at: Interval,
    terms: Option<Terms>,
    /// Its length less what is excluded.
    base_ms: i64,
}

impl Stretch {
    fn new((at, terms): (Interval, Option<Terms>), left_out: &[Interval]) -> Self {
        // In order and apart: a month with as many terms as exclusions must not compare each with each.
        let first = left_out.partition_point(|excluded| excluded.to_ms <= at.from_ms);
        let inside = left_out[first..].iter().take_while(|excluded| excluded.from_ms < at.to_ms);
        let excluded_ms: i64 = inside.map(|excluded| at.intersect(*excluded).len_ms()).sum();
        Self { at, terms, base_ms: at.len_ms() - excluded_ms }
    }

    /// What it allows, beside what was; none without an uptime target.
    fn account(&self, buckets: Buckets) -> Option<UptimeAccount> {
        Some(UptimeAccount::new(self.terms?.uptime_pct?, self.base_ms, buckets))
    }
}

/// A stretch under one set of terms, as far as it has come, judged by them.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) at: Interval,
    pub(crate) terms: Option<Terms>,
    pub(crate) tally: Tally,
    pub(crate) uptime: Option<UptimeAccount>,
    pub(crate) verdict: Verdicts,
}

impl Judged {
    fn new(stretch: &Stretch, at: Interval, tally: Tally, running: bool) -> Self {
        let (terms, uptime) = (stretch.terms, stretch.account(tally.buckets));
        let verdict = verdicts(terms.as_ref(), uptime.as_ref(), &tally, running);
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

/// The uptime targets of the month's stretches together, those that are still to come among them.
fn month_account(judged: &[Judged], to_come: Vec<UptimeAccount>) -> Option<UptimeAccount> {
    judged.iter().filter_map(|part| part.uptime).chain(to_come).reduce(UptimeAccount::and)
}

/// The month as the sum of its stretches, and these.
fn figures(account: Option<&UptimeAccount>, judged: Vec<Judged>, is_one: bool) -> (Figures, Vec<Part>) {
    let month = (!is_one).then(|| {
        let mut tally = Tally::default();
        judged.iter().for_each(|part| tally.absorb(&part.tally));
        let verdict = month_verdicts(account, judged.iter().map(|part| part.verdict));
        tally.into_figures(account, verdict)
    });
    let parts: Vec<Part> = judged.into_iter().map(Judged::into_part).collect();
    (month.unwrap_or_else(|| parts[0].figures.clone()), parts)
}

/// When the contract runs.
pub(crate) fn checked_active(active: Active) -> Result<Interval, InputError> {
    match active.to_ms.filter(|&to_ms| to_ms < active.from_ms) {
        Some(to_ms) => Err(InputError::Active { from_ms: active.from_ms, to_ms }),
        None => Ok(active.interval()),
    }
}

/// By their beginnings.
pub(crate) fn ordered_terms(terms: &[Terms]) -> Result<Vec<Terms>, InputError> {
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
pub(crate) fn stretches(contracted: Interval, terms: &[Terms]) -> Vec<(Interval, Option<Terms>)> {
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
