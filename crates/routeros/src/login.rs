use std::sync::Arc;

use bytes::BytesMut;
use md5::{Digest, Md5};
use secrecy::{ExposeSecret, zeroize::Zeroize};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::{Duration, timeout},
};

use crate::{
    Credentials, Error, Limits,
    codec::{Decoder, Sentence, SentenceWriter},
    error::Step,
    foreign::{ForeignService, classify},
    trap::{fatal_error, trap_error},
};

/// Sentences that the router may send per login step; it needs one or two.
const LOGIN_REPLIES_MAX: usize = 8;
/// Bytes of a connection's read buffer. Kept small, as there is one per router; a longer sentence makes it grow.
const READ_BUFFER: usize = 4 << 10;
/// How long a peer that did not answer the login may take to answer an HTTP line end.
const HTTP_PROBE: Duration = Duration::from_millis(500);

/// Logs in on a fresh stream and gives back the decoder with whatever came after the login.
///
/// Sends the form of RouterOS 6.43 and later. If the closing `!done` carries `=ret=`, the router is older and the login
/// has not happened yet: the challenge is answered. A client that takes any `!done` for success finds out only by
/// `!fatal not logged in`.
pub(crate) async fn log_in<S>(stream: &mut S, cred: &Credentials, limits: &Limits) -> Result<Decoder, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut login = Login { stream, decoder: Decoder::with_capacity(limits.caps, READ_BUFFER), heard: false };
    match timeout(limits.login, login.run(cred)).await {
        Ok(outcome) => outcome.map(|()| login.decoder),
        Err(_) if !login.heard && login.is_http().await => Err(Error::NotRouterOs(ForeignService::Http)),
        Err(_) => Err(Error::Timeout { step: Step::Login, after: limits.login }),
    }
}

struct Login<'a, S> {
    stream: &'a mut S,
    decoder: Decoder,
    /// Bytes came.
    heard: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Login<'_, S> {
    async fn run(&mut self, cred: &Credentials) -> Result<(), Error> {
        let password = cred.password.expose_secret().as_bytes();
        // Enough room, so that no copy of the password stays behind in memory that was grown out of.
        let room = 64 + cred.username.len() + password.len();
        let mut wire = BytesMut::with_capacity(room);
        SentenceWriter::new(&mut wire)
            .word(b"/login")
            .attribute("name", &cred.username)
            .attribute("password", password)
            .end();
        let challenge = self.exchange(wire).await?;
        let Some(challenge) = challenge else { return Ok(()) };
        let challenge = unhex(&challenge)
            .ok_or_else(|| Error::Protocol("the login challenge is not hexadecimal".to_owned()))?;
        let mut wire = BytesMut::with_capacity(room);
        SentenceWriter::new(&mut wire)
            .word(b"/login")
            .attribute("name", &cred.username)
            .attribute("response", response(password, &challenge))
            .end();
        match self.exchange(wire).await? {
            None => Ok(()),
            Some(_) => Err(Error::Protocol("a second login challenge".to_owned())),
        }
    }

    /// Sends one sentence and reads to its `!done`; gives the challenge, if there is one.
    async fn exchange(&mut self, mut wire: BytesMut) -> Result<Option<Vec<u8>>, Error> {
        let sent = match self.stream.write_all(&wire).await {
            Ok(()) => self.stream.flush().await,
            failed => failed,
        };
        wire.as_mut().zeroize();
        sent.map_err(closed)?;
        let mut refused = None;
        for _ in 0..LOGIN_REPLIES_MAX {
            let sentence = self.sentence().await?;
            match sentence.first() {
                // A trap is followed by its `!done`, which must not stay in the stream.
                b"!trap" => refused = Some(trap_error(&sentence)),
                b"!done" => {
                    return match refused {
                        Some(Error::Trap { message, .. }) => Err(Error::LoginRefused { message }),
                        Some(error) => Err(error),
                        None => Ok(sentence.attribute("ret").map(<[u8]>::to_vec)),
                    };
                }
                b"!fatal" => return Err(fatal_error(&sentence)),
                b"!re" | b"!empty" => {}
                _ => return Err(Error::NotRouterOs(ForeignService::Unknown)),
            }
        }
        Err(Error::Protocol("the login has no end".to_owned()))
    }

    async fn sentence(&mut self) -> Result<Sentence, Error> {
        loop {
            if let Some(service) = classify(self.decoder.pending()) {
                return Err(Error::NotRouterOs(service));
            }
            if let Some(sentence) = self.decoder.next_sentence().map_err(Error::Decode)? {
                return Ok(sentence);
            }
            match self.stream.read_buf(self.decoder.buffer_mut()).await {
                Ok(0) => return Err(Error::Closed { step: Step::Login, source: None }),
                Ok(_) => self.heard = true,
                Err(error) => return Err(closed(error)),
            }
        }
    }

    /// Some web servers wait for the end of a line before they complain: give them one. The session is lost anyway.
    async fn is_http(&mut self) -> bool {
        let probe = async {
            self.stream.write_all(b"\r\n\r\n").await.ok()?;
            self.stream.flush().await.ok()?;
            let mut answer = [0; 16];
            let len = self.stream.read(&mut answer).await.ok()?;
            Some(classify(&answer[..len]) == Some(ForeignService::Http))
        };
        matches!(timeout(HTTP_PROBE, probe).await, Ok(Some(true)))
    }
}

fn closed(error: std::io::Error) -> Error {
    Error::Closed { step: Step::Login, source: Some(Arc::new(error)) }
}

/// `00` and the MD5 of a zero byte, the password and the challenge, in hexadecimal (MikroTik manual, "API", before
/// 6.43).
fn response(password: &[u8], challenge: &[u8]) -> String {
    let mut digest = Md5::new();
    digest.update([0]);
    digest.update(password);
    digest.update(challenge);
    digest.finalize().iter().fold("00".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let pair = |pair: &[u8]| Some((digit(&pair[0])? << 4 | digit(&pair[1])?) as u8);
    let (pairs, rest) = text.as_chunks::<2>();
    if !rest.is_empty() { None } else { pairs.iter().map(|two| pair(two)).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with `printf '\x00secret\x01\x02' | md5sum`.
    #[test]
    fn challenge_response() {
        assert_eq!(unhex(b"0102"), Some(vec![1, 2]));
        assert_eq!(unhex(b"010"), None);
        assert_eq!(unhex(b"0g"), None);
        assert_eq!(response(b"secret", &[1, 2]), "004dd5fcece4221500e9b7ddc5ad7bbba1");
    }
}
