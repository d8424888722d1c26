use std::{fmt, time::Duration};

use secrecy::SecretString;

use crate::{code_page::CodePage, codec::Caps};

/// Where a router's API listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Host name or IP address (IPv6 without brackets).
    pub address: String,
    /// [`API_PORT`](Self::API_PORT) or [`API_SSL_PORT`](Self::API_SSL_PORT) unless it was moved.
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
}

impl Target {
    /// The port of the `api` service.
    pub const API_PORT: u16 = 8728;
    /// The port of the `api-ssl` service.
    pub const API_SSL_PORT: u16 = 8729;
}

/// How a connection is protected. The login sends the password in clear text inside it.
#[derive(Clone, PartialEq, Eq)]
pub enum Tls {
    /// Plain text: whoever is on the path reads the password.
    Off,
    /// A certificate signed by an authority that the system trusts, for the target's address.
    System,
    /// A certificate signed by one of these authorities (PEM text), for the target's address.
    CaPem(Vec<u8>),
    /// Exactly the certificate whose DER form has this SHA-256. Its dates and names do not matter, its key does.
    Pinned([u8; 32]),
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Tls::Off => "Off",
            Tls::System => "System",
            Tls::CaPem(_) => "CaPem",
            Tls::Pinned(_) => "Pinned",
        })
    }
}

/// Who logs in. `Debug` does not show the password.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The RouterOS user.
    pub username: String,
    /// Its password; may be empty.
    pub password: SecretString,
}

/// How long and how much we wait for, and how we read it. Nothing here is ever unlimited.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Name look-up and TCP connection, over all addresses of the name.
    pub connect: Duration,
    /// The TLS handshake.
    pub tls: Duration,
    /// The whole login exchange.
    pub login: Duration,
    /// From asking to the last reply of one command; between two replies of a stream. A command can bring its own.
    pub command: Duration,
    /// Until the peer has taken what we wrote; also how long it may be silent after a `/cancel`.
    pub write: Duration,
    /// What one sentence may be.
    pub caps: Caps,
    /// Reply sentences of one command.
    pub replies: usize,
    /// Bytes of all replies of one command.
    pub reply_bytes: usize,
    /// What replies are read in where they are not UTF-8; `None`: their bytes are left as they are.
    pub code_page: Option<CodePage>,
}

impl Default for Limits {
    /// 5 s to connect, for TLS and to log in, 10 s per command and write, 100,000 replies and 32 MiB per command.
    fn default() -> Self {
        Limits {
            connect: Duration::from_secs(5),
            tls: Duration::from_secs(5),
            login: Duration::from_secs(5),
            command: Duration::from_secs(10),
            write: Duration::from_secs(10),
            caps: Caps::default(),
            replies: 100_000,
            reply_bytes: 32 << 20,
            code_page: None,
        }
    }
}
