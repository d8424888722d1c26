use routeros::Refusal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sla::LinkState;

/// Why a piece of a time line is not up. The names are stored and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cause {
    /// The interface did not run.
    LinkDown,
    /// The router restarted.
    RouterReboot,
    /// The interface ran, its probe target gave no answer, and the terms count that as down.
    NoAnswer,
    /// The router answered, and its PPP user had no session.
    SessionEnded,
    /// The router did not answer; nobody knows about its links.
    RouterUnreachable,
    /// The router answered and rejected the login.
    LoginRejected,
    /// The router answered that our user lacks a policy.
    PermissionDenied,
    /// The router answered, and the TLS handshake failed.
    TlsError,
    /// The router answered with an error, or something else than the RouterOS API answered.
    ProtocolError,
    /// Nobody looked.
    NotPolled,
    /// Our own network was gone.
    OwnNetwork,
    /// We had no file descriptor left to ask with.
    OwnLimit,
    /// The operator switched the interface off.
    Disabled,
    /// The interface was not there, or another thing has taken its name.
    InterfaceMissing,
    /// The link dropped, but when cannot be told.
    UndatedDrops,
}

impl Cause {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::LinkDown => "link_down",
            Self::RouterReboot => "router_reboot",
            Self::NoAnswer => "no_answer",
            Self::SessionEnded => "session_ended",
            Self::RouterUnreachable => "router_unreachable",
            Self::LoginRejected => "login_rejected",
            Self::PermissionDenied => "permission_denied",
            Self::TlsError => "tls_error",
            Self::ProtocolError => "protocol_error",
            Self::NotPolled => "not_polled",
            Self::OwnNetwork => "own_network",
            Self::OwnLimit => "own_limit",
            Self::Disabled => "disabled",
            Self::InterfaceMissing => "interface_missing",
            Self::UndatedDrops => "undated_drops",
        }
    }
}

impl From<Refusal> for Cause {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Login => Self::LoginRejected,
            Refusal::Permission => Self::PermissionDenied,
            Refusal::Tls => Self::TlsError,
            Refusal::Protocol => Self::ProtocolError,
        }
    }
}

/// A state and, unless it is up, its cause.
pub(crate) type Verdict = (LinkState, Option<Cause>);

/// A piece of a link's time line, `[from_ms, to_ms)`, with what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Piece {
    pub(crate) from_ms: i64,
    pub(crate) to_ms: i64,
    pub(crate) state: LinkState,
    pub(crate) cause: Option<Cause>,
    /// `{"kind": "...", facts…}`.
    pub(crate) evidence: Value,
    /// It merely goes on from what was before; when that has the same state, its evidence serves for this one too.
    pub(crate) goes_on: bool,
}

impl Piece {
    /// A piece with evidence of its own.
    pub(crate) fn new(from_ms: i64, to_ms: i64, (state, cause): Verdict, evidence: Value) -> Self {
        Self { from_ms, to_ms, state, cause, evidence, goes_on: false }
    }

    /// A piece between two looks that saw the same; the evidence is constant, so that the store can merge it.
    pub(crate) fn going_on(from_ms: i64, to_ms: i64, (state, cause): Verdict) -> Self {
        let kind = if state == LinkState::Up { "continuous" } else { "looks" };
        Self { from_ms, to_ms, state, cause, evidence: json!({ "kind": kind }), goes_on: true }
    }

    pub(crate) fn unknown(from_ms: i64, to_ms: i64, cause: Cause, evidence: Value) -> Self {
        Self::new(from_ms, to_ms, (LinkState::Unknown, Some(cause)), evidence)
    }

    pub(crate) fn verdict(&self) -> Verdict {
        (self.state, self.cause)
    }
}
