//! Processes that are killed at any moment while they look, decide and send by every way at once: nothing is lost, and what
//! arrives twice was on its way at a kill and can be known again.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use jobs::{
    AlertEngine, Caller, CallerSettings, Delivered, Delivery, Mailer, SentMail, WebhookDelivery,
    WhatsAppDelivery,
};
use sla::LinkState::{Down, Up};
use store::{
    LinkId, NotificationEvent, OutboxMail, OutboxState, Receipt, ReceiptStatus, Round, RoundOutcome,
    RuleEdit, Store,
};

use crate::{
    database::{Db, on_both},
    deliver::settings,
    graph_api::{GraphApi, TOKEN},
    isp::{DAY, Isp, MINUTE, at},
    receiver::{Manner, Receiver},
    storm::{Draw, dropped_when, report},
    storm_play::latest,
};

const SECOND: i64 = 1_000;
/// Between two moments at which something is done.
const STEP: i64 = 20 * SECOND;
/// So long there are kills: more than the longest claim.
const STEPS: i64 = 30;
const LINKS: usize = 6;
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(300);
/// Claims last for a call's limit and half a minute, so that some run out while the storm goes on.
const LIMIT: Duration = Duration::from_secs(20);
const NUMBERS: [&str; 2] = ["+919800000001", "+919800000002"];
/// Processes that die at one moment, one after the other.
const KILLS: usize = 5;
/// A process that dies somewhere lives for so many wake-ups at most.
const WAKES: u64 = 80;
/// One that dies as a message arrives dies with one of the first so many.
const ARRIVALS: u64 = 4;
/// So many messages at least must be on their way when a process dies, or the kills fall where nothing happens.
const CUT_OFF_MIN: usize = 10;

fn start() -> i64 {
    at(2026, 11, 10, 12, 0)
}

struct Place<'a> {
    db: &'a Db,
    isp: Isp,
    links: Vec<LinkId>,
    mails: Arc<Mutex<Vec<SentMail>>>,
    hooks: [Receiver; 2],
    api: GraphApi,
}

impl<'a> Place<'a> {
    /// Six links, three people, two webhooks and two telephones that hear of them.
    async fn new(db: &'a Db) -> Self {
        let isp = Isp::new(&db.store).await;
        db.store.add_notification_recipient(isp.company, "noc@isp.example", "test", 0).await.unwrap();
        for number in NUMBERS {
            db.store.add_notification_recipient(isp.company, number, "test", 0).await.unwrap();
        }
        let edit =
            RuleEdit { to_client: Some(Some(true)), clear_after_s: Some(Some(0)), ..RuleEdit::default() };
        let event = NotificationEvent::LinkDown;
        isp.tell_alone(event).await;
        db.store.edit_notification_rule(isp.company, event, &edit, "test", 0).await.unwrap();
        let mut hooks = Vec::new();
        for _ in 0..2 {
            let hook = Receiver::start(Manner::Says("200 OK"), None).await;
            let url = format!("http://127.0.0.1:{}/", hook.port);
            db.store.insert_webhook(isp.company, &url, &[], ("test", 0)).await.unwrap();
            hooks.push(hook);
        }
        let mut links = Vec::new();
        for number in 0..LINKS {
            links.push(isp.link_up(&format!("C-{number}"), start() - DAY, start()).await);
        }
        let [first, second] = hooks.try_into().unwrap_or_else(|_| panic!("there are two"));
        let api = GraphApi::start().await;
        Self { db, isp, links, mails: Arc::default(), hooks: [first, second], api }
    }

