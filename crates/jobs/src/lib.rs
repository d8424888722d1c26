//! Timed work over the store: roll-ups and housekeeping, the close of months, mail. Each job is a function of the store
//! and a moment, so that a test can drive it step by step; [`run`] is the loop around them.

mod account_letter;
mod backoff;
mod closing_gate;
mod deliver;
mod housekeeping;
mod http;
mod letter;
mod letters;
mod mail;
mod outbox_notes;
mod paper;
mod runner;
mod schedule;
mod webhook;
mod whatsapp;

pub use alert::{AlertEngine, AlertOutcome};
pub use closing::{
    Close, CloseError, CloseOutcome, ClosedByHand, ClosedLink, Selection, announce, close_month,
    links_of_month,
};
pub use deliver::{Delivered, Delivery, DeliverySettings};
pub use housekeeping::{Outcome, run_once};
pub use mail::{
    Attachment, Mail, MailFolder, MailSettingsError, Mailer, SendError, Sender, SenderError, SentMail, Smtp,
    SmtpSettings, SmtpTls,
};
pub use paper::{Paper, PaperError};
pub use runner::{ALERT_INTERVAL, OUTBOX_INTERVAL, Ways, run};
pub use schedule::{LATE_EVIDENCE, SCHEDULE, Schedule, ScheduleOutcome};
pub use webhook::{Caller, CallerSettings, CallerSettingsError, WebhookDelivery};
pub use whatsapp::{
    Graph, GraphSettings, GraphSettingsError, Template, TemplateError, Templates, WhatsAppDelivery,
};
