use std::collections::HashMap;

use report::duration_words;
use sla::{Exclusion, Figures, Inputs, Interval, Month, StateSpan, Terms, percent_truncated};
use store::{Link, LinkExclusion, LinkId, LinkTerms, Span, StoreError};

use crate::view::cover::active;
use crate::view::figures::NONE;
use crate::view::verdict::percent_words;

/// Under this share of the allowance the rest is called little, percent.
const LITTLE_LEFT_PERCENT: i64 = 25;
/// Until so much of the month is over, the availability is grayed.
const EARLY_MS: i64 = 86_400_000;

/// The running month of a link: availability so far, and what is left of the down time that the contract allows in the
/// whole month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Budget {
    /// `99.982 %`
    pub(crate) availability: String,
    /// Less than a day of the month is over: a minute down moves the percentage more than it says, so it is grayed.
    pub(crate) is_early: bool,
    /// Time that nobody could measure; empty if there was none.
    pub(crate) unknown: String,
    /// `99.50 %`, the terms in force.
    pub(crate) target: String,
    /// Without an objective there is no allowance.
    pub(crate) allowance: Option<Allowance>,
    /// Up and eligible time, for the sum over all links.
    pub(crate) up_ms: i64,
    pub(crate) eligible_ms: i64,
}

/// Down time allowed, spent and left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Allowance {
    pub(crate) allowed: String,
    pub(crate) spent: String,
    /// What is left, or by how much it is overspent.
    pub(crate) left: String,
    /// `fine`, `little` or `over`
    pub(crate) class: &'static str,
    /// 0 to 100: the share that is spent.
    pub(crate) filled: i64,
    /// What is left in percent of the allowance; negative when overspent.
    pub(crate) left_percent: i64,
}

/// What the running month of a client's links is reckoned from, read at once for all of them.
pub(crate) struct RunningMonth {
    /// Its IANA name.
    pub(crate) timezone: String,
    pub(crate) month: Month,
    /// The whole of it.
    pub(crate) period: Interval,
    pub(crate) spans: HashMap<LinkId, Vec<StateSpan>>,
    pub(crate) exclusions: HashMap<LinkId, Vec<LinkExclusion>>,
    pub(crate) terms: HashMap<LinkId, Vec<Terms>>,
}

impl RunningMonth {
    /// Up to `as_of_ms`, the last look: what comes after it is not unknown, only not looked at yet. `None` if what is
    /// stored contradicts itself; that is logged and takes no page with it.
    pub(crate) fn budget(&self, link: &Link, as_of_ms: i64) -> Option<Budget> {
        let spans = self.spans.get(&link.id).cloned().unwrap_or_default();
        let of_link = self.exclusions.get(&link.id).map_or(&[][..], Vec::as_slice);
        // An open exclusion goes on to the end of the month and beyond.
        let exclusions = of_link.iter().filter_map(|one| exclusion(one, i64::MAX)).collect();
        let inputs = Inputs {
            timezone: self.timezone.clone(),
            month: self.month,
            as_of_ms: Some(as_of_ms),
            active: active(link),
            spans,
            exclusions,
            terms: self.terms.get(&link.id).cloned().unwrap_or_default(),
            probes: Vec::new(),
            traffic: Vec::new(),
        };
        let budget = sla::evaluate(&inputs).map(|until_now| {
            let terms = until_now.parts.last().and_then(|part| part.terms);
            let target = terms.and_then(|terms| terms.uptime_pct);
            Budget::new(&until_now.figures, target.map(|target| target.to_string()))
        });
        budget.inspect_err(|error| tracing::error!(link = %link.id, %error, "no budget")).ok()
    }
}

/// An exclusion as the arithmetic takes it; one that begins after the time that is looked at is left out.
pub(crate) fn exclusion(one: &LinkExclusion, open_to_ms: i64) -> Option<Exclusion> {
    let to_ms = one.to_ms.unwrap_or(open_to_ms);
    (one.from_ms < to_ms).then(|| Exclusion {
        from_ms: one.from_ms,
        to_ms,
        kind: one.kind,
        reason: Some(one.reason.clone()),
        entered_by: Some(one.entered_by.clone()),
        entered_at_ms: Some(one.entered_at_ms),
    })
}

/// A stored span without its evidence, which the arithmetic does not look at.
pub(crate) fn state_span(span: Span) -> StateSpan {
    let Span { from_ms, to_ms, state, cause, evidence: _ } = span;
    StateSpan { from_ms, to_ms, state, cause, evidence: serde_json::Value::Null }
}

/// Stored terms as the arithmetic takes them.
pub(crate) fn terms(stored: &LinkTerms) -> Result<Terms, StoreError> {
    let figure = |text: &Option<String>| {
        let parsed = text.as_deref().map(str::parse).transpose();
        parsed
            .map_err(|error: sla::DecimalError| StoreError::Invalid { what: "terms", why: error.to_string() })
    };
    Ok(Terms {
        valid_from_ms: stored.valid_from_ms,
        uptime_pct: figure(&stored.uptime_pct)?,
        latency_ms: figure(&stored.latency_ms)?,
        loss_pct: figure(&stored.loss_pct)?,
    })
}