    /// What the collector writes: each link goes down and comes back, one after the other.
    async fn collect(&self, step: i64) {
        let now = start() + step * STEP;
        let mut round = Round::new(self.isp.router, now, RoundOutcome::Ok);
        for (number, &link) in self.links.iter().enumerate() {
            let (from, to) = (start() + number as i64 * STEP, start() + (12 + number as i64) * STEP);
            if now == from + STEP {
                self.isp.line(link, &[(from, now, Down)]).await;
            } else if now == to + STEP {
                self.isp.line(link, &[(from + STEP, to, Down), (to, now, Up)]).await;
            }
            // Each edge is confirmed one look later.
            round.latest.push(match now {
                _ if now <= from => latest(link, now, Up, start() - DAY),
                _ if now <= to => latest(link, now, Down, from),
                _ => latest(link, now, Up, to),
            });
        }
        self.db.store.write_round(&round).await.unwrap();
    }

    /// What a process does in a moment: it looks, and sends what is due by every way at once.
    async fn work(&self, store: &Store, now_ms: i64) {
        AlertEngine::default().pass(store, now_ms).await.unwrap();
        let mail = Delivery::new(store.clone(), Mailer::Memory(Arc::clone(&self.mails)), settings());
        let settings = CallerSettings { limit: LIMIT, allow_private: true, ca_pem: None };
        let webhooks = WebhookDelivery::new(store.clone(), Caller::new(settings).unwrap());
        let whatsapp: WhatsAppDelivery = self.api.delivery(store, TOKEN, LIMIT);
        let is_on = |delivered| !matches!(delivered, Delivered::Nothing | Delivered::Away);
        tokio::join!(
            async { while is_on(mail.deliver_once(now_ms).await.unwrap()) {} },
            async { while is_on(webhooks.deliver_once(now_ms).await.unwrap()) {} },
            async { while is_on(whatsapp.deliver_once(now_ms).await.unwrap()) {} },
        );
    }

    /// What arrived anywhere, by the name under which its receiver knows it again, and how often.
    fn arrived(&self) -> BTreeMap<String, usize> {
        let mails = self.mails.lock().unwrap();
        let of_mail = mails.iter().map(|mail| mail.message_id.trim_matches(['<', '>']).to_owned());
        let hooks = self.hooks.iter().flat_map(Receiver::received);
        let of_hooks = hooks.map(|message| message.headers["webhook-id"].clone());
        let of_phones = self.api.taken().into_iter().map(|message| message.key);
        let mut arrived = BTreeMap::new();
        for name in of_mail.chain(of_hooks).chain(of_phones) {
            *arrived.entry(name).or_insert(0) += 1;
        }
        arrived
    }

    fn arrivals(&self) -> usize {
        self.arrived().values().sum()
    }

    /// Those on their way when nobody is at work: whoever had them was killed.
    async fn on_their_way(&self) -> BTreeSet<String> {
        let rows = self.isp.mails().await;
        rows.iter().filter(|row| row.state == OutboxState::Sending).map(name).collect()
    }

    /// What the provider tells of all that it took.
    async fn tell_receipts(&self, now_ms: i64) {
        let receipt = |taken: crate::graph_api::Taken| Receipt {
            provider_id: taken.id,
            key: Some(taken.key),
            status: ReceiptStatus::Delivered,
            at_ms: now_ms,
            reason: None,
        };
        let receipts: Vec<Receipt> = self.api.taken().into_iter().map(receipt).collect();
        self.db.store.note_receipts(&receipts).await.unwrap();
    }
}

/// How long a process lives: for so many wake-ups, and until so many messages have arrived.
fn life(draw: &mut Draw) -> (u64, u64) {
    match draw.below(3) {
        0 => (2 + draw.below(WAKES), u64::from(u32::MAX)),
        _ => (u64::MAX, 1 + draw.below(ARRIVALS)),
    }
}

fn name(row: &OutboxMail) -> String {
    row.message_id.trim_matches(['<', '>']).to_owned()
}

