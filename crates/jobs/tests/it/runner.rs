//! The loop around it all, as the binary runs it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use jobs::{
    Caller, CallerSettings, Delivery, DeliverySettings, Graph, GraphSettings, Mailer, Templates, Ways,
    WebhookDelivery, WhatsAppDelivery,
};
use secrecy::SecretString;
use store::{Clock, OutboxState};
use tokio_util::sync::CancellationToken;

use crate::{
    database::Db,
    isp::{HOUR, Isp, at},
};

#[tokio::test]
async fn a_month_is_closed_and_told_of_and_a_stop_ends_it() {
    let db = Db::new(false).await;
    let isp = Isp::new(&db.store).await;
    let end = at(2026, 11, 1, 0, 0);
    isp.link_up("C-1", at(2026, 10, 1, 0, 0), end).await;
    let sent = Arc::new(Mutex::new(Vec::new()));
    let settings = DeliverySettings {
        from: "sla@isp.example".parse().unwrap(),
        public_url: None,
        limit: Duration::from_secs(30),
    };
    let delivery = Delivery::new(db.store.clone(), Mailer::Memory(Arc::clone(&sent)), settings);
    let stop = CancellationToken::new();
    let ways = Ways { mail: Some(delivery), ..Ways::default() };
    let running = jobs::run(db.store.clone(), Clock::new(move || end + HOUR), ways, stop.clone());
    let watching = async {
        loop {
            let mails = isp.mails().await;
            if mails.len() == 2 && mails.iter().all(|mail| mail.state == OutboxState::Sent) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.cancel();
    };
    let both = async { tokio::join!(Box::pin(running), watching) };
    tokio::time::timeout(Duration::from_secs(300), Box::pin(both)).await.expect("closed, told and stopped");
    assert_eq!(sent.lock().unwrap().len(), 2);
    db.remove().await;
}

#[tokio::test]
async fn without_a_mail_server_mail_waits_and_a_stop_is_heard_all_the_same() {
    let db = Db::new(false).await;
    let isp = Isp::new(&db.store).await;
    let end = at(2026, 11, 1, 0, 0);
    isp.link_up("C-1", at(2026, 10, 1, 0, 0), end).await;
    let stop = CancellationToken::new();
    let running = jobs::run(db.store.clone(), Clock::new(move || end + HOUR), Ways::default(), stop.clone());
    let watching = async {
        while isp.mails().await.len() < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.cancel();
    };
    let both = async { tokio::join!(Box::pin(running), watching) };
    tokio::time::timeout(Duration::from_secs(300), Box::pin(both)).await.expect("closed and stopped");
    assert!(isp.mails().await.iter().all(|mail| mail.state == OutboxState::Queued));
    db.remove().await;
}

/// What is cut off on its way may have arrived, and goes out once more.
#[tokio::test]
async fn a_stop_waits_longer_than_any_message_may_take() {
    let db = Db::new(false).await;
    let ways = |mail_s: u64, webhook_s: u64, whatsapp_s: u64| {
        let settings = DeliverySettings {
            from: "sla@isp.example".parse().unwrap(),
            public_url: None,
            limit: Duration::from_secs(mail_s),
        };
        let caller =
            CallerSettings { limit: Duration::from_secs(webhook_s), allow_private: false, ca_pem: None };
        let graph = GraphSettings {
            url: "http://127.0.0.1:9".to_owned(),
            phone_number_id: "1".to_owned(),
            token: SecretString::from("token".to_owned()),
            limit: Duration::from_secs(whatsapp_s),
            ca_pem: None,
        };
        let graph = Graph::new(graph).unwrap();
        Ways {
            mail: Some(Delivery::new(db.store.clone(), Mailer::Memory(Arc::default()), settings)),
            webhooks: Some(WebhookDelivery::new(db.store.clone(), Caller::new(caller).unwrap())),
            whatsapp: Some(WhatsAppDelivery::new(db.store.clone(), graph, Templates::default(), None)),
        }
    };
    for (mail_s, webhook_s, whatsapp_s) in [(30, 8, 15), (1, 60, 2), (1, 1, 60)] {
        let wait = ways(mail_s, webhook_s, whatsapp_s).stop_wait();
        let longest = Duration::from_secs((3 * mail_s).max(webhook_s).max(whatsapp_s));
        assert!(wait > longest, "{wait:?} are too short to send it and to note that");
        assert!(wait <= longest + Duration::from_secs(10), "{wait:?}");
    }
    assert_eq!(Ways::default().stop_wait(), Duration::ZERO);
    db.remove().await;
}
