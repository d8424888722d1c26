//! Which links the ledger has to judge, and how far their time lines reach.

use std::collections::HashMap;
use std::sync::Arc;

use crate::engine::on;
use crate::{Client, ClientId, Company, CompanyId, LIST_ROWS_MAX, Link, LinkId, Store, StoreError};

/// A link to judge, with all that its report says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerLink {
    /// The link.
    pub link: Link,
    /// Whose link.
    pub client: Arc<Client>,
    /// Who sells it; its zone is the month's.
    pub company: Arc<Company>,
    /// The name of the link's router.
    pub router_name: String,
    /// Where its time line begins; `None`: it was never looked at.
    pub first_span_ms: Option<i64>,
    /// Where its time line ends, the watermark: what is later is not known yet.
    pub line_end_ms: Option<i64>,
}

impl LedgerLink {
    /// When the link was under contract and measured, as far as it matters before `to_ms`: a termination later than that must not
    /// change the inputs of the month before it.
    pub fn active(&self, to_ms: i64) -> sla::Active {
        let terminated_ms = self.link.terminated_at_ms.filter(|&at_ms| at_ms < to_ms);
        // What is not measured before the period ends must not empty it: nothing is reported of it then.
        let from_ms = Some(self.link.counts_from_ms()).filter(|&ms| ms < to_ms);
        sla::Active { from_ms: from_ms.unwrap_or(self.link.activated_at_ms), to_ms: terminated_ms }
    }
}

/// Which links to judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerFilter {
    /// Of this company.
    pub company: Option<CompanyId>,
    /// Of this client.
    pub client: Option<ClientId>,
    /// This link alone.
    pub link: Option<LinkId>,
    /// Under contract at some time of `[active_from_ms, active_to_ms)`.
    pub active_from_ms: i64,
    /// See `active_from_ms`.
    pub active_to_ms: i64,
    /// Only links without a report of the whole of this month; one "so far" does not count.
    pub unreported: Option<sla::Month>,
}

impl LedgerFilter {
    /// All links under contract at some time of `[from_ms, to_ms)`.
    pub fn active(from_ms: i64, to_ms: i64) -> Self {
        Self {
            company: None,
            client: None,
            link: None,
            active_from_ms: from_ms,
            active_to_ms: to_ms,
            unreported: None,
        }
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    #[sqlx(flatten)]
    link: Link,
    router_name: String,
    first_span_ms: Option<i64>,
    line_end_ms: Option<i64>,
}

impl Store {
    /// The links that `filter` asks for, by id, at most [`LIST_ROWS_MAX`].
    pub async fn ledger_links(&self, filter: &LedgerFilter) -> Result<Vec<LedgerLink>, StoreError> {
        const SQL: &str = "SELECT l.id, l.client_id, l.router_id, l.interface, l.circuit, l.service_ref, l.kind,
                l.committed_bps, l.probe_target, l.facing, l.site, l.activated_at_ms, l.terminated_at_ms,
                l.measured_from_ms,
                r.name AS router_name,
                (SELECT MIN(s.from_ms) FROM link_spans s WHERE s.link_id = l.id) AS first_span_ms,
                (SELECT s.to_ms FROM link_spans s WHERE s.link_id = l.id ORDER BY s.from_ms DESC LIMIT 1) AS line_end_ms
            FROM client_links l JOIN mikrotik_routers r ON r.id = l.router_id JOIN clients c ON c.id = l.client_id
            WHERE ($1 IS NULL OR c.company_id = $1) AND ($2 IS NULL OR l.client_id = $2) AND ($3 IS NULL OR l.id = $3)
                AND l.activated_at_ms < $5 AND (l.terminated_at_ms IS NULL OR l.terminated_at_ms > $4)
                AND ($6 IS NULL OR NOT EXISTS (SELECT 1 FROM sla_reports p
                    WHERE p.link_id = l.id AND p.month = $6 AND NOT p.so_far))
            ORDER BY l.id LIMIT $7";
        let rows: Vec<Row> = on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(filter.company)
            .bind(filter.client)
            .bind(filter.link)
            .bind(filter.active_from_ms)
            .bind(filter.active_to_ms)
            .bind(filter.unreported.map(|month| month.to_string()))
            .bind(LIST_ROWS_MAX)
            .fetch_all(db)
            .await)?;
        let clients: HashMap<ClientId, Arc<Client>> =
            self.clients().await?.into_iter().map(|client| (client.id, Arc::new(client))).collect();
        let companies: HashMap<CompanyId, Arc<Company>> =
            self.companies().await?.into_iter().map(|company| (company.id, Arc::new(company))).collect();
        rows.into_iter()
            .map(|row| {
                let client = clients.get(&row.link.client_id);
                let client = client.ok_or(StoreError::NotFound { what: "client" })?;
                let company = companies.get(&client.company_id);
                Ok(LedgerLink {
                    link: row.link,
                    client: Arc::clone(client),
                    company: Arc::clone(company.ok_or(StoreError::NotFound { what: "company" })?),
                    router_name: row.router_name,
                    first_span_ms: row.first_span_ms,
                    line_end_ms: row.line_end_ms,
                })
            })
            .collect()
    }
}
