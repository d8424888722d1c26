use bytes::BytesMut;
use proptest::prelude::*;
use routeros::codec::{Caps, DecodeError, Decoder, Sentence, SentenceWriter, decode_length, encode_length};

use crate::any_bytes;

fn words() -> impl Strategy<Value = Vec<Vec<u8>>> {
    // Around the edge of the one-byte and the two-byte length, and many small ones.
    let word = prop_oneof![
        8 => prop::collection::vec(any::<u8>(), 1..20),
        1 => prop::collection::vec(any::<u8>(), 120..140),
        1 => (0x3FF0_usize..0x4010).prop_map(|len| vec![b'x'; len]),
    ];
    prop::collection::vec(word, 1..6)
}

fn encode(sentences: &[Vec<Vec<u8>>]) -> BytesMut {
    let mut wire = BytesMut::new();
    for words in sentences {
        words.iter().fold(SentenceWriter::new(&mut wire), |writer, word| writer.word(word)).end();
    }
    wire
}

fn drain(decoder: &mut Decoder) -> Result<Vec<Sentence>, DecodeError> {
    std::iter::from_fn(|| decoder.next_sentence().transpose()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever pieces TCP makes of the stream, the sentences are the same.
    #[test]
    fn round_trip_at_any_split(
        sentences in prop::collection::vec(words(), 1..5),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let wire = encode(&sentences);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(wire.len())).collect();
        cuts.extend([0, wire.len()]);
        cuts.sort_unstable();
        let mut decoder = Decoder::new(Caps::default());
        let mut decoded = Vec::new();
        for piece in cuts.windows(2) {
            decoder.push(&wire[piece[0]..piece[1]]);
            decoded.extend(drain(&mut decoder)?);
        }
        let decoded: Vec<Vec<Vec<u8>>> =
            decoded.iter().map(|sentence| sentence.words().map(<[u8]>::to_vec).collect()).collect();
        prop_assert_eq!(decoded, sentences);
        prop_assert!(decoder.pending().is_empty());
    }

    #[test]
    fn lengths_round_trip(len in any::<u32>()) {
        let mut wire = BytesMut::new();
        encode_length(len, &mut wire);
        let decoded = decode_length(&wire)?.expect("a whole prefix");
        prop_assert_eq!((decoded.len, decoded.prefix), (u64::from(len), wire.len()));
    }

    /// No bytes make the decoder panic, keep more than its caps, or give a sentence beyond them.
    #[test]
    fn arbitrary_bytes_are_held_to_the_caps(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..40)) {
        let caps = Caps { word_bytes: 40, sentence_bytes: 100, sentence_words: 4 };
        let mut decoder = Decoder::new(caps);
        for piece in pieces {
            decoder.push(&piece);
            match drain(&mut decoder) {
                Ok(sentences) => for sentence in sentences {
                    prop_assert!(sentence.wire_len() <= 100);
                    prop_assert!((1..=4).contains(&sentence.words().count()));
                    prop_assert!(sentence.words().all(|word| (1..=40).contains(&word.len())));
                    // Never fail on words of any shape.
                    let _ = (sentence.tag(), sentence.attributes().count(), format!("{sentence:?}"));
                },
                Err(error) => {
                    prop_assert_eq!(drain(&mut decoder), Err(error), "an error is final");
                    break;
                }
            }
            prop_assert!(decoder.pending().len() <= 100, "a word in progress is within the caps");
        }
    }
}

