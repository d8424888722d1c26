//! Timed work over the store: roll-ups and housekeeping, the close of months, mail. Each job is a function of the store
//! and a moment, so that a test can drive it step by step; [`run`] is the loop around them.

mod account_letter;
mod alert;
mod audience;
mod backoff;
mod batch;
mod changes;
mod close_month;
mod deliver;
mod facts;
mod housekeeping;
mod letter;
mod mail;
mod outbox_notes;
mod paper;
mod runner;
mod schedule;
mod webhook;

pub use alert::{AlertEngine, AlertOutcome, PREVIEW_DAYS_MAX, Preview, PreviewCount, preview};
pub use close_month::{Close, CloseError, CloseOutcome, ClosedLink, Selection, close_month, links_of_month};
pub use deliver::{Delivered, Delivery, DeliverySettings};
pub use housekeeping::{Outcome, run_once};
pub use mail::{
    Attachment, Mail, MailFolder, MailSettingsError, Mailer, SendError, Sender, SenderError, SentMail, Smtp,
    SmtpSettings, SmtpTls,
};
pub use paper::{Paper, PaperError};
pub use runner::run;
pub use schedule::{LATE_EVIDENCE, SCHEDULE, Schedule, ScheduleOutcome};
pub use webhook::{Caller, CallerSettings, CallerSettingsError, WebhookDelivery};
