//! Figures in the words that people read, the same on pages, in statements and on the command line.
//!
//! Turns values into text; sends nothing and reads no clock. The monthly statement (PDF, CSV, e-mail body) will
//! stand here beside them.

mod cause;
mod rate;

pub use cause::cause_words;
pub use rate::rate_words;
pub use sla::{age_words, duration_words, percent_truncated};
