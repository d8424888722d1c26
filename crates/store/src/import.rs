//! Many things at once: all or none.

use crate::engine::on;
use crate::link::insert as insert_link;
use crate::staff_link_write::locked;
use crate::{
    ClientId, CompanyId, LinkTerms, NewLink, NewRouter, StaffAct, Store, StoreError, client, measured_from,
    router, router_code_page, terms,
};

/// The most rows of one import.
pub const IMPORT_ROWS_MAX: usize = 20_000;

/// Something to enter.
#[derive(Clone, Debug)]
pub enum ImportRow<'a> {
    /// A client.
    Client {
        /// Whose.
        company: CompanyId,
        /// Unique in its company.
        name: &'a str,
    },
    /// A router.
    Router {
        /// The router.
        router: NewRouter<'a>,
        /// What its texts are read in where they are not UTF-8; the name is the caller's to check.
        code_page: Option<&'static str>,
    },
    /// A link with its first terms.
    Link {
        /// The company of its client and its router.
        company: CompanyId,
        /// The link.
        link: NewLink<'a>,
        /// In force from its beginning.
        terms: LinkTerms,
        /// From when on its time counts; `None`: from its first poll.
        measured_from_ms: Option<i64>,
    },
}

impl Store {
    /// Enters all rows in one transaction, each with its line of the audit log.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for what is out of the scope; [`StoreError::Invalid`] for more than [`IMPORT_ROWS_MAX`] or for a
    /// link between two companies; [`StoreError::Duplicate`] for a name that is taken. Nothing is written then.
    pub async fn import_rows(&self, act: &StaffAct<'_>, rows: &[ImportRow<'_>]) -> Result<(), StoreError> {
        if rows.len() > IMPORT_ROWS_MAX {
            let why = format!("more than {IMPORT_ROWS_MAX} rows");
            return Err(StoreError::Invalid { what: "an import", why });
        }
        let mut tx = self.begin().await?;
        for row in rows {
            match row {
                ImportRow::Client { company, name } => {
                    act.scope.check(*company, "company")?;
                    let id = client::insert(&mut tx, *company, name, act.now_ms).await?;
                    let after = serde_json::json!({ "id": id, "company_id": company, "name": name });
                    let subject = format!("client {name}");
                    act.record(&mut tx, *company, ("client.add", subject), (None, Some(&after))).await?;
                }
                ImportRow::Router { router: new, code_page } => {
                    act.scope.check(new.company_id, "company")?;
                    let id = self.insert_router_in(&mut tx, new, act.now_ms).await?;
                    router_code_page::put(&mut tx, id, *code_page).await?;
                    let after = router::locked(&mut tx, id).await?;
                    let subject = format!("router {}", new.name);
                    act.record(&mut tx, new.company_id, ("router.add", subject), (None, Some(&after)))
                        .await?;
                }
                ImportRow::Link { company, link, terms, measured_from_ms } => {
                    act.scope.check(*company, "company")?;
                    check_company(&mut tx, *company, link.client_id, link.router_id).await?;
                    let id = insert_link(&mut tx, link).await?;
                    terms::insert(&mut tx, id, terms).await?;
                    if measured_from_ms.is_some() {
                        let new = locked(&mut tx, id).await?;
                        measured_from::put(&mut tx, &new, *measured_from_ms).await?;
                    }
                    let after = serde_json::json!({
                        "id": id, "client_id": link.client_id, "router_id": link.router_id, "interface": link.interface,
                        "circuit": link.circuit, "service_ref": link.service_ref, "kind": link.kind,
                        "committed_bps": link.committed_bps, "probe_target": link.probe_target, "facing": link.facing,
                        "site": link.site, "activated_at_ms": link.activated_at_ms,
                        "measured_from_ms": measured_from_ms,
                        "terms": LinkTerms { link_id: id, ..terms.clone() },
                    });
                    let subject = format!("link {}", link.circuit);
                    act.record(&mut tx, *company, ("link.add", subject), (None, Some(&after))).await?;
                }
            }
        }
        Ok(tx.commit().await?)
    }
}

/// The client and the router of a link are its company's.
async fn check_company(
    tx: &mut crate::engine::Tx,
    company: CompanyId,
    client: ClientId,
    router: crate::RouterId,
) -> Result<(), StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM clients c JOIN mikrotik_routers r ON r.company_id = c.company_id
        WHERE c.id = $1 AND r.id = $2 AND c.company_id = $3 AND c.retired_at_ms IS NULL AND r.active";
    let found: i64 = on!(tx, tx => sqlx::query_scalar(SQL)
        .bind(client).bind(router).bind(company).fetch_one(&mut **tx).await)?;
    if found == 1 { Ok(()) } else { Err(StoreError::NotFound { what: "client or router" }) }
}
