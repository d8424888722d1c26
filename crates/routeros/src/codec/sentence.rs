use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};

use super::length::{decode_length, encode_length};

/// One sentence: a single shared piece of memory; its words are found by walking their (already checked) length
/// prefixes, so that a sentence costs no allocation per word.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Sentence {
    /// Words with their prefixes, without the terminating zero.
    wire: Bytes,
}

impl Sentence {
    /// `wire` must be whole, non-empty words without the terminator; only the decoder can promise that.
    pub(super) fn from_checked(wire: Bytes) -> Self {
        Sentence { wire }
    }

    /// The words in order. No word is empty.
    pub fn words(&self) -> Words<'_> {
        Words { rest: &self.wire }
    }

    /// The first word: a command (`/interface/print`) or the kind of a reply (`!re`).
    pub fn first(&self) -> &[u8] {
        self.words().next().unwrap_or_default()
    }

    /// The words of the form `=key=value`, in order.
    pub fn attributes(&self) -> Attributes<'_> {
        Attributes { words: self.words() }
    }

    /// The value of the first attribute `key`, without allocating. Empty if the attribute is there without a value.
    pub fn attribute(&self, key: &str) -> Option<&[u8]> {
        self.attributes().find(|(name, _)| *name == key.as_bytes()).map(|(_, value)| value)
    }

    /// The value of the API attribute `.tag=`, wherever in the sentence it stands.
    pub fn tag(&self) -> Option<&[u8]> {
        self.words().skip(1).find_map(|word| word.strip_prefix(b".tag="))
    }

    /// The sentence with each word that is not UTF-8 read by `decode`. Names of attributes are ASCII, which stays the same.
    pub(crate) fn in_utf8(self, decode: impl Fn(&[u8]) -> String) -> Self {
        if self.words().all(|word| std::str::from_utf8(word).is_ok()) {
            return self;
        }
        let mut wire = BytesMut::new();
        let mut writer = SentenceWriter::new(&mut wire);
        for word in self.words() {
            writer = match std::str::from_utf8(word) {
                Ok(_) => writer.word(word),
                Err(_) => writer.word(decode(word).as_bytes()),
            };
        }
        writer.unended();
        Self { wire: wire.freeze() }
    }

    /// Bytes this sentence takes on the wire, without its terminator.
    pub fn wire_len(&self) -> usize {
        self.wire.len()
    }
}

impl fmt::Debug for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.words().map(String::from_utf8_lossy)).finish()
    }
}

/// Iterator over the words of a [`Sentence`].
#[derive(Debug, Clone)]
pub struct Words<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let length = decode_length(self.rest).ok().flatten()?;
        let end = length.prefix + usize::try_from(length.len).ok()?;
        let word = self.rest.get(length.prefix..end)?;
        self.rest = &self.rest[end..];
        Some(word)
    }
}

/// Iterator over the `=key=value` words of a [`Sentence`] as `(key, value)`.
#[derive(Debug, Clone)]
pub struct Attributes<'a> {
    words: Words<'a>,
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        self.words.find_map(split_attribute)
    }
}

/// Splits `=key=value` at the second `=`; the value may hold more of them. `=key` alone is a key with an empty value
/// (clients in the wild send `=once`); a word that does not start with `=` is no attribute.
pub fn split_attribute(word: &[u8]) -> Option<(&[u8], &[u8])> {
    let body = word.strip_prefix(b"=")?;
    Some(match body.iter().position(|&byte| byte == b'=') {
        Some(at) => (&body[..at], &body[at + 1..]),
        None => (body, &[]),
    })
}

/// Appends one sentence to a buffer, word by word. Nothing is complete before [`end`](Self::end).
#[derive(Debug)]
pub struct SentenceWriter<'a> {
    out: &'a mut BytesMut,
}

impl<'a> SentenceWriter<'a> {
    /// Starts a sentence at the end of `out`.
    pub fn new(out: &'a mut BytesMut) -> Self {
        SentenceWriter { out }
    }

    /// Appends a word. An empty one is left out: on the wire it would end the sentence.
    ///
    /// # Panics
    /// If the word is longer than the format can say (4 GiB).
    #[must_use = "a sentence must be ended"]
    pub fn word(self, word: &[u8]) -> Self {
        self.parts(&[word])
    }

    /// Appends `=key=value`.
    ///
    /// # Panics
    /// Like [`word`](Self::word).
    #[must_use = "a sentence must be ended"]
    pub fn attribute(self, key: &str, value: impl AsRef<[u8]>) -> Self {
        self.parts(&[b"=", key.as_bytes(), b"=", value.as_ref()])
    }

    /// Appends `.tag=tag`.
    #[must_use = "a sentence must be ended"]
    pub fn tag(self, tag: impl AsRef<[u8]>) -> Self {
        self.parts(&[b".tag=", tag.as_ref()])
    }

    /// Ends the sentence.
    pub fn end(self) {
        self.out.put_u8(0);
    }

    /// Leaves the sentence open, for a caller that ends it later.
    pub(crate) fn unended(self) {}

    /// One word made of pieces.
    pub(crate) fn parts(self, parts: &[&[u8]]) -> Self {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        if len > 0 {
            let len = u32::try_from(len).expect("a word is shorter than 4 GiB");
            encode_length(len, self.out);
            parts.iter().for_each(|part| self.out.extend_from_slice(part));
        }
        self
    }
}
