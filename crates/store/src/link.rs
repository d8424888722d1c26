use sla::LinkPort;

use crate::engine::{Differs, Tx, on};
use crate::packed::packed;
use crate::terms::{self, LinkTerms};
use crate::unique_name::{self, Named};
use crate::{ClientId, LIST_ROWS_MAX, LinkId, RouterId, Store, StoreError, outage};

/// Which way a link's port faces; it says whose upload the router's rx is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Facing {
    /// The router's rx is the customer's upload.
    Customer,
    /// The router's rx is the customer's download.
    Upstream,
}

impl Facing {
    /// `customer` or `upstream`, as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Upstream => "upstream",
        }
    }
}

impl std::str::FromStr for Facing {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        match text {
            "customer" => Ok(Self::Customer),
            "upstream" => Ok(Self::Upstream),
            other => {
                let why = format!("{other:?} is neither customer nor upstream");
                Err(StoreError::Invalid { what: "the facing of a link", why })
            }
        }
    }
}

impl TryFrom<String> for Facing {
    type Error = StoreError;

    fn try_from(text: String) -> Result<Self, StoreError> {
        text.parse()
    }
}

/// A client's circuit: a router interface with what was sold over it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, sqlx::FromRow)]
pub struct Link {
    /// Its row.
    pub id: LinkId,
    /// Whose link.
    pub client_id: ClientId,
    /// On which router.
    pub router_id: RouterId,
    /// What it runs over there: the name of an interface, or `ppp:USER` (see [`LinkPort`]). One interface
    /// carries one link at a time, and so does a PPP user within a company.
    pub interface: String,
    /// Circuit id; unique.
    pub circuit: String,
    /// Service reference, the "deliverable".
    pub service_ref: Option<String>,
    /// `ILL`, `P2P`, `MPLS` or `broadband`.
    pub kind: String,
    /// What was sold, bits per second in each direction.
    pub committed_bps: i64,
    /// What the router pings to measure the link.
    pub probe_target: Option<String>,
    /// Which way its port faces.
    #[sqlx(try_from = "String")]
    pub facing: Facing,
    /// Where it ends, for people.
    pub site: Option<String>,
    /// First moment under contract.
    pub activated_at_ms: i64,
    /// First moment no longer under contract.
    pub terminated_at_ms: Option<i64>,
    /// From when on its time counts: its first poll, unless staff set something else. `None`: not measured yet.
    pub measured_from_ms: Option<i64>,
}

impl Link {
    /// What it runs over.
    pub fn port(&self) -> LinkPort<'_> {
        LinkPort::of(&self.interface)
    }

    /// From when on its time counts: under contract and measured. Not measured yet: from its activation.
    pub fn counts_from_ms(&self) -> i64 {
        self.activated_at_ms.max(self.measured_from_ms.unwrap_or(self.activated_at_ms))
    }
}

/// A link to enter; the fields are those of [`Link`].
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the same fields are described at Link")]
pub struct NewLink<'a> {
    pub client_id: ClientId,
    pub router_id: RouterId,
    pub interface: &'a str,
    pub circuit: &'a str,
    pub service_ref: Option<&'a str>,
    pub kind: &'a str,
    pub committed_bps: i64,
    pub probe_target: Option<&'a str>,
    pub facing: Facing,
    pub site: Option<&'a str>,
    pub activated_at_ms: i64,
    pub terminated_at_ms: Option<i64>,
}

macro_rules! link_columns {
    () => {
        "id, client_id, router_id, interface, circuit, service_ref, kind, committed_bps, probe_target, facing, site, \
         activated_at_ms, terminated_at_ms, measured_from_ms"
    };
}
pub(crate) use link_columns;

