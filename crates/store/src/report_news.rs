//! Reports that somebody has still to be notified of: written with the report, and removed in the transaction that queues the
//! message. A process that dies in between, or a second one, neither loses a report nor sends it twice.

use sla::{Month, Verdict};

use crate::engine::{Differs, json, on};
use crate::outbox_write::{self, Mail};
use crate::{ClientId, Company, CompanyId, LIST_ROWS_MAX, LinkId, NewMail, ReportId, Store, StoreError};

/// How a company's customers get the reports of a month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportMails {
    /// One email per recipient with all links of the customer, and one summary for operations.
    #[default]
    PerClient,
    /// One email per recipient and link.
    PerLink,
}

impl ReportMails {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PerClient => "per_client",
            Self::PerLink => "per_link",
        }
    }
}

impl std::str::FromStr for ReportMails {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        match text {
            "per_client" => Ok(Self::PerClient),
            "per_link" => Ok(Self::PerLink),
            _ => {
                let why = format!("{text:?} is neither per_client nor per_link");
                Err(StoreError::Invalid { what: "how reports are sent", why })
            }
        }
    }
}

impl TryFrom<String> for ReportMails {
    type Error = StoreError;

    fn try_from(text: String) -> Result<Self, StoreError> {
        text.parse().map_err(StoreError::corrupt)
    }
}

/// Who is notified of a month's reports together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReportAudience {
    /// The users of the customer whose report it is.
    Client,
    /// The operations list, and the further recipients of the event.
    Operations,
}

impl ReportAudience {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Operations => "operations",
        }
    }
}

/// A report of which an audience has not been notified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportNews {
    /// The report.
    pub report: ReportId,
    /// Who is to be notified.
    pub audience: ReportAudience,
    /// Whose report.
    pub link: LinkId,
    /// Whose link.
    pub client: ClientId,
    /// Of which month.
    pub month: Month,
    /// 1, 2, 3 ...
    pub revision: i64,
    /// Its verdict.
    pub overall: Verdict,
    /// Whether no later revision has taken its place.
    pub is_latest: bool,
}

/// A message about one or more reports.
#[derive(Clone, Debug, PartialEq)]
pub struct Announcement {
    /// What goes into the outbox.
    pub mail: NewMail,
    /// Names its cause and recipient.
    pub dedup_key: String,
    /// The customer to whose users it goes.
    pub client: Option<ClientId>,
    /// The one report that it is about.
    pub report: Option<ReportId>,
}

/// How one link did in a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonthResult {
    /// The circuit id.
    pub circuit: String,
    /// The customer's name.
    pub client: String,
    /// The verdict of the latest revision.
    pub overall: Verdict,
    /// Availability, as in the report.
    pub availability_pct: Option<String>,
    /// What was missed or cannot be decided, in plain words.
    pub reasons: Vec<String>,
}

type NewsRow = (ReportId, String, LinkId, ClientId, String, i64, String, bool);
type ResultRow = (String, String, String, Option<String>, String);

