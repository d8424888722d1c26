//! A small ISP in memory, whose links and routers do what a test says.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use serde_json::json;
use sla::LinkState;
use store::{
    AlertFacts, AlertPerson, AlertPhase, ClientId, ClockHealth, Company, CompanyId, LinkId,
    NotificationEvent, NotificationRule, OutageId, ReportMails, RouterId, WatchedLink, WatchedOutage,
    WatchedRouter,
};

use super::{book::Book, condition::Condition, decide::decide};

pub(crate) const SECOND: i64 = 1_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
/// 2026-11-10 00:00 UTC.
pub(crate) const START: i64 = 1_794_268_800_000;

pub(crate) struct World {
    pub(crate) facts: AlertFacts,
    pub(crate) book: Book,
    pub(crate) zone: TimeZone,
    next_outage: i64,
}

impl World {
    /// One router with so many links of two clients in turns; everything is well since long ago.
    pub(crate) fn new(links: i64) -> Self {
        let company = Company {
            id: CompanyId(1),
            name: "Example Net".to_owned(),
            timezone: "UTC".to_owned(),
            currency: "INR".to_owned(),
            support_email: None,
            support_phone: None,
            accent: None,
            attach_pdf: true,
            reports: ReportMails::default(),
            mail_from: None,
            created_at_ms: 0,
            retired_at_ms: None,
        };
        let facts = AlertFacts {
            company,
            rules: NotificationEvent::ALL.map(NotificationRule::default_of).to_vec(),
            watch_since_ms: START - HOUR,
            pending: Vec::new(),
            recent: Vec::new(),
            links: (1..=links).map(|id| (LinkId(id), link(id))).collect(),
            clock: ClockHealth::UNCHECKED,
            routers: vec![WatchedRouter {
                id: RouterId(9),
                name: "edge".to_owned(),
                at_ms: START,
                reachable: true,
                since_ms: START - 100 * HOUR,
                cause: None,
                cause_since_ms: START - 100 * HOUR,
                last_ok_at_ms: Some(START),
                last_error: None,
            }],
            operations: vec!["noc@isp.example".to_owned()],
            webhooks: Vec::new(),
            people: BTreeMap::from([
                (ClientId(1), vec![person("one@client.example")]),
                (ClientId(2), vec![person("two@client.example")]),
            ]),
        };
        Self { facts, book: Book::default(), zone: TimeZone::UTC, next_outage: 0 }
    }

    pub(crate) fn rule(&mut self, event: NotificationEvent) -> &mut NotificationRule {
        self.facts.rules.iter_mut().find(|rule| rule.event == event).expect("each has one")
    }

    pub(crate) fn link(&mut self, id: i64) -> &mut WatchedLink {
        self.facts.links.get_mut(&LinkId(id)).expect("there is one")
    }

    /// The link went down at a moment, as two looks have confirmed by now.
    pub(crate) fn down(&mut self, id: i64, from_ms: i64) {
        self.next_outage += 1;
        let outage = WatchedOutage {
            id: OutageId(self.next_outage),
            from_ms,
            to_ms: None,
            cause: Some("link_down".to_owned()),
            evidence: json!({"kind": "looks", "looks": 2}),
            examined: false,
        };
        let link = self.link(id);
        link.outages.push(outage);
        (link.state, link.since_ms) = (LinkState::Down, from_ms);
    }

    pub(crate) fn up(&mut self, id: i64, at_ms: i64) {
        let link = self.link(id);
        if let Some(last) = link.outages.last_mut() {
            last.to_ms = Some(at_ms);
        }
        (link.state, link.since_ms, link.cause) = (LinkState::Up, at_ms, None);
    }

    /// The router's polls fail; its links are unknown.
    pub(crate) fn silent(&mut self, at_ms: i64, cause: &str) {
        let router = &mut self.facts.routers[0];
        if router.reachable {
            (router.reachable, router.since_ms) = (false, at_ms);
        }
        (router.cause, router.cause_since_ms) = (Some(cause.to_owned()), at_ms);
        for link in self.facts.links.values_mut() {
            if let Some(last) = link.outages.last_mut().filter(|last| last.to_ms.is_none()) {
                last.to_ms = Some(at_ms);
            }
            (link.state, link.since_ms, link.cause) = (LinkState::Unknown, at_ms, Some(cause.to_owned()));
        }
    }

    pub(crate) fn answers(&mut self, at_ms: i64) {
        let router = &mut self.facts.routers[0];
        (router.reachable, router.since_ms) = (true, at_ms);
        (router.cause, router.cause_since_ms) = (None, at_ms);
        for link in self.facts.links.values_mut() {
            (link.state, link.since_ms, link.cause) = (LinkState::Up, at_ms, None);
        }
    }

    /// Everybody has been looked at just now; what follows is decided, and done.
    pub(crate) fn at(&mut self, now_ms: i64) {
        self.at_with(now_ms, &[]);
    }

    pub(crate) fn at_with(&mut self, now_ms: i64, measured: &[Condition]) {
        for router in &mut self.facts.routers {
            router.at_ms = now_ms;
        }
        for link in self.facts.links.values_mut().filter(|link| link.state != LinkState::Unknown) {
            link.looked_at_ms = now_ms;
        }
        self.decide(now_ms, measured);
    }

    /// The same, with nobody having looked.
    pub(crate) fn decide(&mut self, now_ms: i64, measured: &[Condition]) {
        let decisions = decide(&self.facts, measured, &self.zone, now_ms);
        self.book.carry_out(&mut self.facts, decisions, now_ms);
        let again = decide(&self.facts, measured, &self.zone, now_ms);
        assert!(again.is_empty(), "what is decided stays decided: {again:?}");
    }

    /// Looks every ten seconds up to and with a moment.
    pub(crate) fn until(&mut self, from_ms: i64, to_ms: i64) {
        let mut now_ms = from_ms;
        while now_ms <= to_ms {
            self.at(now_ms);
            now_ms += 10 * SECOND;
        }
    }

    /// `DOWN C-1 noc@isp.example`: what was told, in order.
    pub(crate) fn told(&self) -> Vec<String> {
        let words = |(_, alert, message): &(i64, store::Alert, store::AlertMessage)| {
            let phase = if message.phase == AlertPhase::Raised { "" } else { " over" };
            format!("{}{phase} {} {}", alert.event, alert.about, message.recipient)
        };
        self.book.messages.iter().map(words).collect()
    }

    /// `link_down C-1: maintenance`: what was not, in order.
    pub(crate) fn untold(&self) -> Vec<String> {
        let words = |(_, log): &(i64, store::NewNotificationLog)| {
            format!("{} {}: {}", log.event, log.about, log.reason.as_deref().unwrap_or("-"))
        };
        self.book.logs.iter().map(words).collect()
    }
}

fn link(id: i64) -> WatchedLink {
    WatchedLink {
        id: LinkId(id),
        circuit: format!("C-{id}"),
        site: None,
        client_id: ClientId(2 - id % 2),
        client: format!("Client {}", 2 - id % 2),
        router_id: RouterId(9),
        router: "edge".to_owned(),
        interface: format!("ether{id}"),
        state: LinkState::Up,
        since_ms: START - 100 * HOUR,
        cause: None,
        looked_at_ms: START,
        latency_ms: None,
        loss_pct: None,
        outages: Vec::new(),
        maintenance: Vec::new(),
    }
}

fn person(email: &str) -> AlertPerson {
    AlertPerson { recipient: email.to_owned(), unwanted: BTreeSet::new() }
}
