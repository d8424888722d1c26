//! Which links have been slow or have lost packets, from the stored samples.

use std::collections::HashSet;

use sla::Decimal;
use store::{
    AlertFilter, AlertSubject, CompanyId, LIST_ROWS_MAX, LatestReading, LinkId, NotificationEvent,
    NotificationRule, Sample, Store, StoreError,
};

use super::{
    condition::{Condition, Detail},
    quality::{Measure, Reading, Windows},
};

/// What can be measured, with its event.
pub(crate) const MEASURES: [(Measure, NotificationEvent); 2] =
    [(Measure::Latency, NotificationEvent::HighLatency), (Measure::Loss, NotificationEvent::HighLoss)];

/// The conditions of all links whose last reading is bad, or about which an alert is open.
pub(crate) async fn conditions(
    store: &Store,
    company: CompanyId,
    now_ms: i64,
) -> Result<Vec<Condition>, StoreError> {
    let rules = store.notification_rules(company).await?;
    let filter = AlertFilter { company: Some(company), open_only: true, ..AlertFilter::default() };
    let open = store.alerts(&filter, LIST_ROWS_MAX).await?;
    let open: HashSet<_> = open.iter().map(|alert| (alert.event, alert.subject)).collect();
    let mut conditions = Vec::new();
    for latest in store.latest_readings(company, now_ms).await? {
        for (measure, event) in MEASURES {
            let Some(rule) = rules.iter().find(|rule| rule.event == event) else { continue };
            let Some(limit) = limit(measure, rule, &latest) else { continue };
            let is_open = open.contains(&(event, AlertSubject::Link(latest.link_id)));
            if is_open || (rule.enabled && is_bad(measure, &latest, limit)) {
                let windows = windows(rule);
                let from_ms = now_ms - 2 * windows.raise_ms.max(windows.clear_ms);
                let samples = store.samples(latest.link_id, from_ms, now_ms + 1).await?;
                let readings: Vec<Reading> = samples.iter().filter_map(reading).collect();
                let standing = measure.standing(&readings, limit, windows, now_ms);
                conditions.push(condition(&latest, event, limit, standing));
            }
        }
    }
    Ok(conditions)
}

pub(crate) fn windows(rule: &NotificationRule) -> Windows {
    Windows { raise_ms: rule.sustained_s * 1_000, clear_ms: rule.clear_after_s * 1_000 }
}

/// The company's own limit or what the terms promise; without either there is nothing to exceed.
pub(crate) fn limit(measure: Measure, rule: &NotificationRule, latest: &LatestReading) -> Option<Decimal> {
    let promised = match measure {
        Measure::Latency => &latest.latency_ms,
        Measure::Loss => &latest.loss_pct,
    };
    rule.threshold.or_else(|| promised.as_ref()?.parse().ok())
}

/// Nothing that was not measured with pings is a reading.
pub(crate) fn reading(sample: &Sample) -> Option<Reading> {
    let (sent, received) = (sample.sent?, sample.received?);
    (sent > 0).then_some(Reading { at_ms: sample.at_ms, sent, received, rtt_avg_us: sample.rtt_avg_us })
}

pub(crate) fn condition(
    latest: &LatestReading,
    event: NotificationEvent,
    limit: Decimal,
    (standing, measured): (super::condition::Standing, String),
) -> Condition {
    let unit = if event == NotificationEvent::HighLatency { "ms" } else { "%" };
    let detail =
        Detail { measured: Some(measured), limit: Some(format!("{limit} {unit}")), ..Detail::default() };
    of_link(latest.link_id, latest, event, standing, detail)
}

fn of_link(
    id: LinkId,
    latest: &LatestReading,
    event: NotificationEvent,
    standing: super::condition::Standing,
    detail: Detail,
) -> Condition {
    Condition {
        event,
        subject: AlertSubject::Link(id),
        about: latest.circuit.clone(),
        client: Some(latest.client_id),
        standing,
        in_maintenance: false,
        stood_for: None,
        links: vec![id],
        detail,
    }
}

/// Whether the last reading alone is worth a look at those before it.
fn is_bad(measure: Measure, latest: &LatestReading, limit: Decimal) -> bool {
    match measure {
        Measure::Latency => latest.rtt_avg_us.is_some_and(|rtt_us| rtt_us > limit.millionths() / 1_000),
        Measure::Loss => latest.sent.zip(latest.received).is_some_and(|(sent, received)| received < sent),
    }
}
