//! Whether a link has used up most of the down time that its contract allows in this month.

use jiff::tz::TimeZone;
use sla::{Decimal, Interval, Month};
use store::{AlertFilter, AlertSubject, Company, LIST_ROWS_MAX, LedgerFilter, NotificationEvent, Store};

use super::condition::{Condition, Detail, Standing};
use closing::{Close, CloseError, ClosedLink, close_month};

/// Who asks; nothing is written.
const BY: &str = "alerts";

/// The conditions of all links that were down in the month of `now_ms`, and the end of last month's.
pub(crate) async fn conditions(
    store: &Store,
    company: &Company,
    zone: &TimeZone,
    now_ms: i64,
) -> Result<Vec<Condition>, CloseError> {
    let event = NotificationEvent::ErrorBudget;
    let rules = store.notification_rules(company.id).await?;
    let rule = rules.into_iter().find(|rule| rule.event == event);
    let Some(threshold) = rule.filter(|rule| rule.enabled).and_then(|rule| rule.threshold) else {
        return Ok(Vec::new());
    };
    let month = Month::containing(now_ms, zone)?;
    let period = month.interval(zone)?;
    let mut conditions = ended(store, company, period).await?;
    conditions.append(&mut spent_so_far(store, company, month, period, threshold, now_ms).await?);
    Ok(conditions)
}

/// The links that have spent more than the threshold of the month's budget by a moment of it.
pub(crate) async fn spent_so_far(
    store: &Store,
    company: &Company,
    month: Month,
    period: Interval,
    threshold: Decimal,
    now_ms: i64,
) -> Result<Vec<Condition>, CloseError> {
    if now_ms <= period.from_ms {
        return Ok(Vec::new());
    }
    let links = so_far(store, company, month, period, now_ms).await?;
    let spent = links.iter().filter_map(|closed| {
        let measured = spent(closed, threshold)?;
        Some(condition(closed, period, measured, threshold))
    });
    Ok(spent.collect())
}

/// The month as far as it has come, of the links that were down in it.
async fn so_far(
    store: &Store,
    company: &Company,
    month: Month,
    period: Interval,
    now_ms: i64,
) -> Result<Vec<ClosedLink>, CloseError> {
    let down = store.links_down_within(company.id, period.from_ms, now_ms).await?;
    if down.is_empty() {
        return Ok(Vec::new());
    }
    let filter =
        LedgerFilter { company: Some(company.id), ..LedgerFilter::active(period.from_ms, period.to_ms) };
    let mut links = store.ledger_links(&filter).await?;
    links.retain(|link| down.binary_search(&link.link.id).is_ok());
    let close = Close { month, reason: None, by: BY, tell: false };
    let mut closed = Vec::new();
    // A moment within the month: nothing is written.
    let as_of_ms = now_ms.min(period.to_ms - 1);
    close_month(store, links, &close, as_of_ms, |link| closed.push(link)).await?;
    Ok(closed)
}

/// What is spent of the month's budget in percent, if that is more than the threshold.
fn spent(closed: &ClosedLink, threshold: Decimal) -> Option<String> {
    let statement = closed.statement.as_ref()?;
    let figures = &statement.figures;
    let allowed_ms = figures.allowed_ms?;
    if figures.eligible_ms <= 0 || figures.down_ms <= 0 {
        return None;
    }
    let reached = i128::from(figures.down_ms) * 100_000_000
        >= i128::from(threshold.millionths()) * i128::from(allowed_ms);
    if !reached {
        return None;
    }
    let pct = sla::percent_truncated(figures.down_ms, allowed_ms, 0);
    Some(pct.map_or("all".to_owned(), |pct| format!("{pct} %")))
}

fn condition(closed: &ClosedLink, period: Interval, measured: String, threshold: Decimal) -> Condition {
    let link = &closed.link.link;
    Condition {
        event: NotificationEvent::ErrorBudget,
        subject: AlertSubject::Link(link.id),
        about: link.circuit.clone(),
        client: Some(link.client_id),
        standing: Standing::Holds { since_ms: period.from_ms },
        in_maintenance: false,
        stood_for: None,
        links: vec![link.id],
        detail: Detail {
            measured: Some(measured),
            limit: Some(format!("{threshold} %")),
            ..Detail::default()
        },
    }
}

/// A month's alerts end with it.
async fn ended(store: &Store, company: &Company, period: Interval) -> Result<Vec<Condition>, CloseError> {
    let event = NotificationEvent::ErrorBudget;
    let filter = AlertFilter {
        company: Some(company.id),
        event: Some(event),
        open_only: true,
        ..AlertFilter::default()
    };
    let open = store.alerts(&filter, LIST_ROWS_MAX).await?;
    let old = open.into_iter().filter(|alert| alert.opened_at_ms < period.from_ms);
    Ok(old
        .map(|alert| Condition {
            event,
            subject: alert.subject,
            about: alert.about,
            client: alert.client_id,
            standing: Standing::Over { since_ms: period.from_ms },
            in_maintenance: false,
            stood_for: None,
            links: Vec::new(),
            detail: Detail::default(),
        })
        .collect())
}
