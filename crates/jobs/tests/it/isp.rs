//! A company with a client and links, and a past for them.

use jiff::{civil, tz::TimeZone};
use jobs::{Close, ClosedByHand, ClosedLink, Selection, announce, close_month, links_of_month};
use secrecy::SecretString;
use sla::{LinkState, Month};
use store::{
    ClientId, CompanyEdit, CompanyId, DownWhen, Facing, LinkId, LinkTerms, NewLink, NewRouter,
    NotificationEvent, OutboxFilter, OutboxMail, ReportMails, Round, RoundOutcome, RouterId, RouterTls,
    Sample, Span, SpanTail, Store,
};

pub(crate) const MINUTE: i64 = 60_000;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;
pub(crate) const ZONE: &str = "Asia/Kolkata";

/// A moment by Kolkata's clock: `at(2026, 10, 1, 0, 30)`.
pub(crate) fn at(year: i16, month: i8, day: i8, hour: i8, minute: i8) -> i64 {
    let local = civil::date(year, month, day).at(hour, minute, 0, 0);
    local.to_zoned(TimeZone::get(ZONE).unwrap()).unwrap().timestamp().as_millisecond()
}

pub(crate) fn month(text: &str) -> Month {
    text.parse().unwrap()
}

#[derive(Clone)]
pub(crate) struct Isp {
    pub(crate) store: Store,
    pub(crate) company: CompanyId,
    pub(crate) client: ClientId,
    pub(crate) router: RouterId,
}

impl Isp {
    /// A company in Kolkata with one client, two of whose people may log in and one no longer.
    pub(crate) async fn new(store: &Store) -> Self {
        let company = store.insert_company("Example Net", ZONE, "INR", 0).await.unwrap();
        let client = store.insert_client(company, "Acme", 0).await.unwrap();
        for (name, email) in [("asha", "asha@acme.example"), ("ravi", "Ravi@acme.example")] {
            store.insert_portal_user(client, name, email, "-", 0).await.unwrap();
        }
        let gone = store.insert_portal_user(client, "gone", "gone@acme.example", "-", 0).await.unwrap();
        store.set_portal_user_active(gone, false).await.unwrap();
        let password = SecretString::from("secret");
        let router = NewRouter {
            company_id: company,
            name: "edge",
            address: "192.0.2.1",
            port: 8728,
            username: "portal",
            password: &password,
            tls: RouterTls::Off,
        };
        let router = store.insert_router(&router, 0).await.unwrap();
        Self { store: store.clone(), company, client, router }
    }

    /// A link under contract from a moment on, with an uptime of 99.50 % promised.
    pub(crate) async fn link(&self, circuit: &str, activated_at_ms: i64) -> LinkId {
        let link = NewLink {
            client_id: self.client,
            router_id: self.router,
            interface: circuit,
            circuit,
            service_ref: None,
            kind: "ILL",
            committed_bps: 100_000_000,
            probe_target: Some("198.51.100.1"),
            facing: Facing::Customer,
            site: Some("Pune"),
            activated_at_ms,
            terminated_at_ms: None,
        };
        self.store.insert_link_with_terms(&link, &terms(activated_at_ms, "99.50")).await.unwrap()
    }

    /// Rewrites the time line of a link from the first span on; `(from, to, state)`.
    pub(crate) async fn line(&self, link: LinkId, spans: &[(i64, i64, LinkState)]) {
        let spans: Vec<Span> = spans
            .iter()
            .map(|&(from_ms, to_ms, state)| Span {
                from_ms,
                to_ms,
                state,
                cause: (state == LinkState::Down).then(|| "link_down".to_owned()),
                evidence: serde_json::json!({ "seen": "probe" }),
            })
            .collect();
        let last = self.store.router_status(self.router).await.unwrap().map_or(0, |status| status.at_ms);
        let end_ms = spans.last().unwrap().to_ms.max(last);
        let mut round = Round::new(self.router, end_ms, RoundOutcome::Ok);
        round.tails.push(SpanTail { link, from_ms: spans[0].from_ms, spans });
        self.store.write_round(&round).await.unwrap();
    }

    /// A link that was up from its activation until a moment.
    pub(crate) async fn link_up(&self, circuit: &str, from_ms: i64, to_ms: i64) -> LinkId {
        let link = self.link(circuit, from_ms).await;
        self.line(link, &[(from_ms, to_ms, LinkState::Up)]).await;
        link
    }

    /// Nothing but this is told.
    pub(crate) async fn tell_alone(&self, event: NotificationEvent) {
        for other in NotificationEvent::ALL.into_iter().filter(|other| *other != event) {
            self.store.set_notification(self.company, other, false, "test", 0).await.unwrap();
        }
    }

    /// Reports go out in one email per recipient and link.
    pub(crate) async fn send_per_link(&self) {
        let edit = CompanyEdit { reports: Some(ReportMails::PerLink), ..CompanyEdit::default() };
        self.store.edit_company(self.company, &edit, "test", 0).await.unwrap();
    }

    /// Closes a month of all links by hand, and announces it.
    pub(crate) async fn close(&self, of: &str, reason: Option<&str>, now_ms: i64) -> Vec<ClosedLink> {
        let links = links_of_month(&self.store, month(of), &Selection::default()).await.unwrap();
        let close = Close { month: month(of), reason, by: "asha", tell: true };
        let mut closed = Vec::new();
        close_month(&self.store, links, &close, now_ms, |link| closed.push(link)).await.unwrap();
        let company = self.store.company(self.company).await.unwrap();
        let clients = closed.iter().map(|closed| closed.link.client.id).collect();
        let by_hand = ClosedByHand { month: month(of), clients };
        announce(&self.store, &company, &by_hand, now_ms).await.unwrap();
        closed
    }

    /// The outbox, oldest first.
    pub(crate) async fn mails(&self) -> Vec<OutboxMail> {
        let mut mails = self.store.outbox_list(&OutboxFilter::default(), 1_000).await.unwrap();
        mails.reverse();
        mails
    }

    /// `kind recipient`, oldest first.
    pub(crate) async fn told(&self) -> Vec<String> {
        self.mails().await.iter().map(|mail| format!("{} {}", mail.kind, mail.recipient)).collect()
    }
}

pub(crate) fn terms(valid_from_ms: i64, uptime_pct: &str) -> LinkTerms {
    LinkTerms {
        link_id: LinkId(0),
        valid_from_ms,
        uptime_pct: Some(uptime_pct.to_owned()),
        latency_ms: None,
        loss_pct: None,
        down_when: DownWhen::Interface,
    }
}

pub(crate) fn sample(link: LinkId, at_ms: i64) -> Sample {
    Sample {
        link,
        at_ms,
        state: LinkState::Up,
        rx_bytes: Some(at_ms),
        tx_bytes: Some(at_ms),
        rx_packets: None,
        tx_packets: None,
        rx_errors: None,
        tx_errors: None,
        rx_drops: None,
        tx_drops: None,
        rx_bps: Some(1_000),
        tx_bps: Some(2_000),
        sent: Some(5),
        received: Some(5),
        rtt_min_us: Some(1_000),
        rtt_avg_us: Some(1_100),
        rtt_max_us: Some(1_300),
    }
}