impl Budget {
    fn new(so_far: &Figures, target: Option<String>) -> Self {
        let percent = so_far.availability_pct.as_deref();
        Self {
            availability: percent.map_or_else(|| NONE.to_owned(), |percent| percent_words(percent, 3)),
            unknown: if so_far.unknown_ms > 0 { duration_words(so_far.unknown_ms) } else { String::new() },
            target: target.map(|target| format!("{target} %")).unwrap_or_default(),
            is_early: so_far.contracted_ms < EARLY_MS,
            allowance: so_far.allowed_ms.map(|allowed_ms| Allowance::new(allowed_ms, so_far.down_ms)),
            up_ms: so_far.up_ms,
            eligible_ms: so_far.eligible_ms,
        }
    }
}

impl Allowance {
    fn new(allowed_ms: i64, spent_ms: i64) -> Self {
        let left_ms = allowed_ms - spent_ms;
        // An objective of 100 % allows nothing: any down time overspends it.
        let percent = |part_ms: i64| match allowed_ms {
            ..=0 if spent_ms > 0 => 100,
            ..=0 => 0,
            _ => (i128::from(part_ms) * 100 / i128::from(allowed_ms)).clamp(-999, 100) as i64,
        };
        let left_percent = if allowed_ms > 0 { percent(left_ms) } else { -percent(spent_ms) };
        let class = match left_ms {
            ..0 => "over",
            _ if left_percent < LITTLE_LEFT_PERCENT && spent_ms > 0 => "little",
            _ => "fine",
        };
        let filled = percent(spent_ms).clamp(0, 100);
        Self {
            allowed: duration_words(allowed_ms),
            spent: duration_words(spent_ms),
            left: duration_words(left_ms.abs()),
            class,
            filled,
            left_percent,
        }
    }

    /// For a table: `3 h 24 m left`, `1 h over`.
    pub(crate) fn short(&self) -> String {
        format!("{} {}", self.left, if self.class == "over" { "over" } else { "left" })
    }

    /// One line for a card: `12 m of 3 h 36 m spent`.
    pub(crate) fn words(&self) -> String {
        match self.class {
            "over" => format!("overspent by {} ({} allowed)", self.left, self.allowed),
            _ => format!("{} of {} left", self.left, self.allowed),
        }
    }
}

/// The running month of all links in two figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AllBudgets {
    /// Up of eligible time of all links together.
    pub(crate) availability: String,
    /// As [`Budget::is_early`], of all links.
    pub(crate) is_early: bool,
    /// The least of the allowances that is left, in percent, and whose it is.
    pub(crate) least: Option<(i64, String)>,
    /// How many are overspent.
    pub(crate) over: usize,
}

impl AllBudgets {
    pub(crate) fn of<'a>(budgets: impl Iterator<Item = (&'a str, &'a Budget)> + Clone) -> Self {
        let (up_ms, eligible_ms) = budgets
            .clone()
            .fold((0_i64, 0_i64), |(up, all), (_, one)| (up + one.up_ms, all + one.eligible_ms));
        let availability = percent_truncated(up_ms, eligible_ms, 3);
        let allowances = || budgets.clone().filter_map(|(title, one)| Some((title, one.allowance.as_ref()?)));
        let least = allowances().min_by_key(|(_, allowance)| allowance.left_percent);
        Self {
            availability: availability.map_or_else(|| NONE.to_owned(), |percent| format!("{percent} %")),
            is_early: budgets.clone().all(|(_, one)| one.is_early),
            least: least.map(|(title, allowance)| (allowance.left_percent, title.to_owned())),
            over: allowances().filter(|(_, allowance)| allowance.class == "over").count(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_MS: i64 = 60_000;

    #[test]
    fn what_is_overspent_is_not_called_left() {
        let over = Allowance::new(216 * MINUTE_MS, 298 * MINUTE_MS);
        assert_eq!((over.class, over.filled, over.left_percent), ("over", 100, -37));
        assert_eq!(over.words(), "overspent by 1 h 22 m (3 h 36 m allowed)");
        let fine = Allowance::new(216 * MINUTE_MS, 12 * MINUTE_MS);
        assert_eq!((fine.class, fine.filled), ("fine", 5));
        assert_eq!(fine.words(), "3 h 24 m of 3 h 36 m left");
        assert_eq!(Allowance::new(100, 80).class, "little");
        assert_eq!(Allowance::new(100, 100).class, "little", "spent to the last, and kept");
    }

    #[test]
    fn an_objective_of_a_hundred_percent_allows_nothing() {
        assert_eq!(Allowance::new(0, 0).class, "fine");
        let over = Allowance::new(0, 1_000);
        assert_eq!((over.class, over.filled, over.left_percent), ("over", 100, -100));
    }
}
