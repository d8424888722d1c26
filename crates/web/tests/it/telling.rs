//! What staff are told and tell: alerts, outages and their reasons.

use axum::http::StatusCode;
use serde_json::json;
use sla::LinkState;
use store::{
    Alert, AlertChange, AlertDecisions, AlertFilter, AlertId, AlertMessage, AlertPhase, AlertSubject,
    CompanyId, LinkId, NewNotificationLog, NotificationEvent, NotificationOutcome, OutageId, Round,
    RoundOutcome, RouterId, Span, SpanTail, StaffRole, StaffScope,
};

use crate::portal::{HOUR_MS, MINUTE_MS, NOW_MS, Portal, portals};
use crate::staff::{hire, on_duty, other_things, own_things};

/// An alert about a link that is down, as the engine writes it: told to the operations, held back from nobody else.
pub(crate) async fn raise(portal: &Portal, company: CompanyId, link: LinkId, about: &str) -> AlertId {
    raise_to(portal, company, link, about, &format!("noc-{company}@isp.example")).await
}

/// The same, told to somebody else.
pub(crate) async fn raise_to(
    portal: &Portal,
    company: CompanyId,
    link: LinkId,
    about: &str,
    recipient: &str,
) -> AlertId {
    let alert = Alert {
        id: AlertId(0),
        company_id: company,
        event: NotificationEvent::LinkDown,
        subject: AlertSubject::Link(link),
        about: about.to_owned(),
        client_id: None,
        opened_at_ms: NOW_MS - HOUR_MS,
        raised_at_ms: NOW_MS - HOUR_MS + MINUTE_MS,
        closed_at_ms: None,
        told_at_ms: Some(NOW_MS - HOUR_MS + MINUTE_MS),
        waits: None,
        owes: false,
        over_told_at_ms: None,
        facts: json!({"cause": "link_down", "evidence": {"kind": "looks", "looks": 2}}),
        acknowledged_by: None,
        acknowledged_at_ms: None,
        acknowledged_note: None,
        assigned_to: None,
        dismissed_by: None,
        dismissed_at_ms: None,
        dismissed_reason: None,
    };
    let log = NewNotificationLog {
        event: alert.event,
        phase: AlertPhase::Raised,
        subject: alert.subject,
        about: alert.about.clone(),
        outcome: NotificationOutcome::Held,
        reason: Some("quiet hours".to_owned()),
    };
    let message = AlertMessage {
        phase: AlertPhase::Raised,
        recipient: recipient.to_owned(),
        client: None,
        payload: json!({"event": "link_down", "about": about, "since_ms": NOW_MS - HOUR_MS, "told_ms": NOW_MS}),
    };
    let change = AlertChange { alert, messages: vec![message], logs: vec![log] };
    let decisions = AlertDecisions { changes: vec![change], ..AlertDecisions::default() };
    let turn = portal.store.alert_turn(company, NOW_MS).await.unwrap();
    turn.write(&decisions).await.unwrap();
    let filter = AlertFilter { company: Some(company), ..AlertFilter::default() };
    portal.store.alerts(&filter, 1).await.unwrap().remove(0).id
}

/// An outage of an hour, two hours ago, unless the link had one.
pub(crate) async fn broke(portal: &Portal, router: RouterId, link: LinkId) -> OutageId {
    let found = portal.store.outages(link, 0, NOW_MS).await.unwrap();
    if let Some(outage) = found.first() {
        return outage.id;
    }
    let span = |from_ms, to_ms, state, cause: Option<&str>| Span {
        from_ms,
        to_ms,
        state,
        cause: cause.map(str::to_owned),
        evidence: json!({"kind": "looks", "looks": 2}),
    };
    let from_ms = NOW_MS - 3 * HOUR_MS;
    let spans = vec![
        span(from_ms, NOW_MS - 2 * HOUR_MS, LinkState::Down, Some("link_down")),
        span(NOW_MS - 2 * HOUR_MS, NOW_MS - HOUR_MS, LinkState::Up, None),
    ];
    let mut round = Round::new(router, NOW_MS - HOUR_MS, RoundOutcome::Ok);
    round.tails = vec![SpanTail { link, from_ms, spans }];
    portal.store.write_round(&round).await.unwrap();
    portal.store.outages(link, 0, NOW_MS).await.unwrap()[0].id
}

#[tokio::test]
async fn alerts_are_listed_open_first_narrowed_down_and_shown_with_who_was_told() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let newer = raise(&portal, own.company, portal.mine, "MINE-1 <b>").await;
        let mut browser = on_duty(&portal, "noc", StaffRole::Operator, StaffScope::All).await;
        let page = browser.get("/staff/alerts").await.body;
        assert!(page.contains("MINE-1 &#60;b&#62;") && !page.contains("<b>"), "{page}");
        assert!(page.contains("<span class=\"nav-count\">2<"), "the menu counts them: {page}");
        let closed = browser.post(&format!("/staff/alerts/{newer}/close"), "reason=moved").await;
        assert_eq!(closed.status, StatusCode::SEE_OTHER, "{}", closed.body);
        let page = browser.get("/staff/alerts").await.body;
        let place = |id: AlertId| page.find(&format!("/staff/alerts/{id}\"")).unwrap();
        assert!(place(own.alert) < place(newer), "what is open comes first");
        for (query, older_too, newer_too) in [
            ("state=open", true, false),
            ("state=new", true, false),
            ("state=dismissed", false, true),
            ("state=over", false, false),
            ("state=nonsense", true, true),
            ("kind=link_down", true, true),
            ("kind=high_loss", false, false),
            ("q=foreign", true, false),
            ("q=%25", false, false),
            ("page=2", false, false),
        ] {
            let page = browser.get(&format!("/staff/alerts?{query}")).await.body;
            let shows = |id: AlertId| page.contains(&format!("/staff/alerts/{id}\""));
            assert_eq!((shows(own.alert), shows(newer)), (older_too, newer_too), "{query}");
        }
        let page = browser.get(&format!("/staff/alerts/{}", own.alert)).await.body;
        for shown in ["noc-1@isp.example", "On its way", "quiet hours", "Held", "Confirmed by 2 checks"] {
            assert!(page.contains(shown), "{shown}: {page}");
        }
        assert!(browser.get("/staff").await.body.contains("Open alerts"));
    }
}

