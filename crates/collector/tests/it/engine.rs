use std::sync::atomic::{AtomicU64, Ordering};

use store::{Location, MasterKey, Store};

/// Names the PostgreSQL server to test on, as a URL of a database in which others may be created.
const POSTGRES_VARIABLE: &str = "LEASELINE_TEST_POSTGRES";

/// A database of its own for one test.
pub(crate) struct Database {
    pub(crate) store: Store,
    _folder: Option<tempfile::TempDir>,
}

/// An empty database on each engine: SQLite always, PostgreSQL where the environment names one.
pub(crate) async fn databases() -> Vec<Database> {
    let folder = tempfile::tempdir().unwrap();
    let mut all = vec![open(Location::Sqlite(folder.path().join("leaseline.db")), Some(folder)).await];
    if let Ok(url) = std::env::var(POSTGRES_VARIABLE) {
        all.push(open(Location::Postgres(create_postgres(&url)), None).await);
    }
    all
}

async fn open(location: Location, folder: Option<tempfile::TempDir>) -> Database {
    let store = Store::open(&location, Some(MasterKey::generate().unwrap())).await.unwrap();
    Database { store, _folder: folder }
}

fn create_postgres(url: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = format!("collector_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let created = std::process::Command::new("psql")
        .args([url, "-qc", &format!("CREATE DATABASE {name}")])
        .status()
        .unwrap();
    assert!(created.success(), "psql cannot create {name}");
    let (server, options) = url.split_once('?').map_or((url, ""), |(server, options)| (server, options));
    let (server, _) = server.rsplit_once('/').expect("a URL with a database name");
    if options.is_empty() { format!("{server}/{name}") } else { format!("{server}/{name}?{options}") }
}
