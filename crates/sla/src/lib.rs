//! The arithmetic of service level agreements: time lines in, totals out.
//!
//! Pure: no input or output, no clock, no async. Times are Unix milliseconds UTC, intervals are half-open
//! `[from, to)`, so that the last second of a month is neither lost nor counted twice.

mod bucket;
mod days;
mod decimal;
mod duration;
mod error;
mod evaluate;
mod frozen;
mod inputs;
mod interval;
mod link_port;
mod month;
mod objective;
mod outage;
mod percent;
mod percentile;
mod readings;
mod reasons;
mod segment;
mod state;
mod statement;
mod tally;
mod timeline;
mod totals;
mod verdict;

pub use bucket::{BUCKET_MS, traffic_buckets};
pub use days::{DAYS_MAX, Day, days};
pub use decimal::{Decimal, DecimalError};
pub use duration::{age_words, duration_words};
pub use error::{InputError, Row, SpanName};
pub use evaluate::{ALGORITHM, evaluate};
pub use frozen::{FrozenError, frozen_digest};
pub use inputs::{
    Active, Exclusion, ExclusionKind, Inputs, Probe, StateSpan, Terms, Traffic, UnknownExclusionKind,
};
pub use interval::Interval;
pub use link_port::{LinkPort, users_of_ppp_interface};
pub use month::{Month, MonthError};
pub use percent::percent_truncated;
pub use percentile::nearest_rank;
pub use state::{LinkState, UnknownState};
pub use statement::{Experienced, Figures, Part, Statement, StatementOutage};
pub use totals::{StateTotals, state_totals};
pub use verdict::{UnknownVerdict, Verdict, Verdicts};
