use bytes::{Buf, BytesMut};

use super::length::{LengthError, decode_length};
use super::sentence::Sentence;

/// What a peer may send at most. A wrong service on the port, or a broken one, must not make us wait for a word
/// that never ends nor reserve gigabytes for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Bytes of one word.
    pub word_bytes: u32,
    /// Bytes of one sentence, prefixes included.
    pub sentence_bytes: u32,
    /// Words of one sentence.
    pub sentence_words: u32,
}

impl Default for Caps {
    /// 1 MiB per word, 4 MiB and 4,096 words per sentence: far above any print (a wide interface row is 1 kB), far
    /// below what hurts.
    fn default() -> Self {
        Caps { word_bytes: 1 << 20, sentence_bytes: 4 << 20, sentence_words: 4096 }
    }
}

/// Why the bytes cannot be a sentence. The stream is lost: there is no way to find the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A reserved control byte where a length should be.
    #[error(transparent)]
    Control(#[from] LengthError),
    /// The word announces more bytes than [`Caps::word_bytes`].
    #[error("a word of {len} bytes was announced, the limit is {cap}")]
    WordTooLong {
        /// Bytes announced.
        len: u64,
        /// The limit.
        cap: u32,
    },
    /// The sentence is longer than [`Caps::sentence_bytes`].
    #[error("a sentence is longer than {cap} bytes")]
    SentenceTooLong {
        /// The limit.
        cap: u32,
    },
    /// The sentence has more words than [`Caps::sentence_words`].
    #[error("a sentence has more than {cap} words")]
    TooManyWords {
        /// The limit.
        cap: u32,
    },
}

/// Finds sentences in bytes that come in any pieces. Every byte is looked at once, whatever the pieces.
///
/// An error is final: each later call gives it again.
#[derive(Debug)]
pub struct Decoder {
    caps: Caps,
    buffer: BytesMut,
    /// Where the next length prefix starts in `buffer`; the words before it are checked.
    checked: usize,
    words: u32,
    failed: Option<DecodeError>,
}

impl Decoder {
    /// A decoder that holds a peer to `caps`.
    pub fn new(caps: Caps) -> Self {
        Decoder::with_capacity(caps, 0)
    }

    /// Like [`new`](Self::new), with a buffer of this many bytes; it is replaced by another of that size when it is used
    /// up and sentences still hold it.
    pub fn with_capacity(caps: Caps, bytes: usize) -> Self {
        Decoder { caps, buffer: BytesMut::with_capacity(bytes), checked: 0, words: 0, failed: None }
    }

    /// Takes bytes from the peer.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The buffer, for reading from a socket straight into it. Append only.
    pub fn buffer_mut(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Bytes that no returned sentence holds yet.
    pub fn pending(&self) -> &[u8] {
        &self.buffer
    }

    /// The next whole sentence; `None` if more bytes are needed. Empty sentences are skipped, as the manual says.
    ///
    /// # Errors
    /// [`DecodeError`] as soon as the bytes at hand show that no acceptable sentence can come of them.
    pub fn next_sentence(&mut self) -> Result<Option<Sentence>, DecodeError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.advance().inspect_err(|error| self.failed = Some(*error))
    }

    fn advance(&mut self) -> Result<Option<Sentence>, DecodeError> {
        loop {
            let Some(length) = decode_length(&self.buffer[self.checked..])? else { return Ok(None) };
            if length.len == 0 {
                let wire = self.buffer.split_to(self.checked);
                self.buffer.advance(length.prefix);
                self.checked = 0;
                let words = std::mem::take(&mut self.words);
                if words > 0 {
                    return Ok(Some(Sentence::from_checked(wire.freeze())));
                }
                continue;
            }
            let end = self.admit(length.len, length.prefix)?;
            if self.buffer.len() < end {
                return Ok(None);
            }
            self.checked = end;
            self.words += 1;
        }
    }

    /// Where the word at `checked` ends, if the caps allow it.
    fn admit(&self, len: u64, prefix: usize) -> Result<usize, DecodeError> {
        let Caps { word_bytes, sentence_bytes, sentence_words } = self.caps;
        if len > u64::from(word_bytes) {
            return Err(DecodeError::WordTooLong { len, cap: word_bytes });
        }
        if self.words >= sentence_words {
            return Err(DecodeError::TooManyWords { cap: sentence_words });
        }
        let end = self.checked as u64 + prefix as u64 + len;
        if end > u64::from(sentence_bytes) {
            return Err(DecodeError::SentenceTooLong { cap: sentence_bytes });
        }
        Ok(end as usize)
    }
}
