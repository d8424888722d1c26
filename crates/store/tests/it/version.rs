use store::{Location, Store};

use crate::database::{key, on_both};

on_both! {
    /// Were a commit not seen, a page would show what is no longer so.
    async fn every_commit_changes_the_version_and_nothing_else_does(db) {
        let other = Store::open(&db.location, Some(key())).await.unwrap();
        for store in [&db.store, &other] {
            let before = store.data_version().await.unwrap();
            store.companies().await.unwrap();
            other.companies().await.unwrap();
            // A PostgreSQL server's other databases move on beside this one.
            if matches!(db.location, Location::Sqlite(_)) {
                assert_eq!(store.data_version().await.unwrap(), before, "reading is no change");
            }
            for (n, writer) in [&db.store, &other, &db.store].into_iter().enumerate() {
                let before = store.data_version().await.unwrap();
                let again = std::ptr::from_ref(store).addr();
                writer.insert_company(&format!("Company {n} {again}"), "UTC", "EUR", 0).await.unwrap();
                assert_ne!(store.data_version().await.unwrap(), before);
            }
        }
        other.close().await;
    }
}
