//! Seals what an older version stored in a weaker form: once, when a database is first opened with its key.

use crate::engine::on;
use crate::{MasterKey, Store, StoreError, router, webhook_write};

/// The `meta` row that says that it was done. After that nothing of the weaker form is read any more, so that nobody who can
/// write to the database can bring it back.
const DONE: &str = "seals";
const FORM: &str = "2";

/// Router passwords are bound to where they are sent; webhook addresses are sealed.
pub(crate) async fn upgrade(store: &Store, key: &MasterKey) -> Result<(), StoreError> {
    const CLAIM: &str = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
    if store.meta(DONE).await?.is_some() {
        return Ok(());
    }
    let mut tx = store.begin().await?;
    let claimed = on!(&mut tx, tx => sqlx::query(CLAIM)
        .bind(DONE)
        .bind(FORM)
        .execute(&mut **tx)
        .await
        .map(|done| done.rows_affected()))?;
    // Another process that opens the same database was first, and has committed.
    if claimed == 0 {
        return Ok(());
    }
    router::bind_passwords(&mut tx, key).await?;
    webhook_write::seal_urls(&mut tx, key).await?;
    Ok(tx.commit().await?)
}
