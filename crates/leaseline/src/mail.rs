//! The mail server of the settings.

use std::{path::Path, time::Duration};

use anyhow::Context;
use jobs::{Delivery, DeliverySettings, Mailer, Sender, Smtp, SmtpSettings, SmtpTls};
use store::Store;

use crate::{
    commands::password_file,
    config::{Config, Mail, MailTls},
    fault::wrong_use,
    pem,
};

/// What to say where there is none.
pub(crate) const NOT_SET_UP: &str =
    "no mail server is set up: mail waits in the outbox until mail.smtp_host and mail.from are set";

/// The way out for mail; `None` if no mail server is set up.
///
/// # Errors
/// A password or certificate file that cannot be read.
pub(crate) fn delivery(config: &Config, store: &Store) -> anyhow::Result<Option<Delivery>> {
    let Some(mailer) = mailer(&config.mail)? else { return Ok(None) };
    let settings = DeliverySettings {
        from: sender(&config.mail)?,
        public_url: config.public_url(),
        limit: Duration::from_secs(config.mail.timeout_s),
    };
    Ok(Some(Delivery::new(store.clone(), mailer, settings)))
}

/// The mail server alone.
pub(crate) fn mailer(mail: &Mail) -> anyhow::Result<Option<Mailer>> {
    if mail.smtp_host.is_empty() {
        return Ok(None);
    }
    let ca_pem = match mail.smtp_ca_file.as_str() {
        "" => None,
        file => Some(pem::read("mail.smtp_ca_file", Path::new(file))?),
    };
    let login = match mail.username.as_str() {
        "" => None,
        username => {
            let password =
                password_file::read(Path::new(&mail.password_file)).context("mail.password_file")?;
            Some((username.to_owned(), password))
        }
    };
    let settings = SmtpSettings {
        host: mail.smtp_host.clone(),
        port: mail.smtp_port,
        tls: match mail.smtp_tls {
            MailTls::StartTls => SmtpTls::StartTls { ca_pem },
            MailTls::Tls => SmtpTls::Tls { ca_pem },
            MailTls::Off => SmtpTls::Off,
        },
        login,
        timeout: Duration::from_secs(mail.timeout_s),
    };
    let smtp = Smtp::new(settings)?.with_connections(mail.connections as usize);
    Ok(Some(Mailer::Smtp(Box::new(smtp))))
}

/// Who mails come from.
pub(crate) fn sender(mail: &Mail) -> anyhow::Result<Sender> {
    mail.from.parse().map_err(|error| wrong_use(format!("mail.from: {error}")))
}
