use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool, Postgres, SqlitePool, Transaction};

use crate::engine::{Engine, Reader, Tx, on};
use crate::heartbeat::TrialWrite;
use crate::released;
use crate::shared_answer::SharedAnswer;
use crate::version::VersionWatch;
use crate::{DataVersion, MasterKey, StoreError, claim, seal, seal_upgrade, unique_name};

/// The most rows that a list without a limit of its own returns.
pub const LIST_ROWS_MAX: i64 = 100_000;

/// Connections that read an SQLite file side by side; more only wait for the same disk.
const SQLITE_READERS: u32 = 8;
/// Connections to a PostgreSQL server.
const POSTGRES_CONNECTIONS: u32 = 16;
/// How long a statement waits for another program's lock on the SQLite file.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long to wait for a connection, to the server or from the pool.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(15);
/// Prepared statements kept per connection.
const STATEMENTS_KEPT: usize = 256;
/// The writer's page cache, in KiB (negative by SQLite's convention): an hour of 10,000 links fits.
const SQLITE_WRITER_CACHE_KIB: &str = "-16384";
/// A reader's page cache; behind it is the system's, which all of them share.
const SQLITE_READER_CACHE_KIB: &str = "-8192";
/// Pages in the write-ahead log before SQLite copies them back: pages that several rounds touch are copied once.
const SQLITE_CHECKPOINT_PAGES: &str = "16000";
/// SQLite's page size in bytes, fixed when the file is made.
const SQLITE_PAGE_BYTES: u32 = 4096;
/// The log file is cut back to this many bytes after a checkpoint.
const SQLITE_LOG_BYTES_KEPT: &str = "134217728";

/// Begins a transaction of PostgreSQL that reads one state of the database.
pub(crate) const POSTGRES_SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// Where the data live.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A file; made if it is missing, readable by its owner only.
    Sqlite(PathBuf),
    /// A `postgres://` URL of an existing database.
    Postgres(String),
}

impl std::fmt::Display for Location {
    /// The path, or the URL without its password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "{}", path.display()),
            Self::Postgres(url) => match url.parse::<PgConnectOptions>() {
                Ok(options) => write!(
                    f,
                    "postgres://{}@{}:{}/{}",
                    options.get_username(),
                    options.get_host(),
                    options.get_port(),
                    options.get_database().unwrap_or_default()
                ),
                Err(_) => f.write_str("(unreadable PostgreSQL URL)"),
            },
        }
    }
}

impl std::fmt::Debug for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// Everything that is kept, on either engine. Clones share their connections.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) pools: Pools,
    pub(crate) key: Option<MasterKey>,
    pub(crate) version: SharedAnswer<DataVersion>,
    pub(crate) trial_write: TrialWrite,
}

pub(crate) enum Pools {
    /// One connection writes, so that writers queue here and not on the file's lock; several read.
    Sqlite { path: PathBuf, write: SqlitePool, read: SqlitePool, watch: VersionWatch },
    /// The server sorts it out.
    Postgres(PgPool),
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.inner.pools {
            Pools::Sqlite { .. } => "Store(sqlite)",
            Pools::Postgres(_) => "Store(postgres)",
        })
    }
}

impl Store {
    /// Opens the database, making or upgrading its schema.
    ///
    /// Without a key everything works but sealing and unsealing router passwords, which then give
    /// [`StoreError::MissingKey`]: a process that only serves pages need not hold it. The first key that a database
    /// is opened with becomes its key.
    ///
    /// # Errors
    /// [`StoreError::WrongKey`] with a key other than the database's, [`StoreError::TooNew`] for a schema of a newer
    /// program, [`StoreError::Open`] if there is nothing to open.
    pub async fn open(location: &Location, key: Option<MasterKey>) -> Result<Self, StoreError> {
        let pools = match location {
            Location::Sqlite(path) => open_sqlite(location, path).await?,
            Location::Postgres(url) => open_postgres(location, url).await?,
        };
        let store = Self {
            inner: Arc::new(Inner {
                pools,
                key,
                version: SharedAnswer::default(),
                trial_write: TrialWrite::default(),
            }),
        };
        unique_name::upgrade(&store).await?;
        if let Some(key) = &store.inner.key {
            seal::check_key(&store, key).await?;
            seal_upgrade::upgrade(&store, key).await?;
        }
        Ok(store)
    }

    /// Closes all connections after what is under way; the store is of no use afterwards.
    pub async fn close(&self) {
        match &self.inner.pools {
            Pools::Sqlite { write, read, watch, .. } => {
                watch.close().await;
                read.close().await;
                write.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }

    /// Where to read from.
    pub(crate) fn reader(&self) -> Reader<'_> {
        match &self.inner.pools {
            Pools::Sqlite { read, .. } => Engine::Sqlite(read),
            Pools::Postgres(pool) => Engine::Postgres(pool),
        }
    }

    /// Where single statements that write go.
    pub(crate) fn writer(&self) -> Reader<'_> {
        match &self.inner.pools {
            Pools::Sqlite { write, .. } => Engine::Sqlite(write),
            Pools::Postgres(pool) => Engine::Postgres(pool),
        }
    }

