//! Writing reports, with the mail about them, in one transaction.

use std::collections::{HashMap, HashSet};

use sla::Statement;

use crate::engine::{Differs, Engine, Tx, json, on};
use crate::outbox_write::{self, Mail};
use crate::sample_write::ROLL_UP_LOCK;
use crate::sla_report_insert::{Fresh, insert};
use crate::{ClientId, CompanyId, LinkId, NewMail, ReportAudience, ReportId, Store, StoreError};

/// The most reports of one call. With their inputs they are held in memory and written in one transaction.
pub const REPORTS_PER_CALL_MAX: usize = 1_000;

/// PostgreSQL's advisory lock between the writers of reports.
const REPORT_LOCK: i64 = ROLL_UP_LOCK + 3;

/// A statement to freeze.
#[derive(Clone, Debug)]
pub struct NewReport<'a> {
    /// Whose statement.
    pub link_id: LinkId,
    /// The link's client.
    pub client_id: ClientId,
    /// Why it is reckoned anew; it is kept only if this is not the first revision.
    pub reason: &'a str,
    /// The statement; it says which month.
    pub statement: &'a Statement,
    /// The inputs that it was reckoned from, as bytes.
    pub inputs: Vec<u8>,
    /// SHA-256 of `inputs`, in hexadecimal digits.
    pub digest: String,
    /// Names, contacts and the like as they are now.
    pub facts: serde_json::Value,
    /// By whom: a person of the ISP, or the schedule.
    pub created_by: &'a str,
    /// Mail to send if this becomes a revision.
    pub mails: Vec<NewMail>,
    /// Who is to be notified of it together with other reports of the month, if this becomes a revision; see
    /// [`Store::report_news`].
    pub news: &'a [ReportAudience],
}

/// What became of a [`NewReport`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportOutcome {
    /// The latest revision has the same inputs and arithmetic: it stays, and no mail is sent.
    Unchanged(ReportId),
    /// The first report of this link for this month.
    First(ReportId),
    /// The next revision, with its number.
    Revised(ReportId, i64),
}

impl ReportOutcome {
    /// The report that stands now.
    pub fn id(self) -> ReportId {
        match self {
            Self::Unchanged(id) | Self::First(id) | Self::Revised(id, _) => id,
        }
    }
}

/// The latest revision of a link for a month: link, month, row, revision, digest, algorithm.
type LatestRow = (LinkId, String, ReportId, i64, String, i64);

/// A link's client, its company, and who that company's mail comes from.
type Owner = (ClientId, CompanyId, Option<String>);

