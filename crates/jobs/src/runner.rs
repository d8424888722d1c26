use std::{error::Error, time::Duration};

use futures_util::{StreamExt, future::join_all, stream::FuturesUnordered};
use store::{Clock, ClockVerdict, FailureNotice, Heartbeat, OutboxMail, Part, Store, StoreError};
use tokio::{
    sync::{Notify, watch},
    time::MissedTickBehavior,
};
use tokio_util::sync::CancellationToken;

use crate::closing_gate::ClosingGate;
use crate::outbox_notes::NOTING_MAX;
use crate::{AlertEngine, Delivered, Delivery, Schedule, WebhookDelivery, WhatsAppDelivery};

/// Time between two passes of housekeeping and of the schedule.
const PASS_INTERVAL: Duration = Duration::from_secs(60);
/// Time between two looks at what may have to be told: together with the outbox's own it keeps a message from the collector
/// to the mail server within five seconds, also where the roles run in several processes.
pub const ALERT_INTERVAL: Duration = Duration::from_secs(2);
/// Time between two looks into an outbox in which nothing was due.
pub const OUTBOX_INTERVAL: Duration = Duration::from_secs(3);
/// Calls of webhooks on their way at once.
const CALLS_MAX: usize = 16;
/// WhatsApp messages on their way at once: at a quarter of a second each some thirty a second, where a number may send eighty.
const MESSAGES_MAX: usize = 8;
/// Pause after the mail server was away or the database failed.
const PAUSE: Duration = Duration::from_secs(5);
/// Pause of a connection that the mail server did not take beside the others.
const CROWDED_PAUSE: Duration = Duration::from_secs(30);

/// Works until `stop`: housekeeping and the schedule each minute, alerts every two seconds, mail as soon as there is some. A part that fails is
/// logged and tried again; the database or the mail server may be away for a while, and nothing is lost by waiting.
///
/// What would leave by a way that there is not stays in the outbox until there is one.
pub async fn run(store: Store, clock: Clock, ways: Ways, stop: CancellationToken) {
    let news = News::default();
    let send_mail = async {
        let Some(mail) = &ways.mail else { return stop.cancelled().await };
        deliver_mail(mail, &clock, &news.mail, &stop).await;
        mail.close().await;
    };
    let call = async {
        let Some(webhooks) = &ways.webhooks else { return stop.cancelled().await };
        side_by_side(webhooks, CALLS_MAX, &clock, &news.webhooks, &stop).await;
    };
    let message = async {
        let Some(whatsapp) = &ways.whatsapp else { return stop.cancelled().await };
        side_by_side(whatsapp, MESSAGES_MAX, &clock, &news.whatsapp, &stop).await;
    };
    tokio::join!(
        keep_house(&store, &clock, &stop),
        close_months(&store, &clock, &news, &stop),
        watch(&store, &clock, &news, &stop),
        send_mail,
        call,
        message
    );
}

/// The ways out of the outbox.
#[derive(Debug, Default)]
pub struct Ways {
    /// The mail server.
    pub mail: Option<Delivery>,
    /// Webhooks.
    pub webhooks: Option<WebhookDelivery>,
    /// WhatsApp.
    pub whatsapp: Option<WhatsAppDelivery>,
}

impl Ways {
    /// How long a stop has to wait so that what is on its way can end and be noted. What is cut off may have arrived, and
    /// goes out once more: by mail and to webhooks under the id that it had, by WhatsApp as a message of its own.
    ///
    /// A mail is written, the server is called, and then it is handed over: a limit for each.
    pub fn stop_wait(&self) -> Duration {
        let limits = [
            self.mail.as_ref().map(Delivery::longest),
            self.webhooks.as_ref().map(WebhookDelivery::limit),
            self.whatsapp.as_ref().map(WhatsAppDelivery::limit),
        ];
        let longest = limits.into_iter().flatten().max();
        longest.map_or(Duration::ZERO, |limit| limit + NOTING_MAX)
    }
}

