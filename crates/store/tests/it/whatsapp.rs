//! Numbers, agreements and receipts.

use sla::Verdict::Breached;
use store::{
    AuditEvent, NewMail, NewReport, NotificationEvent, OUTBOX_DOUBT, OutboxFilter, OutboxMail, OutboxState,
    PortalUserId, RECEIPTS_MAX, Receipt, ReceiptStatus, Store, StoreError, WhatsAppOptIn,
};

use crate::database::{Db, on_both};
use crate::fixture::{Isp, START_MS, isp, new_report, statement};

const LEASE_MS: i64 = 60_000;

fn event(at_ms: i64) -> AuditEvent {
    AuditEvent {
        at_ms,
        actor: "portal:asha".to_owned(),
        action: "whatsapp".to_owned(),
        subject: "portal user asha".to_owned(),
        detail: serde_json::Value::Null,
        address: None,
    }
}

async fn person(store: &Store, isp: &Isp, client: usize, name: &str) -> PortalUserId {
    let email = format!("{name}@acme.example");
    store.insert_portal_user(isp.clients[client], name, &email, "hash", START_MS).await.unwrap()
}

/// Messages to these numbers, oldest first.
async fn queue(db: &Db, isp: &Isp, numbers: &[&str]) -> Vec<OutboxMail> {
    let mail = |number: &&str| NewMail {
        kind: "sla_breach".to_owned(),
        recipient: format!("whatsapp:{number}"),
        payload: serde_json::Value::Null,
    };
    let mails = numbers.iter().map(mail).collect();
    let report = NewReport { mails, ..new_report(isp, 0, &statement("2026-10", Breached)) };
    db.store.write_reports(&[report], START_MS).await.unwrap();
    all(&db.store).await
}

async fn all(store: &Store) -> Vec<OutboxMail> {
    let mut mails = store.outbox_list(&OutboxFilter::default(), 100).await.unwrap();
    mails.reverse();
    mails
}

async fn claim(store: &Store, now_ms: i64) -> Vec<OutboxMail> {
    store.claim_whatsapp(now_ms, LEASE_MS, 100).await.unwrap()
}

fn receipt(mail: &OutboxMail, id: &str, status: ReceiptStatus) -> Receipt {
    let key = Some(mail.message_id.trim_matches(['<', '>']).to_owned());
    let reason = (status == ReceiptStatus::Failed).then(|| "131026 Undeliverable".to_owned());
    Receipt { provider_id: id.to_owned(), key, status, at_ms: START_MS + 9, reason }
}

