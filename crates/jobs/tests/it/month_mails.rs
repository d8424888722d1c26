//! The emails of a month: one per user with all links of the customer, one summary for operations, whatever happens in between.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use jobs::{Delivered, Delivery, Mailer, Schedule, SentMail};
use sla::LinkState::{Down, Unknown, Up};
use store::{
    AuditEvent, CompanyEdit, NotificationEvent, OutboxMail, REPORT_SUMMARY, ReportFilter, ReportId,
    ReportMails, Store,
};

use crate::{
    database::{Db, on_both},
    deliver::settings,
    isp::{DAY, HOUR, Isp, MINUTE, at},
    storm::{Draw, dropped_when},
};

const USERS: [&str; 2] = ["asha@acme.example", "ravi@acme.example"];

fn start() -> i64 {
    at(2026, 10, 1, 0, 0)
}

fn end() -> i64 {
    at(2026, 11, 1, 0, 0)
}

async fn place(db: &Db) -> Isp {
    let isp = Isp::new(&db.store).await;
    db.store.add_notification_recipient(isp.company, "noc@isp.example", "test", 0).await.unwrap();
    isp
}

/// A link that was down for the first day: its contract is broken.
async fn broken(isp: &Isp, circuit: &str) {
    let link = isp.link(circuit, start()).await;
    isp.line(link, &[(start(), start() + DAY, Down), (start() + DAY, end(), Up)]).await;
}

async fn pass(schedule: &mut Schedule, store: &Store, now_ms: i64) -> usize {
    schedule.close_due(store, now_ms).await.unwrap().messages
}

/// Which reports each address was sent, by circuit, whether alone or with others.
async fn received(isp: &Isp) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for mail in isp.mails().await {
        let ids: Vec<ReportId> = match (mail.report_id, mail.payload["reports"].as_array()) {
            (Some(id), _) => vec![id],
            (None, Some(ids)) => ids.iter().map(|id| ReportId(id.as_i64().unwrap())).collect(),
            (None, None) => continue,
        };
        for id in ids {
            let circuit = isp.store.report(id).await.unwrap().facts["circuit"].as_str().unwrap().to_owned();
            all.entry(mail.recipient.clone()).or_default().push(circuit);
        }
    }
    all.values_mut().for_each(|circuits| circuits.sort());
    all
}

fn to<'a>(mails: &'a [OutboxMail], recipient: &str) -> Vec<&'a OutboxMail> {
    mails.iter().filter(|mail| mail.recipient == recipient).collect()
}

async fn sent(isp: &Isp, now_ms: i64) -> Vec<SentMail> {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let delivery = Delivery::new(isp.store.clone(), Mailer::Memory(Arc::clone(&sent)), settings());
    while delivery.deliver_once(now_ms).await.unwrap() == Delivered::Sent {}
    sent.lock().unwrap().clone()
}