/// A storm with kills; `with_receipts`: what the provider took, it tells of before the next moment.
async fn storm(db: &Db, seed: u64, with_receipts: bool) {
    let place = Place::new(db).await;
    let mut draw = Draw(seed);
    let mut cut_off = BTreeSet::new();
    let mut kills = 0;
    for step in 0..STEPS {
        let now = start() + step * STEP;
        place.collect(step).await;
        // With a process its connections die.
        let (doomed, other) = (db.another().await, db.another().await);
        let lives: Vec<(u64, u64)> = (0..KILLS).map(|_| life(&mut draw)).collect();
        let killed = async {
            let mut kills = 0;
            for (mut wakes, arrivals) in lives {
                let arrived = place.arrivals() + arrivals as usize;
                let is_time = || {
                    wakes = wakes.saturating_sub(1);
                    // Whoever took the message has it, and its answer has not been read.
                    wakes == 0 || place.arrivals() >= arrived
                };
                kills += usize::from(!dropped_when(is_time, Box::pin(place.work(&doomed, now))).await);
            }
            doomed.close().await;
            kills
        };
        kills += if draw.below(3) == 0 {
            let both = async { tokio::join!(killed, place.work(&other, now)) };
            tokio::time::timeout(PATIENCE, Box::pin(both)).await.expect("it ends").0
        } else {
            killed.await
        };
        other.close().await;
        cut_off.append(&mut place.on_their_way().await);
        if with_receipts {
            place.tell_receipts(now).await;
        }
    }
    assert!(kills > STEPS as usize / 2, "the kills must fall in the middle: {kills}");
    // Whoever comes after has all the time that claims and waits need.
    let mut now = start() + STEPS * STEP;
    for _ in 0..20 {
        Box::pin(place.work(&db.store, now)).await;
        now += MINUTE;
    }
    check(&place, &cut_off, with_receipts).await;
}

async fn check(place: &Place<'_>, cut_off: &BTreeSet<String>, with_receipts: bool) {
    let rows = place.isp.mails().await;
    // Down and up of each link: to the operations, two people, two webhooks and two telephones.
    assert_eq!(rows.len(), LINKS * 2 * 7);
    let keys: BTreeSet<(String, String, bool)> = rows
        .iter()
        .map(|row| {
            let about = row.payload["about"].as_str().unwrap().to_owned();
            (about, row.recipient.clone(), row.payload["until_ms"].is_null())
        })
        .collect();
    assert_eq!(keys.len(), rows.len(), "each is told once of each");
    let unsent: Vec<_> = rows.iter().filter(|row| row.state != OutboxState::Sent).collect();
    assert!(unsent.is_empty(), "{unsent:?}");
    let arrived = place.arrived();
    let names: BTreeSet<String> = rows.iter().map(name).collect();
    assert_eq!(arrived.keys().cloned().collect::<BTreeSet<_>>(), names, "all arrived, under their own names");
    let twice: Vec<_> = arrived.iter().filter(|(_, times)| **times > 1).collect();
    report(&format!(
        "{} messages, {} on their way at a kill, {} came twice",
        rows.len(),
        cut_off.len(),
        twice.len()
    ));
    assert!(cut_off.len() >= CUT_OFF_MIN, "the kills must fall on messages: {}", cut_off.len());
    for (name, times) in &twice {
        assert!(cut_off.contains(*name), "{name} came {times} times and was on its way at no kill");
    }
    let phones: BTreeSet<String> =
        rows.iter().filter(|row| row.recipient.starts_with("whatsapp:")).map(name).collect();
    if with_receipts {
        let twice: Vec<_> = twice.iter().filter(|(name, _)| phones.contains(*name)).collect();
        assert!(twice.is_empty(), "a receipt keeps a message from coming twice: {twice:?}");
    }
}

on_both! {
    async fn whenever_processes_die_nothing_is_lost_and_what_comes_twice_is_known_again(db) {
        Box::pin(storm(db, 2_027, false)).await;
    }

    async fn a_receipt_keeps_a_telephone_from_ringing_twice(db) {
        Box::pin(storm(db, 77, true)).await;
    }
}
