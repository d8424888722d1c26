//! Pretend RouterOS routers for tests and demos: the server half of the API protocol, strict where a router is
//! strict, with believable traffic and every fault that a poller meets in the field.
//!
//! A [`Fleet`] runs routers made from [`RouterSpec`]s; each gives a [`SimRouter`], which tells where it listens
//! and has a switch for everything that can happen to it. Time comes from a [`SimClock`], so that tests own it;
//! counters, rates and round trips are functions of the seed and the time (see [`traffic`]).
//!
//! ```
//! use routeros_sim::{Fleet, InterfaceSpec, RouterSpec, SimClock};
//!
//! # async fn example() -> std::io::Result<()> {
//! let mut fleet = Fleet::new(SimClock::new(|| 1_795_392_000_000));
//! let spec = RouterSpec::new("edge-1").interface(InterfaceSpec::ethernet("ether1"));
//! let router = fleet.add(spec).await?;
//! println!("a client may connect to {} as admin, secret", router.address());
//! router.set_link("ether1", false);
//! fleet.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod clock;
mod command;
pub mod control;
mod dialect;
mod error;
mod ethernet;
mod faults;
mod fleet;
mod interface;
mod job;
mod login;
mod monitor;
mod net;
mod ping;
mod ping_model;
mod ppp;
mod print;
mod query;
mod random;
mod router;
mod row;
mod served;
mod session;
mod spec;
mod state;
mod text;
mod tls;
pub mod traffic;
mod wire;

pub use clock::SimClock;
pub use dialect::{Dialect, UnknownDialect};
pub use error::SimError;
pub use fleet::Fleet;
pub use ping_model::PingProfile;
pub use ppp::PppUser;
pub use router::SimRouter;
pub use served::{CounterValues, Served, TIMES_MAX};
pub use spec::{InterfaceSpec, Policies, RouterSpec, User};
pub use tls::Tls;

/// Bytes of a [`SimRouter::huge_word`] that are really sent; a longer word is announced and never completed.
pub const HUGE_WORD_SENT_MAX: u32 = 8 << 20;
