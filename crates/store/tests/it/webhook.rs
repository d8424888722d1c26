use store::{Store, StoreError};

use crate::database::{key, on_both};
use crate::fixture::{START_MS, isp};

const HOOK: &str = "https://hooks.example.net/T0/secret-path";
const BY: (&str, i64) = ("noc", START_MS);

on_both! {
    /// The path of such an address is often all that it takes to post there.
    async fn an_address_is_sealed_in_the_database(db) {
        let isp = isp(&db.store).await;
        let (id, _) = db.store.insert_webhook(isp.company, HOOK, &[], BY).await.unwrap();
        assert_eq!(db.store.webhook(id).await.unwrap().url, HOOK);
        let stored = db.text("SELECT url FROM notification_webhooks").await;
        assert!(stored.starts_with("x1:") && !stored.contains("secret-path"), "{stored}");
        let error = db.store.insert_webhook(isp.company, HOOK, &[], BY).await.unwrap_err();
        assert!(matches!(error, StoreError::Duplicate { .. }), "{error:?}");
        let (other, _) = db.store.insert_webhook(isp.company, "https://other.example.net/x", &[], BY).await.unwrap();
        assert_eq!(db.store.webhooks(isp.company).await.unwrap().len(), 2);
        // Somebody who can write to the database has messages sent neither to another's address nor to one of his own.
        db.execute(&format!("UPDATE notification_webhooks SET url = 'x' WHERE id = {id}")).await.unwrap();
        db.execute(&format!("UPDATE notification_webhooks SET url = '{stored}' WHERE id = {other}")).await.unwrap();
        assert!(matches!(db.store.webhook(other).await.unwrap_err(), StoreError::Corrupt(_)));
        db.execute(&format!("UPDATE notification_webhooks SET url = 'https://evil.example/' WHERE id = {other}")).await.unwrap();
        assert!(matches!(db.store.webhook(other).await.unwrap_err(), StoreError::Corrupt(_)));
    }

    async fn an_address_of_an_older_version_is_sealed_once(db) {
        let isp = isp(&db.store).await;
        let (id, _) = db.store.insert_webhook(isp.company, "https://a.example.net/", &[], BY).await.unwrap();
        db.execute(&format!("UPDATE notification_webhooks SET url = '{HOOK}'")).await.unwrap();
        db.execute("DELETE FROM meta WHERE key = 'seals'").await.unwrap();
        let upgraded = Store::open(&db.location, Some(key())).await.unwrap();
        assert_eq!(upgraded.webhook(id).await.unwrap().url, HOOK);
        assert!(db.text("SELECT url FROM notification_webhooks").await.starts_with("x1:"));
        upgraded.close().await;
    }
}
