use crate::engine::on;
use crate::{Store, StoreError};

/// Who enters an account from where.
#[derive(Clone, Copy, Debug)]
pub struct LoginKeys<'a> {
    /// Whatever the caller counts accounts by, for example kind and user name; the account need not exist.
    pub account: &'a str,
    /// Where it came from.
    pub address: &'a str,
    /// A browser that has shown the token of an earlier login, by that token's hash.
    pub device: Option<&'a str>,
}

/// From where an account was entered not long ago.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoginKnown {
    /// From this address.
    pub address: bool,
    /// With this device.
    pub device: bool,
}

/// The `meta` row that names a proxy which nobody believes.
const UNTRUSTED_PROXY: &str = "untrusted_proxy";
impl Store {
    /// Notes that an account was entered: its address and device are known from now on.
    pub async fn note_login(&self, keys: &LoginKeys<'_>, now_ms: i64) -> Result<(), StoreError> {
        const PLACE: &str = "INSERT INTO login_places (account_key, place, last_at_ms) VALUES ($1, $2, $3)
            ON CONFLICT (account_key, place) DO UPDATE SET last_at_ms = excluded.last_at_ms";
        let mut tx = self.begin().await?;
        for place in [Some(keys.address), keys.device].into_iter().flatten() {
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

    /// Whether the account was entered from the address, and with the device, since a moment.
    pub async fn login_known(&self, keys: &LoginKeys<'_>, since_ms: i64) -> Result<LoginKnown, StoreError> {
        const SQL: &str = "SELECT place FROM login_places WHERE account_key = $1 AND place IN ($2, $3) AND last_at_ms >= $4";
        let places: Vec<String> = on!(self.reader(), db => sqlx::query_scalar(SQL)
            .bind(keys.account)
            .bind(keys.address)
            .bind(keys.device)
            .bind(since_ms)
            .fetch_all(db)
            .await)?;
        let is_known = |place: &str| places.iter().any(|known| known == place);
        Ok(LoginKnown { address: is_known(keys.address), device: keys.device.is_some_and(is_known) })
    }

    /// Forgets from where accounts are known before a moment; returns how many places.
    pub async fn delete_login_places_before(&self, at_ms: i64) -> Result<u64, StoreError> {
        const SQL: &str = "DELETE FROM login_places WHERE last_at_ms < $1";
        Ok(on!(self.writer(), db => sqlx::query(SQL)
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
