//! Lists of reports in pages.

use sla::{Month, Verdict, Verdicts};

use crate::engine::{Differs, on};
use crate::{ClientId, LIST_ROWS_MAX, LinkId, ReportId, Store, StoreError};

/// A report in a list.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ReportRow {
    /// Its row.
    pub id: ReportId,
    /// Whose statement.
    pub link_id: LinkId,
    /// Whose link it was.
    pub client_id: ClientId,
    /// The link's circuit id.
    pub circuit: String,
    /// Where the link ends.
    pub site: Option<String>,
    /// The link's type.
    pub kind: String,
    /// Which month.
    pub month: Month,
    /// 1, 2, 3 ...
    pub revision: i64,
    /// The latest revision for this link and month.
    pub latest_revision: i64,
    /// Whether the month was not over.
    pub so_far: bool,
    /// The verdicts.
    pub verdict: Verdicts,
    /// Availability, as in the statement.
    pub availability_pct: Option<String>,
    /// What was missed or cannot be decided, in plain words.
    pub reasons: Vec<String>,
    /// When it was written.
    pub created_at_ms: i64,
}

/// Which reports to list; the default is all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportFilter {
    /// Of this month.
    pub month: Option<Month>,
    /// Of this link.
    pub link: Option<LinkId>,
    /// With this overall verdict.
    pub verdict: Option<Verdict>,
    /// Only the latest revision for each link and month.
    pub latest_only: bool,
}

#[derive(sqlx::FromRow)]
pub(crate) struct Row {
    id: ReportId,
    link_id: LinkId,
    client_id: ClientId,
    circuit: String,
    site: Option<String>,
    kind: String,
    month: String,
    revision: i64,
    latest_revision: i64,
    so_far: bool,
    overall: String,
    uptime: String,
    latency: String,
    loss: String,
    availability_pct: Option<String>,
    reasons: String,
    created_at_ms: i64,
}

impl TryFrom<Row> for ReportRow {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let verdict = |text: &str| text.parse::<Verdict>().map_err(StoreError::corrupt);
        Ok(Self {
            id: row.id,
            link_id: row.link_id,
            client_id: row.client_id,
            circuit: row.circuit,
            site: row.site,
            kind: row.kind,
            month: row.month.parse().map_err(StoreError::corrupt)?,
            revision: row.revision,
            latest_revision: row.latest_revision,
            so_far: row.so_far,
            verdict: Verdicts {
                uptime: verdict(&row.uptime)?,
                latency: verdict(&row.latency)?,
                loss: verdict(&row.loss)?,
                overall: verdict(&row.overall)?,
            },
            availability_pct: row.availability_pct,
            reasons: serde_json::from_str(&row.reasons).map_err(StoreError::corrupt)?,
            created_at_ms: row.created_at_ms,
        })
    }
}

macro_rules! wanted {
    () => {
        " WHERE ($1 IS NULL OR r.client_id = $1) AND ($2 IS NULL OR r.month = $2) AND ($3 IS NULL OR r.link_id = $3)
            AND ($4 IS NULL OR r.overall = $4)
            AND (NOT $5 OR r.revision = (SELECT MAX(m.revision) FROM sla_reports m
                WHERE m.link_id = r.link_id AND m.month = r.month))"
    };
}

/// Of `sla_reports r` and `client_links l`; how the reasons are taken out of a statement differs between the engines.
macro_rules! report_row_columns {
    ($reasons:literal) => {
        concat!(
            "r.id, r.link_id, r.client_id, l.circuit, l.site, l.kind, r.month, r.revision,
                (SELECT MAX(x.revision) FROM sla_reports x WHERE x.link_id = r.link_id AND x.month = r.month)
                    AS latest_revision,
                r.so_far, r.overall, r.uptime, r.latency, r.loss, r.availability_pct, ",
            $reasons,
            " AS reasons, r.created_at_ms"
        )
    };
}
pub(crate) use report_row_columns;

macro_rules! page {
    ($reasons:literal) => {
        concat!(
            "SELECT ",
            report_row_columns!($reasons),
            " FROM sla_reports r JOIN client_links l ON l.id = r.link_id",
            wanted!(),
            " ORDER BY r.month DESC, l.circuit, r.revision DESC LIMIT $6 OFFSET $7"
        )
    };
}

const PAGE: Differs = Differs {
    sqlite: page!("r.statement ->> 'reasons'"),
    postgres: page!("CAST(r.statement AS JSON) ->> 'reasons'"),
};

impl Store {
    /// A page of a client's reports, newest month first and then by circuit, and how many there are in all.
    pub async fn reports_for_client(
        &self,
        client: ClientId,
        filter: &ReportFilter,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<ReportRow>, i64), StoreError> {
        self.report_page(Some(client), filter, limit, offset).await
    }

    /// A page of the reports of one client or of all, for the ISP's own use; see
    /// [`reports_for_client`](Self::reports_for_client).
    pub async fn reports(
        &self,
        client: Option<ClientId>,
        filter: &ReportFilter,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<ReportRow>, i64), StoreError> {
        self.report_page(client, filter, limit, offset).await
    }

    /// The months for which a client has reports, newest first.
    pub async fn months_with_reports_for_client(&self, client: ClientId) -> Result<Vec<Month>, StoreError> {
        const SQL: &str =
            "SELECT DISTINCT month FROM sla_reports WHERE client_id = $1 ORDER BY month DESC LIMIT $2";
        let months: Vec<String> = on!(self.reader(), db => sqlx::query_scalar(SQL)
            .bind(client)
            .bind(LIST_ROWS_MAX)
            .fetch_all(db)
            .await)?;
        months.iter().map(|month| month.parse().map_err(StoreError::corrupt)).collect()
    }

    async fn report_page(
        &self,
        client: Option<ClientId>,
        filter: &ReportFilter,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<ReportRow>, i64), StoreError> {
        const COUNT: &str = concat!("SELECT COUNT(*) FROM sla_reports r", wanted!());
        let reader = self.reader();
        let page = PAGE.on(&reader);
        let month = filter.month.map(|month| month.to_string());
        let verdict = filter.verdict.map(Verdict::as_str);
        let total: i64 = on!(&reader, db => sqlx::query_scalar(COUNT)
            .bind(client)
            .bind(&month)
            .bind(filter.link)
            .bind(verdict)
            .bind(filter.latest_only)
            .fetch_one(*db)
            .await)?;
        let rows: Vec<Row> = on!(reader, db => sqlx::query_as(page)
            .bind(client)
            .bind(&month)
            .bind(filter.link)
            .bind(verdict)
            .bind(filter.latest_only)
            .bind(limit.clamp(0, LIST_ROWS_MAX))
            .bind(offset.max(0))
            .fetch_all(db)
            .await)?;
        let rows = rows.into_iter().map(ReportRow::try_from).collect::<Result<_, _>>()?;
        Ok((rows, total))
    }
}