/// A way on which messages to different recipients do not wait for each other.
trait SideBySide {
    async fn claim(&self, now_ms: i64, limit: usize) -> Result<Vec<OutboxMail>, StoreError>;
    async fn deliver(&self, mail: &OutboxMail, now_ms: i64) -> Result<Delivered, StoreError>;
}

macro_rules! side_by_side {
    ($way:ty) => {
        impl SideBySide for $way {
            async fn claim(&self, now_ms: i64, limit: usize) -> Result<Vec<OutboxMail>, StoreError> {
                <$way>::claim(self, now_ms, limit).await
            }

            async fn deliver(&self, mail: &OutboxMail, now_ms: i64) -> Result<Delivered, StoreError> {
                <$way>::deliver(self, mail, now_ms).await
            }
        }
    };
}

side_by_side!(WebhookDelivery);
side_by_side!(WhatsAppDelivery);

/// Wakes those who send when something was put into the outbox.
#[derive(Debug, Default)]
struct News {
    /// Counts: every connection hears of it.
    mail: watch::Sender<u64>,
    webhooks: Notify,
    whatsapp: Notify,
}

impl News {
    fn tell(&self) {
        self.mail.send_modify(|count| *count += 1);
        self.webhooks.notify_one();
        self.whatsapp.notify_one();
    }
}

async fn keep_house(store: &Store, clock: &Clock, stop: &CancellationToken) {
    let mut ticks = ticks(PASS_INTERVAL);
    let failure = FailureNotice::default();
    while next(&mut ticks, stop).await {
        // What is removed because it is old must be old by a time that has been checked.
        if clock.state().verdict == ClockVerdict::Checking {
            continue;
        }
        // What is under way at a stop is dropped: its transaction leaves nothing, and the next pass begins there.
        let result = tokio::select! {
            () = stop.cancelled() => return,
            result = crate::run_once(store, clock.now_ms()) => result,
        };
        match result {
            Ok(outcome) => {
                if failure.works().is_some() {
                    tracing::info!("housekeeping works again");
                }
                tracing::debug!(?outcome, "housekeeping done");
            }
            Err(error) if failure.fails() => {
                let error = &error as &dyn Error;
                tracing::warn!(error, "housekeeping failed, it is tried again every minute");
            }
            Err(_) => {}
        }
    }
}

async fn close_months(store: &Store, clock: &Clock, news: &News, stop: &CancellationToken) {
    let mut schedule = Schedule::default();
    let mut gate = ClosingGate::default();
    let mut ticks = ticks(PASS_INTERVAL);
    let failure = FailureNotice::default();
    while next(&mut ticks, stop).await {
        let now_ms = clock.now_ms();
        match store.clock_health(now_ms).await {
            Ok(health) if gate.opens(clock.state().verdict, &health) => {}
            Ok(_) => continue,
            Err(error) => {
                tracing::debug!(error = &error as &dyn Error, "how the clock stands cannot be read");
                continue;
            }
        }
        let result = tokio::select! {
            () = stop.cancelled() => return,
            result = schedule.close_due(store, now_ms) => result,
        };
        match result {
            Ok(outcome) => {
                if failure.works().is_some() {
                    tracing::info!("months are closed again");
                }
                if outcome.closed + outcome.revised > 0 {
                    tracing::info!(closed = outcome.closed, revised = outcome.revised, "months closed");
                } else {
                    tracing::debug!(?outcome, "no month is due");
                }
                if outcome.closed + outcome.revised + outcome.messages > 0 {
                    news.tell();
                }
            }
            Err(error) if failure.fails() => {
                let error = &error as &dyn Error;
                tracing::warn!(error, "closing months failed, it is tried again every minute");
            }
            Err(_) => {}
        }
    }
}

