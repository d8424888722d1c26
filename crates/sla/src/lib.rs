//! The arithmetic of service level agreements: time lines in, totals out.
//!
//! Pure: no input or output, no clock, no async. Times are Unix milliseconds UTC, intervals are half-open
//! `[from, to)`, so that the last second of a month is neither lost nor counted twice.

mod interval;
mod month;
mod state;
mod totals;

pub use interval::Interval;
pub use month::{Month, MonthError};
pub use state::{LinkState, UnknownState};
pub use totals::{StateTotals, state_totals};
