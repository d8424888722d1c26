//! The settings of WhatsApp.

use std::{path::Path, time::Duration};

use jobs::{Graph, GraphSettings, WhatsAppDelivery};
use store::Store;

use crate::{
    config::{Config, WhatsApp},
    fault::wrong_use,
    pem, secret,
};

/// What to say where it is not set up.
pub(crate) const NOT_SET_UP: &str = "WhatsApp is not set up: messages wait in the outbox until whatsapp.phone_number_id and whatsapp.token_file are set \
     (docs/whatsapp.md)";

/// The way out for WhatsApp messages; `None` if it is not set up.
///
/// # Errors
/// A token or a certificate file that cannot be read.
pub(crate) fn delivery(config: &Config, store: &Store) -> anyhow::Result<Option<WhatsAppDelivery>> {
    let whatsapp = &config.whatsapp;
    let Some(graph) = graph(whatsapp)? else { return Ok(None) };
    Ok(Some(WhatsAppDelivery::new(store.clone(), graph, whatsapp.templates()?, config.public_url())))
}

/// The API alone.
pub(crate) fn graph(whatsapp: &WhatsApp) -> anyhow::Result<Option<Graph>> {
    if !whatsapp.is_set_up() {
        return Ok(None);
    }
    let ca_pem = match whatsapp.ca_file.as_str() {
        "" => None,
        file => Some(pem::read("whatsapp.ca_file", Path::new(file))?),
    };
    let token = secret::read("LEASELINE_WHATSAPP_TOKEN", "whatsapp.token_file", &whatsapp.token_file)?;
    let settings = GraphSettings {
        url: whatsapp.graph_url.clone(),
        phone_number_id: whatsapp.phone_number_id.clone(),
        token: token.ok_or_else(|| {
            wrong_use("whatsapp.phone_number_id is set, but no token: set whatsapp.token_file, or LEASELINE_WHATSAPP_TOKEN")
        })?,
        limit: Duration::from_secs(whatsapp.timeout_s),
        ca_pem,
    };
    Graph::new(settings).map(Some).map_err(|error| wrong_use(format!("whatsapp.ca_file: {error}")))
}

/// Reads all that the settings name, as `serve` does; whether messages can go out.
///
/// # Errors
/// What `serve` would not begin with.
pub(crate) fn check(whatsapp: &WhatsApp) -> anyhow::Result<bool> {
    receipts(whatsapp)?;
    Ok(graph(whatsapp)?.is_some())
}

/// How receipts are known to be Meta's; `None` if none are taken.
///
/// # Errors
/// One of the two secrets without the other, or a file that cannot be read.
pub(crate) fn receipts(whatsapp: &WhatsApp) -> anyhow::Result<Option<web::ReceiptSettings>> {
    let file = &whatsapp.app_secret_file;
    let app_secret = secret::read("LEASELINE_WHATSAPP_APP_SECRET", "whatsapp.app_secret_file", file)?;
    let file = &whatsapp.verify_token_file;
    let verify_token = secret::read("LEASELINE_WHATSAPP_VERIFY_TOKEN", "whatsapp.verify_token_file", file)?;
    match (app_secret, verify_token) {
        (Some(app_secret), Some(verify_token)) => Ok(Some(web::ReceiptSettings { app_secret, verify_token })),
        (None, None) => Ok(None),
        _ => Err(wrong_use(
            "whatsapp.app_secret_file and whatsapp.verify_token_file belong together: set both or neither",
        )),
    }
}