on_both! {
    async fn lists_hold_numbers_beside_addresses(db) {
        let isp = isp(&db.store).await;
        let store = &db.store;
        for typed in ["noc@example.net", "+91 98000-00001"] {
            store.add_notification_recipient(isp.company, typed, "cli", START_MS).await.unwrap();
        }
        let twice = store.add_notification_recipient(isp.company, "whatsapp:+919800000001", "cli", START_MS).await;
        assert!(matches!(twice, Err(StoreError::Duplicate { .. })), "{twice:?}");
        let none = store.add_notification_recipient(isp.company, "98000 00001", "cli", START_MS).await;
        assert!(matches!(none, Err(StoreError::Invalid { .. })), "{none:?}");
        let list = store.notification_recipients(isp.company).await.unwrap();
        assert_eq!(list, ["noc@example.net", "whatsapp:+919800000001"]);
        let edit = store::RuleEdit { add_extra: vec!["+919800000002".to_owned()], ..Default::default() };
        let rule = store.edit_notification_rule(isp.company, NotificationEvent::LinkDown, &edit, "cli", START_MS).await.unwrap();
        assert_eq!((rule.extra, rule.by_whatsapp), (vec!["whatsapp:+919800000002".to_owned()], true));
        let edit = store::RuleEdit {
            by_whatsapp: Some(Some(false)),
            remove_extra: vec!["+91 98000 00002".to_owned()],
            ..Default::default()
        };
        let rule = store.edit_notification_rule(isp.company, NotificationEvent::LinkDown, &edit, "cli", START_MS).await.unwrap();
        assert!(rule.extra.is_empty() && !rule.by_whatsapp);
        assert!(!rule.reaches("whatsapp:+919800000001") && rule.reaches("noc@example.net"));
        store.remove_notification_recipient(isp.company, "+91(98000)00001", "cli", START_MS).await.unwrap();
        assert_eq!(store.notification_recipients(isp.company).await.unwrap(), ["noc@example.net"]);
    }

    async fn news_of_reports_go_to_numbers_that_were_agreed_to(db) {
        let isp = isp(&db.store).await;
        let store = &db.store;
        let (asha, ravi) = (person(store, &isp, 0, "asha").await, person(store, &isp, 0, "ravi").await);
        let bolt = person(store, &isp, 1, "bolt").await;
        for (user, phone, agrees) in [(asha, "+919800000001", true), (ravi, "+919800000002", false), (bolt, "+919800000003", true)] {
            store.set_whatsapp_opt_in(user, phone, agrees, event(START_MS)).await.unwrap();
        }
        let to = async || store.report_recipients(isp.clients[0], NotificationEvent::SlaBreach).await.unwrap();
        assert_eq!(to().await, ["asha@acme.example", "ravi@acme.example", "whatsapp:+919800000001"]);
        let edit = store::RuleEdit { by_mail: Some(Some(false)), ..Default::default() };
        store.edit_notification_rule(isp.company, NotificationEvent::SlaBreach, &edit, "cli", START_MS).await.unwrap();
        assert_eq!(to().await, ["whatsapp:+919800000001"]);
        store.set_mail_preferences(asha, &[(NotificationEvent::SlaBreach, false)], &event(START_MS)).await.unwrap();
        assert!(to().await.is_empty(), "what is not wanted by mail is not wanted by WhatsApp");
    }

    async fn an_agreement_is_for_one_number_and_kept_with_its_moment(db) {
        let isp = isp(&db.store).await;
        let store = &db.store;
        let asha = person(store, &isp, 0, "asha").await;
        assert_eq!(store.whatsapp_opt_in(asha).await.unwrap(), WhatsAppOptIn::default());
        let set = async |phone: &str, agrees, at_ms| store.set_whatsapp_opt_in(asha, phone, agrees, event(at_ms)).await;
        for (phone, agrees) in [("98000", true), ("", true), ("+91 98000 x", false)] {
            let error = set(phone, agrees, START_MS).await.unwrap_err();
            assert!(matches!(error, StoreError::Invalid { .. }), "{error:?}");
        }
        let first = set("+91 98000 00001", true, START_MS).await.unwrap();
        assert_eq!((first.phone.as_deref(), first.since_ms), (Some("+919800000001"), Some(START_MS)));
        assert_eq!(set("+919800000001", true, START_MS + 5).await.unwrap(), first, "said again");
        let second = set("+919800000002", true, START_MS + 10).await.unwrap();
        assert_eq!(second.since_ms, Some(START_MS + 10), "another number is a new agreement");
        let gone = set("", false, START_MS + 20).await.unwrap();
        assert_eq!(gone, WhatsAppOptIn::default());
        let events = store.audit_events(None, 10).await.unwrap();
        assert_eq!(events.len(), 3, "what changes nothing is no event");
        assert_eq!(events[1].event.detail["before"]["phone"], "+919800000001");
        assert_eq!(events[1].event.detail["after"]["phone"], "+919800000002");
        let nobody = store.set_whatsapp_opt_in(PortalUserId(987_654), "+919800000001", true, event(1)).await;
        assert!(matches!(nobody, Err(StoreError::NotFound { .. })), "{nobody:?}");
    }

    async fn each_way_out_takes_its_own(db) {
        let isp = isp(&db.store).await;
        let store = &db.store;
        let mails = queue(db, &isp, &["+919800000001", "+919800000002"]).await;
        assert_eq!(store.outbox_next_due_ms().await.unwrap(), None);
        assert_eq!(store.webhook_calls_next_due_ms().await.unwrap(), None);
        assert_eq!(store.whatsapp_next_due_ms().await.unwrap(), Some(START_MS));
        assert!(store.claim_outbox(START_MS, LEASE_MS, 10).await.unwrap().is_empty());
        assert!(store.claim_webhook_calls(START_MS, LEASE_MS, 10).await.unwrap().is_empty());
        let claimed = claim(store, START_MS).await;
        assert_eq!(claimed.iter().map(|mail| mail.id).collect::<Vec<_>>(), mails.iter().map(|mail| mail.id).collect::<Vec<_>>());
        assert!(claim(store, START_MS + 1).await.is_empty());
        // Whoever had them was cut off: the next one knows.
        let again = claim(store, START_MS + LEASE_MS).await;
        assert!(again.iter().all(|mail| mail.last_error.as_ref().unwrap().contains(OUTBOX_DOUBT)), "{again:?}");
    }

    async fn a_receipt_says_more_than_the_one_before_or_nothing(db) {
        use ReceiptStatus::{Delivered, Failed, Read, Sent};
        let isp = isp(&db.store).await;
        let store = &db.store;
        let mail = queue(db, &isp, &["+919800000001"]).await.remove(0);
        claim(store, START_MS).await;
        store.outbox_accepted(mail.id, "wamid.1", START_MS + 1, "200 wamid.1").await.unwrap();
        let note = async |id: &str, status| store.note_receipts(&[receipt(&mail, id, status)]).await.unwrap();
        let now = async || { let mail = all(store).await.remove(0); (mail.state, mail.receipt) };
        assert_eq!((note("wamid.1", Sent).await, now().await), (1, (OutboxState::Sent, Some(Sent))));
        assert_eq!((note("wamid.1", Sent).await, note("wamid.2", Failed).await), (0, 0));
        assert_eq!((note("wamid.1", Failed).await, now().await), (1, (OutboxState::Dead, Some(Failed))));
        let dead = all(store).await.remove(0);
        assert_eq!(dead.last_error.as_deref(), Some("it was taken, and not delivered: 131026 Undeliverable"));
        assert_eq!((note("wamid.1", Sent).await, now().await), (0, (OutboxState::Dead, Some(Failed))));
        // It arrived, whatever was said before.
        assert_eq!((note("wamid.1", Delivered).await, now().await), (1, (OutboxState::Sent, Some(Delivered))));
        assert_eq!((note("wamid.1", Failed).await, note("wamid.1", Read).await, now().await), (0, 1, (OutboxState::Sent, Some(Read))));
        assert_eq!((note("wamid.1", Delivered).await, now().await), (0, (OutboxState::Sent, Some(Read))));
        let row = all(store).await.remove(0);
        assert_eq!((row.sent_at_ms.is_some(), row.receipt_at_ms), (true, Some(START_MS + 9)));
        let log = store.notification_log(&Default::default(), 10).await.unwrap();
        assert_eq!((log[0].state, log[0].receipt), (Some(OutboxState::Sent), Some(Read)));
        let many = vec![receipt(&mail, "wamid.9", Sent); RECEIPTS_MAX + 1];
        assert!(matches!(store.note_receipts(&many).await, Err(StoreError::Invalid { .. })));
    }

    async fn a_receipt_settles_what_no_answer_did(db) {
        let isp = isp(&db.store).await;
        let store = &db.store;
        let mails = queue(db, &isp, &["+919800000001", "+919800000002", "+919800000003"]).await;
        let claimed = claim(store, START_MS).await;
        // One that waits, one that is on its way, and one that was sent twice.
        store.outbox_failed(&claimed[0], &format!("no answer; {OUTBOX_DOUBT}"), Some(START_MS + 90_000)).await.unwrap();
        for (mail, id) in mails.iter().zip(["wamid.1", "wamid.2", "wamid.3"]) {
            assert_eq!(store.note_receipts(&[receipt(mail, id, ReceiptStatus::Delivered)]).await.unwrap(), 1);
        }
        assert!(claim(store, START_MS + 10 * LEASE_MS).await.is_empty(), "none is sent again");
        assert!(!store.outbox_failed(&claimed[1], "no answer", Some(START_MS)).await.unwrap());
        store.outbox_accepted(mails[2].id, "wamid.4", START_MS + 7, "200 wamid.4").await.unwrap();
        let rows = all(store).await;
        assert!(rows.iter().all(|row| (row.state, row.receipt) == (OutboxState::Sent, Some(ReceiptStatus::Delivered))));
        assert_eq!(rows[2].provider_id.as_deref(), Some("wamid.3"));
        assert_eq!(rows[2].answer.as_deref(), Some("200 wamid.4; an earlier try had arrived: it was sent twice"));
        // A receipt of mail is none of ours.
        let mut foreign = receipt(&mails[0], "wamid.1", ReceiptStatus::Failed);
        foreign.key = None;
        foreign.provider_id = String::new();
        assert_eq!(store.note_receipts(&[foreign]).await.unwrap(), 0);
    }

    async fn all_wait_together_and_doubt_is_not_forgotten(db) {
        let isp = isp(&db.store).await;
        let store = &db.store;
        queue(db, &isp, &["+919800000001", "+919800000002"]).await;
        let claimed = claim(store, START_MS).await;
        let doubt = format!("no answer; {OUTBOX_DOUBT}");
        store.outbox_failed(&claimed[0], &doubt, Some(START_MS + 1)).await.unwrap();
        store.outbox_failed(&claimed[1], "500", Some(START_MS + 90_000)).await.unwrap();
        assert_eq!(store.put_off_whatsapp(START_MS + 60_000, "190 no token").await.unwrap(), 1);
        let rows = all(store).await;
        assert_eq!(rows[0].last_error.as_ref(), Some(&doubt));
        assert_eq!((rows[0].next_at_ms, rows[1].next_at_ms), (START_MS + 60_000, START_MS + 90_000));
        assert_eq!(rows[1].last_error.as_deref(), Some("500"), "who waits longer waits for something else");
    }
}
