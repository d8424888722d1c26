use crate::engine::on;
use crate::{LIST_ROWS_MAX, LinkId, Store, StoreError};

/// A link whose interface was not on its router at the router's last round.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
pub struct MissingPort {
    /// Which link.
    pub link_id: LinkId,
    /// Its circuit.
    pub circuit: String,
    /// The router's name.
    pub router: String,
    /// The interface that the link names.
    pub interface: String,
    /// Since when it has not been found.
    pub since_ms: i64,
}

impl Store {
    /// Links under contract at `now_ms` without their interface, by circuit, at most [`LIST_ROWS_MAX`].
    pub async fn missing_ports(&self, now_ms: i64) -> Result<Vec<MissingPort>, StoreError> {
        const SQL: &str = "SELECT l.id AS link_id, l.circuit, r.name AS router, l.interface, s.since_ms
            FROM link_latest s JOIN client_links l ON l.id = s.link_id JOIN mikrotik_routers r ON r.id = l.router_id
            WHERE s.cause = 'interface_missing' AND (l.terminated_at_ms IS NULL OR l.terminated_at_ms > $1)
            ORDER BY l.circuit LIMIT $2";
        Ok(
            on!(self.reader(), db => sqlx::query_as(SQL).bind(now_ms).bind(LIST_ROWS_MAX).fetch_all(db).await)?,
        )
    }
}
