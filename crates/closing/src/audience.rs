use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Value, json};
use sla::{Statement, Verdict};
use store::{
    Channel, ClientId, DownWhen, LedgerLink, LinkId, LinkTerms, NewMail, NotificationEvent, Store, StoreError,
};

/// Clients that are kept at once; links come by client, so that few are looked up twice.
const CLIENTS_KEPT_MAX: usize = 256;

/// What is the same for all links of a client, looked up once for as long as it is kept.
#[derive(Debug, Default)]
pub(crate) struct Audience(Mutex<HashMap<ClientId, Arc<ClientAudience>>>);

/// Who is told about a client's months, and the client's terms.
#[derive(Debug)]
pub(crate) struct ClientAudience {
    breach: Vec<String>,
    ready: Vec<String>,
    terms: Vec<LinkTerms>,
}

impl Audience {
    pub(crate) async fn of(
        &self,
        store: &Store,
        client: ClientId,
    ) -> Result<Arc<ClientAudience>, StoreError> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&client).map(Arc::clone);
        if let Some(known) = known {
            return Ok(known);
        }
        let found = Arc::new(ClientAudience {
            breach: store.report_recipients(client, NotificationEvent::SlaBreach).await?,
            ready: store.report_recipients(client, NotificationEvent::ReportReady).await?,
            terms: store.terms_for_client(client).await?,
        });
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= CLIENTS_KEPT_MAX {
            kept.clear();
        }
        kept.insert(client, Arc::clone(&found));
        Ok(found)
    }
}

impl ClientAudience {
    /// One message for each recipient of what a statement says. Nobody hears of a month that cannot be decided: staff
    /// looks at it first.
    pub(crate) fn mails(&self, link: &LedgerLink, statement: &Statement) -> Vec<NewMail> {
        let (event, recipients) = match statement.figures.verdict.overall {
            Verdict::Breached => (NotificationEvent::SlaBreach, &self.breach),
            Verdict::Met => (NotificationEvent::ReportReady, &self.ready),
            // Nothing was promised, but there are figures to read.
            Verdict::None if statement.figures.eligible_ms > 0 => {
                (NotificationEvent::ReportReady, &self.ready)
            }
            Verdict::None | Verdict::Undetermined => return Vec::new(),
        };
        let mail = |recipient: &String| NewMail {
            kind: event.as_str().to_owned(),
            recipient: recipient.clone(),
            payload: match Channel::of(recipient) {
                Channel::Webhook => particulars(event, link, statement),
                // A mail is written from the report itself.
                _ => Value::Null,
            },
        };
        recipients.iter().map(mail).collect()
    }

    /// What counted as down for a link just before `to_ms`.
    pub(crate) fn down_when(&self, link: LinkId, to_ms: i64) -> Option<DownWhen> {
        let of_link = self.terms.iter().filter(|terms| terms.link_id == link && terms.valid_from_ms < to_ms);
        of_link.max_by_key(|terms| terms.valid_from_ms).map(|terms| terms.down_when)
    }
}

/// What a program reads of a statement; the report has the rest.
fn particulars(event: NotificationEvent, link: &LedgerLink, statement: &Statement) -> Value {
    let figures = &statement.figures;
    json!({
        "event": event, "about": link.link.circuit, "link_id": link.link.id, "client": link.client.name,
        "month": statement.month, "verdict": figures.verdict, "availability_pct": figures.availability_pct,
        "down_ms": figures.down_ms, "reasons": statement.reasons,
    })
}
