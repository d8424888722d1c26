//! The listening side: a port that stays ours whether it is open, refusing or a black hole.

use crate::Tls;
use crate::router::{Door, Router};
use crate::session;
use crate::tls::{HANDSHAKE_FAILURE, Kind};
use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 256;
/// How often a closed door looks at the simulation clock, in real time: that clock cannot wake anybody.
const LOOK_AT_CLOCK_EVERY: Duration = Duration::from_millis(5);
/// Connections that fill the queue of a black hole; the kernel admits one more than the backlog of 0.
const FILLERS: usize = 2;
/// How long a filler may try: the first connects at once, the others only if the kernel admits more.
const FILLING: Duration = Duration::from_millis(20);

/// A port that is held by a socket that never listens, so that the listener can come and go.
#[derive(Debug)]
pub(crate) struct Port {
    _holder: TcpSocket,
    pub(crate) address: SocketAddr,
}

impl Port {
    /// Takes a port on 127.0.0.1, 0 for any free one.
    pub(crate) fn take(port: u16) -> io::Result<Self> {
        let holder = shared_socket((Ipv4Addr::LOCALHOST, port).into())?;
        let address = holder.local_addr()?;
        Ok(Self { _holder: holder, address })
    }

    pub(crate) fn listen(&self, backlog: u32) -> io::Result<TcpListener> {
        shared_socket(self.address)?.listen(backlog)
    }
}

fn shared_socket(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Opens `port` for listening from the first moment on, as [`serve`] needs it.
pub(crate) fn open(port: &Port) -> io::Result<TcpListener> {
    port.listen(BACKLOG)
}

/// What the port does at the moment.
enum Listening {
    Open(TcpListener),
    Closed,
    Hole(#[expect(dead_code, reason = "held for what its sockets do")] BlackHole),
}

/// Serves the router until the task is dropped.
pub(crate) async fn serve(router: Arc<Router>, port: Port, tls: Option<Tls>, listener: TcpListener) {
    let _stopped = StoppedOnDrop(&router);
    let mut sessions = JoinSet::new();
    let mut accepted = 0;
    let mut wanted = router.wanted.subscribe();
    let mut door = Door::Open;
    let mut listening = Listening::Open(listener);
    loop {
        let new_door = router.wanted_door();
        if new_door != door {
            door = new_door;
            // The old sockets must be gone before the new ones come.
            drop(listening);
            listening = change(door, &port).await;
            router.door.send_replace(door);
        }
        tokio::select! {
            stream = accept(&listening) => {
                if router.wanted_door() == Door::Open {
                    accepted += 1;
                    sessions.spawn(client(Arc::clone(&router), stream, tls.clone(), accepted));
                } else {
                    reset(&stream);
                }
            }
            Ok(()) = wanted.changed() => {}
            Some(_) = sessions.join_next() => {}
            () = sleep(LOOK_AT_CLOCK_EVERY), if door == Door::Refusing => {}
        }
    }
}

/// Tells those who wait for the door that nobody opens it any more.
struct StoppedOnDrop<'a>(&'a Router);

impl Drop for StoppedOnDrop<'_> {
    fn drop(&mut self) {
        self.0.door.send_replace(Door::Stopped);
    }
}

async fn change(door: Door, port: &Port) -> Listening {
    let changed = match door {
        Door::Refusing | Door::Stopped => Ok(Listening::Closed),
        Door::Open => port.listen(BACKLOG).map(Listening::Open),
        Door::BlackHole => BlackHole::dig(port).await.map(Listening::Hole),
    };
    changed.unwrap_or_else(|error| {
        tracing::error!(%error, address = %port.address, "cannot listen again");
        Listening::Closed
    })
}

async fn accept(listening: &Listening) -> TcpStream {
    let Listening::Open(listener) = listening else { return pending().await };
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // Out of descriptors, or a client that left again: neither ends the router.
            Err(error) => {
                tracing::warn!(%error, "cannot accept");
                sleep(LOOK_AT_CLOCK_EVERY).await;
            }
        }
    }
}

/// Counts a connection while it is open.
struct Counted(Arc<Router>);

impl Counted {
    fn new(router: &Arc<Router>) -> Self {
        router.sessions.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(router))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.sessions.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn client(router: Arc<Router>, mut stream: TcpStream, tls: Option<Tls>, number: u64) {
    let _counted = Counted::new(&router);
    let token = router.session_token();
    // Nagle's algorithm would hold back small replies; routers do not use it either.
    let _ = stream.set_nodelay(true);
    let broken = match tls.map(|tls| tls.0) {
        None => token.run_until_cancelled(session::serve(router, number, &mut stream)).await.is_none(),
        Some(Kind::None) => {
            let _ = token.run_until_cancelled(refuse_handshake(&mut stream)).await;
            false
        }
        Some(Kind::Certificate { config, .. }) => {
            let acceptor = TlsAcceptor::from(config);
            let shaken = token.run_until_cancelled(acceptor.accept(&mut stream)).await;
            match shaken {
                Some(Ok(mut inside)) => {
                    let served = token.run_until_cancelled(session::serve(router, number, &mut inside)).await;
                    if served.is_some() {
                        let _ = inside.shutdown().await;
                    }
                    served.is_none()
                }
                Some(Err(_)) => false,
                None => true,
            }
        }
    };
    if broken {
        reset(&stream);
    }
}

async fn refuse_handshake(stream: &mut TcpStream) -> io::Result<()> {
    let mut hello = [0; 1024];
    if stream.read(&mut hello).await? == 0 {
        return Ok(());
    }
    stream.write_all(&HANDSHAKE_FAILURE).await?;
    stream.shutdown().await
}

/// Makes the close that follows a reset instead of a polite end.
fn reset(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}

/// A listener that never accepts and whose queue is full: the kernel drops what comes then, and a connect hangs.
struct BlackHole {
    _listener: TcpListener,
    _fillers: Vec<TcpStream>,
}

impl BlackHole {
    async fn dig(port: &Port) -> io::Result<Self> {
        let listener = port.listen(0)?;
        let mut fillers = Vec::new();
        for _ in 0..FILLERS {
            let connected = tokio::time::timeout(FILLING, TcpStream::connect(port.address)).await;
            fillers.extend(connected.ok().and_then(Result::ok));
        }
        Ok(Self { _listener: listener, _fillers: fillers })
    }
}
