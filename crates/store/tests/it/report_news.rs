//! Reports that wait to be announced, and the order in which messages leave.

use sla::Verdict::{Breached, Met};
use store::{
    Announcement, NewMail, NewReport, OutboxFilter, OutboxPriority, REPORT_SUMMARY, ReportAudience, ReportId,
    ReportMails, Store,
};

use crate::database::on_both;
use crate::fixture::{Isp, START_MS, isp, new_mail, new_report, statement};

const LEASE_MS: i64 = 60_000;
const BOTH: [ReportAudience; 2] = [ReportAudience::Client, ReportAudience::Operations];

fn message(kind: &str, key: &str) -> Announcement {
    let mail = NewMail { kind: kind.to_owned(), ..new_mail("a@acme.example") };
    Announcement { mail, dedup_key: key.to_owned(), client: None, report: None }
}

/// Queues messages of these kinds in one transaction, named by their number.
async fn queue(store: &Store, isp: &Isp, kinds: &[&str], now_ms: i64) {
    let messages: Vec<_> =
        kinds.iter().enumerate().map(|(index, kind)| message(kind, &format!("{now_ms}/{index}"))).collect();
    let company = store.company(isp.company).await.unwrap();
    assert!(store.announce_reports(&company, ReportAudience::Client, &[], &messages, now_ms).await.unwrap());
}

