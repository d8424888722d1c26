//! Decisions carried out in memory, as the store carries them out in the database: for the preview and the tests.

use store::{
    AlertDecisions, AlertFacts, AlertId, AlertMessage, NewNotificationLog, PendingAlert, RecentAlert,
};

/// What was told and what was not, in order.
#[derive(Debug, Default)]
pub(crate) struct Book {
    last_id: i64,
    pub(crate) messages: Vec<(i64, store::Alert, AlertMessage)>,
    pub(crate) logs: Vec<(i64, NewNotificationLog)>,
}

impl Book {
    /// Writes the decisions of a moment into the facts of the next.
    pub(crate) fn carry_out(&mut self, facts: &mut AlertFacts, decisions: AlertDecisions, now_ms: i64) {
        for change in decisions.changes {
            let mut alert = change.alert;
            if alert.id.0 == 0 {
                self.last_id += 1;
                alert.id = AlertId(self.last_id);
            }
            let place = facts.pending.iter().position(|pending| pending.alert.id == alert.id);
            let mut pending = match place {
                Some(place) => facts.pending.swap_remove(place),
                None => PendingAlert { alert: alert.clone(), told_to: Vec::new() },
            };
            pending.alert = alert.clone();
            for message in change.messages {
                if message.phase == store::AlertPhase::Raised {
                    let id = format!("<{}>", self.messages.len());
                    pending.told_to.push((message.recipient.clone(), message.client, Some(id)));
                }
                self.messages.push((now_ms, alert.clone(), message));
            }
            self.logs.extend(change.logs.into_iter().map(|log| (now_ms, log)));
            match alert.closed_at_ms {
                Some(closed_at_ms) if !alert.owes => facts.recent.push(RecentAlert {
                    event: alert.event,
                    subject: alert.subject,
                    opened_at_ms: alert.opened_at_ms,
                    closed_at_ms,
                    told_at_ms: alert.told_at_ms,
                }),
                _ => facts.pending.push(pending),
            }
        }
        self.logs.extend(decisions.logs.into_iter().map(|log| (now_ms, log)));
        for link in facts.links.values_mut() {
            for outage in &mut link.outages {
                outage.examined |= decisions.examined.iter().any(|(_, id)| *id == outage.id);
            }
        }
    }
}
