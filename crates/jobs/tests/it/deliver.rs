//! The way from the outbox to a mail server, with a clock that the test turns.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use jobs::{Delivered, Delivery, DeliverySettings, Mailer, SentMail, Smtp, SmtpSettings, SmtpTls};
use sla::LinkState::{Down, Up};
use store::{CompanyEdit, OutboxState, Store};

use crate::{
    database::{Db, on_both},
    isp::{DAY, HOUR, Isp, MINUTE, at},
    mail_server::{MailServer, header},
};

const END: (i16, i8, i8, i8, i8) = (2026, 11, 1, 0, 0);

fn end() -> i64 {
    at(END.0, END.1, END.2, END.3, END.4)
}

pub(crate) fn settings() -> DeliverySettings {
    DeliverySettings {
        from: "sla@isp.example".parse().unwrap(),
        public_url: Some("https://portal.isp.example".to_owned()),
        limit: Duration::from_secs(20),
    }
}

pub(crate) fn smtp(port: u16) -> Mailer {
    let settings = SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port,
        tls: SmtpTls::Off,
        login: None,
        timeout: Duration::from_secs(20),
        hello: None,
    };
    Mailer::Smtp(Box::new(Smtp::new(settings).unwrap()))
}

fn memory(store: &Store) -> (Delivery, Arc<Mutex<Vec<SentMail>>>) {
    let sent = Arc::new(Mutex::new(Vec::new()));
    (Delivery::new(store.clone(), Mailer::Memory(Arc::clone(&sent)), settings()), sent)
}

/// A company with a month closed for two links: one kept its contract, one did not; four mails wait.
async fn with_mails(db: &Db) -> Isp {
    let isp = Isp::new(&db.store).await;
    isp.send_per_link().await;
    let start = at(2026, 10, 1, 0, 0);
    isp.link_up("C-1", start, end()).await;
    let broken = isp.link("C-2", start).await;
    isp.line(broken, &[(start, start + DAY, Down), (start + DAY, end(), Up)]).await;
    isp.close("2026-10", None, end() + HOUR).await;
    assert_eq!(isp.mails().await.len(), 4);
    isp
}

/// Without the PDF, whose making is not what a test is about.
async fn without_pdf(isp: &Isp) {
    let edit = CompanyEdit { attach_pdf: Some(false), ..CompanyEdit::default() };
    isp.store.edit_company(isp.company, &edit, "test", 0).await.unwrap();
}

async fn states(isp: &Isp) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for mail in isp.mails().await {
        *counts.entry(mail.state.as_str()).or_default() += 1;
    }
    counts
}

