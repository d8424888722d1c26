//! What happens to a connection when its user lets go of it.

use sqlx::pool::PoolOptions;
use sqlx::{Connection, Sqlite};

/// A pool whose connections come back outside any transaction, or are replaced by new ones.
///
/// SQLite ends a transaction by itself when a statement or a commit fails for want of space, memory or a working disk
/// (`SQLITE_FULL`, `SQLITE_NOMEM`, `SQLITE_IOERR`; <https://sqlite.org/lang_transaction.html>, section 2.3). The `ROLLBACK`
/// that follows then fails, and the driver goes on counting a transaction that is not there: every later `BEGIN IMMEDIATE`
/// on this connection is refused, and a reader's plain `BEGIN` becomes a savepoint that keeps one snapshot for ever.
/// Closing the connection ends whatever it was in, and the pool opens another one.
///
/// PostgreSQL needs none of this: a transaction that failed is ended by the `ROLLBACK`, and a broken connection does not
/// survive the pool's own test.
pub(crate) fn checked(options: PoolOptions<Sqlite>) -> PoolOptions<Sqlite> {
    options.after_release(|connection, _| {
        Box::pin(async move {
            // The `ROLLBACK` of a dropped transaction is queued before this question, which the answer proves done.
            connection.ping().await?;
            Ok(!connection.is_in_transaction())
        })
    })
}
