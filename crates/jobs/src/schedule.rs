//! When months are closed by themselves: what is due follows from the database and the clock alone, so that nothing is
//! missed while the machine is off and nothing is done twice.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::{Timestamp, civil, tz::TimeZone};
use sla::{Interval, Month, Verdict};
use store::{
    ClientId, Company, CompanyId, LIST_ROWS_MAX, LedgerFilter, LedgerLink, LinkId, ReportFilter, Store,
};

use closing::{Close, CloseError, CloseOutcome, Waiting, announce, close_month, line_reaches, zone};

/// Time of day, in the company's zone, at which the month before is closed on the 1st.
const CLOSE_AT: civil::Time = civil::time(0, 30, 0, 0);
/// How long a month waits for a time line that does not reach its end.
const GRACE_MS: i64 = 48 * 3_600_000;
/// Through this day of the month, what could not be decided of the month before is looked at again each day.
const REVIEW_DAY_LAST: i8 = 10;
/// A month of which nothing is missing is not looked at again for so long.
const SETTLED_MS: i64 = 24 * 3_600_000;
/// Nor one in which only links are left that cannot be closed.
const FAILED_MS: i64 = 3_600_000;
/// How long the reports of a customer wait for links of the same month that cannot be closed yet, from the moment at which the
/// month is closed: until the working day begins. What comes later is sent by itself.
const TOGETHER_MS: i64 = 6 * 3_600_000;
/// How long it is remembered when a company's first time line begins. That there is none yet is not remembered: the first
/// link may be polled at any moment.
const BEGINNING_MS: i64 = 3_600_000;

/// By whom the reports of the schedule are made.
pub const SCHEDULE: &str = "schedule";
/// Why the schedule revises a report that could not be decided.
pub const LATE_EVIDENCE: &str = "evidence that arrived after the close";
/// Why the schedule would revise a report that is not there; it is never kept.
const FIRST_CLOSE: &str = "close of the month";

/// The months of all companies, closed when they are due. What it remembers saves looking; without it, it does the
/// same.
#[derive(Debug, Default)]
pub struct Schedule {
    look_again_ms: HashMap<(CompanyId, Month), i64>,
    beginnings: HashMap<CompanyId, (i64, i64)>,
    reviewed: HashMap<CompanyId, civil::Date>,
    /// How many links of each customer could not be closed in a month, where there are any.
    open: HashMap<CompanyId, BTreeMap<Month, HashMap<ClientId, usize>>>,
}

/// What one pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScheduleOutcome {
    /// Reports written for the first time.
    pub closed: usize,
    /// Reports revised.
    pub revised: usize,
    /// Links that wait for their time line to reach the month's end.
    pub waiting: usize,
    /// Links whose inputs contradict each other; the log names them.
    pub failed: usize,
    /// Messages about reports put into the outbox.
    pub messages: usize,
}

impl Schedule {
    /// Closes what is due at `now_ms`: for every company, every month whose close has come (00:30 of the 1st in its zone)
    /// and every link that has a time line and no report. A link waits until its time line reaches the month's end, at
    /// most 48 hours. A customer's reports of a month are announced together, and operations get one summary: links that
    /// cannot be closed yet are waited for, at most six hours. In the first ten days of a month, once a day, what could not be decided of the month before is
    /// reckoned again.
    ///
    /// # Errors
    /// Those of [`close_month`]; what was done until then stays done, and the next pass goes on there.
    pub async fn close_due(&mut self, store: &Store, now_ms: i64) -> Result<ScheduleOutcome, CloseError> {
        let mut outcome = ScheduleOutcome::default();
        let mut result = Ok(());
        for company in store.companies().await? {
            // What keeps one company's months open is no reason to keep another's.
            result = result.and(self.close_company(store, &company, now_ms, &mut outcome).await);
        }
        result.map(|()| outcome)
    }

    async fn close_company(
        &mut self,
        store: &Store,
        company: &Company,
        now_ms: i64,
        outcome: &mut ScheduleOutcome,
    ) -> Result<(), CloseError> {
        let zone = zone(&company.name, &company.timezone)?;
        let closed = self.close_months(store, company, &zone, now_ms, outcome).await;
        // What was closed is announced also where something else could not be, if need be later.
        let still_open = StillOpen {
            months: self.open.get(&company.id),
            is_unknown: closed.is_err(),
            zone: &zone,
            now_ms,
        };
        outcome.messages += announce(store, company, &still_open, now_ms).await?;
        closed
    }

    async fn close_months(
        &mut self,
        store: &Store,
        company: &Company,
        zone: &TimeZone,
        now_ms: i64,
        outcome: &mut ScheduleOutcome,
    ) -> Result<(), CloseError> {
        let last = last_due(zone, now_ms)?;
        let Some(begins_ms) = self.beginning(store, company.id, now_ms).await? else { return Ok(()) };
        let mut month = Month::containing(begins_ms, zone)?;
        while month <= last {
            let period = month.interval(zone)?;
            self.close_one(store, company, (month, period), now_ms, outcome).await?;
            month = Month::containing(period.to_ms, zone)?;
        }
        self.review(store, company, zone, now_ms, outcome).await
    }