on_both! {
    async fn every_mail_goes_out_once_with_its_report(db) {
        let isp = with_mails(db).await;
        let (delivery, sent) = memory(&db.store);
        let now = end() + 2 * HOUR;
        for _ in 0..4 {
            assert_eq!(delivery.deliver_once(now).await.unwrap(), Delivered::Sent);
        }
        assert_eq!(delivery.deliver_once(now).await.unwrap(), Delivered::Nothing);
        let sent = sent.lock().unwrap().clone();
        let rows = isp.mails().await;
        for (mail, row) in sent.iter().zip(&rows) {
            assert_eq!((&mail.to, &mail.message_id), (&row.recipient, &row.message_id));
            assert_eq!((row.state, row.attempts, row.sent_at_ms), (OutboxState::Sent, 1, Some(now)));
            let text = String::from_utf8(mail.bytes.clone()).unwrap();
            assert!(text.contains("application/pdf"), "{text}");
            let circuit = if row.kind == "sla_breach" { "C-2" } else { "C-1" };
            assert!(text.contains(&format!("filename=\"SLA-{circuit}-2026-10.pdf\"")), "{text}");
            assert!(text.contains("From: \"Example Net\" <sla@isp.example>"), "{text}");
        }
    }

    async fn a_company_may_write_under_its_own_address_and_without_the_pdf(db) {
        let isp = with_mails(db).await;
        let edit = CompanyEdit {
            attach_pdf: Some(false),
            mail_from: Some(Some("reports@brand.example")),
            support_email: Some(Some("help@brand.example")),
            ..CompanyEdit::default()
        };
        db.store.edit_company(isp.company, &edit, "test", 0).await.unwrap();
        let (delivery, sent) = memory(&db.store);
        delivery.deliver_once(end() + 2 * HOUR).await.unwrap();
        let text = String::from_utf8(sent.lock().unwrap()[0].bytes.clone()).unwrap();
        assert!(text.contains("<reports@brand.example>") && text.contains("Reply-To: help@brand.example"), "{text}");
        assert!(!text.contains("application/pdf"), "{text}");
    }

    async fn a_server_that_is_away_for_an_hour_delays_mail_and_loses_none(db) {
        let isp = with_mails(db).await;
        without_pdf(&isp).await;
        let folder = tempfile::tempdir().unwrap();
        let port = MailServer::start(folder.path()).port;
        let delivery = Delivery::new(db.store.clone(), smtp(port), settings());
        let mut now = end() + 2 * HOUR;
        let mut tries = 0;
        while now < end() + 3 * HOUR {
            match delivery.deliver_once(now).await.unwrap() {
                Delivered::Away => tries += 1,
                Delivered::Nothing => {}
                other => panic!("{other:?} while nobody is there"),
            }
            now += 5_000;
        }
        assert!((8..60).contains(&tries), "{tries} connections in an hour");
        assert_eq!(states(&isp).await, BTreeMap::from([("queued", 4)]));
        assert!(isp.mails().await[0].last_error.as_ref().unwrap().contains("cannot be reached"));

        let server = MailServer::on_port(folder.path(), port);
        while now < end() + 3 * HOUR + 20 * MINUTE {
            while delivery.deliver_once(now).await.unwrap() == Delivered::Sent {}
            now += 5_000;
        }
        assert_eq!(states(&isp).await, BTreeMap::from([("sent", 4)]));
        let arrived: Vec<(String, String)> = server
            .mails()
            .iter()
            .map(|mail| (mail["to"][0].as_str().unwrap().to_owned(), header(mail, "Message-ID")))
            .collect();
        let expected: BTreeSet<_> =
            isp.mails().await.into_iter().map(|row| (row.recipient, row.message_id)).collect();
        assert_eq!(arrived.len(), 4, "each once");
        assert_eq!(arrived.into_iter().collect::<BTreeSet<_>>(), expected);
    }

    async fn a_recipient_that_is_refused_is_given_up_at_once_and_keeps_nobody_back(db) {
        let isp = Isp::new(&db.store).await;
        without_pdf(&isp).await;
        db.store.insert_portal_user(isp.client, "nobody", "nobody@acme.example", "-", 0).await.unwrap();
        isp.link_up("C-1", at(2026, 10, 1, 0, 0), end()).await;
        isp.close("2026-10", None, end() + HOUR).await;
        let folder = tempfile::tempdir().unwrap();
        let server = MailServer::start(folder.path());
        let delivery = Delivery::new(db.store.clone(), smtp(server.port), settings());
        while delivery.deliver_once(end() + 2 * HOUR).await.unwrap() != Delivered::Nothing {}
        assert_eq!(states(&isp).await, BTreeMap::from([("dead", 1), ("sent", 2)]));
        let dead = isp.mails().await.into_iter().find(|mail| mail.state == OutboxState::Dead).unwrap();
        assert_eq!(dead.recipient, "nobody@acme.example");
        assert!(dead.last_error.unwrap().contains("550 5.1.1 no such user"), "the server's own words");
        assert_eq!(server.mails().len(), 2);
    }

    async fn after_three_days_mail_is_given_up_until_a_person_has_it_tried_again(db) {
        let isp = with_mails(db).await;
        without_pdf(&isp).await;
        let folder = tempfile::tempdir().unwrap();
        let port = MailServer::start(folder.path()).port;
        let delivery = Delivery::new(db.store.clone(), smtp(port), settings());
        let mut now = end() + HOUR;
        while states(&isp).await.contains_key("queued") {
            delivery.deliver_once(now).await.unwrap();
            now += 5 * MINUTE;
            assert!(now < end() + 5 * DAY, "never given up");
        }
        assert!(now > end() + 2 * DAY + 20 * HOUR, "given up too early: {} h", (now - end()) / HOUR);
        assert_eq!(delivery.deliver_once(now + 10 * DAY).await.unwrap(), Delivered::Nothing);

        let server = MailServer::on_port(folder.path(), port);
        assert_eq!(db.store.outbox_retry_dead(now).await.unwrap(), 4);
        while delivery.deliver_once(now).await.unwrap() == Delivered::Sent {}
        assert_eq!(server.mails().len(), 4);
    }

    async fn what_a_killed_process_had_claimed_goes_out_when_its_claim_has_run_out(db) {
        let isp = with_mails(db).await;
        without_pdf(&isp).await;
        let (delivery, sent) = memory(&db.store);
        let now = end() + 2 * HOUR;
        let claimed = db.store.claim_outbox(now, 65_000, 1).await.unwrap().remove(0);
        while delivery.deliver_once(now + 1).await.unwrap() == Delivered::Sent {}
        assert_eq!(sent.lock().unwrap().len(), 3, "the claimed one is somebody else's");
        assert_eq!(delivery.deliver_once(now + 64_999).await.unwrap(), Delivered::Nothing);
        assert_eq!(delivery.deliver_once(now + 65_000).await.unwrap(), Delivered::Sent);
        assert_eq!(sent.lock().unwrap()[3].message_id, claimed.message_id);
        assert_eq!(states(&isp).await, BTreeMap::from([("sent", 4)]));
    }

    async fn two_workers_share_the_mail_and_send_none_twice(db) {
        let isp = Isp::new(&db.store).await;
        isp.send_per_link().await;
        without_pdf(&isp).await;
        let start = at(2026, 10, 1, 0, 0);
        for number in 0..20 {
            isp.link_up(&format!("C-{number:02}"), start, end()).await;
        }
        isp.close("2026-10", None, end() + HOUR).await;
        let other_store = db.another().await;
        let ((one, first), (two, second)) = (memory(&db.store), memory(&other_store));
        let drain = async |delivery: &Delivery| {
            while delivery.deliver_once(end() + 2 * HOUR).await.unwrap() == Delivered::Sent {}
        };
        tokio::join!(drain(&one), drain(&two));
        let (first, second) = (first.lock().unwrap().clone(), second.lock().unwrap().clone());
        let ids: BTreeSet<_> = first.iter().chain(&second).map(|mail| mail.message_id.clone()).collect();
        assert_eq!((first.len() + second.len(), ids.len()), (40, 40));
        other_store.close().await;
    }

    async fn a_kind_that_nobody_can_write_is_given_up_and_named(db) {
        let isp = with_mails(db).await;
        let delivery = memory(&db.store).0;
        let report = isp.mails().await[0].report_id.unwrap();
        let frozen = db.store.report(report).await.unwrap();
        let inputs = db.store.report_inputs(report).await.unwrap().to_bytes();
        let mail = store::NewMail {
            kind: "telegram".to_owned(),
            recipient: "x@y.example".to_owned(),
            payload: serde_json::Value::Null,
        };
        let new = store::NewReport {
            link_id: frozen.link_id,
            client_id: frozen.client_id,
            reason: "test",
            statement: &frozen.statement,
            inputs,
            digest: "0".repeat(64),
            facts: frozen.facts.clone(),
            created_by: "test",
            mails: vec![mail],
            news: &[],
        };
        db.store.write_reports(&[new], end() + HOUR).await.unwrap();
        without_pdf(&isp).await;
        while delivery.deliver_once(end() + 2 * HOUR).await.unwrap() != Delivered::Nothing {}
        let dead = isp.mails().await.into_iter().find(|mail| mail.state == OutboxState::Dead).unwrap();
        assert!(dead.last_error.unwrap().contains("telegram"));
    }
}
