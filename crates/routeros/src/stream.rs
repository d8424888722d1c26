use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{sync::mpsc, time::timeout};

use crate::{
    Client, Command, Error,
    codec::Sentence,
    error::Step,
    session::{Sink, StreamSink, Ticket},
};

/// The replies of a command that goes on by itself, from [`Client::stream`]. Dropping it sends `/cancel`.
pub struct ReplyStream {
    receiver: mpsc::UnboundedReceiver<Result<Sentence, Error>>,
    unread_sentences: Arc<AtomicUsize>,
    unread_bytes: Arc<AtomicUsize>,
    path: String,
    idle_max: Duration,
    /// Cancels the command when dropped. Declared before the client: while it lives, so does the connection.
    _ticket: Ticket,
    _client: Client,
}

impl ReplyStream {
    pub(crate) fn start(client: Client, command: &Command) -> Result<Self, Error> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let unread_sentences = Arc::new(AtomicUsize::new(0));
        let unread_bytes = Arc::new(AtomicUsize::new(0));
        let sink = StreamSink {
            sender,
            unread_sentences: Arc::clone(&unread_sentences),
            unread_bytes: Arc::clone(&unread_bytes),
        };
        let idle_max = command.own_deadline().unwrap_or(client.shared().limits.command);
        let ticket = client.shared().begin(command, Sink::Stream(sink))?;
        let path = command.path().to_owned();
        Ok(ReplyStream {
            receiver,
            unread_sentences,
            unread_bytes,
            path,
            idle_max,
            _ticket: ticket,
            _client: client,
        })
    }

    /// The next `!re`; `None` after the last.
    ///
    /// # Errors
    /// [`Error::Trap`] if the command ends with one, [`Error::Lagged`] if replies were not read fast enough,
    /// [`Error::Timeout`] if none came within the deadline (the stream goes on; drop it to cancel), or what ended the
    /// connection.
    pub async fn next(&mut self) -> Option<Result<Sentence, Error>> {
        let step = || Step::Command(self.path.clone());
        match timeout(self.idle_max, self.receiver.recv()).await {
            Ok(Some(Ok(sentence))) => {
                self.unread_sentences.fetch_sub(1, Ordering::AcqRel);
                self.unread_bytes.fetch_sub(sentence.wire_len(), Ordering::AcqRel);
                Some(Ok(sentence))
            }
            Ok(Some(Err(Error::Closed { source, .. }))) => Some(Err(Error::Closed { step: step(), source })),
            Ok(other) => other,
            Err(_) => Some(Err(Error::Timeout { step: step(), after: self.idle_max })),
        }
    }
}

impl std::fmt::Debug for ReplyStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReplyStream").field("path", &self.path).finish_non_exhaustive()
    }
}