on_both! {
    async fn a_customer_gets_one_email_with_all_links_and_operations_one_summary(db) {
        let isp = place(db).await;
        isp.link_up("C-1", start(), end()).await;
        broken(&isp, "C-4").await;
        let dark = isp.link("C-5", start()).await;
        isp.line(dark, &[(start(), end() - DAY, Up), (end() - DAY, end(), Unknown)]).await;
        let mut schedule = Schedule::default();
        assert_eq!(pass(&mut schedule, &db.store, end() + 30 * MINUTE).await, 3);
        assert_eq!(pass(&mut schedule, &db.store, end() + HOUR).await, 0);
        assert_eq!(pass(&mut Schedule::default(), &db.store, end() + 20 * HOUR).await, 0);
        let mails = isp.mails().await;
        assert_eq!(mails.len(), 3);
        for user in USERS {
            let [mail] = to(&mails, user)[..] else { panic!("one email to {user}") };
            assert_eq!((mail.kind.as_str(), mail.report_id, mail.client_id), ("sla_breach", None, Some(isp.client)));
            assert_eq!(mail.payload["under_review"], 1, "the undetermined one is for staff first");
        }
        let expected = ["C-1", "C-4"].map(str::to_owned).to_vec();
        assert_eq!(received(&isp).await, USERS.map(|user| (user.to_owned(), expected.clone())).into());
        let [summary] = to(&mails, "noc@isp.example")[..] else { panic!("one summary") };
        assert_eq!((summary.kind.as_str(), summary.client_id), (REPORT_SUMMARY, None));
        let said = &summary.payload;
        assert_eq!((&said["met"], &said["breached"], &said["undetermined"]), (&1.into(), &1.into(), &1.into()));
        assert_eq!((&said["worst"][0]["circuit"], &said["to_review"][0]["circuit"]), (&"C-4".into(), &"C-5".into()));
        assert_eq!(said["worst"].as_array().unwrap().len(), 1, "what was up all the time is not among the worst");

        let sent = sent(&isp, end() + 2 * HOUR).await;
        assert_eq!(sent.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), ["asha@acme.example", "ravi@acme.example", "noc@isp.example"], "the summary last");
        let text = String::from_utf8(sent[0].bytes.clone()).unwrap();
        assert!(text.contains("Subject: SLA reports for October 2026: 1 breached, 1 met"), "{text}");
        assert_eq!(text.matches("application/pdf").count(), 2, "a PDF for each");
        let place = |circuit: &str| text.find(circuit).unwrap_or_else(|| panic!("{circuit} is missing"));
        assert!(place("C-4") < place("C-1"), "breached links first");
        let summary = String::from_utf8(sent[2].bytes.clone()).unwrap();
        assert!(summary.contains("Subject: SLA summary for October 2026: 1 met, 1 breached, 1 undetermined"), "{summary}");
        assert!(!summary.contains("application/pdf"));
    }

    async fn a_link_that_closes_an_hour_later_is_in_the_same_email(db) {
        let isp = place(db).await;
        isp.link_up("C-1", start(), end()).await;
        let late = isp.link_up("C-2", start(), end() - HOUR).await;
        let mut schedule = Schedule::default();
        assert_eq!(pass(&mut schedule, &db.store, end() + 30 * MINUTE).await, 0, "one is closed, and waits");
        isp.line(late, &[(start(), end() + HOUR, Up)]).await;
        // The process that closed the first one is gone.
        assert_eq!(pass(&mut Schedule::default(), &db.store, end() + 90 * MINUTE).await, 3);
        let both = vec!["C-1".to_owned(), "C-2".to_owned()];
        assert_eq!(received(&isp).await, USERS.map(|user| (user.to_owned(), both.clone())).into());
        assert_eq!(to(&isp.mails().await, "noc@isp.example").len(), 1);
    }

    async fn a_link_that_closes_the_next_day_is_sent_by_itself_and_the_others_not_again(db) {
        let isp = place(db).await;
        isp.link_up("C-1", start(), end()).await;
        broken(&isp, "C-2").await;
        let late = isp.link_up("C-3", start(), end() - HOUR).await;
        let mut schedule = Schedule::default();
        for minute in [30, 60, 6 * 60] {
            assert_eq!(pass(&mut schedule, &db.store, end() + minute * MINUTE).await, 0);
        }
        assert_eq!(pass(&mut schedule, &db.store, end() + 6 * HOUR + 30 * MINUTE).await, 3, "the day begins");
        let summary = &to(&isp.mails().await, "noc@isp.example")[0].payload.clone();
        assert_eq!((&summary["waiting"], &summary["added"]), (&1.into(), &2.into()));
        isp.line(late, &[(start(), end() + 30 * HOUR, Up)]).await;
        assert_eq!(pass(&mut schedule, &db.store, end() + 30 * HOUR).await, 3);
        let all = ["C-1", "C-2", "C-3"].map(str::to_owned).to_vec();
        let received = received(&isp).await;
        for user in USERS {
            assert_eq!(received[user], all, "each report once");
            assert_eq!(to(&isp.mails().await, user).len(), 2);
        }
        assert_eq!(received["noc@isp.example"], ["C-3"], "a single report is sent as itself");
    }

    async fn a_company_that_sends_per_link_sends_one_email_per_link(db) {
        let isp = place(db).await;
        let edit = CompanyEdit { reports: Some(ReportMails::PerLink), ..CompanyEdit::default() };
        db.store.edit_company(isp.company, &edit, "test", 0).await.unwrap();
        isp.link_up("C-1", start(), end()).await;
        broken(&isp, "C-2").await;
        pass(&mut Schedule::default(), &db.store, end() + 30 * MINUTE).await;
        let mails = isp.mails().await;
        assert!(mails.len() == 6 && mails.iter().all(|mail| mail.report_id.is_some()), "two links, three readers");
        assert!(db.store.report_news(isp.company).await.unwrap().is_empty());
    }

    async fn a_user_who_wants_breaches_alone_gets_the_breached_links_alone(db) {
        let isp = place(db).await;
        isp.link_up("C-1", start(), end()).await;
        for circuit in ["C-2", "C-3"] {
            broken(&isp, circuit).await;
        }
        let (ravi, _) = db.store.portal_user_by_username("ravi").await.unwrap().unwrap();
        let event = AuditEvent {
            at_ms: 0,
            actor: "portal:ravi".to_owned(),
            action: "mail_preferences".to_owned(),
            subject: "user ravi".to_owned(),
            detail: serde_json::Value::Null,
            address: None,
        };
        db.store.set_mail_preferences(ravi.id, &[(NotificationEvent::ReportReady, false)], &event).await.unwrap();
        pass(&mut Schedule::default(), &db.store, end() + 30 * MINUTE).await;
        let received = received(&isp).await;
        assert_eq!(received["ravi@acme.example"], ["C-2", "C-3"]);
        assert_eq!(received["asha@acme.example"], ["C-1", "C-2", "C-3"]);
    }

    async fn kills_and_a_second_process_send_each_report_to_each_user_once(db) {
        const LINKS: usize = 30;
        let isp = place(db).await;
        for number in 0..LINKS {
            isp.link_up(&format!("C-{number:02}"), start(), end()).await;
        }
        let other = db.another().await;
        let mut draw = Draw(16);
        let mut cut = 0;
        for minute in 30..50 {
            let now = end() + minute * MINUTE;
            let doomed = db.another().await;
            let mut left = 1 + draw.below(120);
            let is_time = move || {
                left -= 1;
                left == 0
            };
            if !dropped_when(is_time, Schedule::default().close_due(&doomed, now)).await {
                cut += 1;
            }
            doomed.close().await;
        }
        let (mut one, mut two) = (Schedule::default(), Schedule::default());
        let now = end() + HOUR;
        let both = async { tokio::join!(one.close_due(&db.store, now), two.close_due(&other, now)) };
        let (first, second) = Box::pin(both).await;
        // One of them may have lost a race to the other, and goes on with its next pass.
        drop((first, second));
        one.close_due(&db.store, now + MINUTE).await.unwrap();
        assert!(cut > 0, "a kill must fall in the middle");
        let (_, reports) = db.store.reports(None, &ReportFilter::default(), 1, 0).await.unwrap();
        assert_eq!(reports as usize, LINKS);
        let expected: Vec<String> = (0..LINKS).map(|number| format!("C-{number:02}")).collect();
        let received = received(&isp).await;
        assert_eq!(received, USERS.map(|user| (user.to_owned(), expected.clone())).into());
        assert!(db.store.report_news(isp.company).await.unwrap().is_empty());
        other.close().await;
    }
}
