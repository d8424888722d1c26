//! The demo's mail, for who has a server to catch it.

use std::{net::SocketAddr, time::Duration};

use jobs::{Delivery, DeliverySettings, Mailer, Smtp, SmtpSettings, SmtpTls};
use store::Store;

use super::plan;

const TIMEOUT: Duration = Duration::from_secs(10);

/// The way to the mail server at `smtp`, in plain text; its mails lead to the portal at `public_url`.
pub(super) fn delivery(store: &Store, smtp: SocketAddr, public_url: &str) -> anyhow::Result<Delivery> {
    let mailer = Smtp::new(SmtpSettings {
        host: smtp.ip().to_string(),
        port: smtp.port(),
        tls: SmtpTls::Off,
        login: None,
        timeout: TIMEOUT,
        hello: None,
    })?;
    let settings = DeliverySettings {
        from: plan::OPERATIONS.parse()?,
        public_url: Some(public_url.to_owned()),
        limit: TIMEOUT,
    };
    Ok(Delivery::new(store.clone(), Mailer::Smtp(Box::new(mailer)), settings))
}
