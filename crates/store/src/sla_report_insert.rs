//! The rows of new reports.

use std::collections::HashMap;

use sqlx::{Postgres, Sqlite, Transaction};

use crate::engine::{Engine, Tx, json};
use crate::{LinkId, NewMail, NewReport, ReportId, StoreError};

/// A report that becomes a row.
pub(crate) struct Fresh<'a> {
    pub(crate) report: &'a NewReport<'a>,
    month: String,
    pub(crate) revision: i64,
    reason: &'a str,
    facts: String,
    statement: String,
}

impl<'a> Fresh<'a> {
    pub(crate) fn new(report: &'a NewReport<'a>, revision: i64) -> Result<Self, StoreError> {
        let reason = if revision == 1 { "" } else { report.reason.trim() };
        if revision > 1 && reason.is_empty() {
            let why = format!("revision {revision} of link {} needs a reason", report.link_id);
            return Err(StoreError::Invalid { what: "a report", why });
        }
        let month = report.statement.month.to_string();
        let (facts, statement) = (report.facts.to_string(), json(report.statement)?);
        Ok(Self { report, month, revision, reason, facts, statement })
    }

    /// Names the mail: to one address, one mail of a kind per revision.
    pub(crate) fn dedup_key(&self, mail: &NewMail) -> String {
        let (kind, link, month) = (&mail.kind, self.report.link_id, &self.month);
        format!("{kind}/{link}/{month}/r{}/{}", self.revision, mail.recipient.trim().to_lowercase())
    }
}

/// Writes the rows of reports of different links, and gives their ids by link.
pub(crate) async fn insert(
    tx: &mut Tx,
    rows: &[&Fresh<'_>],
    now_ms: i64,
) -> Result<HashMap<LinkId, ReportId>, StoreError> {
    if rows.is_empty() {
        return Ok(HashMap::new());
    }
    match tx {
        Engine::Sqlite(tx) => insert_sqlite(tx, rows, now_ms).await,
        Engine::Postgres(tx) => insert_postgres(tx, rows, now_ms).await,
    }
    .map_err(|error| StoreError::on_insert(error, "report", &[("month", "revision")]))
}

macro_rules! columns {
    () => {
        "link_id, client_id, month, revision, reason, algorithm, from_ms, to_ms, so_far, overall, uptime, latency, loss, \
         availability_pct, digest, created_at_ms, created_by, facts, statement, inputs"
    };
}

/// One statement a row: beside the inputs' many pages its own cost does not show.
async fn insert_sqlite(
    tx: &mut Transaction<'static, Sqlite>,
    rows: &[&Fresh<'_>],
    now_ms: i64,
) -> Result<HashMap<LinkId, ReportId>, sqlx::Error> {
    const SQL: &str = concat!(
        "INSERT INTO sla_reports (",
        columns!(),
        ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id"
    );
    let mut ids = HashMap::with_capacity(rows.len());
    for row in rows {
        let statement = row.report.statement;
        let verdict = statement.figures.verdict;
        let id = sqlx::query_scalar(SQL)
            .bind(row.report.link_id)
            .bind(row.report.client_id)
            .bind(&row.month)
            .bind(row.revision)
            .bind(row.reason)
            .bind(i64::from(statement.algorithm))
            .bind(statement.from_ms)
            .bind(statement.to_ms)
            .bind(statement.so_far)
            .bind(verdict.overall.as_str())
            .bind(verdict.uptime.as_str())
            .bind(verdict.latency.as_str())
            .bind(verdict.loss.as_str())
            .bind(&statement.figures.availability_pct)
            .bind(&row.report.digest)
            .bind(now_ms)
            .bind(row.report.created_by)
            .bind(&row.facts)
            .bind(&row.statement)
            .bind(row.report.inputs.as_slice())
            .fetch_one(&mut **tx)
            .await?;
        ids.insert(row.report.link_id, id);
    }
    Ok(ids)
}

async fn insert_postgres(
    tx: &mut Transaction<'static, Postgres>,
    rows: &[&Fresh<'_>],
    now_ms: i64,
) -> Result<HashMap<LinkId, ReportId>, sqlx::Error> {
    const SQL: &str = concat!(
        "INSERT INTO sla_reports (",
        columns!(),
        ") SELECT * FROM UNNEST($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::bigint[],
            $7::bigint[], $8::bigint[], $9::boolean[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
            $15::text[], $16::bigint[], $17::text[], $18::text[], $19::text[], $20::bytea[])
        RETURNING link_id, id"
    );
    macro_rules! column {
        ($row:ident => $value:expr) => {
            rows.iter().map(|$row| $value).collect::<Vec<_>>()
        };
    }
    let ids: Vec<(LinkId, ReportId)> = sqlx::query_as(SQL)
        .bind(column!(row => row.report.link_id.0))
        .bind(column!(row => row.report.client_id.0))
        .bind(column!(row => row.month.as_str()))
        .bind(column!(row => row.revision))
        .bind(column!(row => row.reason))
        .bind(column!(row => i64::from(row.report.statement.algorithm)))
        .bind(column!(row => row.report.statement.from_ms))
        .bind(column!(row => row.report.statement.to_ms))
        .bind(column!(row => row.report.statement.so_far))
        .bind(column!(row => row.report.statement.figures.verdict.overall.as_str()))
        .bind(column!(row => row.report.statement.figures.verdict.uptime.as_str()))
        .bind(column!(row => row.report.statement.figures.verdict.latency.as_str()))
        .bind(column!(row => row.report.statement.figures.verdict.loss.as_str()))
        .bind(column!(row => row.report.statement.figures.availability_pct.as_deref()))
        .bind(column!(row => row.report.digest.as_str()))
        .bind(vec![now_ms; rows.len()])
        .bind(column!(row => row.report.created_by))
        .bind(column!(row => row.facts.as_str()))
        .bind(column!(row => row.statement.as_str()))
        .bind(column!(row => row.report.inputs.as_slice()))
        .fetch_all(&mut **tx)
        .await?;
    Ok(ids.into_iter().collect())
}
