//! Links: down, unstable, and measured.

use sla::LinkState;
use store::{AlertSubject, NotificationEvent, WatchedLink, WatchedOutage};

use super::{
    condition::{Condition, Detail, Standing},
    desk::Desk,
    gate,
};

/// As the collector names them.
pub(crate) const INTERFACE_MISSING: &str = "interface_missing";
const DISABLED: &str = "disabled";
/// An outage that ended longer ago is history and not worth a line.
const NEWS_MS_MAX: i64 = 24 * 3_600_000;

pub(crate) fn is_in_maintenance(link: &WatchedLink, at_ms: i64) -> bool {
    link.maintenance
        .iter()
        .any(|&(from_ms, to_ms)| from_ms <= at_ms && to_ms.is_none_or(|to_ms| to_ms > at_ms))
}

pub(crate) fn settle(desk: &mut Desk<'_>, link: &WatchedLink) {
    let subject = AlertSubject::Link(link.id);
    settle_port(desk, link);
    settle_unstable(desk, link);
    if desk.open(NotificationEvent::LinkUnstable, subject).is_some() {
        let key = (NotificationEvent::LinkDown, subject);
        if desk.is_pending(key) {
            desk.end_silently(key, gate::UNSTABLE);
        }
        for outage in link.outages.iter().filter(|outage| !outage.examined) {
            let reason = is_news(outage, desk.now_ms).then(|| gate::UNSTABLE.to_owned());
            desk.examine(link, outage.id, reason);
        }
        return;
    }
    let stood = desk.open(NotificationEvent::LinkDown, subject).is_some();
    desk.settle(&down(desk, link));
    let opened_ms = desk.open(NotificationEvent::LinkDown, subject).map(|alert| alert.opened_at_ms);
    for outage in link.outages.iter().filter(|outage| !outage.examined) {
        match opened_ms {
            Some(opened_ms) if stood && outage.from_ms > opened_ms => {
                desk.examine(link, outage.id, Some(gate::ALERT_STANDS.to_owned()));
            }
            Some(_) => desk.examine(link, outage.id, None),
            None if outage.to_ms.is_some() => {
                let reason = is_news(outage, desk.now_ms).then(|| why_untold(desk, link, outage));
                desk.examine(link, outage.id, reason);
            }
            // It has not lasted long enough, or nobody has looked since we came back.
            None => {}
        }
    }
}

/// Latency, loss and the error budget. A link that is known to be unstable needs no further messages.
pub(crate) fn settle_measured(desk: &mut Desk<'_>, condition: &Condition) {
    if let AlertSubject::Company(_) = condition.subject {
        desk.settle(condition);
        return;
    }
    let mut condition = condition.clone();
    if let AlertSubject::Link(id) = condition.subject
        && let Some(link) = desk.facts.links.get(&id)
    {
        condition.in_maintenance = is_in_maintenance(link, desk.now_ms);
        if condition.event != NotificationEvent::ErrorBudget
            && desk.open(NotificationEvent::LinkUnstable, condition.subject).is_some()
        {
            condition.stood_for = Some(gate::UNSTABLE);
        }
        desk.settle(&condition);
    }
}

fn is_news(outage: &WatchedOutage, now_ms: i64) -> bool {
    outage.to_ms.is_none_or(|to_ms| now_ms - to_ms <= NEWS_MS_MAX)
}

/// The beginning of the down time that goes on, over outages that touch.
fn down_since(link: &WatchedLink) -> Option<(i64, &WatchedOutage)> {
    let mut outages = link.outages.iter().rev();
    let last = outages.next().filter(|last| last.to_ms.is_none())?;
    let mut from_ms = last.from_ms;
    for outage in outages {
        if outage.to_ms != Some(from_ms) {
            break;
        }
        from_ms = outage.from_ms;
    }
    Some((from_ms, last))
}

fn condition(
    link: &WatchedLink,
    event: NotificationEvent,
    standing: Standing,
    now_ms: i64,
    detail: Detail,
) -> Condition {
    Condition {
        event,
        subject: AlertSubject::Link(link.id),
        about: link.circuit.clone(),
        client: Some(link.client_id),
        standing,
        in_maintenance: is_in_maintenance(link, now_ms),
        stood_for: None,
        links: vec![link.id],
        detail,
    }
}

fn down(desk: &Desk<'_>, link: &WatchedLink) -> Condition {
    let mut detail = Detail::default();
    let standing = match down_since(link) {
        Some((since_ms, outage)) => {
            detail.cause.clone_from(&outage.cause);
            detail.evidence = outage.evidence.clone();
            // What nobody has looked at since may have ended long ago.
            if link.looked_at_ms < desk.facts.watch_since_ms {
                Standing::Unknown
            } else {
                Standing::Holds { since_ms }
            }
        }
        None if link.state == LinkState::Up => Standing::Over { since_ms: up_since(link) },
        None => Standing::Unknown,
    };
    condition(link, NotificationEvent::LinkDown, standing, desk.now_ms, detail)
}

fn up_since(link: &WatchedLink) -> i64 {
    let ends = link.outages.iter().filter_map(|outage| outage.to_ms);
    ends.max().unwrap_or(link.since_ms).max(link.since_ms)
}

