//! The arithmetic of service level agreements: time lines in, totals out.
//!
//! Pure: no input or output, no clock, no async. Times are Unix milliseconds UTC, intervals are half-open
//! `[from, to)`, so that the last second of a month is neither lost nor counted twice.

mod decimal;
mod inputs;
mod interval;
mod month;
mod state;
mod statement;
mod totals;
mod verdict;

pub use decimal::{Decimal, DecimalError};
pub use inputs::{
    Active, Exclusion, ExclusionKind, Inputs, Probe, StateSpan, Terms, Traffic, UnknownExclusionKind,
};
pub use interval::Interval;
pub use month::{Month, MonthError};
pub use state::{LinkState, UnknownState};
pub use statement::{Experienced, Figures, Part, Statement, StatementOutage};
pub use totals::{StateTotals, state_totals};
pub use verdict::{UnknownVerdict, Verdict, Verdicts};
