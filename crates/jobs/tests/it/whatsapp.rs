//! Alerts and news of reports by WhatsApp, to an API in every mood.

use std::{collections::BTreeSet, time::Duration};

use jobs::{AlertEngine, Delivered, Ways, WhatsAppDelivery};
use sla::LinkState::{Down, Up};
use store::{
    AuditEvent, Clock, NotificationEvent, OUTBOX_DOUBT, OutboxMail, OutboxState, PortalUserId, Receipt,
    ReceiptStatus, RuleEdit, Store,
};
use tokio_util::sync::CancellationToken;

use crate::{
    database::{Db, on_both},
    graph_api::{GraphApi, Mood, TOKEN},
    isp::{DAY, HOUR, Isp, MINUTE, at},
    webhook::{down, start, up},
};

const SECOND: i64 = 1_000;
/// Longer than an answer takes on a busy machine, except where none comes.
const PATIENCE: Duration = Duration::from_secs(300);
const IMPATIENCE: Duration = Duration::from_secs(3);
const NOC: &str = "whatsapp:+919800000001";

/// An ISP whose operations have a number and no mail.
async fn with_number(store: &Store) -> Isp {
    let isp = Isp::new(store).await;
    store.add_notification_recipient(isp.company, "+91 98000-00001", "test", 0).await.unwrap();
    isp
}

async fn more_numbers(isp: &Isp, range: std::ops::Range<u32>) {
    for number in range {
        let number = format!("+9198000000{number:02}");
        isp.store.add_notification_recipient(isp.company, &number, "test", 0).await.unwrap();
    }
}

/// A link is down, of which one number is to hear, and the way there.
async fn one_due(store: &Store, limit: Duration) -> (Isp, GraphApi, WhatsAppDelivery) {
    let isp = with_number(store).await;
    down(&isp, "C-1").await;
    let api = GraphApi::start().await;
    let delivery = api.delivery(store, TOKEN, limit);
    (isp, api, delivery)
}

fn event(at_ms: i64) -> AuditEvent {
    AuditEvent {
        at_ms,
        actor: "asha".to_owned(),
        action: "whatsapp".to_owned(),
        subject: "portal user asha".to_owned(),
        detail: serde_json::Value::Null,
        address: None,
    }
}

async fn person(store: &Store, username: &str) -> PortalUserId {
    store.portal_user_by_username(username).await.unwrap().unwrap().0.id
}

async fn messages(isp: &Isp) -> Vec<OutboxMail> {
    isp.mails().await.into_iter().filter(|mail| mail.recipient.starts_with("whatsapp:")).collect()
}

