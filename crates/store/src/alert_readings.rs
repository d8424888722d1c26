//! The last measurements of all links, to see which of them are worth a closer look.

use crate::engine::on;
use crate::{ClientId, CompanyId, LIST_ROWS_MAX, LinkId, Store, StoreError};

/// A link's last measurement with what its terms promise.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct LatestReading {
    /// Whose.
    pub link_id: LinkId,
    /// Whose link.
    pub client_id: ClientId,
    /// Its circuit.
    pub circuit: String,
    /// When it was measured.
    pub sample_at_ms: i64,
    /// Pings sent.
    pub sent: Option<i64>,
    /// Pings answered.
    pub received: Option<i64>,
    /// Mean round trip, microseconds.
    pub rtt_avg_us: Option<i64>,
    /// What the terms in force promise of the round trip, milliseconds.
    pub latency_ms: Option<String>,
    /// What they promise of loss, percent.
    pub loss_pct: Option<String>,
}

impl Store {
    /// The last measurement of every link that is under contract with a company at `now_ms`, at most [`LIST_ROWS_MAX`].
    pub async fn latest_readings(
        &self,
        company: CompanyId,
        now_ms: i64,
    ) -> Result<Vec<LatestReading>, StoreError> {
        const SQL: &str = "SELECT l.id AS link_id, l.client_id, l.circuit, s.sample_at_ms, s.sent, s.received, s.rtt_avg_us,
                t.latency_ms, t.loss_pct
            FROM client_links l
            JOIN clients c ON c.id = l.client_id
            JOIN link_latest s ON s.link_id = l.id
            LEFT JOIN link_terms t ON t.link_id = l.id AND t.valid_from_ms = (SELECT MAX(p.valid_from_ms)
                FROM link_terms p WHERE p.link_id = l.id AND p.valid_from_ms <= $2)
            WHERE c.company_id = $1 AND s.sample_at_ms IS NOT NULL AND l.activated_at_ms <= $2
                AND (l.terminated_at_ms IS NULL OR l.terminated_at_ms > $2)
            ORDER BY l.id LIMIT $3";
        Ok(on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(company)
            .bind(now_ms)
            .bind(LIST_ROWS_MAX)
            .fetch_all(db)
            .await)?)
    }

    /// The links of a company that were down at some time of `[from_ms, to_ms)`.
    pub async fn links_down_within(
        &self,
        company: CompanyId,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<LinkId>, StoreError> {
        const SQL: &str = "SELECT DISTINCT o.link_id
            FROM outages o JOIN client_links l ON l.id = o.link_id JOIN clients c ON c.id = l.client_id
            WHERE c.company_id = $1 AND o.from_ms < $3 AND (o.to_ms IS NULL OR o.to_ms > $2)
            ORDER BY o.link_id LIMIT $4";
        Ok(on!(self.reader(), db => sqlx::query_scalar(SQL)
            .bind(company)
            .bind(from_ms)
            .bind(to_ms)
            .bind(LIST_ROWS_MAX)
            .fetch_all(db)
            .await)?)
    }
}
