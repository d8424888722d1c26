use std::collections::HashMap;

use sla::Month;
use store::{Latest, Link, LinkId};

use crate::app::App;
use crate::error::PageError;
use crate::session::ClientSession;
use crate::view::budget::{Budget, RunningMonth, terms};
use crate::zone::Zone;

/// The running month of a client's links, reckoned up to the last look at each of them.
pub(crate) struct MonthOfLinks {
    running: RunningMonth,
    /// With the moment up to which each is reckoned.
    budgets: HashMap<LinkId, (i64, Option<Budget>)>,
}

/// The month that holds `now_ms` in the company's zone.
pub(crate) fn running_month(zone: &Zone, now_ms: i64) -> Result<Month, PageError> {
    Month::containing(now_ms, zone.time_zone()).map_err(|error| PageError::Internal(error.to_string()))
}

impl MonthOfLinks {
    /// One query each for the spans, the exclusions and the terms of all links, side by side.
    pub(crate) async fn load(
        app: &App,
        session: &ClientSession,
        links: &[(Link, Option<Latest>)],
        month: Month,
    ) -> Result<Self, PageError> {
        let (client, zone) = (session.client_id(), &session.zone);
        let period =
            month.interval(zone.time_zone()).map_err(|error| PageError::Internal(error.to_string()))?;
        let mut running = RunningMonth {
            timezone: zone.name.clone(),
            month,
            period,
            spans: HashMap::new(),
            exclusions: HashMap::new(),
            terms: HashMap::new(),
        };
        let (spans, exclusions, all_terms) = tokio::try_join!(
            app.store.state_spans_for_client(client, period.from_ms, period.to_ms),
            app.store.exclusions_for_client(client, period.from_ms, period.to_ms),
            app.store.terms_for_client(client),
        )?;
        for (link, span) in spans {
            running.spans.entry(link).or_default().push(span);
        }
        for exclusion in exclusions {
            running.exclusions.entry(exclusion.link_id).or_default().push(exclusion);
        }
        for stored in all_terms {
            running.terms.entry(stored.link_id).or_default().push(terms(&stored)?);
        }
        let looked = links.iter().filter_map(|(link, latest)| Some((link, latest.as_ref()?.at_ms)));
        let budgets = looked
            .filter(|(_, at_ms)| *at_ms > period.from_ms)
            .map(|(link, at_ms)| (link.id, (at_ms, running.budget(link, at_ms))))
            .collect();
        Ok(Self { running, budgets })
    }

    /// Up to the last look, or up to now if that was too long ago: what came after it is then unknown.
    pub(crate) fn budget(
        &self,
        link: &Link,
        latest: Option<&Latest>,
        now_ms: i64,
        stale_after_ms: i64,
    ) -> Option<Budget> {
        let looked_ms = latest.map(|latest| latest.at_ms);
        let fresh_ms = looked_ms.filter(|at_ms| (0..=stale_after_ms).contains(&(now_ms - at_ms)));
        let as_of_ms = fresh_ms.filter(|&at_ms| at_ms > self.running.period.from_ms).unwrap_or(now_ms);
        match self.budgets.get(&link.id) {
            Some((reckoned_ms, budget)) if *reckoned_ms == as_of_ms => budget.clone(),
            _ => self.running.budget(link, as_of_ms),
        }
    }
}
