//! An async client for the MikroTik RouterOS API: RouterOS 6 and 7, plain or TLS, many commands at once on one
//! connection, and a deadline and a limit on everything.
//!
//! ```no_run
//! # async fn example() -> Result<(), routeros::Error> {
//! use routeros::{Client, Credentials, Limits, Ping, Target, Tls};
//!
//! let target = Target { address: "192.0.2.1".to_owned(), port: Target::API_SSL_PORT, tls: Tls::System };
//! let cred = Credentials { username: "portal".to_owned(), password: "secret".into() };
//! let client = Client::connect(&target, &cred, &Limits::default()).await?;
//!
//! let ping = Ping::new("192.0.2.2", 5);
//! let (interfaces, outcome) = tokio::join!(client.interfaces(), client.ping(&ping));
//! for interface in interfaces? {
//!     println!("{} {}", interface.name, if interface.running == Some(true) { "up" } else { "not up" });
//! }
//! println!("{} answers", outcome?.received);
//! # Ok(())
//! # }
//! ```
//!
//! Layers, from the bottom: [`codec`] (pure bytes), a connection with tagged commands
//! ([`Client::run`], [`Client::stream`]), typed verbs ([`Client::interfaces`], [`Client::ping`] …).

mod check;
mod client;
mod code_page;
pub mod codec;
mod command;
mod error;
mod foreign;
pub mod format;
mod login;
mod options;
mod quiet;
mod refusal;
mod session;
mod stream;
mod tls;
mod tls_key;
mod transport;
mod trap;
mod value;
mod verbs;

pub use check::{Check, CheckStep, ConnectionReport, fetch_fingerprint, test_connection};
pub use client::Client;
pub use code_page::CodePage;
pub use command::Command;
pub use error::{Error, Step};
pub use foreign::ForeignService;
pub use options::{Credentials, Limits, Target, Tls};
pub use refusal::Refusal;
pub use secrecy::SecretString;
pub use session::Replies;
pub use stream::ReplyStream;
pub use trap::Category;
pub use value::Value;
pub use verbs::{
    ethernet::EthernetLink,
    interface::{Counters, Interface},
    ping::{Ping, PingOutcome},
    ppp::PppSession,
    system::{Resources, RouterClock},
    traffic::Traffic,
    watch::TrafficStream,
};

/// The README's examples are compiled too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
