use crate::open::Pools;
use crate::{Store, StoreError};

impl Store {
    /// Turns an SQLite file without samples to the key that was not chosen, `(link_id, at_ms)`, for the benchmark that
    /// shows why. Not for anything else.
    #[doc(hidden)]
    pub async fn use_link_first_layout(&self) -> Result<(), StoreError> {
        const LAYOUT: &str = "SELECT sql FROM sqlite_schema WHERE name = 'link_monitoring_data'";
        let Pools::Sqlite { write, .. } = &self.inner.pools else {
            let why = "only SQLite has two layouts".to_owned();
            return Err(StoreError::Invalid { what: "the layout", why });
        };
        let mut tx = write.begin_with("BEGIN IMMEDIATE").await?;
        let chosen: String = sqlx::query_scalar(LAYOUT).fetch_one(&mut *tx).await?;
        let other = chosen.replace("PRIMARY KEY (hour, link_id, at_ms)", "PRIMARY KEY (link_id, at_ms)");
        sqlx::query("DROP TABLE link_monitoring_data").execute(&mut *tx).await?;
        sqlx::query(sqlx::AssertSqlSafe(other)).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }
}
