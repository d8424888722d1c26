//! The collector against simulated routers, with a clock that the test turns, on every engine there is.

mod engine;
mod faults;
mod place;
mod running;
mod samples;
mod spans;
