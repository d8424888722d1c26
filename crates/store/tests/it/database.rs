use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection, SqliteConnection};
use store::{Location, MasterKey, Store};

/// Names the server on which each PostgreSQL test makes its own database.
const SERVER: &str = "LEASELINE_TEST_POSTGRES";

/// The key of all tests.
pub(crate) const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A fresh database of one engine.
pub(crate) struct Db {
    pub(crate) location: Location,
    pub(crate) store: Store,
    folder: tempfile::TempDir,
}

/// One test body on both engines, as two tests.
macro_rules! on_both {
    ($($(#[$doc:meta])* async fn $name:ident($db:ident) $body:block)+) => {
        $(
            mod $name {
                #[allow(unused_imports)]
                use super::*;

                $(#[$doc])*
                async fn body($db: &$crate::database::Db) $body

                #[tokio::test]
                async fn sqlite() {
                    let db = $crate::database::Db::sqlite().await;
                    body(&db).await;
                    db.remove().await;
                }

                #[tokio::test]
                async fn postgres() {
                    let db = $crate::database::Db::postgres().await;
                    body(&db).await;
                    db.remove().await;
                }
            }
        )+
    };
}
pub(crate) use on_both;

pub(crate) fn key() -> MasterKey {
    MasterKey::from_hex(KEY).unwrap()
}

/// A place for a database that is not there yet, or has nothing in it.
pub(crate) async fn new_location(folder: &tempfile::TempDir, postgres: bool) -> Location {
    place(folder, postgres, " TEMPLATE template0").await
}

/// `template`: what a database of the server is a copy of; without one it has the schema already, where
/// `scripts/with-postgres` started the server.
async fn place(folder: &tempfile::TempDir, postgres: bool, template: &str) -> Location {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    if !postgres {
        return Location::Sqlite(folder.path().join("leaseline.db"));
    }
    let server = server();
    let name = format!("store_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    administer(&format!("CREATE DATABASE {name}{template}")).await;
    let url = server.parse::<PgConnectOptions>().unwrap().database(&name).to_url_lossy();
    Location::Postgres(url.to_string())
}

fn server() -> String {
    std::env::var(SERVER).unwrap_or_else(|_| panic!("{SERVER} is not set: run through scripts/with-postgres"))
}

async fn administer(sql: &str) {
    let mut connection = PgConnection::connect(&server()).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

impl Db {
    pub(crate) async fn sqlite() -> Self {
        Self::new(false).await
    }

    pub(crate) async fn postgres() -> Self {
        Self::new(true).await
    }

    pub(crate) async fn new(postgres: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let location = place(&folder, postgres, "").await;
        Self::at(location, folder).await
    }

    /// One whose schema the program has made.
    pub(crate) async fn of_the_program(postgres: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let location = new_location(&folder, postgres).await;
        Self::at(location, folder).await
    }

    async fn at(location: Location, folder: tempfile::TempDir) -> Self {
        let store = Store::open(&location, Some(key())).await.unwrap();
        let db = Self { location, store, folder };
        db.spread_ids().await;
        db
    }

    /// Each table's ids begin elsewhere, so that the id of one kind does not pass for another's.
    async fn spread_ids(&self) {
        let tables = [
            "companies",
            "clients",
            "client_portal_users",
            "staff_users",
            "mikrotik_routers",
            "client_links",
            "exclusions",
            "sla_reports",
            "outbox",
        ];
        for (index, table) in tables.iter().enumerate() {
            let first = (index + 1) * 1_000;
            let sql = match self.location {
                Location::Sqlite(_) => {
                    format!("INSERT INTO sqlite_sequence (name, seq) VALUES ('{table}', {first})")
                }
                Location::Postgres(_) => format!("ALTER TABLE {table} ALTER COLUMN id RESTART WITH {first}"),
            };
            self.execute(&sql).await.unwrap();
        }
    }

    /// Runs SQL beside the store, as somebody with a database shell would.
    pub(crate) async fn execute(&self, sql: &str) -> Result<(), sqlx::Error> {
        let sql = sqlx::AssertSqlSafe(sql);
        match &self.location {
            Location::Sqlite(path) => {
                let mut connection = sqlite(path).await;
                sqlx::raw_sql(sql).execute(&mut connection).await?;
                connection.close().await
            }
            Location::Postgres(url) => {
                let mut connection = PgConnection::connect(url).await?;
                sqlx::raw_sql(sql).execute(&mut connection).await?;
                connection.close().await
            }
        }
    }

    /// One text of the database.
    pub(crate) async fn text(&self, sql: &str) -> String {
        let sql = sqlx::AssertSqlSafe(sql);
        match &self.location {
            Location::Sqlite(path) => {
                sqlx::query_scalar(sql).fetch_one(&mut sqlite(path).await).await.unwrap()
            }
            Location::Postgres(url) => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
            }
        }
    }

    /// One number of the database.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        self.text(&format!("SELECT CAST(({sql}) AS TEXT)")).await.parse().unwrap()
    }

    /// The folder of the SQLite file.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    pub(crate) async fn remove(self) {
        self.store.close().await;
        remove(&self.location).await;
    }
}

/// Drops a database of the server; a file goes with its folder.
pub(crate) async fn remove(location: &Location) {
    if let Location::Postgres(url) = location {
        let options: PgConnectOptions = url.parse().unwrap();
        let name = options.get_database().unwrap();
        administer(&format!("DROP DATABASE {name} WITH (FORCE)")).await;
    }
}

async fn sqlite(path: &std::path::Path) -> SqliteConnection {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).foreign_keys(true);
    options.busy_timeout(std::time::Duration::from_secs(5)).connect().await.unwrap()
}
