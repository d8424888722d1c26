use std::{
    future::{Future, poll_fn},
    io,
    mem::MaybeUninit,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
};

use bytes::BytesMut;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

use super::shared::Shared;
use crate::{Error, codec::Decoder, error::Step};

/// Bytes of one read. They go over the stack: the connection's own buffer, of which there is one per router, need then
/// not have room for the most that could come, only for what did.
const READ_BYTES: usize = 16 << 10;
/// Reads in one turn, so that a flooding peer cannot keep a worker to itself.
const READS_PER_TURN: usize = 16;

/// Carries sentences both ways until the connection ends, then tells every command why.
///
/// One task does both directions: a peer that stops reading does not stop us from reading, all sentences that wait
/// leave in one write, and all that came in one read are handed out under one lock.
///
/// `rest` tells the stream that nobody reads for a while.
pub(crate) async fn drive<S>(stream: S, rest: fn(&mut S), decoder: Decoder, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut driver = Driver {
        stream,
        rest,
        decoder,
        writing: BytesMut::new(),
        flushing: false,
        write_until: None,
        alarm: Box::pin(sleep_until(Instant::now())),
        gathering: false,
        gathered: Box::pin(sleep_until(Instant::now())),
        shared,
    };
    // Also when the task is dropped (the runtime shuts down): nobody must wait for a reply that cannot come.
    let _closing = CloseOnDrop(Arc::clone(&driver.shared));
    let error = poll_fn(|cx| driver.poll(cx)).await;
    tracing::debug!(%error, "RouterOS connection closed");
    driver.shared.close(error);
}

struct CloseOnDrop(Arc<Shared>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        // Does nothing if the connection was closed for a better reason.
        self.0.close(Error::Closed { step: Step::Idle, source: None });
    }
}

struct Driver<S> {
    stream: S,
    rest: fn(&mut S),
    decoder: Decoder,
    /// Bytes taken from the outbox.
    writing: BytesMut,
    /// The stream may hold written bytes back (TLS does).
    flushing: bool,
    /// The peer must have taken what is in `writing` until then.
    write_until: Option<Instant>,
    alarm: Pin<Box<Sleep>>,
    /// Something may have come, and nothing is read before `gathered`.
    gathering: bool,
    gathered: Pin<Box<Sleep>>,
    shared: Arc<Shared>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Driver<S> {
    /// Ready when the connection is over.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        let outcome = self.read(cx).and_then(|more| {
            // After reading: what was just read may have put a `/cancel` into the outbox.
            let silent_until = self.take_outbox(cx);
            self.write(cx)?;
            self.watch(silent_until, cx)?;
            Ok(more)
        });
        match outcome {
            Ok(more) => {
                if more {
                    cx.waker().wake_by_ref();
                }
                Poll::Pending
            }
            Err(error) => Poll::Ready(error),
        }
    }

    /// Reads what is there; true if there may be more.
    fn read(&mut self, cx: &mut Context<'_>) -> Result<bool, Error> {
        if self.gathers(cx) {
            return Ok(false);
        }
        for _ in 0..READS_PER_TURN {
            let mut bytes = [MaybeUninit::uninit(); READ_BYTES];
            let mut bytes = ReadBuf::uninit(&mut bytes);
            match Pin::new(&mut self.stream).poll_read(cx, &mut bytes) {
                Poll::Pending => return Ok(false),
                Poll::Ready(Ok(())) if bytes.filled().is_empty() => {
                    return Err(Error::Closed { step: Step::Idle, source: None });
                }
                Poll::Ready(Ok(())) => {
                    self.decoder.push(bytes.filled());
                    self.dispatch()?;
                }
                Poll::Ready(Err(error)) => return Err(closed(error)),
            }
        }
        Ok(true)
    }

    /// Whether what has come is left to gather company. We are woken by the first bytes and cannot tell that from other
    /// reasons: then merely nothing has gathered.
    fn gathers(&mut self, cx: &mut Context<'_>) -> bool {
        let patience = self.shared.lock().patience();
        if patience.is_zero() {
            self.gathering = false;
            return false;
        }
        if !self.gathering {
            self.gathered.as_mut().reset(Instant::now() + patience);
            (self.rest)(&mut self.stream);
        }
        self.gathering = self.gathered.as_mut().poll(cx).is_pending();
        self.gathering
    }

    fn dispatch(&mut self) -> Result<(), Error> {
        let mut state = self.shared.lock();
        while let Some(sentence) = self.decoder.next_sentence().map_err(Error::Decode)? {
            state.dispatch(sentence, &self.shared.limits)?;
        }
        Ok(())
    }

    /// Moves the outbox into `writing` and leaves the waker, under one lock: nothing put there later is missed.
    fn take_outbox(&mut self, cx: &mut Context<'_>) -> Option<Instant> {
        let mut state = self.shared.lock();
        match &mut state.driver {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        // A peer that does not read leaves it in the outbox, which has a limit.
        if self.writing.is_empty() {
            std::mem::swap(&mut self.writing, &mut state.outbox);
        }
        state.silent_until
    }

    fn write(&mut self, cx: &mut Context<'_>) -> Result<(), Error> {
        while !self.writing.is_empty() {
            self.flushing = true;
            match pin!(self.stream.write_buf(&mut self.writing)).poll(cx) {
                Poll::Pending => break,
                Poll::Ready(Ok(0)) => return Err(closed(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Err(closed(error)),
            }
            if self.writing.is_empty() {
                std::mem::swap(&mut self.writing, &mut self.shared.lock().outbox);
            }
        }
        if self.flushing && self.writing.is_empty() {
            match pin!(self.stream.flush()).poll(cx) {
                Poll::Pending => {}
                Poll::Ready(Ok(())) => self.flushing = false,
                Poll::Ready(Err(error)) => return Err(closed(error)),
            }
        }
        if !self.flushing {
            self.write_until = None;
        } else if self.write_until.is_none() {
            self.write_until = Some(Instant::now() + self.shared.limits.write);
        }
        Ok(())
    }

    /// Ends the connection if the peer does not take our bytes, or is silent after a `/cancel`.
    fn watch(&mut self, silent_until: Option<Instant>, cx: &mut Context<'_>) -> Result<(), Error> {
        let first = [(self.write_until, Step::Write), (silent_until, Step::Cancel)]
            .into_iter()
            .filter_map(|(until, step)| Some((until?, step)))
            .min_by_key(|(until, _)| *until);
        let Some((until, step)) = first else { return Ok(()) };
        if self.alarm.deadline() != until {
            self.alarm.as_mut().reset(until);
        }
        if self.alarm.as_mut().poll(cx).is_ready() {
            return Err(Error::Timeout { step, after: self.shared.limits.write });
        }
        Ok(())
    }
}

fn closed(error: io::Error) -> Error {
    Error::Closed { step: Step::Idle, source: Some(Arc::new(error)) }
}
