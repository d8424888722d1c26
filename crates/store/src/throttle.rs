use crate::engine::on;
use crate::{Store, StoreError};

/// Failed logins of late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct RecentFailures {
    /// On the account since its last success, from whatever address.
    pub account: i64,
    /// From the address, on whatever account.
    pub address: i64,
    /// The last failure of the account.
    pub account_last_at_ms: Option<i64>,
    /// The last failure from the address.
    pub address_last_at_ms: Option<i64>,
}

/// The most failures that are counted.
const FAILURES_COUNTED_MAX: i64 = 1_000;

impl Store {
    /// Notes a login attempt. `account_key` is whatever the caller counts by, for example kind and user name; the
    /// account need not exist.
    pub async fn record_login_attempt(
        &self,
        account_key: &str,
        address: &str,
        ok: bool,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        const SQL: &str =
            "INSERT INTO login_attempts (at_ms, account_key, address, ok) VALUES ($1, $2, $3, $4)";
        on!(self.writer(), db => sqlx::query(SQL)
            .bind(now_ms)
            .bind(account_key)
            .bind(address)
            .bind(ok)
            .execute(db)
            .await
            .map(|_| ()))?;
        Ok(())
    }

    /// Failed logins since `since_ms`, of the account and from the address, each counted up to 1,000. A success of the
    /// account clears the account's count, not the address's: guessing on many accounts with one good one of
    /// one's own still counts.
    pub async fn recent_failures(
        &self,
        account_key: &str,
        address: &str,
        since_ms: i64,
    ) -> Result<RecentFailures, StoreError> {
        const SQL: &str = "SELECT a.n AS account, a.last_at_ms AS account_last_at_ms, b.n AS address,
                b.last_at_ms AS address_last_at_ms
            FROM (SELECT COUNT(*) AS n, MAX(at_ms) AS last_at_ms FROM (SELECT at_ms FROM login_attempts
                WHERE account_key = $1 AND at_ms >= $3 AND NOT ok AND id > COALESCE((SELECT MAX(id)
                    FROM login_attempts WHERE account_key = $1 AND at_ms >= $3 AND ok), 0)
                ORDER BY at_ms DESC LIMIT $4) recent) a
            CROSS JOIN (SELECT COUNT(*) AS n, MAX(at_ms) AS last_at_ms FROM (SELECT at_ms FROM login_attempts
                WHERE address = $2 AND at_ms >= $3 AND NOT ok ORDER BY at_ms DESC LIMIT $4) recent) b";
        Ok(on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(account_key)
            .bind(address)
            .bind(since_ms)
            .bind(FAILURES_COUNTED_MAX)
            .fetch_one(db)
            .await)?)
    }

    /// Forgets attempts before a moment; returns how many.
    pub async fn delete_login_attempts_before(&self, at_ms: i64) -> Result<u64, StoreError> {
        const SQL: &str = "DELETE FROM login_attempts WHERE at_ms < $1";
        Ok(on!(self.writer(), db => sqlx::query(SQL)
            .bind(at_ms)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?)
    }
}