#[tokio::test]
async fn an_alert_is_closed_by_hand_once_and_with_a_reason() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut browser = on_duty(&portal, "noc", StaffRole::Operator, StaffScope::All).await;
        let close = format!("/staff/alerts/{}/close", own.alert);
        let long = format!("reason={}", "x".repeat(1_001));
        for typed in ["reason=", "reason=+", "", long.as_str(), "reason=a%07b"] {
            let answer = browser.post(&close, typed).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{typed:.20}");
            assert!(answer.body.contains("<details class=\"deed\" open>"), "what is wrong is in sight");
        }
        assert!(portal.store.alert(own.alert).await.unwrap().is_open());
        assert_eq!(browser.post(&close, "reason=A+digger").await.status, StatusCode::SEE_OTHER);
        let again = browser.post(&close, "reason=me+too").await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(again.body.contains("closed already"), "{}", again.body);
        let alert = portal.store.alert(own.alert).await.unwrap();
        assert_eq!(alert.dismissed_reason.as_deref(), Some("A digger"));
        assert_eq!(alert.closed_at_ms, None, "whether it holds is not for a person to say");
        let event = portal.store.audit_events(None, 1).await.unwrap().remove(0).event;
        assert_eq!((event.action.as_str(), event.actor.as_str()), ("alert.close", "staff:noc"));
        let mut scoped =
            on_duty(&portal, "kim", StaffRole::Admin, StaffScope::Companies([own.company].into())).await;
        assert!(scoped.get("/staff/audit").await.body.contains("alert.close"), "those of its company see it");
    }
}

#[tokio::test]
async fn an_alert_goes_to_somebody_who_may_look_after_it_and_to_nobody_else() {
    for portal in portals().await {
        let (own, other) = (own_things(&portal).await, other_things(&portal).await);
        hire(&portal, "zed", StaffRole::Admin, StaffScope::Companies([other.company].into())).await;
        hire(&portal, "vera", StaffRole::Viewer, StaffScope::All).await;
        hire(&portal, "kim", StaffRole::Operator, StaffScope::Companies([own.company].into())).await;
        let mut browser = on_duty(&portal, "noc", StaffRole::Operator, StaffScope::All).await;
        let address = format!("/staff/alerts/{}", own.alert);
        let page = browser.get(&address).await.body;
        let offered = |name: &str| page.contains(&format!("<option value=\"{name}\""));
        assert!(offered("kim") && offered("noc") && !offered("zed") && !offered("vera"), "{page}");
        for name in ["zed", "vera", "nobody-at-all", "kim%07"] {
            let answer = browser.post(&format!("{address}/assign"), &format!("to={name}")).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        }
        for (form, to) in [("to=kim", Some("kim")), ("to=", None), ("to=noc", Some("noc"))] {
            let answer = browser.post(&format!("{address}/assign"), form).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{form}");
            assert_eq!(portal.store.alert(own.alert).await.unwrap().assigned_to.as_deref(), to);
        }
        browser.post(&format!("{address}/acknowledge"), "note=on+it").await;
        browser.post(&format!("{address}/acknowledge"), "note=stale+form").await;
        let alert = portal.store.alert(own.alert).await.unwrap();
        assert_eq!(alert.acknowledged_note.as_deref(), Some("on it"), "whoever came first");
    }
}

#[tokio::test]
async fn a_client_reads_the_reason_of_its_outage_until_it_is_taken_back() {
    for portal in portals().await {
        let outage = broke(&portal, portal.router_id, portal.mine).await;
        let mut browser = on_duty(&portal, "noc", StaffRole::Operator, StaffScope::All).await;
        assert!(browser.get("/staff/outages?state=unexplained").await.body.contains("MINE-1"));
        assert!(!browser.get("/staff/outages?state=open").await.body.contains("MINE-1"));
        let address = format!("/staff/outages/{outage}");
        let empty = browser.post(&format!("{address}/reason"), "reason=+").await;
        assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
        let form = "reason=A+digger+%3Cb%3Ecut%3C%2Fb%3E+the+fibre";
        assert_eq!(browser.post(&format!("{address}/reason"), form).await.status, StatusCode::SEE_OTHER);
        assert!(!browser.get("/staff/outages?state=unexplained").await.body.contains("MINE-1"));
        assert!(browser.get("/staff/outages?q=digger").await.body.contains("MINE-1"));
        let mut asha = portal.logged_in().await;
        let link = format!("/client/links/{}?range=7d", portal.mine);
        assert!(asha.get(&link).await.body.contains("A digger &#60;b&#62;cut"), "she reads it");
        assert_eq!(browser.post(&format!("{address}/unreason"), "").await.status, StatusCode::SEE_OTHER);
        assert!(!asha.get(&link).await.body.contains("A digger"), "and then no more");
        let event = portal.store.audit_events(None, 1).await.unwrap().remove(0).event;
        assert_eq!(event.action, "outage.reason");
        assert_eq!(event.detail["before"]["reason"], "A digger <b>cut</b> the fibre");
    }
}
