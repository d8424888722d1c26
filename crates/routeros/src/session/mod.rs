//! One connection with many commands on it: what callers and the connection's task share, and that task.

mod driver;
mod pending;
mod shared;

pub(crate) use driver::drive;
pub use pending::Replies;
pub(crate) use pending::{Sink, StreamSink};
pub(crate) use shared::{Shared, Ticket};
