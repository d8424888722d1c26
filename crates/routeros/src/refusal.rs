use std::io::ErrorKind;

use crate::Error;

/// How a peer that answered nevertheless did not do what it was asked. It is there: it is not unreachable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The router rejected the login.
    Login,
    /// The user's group lacks a policy.
    Permission,
    /// The TLS handshake failed: no certificate, one that is not accepted, or no TLS at all.
    Tls,
    /// The answer is an error, or it is not that of the RouterOS API.
    Protocol,
}

impl Error {
    /// What an answer that was received says. None if there was none: no connection, a timeout, a connection that was
    /// closed, or an error of our own.
    pub fn refusal(&self) -> Option<Refusal> {
        match self {
            error if error.is_not_permitted() => Some(Refusal::Permission),
            Error::LoginRefused { .. } => Some(Refusal::Login),
            Error::NoCertificate { .. }
            | Error::NotTls { .. }
            | Error::CertificateRejected { .. }
            | Error::FingerprintMismatch { .. }
            | Error::TlsSetup(_) => Some(Refusal::Tls),
            // What the TLS library found wrong comes as invalid data; all else is the connection's end.
            Error::Tls { source } => (source.kind() == ErrorKind::InvalidData).then_some(Refusal::Tls),
            Error::NotRouterOs(_)
            | Error::Trap { .. }
            | Error::NoSuchInterface { .. }
            | Error::Fatal { .. }
            | Error::TooLarge { .. }
            | Error::Decode(_)
            | Error::Protocol(_)
            | Error::Malformed { .. } => Some(Refusal::Protocol),
            Error::InvalidArgument(_)
            | Error::UnknownHost { .. }
            | Error::Unreachable { .. }
            | Error::Timeout { .. }
            | Error::Closed { .. }
            | Error::Lagged { .. }
            | Error::Busy => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{io, sync::Arc, time::Duration};

    use super::*;
    use crate::Step;

    #[test]
    fn a_peer_that_answers_with_an_error_is_told_from_one_that_does_not_answer() {
        let trap = |message: &str| Error::Trap { category: None, message: message.to_owned() };
        let tls = |kind: ErrorKind| Error::Tls { source: Arc::new(io::Error::from(kind)) };
        for (error, expected) in [
            (
                Error::LoginRefused { message: "invalid user name or password (6)".to_owned() },
                Some(Refusal::Login),
            ),
            (trap("not enough permissions (9)"), Some(Refusal::Permission)),
            (trap("no such command prefix"), Some(Refusal::Protocol)),
            (
                Error::CertificateRejected {
                    reason: "it has expired".to_owned(),
                    pinned: false,
                    small_key: false,
                },
                Some(Refusal::Tls),
            ),
            (tls(ErrorKind::InvalidData), Some(Refusal::Tls)),
            (tls(ErrorKind::TimedOut), None),
            (Error::Timeout { step: Step::Login, after: Duration::from_secs(5) }, None),
            (Error::Closed { step: Step::Login, source: None }, None),
        ] {
            assert_eq!(error.refusal(), expected, "{error}");
        }
    }
}
