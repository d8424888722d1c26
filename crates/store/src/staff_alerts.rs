//! Alerts on the staff pages.

use crate::alert::AlertRow;
use crate::engine::{Differs, on};
use crate::staff_scope::{Counted, scoped};
use crate::{
    Alert, AlertId, CompanyId, LIST_ROWS_MAX, NotificationEvent, NotificationLog, NotificationLogFilter,
    STAFF_PAGE_ROWS, StaffAsk, StaffPage, StaffScope, Store, StoreError,
};

/// Alerts of one standing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertStanding {
    /// There to be dealt with.
    Open,
    /// The same, and nobody has taken note of them.
    New,
    /// Closed by hand while the condition held, which it may still do.
    Dismissed,
    /// The condition holds no more.
    Over,
}

impl AlertStanding {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Open, Self::New, Self::Dismissed, Self::Over];

    /// Its name in an address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::New => "new",
            Self::Dismissed => "dismissed",
            Self::Over => "over",
        }
    }
}

/// Which alerts a person of the ISP asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StaffAlertAsk<'a> {
    /// Words in what it is about, its client or who looks after it, and the page.
    pub ask: StaffAsk<'a>,
    /// Only these.
    pub standing: Option<AlertStanding>,
    /// Only of this kind.
    pub event: Option<NotificationEvent>,
}

/// An alert, as staff see it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct StaffAlert {
    /// The alert.
    #[serde(flatten)]
    pub alert: Alert,
    /// Whose it is.
    pub company: String,
    /// The company's, in which its times are told.
    pub timezone: String,
    /// The client whose link it is about, if it is about one.
    pub client: Option<String>,
}

#[derive(sqlx::FromRow)]
pub(crate) struct Row {
    #[sqlx(flatten)]
    alert: AlertRow,
    company: String,
    timezone: String,
    client: Option<String>,
}

impl TryFrom<Row> for StaffAlert {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            alert: row.alert.try_into()?,
            company: row.company,
            timezone: row.timezone,
            client: row.client,
        })
    }
}

macro_rules! alerts {
    ([$more:literal] $and:literal) => {
        $crate::staff_scope::scoped!(
            ["SELECT a.*, m.name AS company, m.timezone, c.name AS client", $more,
                " FROM (SELECT ", $crate::alert::alert_columns!(), " FROM alerts) a
                JOIN companies m ON m.id = a.company_id LEFT JOIN clients c ON c.id = a.client_id WHERE"]
            "a.company_id"
            [$and]
        )
    };
}
pub(crate) use alerts;

const LIST: Differs = alerts!(
    [", COUNT(*) OVER () AS total"]
    "AND ($2 IS NULL OR a.event = $2)
        AND ($3 IS NULL OR ($3 = 'open' AND a.closed_at_ms IS NULL AND a.dismissed_at_ms IS NULL)
            OR ($3 = 'new' AND a.closed_at_ms IS NULL AND a.dismissed_at_ms IS NULL
                AND a.acknowledged_at_ms IS NULL)
            OR ($3 = 'dismissed' AND a.dismissed_at_ms IS NOT NULL) OR ($3 = 'over' AND a.closed_at_ms IS NOT NULL))
        AND (a.about GLOB $4 OR COALESCE(c.name, '') GLOB $4
            OR COALESCE(a.assigned_to, '') GLOB $4)
        ORDER BY CASE WHEN a.closed_at_ms IS NULL AND a.dismissed_at_ms IS NULL THEN 0 ELSE 1 END, a.id DESC
        LIMIT $5 OFFSET $6"
);
const ONE: Differs = alerts!([""] "AND a.id = $2");
const OPEN: Differs = scoped!(
    ["SELECT COUNT(*) FROM alerts a WHERE a.closed_at_ms IS NULL AND a.dismissed_at_ms IS NULL AND"]
    "a.company_id"
    [""]
);

impl Store {
    /// Alerts within a scope: those that are open first, then the newest.
    pub async fn staff_alerts(
        &self,
        scope: &StaffScope,
        asked: &StaffAlertAsk<'_>,
    ) -> Result<StaffPage<StaffAlert>, StoreError> {
        let reader = self.reader();
        let (sql, scope) = (LIST.on(&reader), scope.parameter()?);
        let rows: Vec<Counted<Row>> = on!(reader, db => sqlx::query_as(sql)
            .bind(scope)
            .bind(asked.event.map(NotificationEvent::as_str))
            .bind(asked.standing.map(AlertStanding::as_str))
            .bind(asked.ask.pattern(&reader))
            .bind(STAFF_PAGE_ROWS)
            .bind(asked.ask.offset())
            .fetch_all(db)
            .await)?;
        StaffPage::of(rows).try_map(StaffAlert::try_from)
    }

    /// How many alerts are open.
    pub async fn staff_open_alerts(&self, scope: &StaffScope) -> Result<i64, StoreError> {
        let reader = self.reader();
        let (sql, scope) = (OPEN.on(&reader), scope.parameter()?);
        Ok(on!(reader, db => sqlx::query_scalar(sql).bind(scope).fetch_one(db).await)?)
    }

    /// One alert.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none within the scope.
    pub async fn staff_alert(&self, scope: &StaffScope, id: AlertId) -> Result<StaffAlert, StoreError> {
        let reader = self.reader();
        let (sql, scope) = (ONE.on(&reader), scope.parameter()?);
        let row: Option<Row> =
            on!(reader, db => sqlx::query_as(sql).bind(scope).bind(id).fetch_optional(db).await)?;
        row.ok_or(StoreError::NotFound { what: "alert" })?.try_into()
    }

    /// Whom an alert was told to and what was not told, oldest first; the newest [`LIST_ROWS_MAX`] of it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such alert within the scope.
    pub async fn staff_alert_log(
        &self,
        scope: &StaffScope,
        id: AlertId,
    ) -> Result<Vec<NotificationLog>, StoreError> {
        self.staff_alert(scope, id).await?;
        let filter = NotificationLogFilter { alert: Some(id), ..NotificationLogFilter::default() };
        let mut log = self.notification_log(&filter, LIST_ROWS_MAX).await?;
        log.reverse();
        Ok(log)
    }

    /// The user names of those who may look after a company's alerts, in order; at most [`LIST_ROWS_MAX`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the company is not within the scope.
    pub async fn staff_assignees(
        &self,
        scope: &StaffScope,
        company: CompanyId,
    ) -> Result<Vec<String>, StoreError> {
        const SQL: &str = "SELECT u.username FROM staff_users u
            WHERE u.disabled_at_ms IS NULL AND u.role <> 'viewer' AND (u.all_companies OR EXISTS
                (SELECT 1 FROM staff_user_companies s WHERE s.staff_user_id = u.id AND s.company_id = $1))
            ORDER BY u.username LIMIT $2";
        scope.check(company, "company")?;
        Ok(on!(self.reader(), db => sqlx::query_scalar(SQL)
            .bind(company).bind(LIST_ROWS_MAX).fetch_all(db).await)?)
    }
}
