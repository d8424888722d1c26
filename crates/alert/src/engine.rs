use std::{collections::HashMap, error::Error};

use jiff::tz::TimeZone;
use store::{AlertSubject, Company, CompanyId, LinkId, Store, StoreError};

use super::{budget, condition::Condition, decide::decide, disk, quality_read};

/// Time between two looks at latency and loss, which change with samples only.
const QUALITY_EVERY_MS: i64 = 30_000;
/// Time between two looks at the error budgets.
const BUDGET_EVERY_MS: i64 = 10 * 60_000;

/// Sees what has to be told and writes it into the outbox. What it remembers saves looking; without it, it does the same.
#[derive(Debug, Default)]
pub struct AlertEngine {
    quality_due_ms: HashMap<CompanyId, i64>,
    budget_due_ms: HashMap<CompanyId, i64>,
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
    /// Looks at every company once; each is written in one transaction of its own.
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
        let links: Vec<LinkId> = measured
            .iter()
            .filter_map(|condition| match condition.subject {
                AlertSubject::Link(link) => Some(link),
                _ => None,
            })
            .collect();
        let mut turn = store.alert_turn(company.id, now_ms).await?;
        let facts = turn.facts(&links).await?;
        let decisions = decide(&facts, &measured, &zone, now_ms);
        turn.write(&decisions).await?;
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
    ) -> Result<Vec<Condition>, StoreError> {
        let mut conditions = Vec::new();
        if is_due(&mut self.quality_due_ms, company.id, now_ms, QUALITY_EVERY_MS) {
            conditions = quality_read::conditions(store, company.id, now_ms).await?;
            conditions.push(disk::condition(company, store.disk_space().await?, now_ms));
        }
        if is_due(&mut self.budget_due_ms, company.id, now_ms, BUDGET_EVERY_MS) {
            match budget::conditions(store, company, zone, now_ms).await {
                Ok(mut budgets) => conditions.append(&mut budgets),
                // Links that contradict themselves must not keep a dead router from being told.
                Err(error) => {
                    let error = &error as &dyn Error;
                    tracing::warn!(error, company = company.name, "the error budgets cannot be reckoned");
                }
            }
        }
        Ok(conditions)
    }
}

fn is_due(due_ms: &mut HashMap<CompanyId, i64>, company: CompanyId, now_ms: i64, every_ms: i64) -> bool {
    let next_ms = due_ms.entry(company).or_insert(now_ms);
    // A clock that was put back must not silence anything.
    let is_due = now_ms >= *next_ms || *next_ms - now_ms > every_ms;
    if is_due {
        *next_ms = now_ms + every_ms;
    }
    is_due
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
