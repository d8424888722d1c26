//! What the last days would have been told with other settings: the same decisions, made over what is stored of the past.

use std::collections::{BTreeMap, BTreeSet};

use closing::CloseError;
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use store::{AlertMessage, AlertPhase, Channel, Company, LinkId, NotificationEvent, NotificationRule, Store};

use super::{book::Book, past::Past, quality_read};

/// The longest time that is looked back over.
pub const PREVIEW_DAYS_MAX: i64 = 92;

/// What would have been sent.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Preview {
    /// From when on.
    pub from_ms: i64,
    /// Until when.
    pub to_ms: i64,
    /// Messages in all.
    pub messages: i64,
    /// By event, those that would have sent something.
    pub events: Vec<PreviewCount>,
    /// By day of the company's zone, all days of the time.
    pub days: Vec<PreviewDay>,
    /// Lines of the log about what would not have been sent, by reason.
    pub untold: BTreeMap<String, i64>,
}

/// What an event would have sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct PreviewCount {
    /// The event.
    pub event: NotificationEvent,
    /// Alerts that would have been told.
    pub alerts: i64,
    /// Ends that would have been told.
    pub recoveries: i64,
    /// Messages, one to each recipient.
    pub messages: i64,
    /// Of these to whom.
    pub to: PreviewRecipients,
}

/// To whom messages would have gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct PreviewRecipients {
    /// The operations list.
    pub operations: i64,
    /// People of clients.
    pub clients: i64,
    /// Who hears of the event beside the lists.
    pub extra: i64,
    /// Webhooks.
    pub webhooks: i64,
}

/// A day's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct PreviewDay {
    /// Its midnight, or the beginning of the time.
    pub from_ms: i64,
    /// Messages in all.
    pub messages: i64,
}

/// Runs the decisions over `[from_ms, to_ms)` with these rules. `go_on` hears (links done, links) again and again, from before
/// the first read on, and ends it by saying no: then there is no preview. Collectors that stood still leave no trace of their own and are not counted;
/// our own network is.
///
/// # Errors
/// Those of the database; a zone that is not known.
pub async fn preview(
    store: &Store,
    company: &Company,
    rules: &[NotificationRule],
    (from_ms, to_ms): (i64, i64),
    mut go_on: impl FnMut(usize, usize) -> bool,
) -> Result<Option<Preview>, CloseError> {
    let past = Past::read(store, company, rules, from_ms, to_ms, |total| go_on(0, total)).await?;
    let Some(past) = past else { return Ok(None) };
    let total = past.tracks.len();
    let mut sum = Sum::new(&past.facts.operations);
    let ids: Vec<LinkId> = past.tracks.keys().copied().collect();
    for (done, id) in ids.iter().enumerate() {
        if !go_on(done, total) {
            return Ok(None);
        }
        let Some(link) = past.link(*id, || go_on(done, total)) else { return Ok(None) };
        for measure in quality_read::MEASURES {
            let book = past.quality(store, *id, measure, &link, || go_on(done, total)).await?;
            let Some(book) = book else { return Ok(None) };
            sum.add(book);
        }
        sum.add(link.book);
    }
    sum.add(past.routers(|| go_on(total, total)));
    if !go_on(total, total) {
        return Ok(None);
    }
    sum.add(past.budgets(store, company).await?);
    Ok(Some(sum.preview(&past.zone, from_ms, to_ms)))
}

/// What many books say together.
struct Sum<'a> {
    operations: &'a [String],
    counts: BTreeMap<NotificationEvent, PreviewCount>,
    told_ms: Vec<i64>,
    untold: BTreeMap<String, i64>,
}

impl<'a> Sum<'a> {
    fn new(operations: &'a [String]) -> Self {
        Self { operations, counts: BTreeMap::new(), told_ms: Vec::new(), untold: BTreeMap::new() }
    }

    fn add(&mut self, book: Book) {
        let mut told = BTreeSet::new();
        for (at_ms, alert, message) in &book.messages {
            self.told_ms.push(*at_ms);
            let operations = self.operations;
            let count = self.count(alert.event);
            count.messages += 1;
            *count.to.group(message, operations) += 1;
            if told.insert((alert.id, message.phase)) {
                match message.phase {
                    AlertPhase::Raised => count.alerts += 1,
                    AlertPhase::Over => count.recoveries += 1,
                }
            }
        }
        for (_, log) in book.logs {
            *self.untold.entry(log.reason.unwrap_or_default()).or_default() += 1;
        }
    }

    fn count(&mut self, event: NotificationEvent) -> &mut PreviewCount {
        let to = PreviewRecipients::default();
        self.counts.entry(event).or_insert(PreviewCount { event, alerts: 0, recoveries: 0, messages: 0, to })
    }

    fn preview(self, zone: &TimeZone, from_ms: i64, to_ms: i64) -> Preview {
        let events: Vec<PreviewCount> = self.counts.into_values().collect();
        let messages = events.iter().map(|count| count.messages).sum();
        let days = days(&self.told_ms, zone, from_ms, to_ms);
        Preview { from_ms, to_ms, messages, events, days, untold: self.untold }
    }
}

impl PreviewRecipients {
    /// Whoever is on the operations list is counted there, also if the event names the same address.
    fn group(&mut self, message: &AlertMessage, operations: &[String]) -> &mut i64 {
        if message.client.is_some() {
            &mut self.clients
        } else if Channel::of(&message.recipient) == Channel::Webhook {
            &mut self.webhooks
        } else if operations.contains(&message.recipient) {
            &mut self.operations
        } else {
            &mut self.extra
        }
    }
}

/// How many of these moments lie in each day.
fn days(told_ms: &[i64], zone: &TimeZone, from_ms: i64, to_ms: i64) -> Vec<PreviewDay> {
    let mut days = Vec::new();
    let mut day_ms = from_ms;
    while day_ms < to_ms && days.len() <= PREVIEW_DAYS_MAX as usize {
        let next = Timestamp::from_millisecond(day_ms)
            .and_then(|at| at.to_zoned(zone.clone()).date().checked_add(1.day()))
            .and_then(|next| next.to_zoned(zone.clone()));
        let next_ms = next.map_or(to_ms, |next| next.timestamp().as_millisecond().min(to_ms));
        let messages = told_ms.iter().filter(|at_ms| (day_ms..next_ms).contains(*at_ms)).count();
        days.push(PreviewDay { from_ms: day_ms, messages: messages as i64 });
        day_ms = next_ms;
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_counted_on_the_day_on_which_it_would_have_been_sent() {
        let zone = TimeZone::get("Asia/Kolkata").expect("a zone");
        // 2026-11-22 18:00 to 2026-11-24 18:00 in Kolkata.
        let (from_ms, to_ms) = (1_795_350_600_000, 1_795_523_400_000);
        let midnight_ms = from_ms + 6 * 3_600_000;
        let days = days(&[from_ms, midnight_ms - 1, midnight_ms, to_ms - 1], &zone, from_ms, to_ms);
        let counted: Vec<(i64, i64)> = days.iter().map(|day| (day.from_ms, day.messages)).collect();
        let expected = [(from_ms, 2), (midnight_ms, 1), (midnight_ms + 24 * 3_600_000, 1)];
        assert_eq!(counted, expected);
    }
}
