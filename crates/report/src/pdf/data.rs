//! What the templates get: the view as JSON, in which every text can be printed.

use serde_json::{Value, json};

use super::world::can_print;
use crate::chart::Chart;
use crate::view::View;
use crate::view::words::steers;

/// Longest word that is not broken, characters; a longer one would run out of its cell.
const WORD_CHARS_MAX: usize = 28;
/// After so many characters a long word may be broken.
const PIECE_CHARS: usize = 8;
/// Stands for what the fonts cannot print.
const REPLACEMENT: char = '\u{fffd}';
/// A place to break a word at.
const ZERO_WIDTH_SPACE: char = '\u{200b}';

pub(super) fn data(
    view: &View,
    chart: &Chart,
    logo: Option<&'static str>,
) -> Result<Vec<u8>, serde_json::Error> {
    let mut value = serde_json::to_value(view)?;
    value["chart"] = serde_json::to_value(chart)?;
    value["logo"] = json!(logo);
    make_printable(&mut value);
    serde_json::to_vec(&value)
}

/// Goes through all texts: there is no other way into the document.
fn make_printable(value: &mut Value) {
    match value {
        Value::String(text) => *text = printable(text),
        Value::Array(values) => values.iter_mut().for_each(make_printable),
        Value::Object(values) => values.values_mut().for_each(make_printable),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Without control characters, without what the fonts lack (PDF/A and PDF/UA forbid missing glyphs), and with places at
/// which an endless word can be broken. A digest is left in one piece, to be copied.
fn printable(text: &str) -> String {
    let character = |character: char| match character {
        _ if character.is_whitespace() || character.is_control() || steers(character) => ' ',
        _ if can_print(character) => character,
        _ => REPLACEMENT,
    };
    let text: String = text.chars().map(character).collect();
    let words = text.split(' ').map(|word| {
        let digest = word.bytes().all(|byte| byte.is_ascii_hexdigit());
        if digest || word.chars().count() <= WORD_CHARS_MAX { word.to_owned() } else { breakable(word) }
    });
    words.collect::<Vec<_>>().join(" ")
}

fn breakable(word: &str) -> String {
    let mut broken = String::with_capacity(word.len() + word.len() / 4);
    for (index, character) in word.chars().enumerate() {
        if index > 0 && index % PIECE_CHARS == 0 {
            broken.push(ZERO_WIDTH_SPACE);
        }
        broken.push(character);
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_fonts_lack_is_replaced_and_what_they_have_is_kept() {
        assert_eq!(printable("₹ 1,200 · कंपनी क्र्य Ærø Ω Я"), "₹ 1,200 · कंपनी क्र्य Ærø Ω Я");
        assert_eq!(printable("நிறுவனம்").chars().filter(|&character| character != REPLACEMENT).count(), 0);
        assert_eq!(printable("a\u{0}b\u{1b}[31m\u{202e}c"), "a b [31m c");
    }

    #[test]
    fn an_endless_word_can_be_broken_and_a_digest_is_not() {
        let word = "x".repeat(60);
        assert_eq!(printable(&word).matches(ZERO_WIDTH_SPACE).count(), 7);
        let digest = "0123456789abcdef".repeat(4);
        assert_eq!(printable(&digest), digest);
    }
}
