use store::{Location, Store, StoreError};

use crate::database::{key, on_both};

on_both! {
    /// Two collectors would write every sample of the other as a counter that fell.
    async fn one_collector_per_database(db) {
        let other = Store::open(&db.location, Some(key())).await.unwrap();
        let mut claim = db.store.claim_collector().await.unwrap();
        assert!(claim.is_held().await);
        for store in [&db.store, &other] {
            let error = store.claim_collector().await.unwrap_err();
            assert!(matches!(error, StoreError::CollectorRunning), "{error:?}");
        }
        drop(claim);
        // PostgreSQL frees the lock when it notices that the connection is gone.
        let mut again = other.claim_collector().await;
        for _ in 0..1_000 {
            if again.is_ok() {
                break;
            }
            tokio::task::yield_now().await;
            again = other.claim_collector().await;
        }
        again.unwrap();
        other.close().await;
    }

    async fn one_server_per_sqlite_file(db) {
        let claim = db.store.claim_server().await.unwrap();
        let second = db.store.claim_server().await;
        match db.location {
            Location::Sqlite(_) => {
                let error = second.unwrap_err();
                assert!(matches!(error, StoreError::AlreadyServing), "{error:?}");
                assert!(db.store.claim_collector().await.is_ok(), "a server does not stand for a collector");
            }
            Location::Postgres(_) => drop(second.unwrap()),
        }
        drop(claim);
        db.store.claim_server().await.unwrap();
    }
}
