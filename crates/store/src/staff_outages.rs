//! Outages on the staff pages.

use crate::engine::{Differs, on};
use crate::outage::OutageRow;
use crate::staff_scope::Counted;
use crate::{
    ClientId, Outage, OutageId, STAFF_PAGE_ROWS, StaffAsk, StaffPage, StaffScope, Store, StoreError,
};

/// Outages of one standing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutageStanding {
    /// They go on.
    Open,
    /// The client reads no reason yet.
    Unexplained,
}

impl OutageStanding {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::Open, Self::Unexplained];

    /// Its name in an address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Unexplained => "unexplained",
        }
    }
}

/// Which outages a person of the ISP asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StaffOutageAsk<'a> {
    /// Words in the circuit id, the client, the site or the reason, and the page.
    pub ask: StaffAsk<'a>,
    /// Only these.
    pub standing: Option<OutageStanding>,
}

/// An outage, as staff see it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct StaffOutage {
    /// The outage.
    #[serde(flatten)]
    pub outage: Outage,
    /// Of which link.
    pub circuit: String,
    /// Where that is.
    pub site: Option<String>,
    /// Whose link.
    pub client_id: ClientId,
    /// Who that is.
    pub client: String,
    /// The company's, in which its times are told.
    pub timezone: String,
}

#[derive(sqlx::FromRow)]
pub(crate) struct Row {
    #[sqlx(flatten)]
    outage: OutageRow,
    circuit: String,
    site: Option<String>,
    client_id: ClientId,
    client: String,
    timezone: String,
}

impl TryFrom<Row> for StaffOutage {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            outage: row.outage.try_into()?,
            circuit: row.circuit,
            site: row.site,
            client_id: row.client_id,
            client: row.client,
            timezone: row.timezone,
        })
    }
}

macro_rules! outages {
    ([$more:literal] $and:literal) => {
        $crate::staff_scope::scoped!(
            ["SELECT ", $crate::outage::outage_columns!(), ", l.circuit, l.site, l.client_id, c.name AS client, m.timezone",
                $more,
                " FROM outages o JOIN client_links l ON l.id = o.link_id JOIN clients c ON c.id = l.client_id
                JOIN companies m ON m.id = c.company_id WHERE"]
            "c.company_id"
            [$and]
        )
    };
}
pub(crate) use outages;

const LIST: Differs = outages!(
    [", COUNT(*) OVER () AS total"]
    "AND ($2 IS NULL OR ($2 = 'open' AND o.to_ms IS NULL) OR ($2 = 'unexplained' AND o.reason IS NULL))
        AND (l.circuit GLOB $3 OR c.name GLOB $3
            OR COALESCE(l.site, '') GLOB $3
            OR COALESCE(o.reason, '') GLOB $3)
        ORDER BY CASE WHEN o.to_ms IS NULL THEN 0 ELSE 1 END, o.from_ms DESC, o.id DESC LIMIT $4 OFFSET $5"
);
const ONE: Differs = outages!([""] "AND o.id = $2");

impl Store {
    /// Outages within a scope: those that go on first, then the newest.
    pub async fn staff_outages(
        &self,
        scope: &StaffScope,
        asked: &StaffOutageAsk<'_>,
    ) -> Result<StaffPage<StaffOutage>, StoreError> {
        let reader = self.reader();
        let (sql, scope) = (LIST.on(&reader), scope.parameter()?);
        let rows: Vec<Counted<Row>> = on!(reader, db => sqlx::query_as(sql)
            .bind(scope)
            .bind(asked.standing.map(OutageStanding::as_str))
            .bind(asked.ask.pattern(&reader))
            .bind(STAFF_PAGE_ROWS)
            .bind(asked.ask.offset())
            .fetch_all(db)
            .await)?;
        StaffPage::of(rows).try_map(StaffOutage::try_from)
    }

    /// One outage.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none within the scope.
    pub async fn staff_outage(&self, scope: &StaffScope, id: OutageId) -> Result<StaffOutage, StoreError> {
        let reader = self.reader();
        let (sql, scope) = (ONE.on(&reader), scope.parameter()?);
        let row: Option<Row> =
            on!(reader, db => sqlx::query_as(sql).bind(scope).bind(id).fetch_optional(db).await)?;
        row.ok_or(StoreError::NotFound { what: "outage" })?.try_into()
    }
}
