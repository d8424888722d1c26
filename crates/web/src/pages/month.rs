use std::collections::HashMap;

use sla::Month;
use store::{Latest, Link, LinkId};

use crate::app::App;
use crate::error::PageError;
use crate::session::ClientSession;
use crate::view::budget::{Budget, RunningMonth, state_span, terms};

/// The running month of a client's links in the company's zone, with one query each for the spans, the exclusions and
/// the terms of all of them.
pub(crate) async fn budgets(
    app: &App,
    session: &ClientSession,
    links: &[(Link, Option<Latest>)],
    now_ms: i64,
) -> Result<HashMap<LinkId, Budget>, PageError> {
    let (client, zone) = (session.client_id(), &session.zone);
    let time_zone = zone.time_zone();
    let month =
        Month::containing(now_ms, time_zone).map_err(|error| PageError::Internal(error.to_string()))?;
    let period = month.interval(time_zone).map_err(|error| PageError::Internal(error.to_string()))?;
    let mut running = RunningMonth {
        zone,
        month,
        spans: HashMap::new(),
        exclusions: HashMap::new(),
        terms: HashMap::new(),
    };
    for (link, span) in app.store.spans_for_client_links(client, period.from_ms, now_ms).await? {
        running.spans.entry(link).or_default().push(state_span(span));
    }
    for exclusion in app.store.exclusions_for_client(client, period.from_ms, period.to_ms).await? {
        running.exclusions.entry(exclusion.link_id).or_default().push(exclusion);
    }
    for stored in app.store.terms_for_client(client).await? {
        running.terms.entry(stored.link_id).or_default().push(terms(&stored)?);
    }
    let stale_after_ms = app.settings.stale_after_ms;
    let budget = |(link, latest): &(Link, Option<Latest>)| {
        let looked_ms = latest.as_ref().map(|latest| latest.at_ms);
        let fresh_ms = looked_ms.filter(|at_ms| (0..=stale_after_ms).contains(&(now_ms - at_ms)));
        let as_of_ms = fresh_ms.filter(|&at_ms| at_ms > period.from_ms).unwrap_or(now_ms);
        Some((link.id, running.budget(link, as_of_ms)?))
    };
    Ok(links.iter().filter_map(budget).collect())
}