async fn watch(store: &Store, clock: &Clock, news: &News, stop: &CancellationToken) {
    let mut engine = AlertEngine::default();
    let mut ticks = ticks(ALERT_INTERVAL);
    let mut heartbeat = Heartbeat::new(Part::Jobs);
    let failure = FailureNotice::default();
    while next(&mut ticks, stop).await {
        let result = tokio::select! {
            () = stop.cancelled() => return,
            result = engine.pass(store, clock.now_ms()) => result,
        };
        match result {
            Ok(outcome) => {
                if outcome.messages > 0 {
                    tracing::info!(messages = outcome.messages, "alerts put into the outbox");
                    news.tell();
                }
                if failure.works().is_some() {
                    tracing::info!("alerts are watched again");
                }
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = heartbeat.beat(store, clock.now_ms()) => {}
                }
            }
            Err(error) if failure.fails() => {
                let error = &error as &dyn Error;
                tracing::warn!(error, "alerts cannot be watched, it is tried again every two seconds");
            }
            Err(_) => {}
        }
    }
}

/// Sends up to `at_once` messages side by side until `stop`, one at a time to each recipient. Those on their way are not
/// dropped by a stop: they may have arrived already.
async fn side_by_side(
    way: &impl SideBySide,
    at_once: usize,
    clock: &Clock,
    news: &Notify,
    stop: &CancellationToken,
) {
    let mut calls = FuturesUnordered::new();
    let database = FailureNotice::default();
    loop {
        if !stop.is_cancelled() && calls.len() < at_once {
            match way.claim(clock.now_ms(), at_once - calls.len()).await {
                Ok(claimed) => calls.extend(claimed.into_iter().map(|call| {
                    let now_ms = clock.now_ms();
                    async move { way.deliver(&call, now_ms).await }
                })),
                Err(error) => database_failed(&database, &error),
            }
        }
        tokio::select! {
            Some(result) = calls.next() => {
                match result {
                    Ok(_) => database_worked(&database),
                    Err(error) => database_failed(&database, &error),
                }
            }
            () = stop.cancelled() => {
                if calls.is_empty() {
                    return;
                }
                while calls.next().await.is_some() {}
            }
            () = news.notified() => {}
            () = tokio::time::sleep(OUTBOX_INTERVAL) => {}
        }
    }
}

fn database_failed(database: &FailureNotice, error: &StoreError) {
    if database.fails() {
        tracing::warn!(error = error as &dyn Error, "the outbox cannot be read or written");
    }
}

/// Something was written: that nothing was due is no proof.
fn database_worked(database: &FailureNotice) {
    if database.works().is_some() {
        tracing::info!("the outbox can be read and written again");
    }
}

/// Sends mail until `stop`, one after the other on each connection. What is on its way is not dropped by a stop: it may have
/// arrived already.
async fn deliver_mail(mail: &Delivery, clock: &Clock, news: &watch::Sender<u64>, stop: &CancellationToken) {
    let logs = MailLogs::default();
    let connections = (0..mail.connections())
        .map(|connection| deliver_over(mail, connection, clock, news.subscribe(), &logs, stop));
    join_all(connections).await;
}

/// What all connections log together.
#[derive(Debug, Default)]
struct MailLogs {
    server: FailureNotice,
    database: FailureNotice,
    connections: FailureNotice,
}

