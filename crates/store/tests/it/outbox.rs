use std::collections::BTreeMap;

use sla::Verdict::Breached;
use store::{
    NewReport, OUTBOX_ANSWER_CHARS_MAX, OutboxFilter, OutboxId, OutboxMail, OutboxState, Store, StoreError,
};

use crate::database::{Db, on_both};
use crate::fixture::{Isp, START_MS, isp, new_mail, new_report, statement};

const LEASE_MS: i64 = 60_000;

/// A report of the first link with mail to so many people; the mail, oldest first.
async fn queue(db: &Db, isp: &Isp, month: &str, count: usize) -> Vec<OutboxMail> {
    let mails = (0..count).map(|index| new_mail(&format!("P{index}@acme.example"))).collect();
    let report = NewReport { mails, ..new_report(isp, 0, &statement(month, Breached)) };
    let id = db.store.write_reports(&[report], START_MS).await.unwrap()[0].id();
    let filter = OutboxFilter { report: Some(id), ..OutboxFilter::default() };
    let mut mails = db.store.outbox_list(&filter, 10_000).await.unwrap();
    mails.reverse();
    mails
}

async fn states(store: &Store) -> Vec<OutboxState> {
    let mails = store.outbox_list(&OutboxFilter::default(), 100).await.unwrap();
    mails.into_iter().rev().map(|mail| mail.state).collect()
}

