//! One collector per database, and one server per SQLite file: locks that the operating system or the server drops
//! when their holder dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use sqlx::Connection;
use sqlx::postgres::PgConnection;

use crate::open::Pools;
use crate::{Store, StoreError};

/// PostgreSQL's advisory lock of the collector; it belongs to one database of the server.
const COLLECTOR_LOCK: i64 = 0x6c65_6173_6503;

/// The right to collect, held until it is dropped.
#[derive(Debug)]
pub struct CollectorClaim(Held);

/// The right to serve an SQLite file, held until it is dropped.
#[derive(Debug)]
pub struct ServerClaim(#[expect(dead_code, reason = "held for what dropping it releases")] Held);

#[derive(Debug)]
#[expect(dead_code, reason = "held for what dropping it releases")]
enum Held {
    File(File),
    Connection(Box<PgConnection>),
    Nothing,
}

impl CollectorClaim {
    /// Whether the claim is still held: a PostgreSQL server that was restarted has forgotten it.
    pub async fn is_held(&mut self) -> bool {
        match &mut self.0 {
            Held::File(_) | Held::Nothing => true,
            Held::Connection(connection) => connection.ping().await.is_ok(),
        }
    }
}

impl Store {
    /// Claims the right to collect into this database.
    ///
    /// # Errors
    /// [`StoreError::CollectorRunning`] if another process, or this one, holds it.
    pub async fn claim_collector(&self) -> Result<CollectorClaim, StoreError> {
        const SQL: &str = "SELECT pg_try_advisory_lock($1)";
        match &self.inner.pools {
            Pools::Sqlite { path, .. } => {
                let file = lock_beside(path, "collector.lock")?.ok_or(StoreError::CollectorRunning)?;
                Ok(CollectorClaim(Held::File(file)))
            }
            Pools::Postgres(pool) => {
                // A connection of its own: one of the pool could be closed while the claim is held.
                let mut connection = PgConnection::connect_with(&pool.connect_options()).await?;
                let got: bool =
                    sqlx::query_scalar(SQL).bind(COLLECTOR_LOCK).fetch_one(&mut connection).await?;
                if !got {
                    return Err(StoreError::CollectorRunning);
                }
                Ok(CollectorClaim(Held::Connection(Box::new(connection))))
            }
        }
    }

    /// Claims the right to serve this SQLite file; on PostgreSQL any number of processes may serve.
    ///
    /// # Errors
    /// [`StoreError::AlreadyServing`] if another process, or this one, holds it.
    #[expect(clippy::unused_async, reason = "beside claim_collector, and free to ask the database one day")]
    pub async fn claim_server(&self) -> Result<ServerClaim, StoreError> {
        match &self.inner.pools {
            Pools::Sqlite { path, .. } => {
                let file = lock_beside(path, "server.lock")?.ok_or(StoreError::AlreadyServing)?;
                Ok(ServerClaim(Held::File(file)))
            }
            Pools::Postgres(_) => Ok(ServerClaim(Held::Nothing)),
        }
    }
}

/// Locks the file `<database>.<suffix>`; `None` if somebody else has it locked.
fn lock_beside(database: &Path, suffix: &str) -> Result<Option<File>, StoreError> {
    let path = beside(database, suffix);
    let file = open_lock(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(file_error(&path, source)),
    }
}

/// Locks the file `<database>.<suffix>` as soon as nobody else has it locked.
pub(crate) async fn wait_beside(database: &Path, suffix: &str) -> Result<File, StoreError> {
    let path = beside(database, suffix);
    let file = open_lock(&path)?;
    let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await;
    locked.unwrap_or_else(|stopped| Err(stopped.into())).map_err(|source| file_error(&path, source))
}

fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(".");
    path.push(suffix);
    path.into()
}

fn open_lock(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|source| file_error(path, source))
}

fn file_error(path: &Path, source: std::io::Error) -> StoreError {
    StoreError::File { path: path.display().to_string(), source }
}
