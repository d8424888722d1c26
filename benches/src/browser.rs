//! The portal served within the bench, and a plain client of HTTP/1.1 that looks at it.
#![allow(clippy::print_stderr, reason = "a bench speaks to people")]

use std::net::SocketAddr;

use axum::Router;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Whatever went wrong.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Serves `app` on a free port of this machine, as one of `servers`.
///
/// # Errors
/// If no port is free.
pub async fn serve(servers: &mut JoinSet<()>, app: Router) -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    servers.spawn(async move {
        if let Err(error) = axum::serve(listener, service).await {
            eprintln!("a server stopped: {error}");
        }
    });
    Ok(address)
}

/// A request as text; `headers` with their line ends.
pub fn request(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: portal.example\r\n{headers}\r\n")
}

/// One request and its whole answer, by its length or in chunks.
///
/// # Errors
/// A connection that closes, and any status but 200 and 303.
pub async fn exchange(stream: &mut TcpStream, request: &str) -> Result<Vec<u8>, Failure> {
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::with_capacity(64 * 1024);
    loop {
        if stream.read_buf(&mut answer).await? == 0 {
            return Err("the server closed the connection".into());
        }
        let Some(head_end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&answer[..head_end]).to_ascii_lowercase();
        let body = &answer[head_end + 4..];
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        let whole = match length {
            Some(length) => body.len() >= length,
            None => body.ends_with(b"0\r\n\r\n"),
        };
        if whole {
            if !head.starts_with("http/1.1 200") && !head.starts_with("http/1.1 303") {
                return Err(head.into());
            }
            return Ok(answer);
        }
    }
}

/// The header with the session's cookie.
///
/// # Errors
/// A log-in that is refused.
pub async fn log_in(address: SocketAddr, username: &str, password: &str) -> Result<String, Failure> {
    let form = format!("username={username}&password={}", password.replace(' ', "+"));
    let request = format!(
        "POST /client/login HTTP/1.1\r\nhost: portal.example\r\nsec-fetch-site: same-origin\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
        form.len()
    );
    let answer = exchange(&mut TcpStream::connect(address).await?, &request).await?;
    let text = String::from_utf8_lossy(&answer);
    let cookie = text.lines().find_map(|line| line.strip_prefix("set-cookie: ")?.split(';').next());
    Ok(format!("cookie: {}\r\n", cookie.ok_or("the login gave no cookie")?))
}
