//! The close of months: the inputs of every link are read, judged and frozen, and the reports announced.
//!
//! [`close_month`] and [`announce`] are functions of the store and a moment; when they are called is for others to say.

mod announce;
mod audience;
mod batch;
mod changes;
mod close_month;
mod facts;
mod month_letter;

pub use announce::{ClosedByHand, Waiting, announce};
pub use close_month::{
    Close, CloseError, CloseOutcome, ClosedLink, Selection, close_month, line_reaches, links_of_month, zone,
};
pub use month_letter::MonthLetter;
