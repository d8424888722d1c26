//! One collector per database, and one server per SQLite file: locks that the operating system or the server drops
//! when their holder dies.
//!
//! A lock can be lost without its holder noticing: PostgreSQL forgets it when it restarts or the connection breaks. So each
//! claim also takes the next fencing token, and a round is written only under the last one
//! (<https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html>).

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::Connection;
use sqlx::PgPool;
use sqlx::postgres::PgConnection;

use crate::engine::{Differs, Tx, on};
use crate::open::Pools;
use crate::{Store, StoreError};

/// PostgreSQL's advisory lock of the collector; it belongs to one database of the server.
const COLLECTOR_LOCK: i64 = 0x6c65_6173_6503;

/// The most time that asking after a claim may take: a connection to a machine that is gone may hang for minutes.
const CHECK_MAX: Duration = Duration::from_secs(5);

/// The right to collect, held until it is dropped or another takes it.
#[derive(Debug)]
pub struct CollectorClaim {
    held: Held,
    fence: CollectorFence,
    store: Store,
}

/// The token of a claim, under which rounds are written: [`Store::write_rounds_of`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CollectorFence(i64);

/// How a claim stands.
#[derive(Debug)]
pub enum ClaimStanding {
    /// It is the last one.
    Held,
    /// The database cannot be asked.
    Unknown(StoreError),
    /// Another collector has claimed since; this claim is of no use any more.
    Taken,
}

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
    /// What this claim's rounds are written under.
    pub fn fence(&self) -> CollectorFence {
        self.fence
    }

    /// Asks whether the claim is still the last one, and takes PostgreSQL's lock again if its connection broke meanwhile.
    /// Call it every few seconds.
    pub async fn check(&mut self) -> ClaimStanding {
        let standing = tokio::time::timeout(CHECK_MAX, self.ask()).await;
        match standing.unwrap_or(Err(StoreError::Database(sqlx::Error::PoolTimedOut))) {
            Ok(true) => ClaimStanding::Held,
            Ok(false) => ClaimStanding::Taken,
            Err(error) => ClaimStanding::Unknown(error),
        }
    }

    async fn ask(&mut self) -> Result<bool, StoreError> {
        if let (Held::Connection(connection), Pools::Postgres(pool)) =
            (&mut self.held, &self.store.inner.pools)
            && connection.ping().await.is_err()
        {
            // Whoever else has the lock takes the next token at once; until then this claim is the last one, and its own
            // dead connection may be what still has it.
            if let Some(again) = lock_on_postgres(pool).await? {
                **connection = again;
            }
        }
        const TOKEN: &str = "SELECT token FROM collector_lease WHERE id = 1";
        let token: i64 = on!(self.store.reader(), db => sqlx::query_scalar(TOKEN).fetch_one(db).await)?;
        Ok(token == self.fence.0)
    }
}

impl CollectorFence {
    /// Refuses a transaction unless this is the last claim; no other can be made until the transaction ends.
    ///
    /// # Errors
    /// [`StoreError::ClaimLost`].
    pub(crate) async fn check(self, tx: &mut Tx) -> Result<(), StoreError> {
        const TOKEN: Differs = Differs {
            sqlite: "SELECT token FROM collector_lease WHERE id = 1",
            postgres: "SELECT token FROM collector_lease WHERE id = 1 FOR SHARE",
        };
        let sql = TOKEN.on(tx);
        let token: i64 = on!(tx, tx => sqlx::query_scalar(sql).fetch_one(&mut **tx).await)?;
        if token == self.0 { Ok(()) } else { Err(StoreError::ClaimLost) }
    }
}

impl Store {
    /// Claims the right to collect into this database.
    ///
    /// # Errors
    /// [`StoreError::CollectorRunning`] if another process, or this one, holds it.
    pub async fn claim_collector(&self) -> Result<CollectorClaim, StoreError> {
        const NEXT: &str = "UPDATE collector_lease SET token = token + 1 WHERE id = 1 RETURNING token";
        let held = match &self.inner.pools {
            Pools::Sqlite { path, .. } => {
                Held::File(lock_beside(path, "collector.lock")?.ok_or(StoreError::CollectorRunning)?)
            }
            Pools::Postgres(pool) => {
                let connection = lock_on_postgres(pool).await?.ok_or(StoreError::CollectorRunning)?;
                Held::Connection(Box::new(connection))
            }
        };
        let token = on!(self.writer(), db => sqlx::query_scalar(NEXT).fetch_one(db).await)?;
        Ok(CollectorClaim { held, fence: CollectorFence(token), store: self.clone() })
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

/// The collector's lock on a connection of its own, for one of the pool could be closed while the claim is held; `None` if
/// somebody else has it.
async fn lock_on_postgres(pool: &PgPool) -> Result<Option<PgConnection>, StoreError> {
    const SQL: &str = "SELECT pg_try_advisory_lock($1)";
    let mut connection = PgConnection::connect_with(&pool.connect_options()).await?;
    let got: bool = sqlx::query_scalar(SQL).bind(COLLECTOR_LOCK).fetch_one(&mut connection).await?;
    Ok(got.then_some(connection))
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
