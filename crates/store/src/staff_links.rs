//! Links, the wall and exclusions, as staff see them.

use sla::{ExclusionKind, LinkState};

use crate::engine::{Differs, on};
use crate::staff_scope::{Counted, scoped};
use crate::{
    ClientId, ExclusionId, LIST_ROWS_MAX, Link, LinkId, LinkTerms, RouterId, STAFF_PAGE_ROWS, StaffAsk,
    StaffPage, StaffScope, Store, StoreError,
};

/// A link with whose it is, where it is and how it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the same fields are described at Link and Latest")]
pub struct StaffLink {
    pub id: LinkId,
    pub circuit: String,
    pub interface: String,
    pub site: Option<String>,
    pub kind: String,
    pub committed_bps: i64,
    pub terminated_at_ms: Option<i64>,
    pub client_id: ClientId,
    pub client: String,
    pub router_id: RouterId,
    pub router: String,
    /// `None`: nobody has looked yet.
    pub state: Option<LinkState>,
    pub at_ms: Option<i64>,
    pub since_ms: Option<i64>,
    pub cause: Option<String>,
}

#[derive(sqlx::FromRow)]
struct LinkRow {
    id: LinkId,
    circuit: String,
    interface: String,
    site: Option<String>,
    kind: String,
    committed_bps: i64,
    terminated_at_ms: Option<i64>,
    client_id: ClientId,
    client: String,
    router_id: RouterId,
    router: String,
    state: Option<String>,
    at_ms: Option<i64>,
    since_ms: Option<i64>,
    cause: Option<String>,
}

impl TryFrom<LinkRow> for StaffLink {
    type Error = StoreError;

    fn try_from(row: LinkRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            circuit: row.circuit,
            interface: row.interface,
            site: row.site,
            kind: row.kind,
            committed_bps: row.committed_bps,
            terminated_at_ms: row.terminated_at_ms,
            client_id: row.client_id,
            client: row.client,
            router_id: row.router_id,
            router: row.router,
            state: row.state.map(|state| state.parse().map_err(StoreError::corrupt)).transpose()?,
            at_ms: row.at_ms,
            since_ms: row.since_ms,
            cause: row.cause,
        })
    }
}

/// An exclusion with whose it is; the fields are those of [`LinkExclusion`](crate::LinkExclusion).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[expect(missing_docs, reason = "the same fields are described at LinkExclusion")]
pub struct StaffExclusion {
    pub id: ExclusionId,
    pub link_id: LinkId,
    pub circuit: String,
    pub client: String,
    /// The company's, in which its times are told.
    pub timezone: String,
    pub from_ms: i64,
    pub to_ms: Option<i64>,
    pub kind: ExclusionKind,
    pub reason: String,
    pub entered_by: String,
    pub entered_at_ms: i64,
    pub removed_by: Option<String>,
    pub removed_at_ms: Option<i64>,
}

#[derive(sqlx::FromRow)]
pub(crate) struct ExclusionRow {
    id: ExclusionId,
    link_id: LinkId,
    circuit: String,
    client: String,
    timezone: String,
    from_ms: i64,
    to_ms: Option<i64>,
    kind: String,
    reason: String,
    entered_by: String,
    entered_at_ms: i64,
    removed_by: Option<String>,
    removed_at_ms: Option<i64>,
}

impl TryFrom<ExclusionRow> for StaffExclusion {
    type Error = StoreError;

    fn try_from(row: ExclusionRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            link_id: row.link_id,
            circuit: row.circuit,
            client: row.client,
            timezone: row.timezone,
            from_ms: row.from_ms,
            to_ms: row.to_ms,
            kind: row.kind.parse().map_err(StoreError::corrupt)?,
            reason: row.reason,
            entered_by: row.entered_by,
            entered_at_ms: row.entered_at_ms,
            removed_by: row.removed_by,
            removed_at_ms: row.removed_at_ms,
        })
    }
}

macro_rules! link_select {
    ($more:literal) => {
        concat!(
            "SELECT l.id, l.circuit, l.interface, l.site, l.kind, l.committed_bps, l.terminated_at_ms, l.client_id,
                c.name AS client, l.router_id, r.name AS router, x.state, x.at_ms, x.since_ms, x.cause",
            $more,
            " FROM client_links l JOIN clients c ON c.id = l.client_id
            JOIN mikrotik_routers r ON r.id = l.router_id LEFT JOIN link_latest x ON x.link_id = l.id WHERE "
        )
    };
}

macro_rules! exclusion_select {
    ($more:literal) => {
        concat!(
            "SELECT e.id, e.link_id, l.circuit, c.name AS client, o.timezone, e.from_ms, e.to_ms, e.kind, e.reason,
                e.entered_by, e.entered_at_ms, e.removed_by, e.removed_at_ms",
            $more,
            " FROM exclusions e JOIN client_links l ON l.id = e.link_id JOIN clients c ON c.id = l.client_id
            JOIN companies o ON o.id = c.company_id WHERE "
        )
    };
}
pub(crate) use exclusion_select;

