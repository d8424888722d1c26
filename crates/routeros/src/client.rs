use std::sync::Arc;

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::oneshot,
    task::JoinSet,
    time::timeout,
};

use crate::{
    Command, Credentials, Error, Limits, Replies, ReplyStream, Target, Tls,
    codec::Decoder,
    error::Step,
    login,
    quiet::QuietTcp,
    session::{self, Shared, Sink},
    tls::{self, Keys},
    transport,
};

/// A logged-in session. Cheap to clone; any number of commands run on it at the same time, each under a tag of its
/// own. Dropping the last clone (and the last [`ReplyStream`]) closes the connection.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    /// Holds the connection's one task, which ends with it.
    _driver: JoinSet<()>,
}

impl Client {
    /// Connects, protects the connection as the target says, and logs in.
    ///
    /// # Errors
    /// All that can go wrong before the first command; see [`Error`].
    pub async fn connect(target: &Target, cred: &Credentials, limits: &Limits) -> Result<Client, Error> {
        let mut stream = QuietTcp::new(transport::connect(target, limits.connect).await?);
        match &target.tls {
            Tls::Off => {
                let decoder = login::log_in(&mut stream, cred, limits).await?;
                Ok(Client::start(stream, QuietTcp::rest, decoder, limits))
            }
            protected => {
                let handshake =
                    tls::handshake(stream, &target.address, (protected, Keys::Common), limits.tls);
                // Boxed: the handshake's state is large and short-lived.
                let mut stream = match Box::pin(handshake).await {
                    Err(error) if tls::needs_small_keys(&error) => {
                        let stream = QuietTcp::new(transport::connect(target, limits.connect).await?);
                        let small = (protected, Keys::Small);
                        Box::pin(tls::handshake(stream, &target.address, small, limits.tls)).await?
                    }
                    done => done?,
                };
                let decoder = login::log_in(&mut stream, cred, limits).await?;
                Ok(Client::start(stream, |stream| stream.get_mut().0.rest(), decoder, limits))
            }
        }
    }

    /// Logs in over any byte stream: a tunnel, a pipe in a test.
    ///
    /// # Errors
    /// Those of the login.
    pub async fn over_stream<S>(mut stream: S, cred: &Credentials, limits: &Limits) -> Result<Client, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let decoder = login::log_in(&mut stream, cred, limits).await?;
        Ok(Client::start(stream, |_| {}, decoder, limits))
    }

    /// The connection is gone; every further command fails.
    pub fn is_closed(&self) -> bool {
        self.inner.shared.is_closed()
    }

    /// Runs a command and collects its replies up to `!done`.
    ///
    /// Dropping the future, or passing the deadline, cancels the command on the router and leaves the connection
    /// usable for the others.
    ///
    /// # Errors
    /// [`Error::Trap`] if the router answers with one (also if there were items before it), [`Error::Timeout`] after
    /// the command's deadline, [`Error::TooLarge`] past the limits, or what ended the connection.
    pub async fn run(&self, command: Command) -> Result<Replies, Error> {
        let shared = &self.inner.shared;
        let after = command.own_deadline().unwrap_or(shared.limits.command);
        let (sender, receiver) = oneshot::channel();
        let ticket = shared.begin(&command, Sink::Collect(sender))?;
        let outcome = timeout(after, receiver).await;
        drop(ticket);
        let step = Step::Command(command.path().to_owned());
        match outcome {
            Ok(Ok(Err(Error::Closed { source, .. }))) => Err(Error::Closed { step, source }),
            Ok(Ok(outcome)) => outcome,
            // The task went away without a word: only when the runtime is being shut down.
            Ok(Err(_)) => Err(shared.closed().unwrap_or(Error::Closed { step, source: None })),
            Err(_) => Err(Error::Timeout { step, after }),
        }
    }

    /// Starts a command that goes on by itself (`listen`, `monitor-traffic` without `once`, a long ping) and gives its
    /// replies one by one. Dropping the stream cancels the command.
    ///
    /// The deadline is that between two replies. Replies that are not read wait in a queue with a limit.
    ///
    /// # Errors
    /// Those that prevent the command from being sent.
    pub async fn stream(&self, command: Command) -> Result<ReplyStream, Error> {
        ReplyStream::start(self.clone(), &command)
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.inner.shared
    }

    fn start<S>(stream: S, rest: fn(&mut S), decoder: Decoder, limits: &Limits) -> Client
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let shared = Arc::new(Shared::new(limits.clone()));
        let mut driver = JoinSet::new();
        driver.spawn(session::drive(stream, rest, decoder, Arc::clone(&shared)));
        Client { inner: Arc::new(Inner { shared, _driver: driver }) }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}
