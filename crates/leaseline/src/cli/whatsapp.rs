//! WhatsApp.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum WhatsAppCommand {
    /// Send a test message with the settings in [whatsapp], and say what was answered
    Test(WhatsAppTestArgs),
}

#[derive(Args, Debug)]
pub(crate) struct WhatsAppTestArgs {
    /// To this number, with its country's code
    #[arg(long, value_name = "+NUMBER", allow_hyphen_values = true)]
    pub(crate) to: String,
    /// By the template that tells of this event
    #[arg(long, value_name = "EVENT", default_value = "link_down")]
    pub(crate) event: String,
}
