use std::{fmt, io, sync::Arc, time::Duration};

use crate::{codec::DecodeError, foreign::ForeignService, trap::Category};

/// What went wrong, in one line that tells an operator what to do. The cause behind it, if any, is its `source()`.
///
/// Cheap to clone: when a connection dies, every command on it gets the same error.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The caller asked for something that cannot be sent.
    #[error("{0}")]
    InvalidArgument(String),
    /// The name of the router did not resolve.
    #[error("{address} is not a known host name; check the spelling or give the router's IP address")]
    UnknownHost {
        /// As given in the target.
        address: String,
        /// What the resolver said.
        #[source]
        source: Option<Arc<io::Error>>,
    },
    /// No connection could be made.
    #[error("cannot reach {address} port {port}: {}", unreachable_hint(source))]
    Unreachable {
        /// As given in the target.
        address: String,
        /// As given in the target.
        port: u16,
        /// What the system said.
        #[source]
        source: Arc<io::Error>,
    },
    /// Something took longer than its limit.
    #[error("{step}: no answer within {after:?}{}", step.timeout_hint())]
    Timeout {
        /// What was going on.
        step: Step,
        /// The limit that passed.
        after: Duration,
    },
    /// Something else than the RouterOS API listens on the port.
    #[error("{0}; the RouterOS API listens on 8728 (api) or 8729 (api-ssl), see `/ip service print`")]
    NotRouterOs(ForeignService),
    /// The router refused the login.
    #[error(
        "the router refused the login ({message}); check the user name, the password, the user's allowed address \
         and that its group has the policy `api`"
    )]
    LoginRefused {
        /// The router's words.
        message: String,
    },
    /// The TLS service has no certificate (it then offers anonymous Diffie-Hellman only, which is not safe).
    #[error(
        "the router offers no certificate on this TLS port; on the router type: \
         `/certificate add name=api-ssl common-name=router days-valid=3650`, \
         `/certificate sign api-ssl`, `/ip service set api-ssl certificate=api-ssl disabled=no`, \
         then pin its fingerprint"
    )]
    NoCertificate {
        /// What the TLS library said.
        #[source]
        source: Arc<io::Error>,
    },
    /// The peer does not speak TLS.
    #[error(
        "the port answers without TLS; use the api-ssl port (8729 by default) or switch TLS off for this router"
    )]
    NotTls {
        /// What the TLS library said.
        #[source]
        source: Arc<io::Error>,
    },
    /// The certificate is not signed by the given authorities, is expired, or names another host.
    #[error(
        "the router's certificate was not accepted ({reason}); {}",
        certificate_hint(*pinned)
    )]
    CertificateRejected {
        /// Which rule failed.
        reason: String,
        /// It is pinned, or was fetched to be pinned: what failed is the proof that the router has its key.
        pinned: bool,
        /// A signature of another kind would do.
        small_key: bool,
    },
    /// The router shows another certificate than the pinned one.
    #[error(
        "the router's certificate has the fingerprint {} but {} is pinned; if its certificate was replaced, pin the \
         new one, otherwise somebody may be in between",
        hex(presented),
        hex(expected)
    )]
    FingerprintMismatch {
        /// SHA-256 that was pinned.
        expected: [u8; 32],
        /// SHA-256 of the certificate that was shown.
        presented: [u8; 32],
    },
    /// The CA file or the system's certificate store gives no usable certificate, or TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    TlsSetup(String),
    /// The TLS handshake failed in another way.
    #[error("the TLS handshake failed; check that the port is the router's api-ssl service")]
    Tls {
        /// What the TLS library said.
        #[source]
        source: Arc<io::Error>,
    },
    /// The router answered the command with an error. The connection is fine.
    #[error("the router says: {message}{}", permission_hint(message))]
    Trap {
        /// Often absent.
        category: Option<Category>,
        /// The router's words.
        message: String,
    },
    /// The router has no interface of this name.
    #[error("the router has no interface named {name:?}; see `/interface print`")]
    NoSuchInterface {
        /// The name asked for.
        name: String,
    },
    /// The router ended the session and said why.
    #[error("the router ended the session: {reason}")]
    Fatal {
        /// The router's words.
        reason: String,
    },
    /// The connection is gone.
    #[error("{step}: the router closed the connection{}", step.closed_hint())]
    Closed {
        /// What was going on.
        step: Step,
        /// What the system said; none if the peer closed in an orderly way.
        #[source]
        source: Option<Arc<io::Error>>,
    },
    /// A command's replies passed a limit of [`Limits`](crate::Limits); the command was cancelled.
    #[error("the answer to {command} passed the limit of {limit}; ask for less, or raise the limit")]
    TooLarge {
        /// The command's path.
        command: String,
        /// The limit and its unit.
        limit: String,
    },
    /// The reader of a [`ReplyStream`](crate::ReplyStream) was too slow; the command was cancelled.
    #[error("replies came faster than they were read: {limit} waited")]
    Lagged {
        /// The limit and its unit.
        limit: String,
    },
    /// More commands at once than a connection carries.
    #[error("too many commands wait on this connection; let some finish first")]
    Busy,
    /// The peer's bytes are not RouterOS sentences.
    #[error("the router sent something that is not the RouterOS API; the connection was closed")]
    Decode(#[source] DecodeError),
    /// The peer broke the protocol above the codec.
    #[error("the router broke the protocol ({0}); the connection was closed")]
    Protocol(String),
    /// A reply lacks a field that the verb needs, or it cannot be read.
    #[error("the router's answer to {command} has no readable {field}")]
    Malformed {
        /// The command's path.
        command: &'static str,
        /// The field.
        field: &'static str,
    },
}

