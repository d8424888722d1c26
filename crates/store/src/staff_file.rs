//! Lists of the staff pages as files, piece by piece. Each goes by a key that a row never changes, and on from the row that
//! was read last: whatever is entered, changed or taken away meanwhile, no row is in a file twice, and none is left out that
//! was there all the time.

use sqlx::FromRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

use crate::audit::Row as AuditRow;
use crate::engine::{Differs, on};
use crate::sla_report_list::report_row_columns;
use crate::staff_alerts::{Row as AlertRow, alerts};
use crate::staff_links::{ExclusionRow, exclusion_select};
use crate::staff_list::user_select;
use crate::staff_outages::{Row as OutageRow, outages};
use crate::staff_reports::Row as ReportRow;
use crate::staff_scope::scoped;
use crate::{
    AuditRecord, LinkId, LinkTerms, StaffAlert, StaffExclusion, StaffOutage, StaffPortalUser, StaffReport,
    StaffScope, Store, StoreError,
};

/// The most rows of a piece.
pub const STAFF_FILE_ROWS_MAX: i64 = 500;

/// A piece of a list that stands newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StaffFileAsk {
    /// The id of the last row of the piece before; `None`: from the newest on.
    pub before: Option<i64>,
    /// At most so many rows, [`STAFF_FILE_ROWS_MAX`] at most; fewer: nothing follows.
    pub rows: i64,
}

/// Terms with whose they are.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, FromRow)]
pub struct StaffTerms {
    /// What was agreed.
    #[serde(flatten)]
    #[sqlx(flatten)]
    pub terms: LinkTerms,
    /// For which link.
    pub circuit: String,
    /// Whose link it is.
    pub client: String,
    /// Who sells to that client.
    pub company: String,
}

