use report::{Brand, Document, Facts};
use sla::Inputs;
use store::{Company, ReportId, SlaReport, Store, StoreError};

/// A frozen report with all that its PDF, its files and the mails about it are made of.
#[derive(Clone, Debug)]
pub struct Paper {
    /// The report.
    pub report: SlaReport,
    /// Who sells the link, as it is now: a report keeps its figures, not its looks.
    pub company: Company,
    inputs: Inputs,
    facts: Facts,
    brand: Brand,
    url: Option<String>,
}

/// Why a report's paper could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum PaperError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The frozen facts cannot be read.
    #[error("the facts of report {0} cannot be read")]
    Facts(ReportId, #[source] serde_json::Error),
}

impl Paper {
    /// Reads what belongs to `report`. `portal` is where the portal is, without a slash at its end.
    ///
    /// # Errors
    /// [`PaperError`].
    pub async fn read(store: &Store, report: SlaReport, portal: Option<&str>) -> Result<Self, PaperError> {
        let inputs = store.report_inputs(report.id).await?;
        let facts = serde_json::from_value(report.facts.clone())
            .map_err(|error| PaperError::Facts(report.id, error))?;
        let client = store.client(report.client_id).await?;
        let company = store.company(client.company_id).await?;
        let logo = store.company_logo(company.id).await?;
        let brand = Brand {
            name: company.name.clone(),
            accent: company.accent.clone(),
            logo: logo.and_then(|logo| {
                let checked = report::Logo::new(logo.bytes, logo.kind.as_str());
                checked
                    .inspect_err(|error| tracing::warn!(company = company.name, %error, "logo left out"))
                    .ok()
            }),
        };
        let url = portal.map(|portal| format!("{portal}/client/sla-reports/{}", report.id));
        Ok(Self { report, company, inputs, facts, brand, url })
    }

    /// What [`report`] sets and writes.
    pub fn document(&self) -> Document<'_> {
        Document {
            facts: &self.facts,
            brand: &self.brand,
            statement: &self.report.statement,
            inputs: &self.inputs,
            revision: self.report.revision,
            reason: &self.report.reason,
            digest: &self.report.digest,
            created_at_ms: self.report.created_at_ms,
            report_url: self.url.as_deref(),
        }
    }

    /// What the figures were calculated from.
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// About the service.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What its file is called.
    pub fn file_name(&self, ending: &str) -> String {
        report::file_name(&self.facts.circuit, self.report.month, self.report.revision, ending)
    }
}