/// Where in the life of a connection something happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Looking up the name and opening the TCP connection.
    Connect,
    /// The TLS handshake.
    Tls,
    /// The login exchange.
    Login,
    /// Waiting for a command's answer.
    Command(String),
    /// Handing bytes to a peer that does not take them.
    Write,
    /// Waiting for any sign of life after a `/cancel`.
    Cancel,
    /// Between commands.
    Idle,
}

impl Step {
    fn timeout_hint(&self) -> &'static str {
        match self {
            Step::Connect => {
                "; check the address, the route and the firewall (an address list of `/ip service` drops silently)"
            }
            Step::Tls => "; check that the port is the router's api-ssl service",
            Step::Login => "; check that the port is the router's api service",
            _ => "",
        }
    }

    fn closed_hint(&self) -> &'static str {
        match self {
            Step::Login => {
                "; check that the port is the router's api service (8728) and, with `/ip service print`, which addresses \
                 and how many sessions it allows"
            }
            _ => "",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Connect => f.write_str("connecting"),
            Step::Tls => f.write_str("TLS handshake"),
            Step::Login => f.write_str("login"),
            Step::Command(path) => f.write_str(path),
            Step::Write => f.write_str("sending"),
            Step::Cancel => f.write_str("cancelling a command"),
            Step::Idle => f.write_str("waiting"),
        }
    }
}

impl Error {
    /// The connection cannot be used any more, or never came to be: connect again (later).
    pub fn is_connection_lost(&self) -> bool {
        !matches!(
            self,
            Error::InvalidArgument(_)
                | Error::Trap { .. }
                | Error::NoSuchInterface { .. }
                | Error::TooLarge { .. }
                | Error::Lagged { .. }
                | Error::Busy
                | Error::Malformed { .. }
                | Error::Timeout { step: Step::Command(_), .. }
        )
    }

    /// The user's group lacks a policy (`not enough permissions (9)`): reconnecting will not help.
    pub fn is_not_permitted(&self) -> bool {
        matches!(self, Error::Trap { message, .. } if message.contains("not enough permissions"))
    }

    /// The router has no such menu or command: an older release, or a package that is not installed.
    pub fn is_no_such_command(&self) -> bool {
        matches!(self, Error::Trap { message, .. } if message.contains("no such command"))
    }

    /// We ran out of file descriptors: that says nothing about the router.
    pub fn is_out_of_descriptors(&self) -> bool {
        match self {
            Error::Unreachable { source, .. } | Error::UnknownHost { source: Some(source), .. } => {
                is_out_of_descriptors(source)
            }
            _ => false,
        }
    }

    /// What was asked for is not there (any more).
    pub fn is_no_such_item(&self) -> bool {
        match self {
            Error::NoSuchInterface { .. } => true,
            Error::Trap { message, .. } => {
                message.contains("no such item") || message.contains("does not match any value")
            }
            _ => false,
        }
    }
}

/// `EMFILE` or `ENFILE`, which have no [`io::ErrorKind`] of their own; the numbers are those of every Unix.
fn is_out_of_descriptors(source: &io::Error) -> bool {
    cfg!(unix) && matches!(source.raw_os_error(), Some(23 | 24))
}

fn unreachable_hint(source: &io::Error) -> &'static str {
    match source.kind() {
        _ if is_out_of_descriptors(source) => {
            "this computer has no file descriptors left; raise the limit of open files (LimitNOFILE, ulimit -n)"
        }
        io::ErrorKind::ConnectionRefused => {
            "connection refused; is the api service enabled (`/ip service print`)?"
        }
        io::ErrorKind::HostUnreachable => "no route to the host; is the router on and the address right?",
        io::ErrorKind::NetworkUnreachable => "the network is unreachable from here",
        io::ErrorKind::ConnectionReset => "connection reset; does a firewall stand in between?",
        _ => "check the address, the port and the firewall",
    }
}

fn certificate_hint(pinned: bool) -> &'static str {
    if pinned {
        "make a new one on the router with a key of at least 2048 bits, and pin that"
    } else {
        "give the CA that signed it, or pin the certificate's fingerprint"
    }
}

fn permission_hint(message: &str) -> &'static str {
    if message.contains("not enough permissions") {
        "; give the user's group the missing policy (`/user group set GROUP policy=api,read,test`)"
    } else {
        ""
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_out_of_descriptors_is_our_own_fault_and_says_so() {
        let failed = |number| Error::Unreachable {
            address: "192.0.2.1".to_owned(),
            port: 8728,
            source: Arc::new(io::Error::from_raw_os_error(number)),
        };
        for number in [23, 24] {
            let error = failed(number);
            assert!(error.is_out_of_descriptors(), "{error}");
            assert!(
                error.to_string().contains("LimitNOFILE") && !error.to_string().contains("firewall"),
                "{error}"
            );
        }
        assert!(!failed(111).is_out_of_descriptors(), "a router that refuses");
    }
}
