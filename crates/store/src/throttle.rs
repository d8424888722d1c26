use crate::engine::on;
use crate::{Store, StoreError};

/// What a login attempt is counted by.
#[derive(Clone, Copy, Debug)]
pub struct LoginKeys<'a> {
    /// Whatever the caller counts accounts by, for example kind and user name; the account need not exist.
    pub account: &'a str,
    /// Where it came from.
    pub address: &'a str,
    /// A browser that has shown the token of an earlier login, by that token's hash.
    pub device: Option<&'a str>,
}

/// Attempts of late, each counted up to 1,000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct LoginCounts {
    /// Failures of the account at this address since it was last entered from there.
    pub pair: i64,
    /// The last of them.
    pub pair_last_at_ms: Option<i64>,
    /// Failures of the account, from whatever address, since its last success.
    pub account: i64,
    /// Failures from the address, on whatever account. A success clears none: guessing on many accounts with one good
    /// one of one's own still counts.
    pub address: i64,
    /// Failures of the device since it last entered.
    pub device: i64,
    known_address: i64,
    known_device: i64,
}

/// The `meta` row that names a proxy which nobody believes.
const UNTRUSTED_PROXY: &str = "untrusted_proxy";
/// The most failures that are counted.
const FAILURES_COUNTED_MAX: i64 = 1_000;

impl LoginCounts {
    /// Whether the account was entered from this address not long ago.
    pub fn is_known_address(&self) -> bool {
        self.known_address > 0
    }

    /// Whether the account was entered with this device not long ago.
    pub fn is_known_device(&self) -> bool {
        self.known_device > 0
    }
}

impl Store {
    /// Notes a login attempt; after a success its address and device are known.
    pub async fn record_login(&self, keys: &LoginKeys<'_>, ok: bool, now_ms: i64) -> Result<(), StoreError> {
        const ATTEMPT: &str = "INSERT INTO login_attempts (at_ms, account_key, address, ok, device)
            VALUES ($1, $2, $3, $4, $5)";
        const PLACE: &str = "INSERT INTO login_places (account_key, place, last_at_ms) VALUES ($1, $2, $3)
            ON CONFLICT (account_key, place) DO UPDATE SET last_at_ms = excluded.last_at_ms";
        let mut tx = self.begin().await?;
        on!(&mut tx, tx => sqlx::query(ATTEMPT)
            .bind(now_ms)
            .bind(keys.account)
            .bind(keys.address)
            .bind(ok)
            .bind(keys.device)
            .execute(&mut **tx)
            .await
            .map(|_| ()))?;
        for place in [Some(keys.address), keys.device].into_iter().flatten().filter(|_| ok) {
            on!(&mut tx, tx => sqlx::query(PLACE)
                .bind(keys.account)
                .bind(place)
                .bind(now_ms)
                .execute(&mut **tx)
                .await
                .map(|_| ()))?;
        }
        Ok(tx.commit().await?)
    }

    /// Failed attempts since `since_ms`, and whether address and device were good since `known_since_ms`.
    pub async fn login_counts(
        &self,
        keys: &LoginKeys<'_>,
        since_ms: i64,
        known_since_ms: i64,
    ) -> Result<LoginCounts, StoreError> {
        const SQL: &str = "SELECT p.n AS pair, p.last_at_ms AS pair_last_at_ms, a.n AS account, b.n AS address,
                d.n AS device, f.n AS known_address, g.n AS known_device
            FROM (SELECT COUNT(*) AS n, MAX(at_ms) AS last_at_ms FROM (SELECT at_ms FROM login_attempts
                WHERE account_key = $1 AND address = $2 AND at_ms >= $4 AND NOT ok AND id > COALESCE((SELECT MAX(id)
                    FROM login_attempts WHERE account_key = $1 AND address = $2 AND at_ms >= $4 AND ok), 0)
                LIMIT $6) recent) p
            CROSS JOIN (SELECT COUNT(*) AS n FROM (SELECT 1 AS one FROM login_attempts
                WHERE account_key = $1 AND at_ms >= $4 AND NOT ok AND id > COALESCE((SELECT MAX(id)
                    FROM login_attempts WHERE account_key = $1 AND at_ms >= $4 AND ok), 0) LIMIT $6) recent) a
            CROSS JOIN (SELECT COUNT(*) AS n FROM (SELECT 1 AS one FROM login_attempts
                WHERE address = $2 AND at_ms >= $4 AND NOT ok LIMIT $6) recent) b
            CROSS JOIN (SELECT COUNT(*) AS n FROM (SELECT 1 AS one FROM login_attempts
                WHERE device = $3 AND account_key = $1 AND at_ms >= $4 AND NOT ok AND id > COALESCE((SELECT MAX(id)
                    FROM login_attempts WHERE device = $3 AND account_key = $1 AND at_ms >= $4 AND ok), 0)
                LIMIT $6) recent) d
            CROSS JOIN (SELECT COUNT(*) AS n FROM login_places
                WHERE account_key = $1 AND place = $2 AND last_at_ms >= $5) f
            CROSS JOIN (SELECT COUNT(*) AS n FROM login_places
                WHERE account_key = $1 AND place = $3 AND last_at_ms >= $5) g";
        Ok(on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(keys.account)
            .bind(keys.address)
            .bind(keys.device)
            .bind(since_ms)
            .bind(known_since_ms)
            .bind(FAILURES_COUNTED_MAX)
            .fetch_one(db)
            .await)?)
    }

    /// Forgets attempts, and from where accounts are known, before a moment; returns how many attempts.
    pub async fn delete_login_attempts_before(&self, at_ms: i64) -> Result<u64, StoreError> {
        const ATTEMPTS: &str = "DELETE FROM login_attempts WHERE at_ms < $1";
        const PLACES: &str = "DELETE FROM login_places WHERE last_at_ms < $1";
        on!(self.writer(), db => sqlx::query(PLACES).bind(at_ms).execute(db).await.map(|_| ()))?;
        Ok(on!(self.writer(), db => sqlx::query(ATTEMPTS)
            .bind(at_ms)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?)
    }

    /// Keeps that requests come from an address that says for whom it asks and is not believed.
    pub async fn note_untrusted_proxy(&self, proxy: &str, now_ms: i64) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO meta (key, value) VALUES ($1, $2)
            ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        let value = format!("{now_ms} {proxy}");
        on!(self.writer(), db => sqlx::query(SQL)
            .bind(UNTRUSTED_PROXY)
            .bind(value)
            .execute(db)
            .await
            .map(|_| ()))?;
        Ok(())
    }

    /// The last such address, and when it was seen first by the process that saw it last.
    pub async fn untrusted_proxy(&self) -> Result<Option<(i64, String)>, StoreError> {
        let value = self.meta(UNTRUSTED_PROXY).await?;
        let parts = value.as_deref().and_then(|value| value.split_once(' '));
        Ok(parts.and_then(|(at_ms, proxy)| Some((at_ms.parse().ok()?, proxy.to_owned()))))
    }
}
