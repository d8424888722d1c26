//! Webhooks: alerts that leave over HTTP, signed as <https://www.standardwebhooks.com> says, so that receivers find a
//! library that checks them.

mod address;
mod caller;
mod delivery;
mod message;

pub use caller::{Caller, CallerSettings, CallerSettingsError};
pub use delivery::WebhookDelivery;
