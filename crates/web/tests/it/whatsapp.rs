//! Receipts from WhatsApp, and the number that a person enters on the profile.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use store::{OutboxFilter, OutboxMail, OutboxState, ReceiptStatus, StaffRole, StaffScope};
use web::{Access, ReceiptSettings, Settings, routes};

use crate::ledger;
use crate::portal::{self, Answer, Portal, plain, portals, portals_with};
use crate::staff::{on_duty, save};

const HOOK: &str = "/hooks/whatsapp";
const SECRET: &str = "the app's secret";
const WORD: &str = "a word of our choice";

fn with_receipts() -> Settings {
    let receipts =
        ReceiptSettings { app_secret: SECRET.to_owned().into(), verify_token: WORD.to_owned().into() };
    Settings { whatsapp_receipts: Some(receipts), sends_whatsapp: true, ..plain() }
}

fn signature(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let digits: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={digits}")
}

async fn say(portal: &Portal, body: &str, signature: Option<String>) -> Answer {
    let mut request = Request::post(HOOK).header("content-type", "application/json");
    if let Some(signature) = signature {
        request = request.header("x-hub-signature-256", signature);
    }
    portal.browser().send(request, Body::from(body.to_owned())).await
}

async fn told(portal: &Portal, body: &Value) -> StatusCode {
    let body = body.to_string();
    say(portal, &body, Some(signature(SECRET, &body))).await.status
}

fn status(id: &str, key: Option<&str>, status: &str, at_s: i64) -> Value {
    let mut about =
        json!({ "id": id, "status": status, "timestamp": at_s.to_string(), "recipient_id": "919800000001" });
    if let Some(key) = key {
        about["biz_opaque_callback_data"] = key.into();
    }
    if status == "failed" {
        about["errors"] = json!([{ "code": 131_026, "title": "Message undeliverable",
            "error_data": { "details": "The number is not on WhatsApp" } }]);
    }
    about
}

/// As Meta wraps it.
fn wrapped(statuses: &[Value]) -> Value {
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{ "field": "messages", "value": {
        "messaging_product": "whatsapp", "metadata": { "phone_number_id": "104523" }, "statuses": statuses } }] }] })
}

/// A message that was taken as `wamid.1`.
async fn sent(portal: &Portal) -> OutboxMail {
    ledger::write_report_with_mail(portal, portal.mine, "2026-10", "whatsapp:+919800000001").await;
    let mail = message(portal).await;
    portal.store.claim_whatsapp(portal.now_ms(), 60_000, 1).await.unwrap();
    portal.store.outbox_accepted(mail.id, "wamid.1", portal.now_ms(), "200 wamid.1").await.unwrap();
    message(portal).await
}

async fn message(portal: &Portal) -> OutboxMail {
    let mails = portal.store.outbox_list(&OutboxFilter::default(), 10).await.unwrap();
    mails.into_iter().find(|mail| mail.recipient.starts_with("whatsapp:")).unwrap()
}

