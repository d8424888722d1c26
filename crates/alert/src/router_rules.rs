//! Routers, and the eyes with which we see them.

use sla::LinkState;
use store::{AlertFacts, AlertSubject, ClockVerdict, NotificationEvent, WatchedLink, WatchedRouter};

use super::{
    condition::{Condition, Detail, Standing},
    desk::Desk,
    link_rules::is_in_maintenance,
};

/// As the collector names them.
pub(crate) const OWN_NETWORK: &str = "own_network";
pub(crate) const ROUTER_UNREACHABLE: &str = "router_unreachable";
/// The collector had no file descriptor left to ask with.
pub(crate) const OWN_LIMIT: &str = "own_limit";
/// Why polls of a router fail that is not unreachable: it answers with an error, or cannot be asked.
pub(crate) const POLL_FAILED: [&str; 5] =
    ["login_rejected", "permission_denied", "tls_error", "protocol_error", "not_polled"];
/// A collector that wrote something so short a time ago is at work, whatever the rule says.
const AT_WORK_MS: i64 = 60_000;

pub(crate) fn settle(desk: &mut Desk<'_>) {
    let clock = clock(desk);
    desk.settle(&clock);
    let gone_since_ms = blind_since(desk.facts, OWN_NETWORK);
    let stopped_since_ms = gone_since_ms.or_else(|| blind_since(desk.facts, OWN_LIMIT));
    let collector = collector(desk, stopped_since_ms, gone_since_ms.is_some());
    desk.settle(&collector);
    let company = AlertSubject::Company(desk.facts.company.id);
    let blind =
        stopped_since_ms.is_some() || desk.open(NotificationEvent::CollectorStalled, company).is_some();
    // A router was not silent of itself while we could not see.
    let seeing_since_ms = desk.last_closed_ms(NotificationEvent::CollectorStalled, company);
    for index in 0..desk.facts.routers.len() {
        let router = &desk.facts.routers[index];
        for condition in [
            unreachable(desk, router, blind, seeing_since_ms),
            poll_failed(desk, router, blind, seeing_since_ms),
        ] {
            desk.settle(&condition);
        }
    }
}

fn links_of<'a>(facts: &'a AlertFacts, router: &WatchedRouter) -> Vec<&'a WatchedLink> {
    let id = router.id;
    facts.links.values().filter(|link| link.router_id == id).collect()
}

/// The collector names something on our own side as the cause of links that nobody can see.
fn blind_since(facts: &AlertFacts, own_cause: &str) -> Option<i64> {
    let silent = facts.routers.iter().filter(|router| !router.reachable);
    let links = silent.flat_map(|router| links_of(facts, router));
    let blind =
        links.filter(|link| link.state == LinkState::Unknown && link.cause.as_deref() == Some(own_cause));
    blind.map(|link| link.since_ms).min()
}

/// The clock of the machine that polls, as it was found to stand. While it is being compared nothing is known.
fn clock(desk: &Desk<'_>) -> Condition {
    let facts = desk.facts;
    let health = &facts.clock;
    let standing = match health.verdict {
        ClockVerdict::Checking => Standing::Unknown,
        _ if health.is_sane() => Standing::Over { since_ms: health.since_ms.min(desk.now_ms) },
        ClockVerdict::Sane => Standing::Holds { since_ms: desk.now_ms },
        _ => Standing::Holds { since_ms: health.since_ms.min(desk.now_ms) },
    };
    Condition {
        event: NotificationEvent::ClockWrong,
        subject: AlertSubject::Company(facts.company.id),
        about: facts.company.name.clone(),
        client: None,
        standing,
        in_maintenance: false,
        stood_for: None,
        links: Vec::new(),
        detail: Detail { error: health.check().err(), ..Detail::default() },
    }
}

fn collector(desk: &Desk<'_>, stopped_since_ms: Option<i64>, own_network: bool) -> Condition {
    let facts = desk.facts;
    let event = NotificationEvent::CollectorStalled;
    let subject = AlertSubject::Company(facts.company.id);
    let last_ms = facts.routers.iter().map(|router| router.at_ms).max();
    let patience_ms = (desk.rule(event).sustained_s * 1_000).max(AT_WORK_MS);
    let standing = match (stopped_since_ms, last_ms) {
        (Some(stopped_ms), Some(last_ms)) if last_ms >= facts.watch_since_ms => {
            Standing::Holds { since_ms: stopped_ms }
        }
        (_, None) => Standing::Over { since_ms: desk.now_ms },
        // One that wrote for a time that has not come is not at work now.
        (_, Some(last_ms)) if (desk.now_ms - last_ms).abs() < patience_ms => {
            Standing::Over { since_ms: last_ms }
        }
        // Not before the program was there to look.
        (_, Some(last_ms)) if last_ms > desk.now_ms => Standing::Holds { since_ms: facts.watch_since_ms },
        (_, Some(last_ms)) => Standing::Holds { since_ms: last_ms.max(facts.watch_since_ms) },
    };
    let detail = Detail { own_network, ..Detail::default() };
    Condition {
        event,
        subject,
        about: facts.company.name.clone(),
        client: None,
        standing,
        in_maintenance: false,
        stood_for: None,
        links: Vec::new(),
        detail,
    }
}

fn unreachable(
    desk: &Desk<'_>,
    router: &WatchedRouter,
    blind: bool,
    seeing_since_ms: Option<i64>,
) -> Condition {
    let is_silent = router.cause.as_deref().is_none_or(|cause| cause == ROUTER_UNREACHABLE);
    // A router that answers with an error, or that our own network hides, is neither reachable nor known not to be.
    let since_ms = (is_silent && !blind).then_some(router.cause_since_ms);
    let event = NotificationEvent::RouterUnreachable;
    about_router(desk, router, event, since_ms.map(|ms| ms.max(seeing_since_ms.unwrap_or(i64::MIN))))
}

/// A router whose polls fail though it answers. It began with the first failed poll, whatever its cause was.
fn poll_failed(
    desk: &Desk<'_>,
    router: &WatchedRouter,
    blind: bool,
    seeing_since_ms: Option<i64>,
) -> Condition {
    let fails = router.cause.as_deref().is_some_and(|cause| POLL_FAILED.contains(&cause));
    let since_ms = (fails && !blind).then_some(router.since_ms);
    let event = NotificationEvent::PollFailed;
    let mut condition =
        about_router(desk, router, event, since_ms.map(|ms| ms.max(seeing_since_ms.unwrap_or(i64::MIN))));
    condition.detail.cause.clone_from(&router.cause);
    condition
}

/// `failing_since_ms`: since when the condition holds; none while nobody can say. It is over once polls succeed.
fn about_router(
    desk: &Desk<'_>,
    router: &WatchedRouter,
    event: NotificationEvent,
    failing_since_ms: Option<i64>,
) -> Condition {
    let facts = desk.facts;
    let links = links_of(facts, router);
    let (busy, free): (Vec<_>, Vec<_>) =
        links.into_iter().partition(|link| is_in_maintenance(link, desk.now_ms));
    let standing = match failing_since_ms {
        _ if router.reachable => Standing::Over { since_ms: router.since_ms },
        Some(since_ms) if router.at_ms >= facts.watch_since_ms => Standing::Holds { since_ms },
        _ => Standing::Unknown,
    };
    Condition {
        event,
        subject: AlertSubject::Router(router.id),
        about: router.name.clone(),
        client: None,
        standing,
        in_maintenance: free.is_empty() && !busy.is_empty(),
        stood_for: None,
        links: free.iter().map(|link| link.id).collect(),
        detail: Detail { error: router.last_error.clone(), ..Detail::default() },
    }
}
