//! The close of months: the inputs of every link are read, judged, frozen and told of.
//!
//! [`close_month`] is a function of the store and a moment; when it is called is for others to say.

mod audience;
mod batch;
mod changes;
mod close_month;
mod facts;

pub use close_month::{
    Close, CloseError, CloseOutcome, ClosedLink, Selection, close_month, line_reaches, links_of_month, zone,
};