macro_rules! reports {
    ($reasons:literal) => {
        scoped!(
            ["SELECT ", report_row_columns!($reasons), ", c.name AS client, m.name AS company, m.timezone
                FROM sla_reports r JOIN client_links l ON l.id = r.link_id JOIN clients c ON c.id = r.client_id
                JOIN companies m ON m.id = c.company_id WHERE"]
            "c.company_id"
            ["AND r.id < $2 ORDER BY r.id DESC LIMIT $3"]
        )
    };
}

const USERS: Differs =
    scoped!([user_select!("")] "c.company_id" ["AND u.id < $2 ORDER BY u.id DESC LIMIT $3"]);
const EXCLUSIONS: Differs =
    scoped!([exclusion_select!("")] "c.company_id" ["AND e.id < $2 ORDER BY e.id DESC LIMIT $3"]);
const OUTAGES: Differs = outages!([""] "AND o.id < $2 ORDER BY o.id DESC LIMIT $3");
const ALERTS: Differs = alerts!([""] "AND a.id < $2 ORDER BY a.id DESC LIMIT $3");
const REPORTS: Differs = Differs {
    sqlite: reports!("r.statement ->> 'reasons'").sqlite,
    postgres: reports!("CAST(r.statement AS JSON) ->> 'reasons'").postgres,
};
const AUDIT: Differs = scoped!(
    ["SELECT e.id, e.at_ms, e.actor, e.action, e.subject, e.detail, e.address FROM audit_events e WHERE"]
    "e.company_id"
    ["AND e.id < $2 AND ($4 IS NULL OR e.actor = $4) ORDER BY e.id DESC LIMIT $3"]
);
const TERMS: Differs = scoped!(
    ["SELECT t.link_id, t.valid_from_ms, t.uptime_pct, t.latency_ms, t.loss_pct, t.down_when, l.circuit,
            c.name AS client, m.name AS company
        FROM link_terms t JOIN client_links l ON l.id = t.link_id JOIN clients c ON c.id = l.client_id
        JOIN companies m ON m.id = c.company_id WHERE"]
    "c.company_id"
    ["AND (t.link_id, t.valid_from_ms) > ($2, $3) ORDER BY t.link_id, t.valid_from_ms LIMIT $4"]
);

impl Store {
    /// People of clients.
    pub async fn staff_users_for_file(
        &self,
        scope: &StaffScope,
        ask: StaffFileAsk,
    ) -> Result<Vec<StaffPortalUser>, StoreError> {
        self.file_rows(&USERS, scope, ask).await
    }

    /// Exclusions, with those that were taken back.
    pub async fn staff_exclusions_for_file(
        &self,
        scope: &StaffScope,
        ask: StaffFileAsk,
    ) -> Result<Vec<StaffExclusion>, StoreError> {
        read(self.file_rows::<ExclusionRow>(&EXCLUSIONS, scope, ask).await?)
    }

    /// Outages.
    pub async fn staff_outages_for_file(
        &self,
        scope: &StaffScope,
        ask: StaffFileAsk,
    ) -> Result<Vec<StaffOutage>, StoreError> {
        read(self.file_rows::<OutageRow>(&OUTAGES, scope, ask).await?)
    }

    /// Alerts.
    pub async fn staff_alerts_for_file(
        &self,
        scope: &StaffScope,
        ask: StaffFileAsk,
    ) -> Result<Vec<StaffAlert>, StoreError> {
        read(self.file_rows::<AlertRow>(&ALERTS, scope, ask).await?)
    }

    /// Reports in all their revisions.
    pub async fn staff_reports_for_file(
        &self,
        scope: &StaffScope,
        ask: StaffFileAsk,
    ) -> Result<Vec<StaffReport>, StoreError> {
        read(self.file_rows::<ReportRow>(&REPORTS, scope, ask).await?)
    }

    /// Events, only those of an actor if one is named.
    pub async fn staff_audit_for_file(
        &self,
        scope: &StaffScope,
        actor: Option<&str>,
        ask: StaffFileAsk,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        let reader = self.reader();
        let (sql, scope) = (AUDIT.on(&reader), scope.parameter()?);
        let rows: Vec<AuditRow> = on!(reader, db => sqlx::query_as(sql)
            .bind(scope)
            .bind(ask.before())
            .bind(ask.limit())
            .bind(actor)
            .fetch_all(db)
            .await)?;
        read(rows)
    }

    /// The terms of all links, by link and in order, after those of `after` on; at most `rows` as in [`StaffFileAsk`].
    pub async fn staff_terms_for_file(
        &self,
        scope: &StaffScope,
        after: Option<(LinkId, i64)>,
        rows: i64,
    ) -> Result<Vec<StaffTerms>, StoreError> {
        let reader = self.reader();
        let (sql, scope) = (TERMS.on(&reader), scope.parameter()?);
        let (link, valid_from_ms) = after.unwrap_or((LinkId(i64::MIN), i64::MIN));
        Ok(on!(reader, db => sqlx::query_as(sql)
            .bind(scope)
            .bind(link)
            .bind(valid_from_ms)
            .bind(rows.clamp(0, STAFF_FILE_ROWS_MAX))
            .fetch_all(db)
            .await)?)
    }

    async fn file_rows<R>(
        &self,
        sql: &Differs,
        scope: &StaffScope,
        ask: StaffFileAsk,
    ) -> Result<Vec<R>, StoreError>
    where
        R: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let reader = self.reader();
        let (sql, scope) = (sql.on(&reader), scope.parameter()?);
        Ok(on!(reader, db => sqlx::query_as(sql)
            .bind(scope)
            .bind(ask.before())
            .bind(ask.limit())
            .fetch_all(db)
            .await)?)
    }
}

impl StaffFileAsk {
    fn before(self) -> i64 {
        self.before.unwrap_or(i64::MAX)
    }

    fn limit(self) -> i64 {
        self.rows.clamp(0, STAFF_FILE_ROWS_MAX)
    }
}

fn read<R, T: TryFrom<R, Error = StoreError>>(rows: Vec<R>) -> Result<Vec<T>, StoreError> {
    rows.into_iter().map(T::try_from).collect()
}