on_both! {
    async fn mail_is_claimed_by_priority_and_then_by_age(db) {
        let isp = isp(&db.store).await;
        queue(&db.store, &isp, &[REPORT_SUMMARY, "report_ready", "sla_breach"], START_MS).await;
        queue(&db.store, &isp, &["report_ready", "link_down"], START_MS + 1).await;
        queue(&db.store, &isp, &["account_changed"], START_MS + 2).await;
        let urgent = async |now_ms| {
            db.store.claim_outbox_up_to(OutboxPriority::Urgent, now_ms, LEASE_MS, 10).await.unwrap()
        };
        let due = db.store.outbox_next_due_ms_up_to(OutboxPriority::Urgent).await.unwrap();
        assert_eq!(due, Some(START_MS + 1));
        assert!(urgent(START_MS).await.is_empty(), "reports are not for the reserved connection");
        let mut order = Vec::new();
        while let Some(mail) = db.store.claim_outbox(START_MS + 2, LEASE_MS, 1).await.unwrap().pop() {
            order.push(mail.kind);
        }
        let reports = ["report_ready", "sla_breach", "report_ready"];
        assert_eq!(order, [&["link_down", "account_changed"], &reports[..], &[REPORT_SUMMARY]].concat());
        // What a dead process had claimed is claimed in the same order.
        let anew = db.store.claim_outbox(START_MS + 2 + LEASE_MS, LEASE_MS, 10).await.unwrap();
        assert_eq!(anew.iter().map(|mail| mail.kind.clone()).collect::<Vec<_>>(), order);
        assert!(anew.iter().all(|mail| mail.attempts == 2));
    }

    async fn a_released_mail_is_claimed_again_and_counts_no_try(db) {
        let isp = isp(&db.store).await;
        queue(&db.store, &isp, &["link_down"], START_MS).await;
        let claimed = db.store.claim_outbox(START_MS, LEASE_MS, 1).await.unwrap().remove(0);
        assert!(db.store.outbox_released(&claimed).await.unwrap());
        assert!(!db.store.outbox_released(&claimed).await.unwrap(), "the claim is gone");
        let anew = db.store.claim_outbox(START_MS, LEASE_MS, 1).await.unwrap().remove(0);
        assert_eq!((anew.id, anew.attempts), (claimed.id, 1));
    }

    async fn an_end_waits_while_its_beginning_may_still_go_out(db) {
        let isp = isp(&db.store).await;
        let company = db.store.company(isp.company).await.unwrap();
        let pair = [message("link_down", "alert:1:raised:isp:a"), message("link_down", "alert:1:over:isp:a")];
        db.store.announce_reports(&company, ReportAudience::Client, &[], &pair, START_MS).await.unwrap();
        let began = db.store.claim_outbox(START_MS, LEASE_MS, 10).await.unwrap();
        assert_eq!(began.len(), 1);
        assert!(began[0].dedup_key.contains(":raised:"));
        db.store.outbox_failed(&began[0], "450 busy", Some(START_MS + 10_000)).await.unwrap();
        assert!(db.store.claim_outbox(START_MS, LEASE_MS, 10).await.unwrap().is_empty(), "it waits with it");
        let began = db.store.claim_outbox(START_MS + 10_000, LEASE_MS, 10).await.unwrap().remove(0);
        db.store.outbox_sent(began.id, START_MS + 10_000, "250 ok").await.unwrap();
        let over = db.store.claim_outbox(START_MS + 10_000, LEASE_MS, 10).await.unwrap();
        assert!(over.len() == 1 && over[0].dedup_key.contains(":over:"));
    }

    async fn an_alert_reaches_a_webhook_and_a_telephone_before_reports(db) {
        let isp = isp(&db.store).await;
        let company = db.store.company(isp.company).await.unwrap();
        let to = |kind: &str, recipient: &str| {
            let mut message = message(kind, &format!("{kind}/{recipient}"));
            recipient.clone_into(&mut message.mail.recipient);
            message
        };
        let all = ["webhook:1", "whatsapp:+919800000001"];
        let all: Vec<_> = all.iter().flat_map(|one| [to("report_ready", one), to("link_down", one)]).collect();
        db.store.announce_reports(&company, ReportAudience::Client, &[], &all, START_MS).await.unwrap();
        let first = db.store.claim_webhook_calls(START_MS, LEASE_MS, 10).await.unwrap();
        assert_eq!(first.iter().map(|mail| mail.kind.as_str()).collect::<Vec<_>>(), ["link_down"]);
        let first = db.store.claim_whatsapp(START_MS, LEASE_MS, 10).await.unwrap();
        assert_eq!(first.iter().map(|mail| mail.kind.as_str()).collect::<Vec<_>>(), ["link_down"]);
    }

    async fn a_report_waits_until_its_message_is_queued_and_is_announced_once(db) {
        let isp = isp(&db.store).await;
        let other = Store::open(&db.location, None).await.unwrap();
        let company = db.store.company(isp.company).await.unwrap();
        assert_eq!(company.reports, ReportMails::PerClient, "the default");
        let first = NewReport { news: &BOTH, ..new_report(&isp, 0, &statement("2026-10", Breached)) };
        let second = NewReport { news: &BOTH, ..new_report(&isp, 1, &statement("2026-10", Met)) };
        db.store.write_reports(&[first.clone(), second], START_MS).await.unwrap();
        db.store.write_reports(std::slice::from_ref(&first), START_MS).await.unwrap();
        let news = db.store.report_news(isp.company).await.unwrap();
        assert_eq!(news.len(), 4, "an unchanged report is no news");
        assert!(news.iter().all(|one| one.is_latest && one.revision == 1 && one.client == isp.clients[0]));
        assert_eq!((news[0].overall, news[2].overall), (Breached, Met));
        let revised = NewReport { digest: "other".to_owned(), ..first };
        db.store.write_reports(&[revised], START_MS).await.unwrap();
        let ids: Vec<ReportId> = db.store.report_news(isp.company).await.unwrap().iter()
            .filter(|one| one.audience == ReportAudience::Client)
            .map(|one| one.report)
            .collect();
        assert_eq!(ids.len(), 3, "the revision is news beside what it replaces");
        assert!(!db.store.report_news(isp.company).await.unwrap()[0].is_latest);
        // Two processes announce the same reports at the same moment.
        let message = [message("sla_breach", "one"), message("sla_breach", "two")];
        let announce = async |store: &Store, message| {
            store.announce_reports(&company, ReportAudience::Client, &ids, std::slice::from_ref(message), START_MS).await.unwrap()
        };
        let (one, two) = tokio::join!(announce(&db.store, &message[0]), announce(&other, &message[1]));
        assert!(one != two, "one of them: {one} {two}");
        assert_eq!(db.store.outbox_list(&OutboxFilter::default(), 10).await.unwrap().len(), 1);
        let left = db.store.report_news(isp.company).await.unwrap();
        assert!(left.iter().all(|one| one.audience == ReportAudience::Operations) && left.len() == 3);
        // What cannot be queued strikes nothing.
        let mut unsendable = message[0].clone();
        unsendable.mail.recipient = "nobody".to_owned();
        let ids: Vec<ReportId> = left.iter().map(|one| one.report).collect();
        db.store.announce_reports(&company, ReportAudience::Operations, &ids, &[unsendable], START_MS).await.unwrap_err();
        assert_eq!(db.store.report_news(isp.company).await.unwrap(), left);
        other.close().await;
    }

    async fn the_results_of_a_month_are_those_of_the_latest_revisions(db) {
        let isp = isp(&db.store).await;
        let first = new_report(&isp, 0, &statement("2026-10", Breached));
        let second = new_report(&isp, 1, &statement("2026-10", Met));
        db.store.write_reports(&[first.clone(), second], START_MS).await.unwrap();
        let better = statement("2026-10", Met);
        let revised = NewReport { digest: "other".to_owned(), statement: &better, ..first };
        db.store.write_reports(&[revised], START_MS).await.unwrap();
        let results = db.store.month_results(isp.company, "2026-10".parse().unwrap()).await.unwrap();
        assert_eq!(results.iter().map(|one| one.overall).collect::<Vec<_>>(), [Met, Met]);
        assert!(db.store.month_results(isp.company, "2026-09".parse().unwrap()).await.unwrap().is_empty());
    }
}
