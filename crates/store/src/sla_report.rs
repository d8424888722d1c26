//! Frozen statements. A row is never changed: what is reckoned anew becomes the next revision.

use sla::{Inputs, Month, Statement};

use crate::engine::on;
use crate::{ClientId, LinkId, ReportId, Store, StoreError};

/// The frozen SLA statement of one link for one month.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct SlaReport {
    /// Its row.
    pub id: ReportId,
    /// Whose statement.
    pub link_id: LinkId,
    /// Whose link it was.
    pub client_id: ClientId,
    /// Which month.
    pub month: Month,
    /// 1, 2, 3 ...
    pub revision: i64,
    /// Why it was reckoned anew; empty for the first revision.
    pub reason: String,
    /// Version of the arithmetic.
    pub algorithm: u32,
    /// First millisecond of the period.
    pub from_ms: i64,
    /// First millisecond after it.
    pub to_ms: i64,
    /// SHA-256 of the frozen inputs, in hexadecimal digits.
    pub digest: String,
    /// The statement as it was reckoned.
    pub statement: Statement,
    /// Names, contacts and the like as they were then; the store does not look into it.
    pub facts: serde_json::Value,
    /// When it was written.
    pub created_at_ms: i64,
    /// By whom: a person of the ISP, or the schedule.
    pub created_by: String,
}

macro_rules! columns {
    () => {
        "id, link_id, client_id, month, revision, reason, algorithm, from_ms, to_ms, digest, created_at_ms, created_by, \
         facts, statement"
    };
}

#[derive(sqlx::FromRow)]
struct Row {
    id: ReportId,
    link_id: LinkId,
    client_id: ClientId,
    month: String,
    revision: i64,
    reason: String,
    algorithm: i64,
    from_ms: i64,
    to_ms: i64,
    digest: String,
    created_at_ms: i64,
    created_by: String,
    facts: String,
    statement: String,
}

impl TryFrom<Row> for SlaReport {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            link_id: row.link_id,
            client_id: row.client_id,
            month: row.month.parse().map_err(StoreError::corrupt)?,
            revision: row.revision,
            reason: row.reason,
            algorithm: row.algorithm.try_into().map_err(StoreError::corrupt)?,
            from_ms: row.from_ms,
            to_ms: row.to_ms,
            digest: row.digest,
            statement: serde_json::from_str(&row.statement).map_err(StoreError::corrupt)?,
            facts: serde_json::from_str(&row.facts).map_err(StoreError::corrupt)?,
            created_at_ms: row.created_at_ms,
            created_by: row.created_by,
        })
    }
}

impl Store {
    /// One report, for the ISP's own use.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    pub async fn report(&self, id: ReportId) -> Result<SlaReport, StoreError> {
        const SQL: &str = concat!("SELECT ", columns!(), " FROM sla_reports WHERE id = $1");
        let row: Option<Row> =
            on!(self.reader(), db => sqlx::query_as(SQL).bind(id).fetch_optional(db).await)?;
        row.ok_or(StoreError::NotFound { what: "report" })?.try_into()
    }

    /// A client's report; `None` if there is no such report or it is not this client's.
    pub async fn report_for_client(
        &self,
        client: ClientId,
        id: ReportId,
    ) -> Result<Option<SlaReport>, StoreError> {
        const SQL: &str =
            concat!("SELECT ", columns!(), " FROM sla_reports WHERE client_id = $1 AND id = $2");
        let row: Option<Row> =
            on!(self.reader(), db => sqlx::query_as(SQL).bind(client).bind(id).fetch_optional(db).await)?;
        row.map(SlaReport::try_from).transpose()
    }

    /// A link's report for a month, of that revision or the latest, for the ISP's own use.
    pub async fn report_of_link(
        &self,
        link: LinkId,
        month: Month,
        revision: Option<i64>,
    ) -> Result<Option<SlaReport>, StoreError> {
        const SQL: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM sla_reports WHERE link_id = $1 AND month = $2 AND ($3 IS NULL OR revision = $3)
            ORDER BY revision DESC LIMIT 1"
        );
        let row: Option<Row> = on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(link)
            .bind(month.to_string())
            .bind(revision)
            .fetch_optional(db)
            .await)?;
        row.map(SlaReport::try_from).transpose()
    }

    /// What a report was reckoned from, for the ISP's own use.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    pub async fn report_inputs(&self, id: ReportId) -> Result<Inputs, StoreError> {
        const SQL: &str = "SELECT inputs FROM sla_reports WHERE id = $1";
        let found: Option<Vec<u8>> =
            on!(self.reader(), db => sqlx::query_scalar(SQL).bind(id).fetch_optional(db).await)?;
        inputs(&found.ok_or(StoreError::NotFound { what: "report" })?)
    }

    /// What a client's report was reckoned from; `None` if it is not this client's.
    pub async fn report_inputs_for_client(
        &self,
        client: ClientId,
        id: ReportId,
    ) -> Result<Option<Inputs>, StoreError> {
        const SQL: &str = "SELECT inputs FROM sla_reports WHERE client_id = $1 AND id = $2";
        let found: Option<Vec<u8>> =
            on!(self.reader(), db => sqlx::query_scalar(SQL).bind(client).bind(id).fetch_optional(db).await)?;
        found.as_deref().map(inputs).transpose()
    }
}

fn inputs(bytes: &[u8]) -> Result<Inputs, StoreError> {
    Inputs::from_bytes(bytes).map_err(StoreError::corrupt)
}