    /// Where the first time line of a company begins.
    async fn beginning(
        &mut self,
        store: &Store,
        company: CompanyId,
        now_ms: i64,
    ) -> Result<Option<i64>, CloseError> {
        if let Some((until_ms, begins_ms)) = self.beginnings.get(&company)
            && now_ms < *until_ms
        {
            return Ok(Some(*begins_ms));
        }
        let filter = LedgerFilter { company: Some(company), ..LedgerFilter::active(i64::MIN, i64::MAX) };
        let links = store.ledger_links(&filter).await?;
        let begins_ms = links.iter().filter_map(|link| link.first_span_ms).min();
        if let Some(begins_ms) = begins_ms {
            self.beginnings.insert(company, (now_ms + BEGINNING_MS, begins_ms));
        }
        Ok(begins_ms)
    }

    async fn close_one(
        &mut self,
        store: &Store,
        company: &Company,
        (month, period): (Month, Interval),
        now_ms: i64,
        outcome: &mut ScheduleOutcome,
    ) -> Result<(), CloseError> {
        let key = (company.id, month);
        if self.look_again_ms.get(&key).is_some_and(|&again_ms| now_ms < again_ms) {
            return Ok(());
        }
        let filter = LedgerFilter {
            company: Some(company.id),
            unreported: Some(month),
            ..LedgerFilter::active(period.from_ms, period.to_ms)
        };
        let missing = store.ledger_links(&filter).await?;
        // A month before a link was first looked at says nothing; whoever wants it closed can say so.
        let is_seen = |link: &LedgerLink| {
            let from_ms = link.first_span_ms.max(link.link.measured_from_ms);
            link.first_span_ms.is_some() && from_ms.is_some_and(|ms| ms < period.to_ms)
        };
        let seen = missing.into_iter().filter(is_seen);
        let is_ready =
            |link: &LedgerLink| line_reaches(link, period.to_ms) || now_ms >= period.to_ms + GRACE_MS;
        let (ready, waiting): (Vec<_>, Vec<_>) = seen.partition(is_ready);
        outcome.waiting += waiting.len();
        let mut open = HashMap::new();
        for link in &waiting {
            *open.entry(link.client.id).or_default() += 1;
        }
        let months = self.open.entry(company.id).or_default();
        if open.is_empty() {
            _ = months.remove(&month)
        } else {
            _ = months.insert(month, open)
        }
        let failed = run(store, ready, month, FIRST_CLOSE, now_ms, outcome).await?;
        let again_ms = match (waiting.is_empty(), failed) {
            (false, _) => now_ms,
            (true, 0) => now_ms + SETTLED_MS,
            (true, _) => now_ms + FAILED_MS,
        };
        self.look_again_ms.insert(key, again_ms);
        Ok(())
    }

    /// Reckons the undecided reports of the month before again, once a day.
    async fn review(
        &mut self,
        store: &Store,
        company: &Company,
        zone: &TimeZone,
        now_ms: i64,
        outcome: &mut ScheduleOutcome,
    ) -> Result<(), CloseError> {
        let today = local(zone, now_ms)?.date();
        if today.day() > REVIEW_DAY_LAST || self.reviewed.get(&company.id) == Some(&today) {
            return Ok(());
        }
        let this_month = Month::containing(now_ms, zone)?.interval(zone)?;
        let month = Month::containing(this_month.from_ms - 1, zone)?;
        let wanted = ReportFilter {
            month: Some(month),
            verdict: Some(Verdict::Undetermined),
            latest_only: true,
            ..ReportFilter::default()
        };
        let (rows, _) = store.reports(None, &wanted, LIST_ROWS_MAX, 0).await?;
        let undecided: HashSet<LinkId> = rows.iter().map(|row| row.link_id).collect();
        if !undecided.is_empty() {
            let period = month.interval(zone)?;
            let filter = LedgerFilter {
                company: Some(company.id),
                ..LedgerFilter::active(period.from_ms, period.to_ms)
            };
            let links = store.ledger_links(&filter).await?;
            let links = links.into_iter().filter(|link| undecided.contains(&link.link.id)).collect();
            run(store, links, month, LATE_EVIDENCE, now_ms, outcome).await?;
        }
        self.reviewed.insert(company.id, today);
        Ok(())
    }
}

/// The links of a company that are not closed yet.
struct StillOpen<'a> {
    months: Option<&'a BTreeMap<Month, HashMap<ClientId, usize>>>,
    /// Not all months could be looked at.
    is_unknown: bool,
    zone: &'a TimeZone,
    now_ms: i64,
}

