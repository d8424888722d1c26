use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Value, json};
use sla::{Statement, Verdict};
use store::{
    Channel, ClientId, DownWhen, LedgerLink, LinkId, LinkTerms, NewMail, NotificationEvent, ReportAudience,
    ReportMails, ReportReaders, Store, StoreError,
};

/// Clients that are kept at once; links come by client, so that few are looked up twice.
const CLIENTS_KEPT_MAX: usize = 256;

/// What is the same for all links of a client, looked up once for as long as it is kept.
#[derive(Debug, Default)]
pub(crate) struct Audience(Mutex<HashMap<ClientId, Arc<ClientAudience>>>);

/// Who is told about a client's months, and the client's terms.
#[derive(Debug)]
pub(crate) struct ClientAudience {
    breach: ReportReaders,
    ready: ReportReaders,
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
            breach: store.report_readers(client, NotificationEvent::SlaBreach).await?,
            ready: store.report_readers(client, NotificationEvent::ReportReady).await?,
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
    /// The messages that go out with a report by itself: to webhooks, and to everybody where the company sends reports per
    /// link. Nobody hears of a month that cannot be decided: staff looks at it first.
    pub(crate) fn mails(&self, link: &LedgerLink, statement: &Statement) -> Vec<NewMail> {
        let Some(event) = event_of(statement) else { return Vec::new() };
        let readers = if event == NotificationEvent::SlaBreach { &self.breach } else { &self.ready };
        let people: BTreeSet<&String> = match link.company.reports {
            ReportMails::PerLink => readers.users.iter().chain(&readers.operations).collect(),
            ReportMails::PerClient => BTreeSet::new(),
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
        people.into_iter().chain(&readers.webhooks).map(mail).collect()
    }

    /// What counted as down for a link just before `to_ms`.
    pub(crate) fn down_when(&self, link: LinkId, to_ms: i64) -> Option<DownWhen> {
        let of_link = self.terms.iter().filter(|terms| terms.link_id == link && terms.valid_from_ms < to_ms);
        of_link.max_by_key(|terms| terms.valid_from_ms).map(|terms| terms.down_when)
    }
}

/// Who is notified of a report together with others of the month.
pub(crate) fn news(link: &LedgerLink, statement: &Statement) -> &'static [ReportAudience] {
    if link.company.reports == ReportMails::PerLink {
        return &[];
    }
    match event_of(statement) {
        Some(_) => &[ReportAudience::Client, ReportAudience::Operations],
        None if statement.figures.verdict.overall == Verdict::Undetermined => &[ReportAudience::Operations],
        None => &[],
    }
}

/// What a statement tells; `None` if it is not decided, or there is nothing to read.
fn event_of(statement: &Statement) -> Option<NotificationEvent> {
    match statement.figures.verdict.overall {
        Verdict::Breached => Some(NotificationEvent::SlaBreach),
        Verdict::Met => Some(NotificationEvent::ReportReady),
        // Nothing was promised, but there are figures to read.
        Verdict::None if statement.figures.eligible_ms > 0 => Some(NotificationEvent::ReportReady),
        Verdict::None | Verdict::Undetermined => None,
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
