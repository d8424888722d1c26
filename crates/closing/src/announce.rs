//! The messages about a month's reports: one to each user of a customer with all its links, and one summary for operations.
//!
//! What is to be announced stands in the store since the report was written, and is struck in the transaction that queues the
//! message. A process that dies anywhere leaves it to the next; of two at once, one announces it.

use std::collections::{BTreeMap, BTreeSet};

use report::{MonthSummary, SUMMARY_LINKS_MAX, SummaryLink};
use serde_json::{Value, json};
use sla::{Month, Verdict};
use store::{
    Announcement, ClientId, Company, MonthResult, NewMail, NotificationEvent, REPORT_SUMMARY, ReportAudience,
    ReportFilter, ReportId, ReportNews, Store, StoreError,
};

/// The most reports that one email is about; a customer with more gets several.
const REPORTS_PER_MAIL_MAX: usize = 500;

/// What is held back, and what is still missing.
pub trait Waiting {
    /// Whether the reports of a customer, or the summary for operations, wait for links that are not closed yet.
    fn holds(&self, month: Month, client: Option<ClientId>) -> bool;
    /// How many links of the company have no report of this month yet.
    fn links(&self, month: Month) -> usize;
}

/// A month that was closed by hand for some customers: theirs is announced at once, and what is held back of others stays so.
#[derive(Clone, Debug)]
pub struct ClosedByHand {
    /// Which month.
    pub month: Month,
    /// Whose links were closed.
    pub clients: BTreeSet<ClientId>,
}

impl Waiting for ClosedByHand {
    fn holds(&self, month: Month, client: Option<ClientId>) -> bool {
        month != self.month || client.is_some_and(|client| !self.clients.contains(&client))
    }

    fn links(&self, _: Month) -> usize {
        0
    }
}

/// Announces what is to be announced of a company and is not held back; how many messages were queued.
///
/// # Errors
/// Those of the database; what was queued until then stays queued, and the rest is announced next time.
pub async fn announce(
    store: &Store,
    company: &Company,
    waiting: &impl Waiting,
    now_ms: i64,
) -> Result<usize, StoreError> {
    let mut of_clients: BTreeMap<(Month, ClientId), Vec<ReportNews>> = BTreeMap::new();
    let mut of_months: BTreeMap<Month, Vec<ReportNews>> = BTreeMap::new();
    for news in store.report_news(company.id).await? {
        match news.audience {
            ReportAudience::Client => of_clients.entry((news.month, news.client)).or_default().push(news),
            ReportAudience::Operations => of_months.entry(news.month).or_default().push(news),
        }
    }
    let mut queued = 0;
    for ((month, client), news) in of_clients {
        if !waiting.holds(month, Some(client)) {
            let messages = for_client(store, month, client, &news).await?;
            queued += put(store, company, ReportAudience::Client, &news, &messages, now_ms).await?;
        }
    }
    for (month, news) in of_months {
        if !waiting.holds(month, None) {
            let messages = for_operations(store, company, month, &news, waiting.links(month)).await?;
            queued += put(store, company, ReportAudience::Operations, &news, &messages, now_ms).await?;
        }
    }
    Ok(queued)
}

async fn put(
    store: &Store,
    company: &Company,
    audience: ReportAudience,
    news: &[ReportNews],
    messages: &[Announcement],
    now_ms: i64,
) -> Result<usize, StoreError> {
    let reports: Vec<ReportId> = news.iter().map(|one| one.report).collect();
    let is_put = store.announce_reports(company, audience, &reports, messages, now_ms).await?;
    Ok(if is_put { messages.len() } else { 0 })
}

fn event_of(verdict: Verdict) -> NotificationEvent {
    if verdict == Verdict::Breached { NotificationEvent::SlaBreach } else { NotificationEvent::ReportReady }
}

/// To each user the reports of those events that the company's rules and the user's own choice let through.
async fn for_client(
    store: &Store,
    month: Month,
    client: ClientId,
    news: &[ReportNews],
) -> Result<Vec<Announcement>, StoreError> {
    let mut of_user: BTreeMap<String, Vec<ReportNews>> = BTreeMap::new();
    for event in [NotificationEvent::SlaBreach, NotificationEvent::ReportReady] {
        let reports = || news.iter().filter(|one| one.is_latest && event_of(one.overall) == event);
        if reports().next().is_none() {
            continue;
        }
        for user in store.report_readers(client, event).await?.users {
            of_user.entry(user).or_default().extend(reports());
        }
    }
    if of_user.is_empty() {
        return Ok(Vec::new());
    }
    let undecided = ReportFilter {
        month: Some(month),
        verdict: Some(Verdict::Undetermined),
        latest_only: true,
        ..ReportFilter::default()
    };
    let (_, under_review) = store.reports_for_client(client, &undecided, 1, 0).await?;
    let messages = of_user.iter().flat_map(|(user, reports)| {
        reports.chunks(REPORTS_PER_MAIL_MAX).map(move |reports| match reports {
            [one] => of_one(one, user),
            several => of_several(several, month, client, user, under_review),
        })
    });
    Ok(messages.collect())
}

