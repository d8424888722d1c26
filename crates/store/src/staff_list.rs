//! The lists of the staff pages: searched, in pages, within a scope.

use crate::engine::{Differs, on};
use crate::staff_scope::{Counted, scoped};
use crate::{
    ClientId, Company, CompanyId, LIST_ROWS_MAX, PortalRole, PortalUserId, Router, RouterId, STAFF_PAGE_ROWS,
    StaffAsk, StaffPage, StaffScope, Store, StoreError,
};

/// A client, as staff see it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
pub struct StaffClient {
    /// Its row.
    pub id: ClientId,
    /// Who sells to it.
    pub company_id: CompanyId,
    /// Who that is.
    pub company: String,
    /// Unique within its company.
    pub name: String,
    /// When it was entered.
    pub created_at_ms: i64,
    /// Since when it is no longer a client.
    pub retired_at_ms: Option<i64>,
    /// Its links whose contract has not ended.
    pub links: i64,
    /// Its people.
    pub users: i64,
}

/// A person of a client, as staff see it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
pub struct StaffPortalUser {
    /// Its row.
    pub id: PortalUserId,
    /// The name to log in with.
    pub username: String,
    /// Where to write to.
    pub email: String,
    /// What this person may do.
    #[sqlx(try_from = "String")]
    pub role: PortalRole,
    /// Whether this person may log in.
    pub active: bool,
    /// Whose person.
    pub client_id: ClientId,
    /// Who that is.
    pub client: String,
    /// Whether a login needs a second factor.
    pub second_factor: bool,
    /// Whether this person has ever set a password; who has not was invited.
    pub has_password: bool,
}

/// A router with what its last round found.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
pub struct StaffRouter {
    /// Its row.
    pub id: RouterId,
    /// Whose router.
    pub company_id: CompanyId,
    /// Who that is.
    pub company: String,
    /// Unique.
    pub name: String,
    /// Host name or IP address.
    pub address: String,
    /// TCP port of the API service.
    pub port: i64,
    /// `off`, `system`, `ca` or `pin`.
    pub tls_mode: String,
    /// Whether it is polled.
    pub active: bool,
    /// Whether its last round succeeded; `None` before the first.
    pub reachable: Option<bool>,
    /// Why it failed, as a span names it.
    pub cause: Option<String>,
    /// The last round.
    pub at_ms: Option<i64>,
    /// Since when it answers, or does not.
    pub since_ms: Option<i64>,
    /// What the last failed round failed with.
    pub last_error: Option<String>,
    /// RouterOS version.
    pub version: Option<String>,
    /// Links on it whose contract has not ended.
    pub links: i64,
}

