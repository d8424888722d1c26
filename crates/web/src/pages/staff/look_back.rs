//! What the last days would have been told with settings that are not stored yet.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use alert::{Preview, PreviewCount};
use store::{Company, CompanyId, NotificationRule};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::app::App;
use crate::error::PageError;
use crate::pages::staff::listing::{Cell, Table};
use crate::zone::Zone;

/// The days that are looked back over.
pub(crate) const LOOK_BACK_DAYS: i64 = 30;
/// The longest that looking back may take: a page waits for it.
const LOOK_BACK_MAX: Duration = Duration::from_secs(10);
/// How many may look back at once, in all companies.
const LOOKS_MAX: usize = 2;

/// Who looks back at this moment: one for each company.
pub(crate) struct Looks {
    busy: Mutex<HashSet<CompanyId>>,
    permits: Arc<Semaphore>,
}

impl Default for Looks {
    fn default() -> Self {
        Self { busy: Mutex::default(), permits: Arc::new(Semaphore::new(LOOKS_MAX)) }
    }
}

/// What came of looking back.
pub(crate) enum Looked {
    /// That.
    Seen(Preview),
    /// Somebody else does already.
    Busy,
    /// It took too long.
    TooLong,
}

/// The turn of a company, given back when it is dropped.
struct Turn {
    looks: Arc<Looks>,
    company: CompanyId,
    _permit: OwnedSemaphorePermit,
}

impl Turn {
    /// `None`: somebody looks back at this company already, or too many do at others.
    fn take(looks: &Arc<Looks>, company: CompanyId) -> Option<Self> {
        let permit = Arc::clone(&looks.permits).try_acquire_owned().ok()?;
        let is_free = looks.busy.lock().unwrap_or_else(PoisonError::into_inner).insert(company);
        is_free.then(|| Self { looks: Arc::clone(looks), company, _permit: permit })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.looks.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.company);
    }
}

/// Looks back on a thread of its own, where it holds up no page; not for longer than a page may wait.
pub(crate) async fn look_back(
    app: &App,
    company: Company,
    rules: Vec<NotificationRule>,
) -> Result<Looked, PageError> {
    let Some(turn) = Turn::take(&app.looks, company.id) else { return Ok(Looked::Busy) };
    let (store, to_ms, begun) = (app.store.clone(), app.clock.now_ms(), Instant::now());
    let from_ms = to_ms - LOOK_BACK_DAYS * 24 * 3_600_000;
    let runtime = Handle::current();
    // Whoever asked may be gone by then; the turn is kept until it is over.
    let looking = tokio::task::spawn_blocking(move || {
        let _held = turn;
        let in_time = |_, _| begun.elapsed() < LOOK_BACK_MAX;
        let preview = alert::preview(&store, &company, &rules, (from_ms, to_ms), in_time);
        // Calculating asks for the time; a read that takes too long is cut off here.
        let preview = timeout_at(begun + LOOK_BACK_MAX, Box::pin(preview));
        runtime.block_on(preview).unwrap_or(Ok(None))
    });
    let internal =
        |error: &dyn std::fmt::Display| PageError::Internal(format!("looking back failed: {error}"));
    let seen = looking.await.map_err(|error| internal(&error))?.map_err(|error| internal(&error))?;
    Ok(seen.map_or(Looked::TooLong, Looked::Seen))
}

/// What came of it, on a page.
pub(crate) struct Look {
    pub(crate) sentence: String,
    pub(crate) tables: Vec<Table>,
    /// Messages of each day.
    pub(crate) bars: Vec<Bar>,
    /// The first and the last day.
    pub(crate) ends: (String, String),
}

/// A day of the picture, in its own units: [`WIDTH`] by [`HEIGHT`].
pub(crate) struct Bar {
    pub(crate) x: i64,
    pub(crate) height: i64,
    pub(crate) words: String,
}

const WIDTH: i64 = 620;
pub(crate) const HEIGHT: i64 = 80;

impl Look {
    pub(crate) fn new(looked: &Looked, zone: &Zone) -> Self {
        let told = |sentence: &str| Self {
            sentence: sentence.to_owned(),
            tables: Vec::new(),
            bars: Vec::new(),
            ends: Default::default(),
        };
        match looked {
            Looked::Busy => told("Somebody looks back at this moment already. Try again when that is done."),
            Looked::TooLong => told(
                "Looking back took longer than a page may wait, and was ended. `leaseline notification preview` takes its time.",
            ),
            Looked::Seen(preview) => Self::seen(preview, zone),
        }
    }

