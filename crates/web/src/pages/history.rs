use std::collections::HashMap;

use jiff::{Span, Timestamp};
use sla::{Exclusion, Interval, Month, StateSpan};
use store::{Link, Outage};

use crate::app::App;
use crate::error::PageError;
use crate::pages::theirs;
use crate::session::ClientSession;
use crate::view::budget::{Budget, RunningMonth, exclusion, state_span, terms};
use crate::view::calendar::{CalendarMonth, calendar};
use crate::view::cover::active;
use crate::view::timeline::{TimelineMonth, timeline};
use crate::zone::Zone;

/// How far the calendar and the time line reach: the running month and the twelve before it.
const MONTHS_BEFORE: i64 = 12;
/// The most outages on the time line.
const OUTAGES_MAX: usize = 200;

/// What a link's page tells of its past: the running month, the calendar and the outages.
pub(crate) struct History {
    pub(crate) budget: Option<Budget>,
    pub(crate) months: Vec<CalendarMonth>,
    pub(crate) timeline: Vec<TimelineMonth>,
    pub(crate) left_out: usize,
}

impl History {
    /// Up to `as_of_ms`, the last look.
    pub(crate) async fn load(
        app: &App,
        session: &ClientSession,
        link: &Link,
        as_of_ms: i64,
    ) -> Result<Self, PageError> {
        let (client, zone, id) = (session.client_id(), &session.zone, link.id);
        let window = Interval::new(first_ms(as_of_ms, zone)?, as_of_ms);
        let spans = theirs(app.store.spans_for_client(client, id, window.from_ms, window.to_ms).await)?;
        let outages = theirs(app.store.outages_for_client(client, id, window.from_ms, window.to_ms).await)?;
        let month = Month::containing(as_of_ms, zone.time_zone()).map_err(internal)?;
        let ahead = month.interval(zone.time_zone()).map_err(internal)?;
        let mut exclusions = app.store.exclusions_for_client(client, window.from_ms, ahead.to_ms).await?;
        exclusions.retain(|one| one.link_id == id);
        let stored = app.store.terms_for_client(client).await?;
        let terms = stored.iter().filter(|terms| terms.link_id == id).map(terms).collect::<Result<_, _>>()?;

        let spans: Vec<StateSpan> = spans.into_iter().map(state_span).collect();
        let of_month = spans.iter().filter(|span| span.to_ms > ahead.from_ms).cloned().collect();
        let left_out: Vec<Exclusion> = exclusions.iter().filter_map(|one| exclusion(one, as_of_ms)).collect();
        let running = RunningMonth {
            timezone: zone.name.clone(),
            month,
            period: ahead,
            spans: HashMap::from([(id, of_month)]),
            exclusions: HashMap::from([(id, exclusions)]),
            terms: HashMap::from([(id, terms)]),
        };
        let shown: Vec<&Outage> = outages.iter().skip(outages.len().saturating_sub(OUTAGES_MAX)).collect();
        let active = active(link);
        // Spans that contradict each other are logged and take no page with them.
        let days = sla::days(zone.time_zone(), window, active, &spans, &left_out);
        let days =
            days.inspect_err(|error| tracing::error!(link = %id, %error, "no calendar")).unwrap_or_default();
        let started = days.iter().position(|day| day.contracted_ms > 0).unwrap_or(days.len());
        Ok(Self {
            budget: running.budget(link, as_of_ms),
            months: calendar(from_month_of(&days, started), &shown),
            timeline: timeline(&shown, &left_out, as_of_ms, zone),
            left_out: outages.len() - shown.len(),
        })
    }
}

/// The days from the month of the day at `started` on: empty months before the contract are not drawn.
fn from_month_of(days: &[sla::Day], started: usize) -> &[sla::Day] {
    let Some(first) = days.get(started).map(|day| day.date.first_of_month()) else { return &[] };
    &days[days.partition_point(|day| day.date < first)..]
}

/// The first moment of the calendar.
fn first_ms(as_of_ms: i64, zone: &Zone) -> Result<i64, PageError> {
    let now = Timestamp::from_millisecond(as_of_ms).map_err(internal)?.to_zoned(zone.time_zone().clone());
    let first =
        now.date().first_of_month().checked_sub(Span::new().months(MONTHS_BEFORE)).map_err(internal)?;
    let first = first.to_zoned(zone.time_zone().clone()).map_err(internal)?;
    Ok(first.timestamp().as_millisecond())
}

fn internal(error: impl std::fmt::Display) -> PageError {
    PageError::Internal(error.to_string())
}
