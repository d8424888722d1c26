//! What must hold for whatever bytes come from the network, whole and in pieces: no panic, the same sentences either
//! way, nothing beyond the caps, and every value parser over whatever came out. Run by the fuzzer and by the tests.

use routeros::{
    Value,
    codec::{Caps, DecodeError, Decoder, Sentence},
    format,
};

const CAPS: Caps = Caps { word_bytes: 300, sentence_bytes: 1000, sentence_words: 20 };

/// Panics where something does not hold; otherwise returns how many sentences there were.
pub(crate) fn check(piece_bytes: u8, bytes: &[u8]) -> usize {
    let whole = decode([bytes].into_iter());
    let pieces = decode(bytes.chunks(usize::from(piece_bytes).max(1)));
    assert_eq!(whole, pieces, "the same bytes in pieces");
    whole.0.iter().for_each(read_everything);
    whole.0.len()
}

fn decode<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Sentence>, Option<DecodeError>) {
    let mut decoder = Decoder::new(CAPS);
    let mut sentences = Vec::new();
    for piece in pieces {
        decoder.push(piece);
        loop {
            match decoder.next_sentence() {
                Ok(Some(sentence)) => sentences.push(sentence),
                Ok(None) => break,
                Err(error) => return (sentences, Some(error)),
            }
        }
        assert!(decoder.pending().len() <= CAPS.sentence_bytes as usize + piece.len());
    }
    (sentences, None)
}

fn read_everything(sentence: &Sentence) {
    assert!(sentence.wire_len() <= CAPS.sentence_bytes as usize);
    let _ = sentence.tag();
    for (_, value) in sentence.attributes() {
        let _ = format::parse_duration(value);
        let _ = format::parse_date_time(value);
        let _ = format::parse_offset_seconds(value);
        let _ = format::parse_u64(value);
        let _ = Value::from(value).to_string();
    }
}
