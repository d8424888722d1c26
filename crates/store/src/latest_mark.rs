//! What a watcher compares to see which links were looked at again.

use std::collections::{BTreeMap, HashMap};

use crate::open::Pools;
use crate::{ClientId, LIST_ROWS_MAX, LinkId, Store, StoreError};

/// Another value whenever a link was looked at, sampled, or changed its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct LatestMark {
    /// The last look.
    pub at_ms: i64,
    /// Since when the link is as it is.
    pub since_ms: i64,
    /// When its figures were read.
    pub sample_at_ms: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct Row {
    client_id: ClientId,
    link_id: LinkId,
    #[sqlx(flatten)]
    mark: LatestMark,
}

macro_rules! marks {
    ($clients:literal) => {
        concat!(
            "SELECT l.client_id, l.id AS link_id, x.at_ms, x.since_ms, x.sample_at_ms
            FROM client_links l JOIN link_latest x ON x.link_id = l.id WHERE l.client_id ",
            $clients,
            " LIMIT $2"
        )
    };
}

impl Store {
    /// The marks of all links of these clients, in one question, at most [`LIST_ROWS_MAX`].
    pub async fn latest_marks(
        &self,
        clients: &[ClientId],
    ) -> Result<HashMap<ClientId, BTreeMap<LinkId, LatestMark>>, StoreError> {
        let ids: Vec<i64> = clients.iter().map(|client| client.0).collect();
        let rows: Vec<Row> = match &self.inner.pools {
            Pools::Sqlite { read, .. } => {
                let ids = serde_json::to_string(&ids).map_err(StoreError::corrupt)?;
                let query = sqlx::query_as(marks!("IN (SELECT value FROM json_each($1))"));
                query.bind(ids).bind(LIST_ROWS_MAX).fetch_all(read).await?
            }
            Pools::Postgres(pool) => {
                sqlx::query_as(marks!("= ANY($1)")).bind(ids).bind(LIST_ROWS_MAX).fetch_all(pool).await?
            }
        };
        let mut marks: HashMap<ClientId, BTreeMap<LinkId, LatestMark>> = HashMap::new();
        for row in rows {
            marks.entry(row.client_id).or_default().insert(row.link_id, row.mark);
        }
        Ok(marks)
    }
}