async fn message(isp: &Isp) -> OutboxMail {
    let mut all = messages(isp).await;
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

fn receipt(mail: &OutboxMail, id: &str, status: ReceiptStatus) -> Receipt {
    let key = mail.message_id.trim_matches(['<', '>']).to_owned();
    Receipt { provider_id: id.to_owned(), key: Some(key), status, at_ms: start() + HOUR, reason: None }
}

on_both! {
    async fn an_outage_and_its_end_reach_those_who_want_it_once(db) {
        let isp = with_number(&db.store).await;
        let edit = RuleEdit {
            to_client: Some(Some(true)),
            by_mail: Some(Some(false)),
            add_extra: vec!["whatsapp:+919800000002".to_owned(), "+91 98000 00001".to_owned()],
            ..RuleEdit::default()
        };
        db.store.edit_notification_rule(isp.company, NotificationEvent::LinkDown, &edit, "test", 0).await.unwrap();
        // One agreed, one has a number alone, and one who is gone had agreed.
        let agreed = [("asha", "+919800000003", true), ("ravi", "+919800000004", false), ("gone", "+919800000005", true)];
        for (username, phone, agrees) in agreed {
            let user = person(&db.store, username).await;
            db.store.set_whatsapp_opt_in(user, phone, agrees, event(0)).await.unwrap();
        }
        let api = GraphApi::start().await;
        let delivery = api.delivery(&db.store, TOKEN, PATIENCE);
        let mut engine = down(&isp, "C-1").await;
        let now = start() + 2 * MINUTE;
        while delivery.deliver_once(now).await.unwrap() != Delivered::Nothing {}
        up(&isp, &mut engine, "C-1").await;
        let now = start() + 6 * MINUTE;
        while delivery.deliver_once(now).await.unwrap() != Delivered::Nothing {}
        let taken = api.taken();
        let told: Vec<(&str, &str)> =
            taken.iter().map(|message| (message.to.as_str(), message.values[1].as_str())).collect();
        let numbers = ["+919800000001", "+919800000002", "+919800000003"];
        let expected: Vec<(&str, &str)> = ["C-1 is down", "C-1 is up again"]
            .into_iter()
            .flat_map(|what| numbers.map(|number| (number, what)))
            .collect();
        assert_eq!(told, expected);
        let (inside, outside) = (&taken[0].values, &taken[2].values);
        assert_eq!((inside[0].as_str(), inside[2].as_str()), ("Example Net", "It has been down for 1 m."));
        assert!(inside[3].contains("Router: edge, C-1") && !outside[3].contains("edge"), "{inside:?} {outside:?}");
        assert!(outside[3].contains("https://portal.isp.example/client/links/"), "{outside:?}");
        // What it is known by is its row's own name, another for each.
        let keys: BTreeSet<String> = taken.iter().map(|message| format!("<{}>", message.key)).collect();
        let rows = messages(&isp).await;
        assert_eq!(keys, rows.iter().map(|row| row.message_id.clone()).collect());
        assert_eq!(rows.len(), 6);
        for (row, message) in rows.iter().zip(&taken) {
            assert_eq!((row.state, row.attempts, row.provider_id.as_ref()), (OutboxState::Sent, 1, Some(&message.id)));
            assert_eq!(row.answer, Some(format!("200 {}", message.id)));
        }
        assert!(isp.mails().await.iter().all(|mail| mail.recipient.starts_with("whatsapp:")), "mail is switched off");
    }

    async fn a_company_may_tell_by_mail_alone_and_an_event_without_a_template_is_not_told(db) {
        let isp = with_number(&db.store).await;
        let edit = RuleEdit { by_whatsapp: Some(Some(false)), ..RuleEdit::default() };
        db.store.edit_notification_rule(isp.company, NotificationEvent::LinkDown, &edit, "test", 0).await.unwrap();
        down(&isp, "C-1").await;
        assert!(messages(&isp).await.is_empty());
        let edit = RuleEdit { by_whatsapp: Some(None), ..RuleEdit::default() };
        db.store.edit_notification_rule(isp.company, NotificationEvent::LinkDown, &edit, "test", 0).await.unwrap();
        down(&isp, "C-2").await;
        let api = GraphApi::start().await;
        let settings = jobs::GraphSettings {
            url: format!("http://127.0.0.1:{}/v24.0", api.port),
            phone_number_id: "104523".to_owned(),
            token: TOKEN.to_owned().into(),
            limit: PATIENCE,
            ca_pem: None,
        };
        let graph = jobs::Graph::new(settings).unwrap();
        let silent = WhatsAppDelivery::new(db.store.clone(), graph, jobs::Templates::default(), None);
        while silent.deliver_once(start() + 2 * MINUTE).await.unwrap() != Delivered::Nothing {}
        let rows = messages(&isp).await;
        assert!(!rows.is_empty() && rows.iter().all(|row| row.state == OutboxState::Dead), "{rows:?}");
        assert_eq!(rows[0].last_error.as_deref(), Some("nothing was sent: no template is set for link_down"));
        assert_eq!((db.store.outbox_lost().await.unwrap(), api.calls()), (0, 0), "given up on purpose");
    }

    async fn what_is_refused_for_good_is_given_up_at_once_in_the_providers_words(db) {
        let isp = with_number(&db.store).await;
        let api = GraphApi::start().await;
        let delivery = api.delivery(&db.store, TOKEN, PATIENCE);
        let refusals = [
            ("400 Bad Request", 131_047, "131047 Re-engagement message: what there is to say (trace Az8or2)"),
            ("400 Bad Request", 131_026, "131026 Message undeliverable: what there is to say (trace Az8or2)"),
            ("404 Not Found", 132_001, "132001 Template name does not exist in the translation: what there is to say (trace Az8or2)"),
        ];
        for (number, (status, code, words)) in refusals.into_iter().enumerate() {
            down(&isp, &format!("C-{number}")).await;
            api.behave(&[Mood::Says(status, code, "")]);
            let now = start() + 2 * MINUTE;
            while delivery.deliver_once(now).await.unwrap() != Delivered::Nothing {}
            let dead = messages(&isp).await.into_iter().filter(|row| row.state == OutboxState::Dead);
            let words: Vec<String> = vec![words.to_owned()];
            let said: Vec<String> = dead.filter_map(|row| row.last_error).skip(number).collect();
            assert_eq!(said, words);
        }
        assert_eq!(db.store.outbox_lost().await.unwrap(), 3, "a person sees them");
    }

    async fn a_token_that_is_none_has_all_wait_after_one_call_and_is_in_no_log(db) {
        let isp = with_number(&db.store).await;
        more_numbers(&isp, 2..6).await;
        down(&isp, "C-1").await;
        let api = GraphApi::start().await;
        let bad = api.delivery(&db.store, "EAAG-run-out", PATIENCE);
        let now = start() + 2 * MINUTE;
        assert_eq!(bad.deliver_once(now).await.unwrap(), Delivered::Away);
        assert_eq!(bad.deliver_once(now).await.unwrap(), Delivered::Nothing);
        assert_eq!(api.calls(), 1);
        let rows = messages(&isp).await;
        assert_eq!(rows.iter().map(|row| row.attempts).collect::<Vec<_>>(), [1, 0, 0, 0, 0]);
        for row in &rows {
            let why = row.last_error.as_deref().unwrap();
            assert_eq!(why, "190 Malformed access token [the token] (trace Az8or2)");
            assert_eq!(row.state, OutboxState::Queued);
        }
        let good = api.delivery(&db.store, TOKEN, PATIENCE);
        while good.deliver_once(now + MINUTE).await.unwrap() == Delivered::Sent {}
        assert_eq!(api.taken().len(), 5);
    }

    async fn a_limit_is_kept_to_for_as_long_as_the_provider_says_and_then_all_go(db) {
        let isp = with_number(&db.store).await;
        more_numbers(&isp, 2..6).await;
        down(&isp, "C-1").await;
        let api = GraphApi::start().await;
        api.allow(Some(2));
        let delivery = api.delivery(&db.store, TOKEN, PATIENCE);
        let now = start() + 2 * MINUTE;
        for expected in [Delivered::Sent, Delivered::Sent, Delivered::Away, Delivered::Nothing] {
            assert_eq!(delivery.deliver_once(now).await.unwrap(), expected);
        }
        // It said 90 s, which is more than one would wait after a first failure.
        assert_eq!(delivery.deliver_once(now + 89 * SECOND).await.unwrap(), Delivered::Nothing);
        assert_eq!(api.calls(), 3);
        api.allow(None);
        while delivery.deliver_once(now + 5 * MINUTE).await.unwrap() == Delivered::Sent {}
        assert_eq!((api.taken().len(), api.calls()), (5, 6), "each once");
    }

    async fn each_bad_answer_has_a_message_tried_again_and_none_is_lost(db) {
        let (isp, api, delivery) = one_due(&db.store, PATIENCE).await;
        let mut now = start() + 2 * MINUTE;
        let bad = [
            (Mood::Says("500 Internal Server Error", 131_000, ""), Delivered::Deferred, "131000"),
            (Mood::Says("503 Service Unavailable", 131_016, ""), Delivered::Away, "131016"),
            (Mood::Says("400 Bad Request", 131_056, ""), Delivered::Deferred, "131056"),
            (Mood::Gateway("407 Proxy Authentication Required"), Delivered::Away, "407: <html>"),
            (Mood::Gateway("503 Service Unavailable"), Delivered::Deferred, "503: <html>"),
        ];
        for (tries, (mood, expected, said)) in bad.into_iter().enumerate() {
            api.behave(&[mood]);
            assert_eq!(delivery.deliver_once(now).await.unwrap(), expected, "{mood:?}");
            let row = message(&isp).await;
            assert_eq!((row.state, row.attempts), (OutboxState::Queued, tries as i64 + 1), "{mood:?}");
            let error = row.last_error.unwrap();
            assert!(error.contains(said) && !error.contains(OUTBOX_DOUBT), "{mood:?}: {error}");
            assert!(row.next_at_ms > now);
            now = row.next_at_ms;
        }
        assert_eq!(delivery.deliver_once(now).await.unwrap(), Delivered::Sent);
        assert_eq!(api.taken().len(), 1);
    }

    async fn a_message_whose_answer_was_lost_waits_for_its_receipt_and_is_not_sent_again(db) {
        let (isp, api, delivery) = one_due(&db.store, PATIENCE).await;
        api.behave(&[Mood::TakesAndCloses]);
        let now = start() + 2 * MINUTE;
        assert_eq!(delivery.deliver_once(now).await.unwrap(), Delivered::Deferred);
        let row = message(&isp).await;
        assert!(row.last_error.as_ref().unwrap().contains(OUTBOX_DOUBT), "{row:?}");
        assert!(row.next_at_ms >= now + MINUTE, "a receipt needs time");
        let news = db.store.note_receipts(&[receipt(&row, "wamid.0000", ReceiptStatus::Delivered)]).await.unwrap();
        assert_eq!(news, 1);
        assert_eq!(delivery.deliver_once(now + DAY).await.unwrap(), Delivered::Nothing);
        let row = message(&isp).await;
        assert_eq!((row.state, row.receipt, row.provider_id.as_deref()),
            (OutboxState::Sent, Some(ReceiptStatus::Delivered), Some("wamid.0000")));
        assert!(row.answer.unwrap().contains("the answer was lost"));
        assert_eq!(api.taken().len(), 1);
    }

    // The provider does not know a message again; without a receipt nobody can know whether it has it.
    async fn without_a_receipt_it_is_sent_once_more_under_the_same_key_and_the_log_says_so(db) {
        let (isp, api, delivery) = one_due(&db.store, IMPATIENCE).await;
        api.behave(&[Mood::TakesAndHangs]);
        let now = start() + 2 * MINUTE;
        assert_eq!(delivery.deliver_once(now).await.unwrap(), Delivered::Deferred);
        assert!(message(&isp).await.last_error.unwrap().starts_with("no answer within 3 s"));
        api.behave(&[Mood::Says("500 Internal Server Error", 131_000, "")]);
        assert_eq!(delivery.deliver_once(now + HOUR).await.unwrap(), Delivered::Deferred);
        assert!(message(&isp).await.last_error.unwrap().contains(OUTBOX_DOUBT), "it is not forgotten");
        assert_eq!(delivery.deliver_once(now + 2 * HOUR).await.unwrap(), Delivered::Sent);
        let taken = api.taken();
        assert_eq!(taken.len(), 2);
        assert_eq!(taken[0].key, taken[1].key);
        let row = message(&isp).await;
        assert_eq!(row.answer.as_deref(), Some("200 wamid.0001; an earlier try may have arrived"));
        assert_eq!(row.provider_id.as_deref(), Some("wamid.0001"));
        // What is said of the first one is no longer said of this message.
        assert_eq!(db.store.note_receipts(&[receipt(&row, "wamid.0000", ReceiptStatus::Failed)]).await.unwrap(), 0);
    }

    async fn after_two_tries_without_a_word_a_person_decides(db) {
        let (isp, api, delivery) = one_due(&db.store, PATIENCE).await;
        api.behave(&[Mood::TakesAndCloses, Mood::TakesAndCloses]);
        let now = start() + 2 * MINUTE;
        assert_eq!(delivery.deliver_once(now).await.unwrap(), Delivered::Deferred);
        assert_eq!(delivery.deliver_once(now + HOUR).await.unwrap(), Delivered::Dead);
        let row = message(&isp).await;
        assert!(row.last_error.as_ref().unwrap().contains("not tried again by itself"), "{row:?}");
        assert_eq!(db.store.outbox_lost().await.unwrap(), 1);
        assert_eq!(delivery.deliver_once(now + DAY).await.unwrap(), Delivered::Nothing);
        // A receipt that comes late sets it right.
        db.store.note_receipts(&[receipt(&row, "wamid.0001", ReceiptStatus::Read)]).await.unwrap();
        assert_eq!(message(&isp).await.state, OutboxState::Sent);
        assert_eq!(db.store.outbox_lost().await.unwrap(), 0);
    }

    // What is behind a gateway may have taken it all the same.
    async fn an_answer_that_is_none_of_the_apis_leaves_it_open_and_it_is_sent_once_more(db) {
        let (isp, api, delivery) = one_due(&db.store, PATIENCE).await;
        let moods = [
            Mood::Gateway("200 OK"),
            Mood::Gateway("502 Bad Gateway"),
            Mood::Gateway("504 Gateway Timeout"),
            Mood::GatewayBreaksOff("500 Internal Server Error"),
        ];
        for (number, mood) in moods.into_iter().enumerate() {
            if number > 0 {
                down(&isp, &format!("C-{}", number + 1)).await;
            }
            api.behave(&[mood, mood]);
            let now = start() + 2 * MINUTE;
            assert_eq!(delivery.deliver_once(now).await.unwrap(), Delivered::Deferred, "{mood:?}");
            let row = messages(&isp).await.pop().unwrap();
            assert!(row.last_error.unwrap().contains(OUTBOX_DOUBT) && row.next_at_ms >= now + MINUTE, "{mood:?}");
            assert_eq!(delivery.deliver_once(now + HOUR).await.unwrap(), Delivered::Dead, "{mood:?}");
            assert_eq!(delivery.deliver_once(now + HOUR).await.unwrap(), Delivered::Nothing, "{mood:?}");
        }
        assert_eq!(api.calls(), 8);
    }

    async fn the_doubt_about_one_message_is_none_about_another(db) {
        let (isp, api, delivery) = one_due(&db.store, PATIENCE).await;
        let now = start() + 2 * MINUTE;
        api.behave(&[Mood::TakesAndCloses, Mood::Says("401 Unauthorized", 190, "")]);
        assert_eq!(delivery.deliver_once(now).await.unwrap(), Delivered::Deferred);
        down(&isp, "C-2").await;
        assert_eq!(delivery.deliver_once(now + HOUR).await.unwrap(), Delivered::Away);
        let doubts: Vec<bool> =
            messages(&isp).await.iter().map(|row| row.last_error.as_ref().unwrap().contains(OUTBOX_DOUBT)).collect();
        assert_eq!(doubts, [true, false]);
        assert_eq!(delivery.deliver_once(now + 2 * HOUR).await.unwrap(), Delivered::Sent);
        api.behave(&[Mood::TakesAndCloses]);
        assert_eq!(delivery.deliver_once(now + 2 * HOUR).await.unwrap(), Delivered::Deferred, "its first try");
    }

    async fn what_is_decided_during_a_pause_keeps_to_it(db) {
        let (isp, api, delivery) = one_due(&db.store, PATIENCE).await;
        api.allow(Some(0));
        let now = start() + 2 * MINUTE;
        assert_eq!(delivery.deliver_once(now).await.unwrap(), Delivered::Away);
        down(&isp, "C-2").await;
        assert_eq!(delivery.deliver_once(now + 89 * SECOND).await.unwrap(), Delivered::Nothing);
        assert_eq!(api.calls(), 1);
        api.allow(None);
        while delivery.deliver_once(now + 5 * MINUTE).await.unwrap() == Delivered::Sent {}
        assert_eq!(api.taken().len(), 2);
    }

    async fn the_end_is_not_told_before_the_beginning_that_still_waits(db) {
        let isp = with_number(&db.store).await;
        let mut engine = down(&isp, "C-1").await;
        let api = GraphApi::start().await;
        let delivery = api.delivery(&db.store, TOKEN, PATIENCE);
        up(&isp, &mut engine, "C-1").await;
        api.behave(&[Mood::Says("500 Internal Server Error", 131_000, "")]);
        let now = start() + 6 * MINUTE;
        assert_eq!(delivery.deliver_once(now).await.unwrap(), Delivered::Deferred);
        assert_eq!(delivery.deliver_once(now).await.unwrap(), Delivered::Nothing, "the end is due, and waits");
        // What is never told keeps nothing back.
        api.behave(&[Mood::Says("400 Bad Request", 131_026, "")]);
        assert_eq!(delivery.deliver_once(now + HOUR).await.unwrap(), Delivered::Dead);
        assert_eq!(delivery.deliver_once(now + HOUR).await.unwrap(), Delivered::Sent);
        assert_eq!(api.taken()[0].values[1], "C-1 is up again");
    }

    async fn an_alarm_does_not_wait_behind_reports(db) {
        let isp = Isp::new(&db.store).await;
        let edit = RuleEdit { to_client: Some(Some(true)), ..RuleEdit::default() };
        db.store.edit_notification_rule(isp.company, NotificationEvent::LinkDown, &edit, "test", 0).await.unwrap();
        let user = person(&db.store, "asha").await;
        db.store.set_whatsapp_opt_in(user, "+919800000003", true, event(0)).await.unwrap();
        let (begin, end) = (at(2026, 10, 1, 0, 0), at(2026, 11, 1, 0, 0));
        isp.link_up("C-8", begin, end).await;
        isp.close("2026-10", None, end + HOUR).await;
        assert_eq!(messages(&isp).await.len(), 1);
        down(&isp, "C-9").await;
        let api = GraphApi::start().await;
        let delivery = api.delivery(&db.store, TOKEN, PATIENCE);
        while delivery.deliver_once(start() + 2 * MINUTE).await.unwrap() == Delivered::Sent {}
        let told: Vec<String> = api.taken().into_iter().map(|message| message.values[1].clone()).collect();
        assert_eq!((told.len(), told[0].as_str()), (2, "C-9 is down"), "{told:?}");
    }

    async fn an_answer_that_breaks_off_after_its_status_is_an_answer(db) {
        let (isp, api, delivery) = one_due(&db.store, PATIENCE).await;
        api.behave(&[Mood::TakesAndBreaksOff]);
        let now = start() + 2 * MINUTE;
        assert_eq!(delivery.deliver_once(now).await.unwrap(), Delivered::Sent);
        assert_eq!(delivery.deliver_once(now + DAY).await.unwrap(), Delivered::Nothing);
        let row = message(&isp).await;
        assert!(row.answer.as_ref().unwrap().contains("the answer broke off") && row.provider_id.is_none(), "{row:?}");
        db.store.note_receipts(&[receipt(&row, "wamid.0000", ReceiptStatus::Delivered)]).await.unwrap();
        let row = message(&isp).await;
        assert_eq!((row.provider_id.as_deref(), row.receipt), (Some("wamid.0000"), Some(ReceiptStatus::Delivered)));
        assert_eq!(api.taken().len(), 1);
    }

    async fn a_process_that_dies_with_a_message_leaves_a_claim_that_says_so(db) {
        let isp = with_number(&db.store).await;
        down(&isp, "C-1").await;
        let api = GraphApi::start().await;
        api.behave(&[Mood::TakesAndHangs]);
        let now = start() + 2 * MINUTE;
        let dying = api.delivery(&db.store, TOKEN, PATIENCE);
        tokio::select! {
            _ = dying.deliver_once(now) => panic!("it hangs"),
            () = async { while api.taken().is_empty() { tokio::time::sleep(Duration::from_millis(5)).await } } => {}
        }
        let next = api.delivery(&db.store, TOKEN, PATIENCE);
        assert_eq!(next.deliver_once(now + SECOND).await.unwrap(), Delivered::Nothing, "it is claimed");
        assert_eq!(next.deliver_once(now + HOUR).await.unwrap(), Delivered::Sent);
        let taken = api.taken();
        assert_eq!((taken.len(), &taken[0].key), (2, &taken[1].key));
        assert!(message(&isp).await.answer.unwrap().ends_with("an earlier try may have arrived"));
    }

    async fn who_no_longer_agrees_is_not_written_to_even_if_the_message_waits(db) {
        let isp = Isp::new(&db.store).await;
        let edit = RuleEdit { to_client: Some(Some(true)), ..RuleEdit::default() };
        db.store.edit_notification_rule(isp.company, NotificationEvent::LinkDown, &edit, "test", 0).await.unwrap();
        let user = person(&db.store, "asha").await;
        db.store.set_whatsapp_opt_in(user, "+919800000003", true, event(0)).await.unwrap();
        down(&isp, "C-1").await;
        let api = GraphApi::start().await;
        let delivery = api.delivery(&db.store, TOKEN, PATIENCE);
        db.store.set_whatsapp_opt_in(user, "+919800000003", false, event(1)).await.unwrap();
        assert_eq!(delivery.deliver_once(start() + 2 * MINUTE).await.unwrap(), Delivered::Dead);
        assert_eq!(api.calls(), 0);
        assert!(message(&isp).await.last_error.unwrap().contains("no longer wants it"));
        // Nobody of another client agrees in their place.
        let other = db.store.insert_client(isp.company, "Other", 0).await.unwrap();
        let omar = db.store.insert_portal_user(other, "omar", "omar@other.example", "-", 0).await.unwrap();
        db.store.set_whatsapp_opt_in(omar, "+919800000003", true, event(2)).await.unwrap();
        db.store.outbox_retry_dead(start() + 3 * MINUTE).await.unwrap();
        assert_eq!(delivery.deliver_once(start() + 3 * MINUTE).await.unwrap(), Delivered::Dead);
        assert_eq!(api.calls(), 0);
    }

    async fn a_telephone_gets_one_message_with_the_result_of_all_links(db) {
        let isp = Isp::new(&db.store).await;
        let user = person(&db.store, "asha").await;
        db.store.set_whatsapp_opt_in(user, "+919800000003", true, event(0)).await.unwrap();
        let (begin, end) = (at(2026, 10, 1, 0, 0), at(2026, 11, 1, 0, 0));
        isp.link_up("C-1", begin, end).await;
        let broken = isp.link("C-2", begin).await;
        isp.line(broken, &[(begin, begin + DAY, Down), (begin + DAY, end, Up)]).await;
        isp.close("2026-10", None, end + HOUR).await;
        let api = GraphApi::start().await;
        let delivery = api.delivery(&db.store, TOKEN, PATIENCE);
        while delivery.deliver_once(end + 2 * HOUR).await.unwrap() == Delivered::Sent {}
        let values: Vec<Vec<String>> = api.taken().into_iter().map(|message| message.values).collect();
        let [values] = &values[..] else { panic!("one message: {values:?}") };
        assert_eq!(values[1], "SLA reports for October 2026");
        assert!(values[3].starts_with("Result: 1 breached, 1 met · Breached: C-2 96.774 %"), "{values:?}");
    }

    async fn news_of_reports_come_with_their_figures(db) {
        let isp = Isp::new(&db.store).await;
        isp.send_per_link().await;
        let user = person(&db.store, "asha").await;
        db.store.set_whatsapp_opt_in(user, "+919800000003", true, event(0)).await.unwrap();
        let (begin, end) = (at(2026, 10, 1, 0, 0), at(2026, 11, 1, 0, 0));
        isp.link_up("C-1", begin, end).await;
        let broken = isp.link("C-2", begin).await;
        isp.line(broken, &[(begin, begin + DAY, Down), (begin + DAY, end, Up)]).await;
        isp.close("2026-10", None, end + HOUR).await;
        let api = GraphApi::start().await;
        let delivery = api.delivery(&db.store, TOKEN, PATIENCE);
        while delivery.deliver_once(end + 2 * HOUR).await.unwrap() == Delivered::Sent {}
        let values: Vec<Vec<String>> = api.taken().into_iter().map(|message| message.values).collect();
        assert_eq!(values.len(), 2, "{values:?}");
        let breach = values.iter().find(|values| values[1].contains("missed its commitments")).expect("a breach");
        assert!(breach[3].contains("promised at least 99.50 %") && breach[3].contains("/client/sla-reports/"), "{breach:?}");
        assert!(values.iter().any(|values| values[1] == "Service level statement for October 2026"), "{values:?}");
        let states: Vec<OutboxState> = messages(&isp).await.iter().map(|row| row.state).collect();
        assert_eq!(states, [OutboxState::Sent; 2]);
    }

    // PostgreSQL looks at a row anew that another worker has just claimed; it must then see that it is claimed.
    async fn many_workers_send_none_twice(db) {
        let isp = Isp::new(&db.store).await;
        more_numbers(&isp, 10..34).await;
        down(&isp, "C-1").await;
        let api = GraphApi::start().await;
        let other = db.another().await;
        let workers: Vec<_> = (0..8).map(|place| {
            let store = if place % 2 == 0 { &db.store } else { &other };
            api.delivery(store, TOKEN, PATIENCE)
        }).collect();
        let drain = async |worker: &WhatsAppDelivery| {
            while worker.deliver_once(start() + 2 * MINUTE).await.unwrap() == Delivered::Sent {}
        };
        futures_util::future::join_all(workers.iter().map(drain)).await;
        while workers[0].deliver_once(start() + 2 * MINUTE).await.unwrap() == Delivered::Sent {}
        let taken = api.taken();
        let keys: BTreeSet<&str> = taken.iter().map(|message| message.key.as_str()).collect();
        assert_eq!((taken.len(), keys.len()), (24, 24));
        assert!(messages(&isp).await.iter().all(|row| row.attempts == 1));
        other.close().await;
    }
}

/// The loop that the binary runs: a number for which nobody answers has one message on its way, and the others get theirs.
#[tokio::test]
async fn a_number_that_hangs_holds_up_nobody() {
    let db = Db::new(false).await;
    let isp = with_number(&db.store).await;
    db.store.add_notification_recipient(isp.company, "+919800000002", "test", 0).await.unwrap();
    for circuit in ["C-1", "C-2", "C-3"] {
        let _: AlertEngine = down(&isp, circuit).await;
    }
    let api = GraphApi::start().await;
    api.ignore(NOC.trim_start_matches("whatsapp:"));
    let stop = CancellationToken::new();
    let ways = Ways { whatsapp: Some(api.delivery(&db.store, TOKEN, PATIENCE)), ..Ways::default() };
    let clock = Clock::new(|| start() + 2 * MINUTE);
    let running = Box::pin(jobs::run(db.store.clone(), clock, ways, stop.clone()));
    let all_there = async {
        while api.taken().len() < 3 || api.calls() < 4 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        () = running => panic!("nobody stopped it"),
        () = all_there => {}
        () = tokio::time::sleep(PATIENCE) => panic!("{} of 3", api.taken().len()),
    }
    assert_eq!(api.calls(), 4, "one message to the number that hangs");
    db.remove().await;
}

#[tokio::test]
async fn a_test_message_is_sent_past_the_outbox_and_nobody_there_is_certain() {
    let db = Db::new(false).await;
    let isp = with_number(&db.store).await;
    let api = GraphApi::start().await;
    let delivery = api.delivery(&db.store, TOKEN, PATIENCE);
    let answer = delivery.test("+919800000009", NotificationEvent::LinkDown, start()).await.unwrap();
    assert_eq!(answer, "200 wamid.0000");
    assert_eq!(api.taken()[0].values[1], "this is a test");
    assert!(messages(&isp).await.is_empty());
    let port = api.port;
    drop(api);
    down(&isp, "C-1").await;
    // Nobody listens there: nothing can have arrived.
    assert_eq!(delivery.deliver_once(start() + 2 * MINUTE).await.unwrap(), Delivered::Away, "port {port}");
    let row = message(&isp).await;
    assert!(!row.last_error.unwrap().contains(OUTBOX_DOUBT));
    db.remove().await;
}
