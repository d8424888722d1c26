//! The wire format, as pure bytes: no I/O, no clock, no runtime. Both halves of the protocol use it.
//!
//! A *word* is a length prefix and that many bytes; a *sentence* is words up to a word of length zero
//! (MikroTik manual, "API"). [`SentenceWriter`] appends a sentence to a buffer, [`Decoder`] takes bytes as
//! they come and gives back whole [`Sentence`]s.
//!
//! ```
//! use bytes::BytesMut;
//! use routeros::codec::{Caps, Decoder, SentenceWriter};
//!
//! let mut wire = BytesMut::new();
//! SentenceWriter::new(&mut wire).word(b"/interface/print").attribute("stats", "").end();
//!
//! let mut decoder = Decoder::new(Caps::default());
//! decoder.push(&wire);
//! let sentence = decoder.next_sentence()?.expect("a whole sentence was pushed");
//! assert_eq!(sentence.first(), b"/interface/print");
//! assert_eq!(sentence.attribute("stats"), Some(&b""[..]));
//! assert_eq!(decoder.next_sentence()?, None);
//! # Ok::<(), routeros::codec::DecodeError>(())
//! ```

mod decoder;
mod length;
mod sentence;

pub use decoder::{Caps, DecodeError, Decoder};
pub use length::{DecodedLength, LengthError, decode_length, encode_length};
pub use sentence::{Attributes, Sentence, SentenceWriter, Words, split_attribute};
