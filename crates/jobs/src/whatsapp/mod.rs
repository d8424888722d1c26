//! WhatsApp: alerts and news of reports as template messages, through the WhatsApp Business Cloud API of Meta's Graph API
//! (<https://developers.facebook.com/docs/whatsapp/cloud-api>).
//!
//! Only templates that Meta approved are sent: outside the 24 hours after a person's own last message nothing else is
//! allowed, and nobody writes to an alarm.

mod delivery;
mod graph;
mod message;
mod template;
mod verdict;

pub use delivery::WhatsAppDelivery;
pub use graph::{Graph, GraphSettings, GraphSettingsError};
pub use template::{Template, TemplateError, Templates};
