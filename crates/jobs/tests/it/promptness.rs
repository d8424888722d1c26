//! From the confirmation of an outage to the mail server: five seconds by the clock that everybody is handed, whatever the
//! moments at which the loops of a process happen to look.

use std::collections::BTreeMap;

use jobs::{ALERT_INTERVAL, AlertEngine, Delivered, Delivery, OUTBOX_INTERVAL};
use sla::LinkState::{Down, Up};
use store::{NotificationEvent, OutboxState, Round, RoundOutcome};

use crate::{
    database::{Db, on_both},
    deliver::{settings, smtp},
    isp::{DAY, HOUR, Isp, at},
    mail_server::{MailServer, header},
    storm_play::latest,
};

const SECOND: i64 = 1_000;
/// Between two looks of the collector, of which two must agree.
const PROBE: i64 = 30 * SECOND;
/// What is promised.
const PROMISED: i64 = 5 * SECOND;
/// How finely the moments of the looks are moved against each other.
const GRAIN: i64 = 500;

/// The link goes down at `from`; the second look that sees it confirms it, and this is when.
async fn confirmed(isp: &Isp, engine: &mut AlertEngine, circuit: &str, from: i64) -> i64 {
    let link = isp.link_up(circuit, from - DAY, from - PROBE).await;
    let (first, second) = (from + PROBE / 2, from + PROBE / 2 + PROBE);
    // Somebody has been watching.
    for at in [from - PROBE / 2, first] {
        let mut round = Round::new(isp.router, at, RoundOutcome::Ok);
        round.latest.push(latest(link, at, Up, from - DAY));
        isp.store.write_round(&round).await.unwrap();
        engine.pass(&isp.store, at).await.unwrap();
    }
    isp.line(link, &[(from - PROBE, from, Up), (from, second, Down)]).await;
    let mut round = Round::new(isp.router, second, RoundOutcome::Ok);
    round.latest.push(latest(link, second, Down, from));
    isp.store.write_round(&round).await.unwrap();
    second
}

/// Looks as the loops of a process do, each at its own moments, until the mail is with the server; when that was.
async fn accepted(
    db: &Db,
    engine: &mut AlertEngine,
    sender: &Delivery,
    from: i64,
    (alert_phase, outbox_phase): (i64, i64),
) -> i64 {
    let is_time = |at: i64, phase: i64, every_ms: i64| at >= phase && (at - phase) % every_ms == 0;
    for at in (0..2 * PROMISED).step_by(GRAIN as usize) {
        // The sender looks first: what is decided in the same moment it must not have the luck to see.
        if is_time(at, outbox_phase, OUTBOX_INTERVAL.as_millis() as i64)
            && sender.deliver_once(from + at).await.unwrap() == Delivered::Sent
        {
            return from + at;
        }
        if is_time(at, alert_phase, ALERT_INTERVAL.as_millis() as i64) {
            engine.pass(&db.store, from + at).await.unwrap();
        }
    }
    panic!("no mail within {} s", 2 * PROMISED / SECOND);
}

on_both! {
    async fn a_mail_is_with_the_server_within_five_seconds_of_the_confirmation(db) {
        let isp = Isp::new(&db.store).await;
        db.store.add_notification_recipient(isp.company, "noc@isp.example", "test", 0).await.unwrap();
        isp.tell_alone(NotificationEvent::LinkDown).await;
        let mut engine = AlertEngine::default();
        let folder = tempfile::tempdir().unwrap();
        let server = MailServer::start(folder.path());
        let sender = Delivery::new(db.store.clone(), smtp(server.port), settings());
        let mut waited: BTreeMap<(i64, i64), i64> = BTreeMap::new();
        let (alerts, looks) = (ALERT_INTERVAL.as_millis() as i64, OUTBOX_INTERVAL.as_millis() as i64);
        let phases = (0..alerts).step_by(GRAIN as usize);
        let phases = phases.flat_map(|alert| (0..looks).step_by(GRAIN as usize).map(move |outbox| (alert, outbox)));
        for (number, phase) in phases.enumerate() {
            let from = at(2026, 11, 10, 12, 0) + number as i64 * HOUR;
            let circuit = format!("C-{number}");
            let confirmed_ms = confirmed(&isp, &mut engine, &circuit, from).await;
            let accepted_ms = accepted(db, &mut engine, &sender, confirmed_ms, phase).await;
            waited.insert(phase, accepted_ms - confirmed_ms);
            let row = isp.mails().await.pop().unwrap();
            // The store knows the same moment, and the server has this very mail.
            assert_eq!((row.state, row.sent_at_ms), (OutboxState::Sent, Some(accepted_ms)));
            let mail = server.mails().pop().unwrap();
            assert_eq!(header(&mail, "Message-ID"), row.message_id);
            assert!(header(&mail, "Subject").starts_with(&format!("DOWN: {circuit} ")), "{mail}");
        }
        let longest = waited.values().max().unwrap();
        assert!(*longest <= PROMISED, "{waited:?}");
        // Were it always at once, the looks would not have been moved against each other.
        assert!(*longest > PROMISED - 2 * SECOND && *waited.values().min().unwrap() < SECOND, "{waited:?}");
    }
}
