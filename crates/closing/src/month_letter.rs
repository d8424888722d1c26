//! What a message about several reports of a month says, read from the frozen reports that its row in the outbox names.

use report::{MonthReport, MonthReports};
use serde::Deserialize;
use sla::Month;
use store::{ReportId, Store, StoreError};

/// What the outbox holds of such a message.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct MonthLetter {
    /// Which month.
    pub month: Month,
    /// The reports.
    pub reports: Vec<ReportId>,
    /// Reports of the month that are not decided yet.
    #[serde(default)]
    pub under_review: i64,
}

impl MonthLetter {
    /// Reads the reports, in the order in which they are listed. `portal` is where the portal is, without a slash at its end.
    ///
    /// # Errors
    /// Those of the database; [`StoreError::Corrupt`] for facts that cannot be read.
    pub async fn read(&self, store: &Store, portal: Option<&str>) -> Result<MonthReports, StoreError> {
        let mut all = MonthReports {
            month: self.month,
            reports: Vec::with_capacity(self.reports.len()),
            under_review: self.under_review,
            attached: 0,
            url: portal.map(|portal| format!("{portal}/client/sla-reports?month={}", self.month)),
        };
        for id in &self.reports {
            let report = store.report(*id).await?;
            let facts: report::Facts = serde_json::from_value(report.facts)
                .map_err(|error| StoreError::Corrupt(format!("the facts of report {id}: {error}")))?;
            all.reports.push(MonthReport {
                id: id.0,
                facts,
                statement: report.statement,
                revision: report.revision,
                url: portal.map(|portal| format!("{portal}/client/sla-reports/{id}")),
            });
        }
        all.sort();
        Ok(all)
    }
}