/// Whether the link's interface is on its router. One that comes and goes with a session (`<pppoe-…>`) may be away.
fn settle_port(desk: &mut Desk<'_>, link: &WatchedLink) {
    let event = NotificationEvent::PortMissing;
    let is_missing = link.cause.as_deref() == Some(INTERFACE_MISSING);
    if !is_missing && !desk.is_pending((event, AlertSubject::Link(link.id))) {
        return;
    }
    let standing = match (link.state, link.cause.as_deref()) {
        (LinkState::Unknown, Some(INTERFACE_MISSING)) => {
            let is_known = link.looked_at_ms >= desk.facts.watch_since_ms && !is_dynamic(&link.interface);
            if is_known { Standing::Holds { since_ms: link.since_ms } } else { Standing::Unknown }
        }
        (LinkState::Unknown, Some(DISABLED)) | (LinkState::Up | LinkState::Down, _) => {
            Standing::Over { since_ms: link.since_ms }
        }
        (LinkState::Unknown, _) => Standing::Unknown,
    };
    let detail = Detail { cause: link.cause.clone(), ..Detail::default() };
    desk.settle(&condition(link, event, standing, desk.now_ms, detail));
}

/// RouterOS names interfaces that it creates itself in angle brackets.
fn is_dynamic(interface: &str) -> bool {
    interface.starts_with('<')
}

fn settle_unstable(desk: &mut Desk<'_>, link: &WatchedLink) {
    let event = NotificationEvent::LinkUnstable;
    let subject = AlertSubject::Link(link.id);
    let rule = desk.rule(event);
    let now_ms = desk.now_ms;
    let window_ms = rule.window_s * 1_000;
    // Each time that it became unstable is counted anew, and what maintenance does is no instability.
    let after_ms = desk.last_closed_ms(event, subject).unwrap_or(i64::MIN).max(now_ms - window_ms);
    let counted = link
        .outages
        .iter()
        .filter(|outage| outage.from_ms > after_ms && !is_in_maintenance(link, outage.from_ms));
    let starts: Vec<i64> = counted.map(|outage| outage.from_ms).collect();
    let is_open = desk.open(event, subject).is_some();
    let standing = match (is_open, down_since(link)) {
        (true, Some((since_ms, _))) if now_ms - since_ms >= rule.clear_after_s * 1_000 => {
            desk.end_silently((event, subject), gate::SETTLED_DOWN);
            return;
        }
        (true, Some((since_ms, _))) => Standing::Holds { since_ms },
        (true, None) if link.state == LinkState::Up => Standing::Over { since_ms: up_since(link) },
        (true, None) => Standing::Unknown,
        (false, _) => {
            let threshold = rule.threshold.map_or(i64::MAX, |count| count.millionths() / 1_000_000);
            let enough = rule.enabled && starts.len() as i64 >= threshold;
            match starts.first() {
                Some(&since_ms) if enough => Standing::Holds { since_ms },
                // One that has ended may still have to be told.
                _ if link.state == LinkState::Up => Standing::Over { since_ms: up_since(link) },
                _ => Standing::Unknown,
            }
        }
    };
    let detail = Detail { outages: Some((starts.len() as i64, rule.window_s)), ..Detail::default() };
    desk.settle(&condition(link, event, standing, now_ms, detail));
}

/// Why an outage that is over was not told.
fn why_untold(desk: &Desk<'_>, link: &WatchedLink, outage: &WatchedOutage) -> String {
    let end_ms = outage.to_ms.unwrap_or(desk.now_ms);
    let overlaps = |from_ms: i64, to_ms: Option<i64>| {
        from_ms < end_ms && to_ms.is_none_or(|to_ms| to_ms > outage.from_ms)
    };
    let router = AlertSubject::Router(link.router_id);
    let event = NotificationEvent::RouterUnreachable;
    let of_router =
        desk.facts.recent.iter().filter(|recent| recent.event == event && recent.subject == router);
    let mut router_told = of_router
        .filter(|recent| recent.told_at_ms.is_some())
        .any(|recent| overlaps(recent.opened_at_ms, Some(recent.closed_at_ms)));
    let pending = desk.facts.pending.iter().map(|pending| &pending.alert);
    router_told |= pending
        .filter(|alert| alert.event == event && alert.subject == router && alert.told_at_ms.is_some())
        .any(|alert| overlaps(alert.opened_at_ms, alert.closed_at_ms));
    let subject = AlertSubject::Link(link.id);
    let stood = desk.facts.recent.iter().any(|recent| {
        recent.subject == subject
            && matches!(recent.event, NotificationEvent::LinkDown | NotificationEvent::LinkUnstable)
            && recent.opened_at_ms <= outage.from_ms
            && outage.from_ms < recent.closed_at_ms
    });
    let reason = if !desk.rule(NotificationEvent::LinkDown).enabled {
        gate::SWITCHED_OFF
    } else if link.maintenance.iter().any(|&(from_ms, to_ms)| overlaps(from_ms, to_ms)) {
        gate::MAINTENANCE
    } else if router_told {
        gate::WITH_ITS_ROUTER
    } else if stood {
        gate::ALERT_STANDS
    } else {
        gate::OVER_BEFORE
    };
    reason.to_owned()
}
