//! What the mails of an alert are made of: everything is written down when it is decided, so that a mail that is tried
//! again says the same.

use report::{Notice, NoticeLink};
use store::{Alert, AlertFacts, AlertSubject, ClientId, WatchedLink};

use super::condition::{Condition, Detail};

/// The most links that one mail names.
const LINKS_NAMED_MAX: usize = 40;

pub(crate) struct Writer<'a> {
    pub(crate) facts: &'a AlertFacts,
    pub(crate) condition: &'a Condition,
    pub(crate) alert: &'a Alert,
    pub(crate) now_ms: i64,
}

impl Writer<'_> {
    /// That it holds; for a client's people only what is theirs.
    pub(crate) fn raised(&self, client: Option<ClientId>) -> serde_json::Value {
        self.written(client, None, None)
    }

    /// That it is over, in answer to the mail that said that it holds.
    pub(crate) fn over(&self, client: Option<ClientId>, message_id: Option<&str>) -> serde_json::Value {
        self.written(client, Some(self.alert.closed_at_ms.unwrap_or(self.now_ms)), message_id)
    }

    fn written(
        &self,
        client: Option<ClientId>,
        until_ms: Option<i64>,
        message_id: Option<&str>,
    ) -> serde_json::Value {
        let detail: Detail = serde_json::from_value(self.alert.facts.clone()).unwrap_or_default();
        let for_client = client.is_some();
        let link = match self.alert.subject {
            AlertSubject::Link(id) => self.facts.links.get(&id),
            _ => None,
        };
        let inside = |text: Option<String>| text.filter(|_| !for_client);
        let (links, more) = self.links(client);
        // What a client reads about a router is which of its lines it carries.
        let about = match (self.alert.subject, for_client) {
            (AlertSubject::Router(_), true) => String::new(),
            _ => self.alert.about.clone(),
        };
        let notice = Notice {
            event: self.alert.event.as_str().to_owned(),
            alert: inside(Some(self.alert.id.to_string()).filter(|_| self.alert.id.0 != 0)),
            for_client,
            about,
            site: link.and_then(|link| link.site.clone()),
            client: link.map(|link| link.client.clone()),
            router: inside(link.map(|link| link.router.clone())),
            interface: inside(link.map(|link| link.interface.clone())),
            since_ms: self.alert.opened_at_ms,
            until_ms,
            told_ms: self.now_ms,
            cause: detail.cause,
            evidence: detail.evidence,
            error: inside(detail.error),
            outages: detail.outages,
            measured: detail.measured,
            limit: detail.limit,
            own_network: detail.own_network,
            links,
            more_links: more,
            link_id: link.map(|link| link.id.0),
            in_reply_to: message_id.map(str::to_owned),
        };
        serde_json::to_value(notice).unwrap_or_default()
    }

    fn links(&self, client: Option<ClientId>) -> (Vec<NoticeLink>, i64) {
        if !matches!(self.alert.subject, AlertSubject::Router(_)) {
            return (Vec::new(), 0);
        }
        let known = self.condition.links.iter().filter_map(|id| self.facts.links.get(id));
        let mut links: Vec<&WatchedLink> =
            known.filter(|link| client.is_none_or(|client| link.client_id == client)).collect();
        links.sort_by(|a, b| a.circuit.cmp(&b.circuit));
        let more = links.len().saturating_sub(LINKS_NAMED_MAX) as i64;
        let named = |link: &&WatchedLink| NoticeLink {
            circuit: link.circuit.clone(),
            site: link.site.clone(),
            client: link.client.clone(),
            state: link.state.as_str().to_owned(),
        };
        (links.iter().take(LINKS_NAMED_MAX).map(named).collect(), more)
    }
}
