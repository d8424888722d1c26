//! Where the decisions of one moment are made: what is pending, what was told, and what becomes of it.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use store::{
    Alert, AlertChange, AlertDecisions, AlertFacts, AlertId, AlertMessage, AlertPhase, AlertSubject,
    ClientId, LinkId, NewNotificationLog, NotificationEvent, NotificationOutcome, NotificationRule, OutageId,
    PendingAlert, WatchedLink,
};

use super::{
    condition::{Condition, Standing},
    gate, notice,
};

pub(crate) type Key = (NotificationEvent, AlertSubject);

/// The decisions of one moment in one company.
pub(crate) struct Desk<'a> {
    pub(crate) facts: &'a AlertFacts,
    pub(crate) zone: &'a TimeZone,
    pub(crate) now_ms: i64,
    pending: BTreeMap<Key, Work>,
    logs: Vec<NewNotificationLog>,
    examined: Vec<(LinkId, OutageId)>,
}

/// A pending alert with what is done about it now.
struct Work {
    pending: PendingAlert,
    is_changed: bool,
    messages: Vec<AlertMessage>,
    logs: Vec<NewNotificationLog>,
}

impl<'a> Desk<'a> {
    pub(crate) fn new(facts: &'a AlertFacts, zone: &'a TimeZone, now_ms: i64) -> Self {
        let work = |pending: &PendingAlert| {
            let key = (pending.alert.event, pending.alert.subject);
            let pending = pending.clone();
            (key, Work { pending, is_changed: false, messages: Vec::new(), logs: Vec::new() })
        };
        let pending = facts.pending.iter().map(work).collect();
        Self { facts, zone, now_ms, pending, logs: Vec::new(), examined: Vec::new() }
    }

    pub(crate) fn finish(self) -> AlertDecisions {
        let changed = self.pending.into_values().filter(|work| work.is_changed || !work.logs.is_empty());
        let change =
            |work: Work| AlertChange { alert: work.pending.alert, messages: work.messages, logs: work.logs };
        AlertDecisions { changes: changed.map(change).collect(), logs: self.logs, examined: self.examined }
    }

    /// The rule of an event; there is one for each.
    pub(crate) fn rule(&self, event: NotificationEvent) -> NotificationRule {
        let found = self.facts.rules.iter().find(|rule| rule.event == event);
        found.cloned().unwrap_or_else(|| NotificationRule::default_of(event))
    }

    /// The alert whose condition holds, as far as is decided.
    pub(crate) fn open(&self, event: NotificationEvent, subject: AlertSubject) -> Option<&Alert> {
        let alert = &self.pending.get(&(event, subject))?.pending.alert;
        alert.closed_at_ms.is_none().then_some(alert)
    }

    /// Keys of all that was pending when the moment began.
    pub(crate) fn pending_keys(&self) -> Vec<Key> {
        self.pending.keys().copied().collect()
    }

    /// Whether its condition holds or its end is still to be told.
    pub(crate) fn is_pending(&self, key: Key) -> bool {
        self.pending.contains_key(&key)
    }

    /// When alerts of this kind and thing that are over ended last.
    pub(crate) fn last_closed_ms(&self, event: NotificationEvent, subject: AlertSubject) -> Option<i64> {
        let recent =
            self.facts.recent.iter().filter(|recent| recent.event == event && recent.subject == subject);
        let closed = recent.map(|recent| recent.closed_at_ms).max();
        let now = self.pending.get(&(event, subject)).and_then(|work| work.pending.alert.closed_at_ms);
        closed.max(now)
    }

    /// Takes in how a condition stands and does what follows from it.
    pub(crate) fn settle(&mut self, condition: &Condition) {
        let key = (condition.event, condition.subject);
        let rule = self.rule(condition.event);
        let is_open = self.pending.get(&key).map(|work| work.pending.alert.closed_at_ms.is_none());
        match (is_open, condition.standing) {
            (None, Standing::Holds { since_ms }) => {
                let last_ms = self.last_closed_ms(key.0, key.1).unwrap_or(i64::MIN);
                let since_ms = since_ms.max(last_ms);
                if self.now_ms - since_ms >= rule.sustained_s * 1_000 {
                    self.raise(condition, since_ms);
                    self.tell(condition, &rule);
                }
            }
            (None, _) => {}
            (Some(true), Standing::Holds { .. }) => self.tell(condition, &rule),
            (Some(true), Standing::Over { since_ms }) => {
                if self.now_ms - since_ms >= rule.clear_after_s * 1_000 {
                    self.close(condition, since_ms, &rule);
                }
            }
            (Some(true), Standing::Unknown) => {}
            (Some(false), Standing::Holds { since_ms }) => {
                if self.now_ms - since_ms >= rule.sustained_s * 1_000 {
                    self.reopen(key);
                }
            }
            (Some(false), _) => self.tell_over(condition, &rule),
        }
    }