impl Store {
    /// Writes reports and their mail, all or nothing, and says what became of each, in order. Two processes that write
    /// the same month at once write it once.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for more than [`REPORTS_PER_CALL_MAX`], for two reports of one link and month, for a client
    /// that is not the link's, for a revision without a reason, or for mail that cannot be sent.
    /// [`StoreError::NotFound`] for a link that does not exist.
    pub async fn write_reports(
        &self,
        reports: &[NewReport<'_>],
        now_ms: i64,
    ) -> Result<Vec<ReportOutcome>, StoreError> {
        check(reports)?;
        let mut tx = self.begin().await?;
        lock(&mut tx).await?;
        let owners = owners(&mut tx, reports).await?;
        let latest = latest(&mut tx, reports).await?;
        let mut outcomes = Vec::with_capacity(reports.len());
        let mut fresh = Vec::new();
        for (index, report) in reports.iter().enumerate() {
            let last = latest.get(&(report.link_id, report.statement.month.to_string()));
            let same = last.filter(|(.., digest, algorithm)| {
                *digest == report.digest && *algorithm == i64::from(report.statement.algorithm)
            });
            outcomes.push(same.map(|(_, _, id, ..)| ReportOutcome::Unchanged(*id)));
            if same.is_none() {
                let revision = last.map_or(1, |(_, _, _, revision, ..)| revision + 1);
                fresh.push((index, Fresh::new(report, revision)?));
            }
        }
        let rows: Vec<&Fresh<'_>> = fresh.iter().map(|(_, row)| row).collect();
        let ids = insert(&mut tx, &rows, now_ms).await?;
        let mut told = Vec::new();
        for (index, row) in &fresh {
            let link = row.report.link_id;
            let id = *ids.get(&link).ok_or_else(|| StoreError::corrupt("a report without a row"))?;
            told.extend(row.report.mails.iter().map(|mail| (row, id, numbered(mail, id, row.revision))));
            let first = row.revision == 1;
            outcomes[*index] =
                Some(if first { ReportOutcome::First(id) } else { ReportOutcome::Revised(id, row.revision) });
        }
        let mut mails = Vec::with_capacity(told.len());
        for (row, id, mail) in &told {
            let (client, company, mail_from) = &owners[&row.report.link_id];
            let (dedup_key, client, report) = (row.dedup_key(mail), Some(*client), Some(*id));
            mails.push(Mail::new(mail, dedup_key, *company, client, report, mail_from.as_deref())?);
        }
        outbox_write::insert(&mut tx, &mails, now_ms).await?;
        put_news(&mut tx, &fresh, &ids, &owners).await?;
        tx.commit().await?;
        Ok(outcomes.into_iter().flatten().collect())
    }
}

/// Notes who is to be notified of the reports that are new.
async fn put_news(
    tx: &mut Tx,
    fresh: &[(usize, Fresh<'_>)],
    ids: &HashMap<LinkId, ReportId>,
    owners: &HashMap<LinkId, Owner>,
) -> Result<(), StoreError> {
    const SQL: Differs = Differs {
        sqlite: "INSERT INTO report_news (report_id, audience, company_id)
            SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each($1)",
        postgres: "INSERT INTO report_news (report_id, audience, company_id)
            SELECT (value ->> 0)::bigint, value ->> 1, (value ->> 2)::bigint FROM json_array_elements($1::json)",
    };
    let rows = fresh.iter().flat_map(|(_, row)| {
        let link = row.report.link_id;
        row.report.news.iter().map(move |audience| (ids.get(&link), audience.as_str(), owners[&link].1))
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return Ok(());
    }
    let (sql, rows) = (SQL.on(tx), json(&rows)?);
    on!(tx, tx => sqlx::query(sql).bind(rows).execute(&mut **tx).await.map(|_| ()))?;
    Ok(())
}

/// Whoever reads the particulars reads the report's number and its revision, which it has only now.
fn numbered(mail: &NewMail, id: ReportId, revision: i64) -> NewMail {
    let mut mail = mail.clone();
    if let Some(fields) = mail.payload.as_object_mut() {
        fields.insert("report_id".to_owned(), id.0.into());
        fields.insert("revision".to_owned(), revision.into());
    }
    mail
}

fn check(reports: &[NewReport<'_>]) -> Result<(), StoreError> {
    let invalid = |why: String| Err(StoreError::Invalid { what: "a report", why });
    if reports.len() > REPORTS_PER_CALL_MAX {
        return invalid(format!("more than {REPORTS_PER_CALL_MAX} at once"));
    }
    let mut seen = HashSet::new();
    if let Some(twice) = reports.iter().find(|report| !seen.insert(report.link_id)) {
        return invalid(format!("link {} is there twice", twice.link_id));
    }
    Ok(())
}

/// The latest revisions are read under it, so that nobody writes another meanwhile. SQLite has one writer anyway.
async fn lock(tx: &mut Tx) -> Result<(), StoreError> {
    if let Engine::Postgres(tx) = tx {
        sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(REPORT_LOCK).execute(&mut **tx).await?;
    }
    Ok(())
}

async fn owners(tx: &mut Tx, reports: &[NewReport<'_>]) -> Result<HashMap<LinkId, Owner>, StoreError> {
    const SQL: Differs = Differs {
        sqlite: "SELECT l.id, c.id, k.id, k.mail_from FROM json_each($1) t CROSS JOIN client_links l ON l.id = t.value
            JOIN clients c ON c.id = l.client_id JOIN companies k ON k.id = c.company_id",
        postgres: "SELECT l.id, c.id, k.id, k.mail_from FROM json_array_elements_text($1::json) t
            JOIN client_links l ON l.id = t::bigint
            JOIN clients c ON c.id = l.client_id JOIN companies k ON k.id = c.company_id",
    };
    let ids: Vec<LinkId> = reports.iter().map(|report| report.link_id).collect();
    let (sql, ids) = (SQL.on(tx), json(&ids)?);
    let rows: Vec<(LinkId, ClientId, CompanyId, Option<String>)> =
        on!(tx, tx => sqlx::query_as(sql).bind(ids).fetch_all(&mut **tx).await)?;
    let owners: HashMap<LinkId, Owner> =
        rows.into_iter().map(|(link, client, company, from)| (link, (client, company, from))).collect();
    for report in reports {
        let (client, ..) = owners.get(&report.link_id).ok_or(StoreError::NotFound { what: "link" })?;
        if *client != report.client_id {
            let why = format!("link {} is not client {}'s", report.link_id, report.client_id);
            return Err(StoreError::Invalid { what: "a report", why });
        }
    }
    Ok(owners)
}

async fn latest(
    tx: &mut Tx,
    reports: &[NewReport<'_>],
) -> Result<HashMap<(LinkId, String), LatestRow>, StoreError> {
    const SQL: Differs = Differs {
        sqlite: "SELECT r.link_id, r.month, r.id, r.revision, r.digest, r.algorithm
            FROM json_each($1) t CROSS JOIN sla_reports r ON r.link_id = t.value ->> 0 AND r.month = t.value ->> 1
            WHERE r.revision = (SELECT MAX(m.revision) FROM sla_reports m
                WHERE m.link_id = t.value ->> 0 AND m.month = t.value ->> 1)",
        postgres: "SELECT DISTINCT ON (r.link_id, r.month) r.link_id, r.month, r.id, r.revision, r.digest, r.algorithm
            FROM json_array_elements($1::json) t
            JOIN sla_reports r ON r.link_id = (t.value ->> 0)::bigint AND r.month = t.value ->> 1
            ORDER BY r.link_id, r.month, r.revision DESC",
    };
    let keys: Vec<_> = reports.iter().map(|report| (report.link_id, report.statement.month)).collect();
    let (sql, keys) = (SQL.on(tx), json(&keys)?);
    let rows: Vec<LatestRow> = on!(tx, tx => sqlx::query_as(sql).bind(keys).fetch_all(&mut **tx).await)?;
    Ok(rows.into_iter().map(|row| ((row.0, row.1.clone()), row)).collect())
}
