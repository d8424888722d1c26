use std::time::Duration;

use bytes::BytesMut;
use routeros::{
    Client, Command, Credentials, Error, Limits,
    codec::{Caps, Decoder, Sentence, SentenceWriter},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex},
    time::timeout,
};

/// Bytes the pipe holds per direction.
pub(crate) const PIPE_BYTES: usize = 64 << 10;
/// Time is paused: this passes at once when the client has nothing more to say, and turns a hang into a failure.
const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) fn credentials() -> Credentials {
    Credentials { username: "portal".to_owned(), password: "s3cret".into() }
}

/// The router's half of a connection, word by word.
pub(crate) struct Peer<S = DuplexStream> {
    pub(crate) stream: S,
    decoder: Decoder,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub(crate) fn new(stream: S) -> Self {
        Peer { stream, decoder: Decoder::new(Caps::default()) }
    }

    /// The client's next sentence; `None` if it closed the connection.
    pub(crate) async fn next(&mut self) -> Option<Sentence> {
        loop {
            if let Some(sentence) = self.decoder.next_sentence().expect("the client writes sentences") {
                return Some(sentence);
            }
            let read = self.stream.read_buf(self.decoder.buffer_mut());
            let read = timeout(PATIENCE, read).await.expect("the client is silent though something was due");
            if read.unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    /// The next sentence as text and the tag it came with.
    pub(crate) async fn command(&mut self) -> (Vec<String>, String) {
        let sentence = self.next().await.expect("a command");
        let tag = sentence.tag().map(|tag| String::from_utf8_lossy(tag).into_owned());
        let words = sentence.words().filter(|word| !word.starts_with(b".tag="));
        (words.map(|word| String::from_utf8_lossy(word).into_owned()).collect(), tag.expect("a tag"))
    }

    /// Sends a sentence with the tag right after the reply word, as routers do.
    pub(crate) async fn reply(&mut self, tag: &str, words: &[&str]) {
        let tag = format!(".tag={tag}");
        let mut tagged = vec![words[0], &tag];
        tagged.extend(&words[1..]);
        self.send(&tagged).await;
    }

    pub(crate) async fn send(&mut self, words: &[&str]) {
        self.raw(&sentence(words)).await;
    }

    pub(crate) async fn raw(&mut self, bytes: &[u8]) {
        // The client may have closed already; what it says then is what the test looks at.
        drop(self.stream.write_all(bytes).await);
    }

    /// Answers the login of RouterOS 6.43 and later.
    pub(crate) async fn accept_login(&mut self) {
        let login = self.next().await.expect("a login");
        assert_eq!(login.first(), b"/login");
        self.send(&["!done"]).await;
    }

    /// Answers one command with these replies and `!done`.
    pub(crate) async fn answer(&mut self, replies: &[&[&str]]) -> Vec<String> {
        let (words, tag) = self.command().await;
        for reply in replies {
            self.reply(&tag, reply).await;
        }
        self.reply(&tag, &["!done"]).await;
        words
    }
}

pub(crate) fn sentence(words: &[&str]) -> Vec<u8> {
    let mut wire = BytesMut::new();
    words.iter().fold(SentenceWriter::new(&mut wire), |writer, word| writer.word(word.as_bytes())).end();
    wire.to_vec()
}

/// A client that is logged in, and its router.
pub(crate) async fn session(limits: &Limits) -> (Client, Peer) {
    let (near, far) = duplex(PIPE_BYTES);
    let mut peer = Peer::new(far);
    let cred = credentials();
    let (client, ()) = tokio::join!(Client::over_stream(near, &cred, limits), peer.accept_login());
    (client.expect("logs in"), peer)
}

/// Runs a command that the router answers at once with nothing: proof that the connection still works.
pub(crate) async fn assert_usable(client: &Client, peer: &mut Peer) {
    let (outcome, words) = tokio::join!(client.run(Command::new("/still/alive")), peer.answer(&[]));
    assert_eq!(words, ["/still/alive"]);
    outcome.expect("the connection still works");
}

/// `Result::unwrap_err` for types without `Debug`.
pub(crate) fn failure<T>(outcome: Result<T, Error>) -> Error {
    match outcome {
        Ok(_) => panic!("it should have failed"),
        Err(error) => error,
    }
}
