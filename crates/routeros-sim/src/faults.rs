use std::time::Duration;

/// What is wrong with a router's conversation at the moment.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// Connections are refused.
    pub(crate) unreachable: bool,
    /// Packets vanish: connecting hangs, open sessions go silent.
    pub(crate) black_hole: bool,
    /// Accept, read, never answer.
    pub(crate) hang: bool,
    /// Answers leave in small pieces.
    pub(crate) drip: Option<Drip>,
    /// The connection that sends this many more bytes breaks there; once.
    pub(crate) drop_after_bytes: Option<usize>,
    /// Length of the comment in every row of `/interface/print`.
    pub(crate) huge_comment_bytes: Option<u32>,
    /// `/ping` is refused whatever the user's group says.
    pub(crate) deny_test: bool,
}

/// A slow line: so many bytes, then a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Drip {
    pub(crate) bytes: usize,
    pub(crate) every: Duration,
}
