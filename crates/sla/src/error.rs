use crate::{LinkState, StateSpan};

/// Inputs on which no verdict can be reached. Rows are named as in the JSON form: `spans[2]` is the third span.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// No such zone.
    #[error("{0:?} is not a time zone that is known here: use an IANA name such as Asia/Kolkata")]
    Zone(String),
    /// A month or a moment that no calendar reaches.
    #[error("{0} lies outside the calendar")]
    Calendar(String),
    /// More days than a calendar shows.
    #[error("{days} days are asked for, {max} are the most")]
    Days {
        /// How many were asked for, about.
        days: i64,
        /// [`DAYS_MAX`](crate::DAYS_MAX).
        max: i64,
    },
    /// A contract that ends before it begins.
    #[error("active: ends at {to_ms} before it begins at {from_ms}")]
    Active {
        /// Activation.
        from_ms: i64,
        /// Termination.
        to_ms: i64,
    },
    /// A span or an exclusion that holds no time.
    #[error("{row}: ends at {to_ms}, which is not after its beginning at {from_ms}")]
    Empty {
        /// Which.
        row: Row,
        /// Where it begins.
        from_ms: i64,
        /// Where it ends.
        to_ms: i64,
    },
    /// Two states at one time.
    #[error("{first} and {second} overlap with different states")]
    Overlap {
        /// The one that begins earlier.
        first: SpanName,
        /// The other.
        second: SpanName,
    },
    /// Two sets of terms from the same moment on.
    #[error("{first} and {second} are both valid from {valid_from_ms}: which of them holds cannot be told")]
    SameTerms {
        /// One of them.
        first: Row,
        /// The other.
        second: Row,
        /// The moment.
        valid_from_ms: i64,
    },
    /// A figure that cannot be.
    #[error("{row}: {why}")]
    Figure {
        /// Where it stands.
        row: Row,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// A row of the inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// `spans`, `exclusions`, `terms`, `probes` or `traffic`.
    pub list: &'static str,
    /// Its place in the list, from 0.
    pub index: usize,
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}[{}]", self.list, self.index)
    }
}

/// A span, named so that it is found in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanName {
    /// Its place in the list, from 0.
    pub index: usize,
    /// What it says.
    pub state: LinkState,
    /// Where it begins.
    pub from_ms: i64,
    /// Where it ends.
    pub to_ms: i64,
}

impl SpanName {
    pub(crate) fn of(index: usize, span: &StateSpan) -> Self {
        Self { index, state: span.state, from_ms: span.from_ms, to_ms: span.to_ms }
    }
}

impl std::fmt::Display for SpanName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "spans[{}] ({}, {} to {})", self.index, self.state, self.from_ms, self.to_ms)
    }
}
