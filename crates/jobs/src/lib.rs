//! Timed work over the store: roll-ups and housekeeping. Each job is a function of the store and a moment, so that
//! a test can drive it step by step; [`run`] is the loop around them.

mod housekeeping;
mod runner;

pub use housekeeping::{Outcome, run_once};
pub use runner::run;
