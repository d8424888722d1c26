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
        hello: hello(mail),
    };
    let smtp = Smtp::new(settings)?.with_connections(mail.connections as usize);
    Ok(Some(Mailer::Smtp(Box::new(smtp))))
}

/// How we introduce ourselves: servers refuse a name without a domain, which is what many machines have.
fn hello(mail: &Mail) -> Option<String> {
    if !mail.ehlo.is_empty() {
        return Some(mail.ehlo.clone());
    }
    let own = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if own.contains('.') && import::field::host(&own).is_ok() {
        return Some(own);
    }
    let domain = mail.from.parse::<Sender>().ok()?.domain();
    Some(domain)
}

/// Who mails come from.
pub(crate) fn sender(mail: &Mail) -> anyhow::Result<Sender> {
    mail.from.parse().map_err(|error| wrong_use(format!("mail.from: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_greeting_has_a_domain() {
        let config = |file: &str| {
            let dir = tempfile::tempdir().expect("a folder");
            let path = dir.path().join("leaseline.toml");
            std::fs::write(
                &path,
                format!("[mail]\nsmtp_host = \"mail.example\"\nfrom = \"SLA <sla@isp.example>\"\n{file}"),
            )
            .expect("written");
            Config::load(Some(&path), std::iter::empty())
        };
        let given = config("ehlo = \"portal.isp.example\"\n").expect("valid");
        assert_eq!(hello(&given.mail).as_deref(), Some("portal.isp.example"));
        let own = hello(&config("").expect("valid").mail).expect("a name");
        assert!(own.contains('.'), "{own}");
        let wrong = config("ehlo = \"my portal\"\n").expect_err("no name");
        assert!(wrong.to_string().contains("mail.ehlo"), "{wrong}");
    }
}
