//! The portal's own HTTP server: axum's serves each connection for as long as the other side likes.

mod connections;
mod stall;

use std::convert::Infallible;
use std::future::pending;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use connections::{Busy, Connections, Place};
use stall::WriteStall;

/// How long a connection may take to send the head of its next request, the pause after an answer included.
const HEAD_TIMEOUT: Duration = Duration::from_secs(20);
/// The same for a proxy, which keeps connections for later requests: those that keep them longest do so for a minute.
const PROXY_HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// How long a reader of an answer may take nothing of it.
const WRITE_STALL_MAX: Duration = Duration::from_secs(30);
/// The most bytes of a request that are held before its handler has it; heads with our cookies are some 2 kB.
const READ_BUFFER_BYTES_MAX: usize = 64 * 1024;
/// The pause after a connection that could not be accepted, so that the loop does not spin.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);
/// How often the log says that connections are refused.
const WARN_EVERY: Duration = Duration::from_secs(60);
/// What a connection beyond the limits gets, as far as its socket takes it at once.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// How many connections are served at the same time. One that has not sent a whole request gives way to a newer one.
#[derive(Clone, Debug)]
pub struct ConnectionLimits {
    /// In all.
    pub total: usize,
    /// From one IPv4 address or one IPv6 /64; a /56 may hold twice as many, a /48 four times.
    pub per_address: usize,
    /// Proxies: many people come from their addresses, so that only `total` applies to them.
    pub proxies: Vec<IpAddr>,
}

/// Serves `app` until `stop`, then lets the requests under way finish.
pub async fn serve(listener: TcpListener, app: Router, limits: ConnectionLimits, stop: CancellationToken) {
    let connections = Connections::new(limits);
    let mut tasks = JoinSet::new();
    let mut warned = None;
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            Some(ended) = tasks.join_next() => {
                note_end(ended);
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        let trouble = match accepted {
            Ok((stream, peer)) => match connections.admit(peer.ip()) {
                Some(place) => {
                    tasks.spawn(connection(stream, peer, place, app.clone(), stop.clone()));
                    continue;
                }
                None => {
                    // As a courtesy: whoever does not take it sees a closed connection.
                    let _ = stream.try_write(FULL);
                    format!("a connection from {} is refused: too many are open", peer.ip())
                }
            },
            Err(error) if is_of_the_caller(&error) => continue,
            Err(error) => {
                connections.close_longest_waiting();
                tokio::time::sleep(ACCEPT_RETRY).await;
                format!("a connection could not be accepted: {error}")
            }
        };
        if warned.is_none_or(|at: tokio::time::Instant| at.elapsed() >= WARN_EVERY) {
            warned = Some(tokio::time::Instant::now());
            tracing::warn!("{trouble}");
        }
    }
    drop(listener);
    while let Some(ended) = tasks.join_next().await {
        note_end(ended);
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, place: Place, app: Router, stop: CancellationToken) {
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let busy = place.begin();
        let mut request: Request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = app.clone().oneshot(request);
        async move {
            let answer: Response = answer.await?;
            Ok::<_, Infallible>(answer.map(|body| Counted { body, _busy: busy }))
        }
    });
    let io = TokioIo::new(WriteStall::new(stream, WRITE_STALL_MAX));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(if place.is_proxys() { PROXY_HEAD_TIMEOUT } else { HEAD_TIMEOUT })
        .max_buf_size(READ_BUFFER_BYTES_MAX)
        .serve_connection(io, service);
    let mut served = pin!(served);
    let mut stopping = false;
    loop {
        let stopped = async { if stopping { pending().await } else { stop.cancelled().await } };
        tokio::select! {
            () = place.closed() => return,
            () = stopped => {
                if place.is_waiting() {
                    return;
                }
                stopping = true;
                served.as_mut().graceful_shutdown();
            }
            ended = served.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%peer, "a connection ended: {error}");
                }
                return;
            }
        }
    }
}

/// An answer's body; while it is sent its connection is at work.
struct Counted {
    body: Body,
    _busy: Busy,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The other side was gone before it was accepted; that says nothing about us.
fn is_of_the_caller(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
    )
}

fn note_end(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!("a connection's task failed: {error}");
    }
}
