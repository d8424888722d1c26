use sqlx::migrate::Migrator;
use sqlx::{Connection, PgConnection, SqliteConnection};
use store::{Location, MasterKey, Store, StoreError};

use crate::database::{Db, key, new_location, on_both, remove};
use crate::fixture::isp;

on_both! {
    /// Opening twice must neither make the schema again nor lose anything.
    async fn a_database_opens_again(db) {
        let isp = isp(&db.store).await;
        let again = Store::open(&db.location, Some(key())).await.unwrap();
        assert_eq!(again.company(isp.company).await.unwrap().name, "Example Net");
        again.close().await;
    }

    /// `serve` and `collect` started at once on an empty folder must not both make the schema.
    async fn programs_that_start_at_once_take_turns(db) {
        let folder = tempfile::tempdir().unwrap();
        let postgres = matches!(db.location, Location::Postgres(_));
        let location = new_location(&folder, postgres).await;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(6).enable_all().build().unwrap();
        let mut starts = tokio::task::JoinSet::new();
        for _ in 0..12 {
            let location = location.clone();
            starts.spawn_on(async move { Store::open(&location, Some(key())).await }, runtime.handle());
        }
        while let Some(started) = starts.join_next().await {
            let store = started.unwrap().unwrap();
            assert!(store.companies().await.unwrap().is_empty());
            store.close().await;
        }
        runtime.shutdown_background();
        remove(&location).await;
    }

    /// An ISP that upgrades has a database that an older program made, with rows in it.
    async fn a_database_of_the_first_version_is_brought_up_to_date(db) {
        let folder = tempfile::tempdir().unwrap();
        let postgres = matches!(db.location, Location::Postgres(_));
        let location = new_location(&folder, postgres).await;
        first_version(&location, "INSERT INTO companies (name, timezone, currency, created_at_ms)
            VALUES ('Old Net', 'Asia/Kolkata', 'INR', 7)").await;
        let store = Store::open(&location, Some(key())).await.unwrap();
        let company = store.company_by_name("Old Net").await.unwrap().unwrap();
        assert_eq!((company.created_at_ms, company.attach_pdf), (7, true));
        assert_eq!((company.accent, company.mail_from), (None, None));
        assert_eq!(store.company_logo(company.id).await.unwrap(), None);
        let client = store.insert_client(company.id, "Acme", 8).await.unwrap();
        assert!(store.exclusions_for_client(client, 0, i64::MAX).await.unwrap().is_empty());
        store.close().await;
        Store::open(&location, Some(key())).await.unwrap().close().await;
        remove(&location).await;
    }

    async fn a_newer_schema_is_refused(db) {
        let columns = "version, description, installed_on, success, checksum, execution_time";
        db.execute(&format!("INSERT INTO _sqlx_migrations ({columns})
            SELECT 9999, description, installed_on, success, checksum, execution_time FROM _sqlx_migrations
            WHERE version = 1")).await.unwrap();
        let error = Store::open(&db.location, Some(key())).await.unwrap_err();
        assert!(matches!(error, StoreError::TooNew { version: 9999 }), "{error:?}");
        assert!(error.to_string().contains("upgrade the program"), "{error}");
    }

    async fn another_key_is_refused(db) {
        let other = MasterKey::generate().unwrap();
        let error = Store::open(&db.location, Some(other)).await.unwrap_err();
        assert!(matches!(error, StoreError::WrongKey), "{error:?}");
    }

    async fn without_a_key_only_passwords_are_out_of_reach(db) {
        let isp = isp(&db.store).await;
        let keyless = Store::open(&db.location, None).await.unwrap();
        assert_eq!(keyless.routers().await.unwrap().len(), 1);
        let error = keyless.router_password(isp.router).await.unwrap_err();
        assert!(matches!(error, StoreError::MissingKey), "{error:?}");
        keyless.close().await;
    }
}

/// A database as the first migration alone leaves it, with what `sql` puts in.
async fn first_version(location: &Location, sql: &'static str) {
    let engine = if matches!(location, Location::Postgres(_)) { "postgres" } else { "sqlite" };
    let file = "0001_first.sql";
    let migrations = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine);
    let only = tempfile::tempdir().unwrap();
    std::fs::copy(migrations.join(file), only.path().join(file)).unwrap();
    let migrator = Migrator::new(only.path()).await.unwrap();
    match location {
        Location::Sqlite(path) => {
            let url = format!("sqlite://{}?mode=rwc", path.display());
            let mut connection = SqliteConnection::connect(&url).await.unwrap();
            migrator.run(&mut connection).await.unwrap();
            sqlx::query(sql).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
        Location::Postgres(url) => {
            let mut connection = PgConnection::connect(url).await.unwrap();
            migrator.run(&mut connection).await.unwrap();
            sqlx::query(sql).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_sqlite_files() {
    use std::os::unix::fs::PermissionsExt;
    let db = Db::sqlite().await;
    isp(&db.store).await;
    let _claim = db.store.claim_collector().await.unwrap();
    let files: Vec<_> = std::fs::read_dir(db.folder()).unwrap().map(Result::unwrap).collect();
    assert!(files.len() >= 3, "the database, its log and its lock: {files:?}");
    for file in files {
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.path());
    }
}

/// A backup program or a forgotten shell holds the write lock: the error must say what to do. Takes the 5 seconds
/// that the store waits.
#[tokio::test]
async fn a_lock_that_stays_is_named() {
    let db = Db::sqlite().await;
    let Location::Sqlite(path) = &db.location else { unreachable!("made by Db::sqlite") };
    let mut shell = SqliteConnection::connect(&path.to_string_lossy()).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut shell).await.unwrap();
    let error = db.store.insert_company("Late", "UTC", "INR", 0).await.unwrap_err();
    assert!(matches!(error, StoreError::Locked), "{error:?}");
    sqlx::raw_sql("ROLLBACK").execute(&mut shell).await.unwrap();
    db.store.insert_company("Late", "UTC", "INR", 0).await.unwrap();
}

#[tokio::test]
async fn what_is_no_database_gives_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.txt");
    std::fs::write(&path, "Dear customer, ".repeat(1_000)).unwrap();
    let error = Store::open(&Location::Sqlite(path.clone()), None).await.unwrap_err();
    assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
    assert!(error.to_string().contains("letter.txt"), "{error}");
    let error =
        Store::open(&Location::Sqlite(folder.path().join("no/such/folder.db")), None).await.unwrap_err();
    assert!(matches!(error, StoreError::File { .. }), "{error:?}");
    assert_eq!(std::fs::read_to_string(path).unwrap(), "Dear customer, ".repeat(1_000));
}

#[tokio::test]
async fn an_unreachable_server_is_named_without_its_password() {
    // Port 9 (discard) of the own machine: nobody listens there.
    let location = Location::Postgres("postgres://portal:hunter2@127.0.0.1:9/leaseline".to_owned());
    let error = Store::open(&location, None).await.unwrap_err();
    assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
    assert!(error.to_string().contains("postgres://portal@127.0.0.1:9/leaseline"), "{error}");
    assert!(!format!("{error} {error:?} {location:?}").contains("hunter2"));
}
