//! E-mail: a message as bytes, and the ways it can leave. Nothing here knows the store.

mod error;
mod mailer;
mod message;
mod smtp;

pub use error::{MailSettingsError, SendError};
pub use mailer::{MailFolder, Mailer, SentMail};
pub use message::{Attachment, Mail, Sender, SenderError};
pub use smtp::{Smtp, SmtpSettings, SmtpTls};
