//! Timed work over the store: roll-ups and housekeeping; and mail. Each job is a function of the store and a moment, so
//! that a test can drive it step by step; [`run`] is the loop around them.

mod housekeeping;
mod mail;
mod runner;

pub use housekeeping::{Outcome, run_once};
pub use mail::{
    Attachment, Mail, MailFolder, MailSettingsError, Mailer, SendError, Sender, SenderError, SentMail, Smtp,
    SmtpSettings, SmtpTls,
};
pub use runner::run;
