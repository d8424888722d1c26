use std::collections::HashMap;

use crate::engine::on;
use crate::link::link_columns;
use crate::{DownWhen, LIST_ROWS_MAX, Latest, Link, Router, RouterId, Store, StoreError};

/// A router to poll, with its links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouterTarget {
    /// The router; its password is asked for apart.
    pub router: Router,
    /// Its links under contract, by id.
    pub links: Vec<LinkTarget>,
}

/// A link to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkTarget {
    /// The link.
    pub link: Link,
    /// What counts as down under the terms in force; [`DownWhen::Interface`] without terms.
    pub down_when: DownWhen,
    /// What the last round knew.
    pub latest: Option<Latest>,
}

#[derive(sqlx::FromRow)]
struct Row {
    #[sqlx(flatten)]
    link: Link,
    down_when: Option<String>,
}

impl Store {
    /// Every active router with its links under contract at `now_ms`, in three queries. A router without such links is
    /// there too: that it answers is worth knowing.
    pub async fn collector_targets(&self, now_ms: i64) -> Result<Vec<RouterTarget>, StoreError> {
        const SQL: &str = concat!(
            "SELECT ",
            link_columns!(),
            ", (SELECT t.down_when FROM link_terms t WHERE t.link_id = client_links.id AND t.valid_from_ms <= $1
                ORDER BY t.valid_from_ms DESC LIMIT 1) AS down_when
            FROM client_links
            WHERE activated_at_ms <= $1 AND (terminated_at_ms IS NULL OR terminated_at_ms > $1)
            ORDER BY id LIMIT $2"
        );
        let rows: Vec<Row> = on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(now_ms)
            .bind(LIST_ROWS_MAX)
            .fetch_all(db)
            .await)?;
        let mut latest = self.latest_of_all().await?;
        let mut links: HashMap<RouterId, Vec<LinkTarget>> = HashMap::new();
        for row in rows {
            let down_when = row.down_when.map_or(Ok(DownWhen::Interface), |text| text.parse())?;
            let latest = latest.remove(&row.link.id);
            let target = LinkTarget { link: row.link, down_when, latest };
            links.entry(target.link.router_id).or_default().push(target);
        }
        let routers = self.routers().await?.into_iter().filter(|router| router.active);
        Ok(routers
            .map(|router| {
                let links = links.remove(&router.id).unwrap_or_default();
                RouterTarget { router, links }
            })
            .collect())
    }
}
