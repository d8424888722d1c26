use std::time::Duration;

use bytes::BytesMut;

use crate::{Error, codec::SentenceWriter};

/// Bytes of one command. The router refuses long ones; an argument list this long is a mistake.
const COMMAND_BYTES_MAX: usize = 64 << 10;

/// A command to run: path, attributes, queries. The tag is the connection's business.
///
/// ```
/// use routeros::Command;
///
/// let command = Command::new("/interface/print")
///     .attr(".proplist", "name,running")
///     .query("?type=ether")
///     .query("?type=vlan")
///     .query("?#|");
/// assert_eq!(command.path(), "/interface/print");
/// ```
#[derive(Debug, Clone)]
pub struct Command {
    path: String,
    wire: BytesMut,
    deadline: Option<Duration>,
    patience: Duration,
}

impl Command {
    /// A command without arguments; `path` as the API writes it, `/interface/print`.
    pub fn new(path: impl Into<String>) -> Self {
        let path = path.into();
        let mut command =
            Command { wire: BytesMut::with_capacity(128), path, deadline: None, patience: Duration::ZERO };
        let word = command.path.clone();
        command.word(&[word.as_bytes()]);
        command
    }

    /// Adds `=key=value`. The value is bytes: RouterOS does not say in which code page it keeps text.
    #[must_use]
    pub fn attr(mut self, key: &str, value: impl AsRef<[u8]>) -> Self {
        self.word(&[b"=", key.as_bytes(), b"=", value.as_ref()]);
        self
    }

    /// Adds a query word such as `?running=true`, `?>mtu=1400` or `?#|`. Their order matters (they are a stack
    /// machine); several without an operation must all hold. Only `print` takes queries.
    #[must_use]
    pub fn query(mut self, query: impl AsRef<[u8]>) -> Self {
        let query = query.as_ref();
        self.word(&[if query.starts_with(b"?") { b"" } else { b"?" }, query]);
        self
    }

    /// Adds the query `?name=value`: only items whose property has exactly this text.
    #[must_use]
    pub fn query_equals(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        // `?=name=value` is the same and needed for names that would read as an operator.
        let plain = !name.starts_with(['-', '<', '>', '=', '#']);
        self.word(&[if plain { b"?" } else { b"?=" }, name.as_bytes(), b"=", value.as_ref()]);
        self
    }

    /// Gives the command its own deadline in place of [`Limits::command`](crate::Limits::command).
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Says that nobody minds if a reply is taken up this much later than it could be. While all commands of a connection
    /// are so, replies that trickle in are left to gather and cost one read instead of many. The default is none.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The path given to [`new`](Self::new).
    pub fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn own_deadline(&self) -> Option<Duration> {
        self.deadline
    }

    pub(crate) fn own_patience(&self) -> Duration {
        self.patience
    }

    /// The words on the wire, without tag and terminator.
    pub(crate) fn wire(&self) -> Result<&[u8], Error> {
        if !self.path.starts_with('/') {
            return Err(Error::InvalidArgument(format!(
                "{:?} is no command path, it must start with /",
                self.path
            )));
        }
        if self.wire.len() > COMMAND_BYTES_MAX {
            let path = &self.path;
            return Err(Error::InvalidArgument(format!("{path} is longer than {COMMAND_BYTES_MAX} bytes")));
        }
        Ok(&self.wire)
    }

    fn word(&mut self, parts: &[&[u8]]) {
        SentenceWriter::new(&mut self.wire).parts(parts).unended();
    }
}