#[tokio::test]
async fn a_receipt_is_believed_if_it_is_signed_and_says_something_new() {
    for portal in portals_with(with_receipts()).await {
        let mail = sent(&portal).await;
        assert_eq!((mail.state, mail.receipt), (OutboxState::Sent, None));
        let at_s = portal.now_ms() / 1_000;
        let delivered = wrapped(&[status("wamid.1", None, "delivered", at_s)]);
        let body = delivered.to_string();
        for bad in [
            None,
            Some(String::new()),
            Some("sha256=00".to_owned()),
            Some(signature("another", &body)),
            Some(signature(SECRET, &format!("{body} "))),
            Some(signature(SECRET, &body).replace("sha256=", "sha1=")),
        ] {
            let answer = say(&portal, &body, bad.clone()).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{bad:?}");
        }
        assert_eq!(message(&portal).await.receipt, None, "what is not signed says nothing");
        assert_eq!(told(&portal, &delivered).await, StatusCode::OK);
        assert_eq!(message(&portal).await.receipt, Some(ReceiptStatus::Delivered));
        // Late, twice, out of order, about others' messages, or of kinds that nobody knows.
        let rest = [
            status("wamid.1", None, "sent", at_s),
            status("wamid.1", None, "failed", at_s),
            status("wamid.1", None, "delivered", at_s + 1),
            status("wamid.77", Some("nobody@leaseline"), "failed", at_s),
            status("wamid.1", None, "warning", at_s),
            json!({ "id": 7 }),
            json!("nonsense"),
        ];
        assert_eq!(told(&portal, &wrapped(&rest)).await, StatusCode::OK);
        let after = message(&portal).await;
        assert_eq!(
            (after.state, after.receipt, after.receipt_at_ms),
            (OutboxState::Sent, Some(ReceiptStatus::Delivered), Some(at_s * 1_000))
        );
        let mut read = wrapped(&[json!("nonsense"), status("wamid.1", None, "read", at_s)]);
        let changes = read["entry"][0]["changes"].as_array_mut().unwrap();
        let odd = [json!("x"), json!(7), json!([1]), json!(true), json!(null)];
        changes.splice(0..0, odd.map(|value| json!({ "value": value })));
        assert_eq!(told(&portal, &read).await, StatusCode::OK, "one that makes no sense keeps no other back");
        assert_eq!(message(&portal).await.receipt, Some(ReceiptStatus::Read));
        for other in [
            json!({}),
            json!({ "entry": [] }),
            json!({ "entry": [{ "changes": [{ "value": { "messages": [{ "from": "1" }] } }] }] }),
        ] {
            assert_eq!(told(&portal, &other).await, StatusCode::OK, "{other}");
        }
        for nonsense in ["", "{", "7", "\u{0}"] {
            let answer = say(&portal, nonsense, Some(signature(SECRET, nonsense))).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{nonsense:?}");
        }
    }
}

#[tokio::test]
async fn a_message_that_was_not_delivered_is_given_up_with_the_reason_and_may_be_tried_again() {
    for portal in portals_with(with_receipts()).await {
        let mail = sent(&portal).await;
        let key = mail.message_id.trim_matches(['<', '>']);
        let at_s = portal.now_ms() / 1_000;
        assert_eq!(
            told(&portal, &wrapped(&[status("wamid.1", Some(key), "failed", at_s)])).await,
            StatusCode::OK
        );
        let mail = message(&portal).await;
        assert_eq!(
            (mail.state, mail.receipt, mail.answer),
            (OutboxState::Dead, Some(ReceiptStatus::Failed), None)
        );
        let why = mail.last_error.unwrap();
        assert_eq!(
            why,
            "it was taken, and not delivered: 131026 Message undeliverable: The number is not on WhatsApp"
        );
        assert_eq!(portal.store.outbox_lost().await.unwrap(), 1);
        assert!(portal.store.outbox_retry(mail.id, portal.now_ms()).await.unwrap());
        portal.store.claim_whatsapp(portal.now_ms(), 60_000, 1).await.unwrap();
        // Its receipt is quicker than its answer.
        let quick = wrapped(&[status("wamid.2", Some(key), "delivered", at_s)]);
        assert_eq!(told(&portal, &quick).await, StatusCode::OK);
        portal.store.outbox_accepted(mail.id, "wamid.2", portal.now_ms(), "200 wamid.2").await.unwrap();
        let mail = message(&portal).await;
        assert_eq!(
            (mail.state, mail.receipt, mail.provider_id.as_deref()),
            (OutboxState::Sent, Some(ReceiptStatus::Delivered), Some("wamid.2"))
        );
        // What is said again of the first try is no longer about this message.
        assert_eq!(
            told(&portal, &wrapped(&[status("wamid.1", Some(key), "failed", at_s)])).await,
            StatusCode::OK
        );
        assert_eq!(message(&portal).await.state, OutboxState::Sent);
    }
}

#[tokio::test]
async fn meta_hears_its_word_back_if_it_knows_ours() {
    for portal in portals_with(with_receipts()).await {
        let ask = async |query: &str| portal.browser().get(&format!("{HOOK}?{query}")).await;
        let word = WORD.replace(' ', "+");
        let good = format!("hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={word}");
        let answer = ask(&good).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "1158201444"));
        assert!(answer.header("content-type").starts_with("text/plain"));
        for bad in [
            String::new(),
            good.replace("subscribe", "other"),
            good.replace(&word, "guess"),
            good.replace(&word, ""),
            good.replace("1158201444", "%3Cscript%3E"),
            good.replace("1158201444", &"1".repeat(300)),
        ] {
            let answer = ask(&bad).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{bad}");
            assert!(!answer.body.contains("1158201444"));
        }
    }
}

