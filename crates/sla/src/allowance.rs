use crate::evaluate::{checked_active, ordered_terms, stretches};
use crate::objective::UptimeAccount;
use crate::segment::Buckets;
use crate::timeline::left_out;
use crate::{Active, Exclusion, InputError, Interval, Terms};

/// Whole milliseconds of down time that the objectives of a period allow: Σ (1 − target) · (contracted − excluded) over
/// the stretches that have a target, as in [`evaluate`](crate::evaluate()); `None` if no stretch has one. What
/// happened in the period does not matter.
///
/// # Errors
/// Dates, exclusions or terms that contradict themselves; the error names the rows.
pub fn allowed_ms(
    period: Interval,
    active: Active,
    exclusions: &[Exclusion],
    terms: &[Terms],
) -> Result<Option<i64>, InputError> {
    let contracted = period.intersect(checked_active(active)?);
    let left_out = left_out(exclusions)?;
    let accounts = stretches(contracted, &ordered_terms(terms)?).into_iter().filter_map(|(at, terms)| {
        let excluded_ms: i64 = left_out.iter().map(|excluded| at.intersect(*excluded).len_ms()).sum();
        let buckets = Buckets { excluded_ms, unknown_ms: at.len_ms() - excluded_ms, ..Buckets::default() };
        Some(UptimeAccount::new(terms?.uptime_pct?, buckets))
    });
    Ok(accounts.reduce(UptimeAccount::and).map(|account| account.allowed_ms()))
}
