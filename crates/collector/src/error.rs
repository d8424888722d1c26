/// Why collecting stopped or could not begin. What fails at a single router is no such error: it is in that router's
/// round and in the [`RoundSummary`](crate::RoundSummary).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectorError {
    /// The list of routers and links could not be read.
    #[error("cannot read which routers to poll")]
    Targets(#[source] store::StoreError),
    /// A setting that cannot work.
    #[error("{0}")]
    Config(&'static str),
}

/// Why a router's round was not what it should be; one line for an operator.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum RoundError {
    #[error("{0}")]
    Router(#[from] routeros::Error),
    #[error("no complete answer within {0} s")]
    Deadline(u64),
    #[error("{last}; trying again in {wait_s} s")]
    BackingOff { last: String, wait_s: i64 },
    #[error("its password cannot be read: {0}")]
    Password(String),
    #[error("its password could not be looked up: {0}")]
    Store(String),
    #[error("the round could not be written: {0}")]
    Write(String),
    #[error("this machine's clock is behind what is stored, up to {}; see `leaseline doctor`", moment(*.0))]
    ClockBehind(i64),
    #[error("this machine's clock is being compared with the routers; see `leaseline doctor`")]
    ClockChecked,
}

/// A time that an operator can compare with what `date -u` says.
fn moment(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).map_or_else(|_| format!("{at_ms} ms"), |at| format!("{at:.0}"))
}
