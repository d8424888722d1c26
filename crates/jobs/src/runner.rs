use std::{error::Error, time::Duration};

use futures_util::{StreamExt, stream::FuturesUnordered};
use store::{Clock, ClockVerdict, FailureNotice, Heartbeat, OutboxMail, Part, Store, StoreError};
use tokio::{sync::Notify, time::MissedTickBehavior};
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
    mail: Notify,
    webhooks: Notify,
    whatsapp: Notify,
}

impl News {
    fn tell(&self) {
        self.mail.notify_one();
        self.webhooks.notify_one();
        self.whatsapp.notify_one();
    }
}

async fn keep_house(store: &Store, clock: &Clock, stop: &CancellationToken) {
    let mut ticks = ticks(PASS_INTERVAL);
    let mut failure = FailureNotice::default();
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
                failure.works();
                tracing::debug!(?outcome, "housekeeping done");
            }
            Err(_) if !failure.fails() => {}
            Err(error) => {
                tracing::warn!(error = &error as &dyn Error, "housekeeping failed, next try in a minute");
            }
        }
    }
}

async fn close_months(store: &Store, clock: &Clock, news: &News, stop: &CancellationToken) {
    let mut schedule = Schedule::default();
    let mut gate = ClosingGate::default();
    let mut ticks = ticks(PASS_INTERVAL);
    let mut failure = FailureNotice::default();
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
        if result.is_ok() {
            failure.works();
        }
        match result {
            Ok(outcome) if outcome.closed + outcome.revised > 0 => {
                tracing::info!(closed = outcome.closed, revised = outcome.revised, "months closed");
                news.tell();
            }
            Ok(outcome) => tracing::debug!(?outcome, "no month is due"),
            Err(_) if !failure.fails() => {}
            Err(error) => {
                tracing::warn!(error = &error as &dyn Error, "closing months failed, next try in a minute");
            }
        }
    }
}

async fn watch(store: &Store, clock: &Clock, news: &News, stop: &CancellationToken) {
    let mut engine = AlertEngine::default();
    let mut ticks = ticks(ALERT_INTERVAL);
    let mut heartbeat = Heartbeat::new(Part::Jobs);
    let mut failure = FailureNotice::default();
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
            Err(error) => {
                if failure.fails() {
                    let error = &error as &dyn Error;
                    tracing::warn!(error, "alerts cannot be watched, next try in two seconds");
                }
            }
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
    let mut failure = FailureNotice::default();
    loop {
        if !stop.is_cancelled() && calls.len() < at_once {
            match way.claim(clock.now_ms(), at_once - calls.len()).await {
                Ok(claimed) => {
                    failure.works();
                    calls.extend(claimed.into_iter().map(|call| {
                        let now_ms = clock.now_ms();
                        async move { way.deliver(&call, now_ms).await }
                    }));
                }
                Err(error) => note_database(&mut failure, &error),
            }
        }
        tokio::select! {
            Some(result) = calls.next() => {
                if let Err(error) = result {
                    note_database(&mut failure, &error);
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

fn note_database(failure: &mut FailureNotice, error: &StoreError) {
    if !failure.fails() {
        return;
    }
    tracing::warn!(error = error as &dyn Error, "the outbox cannot be read or written");
}

/// Sends mail, one after the other, until `stop`. What is on its way is not dropped by a stop: it may have arrived already.
async fn deliver_mail(mail: &Delivery, clock: &Clock, news: &Notify, stop: &CancellationToken) {
    // Said when it begins and when it ends, not each time.
    let mut is_away = false;
    let mut failure = FailureNotice::default();
    while !stop.is_cancelled() {
        let delivered = mail.deliver_once(clock.now_ms()).await;
        if delivered.is_ok() {
            failure.works();
        }
        let pause = match delivered {
            Ok(Delivered::Nothing) => OUTBOX_INTERVAL,
            Ok(Delivered::Away) => {
                if !is_away {
                    tracing::warn!("the mail server takes no mail: `leaseline outbox list` says why");
                }
                is_away = true;
                PAUSE
            }
            Ok(delivered) => {
                if is_away && delivered == Delivered::Sent {
                    tracing::info!("the mail server takes mail again");
                    is_away = false;
                }
                continue;
            }
            Err(error) => {
                note_database(&mut failure, &error);
                PAUSE
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = news.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
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
    use super::*;

    /// Where one process watches and another sends, both wait for their own look.
    #[test]
    fn a_confirmed_outage_is_with_the_mail_server_within_five_seconds() {
        assert!(ALERT_INTERVAL + OUTBOX_INTERVAL <= Duration::from_secs(5));
    }
}