/// Sentences as a router sends them, with values of every kind that is parsed; some bytes are then changed.
fn almost_sentences() -> impl Strategy<Value = Vec<u8>> {
    let value = "([0-9]{0,4}[wdhms:.+ -]){0,5}|[0-9]{0,22}|[a-z]{3}/[0-9]{2}/[0-9]{4} [0-9:]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}";
    let word = (r"=[a-z-]{0,9}=|\.tag=|!re|", value).prop_map(|(name, value)| (name + &value).into_bytes());
    let words = prop::collection::vec(
        word.prop_filter("an empty word ends a sentence", |word| !word.is_empty()),
        1..6,
    );
    let flips = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3);
    (prop::collection::vec(words, 1..5), flips).prop_map(|(sentences, flips)| {
        let mut wire = encode(&sentences).to_vec();
        for (at, byte) in flips {
            let at = at.index(wire.len());
            wire[at] = byte;
        }
        wire
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// The fuzzer's checks, for those who do not run it.
    #[test]
    fn what_the_fuzzer_checks_holds(bytes in almost_sentences(), piece_bytes in any::<u8>()) {
        any_bytes::check(piece_bytes, &bytes);
    }
}

#[test]
fn the_fuzzers_checks_reach_the_sentences() {
    assert_eq!(
        any_bytes::check(
            1,
            &encode(&[vec![b"!re".to_vec(), b"=uptime=1w2d".to_vec()], vec![b"!done".to_vec()]])
        ),
        2
    );
}

/// The limit must strike when the length is announced, not after the bytes were waited for and stored.
#[test]
fn a_word_too_long_is_refused_by_its_prefix() {
    let mut decoder = Decoder::new(Caps::default());
    decoder.push(&[0xF0, 0xFF, 0xFF, 0xFF, 0xFF]);
    assert_eq!(
        decoder.next_sentence(),
        Err(DecodeError::WordTooLong { len: u64::from(u32::MAX), cap: Caps::default().word_bytes })
    );
}

#[test]
fn the_caps_are_inclusive() {
    let caps = Caps { word_bytes: 5, sentence_bytes: 12, sentence_words: 2 };
    let decode = |sentence: &[&str]| {
        let words: Vec<Vec<u8>> = sentence.iter().map(|word| word.as_bytes().to_vec()).collect();
        let mut decoder = Decoder::new(caps);
        decoder.push(&encode(&[words]));
        decoder.next_sentence().map(|sentence| sentence.is_some())
    };
    assert_eq!(decode(&["12345", "12345"]), Ok(true));
    assert_eq!(decode(&["123456"]), Err(DecodeError::WordTooLong { len: 6, cap: 5 }));
    assert_eq!(decode(&["1", "2", "3"]), Err(DecodeError::TooManyWords { cap: 2 }));
    let caps = Caps { sentence_bytes: 11, ..caps };
    let mut decoder = Decoder::new(caps);
    decoder.push(b"\x0512345\x0512345\0");
    assert_eq!(decoder.next_sentence(), Err(DecodeError::SentenceTooLong { cap: 11 }));
}

#[test]
fn empty_sentences_are_skipped() {
    let mut decoder = Decoder::new(Caps::default());
    decoder.push(b"\0\0\x03!re\0\0\x05!done\0\0");
    let sentences = drain(&mut decoder).expect("well formed");
    assert_eq!(sentences.iter().map(Sentence::first).collect::<Vec<_>>(), [&b"!re"[..], b"!done"]);
}

/// Values hold `=`, lack it, or are empty; the tag stands anywhere (the manual and captures differ).
#[test]
fn attributes_of_odd_shapes() {
    let mut wire = BytesMut::new();
    let words = ["!re", "=a=b=c", "=empty=", "=bare", "broken", ".tag=7", "=a=second"];
    words.iter().fold(SentenceWriter::new(&mut wire), |writer, word| writer.word(word.as_bytes())).end();
    let mut decoder = Decoder::new(Caps::default());
    decoder.push(&wire);
    let sentence = decoder.next_sentence().expect("well formed").expect("whole");
    assert_eq!(sentence.attribute("a"), Some(&b"b=c"[..]));
    assert_eq!(sentence.attribute("empty"), Some(&b""[..]));
    assert_eq!(sentence.attribute("bare"), Some(&b""[..]));
    assert_eq!(sentence.attribute("broken"), None);
    assert_eq!(sentence.attributes().count(), 4);
    assert_eq!(sentence.tag(), Some(&b"7"[..]));
}

/// An empty word written by mistake would end the sentence and shift all that follows.
#[test]
fn the_writer_never_ends_a_sentence_by_accident() {
    let mut wire = BytesMut::new();
    SentenceWriter::new(&mut wire).word(b"/a").word(b"").attribute("k", "").end();
    assert_eq!(&wire[..], b"\x02/a\x03=k=\0");
}
