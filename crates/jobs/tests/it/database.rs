//! One test body on both engines, each time on a fresh database.

use std::{
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use store::{Location, MasterKey, Store};

/// Names the server on which each PostgreSQL test makes its own database.
const SERVER: &str = "LEASELINE_TEST_POSTGRES";
const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A fresh database of one engine.
pub(crate) struct Db {
    pub(crate) store: Store,
    location: Location,
    #[expect(dead_code, reason = "held for what dropping it removes")]
    folder: tempfile::TempDir,
}

/// One test body on both engines, as two tests.
macro_rules! on_both {
    ($(async fn $name:ident($db:ident) $body:block)+) => {
        $(
            mod $name {
                #[allow(unused_imports)]
                use super::*;

                async fn body($db: &$crate::database::Db) $body

                #[tokio::test]
                async fn sqlite() {
                    let db = $crate::database::Db::new(false).await;
                    body(&db).await;
                    db.remove().await;
                }

                #[tokio::test]
                async fn postgres() {
                    let db = $crate::database::Db::new(true).await;
                    body(&db).await;
                    db.remove().await;
                }
            }
        )+
    };
}
pub(crate) use on_both;

impl Db {
    pub(crate) async fn new(postgres: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let location =
            if postgres { new_database() } else { Location::Sqlite(folder.path().join("leaseline.sqlite")) };
        let store = open(&location).await;
        Self { store, location, folder }
    }

    /// The same database as another process has it.
    #[allow(dead_code, reason = "not every crate that shares this file needs it")]
    pub(crate) async fn another(&self) -> Store {
        open(&self.location).await
    }

    pub(crate) async fn remove(self) {
        self.store.close().await;
        if let Location::Postgres(url) = &self.location {
            let name = url.rsplit_once('/').unwrap().1;
            administer(&format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}

async fn open(location: &Location) -> Store {
    Store::open(location, Some(MasterKey::from_hex(KEY).unwrap())).await.unwrap()
}

fn new_database() -> Location {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("jobs_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    administer(&format!("CREATE DATABASE {name}"));
    let server = server();
    let (host, _) = server.rsplit_once('/').unwrap();
    Location::Postgres(format!("{host}/{name}"))
}

fn server() -> String {
    std::env::var(SERVER).unwrap_or_else(|_| panic!("{SERVER} is not set: run through scripts/with-postgres"))
}

/// With the server's own program: the only crate that speaks SQL is the store.
fn administer(sql: &str) {
    let output = Command::new("psql").args(["-q", "-c", sql]).arg(server()).output();
    let output =
        output.unwrap_or_else(|error| panic!("psql does not run: {error}: install postgresql-client"));
    assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
}