macro_rules! client_select {
    ($now:literal, $more:literal) => {
        concat!(
            "SELECT c.id, c.company_id, o.name AS company, c.name, c.created_at_ms, c.retired_at_ms,
                (SELECT COUNT(*) FROM client_links l WHERE l.client_id = c.id
                    AND (l.terminated_at_ms IS NULL OR l.terminated_at_ms > ",
            $now,
            ")) AS links,
                (SELECT COUNT(*) FROM client_portal_users u WHERE u.client_id = c.id) AS users",
            $more,
            " FROM clients c JOIN companies o ON o.id = c.company_id WHERE "
        )
    };
}

macro_rules! router_select {
    ($now:literal, $more:literal) => {
        concat!(
            "SELECT r.id, r.company_id, o.name AS company, r.name, r.address, r.port, r.tls_mode, r.active,
                s.reachable, s.cause, s.at_ms, s.since_ms, s.last_error, s.version,
                (SELECT COUNT(*) FROM client_links l WHERE l.router_id = r.id
                    AND (l.terminated_at_ms IS NULL OR l.terminated_at_ms > ",
            $now,
            ")) AS links",
            $more,
            " FROM mikrotik_routers r JOIN companies o ON o.id = r.company_id
            LEFT JOIN router_status s ON s.router_id = r.id WHERE "
        )
    };
}

macro_rules! user_select {
    ($more:literal) => {
        concat!(
            "SELECT u.id, u.username, u.email, u.role, u.active, u.client_id, c.name AS client,
                f.confirmed_at_ms IS NOT NULL AS second_factor, u.password_hash <> '!' AS has_password",
            $more,
            " FROM client_portal_users u JOIN clients c ON c.id = u.client_id
            LEFT JOIN second_factors f ON f.portal_user_id = u.id WHERE"
        )
    };
}
pub(crate) use user_select;

const COMPANIES: Differs = scoped!(
    ["SELECT ", crate::company::company_columns!(), " FROM companies WHERE"] "id" ["ORDER BY name, id LIMIT $2"]
);
const CLIENTS: Differs = scoped!(
    [client_select!("$5", ", COUNT(*) OVER () AS total")] "c.company_id"
    ["AND c.name GLOB $2 ORDER BY c.retired_at_ms IS NOT NULL, c.name, c.id LIMIT $3 OFFSET $4"]
);
const CLIENT_NAMES: Differs = scoped!(
    [client_select!("$3", "")] "c.company_id" ["AND c.retired_at_ms IS NULL ORDER BY c.name, c.id LIMIT $2"]
);
const CLIENT: Differs = scoped!([client_select!("$3", "")] "c.company_id" ["AND c.id = $2"]);
const USERS: Differs = scoped!(
    [user_select!(", COUNT(*) OVER () AS total")]
    "c.company_id"
    ["AND (u.username GLOB $2 OR u.email GLOB $2 OR c.name GLOB $2)
        AND ($5 IS NULL OR u.client_id = $5) ORDER BY u.username LIMIT $3 OFFSET $4"]
);
const ROUTERS: Differs = scoped!(
    [router_select!("$5", ", COUNT(*) OVER () AS total")] "r.company_id"
    ["AND (r.name GLOB $2 OR r.address GLOB $2)
        ORDER BY NOT r.active, COALESCE(s.reachable, TRUE), r.name LIMIT $3 OFFSET $4"]
);
const ROUTER_NAMES: Differs = scoped!(
    [router_select!("$3", "")] "r.company_id" ["AND r.active ORDER BY r.name LIMIT $2"]
);
const ROUTER: Differs = scoped!([router_select!("$3", "")] "r.company_id" ["AND r.id = $2"]);

impl Store {
    /// The companies within a scope by name, at most [`LIST_ROWS_MAX`].
    pub async fn staff_companies(&self, scope: &StaffScope) -> Result<Vec<Company>, StoreError> {
        let reader = self.reader();
        let (sql, scope) = (COMPANIES.on(&reader), scope.parameter()?);
        Ok(on!(reader, db => sqlx::query_as(sql).bind(scope).bind(LIST_ROWS_MAX).fetch_all(db).await)?)
    }

    /// One company.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none within the scope.
    pub async fn staff_company(&self, scope: &StaffScope, id: CompanyId) -> Result<Company, StoreError> {
        self.company(scope.check(id, "company")?).await
    }

    /// Clients by name, those that are no longer last.
    pub async fn staff_clients(
        &self,
        scope: &StaffScope,
        now_ms: i64,
        ask: StaffAsk<'_>,
    ) -> Result<StaffPage<StaffClient>, StoreError> {
        let reader = self.reader();
        let (sql, scope) = (CLIENTS.on(&reader), scope.parameter()?);
        let rows: Vec<Counted<StaffClient>> = on!(reader, db => sqlx::query_as(sql)
            .bind(scope)
            .bind(ask.pattern(&reader))
            .bind(STAFF_PAGE_ROWS)
            .bind(ask.offset())
            .bind(now_ms)
            .fetch_all(db)
            .await)?;
        Ok(StaffPage::of(rows))
    }

    /// All clients that are not retired, for a form to choose from; at most [`LIST_ROWS_MAX`].
    pub async fn staff_client_choice(
        &self,
        scope: &StaffScope,
        now_ms: i64,
    ) -> Result<Vec<StaffClient>, StoreError> {
        let reader = self.reader();
        let (sql, scope) = (CLIENT_NAMES.on(&reader), scope.parameter()?);
        Ok(
            on!(reader, db => sqlx::query_as(sql).bind(scope).bind(LIST_ROWS_MAX).bind(now_ms).fetch_all(db).await)?,
        )
    }

    /// One client.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none within the scope.
    pub async fn staff_client(
        &self,
        scope: &StaffScope,
        now_ms: i64,
        id: ClientId,
    ) -> Result<StaffClient, StoreError> {
        let reader = self.reader();
        let (sql, scope) = (CLIENT.on(&reader), scope.parameter()?);
        let found = on!(reader, db => sqlx::query_as(sql).bind(scope).bind(id).bind(now_ms).fetch_optional(db).await)?;
        found.ok_or(StoreError::NotFound { what: "client" })
    }

    /// People of clients by user name, of one client if it is named.
    pub async fn staff_portal_users(
        &self,
        scope: &StaffScope,
        client: Option<ClientId>,
        ask: StaffAsk<'_>,
    ) -> Result<StaffPage<StaffPortalUser>, StoreError> {
        let reader = self.reader();
        let (sql, scope) = (USERS.on(&reader), scope.parameter()?);
        let rows: Vec<Counted<StaffPortalUser>> = on!(reader, db => sqlx::query_as(sql)
            .bind(scope)
            .bind(ask.pattern(&reader))
            .bind(STAFF_PAGE_ROWS)
            .bind(ask.offset())
            .bind(client)
            .fetch_all(db)
            .await)?;
        Ok(StaffPage::of(rows))
    }

    /// Routers: those that do not answer first, those that are no longer polled last.
    pub async fn staff_routers(
        &self,
        scope: &StaffScope,
        now_ms: i64,
        ask: StaffAsk<'_>,
    ) -> Result<StaffPage<StaffRouter>, StoreError> {
        let reader = self.reader();
        let (sql, scope) = (ROUTERS.on(&reader), scope.parameter()?);
        let rows: Vec<Counted<StaffRouter>> = on!(reader, db => sqlx::query_as(sql)
            .bind(scope)
            .bind(ask.pattern(&reader))
            .bind(STAFF_PAGE_ROWS)
            .bind(ask.offset())
            .bind(now_ms)
            .fetch_all(db)
            .await)?;
        Ok(StaffPage::of(rows))
    }

    /// All routers that are polled, for a form to choose from and for the wall; at most [`LIST_ROWS_MAX`].
    pub async fn staff_router_choice(
        &self,
        scope: &StaffScope,
        now_ms: i64,
    ) -> Result<Vec<StaffRouter>, StoreError> {
        let reader = self.reader();
        let (sql, scope) = (ROUTER_NAMES.on(&reader), scope.parameter()?);
        Ok(
            on!(reader, db => sqlx::query_as(sql).bind(scope).bind(LIST_ROWS_MAX).bind(now_ms).fetch_all(db).await)?,
        )
    }

    /// One router.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none within the scope.
    pub async fn staff_router(
        &self,
        scope: &StaffScope,
        now_ms: i64,
        id: RouterId,
    ) -> Result<StaffRouter, StoreError> {
        let reader = self.reader();
        let (sql, scope) = (ROUTER.on(&reader), scope.parameter()?);
        let found = on!(reader, db => sqlx::query_as(sql).bind(scope).bind(id).bind(now_ms).fetch_optional(db).await)?;
        found.ok_or(StoreError::NotFound { what: "router" })
    }

    /// A router as it was entered.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none within the scope.
    pub async fn staff_router_settings(
        &self,
        scope: &StaffScope,
        id: RouterId,
    ) -> Result<Router, StoreError> {
        self.router_in(scope, id).await?;
        self.router(id).await
    }
}
