use bytes::BytesMut;
use routeros::codec::{Caps, Decoder, Sentence, SentenceWriter};
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The least client that can show what a router really sent, sentence by sentence.
pub(crate) struct Client {
    stream: TcpStream,
    decoder: Decoder,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        Ok(Self { stream, decoder: Decoder::new(Caps::default()) })
    }

    /// Connected and logged in by password.
    pub(crate) async fn login(address: SocketAddr) -> Self {
        let mut client = Self::connect(address).await.unwrap();
        assert_eq!(client.run(&["/login", "=name=admin", "=password=secret"]).await, ["!done"]);
        client
    }

    pub(crate) async fn send(&mut self, words: &[&str]) {
        self.send_all(&[words]).await;
    }

    /// Several commands in one write, which the router then also reads at once.
    pub(crate) async fn send_all(&mut self, commands: &[&[&str]]) {
        let mut out = BytesMut::new();
        for words in commands {
            let writer = SentenceWriter::new(&mut out);
            words.iter().fold(writer, |writer, word| writer.word(word.as_bytes())).end();
        }
        self.stream.write_all(&out).await.unwrap();
    }

    pub(crate) async fn next(&mut self) -> io::Result<Sentence> {
        loop {
            match self.decoder.next_sentence() {
                Ok(Some(sentence)) => return Ok(sentence),
                Ok(None) => {}
                Err(error) => return Err(io::Error::other(error)),
            }
            if self.stream.read_buf(self.decoder.buffer_mut()).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// The next sentence, its words joined by spaces.
    pub(crate) async fn line(&mut self) -> String {
        line(&self.next().await.unwrap())
    }

    /// Everything up to `!done` or `!fatal`.
    pub(crate) async fn replies(&mut self) -> Vec<Sentence> {
        let mut all = Vec::new();
        loop {
            let sentence = self.next().await.unwrap();
            let last = matches!(sentence.first(), b"!done" | b"!fatal");
            all.push(sentence);
            if last {
                return all;
            }
        }
    }

    /// Sends and collects, as lines.
    pub(crate) async fn run(&mut self, words: &[&str]) -> Vec<String> {
        self.send(words).await;
        self.replies().await.iter().map(line).collect()
    }

    /// Sends a print and gives its items.
    pub(crate) async fn items(&mut self, words: &[&str]) -> Vec<Sentence> {
        self.send(words).await;
        let mut replies = self.replies().await;
        assert_eq!(replies.pop().unwrap().first(), b"!done");
        assert!(replies.iter().all(|reply| reply.first() == b"!re"), "{replies:?}");
        replies
    }

    /// The bytes that come until the other side ends or breaks the connection.
    pub(crate) async fn rest(&mut self) -> usize {
        let mut bytes = 0;
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = self.stream.read(&mut buffer).await {
            bytes += read;
        }
        bytes
    }
}

pub(crate) fn line(sentence: &Sentence) -> String {
    let words: Vec<_> = sentence.words().map(String::from_utf8_lossy).collect();
    words.join(" ")
}

pub(crate) fn text(sentence: &Sentence, name: &str) -> Option<String> {
    sentence.attribute(name).map(|value| String::from_utf8_lossy(value).into_owned())
}

pub(crate) fn number(sentence: &Sentence, name: &str) -> u64 {
    text(sentence, name).unwrap_or_else(|| panic!("no {name} in {sentence:?}")).parse().unwrap()
}