on_both! {
    async fn mail_is_queued_with_its_report(db) {
        let isp = isp(&db.store).await;
        let edit = store::CompanyEdit { mail_from: Some(Some("sla@example.net")), ..Default::default() };
        db.store.edit_company(isp.company, &edit, "cli", START_MS).await.unwrap();
        let mails = queue(db, &isp, "2026-10", 2).await;
        let report = db.store.report_of_link(isp.links[0], "2026-10".parse().unwrap(), None).await.unwrap().unwrap();
        assert_eq!((mails[0].company_id, mails[0].client_id, mails[0].report_id), (isp.company, Some(isp.clients[0]), Some(report.id)));
        assert_eq!((mails[0].kind.as_str(), mails[0].recipient.as_str()), ("sla_breach", "P0@acme.example"));
        assert_eq!(mails[0].dedup_key, format!("sla_breach/{}/2026-10/r1/p0@acme.example", isp.links[0]));
        let mut payload = new_mail("").payload;
        (payload["report_id"], payload["revision"]) = (report.id.0.into(), 1.into());
        assert_eq!(mails[0].payload, payload, "with the numbers that the report has only now");
        assert_eq!((mails[0].state, mails[0].attempts, mails[0].lease_until_ms), (OutboxState::Queued, 0, None));
        assert_eq!((mails[0].created_at_ms, mails[0].next_at_ms), (START_MS, START_MS));
        assert!(mails[0].message_id.starts_with('<') && mails[0].message_id.ends_with("@example.net>"), "{}", mails[0].message_id);
        assert_ne!(mails[0].message_id, mails[1].message_id);
        assert_eq!(db.store.outbox_mail(mails[0].id).await.unwrap(), mails[0]);
        let theirs = OutboxFilter { client: Some(isp.clients[1]), ..Default::default() };
        assert!(db.store.outbox_list(&theirs, 10).await.unwrap().is_empty());
        assert_eq!(db.store.outbox_list(&OutboxFilter::default(), 1).await.unwrap()[0].id, mails[1].id, "newest first");
    }

    /// One person under two spellings gets one mail.
    async fn an_address_gets_one_mail_per_revision(db) {
        let isp = isp(&db.store).await;
        let twice = vec![new_mail("a@acme.example"), new_mail(" A@acme.example")];
        let report = NewReport { mails: twice, ..new_report(&isp, 0, &statement("2026-10", Breached)) };
        db.store.write_reports(std::slice::from_ref(&report), START_MS).await.unwrap();
        assert_eq!(states(&db.store).await, [OutboxState::Queued]);
        let next = NewReport { digest: "other".to_owned(), ..report };
        db.store.write_reports(&[next], START_MS).await.unwrap();
        assert_eq!(states(&db.store).await, [OutboxState::Queued; 2]);
    }

    async fn a_claim_holds_until_its_lease_ends(db) {
        let isp = isp(&db.store).await;
        let mails = queue(db, &isp, "2026-10", 2).await;
        assert!(db.store.claim_outbox(START_MS - 1, LEASE_MS, 10).await.unwrap().is_empty(), "not due");
        assert_eq!(db.store.outbox_next_due_ms().await.unwrap(), Some(START_MS));
        let first = db.store.claim_outbox(START_MS, LEASE_MS, 1).await.unwrap();
        assert_eq!((first.len(), first[0].id, first[0].attempts), (1, mails[0].id, 1));
        assert_eq!((first[0].state, first[0].lease_until_ms), (OutboxState::Sending, Some(START_MS + LEASE_MS)));
        let second = db.store.claim_outbox(START_MS + 1, LEASE_MS, 10).await.unwrap();
        assert_eq!((second.len(), second[0].id), (1, mails[1].id));
        assert!(db.store.claim_outbox(START_MS + LEASE_MS - 1, LEASE_MS, 10).await.unwrap().is_empty());
        assert_eq!(db.store.outbox_next_due_ms().await.unwrap(), Some(START_MS + LEASE_MS));
        let anew = db.store.claim_outbox(START_MS + LEASE_MS, LEASE_MS, 10).await.unwrap();
        assert_eq!((anew.len(), anew[0].id, anew[0].attempts), (1, mails[0].id, 2));
        assert_eq!(anew[0].message_id, mails[0].message_id, "the same mail to the recipient's program");
    }

    /// Two job processes ask at the same moment, again and again: neither calls a webhook for what the other has.
    async fn a_message_to_a_webhook_is_claimed_by_one_worker(db) {
        const MESSAGES: usize = 40;
        let isp = isp(&db.store).await;
        let other = Store::open(&db.location, None).await.unwrap();
        let mails = (0..MESSAGES).map(|index| new_mail(&format!("webhook:{}", index + 1))).collect();
        let report = NewReport { mails, ..new_report(&isp, 0, &statement("2026-10", Breached)) };
        db.store.write_reports(&[report], START_MS).await.unwrap();
        let worker = async |store: &Store| {
            let mut mine = Vec::new();
            for _ in 0..MESSAGES {
                for mail in store.claim_webhook_calls(START_MS, LEASE_MS, 3).await.unwrap() {
                    mine.push(mail.id);
                }
            }
            mine
        };
        let (a, b, c, d) = tokio::join!(worker(&db.store), worker(&other), worker(&db.store), worker(&other));
        let mut claimed: Vec<OutboxId> = [a, b, c, d].concat();
        claimed.sort_unstable();
        assert_eq!(claimed.len(), MESSAGES, "{claimed:?}");
        claimed.dedup();
        assert_eq!(claimed.len(), MESSAGES, "none twice");
        other.close().await;
    }

    /// The worker was only slow: what it says late must not undo what its successor did.
    async fn a_late_failure_changes_nothing(db) {
        let isp = isp(&db.store).await;
        queue(db, &isp, "2026-10", 1).await;
        let slow = db.store.claim_outbox(START_MS, LEASE_MS, 1).await.unwrap().remove(0);
        let next = db.store.claim_outbox(START_MS + LEASE_MS, LEASE_MS, 1).await.unwrap().remove(0);
        assert!(!db.store.outbox_failed(&slow, "timeout", None).await.unwrap());
        assert_eq!(db.store.outbox_mail(next.id).await.unwrap(), next);
        assert!(db.store.outbox_sent(next.id, START_MS + LEASE_MS + 1, "250 ok").await.unwrap());
        assert!(!db.store.outbox_failed(&next, "timeout", Some(START_MS)).await.unwrap());
        assert!(!db.store.outbox_sent(slow.id, START_MS + LEASE_MS + 2, "250 again").await.unwrap());
        let sent = db.store.outbox_mail(next.id).await.unwrap();
        assert_eq!((sent.state, sent.sent_at_ms, sent.answer.as_deref()), (OutboxState::Sent, Some(START_MS + LEASE_MS + 1), Some("250 ok")));
        assert_eq!(sent.lease_until_ms, None);
    }

    /// It reached the mail server after its lease had ended: to send it again would be the second time.
    async fn a_late_success_counts(db) {
        let isp = isp(&db.store).await;
        queue(db, &isp, "2026-10", 1).await;
        let slow = db.store.claim_outbox(START_MS, LEASE_MS, 1).await.unwrap().remove(0);
        let next = db.store.claim_outbox(START_MS + LEASE_MS, LEASE_MS, 1).await.unwrap().remove(0);
        assert!(db.store.outbox_failed(&next, "refused", None).await.unwrap());
        assert!(db.store.outbox_sent(slow.id, START_MS + LEASE_MS + 1, "250 ok").await.unwrap());
        assert_eq!(states(&db.store).await, [OutboxState::Sent]);
    }

    async fn a_failed_mail_waits_and_dies_and_is_retried(db) {
        let isp = isp(&db.store).await;
        let id = queue(db, &isp, "2026-10", 1).await[0].id;
        let claimed = db.store.claim_outbox(START_MS, LEASE_MS, 1).await.unwrap().remove(0);
        assert!(db.store.outbox_failed(&claimed, "450 try later\u{0}", Some(START_MS + 5_000)).await.unwrap());
        let mail = db.store.outbox_mail(id).await.unwrap();
        assert_eq!((mail.state, mail.next_at_ms, mail.attempts), (OutboxState::Queued, START_MS + 5_000, 1));
        assert_eq!((mail.last_error.as_deref(), mail.lease_until_ms), (Some("450 try later\u{fffd}"), None));
        assert!(db.store.claim_outbox(START_MS + 4_999, LEASE_MS, 1).await.unwrap().is_empty());
        let claimed = db.store.claim_outbox(START_MS + 5_000, LEASE_MS, 1).await.unwrap().remove(0);
        assert_eq!(claimed.attempts, 2);
        assert!(db.store.outbox_failed(&claimed, &"ü".repeat(5_000), None).await.unwrap());
        let mail = db.store.outbox_mail(id).await.unwrap();
        assert_eq!((mail.state, mail.last_error.unwrap().chars().count()), (OutboxState::Dead, OUTBOX_ANSWER_CHARS_MAX));
        assert!(db.store.claim_outbox(i64::MAX - LEASE_MS, LEASE_MS, 1).await.unwrap().is_empty(), "dead is dead");

        assert!(db.store.outbox_retry(id, START_MS + 9_000).await.unwrap());
        let mail = db.store.outbox_mail(id).await.unwrap();
        assert_eq!((mail.state, mail.attempts, mail.next_at_ms), (OutboxState::Queued, 0, START_MS + 9_000));
        let claimed = db.store.claim_outbox(START_MS + 9_000, LEASE_MS, 1).await.unwrap().remove(0);
        assert!(!db.store.outbox_retry(id, START_MS + 9_001).await.unwrap(), "being sent");
        db.store.outbox_sent(claimed.id, START_MS + 9_002, "250 ok").await.unwrap();
        assert!(!db.store.outbox_retry(id, START_MS + 9_003).await.unwrap(), "sent is sent");
        assert_eq!(db.store.outbox_retry_dead(START_MS + 9_003).await.unwrap(), 0);
        assert_eq!(states(&db.store).await, [OutboxState::Sent]);
        assert_eq!(db.store.outbox_next_due_ms().await.unwrap(), None);
        let error = db.store.outbox_mail(OutboxId(7)).await.unwrap_err();
        assert!(matches!(error, StoreError::NotFound { what: "mail" }), "{error:?}");
    }

    async fn all_dead_mail_is_retried_at_once(db) {
        let isp = isp(&db.store).await;
        queue(db, &isp, "2026-10", 4).await;
        let claimed = db.store.claim_outbox(START_MS, LEASE_MS, 3).await.unwrap();
        db.store.outbox_sent(claimed[0].id, START_MS, "250").await.unwrap();
        for mail in &claimed[1..] {
            db.store.outbox_failed(mail, "550 no such user", None).await.unwrap();
        }
        let counts = |sent, dead, queued| [
            (OutboxState::Queued, queued), (OutboxState::Sending, 0), (OutboxState::Sent, sent), (OutboxState::Dead, dead),
        ];
        assert_eq!(db.store.outbox_counts().await.unwrap(), counts(1, 2, 1));
        let dead = OutboxFilter { state: Some(OutboxState::Dead), ..Default::default() };
        assert_eq!(db.store.outbox_list(&dead, 10).await.unwrap().len(), 2);
        assert_eq!(db.store.outbox_lost().await.unwrap(), 2);
        assert_eq!(db.store.outbox_retry_dead(START_MS + 1).await.unwrap(), 2);
        assert_eq!(db.store.outbox_counts().await.unwrap(), counts(1, 0, 3));
    }

    /// Two workers with one mail are two mails for the recipient.
    async fn four_workers_claim_each_mail_once(db) {
        let isp = isp(&db.store).await;
        let count = 1_000;
        queue(db, &isp, "2026-10", count).await;
        let mut workers = tokio::task::JoinSet::new();
        for worker in 0..4 {
            // Each like a process of its own: on SQLite they meet at the file's lock, not in one connection.
            let store = Store::open(&db.location, None).await.unwrap();
            workers.spawn(async move {
                let mut ids = Vec::new();
                loop {
                    let claimed = store.claim_outbox(START_MS + worker, LEASE_MS, 7).await.unwrap();
                    if claimed.is_empty() {
                        break;
                    }
                    for mail in claimed {
                        assert!(store.outbox_sent(mail.id, START_MS, "250").await.unwrap());
                        ids.push(mail.id);
                    }
                }
                store.close().await;
                ids
            });
        }
        let mut times: BTreeMap<OutboxId, usize> = BTreeMap::new();
        while let Some(ids) = workers.join_next().await {
            for id in ids.unwrap() {
                *times.entry(id).or_default() += 1;
            }
        }
        assert_eq!(times.len(), count);
        assert!(times.values().all(|&times| times == 1));
        assert_eq!(db.number("SELECT COUNT(*) FROM outbox WHERE attempts <> 1").await, 0);
    }
}
