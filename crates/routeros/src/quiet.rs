//! A TCP connection that can rest.

use std::{
    io::{self, Read, Write},
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// A TCP connection that can be told to [rest](Self::rest): until it is read again, the system does not wake the
/// program for packets that come. Replies that trickle in one by one then cost one wake-up together.
#[derive(Debug)]
pub(crate) struct QuietTcp(State);

#[derive(Debug)]
enum State {
    /// The runtime hears of every packet.
    Watched(TcpStream),
    /// It hears of none.
    Resting(std::net::TcpStream),
    /// The change from one to the other failed.
    Lost,
}

impl QuietTcp {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self(State::Watched(stream))
    }

    /// Leaves what comes to the system's buffer, until the next read. Whoever does this must read again by itself.
    pub(crate) fn rest(&mut self) {
        self.0 = match std::mem::replace(&mut self.0, State::Lost) {
            // What cannot rest is lost: the next read says so.
            State::Watched(stream) => stream.into_std().map_or(State::Lost, State::Resting),
            other => other,
        };
    }

    /// The stream, watched again.
    fn watched(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        if let State::Resting(_) = self.0
            && let State::Resting(stream) = std::mem::replace(&mut self.0, State::Lost)
        {
            self.0 = State::Watched(TcpStream::from_std(stream)?);
        }
        match &mut self.0 {
            State::Watched(stream) => Ok(Pin::new(stream)),
            State::Resting(_) | State::Lost => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl AsyncRead for QuietTcp {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let State::Resting(stream) = &mut self.0 {
            match stream.read(buf.initialize_unfilled()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                outcome => {
                    buf.advance(outcome?);
                    return Poll::Ready(Ok(()));
                }
            }
        }
        ready!(self.watched()?.poll_read(cx, buf))?;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for QuietTcp {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let State::Resting(stream) = &mut self.0 {
            match stream.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                outcome => return Poll::Ready(outcome),
            }
        }
        self.watched()?.poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Nothing is held back here.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.watched()?.poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
        time::timeout,
    };

    use super::*;

    async fn pair() -> (QuietTcp, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (near, far) = tokio::join!(TcpStream::connect(address), listener.accept());
        (QuietTcp::new(near.expect("connected")), far.expect("accepted").0)
    }

    #[tokio::test]
    async fn what_came_while_it_rested_is_read_and_so_is_what_comes_later() {
        let (mut near, mut far) = pair().await;
        let mut bytes = [0; 3];
        for _ in 0..3 {
            near.rest();
            near.rest();
            far.write_all(b"one").await.expect("sent");
            near.read_exact(&mut bytes).await.expect("read");
            assert_eq!(&bytes, b"one");
            // Now watched: it waits for what is not there yet.
            let (read, sent) = tokio::join!(near.read_exact(&mut bytes), async {
                tokio::task::yield_now().await;
                far.write_all(b"two").await
            });
            read.and(sent.map(|()| 0)).expect("read and sent");
            assert_eq!(&bytes, b"two");
        }
    }

    #[tokio::test]
    async fn it_writes_while_it_rests_also_more_than_the_system_takes_at_once() {
        const MUCH: usize = 32 << 20;
        let (mut near, mut far) = pair().await;
        near.rest();
        let mut received = Vec::new();
        let (sent, read) = tokio::join!(
            async {
                near.write_all(&vec![7; MUCH]).await?;
                near.shutdown().await
            },
            far.read_to_end(&mut received)
        );
        sent.and(read.map(drop)).expect("sent and read");
        assert_eq!(received.len(), MUCH);
    }

    #[tokio::test]
    async fn it_wakes_nobody_while_it_rests_and_hears_of_the_end_afterwards() {
        let (mut near, mut far) = pair().await;
        near.rest();
        far.write_all(b"end").await.expect("sent");
        drop(far);
        let mut bytes = Vec::new();
        timeout(Duration::from_secs(5), near.read_to_end(&mut bytes)).await.expect("it ends").expect("read");
        assert_eq!(bytes, b"end");
    }
}