impl Store {
    /// Enters a link.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] if the circuit id is taken or the interface carries another link during the contract;
    /// [`StoreError::Invalid`] if the client is retired.
    pub async fn insert_link(&self, new: &NewLink<'_>) -> Result<LinkId, StoreError> {
        let mut tx = self.begin().await?;
        let id = insert(&mut tx, new).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Enters a link together with its first terms, both or neither; `terms.link_id` is not looked at.
    ///
    /// # Errors
    /// Those of [`insert_link`](Self::insert_link).
    pub async fn insert_link_with_terms(
        &self,
        new: &NewLink<'_>,
        terms: &LinkTerms,
    ) -> Result<LinkId, StoreError> {
        let mut tx = self.begin().await?;
        let id = insert(&mut tx, new).await?;
        terms::insert(&mut tx, id, terms).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// All links by circuit, at most [`LIST_ROWS_MAX`].
    pub async fn links(&self) -> Result<Vec<Link>, StoreError> {
        const SQL: &str = concat!("SELECT ", link_columns!(), " FROM client_links ORDER BY circuit LIMIT $1");
        Ok(on!(self.reader(), db => sqlx::query_as(SQL).bind(LIST_ROWS_MAX).fetch_all(db).await)?)
    }

    /// The link of that circuit id.
    pub async fn link_by_circuit(&self, circuit: &str) -> Result<Option<Link>, StoreError> {
        const SQL: &str = concat!("SELECT ", link_columns!(), " FROM client_links WHERE circuit = $1");
        Ok(on!(self.reader(), db => sqlx::query_as(SQL).bind(circuit).fetch_optional(db).await)?)
    }

    /// A client's links by circuit, at most [`LIST_ROWS_MAX`].
    pub async fn links_of_client(&self, client: ClientId) -> Result<Vec<Link>, StoreError> {
        const SQL: Differs = packed!(
            link_columns!(),
            concat!(
                "SELECT ",
                link_columns!(),
                " FROM client_links WHERE client_id = $1 ORDER BY circuit LIMIT $2"
            ),
            "circuit"
        );
        self.packed_of_client(&SQL, client).await
    }

    /// A client's link; `None` if there is no such link or it is not this client's.
    pub async fn link_of_client(&self, client: ClientId, link: LinkId) -> Result<Option<Link>, StoreError> {
        const SQL: &str =
            concat!("SELECT ", link_columns!(), " FROM client_links WHERE client_id = $1 AND id = $2");
        Ok(on!(self.reader(), db => sqlx::query_as(SQL).bind(client).bind(link).fetch_optional(db).await)?)
    }

    /// One link, for the ISP's own use.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    pub async fn link(&self, id: LinkId) -> Result<Link, StoreError> {
        const SQL: &str = concat!("SELECT ", link_columns!(), " FROM client_links WHERE id = $1");
        let found = on!(self.reader(), db => sqlx::query_as(SQL).bind(id).fetch_optional(db).await)?;
        found.ok_or(StoreError::NotFound { what: "link" })
    }

    /// Ends a link's contract at `at_ms`; it is no longer polled from then on. If that is not to come, its open outage
    /// ends as [`end_terminated_outages`](Self::end_terminated_outages) says.
    pub async fn terminate_link(&self, id: LinkId, at_ms: i64, now_ms: i64) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE client_links SET terminated_at_ms = $2 WHERE id = $1";
        let mut tx = self.begin().await?;
        let rows = on!(&mut tx, tx => sqlx::query(SQL)
            .bind(id)
            .bind(at_ms)
            .execute(&mut **tx)
            .await
            .map(|done| done.rows_affected()))
        .map_err(|error| StoreError::on_insert(error, "link", &[]))?;
        if rows == 0 {
            return Err(StoreError::NotFound { what: "link" });
        }
        outage::end_terminated(&mut tx, now_ms).await?;
        Ok(tx.commit().await?)
    }
}

