//! A web server of a few lines that takes messages, or behaves like one that is broken.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

/// What the receiver does once it has read a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Answers with this status line and a few words.
    Says(&'static str),
    /// Leads on to the path `/elsewhere` of itself.
    LeadsOn,
    /// Says nothing more and keeps the connection.
    Hangs,
    /// Answers a byte at a time, for ever.
    Drips,
    /// Takes the message, and an endless body follows.
    NeverEnds,
    /// Closes the connection instead of an answer.
    Closes,
}

/// A message as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

pub(crate) struct Receiver {
    pub(crate) port: u16,
    manner: Arc<Mutex<Manner>>,
    received: Arc<Mutex<Vec<Received>>>,
    _serving: JoinSet<()>,
}

impl Receiver {
    pub(crate) async fn start(manner: Manner, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let manner = Arc::new(Mutex::new(manner));
        let received = Arc::new(Mutex::new(Vec::new()));
        let mut serving = JoinSet::new();
        let (how, list) = (Arc::clone(&manner), Arc::clone(&received));
        serving.spawn(async move {
            let mut open = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (how, list, tls) = (Arc::clone(&how), Arc::clone(&list), tls.clone());
                open.spawn(async move {
                    match tls {
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                converse(stream, &how, &list).await;
                            }
                        }
                        None => converse(stream, &how, &list).await,
                    }
                });
            }
        });
        Self { port, manner, received, _serving: serving }
    }

    pub(crate) fn behave(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    how: &Mutex<Manner>,
    list: &Mutex<Vec<Received>>,
) {
    let mut stream = BufReader::new(stream);
    while let Some(message) = read(&mut stream).await {
        list.lock().unwrap().push(message);
        let manner = *how.lock().unwrap();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n";
        let answer = match manner {
            Manner::Says(status) => {
                format!("HTTP/1.1 {status}\r\ncontent-length: 11\r\n\r\nso it goes\n")
            }
            Manner::LeadsOn => {
                "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n".to_owned()
            }
            Manner::Hangs => std::future::pending().await,
            Manner::Closes => return,
            Manner::Drips => {
                drip(&mut stream).await;
                return;
            }
            Manner::NeverEnds => format!("{head}transfer-encoding: chunked\r\n\r\n"),
        };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
        if manner == Manner::NeverEnds {
            let chunk = format!("400\r\n{}\r\n", "x".repeat(0x400));
            while stream.write_all(chunk.as_bytes()).await.is_ok() {}
            return;
        }
    }
}

async fn drip(stream: &mut (impl AsyncWrite + Unpin)) {
    let head = b"HTTP/1.1 200 OK\r\nx-slow: ";
    for byte in head.iter().chain(std::iter::repeat(&b'z')) {
        if stream.write_all(&[*byte]).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

pub(crate) async fn read(stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>) -> Option<Received> {
    let first = line(stream).await?;
    let path = first.split(' ').nth(1)?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let line = line(stream).await?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    stream.read_exact(&mut body).await.ok()?;
    Some(Received { path, headers, body: String::from_utf8(body).ok()? })
}

async fn line(stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>) -> Option<String> {
    let mut line = String::new();
    (stream.read_line(&mut line).await.ok()? > 0).then(|| line.trim_end().to_owned())
}