    /// Begins a transaction that writes. On SQLite it takes the write lock at once: one that began by reading and
    /// then finds another writer could only fail.
    pub(crate) async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(match &self.inner.pools {
            Pools::Sqlite { write, .. } => Engine::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?),
            Pools::Postgres(pool) => Engine::Postgres(begin_postgres(pool, "BEGIN").await?),
        })
    }

    /// Begins a transaction that only reads, holds nobody up, and sees one state of the database.
    pub(crate) async fn begin_reading(&self) -> Result<Tx, StoreError> {
        Ok(match &self.inner.pools {
            Pools::Sqlite { read, .. } => Engine::Sqlite(read.begin().await?),
            Pools::Postgres(pool) => Engine::Postgres(begin_postgres(pool, POSTGRES_SNAPSHOT).await?),
        })
    }

    /// A value of the `meta` table.
    pub(crate) async fn meta(&self, key: &str) -> Result<Option<String>, StoreError> {
        const SQL: &str = "SELECT value FROM meta WHERE key = $1";
        Ok(on!(self.reader(), db => sqlx::query_scalar(SQL).bind(key).fetch_optional(db).await)?)
    }

    /// Sets a value of the `meta` table if it has none.
    pub(crate) async fn set_meta_once(&self, key: &str, value: &str) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
        on!(self.writer(), db => sqlx::query(SQL).bind(key).bind(value).execute(db).await.map(|_| ()))?;
        Ok(())
    }
}

/// Begins a transaction on PostgreSQL. It goes on to its end, for at most [`ACQUIRE_TIMEOUT`], even when nobody waits
/// for it any more: a `BEGIN` that is given up half-way leaves the pool a connection within a transaction that
/// nothing ends, for whoever gets it next.
pub(crate) async fn begin_postgres(
    pool: &PgPool,
    statement: &'static str,
) -> Result<Transaction<'static, Postgres>, StoreError> {
    let pool = pool.clone();
    #[expect(clippy::disallowed_methods, reason = "it must outlive its caller, and ends by itself")]
    let begun = tokio::spawn(async move { pool.begin_with(statement).await });
    Ok(begun.await.map_err(StoreError::Stopped)??)
}

async fn open_sqlite(location: &Location, path: &Path) -> Result<Pools, StoreError> {
    make_private(path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .page_size(SQLITE_PAGE_BYTES)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("cache_size", SQLITE_WRITER_CACHE_KIB)
        .pragma("wal_autocheckpoint", SQLITE_CHECKPOINT_PAGES)
        .pragma("journal_size_limit", SQLITE_LOG_BYTES_KEPT)
        // What a statement of a hundred rows could have to undo would go through a temporary file, page by page.
        .pragma("temp_store", "MEMORY")
        .statement_cache_capacity(STATEMENTS_KEPT)
        .disable_statement_logging();
    let opened = |error| open_error(location, error);
    let write = released::checked(SqlitePoolOptions::new())
        .max_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options.clone())
        .await
        .map_err(opened)?;
    // PostgreSQL locks its migrations itself. Here two programs that start at once take turns.
    let turn = claim::wait_beside(path, "schema.lock").await?;
    SQLITE_MIGRATIONS.run(&write).await.map_err(migrate_error)?;
    drop(turn);
    let read = released::checked(SqlitePoolOptions::new())
        .max_connections(SQLITE_READERS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .max_lifetime(None)
        .connect_with(
            options
                .clone()
                .create_if_missing(false)
                .pragma("query_only", "ON")
                .pragma("cache_size", SQLITE_READER_CACHE_KIB),
        )
        .await
        .map_err(opened)?;
    let watch = options.create_if_missing(false).pragma("query_only", "ON");
    let watch = VersionWatch::open(&watch).await.map_err(opened)?;
    Ok(Pools::Sqlite { path: path.to_owned(), write, read, watch })
}

async fn open_postgres(location: &Location, url: &str) -> Result<Pools, StoreError> {
    let opened = |error| open_error(location, error);
    let options = url
        .parse::<PgConnectOptions>()
        .map_err(opened)?
        .application_name("leaseline")
        .statement_cache_capacity(STATEMENTS_KEPT)
        .disable_statement_logging();
    // Asked once and directly: the pool would go on trying a server that refuses until its timeout.
    let first = PgConnection::connect_with(&options);
    let first = tokio::time::timeout(ACQUIRE_TIMEOUT, first).await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
    first.map_err(opened)?.close().await.map_err(opened)?;
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(options)
        .await
        .map_err(opened)?;
    POSTGRES_MIGRATIONS.run(&pool).await.map_err(migrate_error)?;
    Ok(Pools::Postgres(pool))
}

/// Makes the file if it is missing and readable by its owner only: SQLite gives its log files the same mode.
fn make_private(path: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::File { path: path.display().to_string(), source };
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
        let file = options.mode(0o600).open(path).map_err(failed)?;
        file.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
    }
    #[cfg(not(unix))]
    options.open(path).map_err(failed)?;
    Ok(())
}

fn open_error(location: &Location, error: sqlx::Error) -> StoreError {
    match StoreError::from(error) {
        StoreError::Database(source) => StoreError::Open { location: location.to_string(), source },
        other => other,
    }
}

fn migrate_error(error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(version) => StoreError::TooNew { version },
        MigrateError::Execute(error) => match StoreError::from(error) {
            StoreError::Database(error) => StoreError::Migrate(MigrateError::Execute(error)),
            other => other,
        },
        other => StoreError::Migrate(other),
    }
}