    /// Ends an alert without a message of its own; what is told of it stands elsewhere.
    pub(crate) fn end_silently(&mut self, key: Key, reason: &str) {
        let now_ms = self.now_ms;
        let Some(work) = self.pending.get_mut(&key) else { return };
        let alert = &mut work.pending.alert;
        alert.closed_at_ms = Some(alert.closed_at_ms.unwrap_or(now_ms));
        alert.owes = false;
        alert.waits = Some(reason.to_owned());
        work.is_changed = true;
        let log = line(alert, AlertPhase::Over, NotificationOutcome::Suppressed, Some(reason));
        work.logs.push(log);
    }

    /// Notes that an outage is dealt with, and unless it was told, why not.
    pub(crate) fn examine(&mut self, link: &WatchedLink, outage: OutageId, reason: Option<String>) {
        self.examined.push((link.id, outage));
        if reason.is_some() {
            self.logs.push(NewNotificationLog {
                event: NotificationEvent::LinkDown,
                phase: AlertPhase::Raised,
                subject: AlertSubject::Link(link.id),
                about: link.circuit.clone(),
                outcome: NotificationOutcome::Suppressed,
                reason,
            });
        }
    }

    fn raise(&mut self, condition: &Condition, since_ms: i64) {
        let alert = Alert {
            id: AlertId(0),
            company_id: self.facts.company.id,
            event: condition.event,
            subject: condition.subject,
            about: condition.about.clone(),
            client_id: condition.client,
            opened_at_ms: since_ms,
            raised_at_ms: self.now_ms,
            closed_at_ms: None,
            told_at_ms: None,
            waits: None,
            owes: false,
            over_told_at_ms: None,
            facts: serde_json::to_value(&condition.detail).unwrap_or_default(),
            acknowledged_by: None,
            acknowledged_at_ms: None,
            acknowledged_note: None,
            assigned_to: None,
            dismissed_by: None,
            dismissed_at_ms: None,
            dismissed_reason: None,
        };
        let pending = PendingAlert { alert, told_to: Vec::new() };
        let work = Work { pending, is_changed: true, messages: Vec::new(), logs: Vec::new() };
        self.pending.insert((condition.event, condition.subject), work);
    }

    /// Tells that a condition holds, unless it was told or something speaks against it.
    fn tell(&mut self, condition: &Condition, rule: &NotificationRule) {
        let key = (condition.event, condition.subject);
        let recipients = self.recipients(condition, rule);
        let quiet = gate::is_quiet(rule, self.zone, self.now_ms);
        let last_told = self.last_told_ms(key);
        let why_not = gate::why_not(rule, condition, !recipients.is_empty(), last_told, quiet, self.now_ms);
        let (facts, now_ms) = (self.facts, self.now_ms);
        let Some(work) = self.pending.get_mut(&key) else { return };
        let alert = &mut work.pending.alert;
        if alert.told_at_ms.is_some() {
            return;
        }
        // Whoever closed it by hand has dealt with it.
        let dismissed = alert.dismissed_at_ms.map(|_| gate::DISMISSED);
        if let Some(reason) = dismissed.or(why_not) {
            if alert.waits.as_deref() != Some(reason) {
                alert.waits = Some(reason.to_owned());
                work.is_changed = true;
                let log = line(alert, AlertPhase::Raised, gate::outcome_of(reason), Some(reason));
                work.logs.push(log);
            }
            return;
        }
        alert.told_at_ms = Some(now_ms);
        alert.waits = None;
        alert.facts = serde_json::to_value(&condition.detail).unwrap_or_default();
        work.is_changed = true;
        let notice = notice::Writer { facts, condition, alert, now_ms };
        work.messages.extend(recipients.into_iter().map(|(recipient, client)| AlertMessage {
            phase: AlertPhase::Raised,
            payload: notice.raised(client),
            recipient,
            client,
        }));
    }

    fn close(&mut self, condition: &Condition, since_ms: i64, rule: &NotificationRule) {
        let key = (condition.event, condition.subject);
        let Some(work) = self.pending.get_mut(&key) else { return };
        let alert = &mut work.pending.alert;
        alert.closed_at_ms = Some(since_ms.max(alert.opened_at_ms));
        work.is_changed = true;
        if alert.told_at_ms.is_none() {
            let reason = match &alert.waits {
                Some(waits) => format!("{}: {waits}", gate::OVER_BEFORE),
                None => gate::OVER_BEFORE.to_owned(),
            };
            let log = line(alert, AlertPhase::Raised, NotificationOutcome::Suppressed, Some(&reason));
            work.logs.push(log);
            return;
        }
        // The end of a month is no news.
        alert.owes = alert.event != NotificationEvent::ErrorBudget;
        if alert.owes {
            self.tell_over(condition, rule);
        }
    }

