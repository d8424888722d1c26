use report::{age_words, rate_words};
use store::{Latest, Link, LinkId, RatePoint};

use crate::view::budget::Budget;
use crate::view::figures::{Directions, RateBar, directions, latency_words, loss_words};
use crate::view::spark::Spark;
use crate::view::state::StateNow;
use crate::zone::Zone;

/// Figures that are older than the last look by more than this have their age named.
const FIGURES_AGE_SHOWN_MS: i64 = 20_000;

/// All that the cards and the table say of a link now.
#[derive(Clone, Debug)]
pub(crate) struct LinkCard {
    pub(crate) id: LinkId,
    /// Its site, or the circuit id if it has none.
    pub(crate) title: String,
    pub(crate) site: Option<String>,
    pub(crate) circuit: String,
    pub(crate) kind: String,
    pub(crate) service_ref: Option<String>,
    pub(crate) committed: String,
    pub(crate) now: StateNow,
    pub(crate) rates: Directions<RateBar>,
    pub(crate) latency: String,
    pub(crate) loss: String,
    pub(crate) lossy: bool,
    /// The busier direction in thousandths of the committed bandwidth.
    pub(crate) usage_permille: Option<i64>,
    pub(crate) rtt_us: Option<i64>,
    /// `figures 3 m ago`, when they are notably older than the last look.
    pub(crate) figures_age: String,
    pub(crate) spark: Option<Spark>,
    /// The running month, on the dashboard alone.
    pub(crate) budget: Option<Budget>,
}

/// What cards are made with.
#[derive(Clone, Copy)]
pub(crate) struct Moment<'a> {
    pub(crate) now_ms: i64,
    pub(crate) stale_after_ms: i64,
    pub(crate) zone: &'a Zone,
}

impl LinkCard {
    /// Rates, latency and loss are those of an up link only: of a down one they would be of another time.
    pub(crate) fn new(
        link: &Link,
        latest: Option<&Latest>,
        points: &[RatePoint],
        moment: Moment<'_>,
    ) -> Self {
        let now = StateNow::new(latest, moment.now_ms, moment.stale_after_ms, moment.zone);
        let fresh = latest.filter(|_| now.is_up());
        let rates = directions(link.facing, fresh.and_then(|l| l.rx_bps), fresh.and_then(|l| l.tx_bps));
        let (sent, received) = (fresh.and_then(|l| l.sent), fresh.and_then(|l| l.received));
        let figures_age = fresh
            .and_then(|latest| Some((latest.at_ms, latest.sample_at_ms?)))
            .filter(|(at_ms, sample_at_ms)| at_ms - sample_at_ms > FIGURES_AGE_SHOWN_MS)
            .map_or_else(String::new, |(_, at_ms)| format!("figures {}", age_words(moment.now_ms - at_ms)));
        Self {
            id: link.id,
            title: link.site.clone().unwrap_or_else(|| link.circuit.clone()),
            site: link.site.clone(),
            circuit: link.circuit.clone(),
            kind: link.kind.clone(),
            service_ref: link.service_ref.clone(),
            committed: rate_words(link.committed_bps),
            rates: Directions {
                download: RateBar::new(rates.download, link.committed_bps),
                upload: RateBar::new(rates.upload, link.committed_bps),
            },
            latency: latency_words(fresh.and_then(|l| l.rtt_avg_us)),
            loss: loss_words(sent, received),
            usage_permille: rates
                .download
                .max(rates.upload)
                .and_then(|bps| permille(bps, link.committed_bps)),
            rtt_us: fresh.and_then(|l| l.rtt_avg_us),
            lossy: matches!((sent, received), (Some(sent), Some(received)) if received < sent),
            figures_age,
            spark: Spark::new(points, link.facing, moment.now_ms),
            budget: None,
            now,
        }
    }

    /// More down time this month than the contract allows.
    pub(crate) fn overspent(&self) -> bool {
        let allowance = self.budget.as_ref().and_then(|budget| budget.allowance.as_ref());
        allowance.is_some_and(|allowance| allowance.class == "over")
    }

    /// Down of eligible time this month, in millionths.
    pub(crate) fn unavailable_ppm(&self) -> Option<i64> {
        let Budget { up_ms, eligible_ms, .. } = self.budget.as_ref()?;
        permille((eligible_ms - up_ms).saturating_mul(1_000), *eligible_ms)
    }
}

fn permille(part: i64, whole: i64) -> Option<i64> {
    if whole <= 0 { None } else { i64::try_from(i128::from(part) * 1_000 / i128::from(whole)).ok() }
}

/// How many links are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) links: usize,
    pub(crate) up: usize,
    pub(crate) down: usize,
    pub(crate) unknown: usize,
}

impl Counts {
    pub(crate) fn of(cards: &[LinkCard]) -> Self {
        let count = |badness: u8| cards.iter().filter(|card| card.now.badness() == badness).count();
        Self { links: cards.len(), down: count(0), unknown: count(1), up: count(2) }
    }

    /// One sentence for the top of the page.
    pub(crate) fn headline(&self) -> String {
        let links = |n: usize| if n == 1 { "1 link is".to_owned() } else { format!("{n} links are") };
        match *self {
            Self { links: 1, up: 1, .. } => "Your link is up".to_owned(),
            Self { down: 0, unknown: 0, .. } => format!("All {} links are up", self.links),
            Self { down: 0, unknown, .. } => format!("{} not measured right now", links(unknown)),
            Self { down, unknown: 0, .. } => format!("{} down", links(down)),
            Self { down, unknown, .. } => format!("{} down, {unknown} not measured right now", links(down)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headline_says_the_worst() {
        let counts = |up, down, unknown| Counts { links: up + down + unknown, up, down, unknown };
        assert_eq!(counts(3, 0, 0).headline(), "All 3 links are up");
        assert_eq!(counts(1, 0, 0).headline(), "Your link is up");
        assert_eq!(counts(2, 1, 0).headline(), "1 link is down");
        assert_eq!(counts(0, 2, 1).headline(), "2 links are down, 1 not measured right now");
        assert_eq!(counts(1, 0, 2).headline(), "2 links are not measured right now");
    }
}
