use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::{mpsc, oneshot};

use crate::{Error, Limits, codec::Sentence, trap::trap_error};

/// Sentences that wait unread in one stream.
const STREAM_SENTENCES_MAX: usize = 1024;
/// Bytes of the sentences that wait unread in one stream.
const STREAM_BYTES_MAX: usize = 8 << 20;

/// All replies of one command that ended without an error.
#[derive(Debug, Clone, Default)]
pub struct Replies {
    items: Vec<Sentence>,
    done: Sentence,
}

impl Replies {
    /// The `!re` replies in order. Any may be without attributes.
    pub fn items(&self) -> &[Sentence] {
        &self.items
    }

    /// The closing `!done`.
    pub fn done(&self) -> &Sentence {
        &self.done
    }

    /// The value of `=ret=` in the closing `!done`: the id of an `add`, the number of a `count-only`.
    pub fn ret(&self) -> Option<&[u8]> {
        self.done.attribute("ret")
    }
}

/// Where the replies of a command go.
pub(crate) enum Sink {
    /// To one waiter, all at once: one wake-up however many replies there are.
    Collect(oneshot::Sender<Result<Replies, Error>>),
    /// One by one to a stream.
    Stream(StreamSink),
    /// Nowhere: the command was given up (or is a `/cancel`), its last reply is still to come.
    Discard,
}

/// The sending half of a stream. The channel has no bound of its own, these two counts are it.
pub(crate) struct StreamSink {
    pub(crate) sender: mpsc::UnboundedSender<Result<Sentence, Error>>,
    pub(crate) unread_sentences: Arc<AtomicUsize>,
    pub(crate) unread_bytes: Arc<AtomicUsize>,
}

/// A command that waits for replies.
pub(crate) struct Pending {
    path: String,
    sink: Sink,
    /// How late its replies may be taken up.
    patience: Duration,
    items: Vec<Sentence>,
    trap: Option<Error>,
    replies: usize,
    bytes: usize,
}

/// What a reply did to its command.
pub(super) enum Progress {
    /// More replies are to come.
    Open,
    /// That was the last one.
    Finished,
    /// A limit was passed: cancel the command.
    Cancel,
    /// A limit was passed after the command had been cancelled: the peer does not listen.
    Hopeless(Error),
}

impl Pending {
    pub(super) fn new(path: String, patience: Duration, sink: Sink) -> Self {
        Pending { path, sink, patience, items: Vec::new(), trap: None, replies: 0, bytes: 0 }
    }

    /// From now on nobody waits. The counts start again: they now bound what comes after the `/cancel`.
    pub(super) fn discard(&mut self) {
        self.sink = Sink::Discard;
        self.items = Vec::new();
        (self.replies, self.bytes) = (0, 0);
    }

    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    pub(super) fn is_discarded(&self) -> bool {
        matches!(self.sink, Sink::Discard)
    }

    /// Ends the command with an error, if somebody still waits.
    pub(super) fn fail(&mut self, error: Error) {
        match std::mem::replace(&mut self.sink, Sink::Discard) {
            // A waiter that went away wants no answer.
            Sink::Collect(waiter) => drop(waiter.send(Err(error))),
            Sink::Stream(stream) => drop(stream.sender.send(Err(error))),
            Sink::Discard => {}
        }
    }

    /// Takes one reply sentence, of the kind `kind`.
    pub(super) fn take(&mut self, kind: ReplyKind, sentence: Sentence, limits: &Limits) -> Progress {
        self.replies += 1;
        self.bytes += sentence.wire_len();
        if kind == ReplyKind::Done {
            self.finish(sentence);
            return Progress::Finished;
        }
        let streams = matches!(self.sink, Sink::Stream(_));
        if !streams && let Some(limit) = self.passed_limit(limits) {
            let error = Error::TooLarge { command: self.path.clone(), limit };
            if self.is_discarded() {
                return Progress::Hopeless(error);
            }
            self.fail(error);
            self.discard();
            return Progress::Cancel;
        }
        match (kind, &self.sink) {
            (ReplyKind::Item, Sink::Collect(_)) => self.items.push(sentence),
            (ReplyKind::Item, Sink::Stream(stream)) => {
                if let Err(error) = stream.offer(sentence) {
                    self.fail(error);
                    self.discard();
                    return Progress::Cancel;
                }
            }
            // Several traps can come; the first says what went wrong.
            (ReplyKind::Trap, Sink::Collect(_) | Sink::Stream(_)) if self.trap.is_none() => {
                self.trap = Some(trap_error(&sentence));
            }
            _ => {}
        }
        Progress::Open
    }

    fn finish(&mut self, done: Sentence) {
        match (self.trap.take(), std::mem::replace(&mut self.sink, Sink::Discard)) {
            (Some(trap), sink) => {
                self.sink = sink;
                self.fail(trap);
            }
            (None, Sink::Collect(waiter)) => {
                drop(waiter.send(Ok(Replies { items: std::mem::take(&mut self.items), done })));
            }
            // The stream ends when its sender goes.
            (None, Sink::Stream(_) | Sink::Discard) => {}
        }
    }

    fn passed_limit(&self, limits: &Limits) -> Option<String> {
        if self.replies > limits.replies {
            return Some(format!("{} replies", limits.replies));
        }
        (self.bytes > limits.reply_bytes).then(|| format!("{} bytes", limits.reply_bytes))
    }
}

impl StreamSink {
    fn offer(&self, sentence: Sentence) -> Result<(), Error> {
        let len = sentence.wire_len();
        if self.unread_sentences.fetch_add(1, Ordering::AcqRel) >= STREAM_SENTENCES_MAX {
            return Err(Error::Lagged { limit: format!("{STREAM_SENTENCES_MAX} replies") });
        }
        if self.unread_bytes.fetch_add(len, Ordering::AcqRel) + len > STREAM_BYTES_MAX {
            return Err(Error::Lagged { limit: format!("{STREAM_BYTES_MAX} bytes") });
        }
        // A stream that was dropped cancels its command itself.
        drop(self.sender.send(Ok(sentence)));
        Ok(())
    }
}

/// The reply words that carry a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReplyKind {
    Item,
    Done,
    Trap,
    /// Since RouterOS 7.18: there is no data; `!done` follows.
    Empty,
}

impl ReplyKind {
    pub(super) fn of(first_word: &[u8]) -> Option<Self> {
        Some(match first_word {
            b"!re" => ReplyKind::Item,
            b"!done" => ReplyKind::Done,
            b"!trap" => ReplyKind::Trap,
            b"!empty" => ReplyKind::Empty,
            _ => return None,
        })
    }
}