/// Every route that another program is to sign for: without a signature nothing happens, whoever is logged in; where it is
/// not set up, there is nothing.
#[tokio::test]
async fn what_is_to_be_signed_is_nothing_without_a_signature() {
    let signed: Vec<_> = routes().into_iter().filter(|route| route.access == Access::Signed).collect();
    assert_eq!(signed.len(), 2);
    for (settings, expected) in [(with_receipts(), StatusCode::FORBIDDEN), (plain(), StatusCode::NOT_FOUND)] {
        for portal in portals_with(settings).await {
            let mut browser = portal.logged_in().await;
            let events = portal.store.audit_events(None, 100).await.unwrap().len();
            for route in &signed {
                let answer = crate::walk::ask(&mut browser, route, route.path).await;
                assert_eq!(answer.status, expected, "{} {}", route.method, route.path);
                assert_eq!(answer.header("x-content-type-options"), "nosniff");
            }
            assert_eq!(portal.store.audit_events(None, 100).await.unwrap().len(), events);
        }
    }
}

/// Meta repeats what is refused, the whole of it, for days.
#[tokio::test]
async fn what_cannot_be_read_keeps_no_receipt_back() {
    for portal in portals_with(with_receipts()).await {
        sent(&portal).await;
        let mut body = wrapped(&[status("wamid.1", None, "read", portal.now_ms() / 1_000)]);
        body["entry"][0]["changes"].as_array_mut().unwrap().insert(0, json!("odd"));
        let entries = body["entry"].as_array_mut().unwrap();
        entries.insert(0, json!({ "id": "2", "changes": { "field": "messages" } }));
        entries.insert(0, json!(["odd"]));
        assert_eq!(told(&portal, &body).await, StatusCode::OK);
        assert_eq!(message(&portal).await.receipt, Some(ReceiptStatus::Read));
    }
}

