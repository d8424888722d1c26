use std::{
    collections::{HashMap, HashSet},
    error::Error,
};

use jiff::tz::TimeZone;
use store::{AlertDecisions, AlertSubject, Company, CompanyId, LinkId, Store, StoreError};

use super::{budget, condition::Condition, decide::decide, disk, quality_read};

/// Time between two looks at latency and loss, which change with samples only.
const QUALITY_EVERY_MS: i64 = 30_000;
/// Time between two looks at the error budgets.
const BUDGET_EVERY_MS: i64 = 10 * 60_000;
/// Turns that one pass takes while others decide something each time; the next pass goes on.
const TURNS_MAX: usize = 5;
/// Wait after error budgets that could not be calculated: they cost too much to be tried on every pass.
const BUDGET_RETRY_MS: i64 = 30_000;

/// Sees what has to be told and writes it into the outbox. What it remembers saves looking; without it, it does the same.
#[derive(Debug, Default)]
pub struct AlertEngine {
    quality_due_ms: HashMap<CompanyId, i64>,
    budget_due_ms: HashMap<CompanyId, i64>,
    /// Companies whose error budgets could not be calculated last time: logged when that begins and when it ends.
    budget_failed: HashSet<CompanyId>,
}

/// What was measured for a pass, and when each measurement is due again once its decisions are written.
struct Measured {
    conditions: Vec<Condition>,
    quality_due_ms: Option<i64>,
    budget_due_ms: Option<i64>,
}

/// What a pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlertOutcome {
    /// Alerts raised, ended or told.
    pub alerts: usize,
    /// Messages put into the outbox.
    pub messages: usize,
    /// Lines of the log about what is not told.
    pub untold: usize,
}

impl AlertEngine {
    /// Looks at every company once; what is decided about a link or router is written in one transaction.
    ///
    /// Dying at any moment loses nothing and repeats nothing: what was not written is decided again, and what was
    /// written is seen. The same goes for two processes that look at once.
    ///
    /// # Errors
    /// Those of the database. What keeps one company from being looked at keeps no other.
    pub async fn pass(&mut self, store: &Store, now_ms: i64) -> Result<AlertOutcome, StoreError> {
        let mut outcome = AlertOutcome::default();
        let mut result = Ok(());
        for company in store.companies().await? {
            match self.company(store, &company, now_ms).await {
                Ok(done) => {
                    outcome.alerts += done.alerts;
                    outcome.messages += done.messages;
                    outcome.untold += done.untold;
                }
                Err(error) => result = result.and(Err(error)),
            }
        }
        result.map(|()| outcome)
    }

    async fn company(
        &mut self,
        store: &Store,
        company: &Company,
        now_ms: i64,
    ) -> Result<AlertOutcome, StoreError> {
        let zone = zone(company);
        let measured = self.measured(store, company, &zone, now_ms).await?;
        let Some(decisions) = decide_and_write(store, company, &measured.conditions, &zone, now_ms).await?
        else {
            return Ok(AlertOutcome::default());
        };
        // Only now: a pass that failed before has decided nothing, and the next one measures again.
        self.quality_due_ms.extend(measured.quality_due_ms.map(|due_ms| (company.id, due_ms)));
        self.budget_due_ms.extend(measured.budget_due_ms.map(|due_ms| (company.id, due_ms)));
        let logs = decisions.changes.iter().map(|change| change.logs.len()).sum::<usize>();
        Ok(AlertOutcome {
            alerts: decisions.changes.len(),
            messages: decisions.changes.iter().map(|change| change.messages.len()).sum(),
            untold: logs + decisions.logs.len(),
        })
    }

    /// Latency, loss and error budgets, when it is their time.
    async fn measured(
        &mut self,
        store: &Store,
        company: &Company,
        zone: &TimeZone,
        now_ms: i64,
    ) -> Result<Measured, StoreError> {
        let mut measured = Measured { conditions: Vec::new(), quality_due_ms: None, budget_due_ms: None };
        if is_due(&self.quality_due_ms, company.id, now_ms, QUALITY_EVERY_MS) {
            measured.conditions = quality_read::conditions(store, company.id, now_ms).await?;
            measured.conditions.push(disk::condition(company, store.disk_space().await?, now_ms));
            measured.quality_due_ms = Some(now_ms + QUALITY_EVERY_MS);
        }
        if is_due(&self.budget_due_ms, company.id, now_ms, BUDGET_EVERY_MS) {
            let result = budget::conditions(store, company, zone, now_ms).await;
            let failed_before = self.budget_failed.remove(&company.id);
            measured.budget_due_ms = Some(now_ms + BUDGET_EVERY_MS);
            match result {
                Ok(mut budgets) => {
                    measured.conditions.append(&mut budgets);
                    if failed_before {
                        tracing::info!(company = company.name, "the error budgets are calculated again");
                    }
                }
                // Links that contradict themselves must not keep a dead router from being told.
                Err(error) => {
                    self.budget_failed.insert(company.id);
                    self.budget_due_ms.insert(company.id, now_ms + BUDGET_RETRY_MS);
                    measured.budget_due_ms = None;
                    if !failed_before {
                        let error = &error as &dyn Error;
                        tracing::warn!(
                            error,
                            company = company.name,
                            "the error budgets cannot be calculated"
                        );
                    }
                }
            }
        }
        Ok(measured)
    }
}

/// What was decided and written; `None` if others decided something each time.
async fn decide_and_write(
    store: &Store,
    company: &Company,
    measured: &[Condition],
    zone: &TimeZone,
    now_ms: i64,
) -> Result<Option<AlertDecisions>, StoreError> {
    let link_of = |condition: &Condition| match condition.subject {
        AlertSubject::Link(link) => Some(link),
        _ => None,
    };
    let links: Vec<LinkId> = measured.iter().filter_map(link_of).collect();
    for _ in 0..TURNS_MAX {
        let mut turn = store.alert_turn(company.id, now_ms).await?;
        let facts = turn.facts(&links).await?;
        let decisions = decide(&facts, measured, zone, now_ms);
        if turn.write(&decisions).await? {
            return Ok(Some(decisions));
        }
    }
    Ok(None)
}

fn is_due(due_ms: &HashMap<CompanyId, i64>, company: CompanyId, now_ms: i64, every_ms: i64) -> bool {
    // A clock that was put back must not silence anything.
    due_ms.get(&company).is_none_or(|next_ms| now_ms >= *next_ms || *next_ms - now_ms > every_ms)
}

pub(crate) fn zone(company: &Company) -> TimeZone {
    TimeZone::get(&company.timezone).unwrap_or_else(|_| {
        tracing::warn!(
            company = company.name,
            zone = company.timezone,
            "not a known time zone; UTC is taken"
        );
        TimeZone::UTC
    })
}
