use jiff::tz::TimeZone;
use store::{AlertDecisions, AlertFacts, AlertSubject};

use super::{condition::Condition, desk::Desk, gate, link_rules, router_rules};

/// What has to be done in a company at a moment, given what is stored and what was measured (`measured`: conditions about
/// latency, loss and the error budget). Pure: the same facts give the same decisions, and once they are written there is
/// nothing left to decide.
pub(crate) fn decide(
    facts: &AlertFacts,
    measured: &[Condition],
    zone: &TimeZone,
    now_ms: i64,
) -> AlertDecisions {
    let mut desk = Desk::new(facts, zone, now_ms);
    for key in desk.pending_keys() {
        let is_watched = match key.1 {
            AlertSubject::Company(_) => true,
            AlertSubject::Router(id) => facts.routers.iter().any(|router| router.id == id),
            AlertSubject::Link(id) => facts.links.contains_key(&id),
        };
        if !is_watched {
            desk.end_silently(key, gate::NO_LONGER_WATCHED);
        }
    }
    router_rules::settle(&mut desk);
    for link in facts.links.values() {
        link_rules::settle(&mut desk, link);
    }
    for condition in measured {
        link_rules::settle_measured(&mut desk, condition);
    }
    desk.finish()
}