#[tokio::test]
async fn receipts_have_room_for_a_thousand_and_no_more_than_meta_sends() {
    let portal = portals_with(with_receipts()).await.remove(0);
    sent(&portal).await;
    let at_s = portal.now_ms() / 1_000;
    let mut many: Vec<Value> =
        (0..2_500).map(|number| status(&format!("wamid.x{number}"), None, "read", at_s)).collect();
    many.push(status("wamid.1", None, "read", at_s));
    assert_eq!(told(&portal, &wrapped(&many)).await, StatusCode::OK);
    assert_eq!(message(&portal).await.receipt, Some(ReceiptStatus::Read));
    let large = format!("{}{}", " ".repeat(3 << 20), wrapped(&[]));
    let answer = say(&portal, &large, Some(signature(SECRET, &large))).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_person_enters_a_number_agrees_and_takes_it_back() {
    for portal in portals_with(with_receipts()).await {
        let mut browser = portal.logged_in().await;
        let user = portal.store.portal_user_by_username("asha").await.unwrap().unwrap().0.id;
        let page = browser.get("/client/profile").await.body;
        assert!(page.contains("name=\"phone\"") && !page.contains("Agreed on"), "{page}");
        for (form, problem) in [
            ("phone=98123+45678&agrees=on", "country"),
            ("phone=&agrees=on", "Enter the number"),
            ("phone=%3Cb%3Ex&agrees=on", "country"),
        ] {
            let answer = browser.post("/client/profile/whatsapp", form).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
            assert!(answer.body.contains(problem), "{form}: {}", answer.body);
            assert!(answer.body.contains("id=\"agrees\" name=\"agrees\" checked"), "nothing typed is lost");
            assert!(!answer.body.contains("<b>x"), "{}", answer.body);
        }
        let kept = browser.post("/client/profile/whatsapp", "phone=98123+45678&agrees=on").await.body;
        assert!(kept.contains("value=\"98123 45678\""), "nothing typed is lost: {kept}");
        assert_eq!(portal.store.whatsapp_opt_in(user).await.unwrap(), store::WhatsAppOptIn::default());
        let answer = browser.post("/client/profile/whatsapp", "phone=%2B91+98123-45678&agrees=on").await;
        assert_eq!(answer.header("location"), "/client/profile?said=whatsapp");
        let opted = portal.store.whatsapp_opt_in(user).await.unwrap();
        assert_eq!((opted.phone.as_deref(), opted.since_ms), (Some("+919812345678"), Some(portal.now_ms())));
        assert!(browser.get("/client/profile?said=whatsapp").await.body.contains("Agreed on 2026-11-23"));
        portal.pass(portal::MINUTE_MS);
        browser.post("/client/profile/whatsapp", "phone=%2B919812345678").await;
        let opted = portal.store.whatsapp_opt_in(user).await.unwrap();
        assert_eq!((opted.phone.as_deref(), opted.since_ms), (Some("+919812345678"), None));
        let events = portal.store.audit_events(None, 10).await.unwrap();
        let of_phone: Vec<_> = events.iter().filter(|event| event.event.action == "whatsapp").collect();
        assert_eq!(of_phone.len(), 2, "{events:?}");
        assert_eq!(of_phone[0].event.detail["before"]["since_ms"], portal::NOW_MS);
        assert!(of_phone[0].event.detail["after"]["since_ms"].is_null());
        // Somebody else's choice is somebody else's.
        let omar = portal.store.portal_user_by_username("omar").await.unwrap().unwrap().0.id;
        assert_eq!(portal.store.whatsapp_opt_in(omar).await.unwrap(), store::WhatsAppOptIn::default());
    }
}

#[tokio::test]
async fn where_nothing_is_sent_by_whatsapp_nobody_is_asked_and_who_agreed_can_take_it_back() {
    for portal in portals().await {
        let mut browser = portal.logged_in().await;
        assert!(!browser.get("/client/profile").await.body.contains("name=\"phone\""));
        browser.post("/client/profile/whatsapp", "phone=%2B919812345678&agrees=on").await;
        assert!(browser.get("/client/profile").await.body.contains("value=\"+919812345678\""));
        browser.post("/client/profile/whatsapp", "phone=").await;
        assert!(!browser.get("/client/profile").await.body.contains("name=\"phone\""));
    }
}

#[tokio::test]
async fn staff_see_which_way_a_message_went_and_that_it_was_read() {
    for portal in portals_with(with_receipts()).await {
        let mail = sent(&portal).await;
        let at_s = portal.now_ms() / 1_000;
        assert_eq!(told(&portal, &wrapped(&[status("wamid.1", None, "read", at_s)])).await, StatusCode::OK);
        let mut vera = on_duty(&portal, "vera", StaffRole::Viewer, StaffScope::All).await;
        let listed = vera.get("/staff/deliveries?channel=whatsapp").await.body;
        assert!(listed.contains("WhatsApp +919800000001") && listed.contains(">Read<"), "{listed}");
        assert!(!vera.get("/staff/deliveries?channel=mail").await.body.contains("+919800000001"));
        let page = vera.get(&format!("/staff/deliveries/{}", mail.id)).await.body;
        for part in ["MINE-1 missed its commitments", "200 wamid.1", "Receipt", "Availability:"] {
            assert!(page.contains(part), "{part}: {page}");
        }
        let file = vera.get("/staff/deliveries.csv?channel=whatsapp").await.body;
        assert!(file.contains("whatsapp,\"whatsapp:+919800000001\",read,1"), "{file}");
    }
}

#[tokio::test]
async fn numbers_stand_beside_addresses_in_the_forms_of_staff() {
    for portal in portals_with(with_receipts()).await {
        let mut adam = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        let address = format!("/staff/notifications/{}/operations", portal.company);
        let answer = save(&mut adam, &address, "operations=98000+00001").await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains(">98000 00001</textarea>"), "nothing typed is lost: {}", answer.body);
        let form = "operations=noc%40isp.example%0D%0A%2B91+98000-00001%0D%0Awhatsapp%3A%2B919800000001";
        let answer = save(&mut adam, &address, form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let list = portal.store.notification_recipients(portal.company).await.unwrap();
        assert_eq!(list, ["noc@isp.example", "whatsapp:+919800000001"]);
        assert!(adam.get(&address).await.body.contains("whatsapp:+919800000001"));
    }
}