    /// Tells that a condition is over to those who were told that it began.
    fn tell_over(&mut self, condition: &Condition, rule: &NotificationRule) {
        let key = (condition.event, condition.subject);
        let quiet = gate::is_quiet(rule, self.zone, self.now_ms);
        let (facts, now_ms) = (self.facts, self.now_ms);
        let Some(work) = self.pending.get_mut(&key) else { return };
        let alert = &mut work.pending.alert;
        if quiet {
            if alert.waits.as_deref() != Some(gate::QUIET_HOURS) {
                alert.waits = Some(gate::QUIET_HOURS.to_owned());
                work.is_changed = true;
                let (held, reason) = (NotificationOutcome::Held, Some(gate::QUIET_HOURS));
                let log = line(alert, AlertPhase::Over, held, reason);
                work.logs.push(log);
            }
            return;
        }
        alert.owes = false;
        alert.waits = None;
        alert.over_told_at_ms = Some(now_ms);
        work.is_changed = true;
        let notice = notice::Writer { facts, condition, alert, now_ms };
        work.messages.extend(work.pending.told_to.iter().map(|(recipient, client, message_id)| {
            AlertMessage {
                phase: AlertPhase::Over,
                recipient: recipient.clone(),
                client: *client,
                payload: notice.over(*client, message_id.as_deref()),
            }
        }));
    }

    fn reopen(&mut self, key: Key) {
        let Some(work) = self.pending.get_mut(&key) else { return };
        let alert = &mut work.pending.alert;
        alert.closed_at_ms = None;
        alert.owes = false;
        alert.waits = None;
        // It held again after it was closed by hand: somebody has to look anew.
        (alert.dismissed_by, alert.dismissed_at_ms, alert.dismissed_reason) = (None, None, None);
        work.is_changed = true;
        let log = line(alert, AlertPhase::Over, NotificationOutcome::Suppressed, Some(gate::BACK_AGAIN));
        work.logs.push(log);
    }

    fn last_told_ms(&self, key: Key) -> Option<i64> {
        let recent =
            self.facts.recent.iter().filter(|recent| recent.event == key.0 && recent.subject == key.1);
        recent.filter_map(|recent| recent.told_at_ms).max()
    }

    /// The addresses and numbers that hear of it by the ways that the rule allows, and the webhooks.
    fn recipients(&self, condition: &Condition, rule: &NotificationRule) -> Vec<(String, Option<ClientId>)> {
        let mut all = self.addresses(condition, rule);
        all.retain(|(recipient, _)| rule.reaches(recipient));
        let webhooks = self.facts.webhooks.iter().filter(|webhook| webhook.hears(condition.event));
        all.extend(webhooks.map(|webhook| (webhook.recipient(), None)));
        all
    }

    /// Each once for the operations' text, and once for each client whose person it is.
    fn addresses(&self, condition: &Condition, rule: &NotificationRule) -> Vec<(String, Option<ClientId>)> {
        let mut all: Vec<(String, Option<ClientId>)> = Vec::new();
        let operations = self.facts.operations.iter().filter(|_| rule.to_operations);
        for recipient in operations.chain(&rule.extra) {
            if !all.iter().any(|(known, _)| known == recipient) {
                all.push((recipient.clone(), None));
            }
        }
        if rule.to_client {
            let of_links = condition.links.iter().filter_map(|link| self.facts.links.get(link));
            let mut clients: Vec<ClientId> = of_links.map(|link| link.client_id).collect();
            clients.sort_unstable();
            clients.dedup();
            let inside = all.len();
            for client in clients {
                for person in self.facts.people.get(&client).into_iter().flatten() {
                    let is_told = all[..inside].iter().any(|(known, _)| *known == person.recipient);
                    if !is_told && !person.unwanted.contains(&condition.event) {
                        all.push((person.recipient.clone(), Some(client)));
                    }
                }
            }
        }
        all
    }
}

fn line(
    alert: &Alert,
    phase: AlertPhase,
    outcome: NotificationOutcome,
    reason: Option<&str>,
) -> NewNotificationLog {
    NewNotificationLog {
        event: alert.event,
        phase,
        subject: alert.subject,
        about: alert.about.clone(),
        outcome,
        reason: reason.map(str::to_owned),
    }
}
