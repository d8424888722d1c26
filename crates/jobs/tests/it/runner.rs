//! The loop around it all, as the binary runs it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use jobs::{Delivery, DeliverySettings, Mailer, Ways};
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
