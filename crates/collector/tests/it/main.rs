//! The collector against simulated routers, with a clock that the test turns, on every engine there is.

#![expect(clippy::unwrap_used, reason = "whatever fails here fails a test")]

mod checks;
mod clock;
mod engine;
mod faults;
mod live;
mod place;
mod ppp;
mod running;
mod samples;
mod spans;
mod unwritable;
