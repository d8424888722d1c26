//! Alerts that leave over HTTP, to receivers good and bad.

use std::{sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use jobs::{AlertEngine, Caller, CallerSettings, Delivered, WebhookDelivery};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use sla::LinkState::{Down, Up};
use store::{
    Clock, NotificationEvent, OutboxMail, OutboxState, Round, RoundOutcome, RuleEdit, Store, StoreError,
    WebhookId,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::{
    database::on_both,
    isp::{DAY, HOUR, Isp, MINUTE, at},
    receiver::{Manner, Received, Receiver},
    storm_play::latest,
};

const SECOND: i64 = 1_000;
const OK: Manner = Manner::Says("200 OK");
/// Longer than an answer takes on a busy machine, except in tests of receivers that never answer.
const PATIENCE: Duration = Duration::from_secs(300);
const IMPATIENCE: Duration = Duration::from_secs(5);

pub(crate) fn start() -> i64 {
    at(2026, 11, 10, 12, 0)
}

fn delivery(store: &Store, limit: Duration) -> WebhookDelivery {
    let settings = CallerSettings { limit, allow_private: true, ca_pem: None };
    WebhookDelivery::new(store.clone(), Caller::new(settings).unwrap())
}

async fn webhook(isp: &Isp, port: u16, events: &[NotificationEvent]) -> (WebhookId, SecretString) {
    let url = format!("http://127.0.0.1:{port}/hooks?for=leaseline");
    isp.store.insert_webhook(isp.company, &url, events, ("test", 0)).await.unwrap()
}

/// A link goes down at `start()` and is told, and comes back three minutes later, which is told as well.
pub(crate) async fn down(isp: &Isp, circuit: &str) -> AlertEngine {
    let link = isp.link_up(circuit, start() - DAY, start()).await;
    isp.line(link, &[(start(), start() + MINUTE, Down)]).await;
    let mut round = Round::new(isp.router, start() + MINUTE, RoundOutcome::Ok);
    round.latest.push(latest(link, start() + MINUTE, Down, start()));
    isp.store.write_round(&round).await.unwrap();
    let mut engine = AlertEngine::default();
    engine.pass(&isp.store, start() + MINUTE).await.unwrap();
    engine
}

pub(crate) async fn up(isp: &Isp, engine: &mut AlertEngine, circuit: &str) {
    let link = isp.store.link_by_circuit(circuit).await.unwrap().unwrap().id;
    let back = start() + 3 * MINUTE;
    isp.line(link, &[(start() + MINUTE, back, Down), (back, back + 2 * MINUTE, Up)]).await;
    let mut round = Round::new(isp.router, back + 2 * MINUTE, RoundOutcome::Ok);
    round.latest.push(latest(link, back + 2 * MINUTE, Up, back));
    isp.store.write_round(&round).await.unwrap();
    engine.pass(&isp.store, back + 2 * MINUTE).await.unwrap();
}

async fn calls(isp: &Isp) -> Vec<OutboxMail> {
    isp.mails().await.into_iter().filter(|mail| mail.recipient.starts_with("webhook:")).collect()
}

/// As a receiver checks it.
fn signature(secret: &SecretString, message: &Received) -> String {
    let key = BASE64_STANDARD.decode(secret.expose_secret().strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let (id, at) = (&message.headers["webhook-id"], &message.headers["webhook-timestamp"]);
    mac.update(format!("{id}.{at}.{}", message.body).as_bytes());
    format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

on_both! {
    async fn an_outage_and_its_end_arrive_signed_and_once(db) {
        let isp = Isp::new(&db.store).await;
        let receiver = Receiver::start(OK, None).await;
        let (_, secret) = webhook(&isp, receiver.port, &[]).await;
        // Mail is switched off: the webhook hears of it all the same.
        let edit = RuleEdit { by_mail: Some(Some(false)), ..RuleEdit::default() };
        db.store.edit_notification_rule(isp.company, NotificationEvent::LinkDown, &edit, "test", 0).await.unwrap();
        let mut engine = down(&isp, "C-1").await;
        up(&isp, &mut engine, "C-1").await;
        let now = start() + 6 * MINUTE;
        let delivery = delivery(&db.store, PATIENCE);
        for expected in [Delivered::Sent, Delivered::Sent, Delivered::Nothing] {
            assert_eq!(delivery.deliver_once(now).await.unwrap(), expected);
        }
        let received = receiver.received();
        let bodies: Vec<serde_json::Value> =
            received.iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect();
        for ((message, body), phase) in received.iter().zip(&bodies).zip(["raised", "over"]) {
            assert_eq!(message.path, "/hooks?for=leaseline");
            assert_eq!(message.headers["webhook-signature"], signature(&secret, message));
            assert_eq!(message.headers["webhook-timestamp"], (now / 1_000).to_string());
            assert_eq!((&body["type"], &body["phase"], &body["company"]), (&"link_down".into(), &phase.into(), &"Example Net".into()));
            assert_eq!((&body["data"]["about"], &body["data"]["client"]), (&"C-1".into(), &"Acme".into()));
            assert_eq!(body["data"]["since_ms"], start());
        }
        assert_eq!(bodies[0]["timestamp"], "2026-11-10T06:31:00Z");
        assert_eq!(bodies[1]["data"]["until_ms"], start() + 3 * MINUTE);
        assert_eq!(bodies[1]["data"]["answers"], received[0].headers["webhook-id"].as_str());
        let rows = calls(&isp).await;
        assert_eq!(rows.iter().map(|row| row.answer.as_deref()).collect::<Vec<_>>(), [Some("200 OK so it goes"); 2]);
        // The log knows what became of them.
        let log = db.store.notification_log(&Default::default(), 10).await.unwrap();
        let sent = log.iter().filter(|line| line.state == Some(OutboxState::Sent)).count();
        assert_eq!(sent, 2, "{log:?}");
    }

    async fn a_report_is_told_with_its_number_and_revision_to_those_who_hear_of_it(db) {
        let isp = Isp::new(&db.store).await;
        let receiver = Receiver::start(OK, None).await;
        let (all, _) = webhook(&isp, receiver.port, &[]).await;
        let url = format!("http://127.0.0.1:{}/deaf", receiver.port);
        isp.store.insert_webhook(isp.company, &url, &[NotificationEvent::LinkDown], ("test", 0)).await.unwrap();
        // Mail is switched off: the webhook hears of it all the same.
        let edit = RuleEdit { by_mail: Some(Some(false)), ..RuleEdit::default() };
        db.store.edit_notification_rule(isp.company, NotificationEvent::SlaBreach, &edit, "test", 0).await.unwrap();
        let (begin, end) = (at(2026, 10, 1, 0, 0), at(2026, 11, 1, 0, 0));
        let link = isp.link_up("C-1", begin, end).await;
        isp.line(link, &[(begin + DAY, begin + 3 * DAY, Down), (begin + 3 * DAY, end, Up)]).await;
        isp.close("2026-10", None, end + HOUR).await;
        let calls = calls(&isp).await;
        assert_eq!(calls.len(), 1, "{calls:?}");
        assert_eq!(isp.mails().await.len(), 1, "no mail");
        let delivery = delivery(&db.store, PATIENCE);
        assert_eq!(delivery.deliver_once(end + HOUR).await.unwrap(), Delivered::Sent);
        let body: serde_json::Value = serde_json::from_str(&receiver.received()[0].body).unwrap();
        assert_eq!((&body["type"], &body["phase"]), (&"sla_breach".into(), &"raised".into()));
        let data = &body["data"];
        assert_eq!((&data["about"], &data["client"], &data["month"]), (&"C-1".into(), &"Acme".into(), &"2026-10".into()));
        assert_eq!((&data["revision"], &data["verdict"]["overall"]), (&1.into(), &"breached".into()));
        assert_eq!(data["report_id"], calls[0].report_id.unwrap().0);
        assert_eq!(data["down_ms"], 2 * DAY);
        // Evidence that comes in late makes it another revision, which is told as well.
        isp.line(link, &[(begin + DAY, begin + 2 * DAY, Down), (begin + 2 * DAY, end, Up)]).await;
        isp.close("2026-10", Some("late evidence"), end + 2 * HOUR).await;
        assert_eq!(delivery.deliver_once(end + 2 * HOUR).await.unwrap(), Delivered::Sent);
        let body: serde_json::Value = serde_json::from_str(&receiver.received()[1].body).unwrap();
        assert_eq!((&body["data"]["revision"], &body["data"]["down_ms"]), (&2.into(), &DAY.into()));
        // Who does not tell of breaches tells no webhook of them.
        let edit = RuleEdit { enabled: Some(false), ..RuleEdit::default() };
        db.store.edit_notification_rule(isp.company, NotificationEvent::SlaBreach, &edit, "test", 0).await.unwrap();
        isp.line(link, &[(begin + DAY, begin + 3 * DAY, Down), (begin + 3 * DAY, end, Up)]).await;
        isp.close("2026-10", Some("once more"), end + 3 * HOUR).await;
        assert_eq!(delivery.deliver_once(end + 3 * HOUR).await.unwrap(), Delivered::Nothing);
        assert_eq!(receiver.received().len(), 2, "webhook {all} alone, twice");
    }

    async fn each_bad_receiver_has_its_message_tried_again_and_none_is_lost(db) {
        let isp = Isp::new(&db.store).await;
        let receiver = Receiver::start(OK, None).await;
        webhook(&isp, receiver.port, &[]).await;
        down(&isp, "C-1").await;
        let mut now = start() + 2 * MINUTE;
        let bad = [
            (Manner::Says("500 Internal Server Error"), PATIENCE, "500 Internal Server Error so it goes"),
            (Manner::Says("404 Not Found"), PATIENCE, "404 Not Found so it goes"),
            (Manner::Says("429 Too Many Requests"), PATIENCE, "429"),
            (Manner::LeadsOn, PATIENCE, "it leads on to an address at http://127.0.0.1:"),
            (Manner::Closes, PATIENCE, ""),
            (Manner::Hangs, IMPATIENCE, "no answer within"),
            (Manner::Drips, IMPATIENCE, "no answer within"),
        ];
        for (tries, (manner, limit, said)) in bad.into_iter().enumerate() {
            receiver.behave(manner);
            let delivered = delivery(&db.store, limit).deliver_once(now).await.unwrap();
            assert_eq!(delivered, Delivered::Deferred, "{manner:?}");
            let row = calls(&isp).await.remove(0);
            assert_eq!((row.state, row.attempts), (OutboxState::Queued, tries as i64 + 1), "{manner:?}");
            let error = row.last_error.unwrap();
            assert!(error.contains(said), "{manner:?}: {error}");
            assert!(row.next_at_ms > now);
            now = row.next_at_ms;
        }
        // An answer without an end is a good one: its status was said.
        receiver.behave(Manner::NeverEnds);
        assert_eq!(delivery(&db.store, PATIENCE).deliver_once(now).await.unwrap(), Delivered::Sent);
        let received = receiver.received();
        assert_eq!(received.len(), bad.len() + 1);
        assert!(received.iter().all(|message| message.path.starts_with("/hooks")), "a redirect was followed");
        let ids: std::collections::BTreeSet<&str> =
            received.iter().map(|message| message.headers["webhook-id"].as_str()).collect();
        assert_eq!(ids.len(), 1, "a receiver must know a message again");
    }

    async fn a_receiver_that_is_away_holds_up_neither_others_nor_mail(db) {
        let isp = Isp::new(&db.store).await;
        let away = Receiver::start(Manner::Hangs, None).await;
        let well = Receiver::start(OK, None).await;
        webhook(&isp, away.port, &[]).await;
        webhook(&isp, well.port, &[]).await;
        for circuit in ["C-1", "C-2", "C-3"] {
            down(&isp, circuit).await;
        }
        let now = start() + 2 * MINUTE;
        let delivery = delivery(&db.store, IMPATIENCE);
        let mut steps = 0;
        while delivery.deliver_once(now).await.unwrap() != Delivered::Nothing {
            steps += 1;
        }
        assert_eq!((steps, away.received().len(), well.received().len()), (4, 1, 3), "one try for the one that is away");
        let waiting = calls(&isp).await.into_iter().filter(|row| row.state == OutboxState::Queued);
        assert_eq!(waiting.map(|row| row.attempts).collect::<Vec<_>>(), [1, 0, 0]);
        away.behave(OK);
        while delivery.deliver_once(now + HOUR).await.unwrap() != Delivered::Nothing {}
        let of = |message: &Received| serde_json::from_str::<serde_json::Value>(&message.body).unwrap()["data"]["about"].to_string();
        let about: Vec<String> = away.received().iter().skip(1).map(of).collect();
        assert_eq!(about, ["\"C-1\"", "\"C-2\"", "\"C-3\""]);
    }

    async fn only_what_it_asked_for_only_while_it_is_there(db) {
        let isp = Isp::new(&db.store).await;
        let receiver = Receiver::start(OK, None).await;
        let (id, first) = webhook(&isp, receiver.port, &[NotificationEvent::HighLatency]).await;
        down(&isp, "C-1").await;
        assert!(calls(&isp).await.is_empty(), "it asked for another event");
        db.store.remove_webhook(id, ("test", 0)).await.unwrap();
        assert!(matches!(db.store.webhook_secret(id).await, Err(StoreError::NotFound { .. })));
        let (paused, secret) = webhook(&isp, receiver.port, &[NotificationEvent::LinkDown]).await;
        assert_ne!(first.expose_secret(), secret.expose_secret());
        down(&isp, "C-2").await;
        db.store.set_webhook_active(paused, false, ("test", 0)).await.unwrap();
        down(&isp, "C-3").await;
        let delivery = delivery(&db.store, PATIENCE);
        let now = start() + 2 * MINUTE;
        for expected in [Delivered::Dead, Delivered::Dead, Delivered::Nothing] {
            assert_eq!(delivery.deliver_once(now).await.unwrap(), expected);
        }
        let rows = calls(&isp).await;
        // The first outage goes on, and there is somebody to tell now.
        let about: Vec<_> = rows.iter().map(|row| row.payload["about"].as_str().unwrap()).collect();
        assert_eq!(about, ["C-1", "C-2"], "a paused one hears of nothing");
        assert_eq!(rows[0].last_error.as_deref(), Some("nothing was sent: the webhook was paused"));
        assert_eq!(db.store.outbox_lost().await.unwrap(), 0, "given up on purpose");
        db.store.set_webhook_active(paused, true, ("test", 0)).await.unwrap();
        assert!(db.store.outbox_retry(rows[0].id, now).await.unwrap());
        receiver.behave(Manner::Says("410 Gone"));
        assert_eq!(delivery.deliver_once(now).await.unwrap(), Delivered::Dead);
        assert!(delivery.test(paused, now).await.unwrap().is_err());
        receiver.behave(OK);
        assert_eq!(delivery.test(paused, now).await.unwrap().unwrap(), "200 OK so it goes");
        assert!(receiver.received().last().unwrap().body.contains(r#""type":"test""#));
        let renewed = db.store.renew_webhook_secret(paused, ("test", 0)).await.unwrap();
        delivery.test(paused, now).await.unwrap().unwrap();
        let last = receiver.received().pop().unwrap();
        assert_eq!(last.headers["webhook-signature"], signature(&renewed, &last));
        let told = format!("{:?}", db.store.audit_events(None, 50).await.unwrap());
        assert!(told.contains("webhook.add") && told.contains("webhook.remove") && !told.contains("whsec_"), "{told}");
        assert!(!told.contains("for=leaseline"), "addresses hold secrets");
    }

    async fn a_private_address_is_never_called_unless_it_is_allowed(db) {
        let isp = Isp::new(&db.store).await;
        let receiver = Receiver::start(OK, None).await;
        let settings = CallerSettings { limit: PATIENCE, allow_private: false, ca_pem: None };
        let careful = WebhookDelivery::new(db.store.clone(), Caller::new(settings).unwrap());
        for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "0"] {
            let url = format!("http://{host}:{}/", receiver.port);
            let (id, _) = db.store.insert_webhook(isp.company, &url, &[], ("test", 0)).await.unwrap_or_else(|_| {
                panic!("{url} is another spelling of one that is there")
            });
            let refused = careful.test(id, 0).await.unwrap().unwrap_err().to_string();
            assert!(refused.contains("is not a public address; webhook.allow_private"), "{host}: {refused}");
            db.store.remove_webhook(id, ("test", 0)).await.unwrap();
        }
        webhook(&isp, receiver.port, &[]).await;
        down(&isp, "C-1").await;
        assert_eq!(careful.deliver_once(start() + 2 * MINUTE).await.unwrap(), Delivered::Dead);
        assert_eq!(receiver.received().len(), 0);
    }

    async fn addresses_that_are_none_are_refused_with_what_to_do(db) {
        let isp = Isp::new(&db.store).await;
        let insert = |url: String| {
            let (store, company) = (db.store.clone(), isp.company);
            async move { store.insert_webhook(company, &url, &[], ("test", 0)).await.map(|added| added.0) }
        };
        for url in ["", "hooks.example.net", "ftp://hooks.example.net/", "https://", "https://u:p@hooks.example.net/",
            "https://hooks.example.net/#part", "file:///etc/passwd"] {
            let error = insert(url.to_owned()).await.unwrap_err();
            assert!(matches!(&error, StoreError::Invalid { .. }), "{url}: {error:?}");
        }
        let long = format!("https://hooks.example.net/{}", "x".repeat(2_000));
        assert!(matches!(insert(long).await, Err(StoreError::Invalid { .. })));
        insert("https://hooks.example.net".to_owned()).await.unwrap();
        let twice = insert("HTTPS://hooks.example.net:443/".to_owned()).await;
        assert!(matches!(twice, Err(StoreError::Duplicate { .. })), "{twice:?}");
        for n in 1..20 {
            insert(format!("https://hooks.example.net/{n}")).await.unwrap();
        }
        let error = insert("https://hooks.example.net/last".to_owned()).await.unwrap_err();
        assert!(error.to_string().contains("20 at most"), "{error}");
        let other = db.store.insert_company("Other", "UTC", "USD", 0).await.unwrap();
        assert!(db.store.webhooks(other).await.unwrap().is_empty());
        assert_eq!(db.store.webhooks(isp.company).await.unwrap().len(), 20);
    }
}

/// A process that dies after the receiver took a message: the next one sends it again, under the same id.
#[tokio::test]
async fn a_claim_that_nobody_finished_is_taken_up_again_under_the_same_id() {
    let db = crate::database::Db::new(false).await;
    let isp = Isp::new(&db.store).await;
    let receiver = Receiver::start(Manner::Hangs, None).await;
    webhook(&isp, receiver.port, &[]).await;
    down(&isp, "C-1").await;
    let now = start() + 2 * MINUTE;
    let dying = delivery(&db.store, PATIENCE);
    tokio::select! {
        _ = dying.deliver_once(now) => panic!("it hangs"),
        () = async { while receiver.received().is_empty() { tokio::time::sleep(Duration::from_millis(5)).await } } => {}
    }
    receiver.behave(OK);
    let next = delivery(&db.store, PATIENCE);
    assert_eq!(next.deliver_once(now + SECOND).await.unwrap(), Delivered::Nothing, "it is claimed");
    assert_eq!(next.deliver_once(now + HOUR).await.unwrap(), Delivered::Sent);
    let ids: Vec<String> =
        receiver.received().iter().map(|message| message.headers["webhook-id"].clone()).collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
    db.remove().await;
}

/// The loop that the binary runs, with a receiver that never answers and patience without end: the others do not wait.
#[tokio::test]
async fn a_receiver_that_hangs_has_one_message_on_its_way_and_others_get_all() {
    let db = crate::database::Db::new(false).await;
    let isp = Isp::new(&db.store).await;
    let hung = Receiver::start(Manner::Hangs, None).await;
    let well = Receiver::start(OK, None).await;
    webhook(&isp, hung.port, &[]).await;
    webhook(&isp, well.port, &[]).await;
    let circuits = ["C-1", "C-2", "C-3", "C-4"];
    for circuit in circuits {
        down(&isp, circuit).await;
    }
    let stop = CancellationToken::new();
    let webhooks = delivery(&db.store, PATIENCE);
    let clock = Clock::new(|| start() + 2 * MINUTE);
    let ways = jobs::Ways { webhooks: Some(webhooks), ..jobs::Ways::default() };
    let running = Box::pin(jobs::run(db.store.clone(), clock, ways, stop.clone()));
    let all_there = async {
        while well.received().len() < circuits.len() || hung.received().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        () = running => panic!("nobody stopped it"),
        () = all_there => {}
        () = tokio::time::sleep(PATIENCE) => panic!("{} of {}", well.received().len(), circuits.len()),
    }
    assert_eq!(hung.received().len(), 1);
    db.remove().await;
}

#[tokio::test]
async fn over_tls_the_certificate_must_be_one_that_is_trusted() {
    let db = crate::database::Db::new(false).await;
    let isp = Isp::new(&db.store).await;
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &ca).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .unwrap();
    let receiver = Receiver::start(OK, Some(TlsAcceptor::from(Arc::new(config)))).await;
    let url = format!("https://localhost:{}/", receiver.port);
    let (id, _) = db.store.insert_webhook(isp.company, &url, &[], ("test", 0)).await.unwrap();
    let error = delivery(&db.store, PATIENCE).test(id, 0).await.unwrap().unwrap_err().to_string();
    assert!(error.contains("certificate"), "{error}");
    assert_eq!(receiver.received().len(), 0);
    let settings =
        CallerSettings { limit: PATIENCE, allow_private: true, ca_pem: Some(ca.pem().into_bytes()) };
    let trusting = WebhookDelivery::new(db.store.clone(), Caller::new(settings).unwrap());
    trusting.test(id, 0).await.unwrap().expect("trusted");
    assert_eq!(receiver.received().len(), 1);
    db.remove().await;
}
