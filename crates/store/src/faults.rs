//! Faults of the machine below, for tests that have no disk to fill and no server to stop.

use sqlx::{PgPool, SqlitePool};

use crate::open::Pools;
use crate::{Store, StoreError};

impl Store {
    /// Lets an SQLite file grow no further, as a full disk would, or again as far as it likes. PostgreSQL does not notice.
    #[doc(hidden)]
    pub async fn stop_growth(&self, stop: bool) -> Result<(), StoreError> {
        let Pools::Sqlite { write, .. } = &self.inner.pools else { return Ok(()) };
        // A limit below the present size is the present size; the other one is SQLite's own.
        sqlite_pragma(write, "max_page_count", if stop { "1" } else { "4294967294" }).await
    }

    /// Has the database refuse whatever is written, or take it again. Reading goes on.
    #[doc(hidden)]
    pub async fn refuse_writes(&self, refuse: bool) -> Result<(), StoreError> {
        let value = if refuse { "on" } else { "off" };
        match &self.inner.pools {
            Pools::Sqlite { write, .. } => sqlite_pragma(write, "query_only", value).await,
            Pools::Postgres(pool) => postgres_read_only(pool, value).await,
        }
    }
}

/// For the present connection, and for one that replaces it.
async fn sqlite_pragma(
    write: &SqlitePool,
    name: &'static str,
    value: &'static str,
) -> Result<(), StoreError> {
    write.set_connect_options(write.connect_options().as_ref().clone().pragma(name, value));
    sqlx::query(sqlx::AssertSqlSafe(format!("PRAGMA {name} = {value}"))).execute(write).await?;
    Ok(())
}

/// As a standby server is; the connections that there are break, as they do when a server is restarted.
async fn postgres_read_only(pool: &PgPool, value: &str) -> Result<(), StoreError> {
    const BREAK: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'leaseline' AND pid <> pg_backend_pid()";
    let mut connection = pool.acquire().await?;
    sqlx::query("SET default_transaction_read_only = off").execute(&mut *connection).await?;
    let name: String = sqlx::query_scalar("SELECT current_database()").fetch_one(&mut *connection).await?;
    let sql = format!("ALTER DATABASE \"{name}\" SET default_transaction_read_only = {value}");
    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut *connection).await?;
    sqlx::query(BREAK).execute(&mut *connection).await?;
    connection.close().await?;
    Ok(())
}
