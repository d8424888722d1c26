use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Waker,
    time::Duration,
};

use bytes::BytesMut;
use tokio::time::Instant;

use super::pending::{Pending, Progress, ReplyKind, Sink};
use crate::{
    Command, Error, Limits,
    codec::{Sentence, SentenceWriter},
    trap::fatal_error,
};

/// Commands on one connection at a time, cancelled ones included until their last reply came.
const COMMANDS_MAX: usize = 1024;
/// Bytes that wait for the connection's task to write them.
const OUTBOX_BYTES_MAX: usize = 1 << 20;

/// What the callers and the connection's task share. The lock is held for microseconds and never over an await.
pub(crate) struct Shared {
    pub(crate) limits: Limits,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    /// Whole sentences that wait to be written.
    pub(super) outbox: BytesMut,
    slots: Vec<Slot>,
    free: Vec<usize>,
    pub(super) closed: Option<Error>,
    /// Wakes the connection's task.
    pub(super) driver: Option<Waker>,
    /// The peer must have sent a sentence until then, or it is taken for dead: set by a `/cancel`.
    pub(super) silent_until: Option<Instant>,
}

/// A place for a command. A tag is `generation * COMMANDS_MAX + place`, so that no tag is ever used twice.
#[derive(Default)]
struct Slot {
    generation: u64,
    pending: Option<Pending>,
}

/// A command on its way. Dropping it before it ended cancels it on the router.
pub(crate) struct Ticket {
    shared: Arc<Shared>,
    tag: u64,
}

impl Shared {
    pub(crate) fn new(limits: Limits) -> Self {
        Shared { limits, state: Mutex::default() }
    }

    /// Registers a command and puts it into the outbox, in this order: a reply can never come to an unknown tag.
    pub(crate) fn begin(self: &Arc<Self>, command: &Command, sink: Sink) -> Result<Ticket, Error> {
        let wire = command.wire()?;
        let mut state = self.lock();
        if let Some(error) = &state.closed {
            return Err(error.clone());
        }
        if state.outbox.len() + wire.len() > OUTBOX_BYTES_MAX {
            return Err(Error::Busy);
        }
        let tag = state.register(command.path(), command.own_patience(), sink).ok_or(Error::Busy)?;
        state.outbox.extend_from_slice(wire);
        SentenceWriter::new(&mut state.outbox).tag(Digits::of(tag).as_bytes()).end();
        state.wake_driver();
        Ok(Ticket { shared: Arc::clone(self), tag })
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed.is_some()
    }

    /// Why the connection is closed, if it is.
    pub(crate) fn closed(&self) -> Option<Error> {
        self.lock().closed.clone()
    }

    /// Ends every command with `error`, and every later one.
    pub(super) fn close(&self, error: Error) {
        let mut state = self.lock();
        let error = state.closed.get_or_insert(error).clone();
        state.outbox = BytesMut::new();
        for pending in state.slots.drain(..).filter_map(|slot| slot.pending) {
            let mut pending = pending;
            pending.fail(error.clone());
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock half way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give_up(&self, tag: u64) {
        let mut state = self.lock();
        let Some(pending) = state.pending_mut(tag).filter(|pending| !pending.is_discarded()) else { return };
        pending.discard();
        state.cancel(tag, &self.limits);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.shared.give_up(self.tag);
    }
}

impl State {
    /// Gives a reply to its command.
    ///
    /// # Errors
    /// What ends the connection: `!fatal`, or a peer that breaks the protocol.
    pub(super) fn dispatch(&mut self, sentence: Sentence, limits: &Limits) -> Result<(), Error> {
        self.silent_until = None;
        let sentence = match limits.code_page {
            Some(code_page) => sentence.in_utf8(|bytes| code_page.decode(bytes)),
            None => sentence,
        };
        let first = sentence.first();
        if first == b"!fatal" {
            return Err(fatal_error(&sentence));
        }
        let Some(kind) = ReplyKind::of(first) else {
            let word = String::from_utf8_lossy(&first[..first.len().min(40)]).into_owned();
            return Err(Error::Protocol(format!("unknown reply word {word:?}")));
        };
        let tag = sentence.tag().and_then(crate::format::parse_u64);
        let Some(tag) = tag else { return Err(Error::Protocol("a reply without a readable tag".to_owned())) };
        let Some(pending) = self.pending_mut(tag) else {
            return Err(Error::Protocol(format!("a reply with the tag {tag}, which no command has")));
        };
        match pending.take(kind, sentence, limits) {
            Progress::Open => {}
            Progress::Finished => self.release(tag),
            Progress::Cancel => self.cancel(tag, limits),
            Progress::Hopeless(error) => {
                return Err(Error::Protocol(format!("{error}, and it did not stop when cancelled")));
            }
        }
        Ok(())
    }

    /// How long replies may be left to gather: as long as the least patient of the commands allows, zero without any.
    pub(super) fn patience(&self) -> Duration {
        let pending = self.slots.iter().filter_map(|slot| slot.pending.as_ref());
        pending.map(Pending::patience).min().unwrap_or_default()
    }

    /// Asks the router to stop a command whose replies nobody wants.
    fn cancel(&mut self, tag: u64, limits: &Limits) {
        if self.closed.is_some() {
            return;
        }
        // With no room left the router is not told; if it is also silent, the limit below ends the connection.
        let has_room = self.outbox.len() < OUTBOX_BYTES_MAX;
        if let Some(own_tag) =
            has_room.then(|| self.register("/cancel", Duration::ZERO, Sink::Discard)).flatten()
        {
            SentenceWriter::new(&mut self.outbox)
                .word(b"/cancel")
                .attribute("tag", Digits::of(tag).as_bytes())
                .tag(Digits::of(own_tag).as_bytes())
                .end();
        }
        self.silent_until.get_or_insert(Instant::now() + limits.write);
        self.wake_driver();
    }

    fn register(&mut self, path: &str, patience: Duration, sink: Sink) -> Option<u64> {
        let place = match self.free.pop() {
            Some(place) => place,
            None if self.slots.len() < COMMANDS_MAX => {
                self.slots.push(Slot::default());
                self.slots.len() - 1
            }
            None => return None,
        };
        let slot = &mut self.slots[place];
        slot.generation += 1;
        slot.pending = Some(Pending::new(path.to_owned(), patience, sink));
        Some(slot.generation * COMMANDS_MAX as u64 + place as u64)
    }

    fn release(&mut self, tag: u64) {
        let place = (tag % COMMANDS_MAX as u64) as usize;
        self.slots[place].pending = None;
        self.free.push(place);
    }

    fn pending_mut(&mut self, tag: u64) -> Option<&mut Pending> {
        let slot = self.slots.get_mut((tag % COMMANDS_MAX as u64) as usize)?;
        slot.pending.as_mut().filter(|_| slot.generation == tag / COMMANDS_MAX as u64)
    }

    fn wake_driver(&mut self) {
        if let Some(driver) = self.driver.take() {
            driver.wake();
        }
    }
}

/// Decimal digits of a number without an allocation: every command needs them.
struct Digits {
    text: [u8; 20],
    start: usize,
}

impl Digits {
    fn of(mut number: u64) -> Self {
        let mut digits = Digits { text: [b'0'; 20], start: 20 };
        loop {
            digits.start -= 1;
            digits.text[digits.start] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                return digits;
            }
        }
    }

    fn as_bytes(&self) -> &[u8] {
        &self.text[self.start..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_numbers() {
        for number in [0, 9, 10, 1024, u64::MAX] {
            assert_eq!(Digits::of(number).as_bytes(), number.to_string().as_bytes());
        }
    }
}