/// The message about a single report, which has a form of its own.
fn of_one(news: &ReportNews, recipient: &str) -> Announcement {
    let kind = event_of(news.overall).as_str();
    Announcement {
        dedup_key: format!("{kind}/{}/{}/r{}/{recipient}", news.link, news.month, news.revision),
        mail: NewMail { kind: kind.to_owned(), recipient: recipient.to_owned(), payload: Value::Null },
        client: Some(news.client),
        report: Some(news.report),
    }
}

fn of_several(
    news: &[ReportNews],
    month: Month,
    client: ClientId,
    recipient: &str,
    under_review: i64,
) -> Announcement {
    let breached = news.iter().any(|one| one.overall == Verdict::Breached);
    let kind = if breached { NotificationEvent::SlaBreach } else { NotificationEvent::ReportReady };
    let reports: Vec<ReportId> = news.iter().map(|one| one.report).collect();
    // A report is announced once to an audience, so that no two messages share their newest one.
    let newest = reports.iter().max().map_or(0, |id| id.0);
    Announcement {
        dedup_key: format!("{kind}/client-{client}/{month}/to-{newest}/{recipient}"),
        mail: NewMail {
            kind: kind.as_str().to_owned(),
            recipient: recipient.to_owned(),
            payload: json!({ "month": month, "reports": reports, "under_review": under_review }),
        },
        client: Some(client),
        report: None,
    }
}

/// One summary of the month; a single report that is decided is sent as itself.
async fn for_operations(
    store: &Store,
    company: &Company,
    month: Month,
    news: &[ReportNews],
    waiting: usize,
) -> Result<Vec<Announcement>, StoreError> {
    let latest: Vec<&ReportNews> = news.iter().filter(|one| one.is_latest).collect();
    let breach = store.report_operations(company.id, NotificationEvent::SlaBreach).await?;
    let ready = store.report_operations(company.id, NotificationEvent::ReportReady).await?;
    if let [one] = latest[..] {
        let readers = if one.overall == Verdict::Breached { breach } else { ready };
        let is_decided = one.overall != Verdict::Undetermined;
        return Ok(readers.iter().filter(|_| is_decided).map(|reader| of_one(one, reader)).collect());
    }
    let needs_attention =
        latest.iter().any(|one| matches!(one.overall, Verdict::Breached | Verdict::Undetermined));
    let mut readers = ready;
    if needs_attention {
        readers.extend(breach);
        readers.sort_unstable();
        readers.dedup();
    }
    let Some(newest) = latest.iter().map(|one| one.report).max().filter(|_| !readers.is_empty()) else {
        return Ok(Vec::new());
    };
    let results = store.month_results(company.id, month).await?;
    let summary = serde_json::to_value(summary(month, &results, &latest, waiting)).unwrap_or_default();
    let message = |reader: &String| Announcement {
        dedup_key: format!("{REPORT_SUMMARY}/{}/{month}/to-{newest}/{reader}", company.id),
        mail: NewMail {
            kind: REPORT_SUMMARY.to_owned(),
            recipient: reader.clone(),
            payload: summary.clone(),
        },
        client: None,
        report: None,
    };
    Ok(readers.iter().map(message).collect())
}

fn summary(month: Month, results: &[MonthResult], news: &[&ReportNews], waiting: usize) -> MonthSummary {
    let number = |verdict: Verdict| results.iter().filter(|one| one.overall == verdict).count() as i64;
    let revised = news.iter().filter(|one| one.revision > 1).count();
    let named = |links: Vec<&MonthResult>| links.into_iter().take(SUMMARY_LINKS_MAX).map(link).collect();
    let mut worst: Vec<&MonthResult> = results.iter().filter(|one| is_bad(one)).collect();
    worst.sort_by_key(|one| (one.overall != Verdict::Breached, availability(one)));
    let to_review = results.iter().filter(|one| one.overall == Verdict::Undetermined).collect();
    MonthSummary {
        month,
        met: number(Verdict::Met),
        breached: number(Verdict::Breached),
        undetermined: number(Verdict::Undetermined),
        without_target: number(Verdict::None),
        waiting: waiting as i64,
        added: (news.len() - revised) as i64,
        revised: revised as i64,
        worst: named(worst),
        to_review: named(to_review),
    }
}

/// Whether it can be among the worst: a link that was up all the time is not, unless it missed another target.
fn is_bad(one: &MonthResult) -> bool {
    match one.overall {
        Verdict::Breached => true,
        Verdict::Undetermined => false,
        Verdict::Met | Verdict::None => availability(one) < 100_000_000,
    }
}

/// In millionths of a percent; without a figure there is nothing bad to say.
fn availability(one: &MonthResult) -> i64 {
    let parsed = one.availability_pct.as_ref().and_then(|pct| pct.parse::<sla::Decimal>().ok());
    parsed.map_or(i64::MAX, sla::Decimal::millionths)
}

fn link(one: &MonthResult) -> SummaryLink {
    SummaryLink {
        circuit: one.circuit.clone(),
        client: one.client.clone(),
        verdict: one.overall,
        availability_pct: one.availability_pct.clone(),
        reason: one.reasons.first().cloned(),
    }
}
