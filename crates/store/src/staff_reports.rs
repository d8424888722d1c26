//! SLA reports on the staff pages, within a scope.

use sla::{Inputs, Month, Verdict};

use crate::engine::{Differs, on};
use crate::sla_report_list::{Row as ListRow, report_row_columns};
use crate::staff_scope::{Counted, scoped};
use crate::{
    ClientId, Company, LIST_ROWS_MAX, ReportId, ReportRow, STAFF_PAGE_ROWS, SlaReport, StaffAsk, StaffPage,
    StaffScope, Store, StoreError,
};

/// Which reports a person of the ISP asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StaffReportAsk<'a> {
    /// Words in the circuit id, the site or the client, and the page.
    pub ask: StaffAsk<'a>,
    /// Of this month.
    pub month: Option<Month>,
    /// Of this client.
    pub client: Option<ClientId>,
    /// With this overall verdict.
    pub verdict: Option<Verdict>,
    /// Also those that a later revision stands instead of.
    pub all_revisions: bool,
}

/// A report in a list of the staff.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct StaffReport {
    /// The report.
    #[serde(flatten)]
    pub report: ReportRow,
    /// Whose statement.
    pub client: String,
    /// Who sells to that client.
    pub company: String,
    /// The company's, in which its times are told.
    pub timezone: String,
}

#[derive(sqlx::FromRow)]
pub(crate) struct Row {
    #[sqlx(flatten)]
    report: ListRow,
    client: String,
    company: String,
    timezone: String,
}

impl TryFrom<Row> for StaffReport {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let Row { report, client, company, timezone } = row;
        Ok(Self { report: report.try_into()?, client, company, timezone })
    }
}

// Statements are long: they are read for the rows of the page alone.
macro_rules! list {
    ($reasons:literal) => {
        scoped!(
            ["SELECT ", report_row_columns!($reasons), ", c.name AS client, m.name AS company, m.timezone, p.total
                FROM (SELECT r.id, COUNT(*) OVER () AS total
                    FROM sla_reports r JOIN client_links l ON l.id = r.link_id JOIN clients c ON c.id = r.client_id
                    WHERE"]
            "c.company_id"
            ["AND ($2 IS NULL OR r.month = $2) AND ($3 IS NULL OR r.client_id = $3) AND ($4 IS NULL OR r.overall = $4)
                AND ($5 OR r.revision = (SELECT MAX(n.revision) FROM sla_reports n
                    WHERE n.link_id = r.link_id AND n.month = r.month))
                AND (l.circuit GLOB $6 OR c.name GLOB $6
                    OR COALESCE(l.site, '') GLOB $6)
                ORDER BY r.month DESC, l.circuit, r.link_id, r.revision DESC LIMIT $7 OFFSET $8) p
                JOIN sla_reports r ON r.id = p.id JOIN client_links l ON l.id = r.link_id
                JOIN clients c ON c.id = r.client_id JOIN companies m ON m.id = c.company_id
                ORDER BY r.month DESC, l.circuit, r.link_id, r.revision DESC"]
        )
    };
}

const LIST: Differs = Differs {
    sqlite: list!("r.statement ->> 'reasons'").sqlite,
    postgres: list!("CAST(r.statement AS JSON) ->> 'reasons'").postgres,
};
const MONTHS: Differs = scoped!(
    ["SELECT DISTINCT r.month FROM sla_reports r JOIN clients c ON c.id = r.client_id WHERE"] "c.company_id"
    ["ORDER BY r.month DESC LIMIT $2"]
);

impl Store {
    /// Reports within a scope, the newest month first and then by circuit.
    pub async fn staff_reports(
        &self,
        scope: &StaffScope,
        asked: &StaffReportAsk<'_>,
    ) -> Result<StaffPage<StaffReport>, StoreError> {
        let reader = self.reader();
        let (sql, scope) = (LIST.on(&reader), scope.parameter()?);
        let rows: Vec<Counted<Row>> = on!(reader, db => sqlx::query_as(sql)
            .bind(scope)
            .bind(asked.month.map(|month| month.to_string()))
            .bind(asked.client)
            .bind(asked.verdict.map(Verdict::as_str))
            .bind(asked.all_revisions)
            .bind(asked.ask.pattern(&reader))
            .bind(STAFF_PAGE_ROWS)
            .bind(asked.ask.offset())
            .fetch_all(db)
            .await)?;
        StaffPage::of(rows).try_map(StaffReport::try_from)
    }

    /// The months for which there are reports within a scope, the newest first.
    pub async fn staff_report_months(&self, scope: &StaffScope) -> Result<Vec<Month>, StoreError> {
        let reader = self.reader();
        let (sql, scope) = (MONTHS.on(&reader), scope.parameter()?);
        let months: Vec<String> =
            on!(reader, db => sqlx::query_scalar(sql).bind(scope).bind(LIST_ROWS_MAX).fetch_all(db).await)?;
        months.iter().map(|month| month.parse().map_err(StoreError::corrupt)).collect()
    }

    /// One report with what it was reckoned from, and who sells the link.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none within the scope.
    pub async fn staff_report(
        &self,
        scope: &StaffScope,
        id: ReportId,
    ) -> Result<(SlaReport, Inputs, Company), StoreError> {
        let report = self.report(id).await?;
        let company = self.client(report.client_id).await?.company_id;
        scope.check(company, "report")?;
        Ok((report, self.report_inputs(id).await?, self.company(company).await?))
    }
}