impl StillOpen<'_> {
    fn of(&self, month: Month) -> Option<&HashMap<ClientId, usize>> {
        self.months?.get(&month)
    }

    /// Whether it is too early to send what there is without what is missing.
    fn is_early(&self, month: Month) -> bool {
        let due = month.interval(self.zone).map_err(CloseError::from);
        let due = due.and_then(|period| due_ms(self.zone, period.to_ms));
        due.is_ok_and(|due_ms| self.now_ms < due_ms + TOGETHER_MS)
    }
}

impl Waiting for StillOpen<'_> {
    fn holds(&self, month: Month, client: Option<ClientId>) -> bool {
        let is_open =
            self.of(month).is_some_and(|open| client.is_none_or(|client| open.contains_key(&client)));
        (is_open || self.is_unknown) && self.is_early(month)
    }

    fn links(&self, month: Month) -> usize {
        self.of(month).map_or(0, |open| open.values().sum())
    }
}

/// Closes a month of `links` and counts what came of it; how many failed.
async fn run(
    store: &Store,
    links: Vec<LedgerLink>,
    month: Month,
    reason: &str,
    now_ms: i64,
    outcome: &mut ScheduleOutcome,
) -> Result<usize, CloseError> {
    let close = Close { month, reason: Some(reason), by: SCHEDULE, tell: true };
    let mut failed = 0;
    close_month(store, links, &close, now_ms, |closed| match closed.outcome {
        CloseOutcome::First(_) => outcome.closed += 1,
        CloseOutcome::Revised(..) => outcome.revised += 1,
        CloseOutcome::SoFar | CloseOutcome::Unchanged(_) => {}
        CloseOutcome::Failed(why) => {
            failed += 1;
            tracing::error!(circuit = closed.link.link.circuit, %month, why, "this month cannot be closed");
        }
    })
    .await?;
    outcome.failed += failed;
    Ok(failed)
}

/// The latest month whose close has come.
fn last_due(zone: &TimeZone, now_ms: i64) -> Result<Month, CloseError> {
    let this_month = Month::containing(now_ms, zone)?.interval(zone)?;
    let last = Month::containing(this_month.from_ms - 1, zone)?;
    if now_ms >= due_ms(zone, this_month.from_ms)? {
        return Ok(last);
    }
    Ok(Month::containing(last.interval(zone)?.from_ms - 1, zone)?)
}

/// 00:30 of the day that begins at `first_ms`; where the clock leaps over it, the moment after the leap.
fn due_ms(zone: &TimeZone, first_ms: i64) -> Result<i64, CloseError> {
    let date = local(zone, first_ms)?.date();
    let outside = |_| CloseError::Calendar(date.to_string());
    Ok(date.to_datetime(CLOSE_AT).to_zoned(zone.clone()).map_err(outside)?.timestamp().as_millisecond())
}

fn local(zone: &TimeZone, at_ms: i64) -> Result<jiff::Zoned, CloseError> {
    let at = Timestamp::from_millisecond(at_ms).map_err(|_| CloseError::Calendar(at_ms.to_string()))?;
    Ok(at.to_zoned(zone.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("a zone")
    }

    /// When the month `text` is closed, as the zone's clocks show it.
    fn closed(text: &str, name: &str) -> String {
        let month: Month = text.parse().expect("a month");
        let end_ms = month.interval(&zone(name)).expect("in the calendar").to_ms;
        let at_ms = due_ms(&zone(name), end_ms).expect("in the calendar");
        let before = last_due(&zone(name), at_ms - 1).expect("in the calendar");
        assert!(before < month, "{name}: {text} is not due a moment earlier");
        assert_eq!(last_due(&zone(name), at_ms).expect("in the calendar"), month, "{name}");
        local(&zone(name), at_ms).expect("in the calendar").strftime("%Y-%m-%d %H:%M %:z").to_string()
    }

    #[test]
    fn trap_20_months_are_closed_by_the_companys_clock_and_once() {
        assert_eq!(closed("2026-10", "Asia/Kolkata"), "2026-11-01 00:30 +05:30");
        assert_eq!(closed("2026-12", "America/New_York"), "2027-01-01 00:30 -05:00");
        // The clocks go back on 1 November at two: half past midnight is there once.
        assert_eq!(closed("2026-10", "America/New_York"), "2026-11-01 00:30 -04:00");
        assert_eq!(closed("2026-03", "Australia/Lord_Howe"), "2026-04-01 00:30 +11:00");
        assert_eq!(closed("2026-02", "Africa/Casablanca"), "2026-03-01 00:30 +00:00");
        // In 2016 the day began at one o'clock in Amman: there was no half past midnight.
        assert_eq!(closed("2016-03", "Asia/Amman"), "2016-04-01 01:30 +03:00");
        // And in Havana the hour after midnight of 1 November 2026 comes twice; the first one counts.
        assert_eq!(closed("2026-10", "America/Havana"), "2026-11-01 00:30 -04:00");
    }
}
