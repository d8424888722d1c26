//! The close of a month: every link's inputs are read, judged, frozen and told of.

use std::collections::HashMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::tz::TimeZone;
use sla::{Interval, Month, Statement};
use store::{
    ClientId, ClockVerdict, CompanyId, LedgerFilter, LedgerLink, LinkId, ReportId, Store, StoreError,
};

use crate::{audience::Audience, batch::Run};

/// Links of one batch: their inputs are in memory together, and their reports are written in one transaction.
const BATCH_LINKS: usize = 8;
/// Batches that are read and judged at once, each by a core; beside them one is written.
const BATCHES_AT_ONCE: usize = 2;

/// What to do with a month.
#[derive(Clone, Copy, Debug)]
pub struct Close<'a> {
    /// Which month, by the clock of each link's company.
    pub month: Month,
    /// Why it is done again; kept with reports that are not the first. Without one, it is said what changed.
    pub reason: Option<&'a str>,
    /// By whom: a person of the ISP, or the schedule.
    pub by: &'a str,
    /// Whether somebody is to be notified: of what a company sends per customer by [`announce`](crate::announce), afterwards.
    pub tell: bool,
}

/// Which links to judge; the default is all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Selection {
    /// Of this company.
    pub company: Option<CompanyId>,
    /// Of this client.
    pub client: Option<ClientId>,
    /// This link alone.
    pub link: Option<LinkId>,
}

/// A link whose month was judged.
#[derive(Clone, Debug)]
pub struct ClosedLink {
    /// Which link.
    pub link: LedgerLink,
    /// The month in its company's zone.
    pub month: Interval,
    /// What came of it.
    pub outcome: CloseOutcome,
    /// The figures; `None` if it [failed](CloseOutcome::Failed).
    pub statement: Option<Statement>,
}

impl ClosedLink {
    /// Whether the time line ends before the period does, so that evidence may still arrive. A link that was
    /// terminated is no longer looked at.
    pub fn is_provisional(&self) -> bool {
        self.statement.as_ref().is_some_and(|statement| !line_reaches(&self.link, statement.to_ms))
    }
}

/// What came of the judgement on a link's month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CloseOutcome {
    /// The month is not over: nothing was stored, nobody was told.
    SoFar,
    /// Its first report.
    First(ReportId),
    /// A further revision, with its number.
    Revised(ReportId, i64),
    /// The same inputs as the latest revision: nothing was stored, nobody was told.
    Unchanged(ReportId),
    /// Its inputs contradict each other.
    Failed(String),
}

impl CloseOutcome {
    /// The report that stands now.
    pub fn report(&self) -> Option<ReportId> {
        match self {
            Self::First(id) | Self::Revised(id, _) | Self::Unchanged(id) => Some(*id),
            Self::SoFar | Self::Failed(_) => None,
        }
    }
}

/// Why a month could not be closed.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The month has not begun.
    #[error("{0} has not begun yet")]
    NotBegun(Month),
    /// Whether the month is over cannot be said: the clock is wrong or being checked.
    #[error("no month is closed now. {0}")]
    Clock(String),
    /// A month outside the calendar.
    #[error(transparent)]
    Month(#[from] sla::MonthError),
    /// A moment outside the calendar.
    #[error("{0} lies outside the calendar")]
    Calendar(String),
    /// A company's zone is not known on this machine.
    #[error("company {company}: {zone:?} is no time zone that is known here")]
    Zone {
        /// Whose.
        company: String,
        /// Its name.
        zone: String,
    },
}

