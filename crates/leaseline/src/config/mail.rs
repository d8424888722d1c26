use serde::Deserialize;

use crate::fault::wrong_use;

/// The section `[mail]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mail {
    pub(crate) smtp_host: String,
    pub(crate) smtp_port: u16,
    pub(crate) smtp_tls: MailTls,
    pub(crate) smtp_ca_file: String,
    pub(crate) username: String,
    pub(crate) password_file: String,
    pub(crate) from: String,
    pub(crate) connections: u64,
    pub(crate) timeout_s: u64,
    pub(crate) ehlo: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MailTls {
    StartTls,
    Tls,
    Off,
}

impl Mail {
    pub(super) fn check(&self) -> anyhow::Result<()> {
        if self.smtp_host.is_empty() {
            return Ok(());
        }
        for (name, text) in [("mail.smtp_host", &self.smtp_host), ("mail.ehlo", &self.ehlo)] {
            if !text.is_empty()
                && let Err(why) = import::field::host(text)
            {
                return Err(wrong_use(format!("{name} {text:?}: {why}")));
            }
        }
        if let Err(error) = self.from.parse::<jobs::Sender>() {
            return Err(wrong_use(format!("mail.from: {error}")));
        }
        if self.username.is_empty() != self.password_file.is_empty() {
            return Err(wrong_use(
                "mail.username and mail.password_file belong together: set both or neither",
            ));
        }
        Ok(())
    }
}
