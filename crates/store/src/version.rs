//! Whether anything at all was committed since: what was read before is then still so.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::sync::Mutex;

use crate::open::Pools;
use crate::{Store, StoreError};

/// A state of the whole database. Two that are equal, of one [`Store`], are the same state: nothing was committed in
/// between, by this process or another. Two that differ say nothing; another database of the same server may have moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataVersion(String);

/// A connection that only asks for the version: SQLite counts what *other* connections commit, each by itself.
pub(crate) struct VersionWatch(Mutex<Option<SqliteConnection>>);

impl VersionWatch {
    pub(crate) async fn open(options: &SqliteConnectOptions) -> Result<Self, sqlx::Error> {
        Ok(Self(Mutex::new(Some(options.connect().await?))))
    }

    pub(crate) async fn close(&self) {
        if let Some(connection) = self.0.lock().await.take() {
            // It only ever read: whatever goes wrong here leaves nothing behind.
            let _ = connection.close().await;
        }
    }

    async fn version(&self) -> Result<i64, sqlx::Error> {
        let mut connection = self.0.lock().await;
        let connection = connection.as_mut().ok_or(sqlx::Error::PoolClosed)?;
        sqlx::query_scalar("PRAGMA data_version").fetch_one(connection).await
    }
}

impl Store {
    /// The present state of the database, in one small question that all who ask at the same time share. Ask before reading: what is read afterwards is of this
    /// state or a later one, so it may be used again for as long as the answer stays the same.
    ///
    /// SQLite: `PRAGMA data_version` of a connection that never writes. PostgreSQL: the snapshot, which every commit
    /// changes: the transaction's number leaves the list of those in progress, or the end of the list passes it.
    pub async fn data_version(&self) -> Result<DataVersion, StoreError> {
        self.inner.version.get(|| self.ask_version()).await
    }

    async fn ask_version(&self) -> Result<DataVersion, StoreError> {
        const POSTGRES: &str = "SELECT pg_current_snapshot()::text";
        Ok(DataVersion(match &self.inner.pools {
            Pools::Sqlite { watch, .. } => watch.version().await?.to_string(),
            Pools::Postgres(pool) => sqlx::query_scalar(POSTGRES).fetch_one(pool).await?,
        }))
    }
}
