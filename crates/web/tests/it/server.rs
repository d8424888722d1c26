//! The portal over real sockets: who sends half a request, or nothing, keeps nobody else out.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use web::ConnectionLimits;

use crate::portal::portals;

/// What a half-sent request begins with.
const HALF: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: portal.example\r\n";

async fn served(app: axum::Router, limits: ConnectionLimits) -> (SocketAddr, CancellationToken, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let mut tasks = JoinSet::new();
    tasks.spawn(web::serve(listener, app, limits, stop.clone()));
    (address, stop, tasks)
}

async fn half_sent(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // One that was closed before it had written says so only to its reader.
    let _ = stream.write_all(HALF).await;
    stream
}

/// The status line of a whole request.
async fn asked(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(HALF).await.unwrap();
    stream.write_all(b"connection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn three_hundred_half_sent_requests_leave_the_portal_answering() {
    for portal in portals().await {
        let limits = ConnectionLimits { total: 48, per_address: 24, proxies: Vec::new() };
        let (address, stop, mut tasks) = served(portal.app(), limits).await;
        let mut halves = Vec::new();
        for _ in 0..300 {
            halves.push(half_sent(address).await);
        }
        assert_eq!(asked(address).await, "HTTP/1.1 200 OK");
        // All but those of the cap were closed, the oldest first.
        let ended =
            halves.drain(..270).map(|mut half| async move { half.read(&mut [0; 1]).await.map_or(0, |n| n) });
        let read = tokio::time::timeout(Duration::from_secs(10), futures_util::future::join_all(ended)).await;
        assert!(read.expect("each was closed").iter().all(|bytes| *bytes == 0));
        // A stop does not wait for those that are still half sent.
        stop.cancel();
        tasks.join_next().await.unwrap().unwrap();
        drop(halves);
    }
}

#[tokio::test]
async fn a_request_under_way_is_finished_when_the_portal_stops() {
    for portal in portals().await {
        let limits = ConnectionLimits { total: 8, per_address: 8, proxies: Vec::new() };
        let (address, stop, mut tasks) = served(portal.app(), limits).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        let form = "username=asha&password=wrong";
        let head = format!(
            "POST /client/login HTTP/1.1\r\nhost: portal.example\r\nsec-fetch-site: same-origin\r\n\
             content-type: application/x-www-form-urlencoded\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
            form.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // The handler has begun to read: that is what the interim answer says.
        let mut interim = [0; 25];
        stream.read_exact(&mut interim).await.unwrap();
        assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
        stop.cancel();
        stream.write_all(form.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
        tasks.join_next().await.unwrap().unwrap();
    }
}