pub(crate) async fn insert(tx: &mut Tx, new: &NewLink<'_>) -> Result<LinkId, StoreError> {
    const SQL: &str = "INSERT INTO client_links (client_id, router_id, interface, circuit, service_ref, kind,
            committed_bps, probe_target, facing, site, activated_at_ms, terminated_at_ms, circuit_folded)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING id";
    let carried = Carried {
        router: new.router_id,
        interface: new.interface,
        from_ms: new.activated_at_ms,
        to_ms: new.terminated_at_ms,
    };
    check_free(tx, None, &carried).await?;
    crate::client::check_in_use(tx, new.client_id, "the link").await?;
    let folded = unique_name::free(tx, Named::Link, new.circuit, None).await?;
    on!(tx, tx => sqlx::query_scalar(SQL)
        .bind(new.client_id)
        .bind(new.router_id)
        .bind(new.interface)
        .bind(new.circuit)
        .bind(new.service_ref)
        .bind(new.kind)
        .bind(new.committed_bps)
        .bind(new.probe_target)
        .bind(new.facing.as_str())
        .bind(new.site)
        .bind(new.activated_at_ms)
        .bind(new.terminated_at_ms)
        .bind(folded)
        .fetch_one(&mut **tx)
        .await)
    .map_err(|error| {
        StoreError::on_insert(error, "link", &[("circuit", "circuit"), ("interface", "router interface")])
    })
}

/// What a contract takes of a router.
pub(crate) struct Carried<'a> {
    pub(crate) router: RouterId,
    pub(crate) interface: &'a str,
    pub(crate) from_ms: i64,
    /// `None`: without an end.
    pub(crate) to_ms: Option<i64>,
}

/// One interface carries one link at a time, also one whose contract will end or has only begun to run, and so does a PPP
/// user, who may connect to any router of the company. The router is held until the transaction ends (for a PPP user the
/// company's first one), so that two links cannot take an interface at once. `link` itself may have it.
pub(crate) async fn check_free(
    tx: &mut Tx,
    link: Option<LinkId>,
    carried: &Carried<'_>,
) -> Result<(), StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM client_links
        WHERE interface = $2 AND ($3 IS NULL OR id <> $3)
            AND (router_id = $1 OR ($6 AND router_id IN (SELECT r.id FROM mikrotik_routers r WHERE r.company_id =
                (SELECT h.company_id FROM mikrotik_routers h WHERE h.id = $1))))
            AND (terminated_at_ms IS NULL OR (terminated_at_ms > $4 AND terminated_at_ms > activated_at_ms))
            AND ($5 IS NULL OR activated_at_ms < $5)";
    let is_ppp_user = LinkPort::of(carried.interface).ppp_user().is_some();
    let held = if is_ppp_user { first_router(tx, carried.router).await? } else { carried.router };
    match crate::router::locked(tx, held).await {
        // That there is no such router is told by the row that would name it.
        Ok(_) | Err(StoreError::NotFound { .. }) => {}
        Err(error) => return Err(error),
    }
    let others: i64 = on!(tx, tx => sqlx::query_scalar(SQL)
        .bind(carried.router)
        .bind(carried.interface)
        .bind(link)
        .bind(carried.from_ms)
        .bind(carried.to_ms)
        .bind(is_ppp_user)
        .fetch_one(&mut **tx)
        .await)?;
    if others == 0 {
        Ok(())
    } else {
        Err(StoreError::Duplicate { what: "link", field: "router interface", taken: None })
    }
}

/// The first router of the company that has this one.
async fn first_router(tx: &mut Tx, router: RouterId) -> Result<RouterId, StoreError> {
    const SQL: &str = "SELECT MIN(r.id) FROM mikrotik_routers r
        WHERE r.company_id = (SELECT h.company_id FROM mikrotik_routers h WHERE h.id = $1)";
    let first: Option<RouterId> =
        on!(tx, tx => sqlx::query_scalar(SQL).bind(router).fetch_one(&mut **tx).await)?;
    Ok(first.unwrap_or(router))
}

/// Notes the first polls of links that were not measured before.
pub(crate) async fn note_first_polls(tx: &mut Tx, polls: &[(LinkId, i64)]) -> Result<(), StoreError> {
    const SQL: &str =
        "UPDATE client_links SET measured_from_ms = $2 WHERE id = $1 AND measured_from_ms IS NULL";
    for (link, at_ms) in polls {
        on!(&mut *tx, tx => sqlx::query(SQL).bind(link).bind(at_ms).execute(&mut **tx).await.map(|_| ()))?;
    }
    Ok(())
}