impl Store {
    /// The reports of a company of which somebody has still to be notified, by month, customer and report, at most
    /// [`LIST_ROWS_MAX`]; mostly none.
    pub async fn report_news(&self, company: CompanyId) -> Result<Vec<ReportNews>, StoreError> {
        const SQL: &str =
            "SELECT n.report_id, n.audience, r.link_id, r.client_id, r.month, r.revision, r.overall,
                r.revision = (SELECT MAX(m.revision) FROM sla_reports m
                    WHERE m.link_id = r.link_id AND m.month = r.month)
            FROM report_news n JOIN sla_reports r ON r.id = n.report_id
            WHERE n.company_id = $1 ORDER BY r.month, r.client_id, n.report_id, n.audience LIMIT $2";
        let rows: Vec<NewsRow> = on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(company)
            .bind(LIST_ROWS_MAX)
            .fetch_all(db)
            .await)?;
        let news = |(report, audience, link, client, month, revision, overall, is_latest): NewsRow| {
            let audience = match audience.as_str() {
                "client" => ReportAudience::Client,
                "operations" => ReportAudience::Operations,
                other => return Err(StoreError::Corrupt(format!("the audience {other:?}"))),
            };
            Ok(ReportNews {
                report,
                audience,
                link,
                client,
                month: month.parse().map_err(StoreError::corrupt)?,
                revision,
                overall: overall.parse().map_err(StoreError::corrupt)?,
                is_latest,
            })
        };
        rows.into_iter().map(news).collect()
    }

    /// Queues the messages of an audience and strikes the reports that they are about, all or nothing. False: somebody else
    /// has struck one of them meanwhile, and nothing was written.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a message that cannot be sent; those of the database.
    pub async fn announce_reports(
        &self,
        company: &Company,
        audience: ReportAudience,
        reports: &[ReportId],
        messages: &[Announcement],
        now_ms: i64,
    ) -> Result<bool, StoreError> {
        const STRIKE: Differs = Differs {
            sqlite: "DELETE FROM report_news
                WHERE audience = $2 AND report_id IN (SELECT value FROM json_each($1))",
            postgres: "DELETE FROM report_news WHERE audience = $2
                AND report_id IN (SELECT value::text::bigint FROM json_array_elements($1::json))",
        };
        let mut mails = Vec::with_capacity(messages.len());
        for message in messages {
            let (key, from) = (message.dedup_key.clone(), company.mail_from.as_deref());
            mails.push(Mail::new(&message.mail, key, company.id, message.client, message.report, from)?);
        }
        let mut tx = self.begin().await?;
        let (sql, ids) = (STRIKE.on(&tx), json(&reports)?);
        let struck = on!(&mut tx, tx => sqlx::query(sql)
            .bind(ids)
            .bind(audience.as_str())
            .execute(&mut **tx)
            .await
            .map(|done| done.rows_affected()))?;
        if struck != reports.len() as u64 {
            return Ok(false);
        }
        outbox_write::insert(&mut tx, &mails, now_ms).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// How the links of a company did in a month, by customer and circuit: the latest revision of each report, at most
    /// [`LIST_ROWS_MAX`].
    pub async fn month_results(
        &self,
        company: CompanyId,
        month: Month,
    ) -> Result<Vec<MonthResult>, StoreError> {
        macro_rules! results {
            ($reasons:literal) => {
                concat!(
                    "SELECT l.circuit, c.name, r.overall, r.availability_pct, ",
                    $reasons,
                    " FROM sla_reports r JOIN client_links l ON l.id = r.link_id JOIN clients c ON c.id = r.client_id
                    WHERE c.company_id = $1 AND r.month = $2 AND r.revision = (SELECT MAX(m.revision)
                        FROM sla_reports m WHERE m.link_id = r.link_id AND m.month = r.month)
                    ORDER BY c.name, l.circuit LIMIT $3"
                )
            };
        }
        const SQL: Differs = Differs {
            sqlite: results!("r.statement ->> 'reasons'"),
            postgres: results!("CAST(r.statement AS JSON) ->> 'reasons'"),
        };
        let reader = self.reader();
        let sql = SQL.on(&reader);
        let rows: Vec<ResultRow> = on!(reader, db => sqlx::query_as(sql)
            .bind(company)
            .bind(month.to_string())
            .bind(LIST_ROWS_MAX)
            .fetch_all(db)
            .await)?;
        let result = |(circuit, client, overall, availability_pct, reasons): ResultRow| {
            Ok(MonthResult {
                circuit,
                client,
                overall: overall.parse().map_err(StoreError::corrupt)?,
                availability_pct,
                reasons: serde_json::from_str(&reasons).map_err(StoreError::corrupt)?,
            })
        };
        rows.into_iter().map(result).collect()
    }
}
