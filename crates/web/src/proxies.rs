use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use store::{Store, StoreError};

/// Whether requests come through a proxy that nobody has told us to believe; said once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies(Arc<AtomicBool>);

impl Proxies {
    /// A request came from a proxy that is not trusted: logs it, and keeps it for `leaseline doctor`.
    pub(crate) async fn found(&self, store: &Store, proxy: IpAddr, now_ms: i64) -> Result<(), StoreError> {
        if self.0.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        tracing::warn!(
            %proxy,
            "requests carry X-Forwarded-For from an address that is not in server.trusted_proxies: to the login throttle \
             all of its customers are one address"
        );
        store.note_untrusted_proxy(&proxy.to_string(), now_ms).await
    }
}
