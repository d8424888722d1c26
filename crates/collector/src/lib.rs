//! Polls the routers, writes samples and spans.
//!
//! Every probe interval each router is looked at: one pipelined exchange tells which of its links run, what the
//! router itself recorded of them, and how long it has been up. Every sample interval the counters are kept as well
//! and the probe targets pinged. What a router's round found is written whole or not at all; rounds that end
//! together share a transaction.
//!
//! The core is pure and knows no clock: `counter_delta` makes rates, `evidence` decides what happened between two
//! looks, `timeline` what counts as confirmed, `schedule` when rounds are. Around it are sessions and timers.

mod backlog;
#[cfg(test)]
mod backlog_tests;
mod backoff;
mod checks;
mod clock_check;
mod clocks;
mod collector;
mod config;
mod counter_delta;
mod counter_fall;
mod error;
mod evidence;
mod exchange;
mod findings;
mod interface_name;
mod link_record;
mod live;
mod look;
mod memory;
mod piece;
mod pinging;
mod poller;
mod ppp;
mod redate;
mod round_writer;
#[cfg(test)]
mod round_writer_tests;
mod running;
mod schedule;
mod session;
mod silence;
mod standing;
mod timeline;
mod witness;
#[cfg(test)]
mod world;

pub use collector::{Collector, LinkError, RoundSummary};
pub use config::CollectorConfig;
pub use error::CollectorError;
pub use schedule::RoundKind;
