//! Webhooks.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum WebhookCommand {
    /// Enter an address that hears of alerts, and print the secret that signs what it is sent
    Add(WebhookAddArgs),
    /// List the webhooks
    List {
        /// Of this company alone
        #[arg(long, value_name = "NAME")]
        company: Option<String>,
    },
    /// Send a test message now, and say what was answered
    Test(WebhookArgs),
    /// Send it nothing until `resume`
    Pause(WebhookArgs),
    /// Send it alerts again
    Resume(WebhookArgs),
    /// Give it a new secret and print it; the old one signs nothing more
    Secret(WebhookArgs),
    /// Remove it
    Remove(WebhookArgs),
}

#[derive(Args, Debug)]
pub(crate) struct WebhookAddArgs {
    /// Where messages are posted to, e.g. https://hooks.example.net/leaseline
    #[arg(long, value_name = "URL")]
    pub(crate) url: String,
    /// Only these events; may be repeated [default: all]
    #[arg(long, value_name = "EVENT")]
    pub(crate) event: Vec<String>,
    /// The company's name; needed only if there are several
    #[arg(long, value_name = "NAME")]
    pub(crate) company: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct WebhookArgs {
    /// Its number, as `webhook list` shows it
    pub(crate) id: i64,
}
