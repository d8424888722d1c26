//! Thirty routers die at once, fifty links flap and five windows of maintenance are open: who hears what, while the
//! engine is killed at every other moment and a second one looks at the same time.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::pin,
    task::Poll,
    time::{Duration, Instant},
};

use jobs::{AlertEngine, Delivered, Delivery};
use serde_json::Value;
use store::{AlertFilter, NotificationLogFilter, OutboxFilter, Store};

use crate::{
    database::{Db, on_both},
    deliver::{settings, smtp},
    mail_server::{MailServer, header},
    storm_play::{END_S, SECOND, Storm, expected_inboxes, expected_untold, next_s},
};

/// Kills at a moment that is chosen for them.
const KILLS: usize = 5;
/// Processes that send: a mail over a kept connection takes 40 ms, most of it waiting for an acknowledgement.
const SENDERS: usize = 6;

/// Draws that are the same in every run.
pub(crate) struct Draw(pub(crate) u64);

impl Draw {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Lets a pass go on until it has waited so often, and then drops it, as a kill would; whether it ended before.
async fn dropped_after<F: Future>(waits: u64, pass: F) -> bool {
    let mut left = waits;
    let is_time = move || {
        let is_time = left == 0;
        left = left.saturating_sub(1);
        is_time
    };
    dropped_when(is_time, pass).await
}

/// The same until something is so, which is asked before it goes on.
pub(crate) async fn dropped_when<F: Future>(mut is_time: impl FnMut() -> bool, pass: F) -> bool {
    let mut pass = pin!(pass);
    std::future::poll_fn(move |context| {
        if is_time() {
            return Poll::Ready(false);
        }
        match pass.as_mut().poll(context) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// One look, with whatever may befall the one who looks.
async fn look(db: &Db, other: &Store, engine: &mut AlertEngine, draw: &mut Draw, now_ms: i64) -> u32 {
    let store = &db.store;
    let mut cut = 0;
    match draw.below(6) {
        // Killed in the middle, several times, and started again.
        0 => {
            // With a process its connections die.
            let doomed = db.another().await;
            for _ in 0..KILLS {
                let waits = 1 + draw.below(40);
                let mut killed = AlertEngine::default();
                if !dropped_after(waits, killed.pass(&doomed, now_ms)).await {
                    cut += 1;
                }
            }
            doomed.close().await;
            *engine = AlertEngine::default();
        }
        // Two processes at once.
        1 | 2 => {
            let mut second = AlertEngine::default();
            let both = async { tokio::join!(engine.pass(store, now_ms), second.pass(other, now_ms)) };
            let (first, second) = Box::pin(both).await;
            first.unwrap();
            second.unwrap();
        }
        _ => {}
    }
    engine.pass(store, now_ms).await.unwrap();
    if draw.below(3) == 0 {
        let again = AlertEngine::default().pass(other, now_ms).await.unwrap();
        assert_eq!((again.alerts, again.messages, again.untold), (0, 0, 0), "what is decided stays decided");
    }
    cut
}

on_both! {
    async fn each_hears_what_it_must_once_whatever_happens_to_the_engine(db) {
        let storm = Storm::new(&db.store).await;
        let other = db.another().await;
        let folder = tempfile::tempdir().unwrap();
        let server = MailServer::start(folder.path());
        let delivery = || Delivery::new(db.store.clone(), smtp(server.port), settings());
        let senders: Vec<Delivery> = (0..SENDERS).map(|_| delivery()).collect();
        let mut engine = AlertEngine::default();
        let mut draw = Draw(2_026);
        let begun = Instant::now();
        let (mut cut, mut looks, mut longest) = (0, 0, Duration::ZERO);
        let (mut looking, mut sending) = (Duration::ZERO, Duration::ZERO);
        let mut now_s = 0;
        while now_s <= END_S {
            let now_ms = storm.start_ms + now_s * SECOND;
            storm.collect(&db.store, now_s).await;
            let look_begun = Instant::now();
            cut += look(db, &other, &mut engine, &mut draw, now_ms).await;
            longest = longest.max(look_begun.elapsed());
            looking += look_begun.elapsed();
            looks += 1;
            let send_begun = Instant::now();
            futures_util::future::join_all(senders.iter().map(async |sender| {
                while sender.deliver_once(now_ms).await.unwrap() == Delivered::Sent {}
            }))
            .await;
            sending += send_begun.elapsed();
            now_s = next_s(now_s);
        }
        let mails = server.mails();
        report(&format!(
            "{looks} looks in {looking:.1?} (longest {longest:.1?}), {cut} passes cut off, {} mails in {sending:.1?}; {:.1?}",
            mails.len(),
            begun.elapsed()
        ));
        assert!(cut > 20, "the kills must fall in the middle: {cut}");
        check_inboxes(&mails);
        check_threads(&mails);
        check_log(&db.store, mails.len()).await;
        let open = AlertFilter { open_only: true, ..AlertFilter::default() };
        assert_eq!(db.store.alerts(&open, 1_000).await.unwrap().len(), 0, "all is well again");
        other.close().await;
    }
}

#[expect(clippy::print_stdout, reason = "figures for whoever runs it")]
pub(crate) fn report(figures: &str) {
    println!("{figures}");
}

fn to(mail: &Value) -> String {
    mail["to"][0].as_str().unwrap().to_owned()
}

/// The beginning of a subject, without how long it took and whose it is.
fn what(mail: &Value) -> String {
    let subject = header(mail, "Subject");
    let end = [subject.find(" after "), subject.find(',')].into_iter().flatten().min();
    subject[..end.unwrap_or(subject.len())].to_owned()
}

fn check_inboxes(mails: &[Value]) {
    let mut inboxes: BTreeMap<(String, String), usize> = BTreeMap::new();
    for mail in mails {
        *inboxes.entry((to(mail), what(mail))).or_default() += 1;
    }
    let expected = expected_inboxes();
    let missing: Vec<_> = expected.iter().filter(|(key, count)| inboxes.get(key) != Some(count)).collect();
    let more: Vec<_> = inboxes.iter().filter(|(key, count)| expected.get(key) != Some(count)).collect();
    assert!(missing.is_empty() && more.is_empty(), "missing or differing: {missing:?}\nunexpected: {more:?}");
    assert_eq!(mails.len(), expected.values().sum::<usize>());
}

/// Every end answers the mail that told its beginning, in the same inbox, and came after it.
fn check_threads(mails: &[Value]) {
    let mut begun: BTreeMap<(String, String), String> = BTreeMap::new();
    let mut answers = 0;
    for mail in mails {
        let what = what(mail);
        let beginning = match what.split_once(": ").unwrap().0 {
            "UP" => Some("DOWN"),
            "STABLE" => Some("UNSTABLE"),
            "REACHABLE" => Some("UNREACHABLE"),
            "MONITORED AGAIN" => Some("NO CONTACT"),
            _ => None,
        };
        let Some(beginning) = beginning else {
            begun.insert((to(mail), header(mail, "Message-ID")), what);
            continue;
        };
        let answered = begun.get(&(to(mail), header(mail, "In-Reply-To")));
        let answered = answered.unwrap_or_else(|| panic!("{what} to {} answers nothing", to(mail)));
        assert!(answered.starts_with(beginning), "{what} answers {answered}");
        if beginning == "DOWN" {
            let name = |what: &str| what.split_once(": ").unwrap().1.to_owned();
            assert_eq!(name(&what), name(answered));
        }
        assert_eq!(header(mail, "References"), header(mail, "In-Reply-To"));
        answers += 1;
    }
    assert_eq!(answers, mails.len() / 2);
}

async fn check_log(store: &Store, mails: usize) {
    let log = store.notification_log(&NotificationLogFilter::default(), 100_000).await.unwrap();
    let mut untold: BTreeMap<(String, String, String), usize> = BTreeMap::new();
    for line in log.iter().filter(|line| line.outcome != "queued") {
        let key = (line.event.clone(), line.outcome.clone(), line.reason.clone().unwrap_or_default());
        *untold.entry(key).or_default() += 1;
    }
    assert_eq!(untold, expected_untold());
    let told: Vec<_> = log.iter().filter(|line| line.outcome == "queued").collect();
    assert_eq!(told.len(), mails);
    let sent =
        told.iter().filter(|line| line.state == Some(store::OutboxState::Sent) && line.answer.is_some());
    assert_eq!(sent.count(), mails, "each line says what became of its mail");
    assert_eq!(store.outbox_list(&OutboxFilter::default(), 100_000).await.unwrap().len(), mails);
}