    fn seen(preview: &Preview, zone: &Zone) -> Self {
        let messages = match preview.messages {
            1 => "one message".to_owned(),
            messages => format!("{messages} messages"),
        };
        let heads = &["Event", "Alerts", "Ends", "Messages", "Operations", "Clients", "Others", "Webhooks"];
        let mut tables = vec![Table {
            title: "By event and receiver",
            head: heads,
            rows: preview.events.iter().map(row).collect(),
            none: "No event would have sent anything.",
            more: None,
        }];
        if !preview.untold.is_empty() {
            let untold = preview.untold.iter();
            tables.push(Table {
                title: "Not sent",
                head: &["Because", "Times"],
                rows: untold.map(|(why, count)| vec![Cell::text(why), Cell::number(*count)]).collect(),
                none: "",
                more: None,
            });
        }
        let day = |at_ms: i64| zone.iso_day(at_ms);
        Self {
            sentence: format!(
                "With these settings the last {LOOK_BACK_DAYS} days would have sent {messages}."
            ),
            tables,
            bars: bars(preview, zone),
            ends: (day(preview.from_ms), day(preview.to_ms - 1)),
        }
    }

    /// The picture in one sentence.
    pub(crate) fn picture(&self) -> String {
        let most = self.bars.iter().max_by_key(|bar| bar.height);
        let most = most.map_or(String::new(), |bar| format!("; the most: {}", bar.words));
        format!("Messages of each day from {} to {}{most}", self.ends.0, self.ends.1)
    }
}

fn row(count: &PreviewCount) -> Vec<Cell> {
    let to = count.to;
    let numbers =
        [count.alerts, count.recoveries, count.messages, to.operations, to.clients, to.extra, to.webhooks];
    std::iter::once(Cell::text(count.event.words())).chain(numbers.map(Cell::number)).collect()
}

/// One bar a day, the highest as high as the picture.
fn bars(preview: &Preview, zone: &Zone) -> Vec<Bar> {
    let most = preview.days.iter().map(|day| day.messages).max().unwrap_or_default();
    if most == 0 {
        return Vec::new();
    }
    let step = WIDTH / preview.days.len().max(1) as i64;
    let bar = |(place, day): (usize, &alert::PreviewDay)| Bar {
        x: place as i64 * step,
        height: (day.messages * HEIGHT + most - 1) / most,
        words: format!("{} on {}", day.messages, zone.iso_day(day.from_ms)),
    };
    preview.days.iter().enumerate().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use alert::PreviewDay;

    use super::*;

    #[test]
    fn one_looks_back_at_a_company_and_few_at_all() {
        let looks = Arc::new(Looks::default());
        let first = Turn::take(&looks, CompanyId(1)).expect("nobody else does");
        assert!(Turn::take(&looks, CompanyId(1)).is_none(), "somebody does");
        let second = Turn::take(&looks, CompanyId(2)).expect("another company");
        assert!(Turn::take(&looks, CompanyId(3)).is_none(), "enough do");
        drop(first);
        assert!(Turn::take(&looks, CompanyId(2)).is_none(), "that one goes on");
        assert!(Turn::take(&looks, CompanyId(1)).is_some());
        drop(second);
    }

    #[test]
    fn a_day_with_one_message_is_seen_beside_one_with_a_thousand() {
        let days = [0, 1, 1_000].map(|messages| PreviewDay { from_ms: 0, messages });
        let mut preview = Preview {
            from_ms: 0,
            to_ms: 1,
            messages: 1_001,
            events: Vec::new(),
            days: days.to_vec(),
            untold: Default::default(),
        };
        let zone = Zone::named("UTC");
        let heights: Vec<i64> = bars(&preview, &zone).iter().map(|bar| bar.height).collect();
        assert_eq!(heights, [0, 1, HEIGHT]);
        let look = Look::seen(&preview, &zone);
        assert!(look.sentence.ends_with("would have sent 1001 messages."), "{}", look.sentence);
        assert!(look.picture().ends_with("the most: 1000 on 1970-01-01"), "{}", look.picture());
        preview.days.truncate(1);
        assert!(bars(&preview, &zone).is_empty(), "nothing to draw");
    }
}