/// The links under contract at some time of `month`, by company and id; those that are measured only since later are left
/// out.
///
/// # Errors
/// Those of the database; a zone that is not known.
pub async fn links_of_month(
    store: &Store,
    month: Month,
    selection: &Selection,
) -> Result<Vec<LedgerLink>, CloseError> {
    let mut all = Vec::new();
    for company in store.companies().await? {
        if selection.company.is_some_and(|wanted| wanted != company.id) {
            continue;
        }
        let period = month.interval(&zone(&company.name, &company.timezone)?)?;
        let filter = LedgerFilter {
            company: Some(company.id),
            client: selection.client,
            link: selection.link,
            ..LedgerFilter::active(period.from_ms, period.to_ms)
        };
        // Of a month before a link was measured there is nothing to report.
        let links = store.ledger_links(&filter).await?.into_iter();
        all.extend(links.filter(|link| link.link.measured_from_ms.is_none_or(|ms| ms < period.to_ms)));
    }
    Ok(all)
}

/// Judges a month of `links`, writes the reports of those that have a new one, and hands every link to `on_link` as
/// soon as it is done. Memory does not grow with the number of links.
///
/// A month that is not over is judged "so far": nothing is stored and nobody is told. Doing it twice changes nothing,
/// and what was written before an error stays written.
///
/// # Errors
/// [`CloseError::NotBegun`]; [`CloseError::Clock`] for a month that is over only by a clock that is not sane; those of the database; a zone that is not known.
pub async fn close_month(
    store: &Store,
    links: Vec<LedgerLink>,
    close: &Close<'_>,
    now_ms: i64,
    mut on_link: impl FnMut(ClosedLink),
) -> Result<(), CloseError> {
    let audience = Audience::default();
    for of_company in by_company(links) {
        let Some(first) = of_company.first() else { continue };
        let zone_name = first.company.timezone.clone();
        let month = close.month.interval(&zone(&first.company.name, &zone_name)?)?;
        if now_ms <= month.from_ms {
            return Err(CloseError::NotBegun(close.month));
        }
        let as_of_ms = (now_ms < month.to_ms).then_some(now_ms);
        if as_of_ms.is_none() {
            let health = store.clock_health(now_ms).await?;
            if health.verdict != ClockVerdict::Sane {
                health.check().map_err(CloseError::Clock)?;
            }
        }
        let run = Run { store, close, audience: &audience, month, as_of_ms, now_ms };
        let mut judged =
            stream::iter(batches(of_company)).map(|batch| run.judge(batch)).buffered(BATCHES_AT_ONCE);
        while let Some(batch) = judged.try_next().await? {
            run.conclude(batch).await?.into_iter().for_each(&mut on_link);
        }
    }
    Ok(())
}

/// Whether all that can be known of a link up to `to_ms` is known: its time line reaches there, or it ended before and
/// nobody looks at it any more.
pub fn line_reaches(link: &LedgerLink, to_ms: i64) -> bool {
    let terminated = link.link.terminated_at_ms.is_some_and(|at_ms| at_ms <= to_ms);
    terminated || link.line_end_ms.is_some_and(|end_ms| end_ms >= to_ms)
}

/// A zone of the IANA list, which the company `company` names.
///
/// # Errors
/// [`CloseError::Zone`].
pub fn zone(company: &str, name: &str) -> Result<TimeZone, CloseError> {
    TimeZone::get(name).map_err(|_| CloseError::Zone { company: company.to_owned(), zone: name.to_owned() })
}

/// Links in order, some at a time; each is handed on and kept by nobody.
fn batches(links: Vec<LedgerLink>) -> impl Iterator<Item = Vec<LedgerLink>> {
    let mut links = links.into_iter();
    std::iter::from_fn(move || {
        let batch: Vec<_> = links.by_ref().take(BATCH_LINKS).collect();
        (!batch.is_empty()).then_some(batch)
    })
}

fn by_company(links: Vec<LedgerLink>) -> Vec<Vec<LedgerLink>> {
    let mut groups: Vec<Vec<LedgerLink>> = Vec::new();
    let mut places: HashMap<CompanyId, usize> = HashMap::new();
    for link in links {
        let place = *places.entry(link.company.id).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[place].push(link);
    }
    groups
}
