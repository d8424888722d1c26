//! The settings of webhooks.

use std::{path::Path, time::Duration};

use jobs::{Caller, CallerSettings, WebhookDelivery};
use store::Store;

use crate::{config::Config, fault::wrong_use, pem};

/// The way out for webhooks.
///
/// # Errors
/// A certificate file that cannot be read.
pub(crate) fn delivery(config: &Config, store: &Store) -> anyhow::Result<WebhookDelivery> {
    let webhook = &config.webhook;
    let ca_pem = match webhook.ca_file.as_str() {
        "" => None,
        file => Some(pem::read("webhook.ca_file", Path::new(file))?),
    };
    let settings = CallerSettings {
        limit: Duration::from_secs(webhook.timeout_s),
        allow_private: webhook.allow_private,
        ca_pem,
    };
    let caller = Caller::new(settings).map_err(|error| wrong_use(format!("webhook.ca_file: {error}")))?;
    Ok(WebhookDelivery::new(store.clone(), caller))
}
