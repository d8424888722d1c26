//! Objectives against what was, by cross-multiplied integers: no verdict passes through a rounded figure.

use crate::segment::Buckets;
use crate::tally::Tally;
use crate::{Decimal, Terms, Verdict, Verdicts};

/// Millionths of a percent in a whole.
const WHOLE: i64 = 100_000_000;

/// Least percentage of the countable time that must be known for latency and loss to be judged.
pub(crate) const COVERAGE_MIN_PCT: i64 = 90;

/// What an uptime objective allows and what was used of it, over the stretches that have one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UptimeAccount {
    /// What was, as far as the month has come.
    pub(crate) buckets: Buckets,
    /// For the whole month, however far it has come: Σ (1 − target) · (contracted − excluded), in milliseconds times [`WHOLE`].
    allowance: i128,
}

impl UptimeAccount {
    /// `base_ms`: contracted less excluded time of the whole stretch, of which `buckets` hold what is over.
    pub(crate) fn new(target: Decimal, base_ms: i64, buckets: Buckets) -> Self {
        let allowance = i128::from(WHOLE - target.millionths()) * i128::from(base_ms);
        Self { buckets, allowance }
    }

    /// Both together: what one stretch leaves over, another may spend.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.buckets.absorb(other.buckets);
        self.allowance += other.allowance;
        self
    }

    /// Met if even the unknown time fits into the allowance, breached if the down time alone does not.
    pub(crate) fn verdict(&self) -> Verdict {
        let scaled = |ms: i64| i128::from(ms) * i128::from(WHOLE);
        if self.buckets.base_ms() == 0 {
            Verdict::None
        } else if scaled(self.buckets.down_ms + self.buckets.unknown_ms) <= self.allowance {
            Verdict::Met
        } else if scaled(self.buckets.down_ms) > self.allowance {
            Verdict::Breached
        } else {
            Verdict::Undetermined
        }
    }

    /// Whole milliseconds of down time that are allowed.
    pub(crate) fn allowed_ms(&self) -> i64 {
        // A target is at most 100 %, so the allowance is at most the stretch.
        (self.allowance / i128::from(WHOLE)) as i64
    }

    pub(crate) fn budget_left_ms(&self) -> i64 {
        self.allowed_ms() - self.buckets.down_ms
    }
}

/// The verdicts of a stretch by its own terms.
///
/// `running`: the stretch is not over, so that a mean above its target can still come down: undetermined, not breached.
pub(crate) fn verdicts(
    terms: Option<&Terms>,
    uptime: Option<&UptimeAccount>,
    tally: &Tally,
    running: bool,
) -> Verdicts {
    let missed = if running { Verdict::Undetermined } else { Verdict::Breached };
    let judge = |measured, kept: &dyn Fn() -> bool| judge(tally, measured, kept, missed);
    let latency = terms.and_then(|terms| terms.latency_ms).map_or(Verdict::None, |target| {
        judge(tally.timed, &|| {
            // Millionths of a millisecond are thousandths of a microsecond. What is too large to scale is above any target.
            tally.rtt_us.saturating_mul(1_000) <= i128::from(target.millionths()) * i128::from(tally.timed)
        })
    });
    let loss = terms.and_then(|terms| terms.loss_pct).map_or(Verdict::None, |target| {
        judge(tally.sent, &|| {
            i128::from(tally.lost()) * i128::from(WHOLE)
                <= i128::from(target.millionths()) * i128::from(tally.sent)
        })
    });
    overall(uptime.map_or(Verdict::None, UptimeAccount::verdict), latency, loss)
}

/// The verdicts of a month: uptime by its account, latency and loss by the worst stretch.
pub(crate) fn month_verdicts(
    uptime: Option<&UptimeAccount>,
    parts: impl Iterator<Item = Verdicts> + Clone,
) -> Verdicts {
    let worst = |of: fn(Verdicts) -> Verdict| parts.clone().map(of).max().unwrap_or(Verdict::None);
    let uptime = uptime.map_or(Verdict::None, UptimeAccount::verdict);
    overall(uptime, worst(|verdicts| verdicts.latency), worst(|verdicts| verdicts.loss))
}

fn overall(uptime: Verdict, latency: Verdict, loss: Verdict) -> Verdicts {
    Verdicts { uptime, latency, loss, overall: uptime.max(latency).max(loss) }
}

fn judge(tally: &Tally, measured: i64, kept: &dyn Fn() -> bool, missed: Verdict) -> Verdict {
    if measured == 0 {
        Verdict::None
    } else if !is_covered(tally) {
        Verdict::Undetermined
    } else if kept() {
        Verdict::Met
    } else {
        missed
    }
}

/// Whether enough of the countable time is known to judge latency and loss.
pub(crate) fn is_covered(tally: &Tally) -> bool {
    tally.buckets.eligible_ms() * 100 >= tally.buckets.base_ms() * COVERAGE_MIN_PCT
}