const LINKS: Differs = scoped!(
    [link_select!(", COUNT(*) OVER () AS total")] "c.company_id"
    ["AND (l.circuit GLOB $2 OR COALESCE(l.site, '') GLOB $2
            OR c.name GLOB $2 OR r.name GLOB $2
            OR COALESCE(l.service_ref, '') GLOB $2)
        AND ($5 IS NULL OR l.client_id = $5) AND ($6 IS NULL OR l.router_id = $6)
        ORDER BY l.terminated_at_ms IS NOT NULL, l.circuit LIMIT $3 OFFSET $4"]
);
// A link whose contract has ended is on no wall; one that begins later is not measured yet.
const WALL: Differs = scoped!(
    [link_select!("")] "c.company_id"
    ["AND (l.terminated_at_ms IS NULL OR l.terminated_at_ms > $2) AND l.activated_at_ms <= $2
        ORDER BY r.name, l.site, l.circuit LIMIT $3"]
);
const LINK: Differs = scoped!([link_select!("")] "c.company_id" ["AND l.id = $2"]);
const EXCLUSIONS: Differs = scoped!(
    [exclusion_select!(", COUNT(*) OVER () AS total")] "c.company_id"
    ["AND (l.circuit GLOB $2 OR c.name GLOB $2
            OR e.reason GLOB $2)
        AND ($5 IS NULL OR e.link_id = $5) ORDER BY e.from_ms DESC, e.id DESC LIMIT $3 OFFSET $4"]
);
const EXCLUSION: Differs = scoped!([exclusion_select!("")] "c.company_id" ["AND e.id = $2"]);

impl Store {
    /// Links by circuit, those whose contract has ended last; of one client or router if it is named.
    pub async fn staff_links(
        &self,
        scope: &StaffScope,
        (client, router): (Option<ClientId>, Option<RouterId>),
        ask: StaffAsk<'_>,
    ) -> Result<StaffPage<StaffLink>, StoreError> {
        let reader = self.reader();
        let (sql, scope) = (LINKS.on(&reader), scope.parameter()?);
        let rows: Vec<Counted<LinkRow>> = on!(reader, db => sqlx::query_as(sql)
            .bind(scope)
            .bind(ask.pattern(&reader))
            .bind(STAFF_PAGE_ROWS)
            .bind(ask.offset())
            .bind(client)
            .bind(router)
            .fetch_all(db)
            .await)?;
        StaffPage::of(rows).try_map(StaffLink::try_from)
    }

    /// Every link that is under contract now, by router, site and circuit; at most [`LIST_ROWS_MAX`].
    pub async fn staff_wall(&self, scope: &StaffScope, now_ms: i64) -> Result<Vec<StaffLink>, StoreError> {
        let reader = self.reader();
        let (sql, scope) = (WALL.on(&reader), scope.parameter()?);
        let rows: Vec<LinkRow> = on!(reader, db => sqlx::query_as(sql)
            .bind(scope)
            .bind(now_ms)
            .bind(LIST_ROWS_MAX)
            .fetch_all(db)
            .await)?;
        rows.into_iter().map(StaffLink::try_from).collect()
    }

    /// One link, as a row of the list and as it was entered.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none within the scope.
    pub async fn staff_link(&self, scope: &StaffScope, id: LinkId) -> Result<(StaffLink, Link), StoreError> {
        let reader = self.reader();
        let (sql, scope) = (LINK.on(&reader), scope.parameter()?);
        let row: Option<LinkRow> =
            on!(reader, db => sqlx::query_as(sql).bind(scope).bind(id).fetch_optional(db).await)?;
        let row = row.ok_or(StoreError::NotFound { what: "link" })?;
        Ok((row.try_into()?, self.link(id).await?))
    }

    /// A link's terms in order.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such link within the scope.
    pub async fn staff_terms(&self, scope: &StaffScope, id: LinkId) -> Result<Vec<LinkTerms>, StoreError> {
        self.link_in(scope, id).await?;
        self.terms(id).await
    }

    /// Exclusions, the latest first, with those that were taken back; of one link if it is named.
    pub async fn staff_exclusions(
        &self,
        scope: &StaffScope,
        link: Option<LinkId>,
        ask: StaffAsk<'_>,
    ) -> Result<StaffPage<StaffExclusion>, StoreError> {
        let reader = self.reader();
        let (sql, scope) = (EXCLUSIONS.on(&reader), scope.parameter()?);
        let rows: Vec<Counted<ExclusionRow>> = on!(reader, db => sqlx::query_as(sql)
            .bind(scope)
            .bind(ask.pattern(&reader))
            .bind(STAFF_PAGE_ROWS)
            .bind(ask.offset())
            .bind(link)
            .fetch_all(db)
            .await)?;
        StaffPage::of(rows).try_map(StaffExclusion::try_from)
    }

    /// One exclusion.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none within the scope.
    pub async fn staff_exclusion(
        &self,
        scope: &StaffScope,
        id: ExclusionId,
    ) -> Result<StaffExclusion, StoreError> {
        let reader = self.reader();
        let (sql, scope) = (EXCLUSION.on(&reader), scope.parameter()?);
        let row: Option<ExclusionRow> =
            on!(reader, db => sqlx::query_as(sql).bind(scope).bind(id).fetch_optional(db).await)?;
        row.ok_or(StoreError::NotFound { what: "exclusion" })?.try_into()
    }

    /// The zone of the company that sells a link, in which its times are told and typed.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such link within the scope.
    pub async fn staff_link_zone(&self, scope: &StaffScope, id: LinkId) -> Result<String, StoreError> {
        let company = self.link_in(scope, id).await?;
        Ok(self.company(company).await?.timezone)
    }

    /// The link of that circuit id; `None` if there is none within the scope.
    pub async fn staff_link_by_circuit(
        &self,
        scope: &StaffScope,
        circuit: &str,
    ) -> Result<Option<Link>, StoreError> {
        let Some(link) = self.link_by_circuit(circuit).await? else { return Ok(None) };
        match self.link_in(scope, link.id).await {
            Ok(_) => Ok(Some(link)),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