/// The loop of one connection. While the server takes no mail the first one alone tries, and the others wait for it.
async fn deliver_over(
    mail: &Delivery,
    connection: usize,
    clock: &Clock,
    mut news: watch::Receiver<u64>,
    logs: &MailLogs,
    stop: &CancellationToken,
) {
    while !stop.is_cancelled() {
        let pause = if connection > 0 && logs.server.is_failing() {
            OUTBOX_INTERVAL
        } else {
            match mail.deliver_over(connection, clock.now_ms()).await {
                Ok(Delivered::Nothing) => OUTBOX_INTERVAL,
                Ok(delivered) => {
                    database_worked(&logs.database);
                    match noted(delivered, logs, mail.connections()) {
                        Some(pause) => pause,
                        None => continue,
                    }
                }
                Err(error) => {
                    database_failed(&logs.database, &error);
                    PAUSE
                }
            }
        };
        let may_hear = pause == OUTBOX_INTERVAL;
        tokio::select! {
            () = stop.cancelled() => {}
            Ok(()) = news.changed(), if may_hear => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Logs what became of a mail when it changes, and says how long to pause, if at all.
fn noted(delivered: Delivered, logs: &MailLogs, connections: usize) -> Option<Duration> {
    match delivered {
        Delivered::Away => {
            if logs.server.fails() {
                tracing::warn!("the mail server takes no mail: `leaseline outbox list` says why");
            }
            Some(PAUSE)
        }
        Delivered::Crowded => {
            if logs.connections.fails() {
                tracing::warn!(
                    connections,
                    "the mail server takes fewer connections: lower mail.connections"
                );
            }
            Some(CROWDED_PAUSE)
        }
        Delivered::Sent => {
            if logs.server.works().is_some() {
                tracing::info!("the mail server takes mail again");
            }
            None
        }
        Delivered::Nothing | Delivered::Deferred | Delivered::Dead => None,
    }
}

fn ticks(every: Duration) -> tokio::time::Interval {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Waits for the next tick; false at a stop.
async fn next(ticks: &mut tokio::time::Interval, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        _ = ticks.tick() => true,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use tracing::{Event, Metadata, Subscriber, span};

    use super::*;

    /// Counts lines of the log.
    #[derive(Default)]
    struct Lines(AtomicUsize);

    impl Subscriber for Lines {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1)
        }

        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

        fn event(&self, _: &Event<'_>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }

        fn enter(&self, _: &span::Id) {}

        fn exit(&self, _: &span::Id) {}
    }

    fn lines(work: impl FnOnce()) -> usize {
        let lines = Arc::new(Lines::default());
        tracing::subscriber::with_default(Arc::clone(&lines), work);
        lines.0.load(Ordering::Relaxed)
    }

    #[test]
    fn a_mail_server_that_is_down_is_logged_once_per_change() {
        let logs = MailLogs::default();
        let say = |delivered, times: usize| lines(|| (0..times).for_each(|_| _ = noted(delivered, &logs, 4)));
        assert_eq!(say(Delivered::Sent, 3), 0, "nothing has changed");
        assert_eq!(say(Delivered::Away, 1_000), 1);
        assert_eq!(say(Delivered::Deferred, 3), 0);
        assert_eq!(say(Delivered::Away, 1_000), 0, "it is still down");
        assert_eq!(say(Delivered::Sent, 3), 1);
        assert_eq!(say(Delivered::Away, 2), 1, "down again");
        assert_eq!(say(Delivered::Crowded, 1_000), 1);
    }

    /// Somebody who reads the log of the last hour must see that it is still down.
    #[tokio::test(start_paused = true)]
    async fn a_mail_server_that_stays_down_is_logged_every_ten_minutes() {
        let (logs, mut logged) = (MailLogs::default(), 0);
        for _ in 0..=3_600 {
            logged += lines(|| _ = noted(Delivered::Away, &logs, 4));
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(logged, 7);
    }

    #[test]
    fn a_database_that_is_down_is_logged_once_per_change() {
        let database = FailureNotice::default();
        let error = StoreError::NotFound { what: "outbox" };
        assert_eq!(lines(|| (0..1_000).for_each(|_| database_failed(&database, &error))), 1);
        assert_eq!(lines(|| (0..1_000).for_each(|_| database_worked(&database))), 1);
    }

    /// Where one process watches and another sends, both wait for their own look.
    #[test]
    fn a_confirmed_outage_is_with_the_mail_server_within_five_seconds() {
        assert!(ALERT_INTERVAL + OUTBOX_INTERVAL <= Duration::from_secs(5));
    }
}
