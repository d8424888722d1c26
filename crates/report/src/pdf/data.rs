//! What the templates get: the view as JSON, in which every text can be printed.

use serde_json::{Value, json};
use unicode_segmentation::UnicodeSegmentation;

use super::fonts::Fonts;
use crate::chart::Chart;
use crate::view::View;
use crate::view::words::steers;

/// Longest word that is not broken, characters as readers count them; a longer one would run out of its cell.
const WORD_CHARS_MAX: usize = 28;
/// After so many characters a long word may be broken.
const PIECE_CHARS: usize = 8;
/// Stands for what the fonts cannot print.
const REPLACEMENT: char = '\u{fffd}';
/// A place to break a word at.
const ZERO_WIDTH_SPACE: char = '\u{200b}';
/// Around a text with right-to-left script: its direction is its own and does not reorder its surroundings.
const FIRST_STRONG_ISOLATE: char = '\u{2068}';
const POP_DIRECTIONAL_ISOLATE: char = '\u{2069}';

/// The view, before it is known with which fonts it is set.
pub(super) struct Data(Value);

impl Data {
    pub(super) fn new(
        view: &View,
        chart: &Chart,
        logo: Option<&'static str>,
    ) -> Result<Self, serde_json::Error> {
        let mut value = serde_json::to_value(view)?;
        value["chart"] = serde_json::to_value(chart)?;
        value["logo"] = json!(logo);
        Ok(Self(value))
    }

    /// All texts one after the other.
    pub(super) fn text(&self) -> String {
        fn collect(value: &Value, into: &mut String) {
            match value {
                Value::String(text) => into.push_str(text),
                Value::Array(values) => values.iter().for_each(|value| collect(value, into)),
                Value::Object(values) => values.values().for_each(|value| collect(value, into)),
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
        let mut all = String::new();
        collect(&self.0, &mut all);
        all
    }

    /// As JSON in which every text can be printed, and the characters that were replaced.
    pub(super) fn printable_with(mut self, fonts: &Fonts) -> Result<(Vec<u8>, Vec<char>), serde_json::Error> {
        let mut missing = Vec::new();
        make_printable(&mut self.0, fonts, &mut missing);
        Ok((serde_json::to_vec(&self.0)?, missing))
    }
}

/// Goes through all texts: there is no other way into the document.
fn make_printable(value: &mut Value, fonts: &Fonts, missing: &mut Vec<char>) {
    match value {
        Value::String(text) => *text = printable(text, fonts, missing),
        Value::Array(values) => values.iter_mut().for_each(|value| make_printable(value, fonts, missing)),
        Value::Object(values) => values.values_mut().for_each(|value| make_printable(value, fonts, missing)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Without control characters, without what the fonts lack (PDF/A and PDF/UA forbid missing glyphs), and with places at
/// which an endless word can be broken. A digest is left in one piece, to be copied.
fn printable(text: &str, fonts: &Fonts, missing: &mut Vec<char>) -> String {
    let character = |character: char| match character {
        _ if character.is_whitespace() || character.is_control() || steers(character) => ' ',
        _ if fonts.can_print(character) => character,
        _ => {
            if !missing.contains(&character) {
                missing.push(character);
            }
            REPLACEMENT
        }
    };
    let text: String = text.chars().filter(|letter| !is_left_out(*letter)).map(character).collect();
    let words = text.split(' ').map(|word| {
        let digest = word.bytes().all(|byte| byte.is_ascii_hexdigit());
        // In a script that joins its letters a break would change them.
        let whole =
            digest || word.graphemes(true).nth(WORD_CHARS_MAX).is_none() || word.contains(is_right_to_left);
        if whole { word.to_owned() } else { breakable(word) }
    });
    let text = words.collect::<Vec<_>>().join(" ");
    if text.contains(is_right_to_left) {
        return format!("{FIRST_STRONG_ISOLATE}{text}{POP_DIRECTIONAL_ISOLATE}");
    }
    text
}

/// Variation selectors and tags: they choose between pictures that the fonts do not have twice.
pub(super) fn is_left_out(character: char) -> bool {
    matches!(character, '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e01ef}')
}

/// Hebrew, Arabic and their neighbors.
fn is_right_to_left(character: char) -> bool {
    matches!(character, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// Broken between what readers take for characters, never within one.
fn breakable(word: &str) -> String {
    let mut broken = String::with_capacity(word.len() + word.len() / 4);
    for (index, character) in word.graphemes(true).enumerate() {
        if index > 0 && index % PIECE_CHARS == 0 {
            broken.push(ZERO_WIDTH_SPACE);
        }
        broken.push_str(character);
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str) -> (String, Vec<char>) {
        let mut missing = Vec::new();
        let printed = printable(text, Fonts::for_text(text), &mut missing);
        (printed, missing)
    }

    #[test]
    fn what_the_fonts_lack_is_replaced_and_what_they_have_is_kept() {
        for kept in [
            "₹ 1,200 · कंपनी क्र्य Ærø Ω Я",
            "நிறுவனம் తెలుగు ಕನ್ನಡ മലയാളം বাংলা ગુજરાતી ਪੰਜਾਬੀ ଓଡ଼ିଆ ไทย",
            "👩\u{200d}🔧 ⚡",
        ] {
            assert_eq!(printed(kept), (kept.to_owned(), Vec::new()));
        }
        assert_eq!(printed("a漢b字c漢"), ("a\u{fffd}b\u{fffd}c\u{fffd}".to_owned(), vec!['漢', '字']));
        assert_eq!(printed("a\u{0}b\u{1b}[31m\u{202e}c ❤\u{fe0f}").0, "a b [31m c ❤");
        assert_eq!(super::super::unprintable("a漢\u{fe0f}\n漢"), ['漢']);
    }

    #[test]
    fn a_text_from_right_to_left_does_not_reorder_its_surroundings() {
        for text in ["شركة نور (الهند)", "חברת נור 12"] {
            assert_eq!(printed(text).0, format!("\u{2068}{text}\u{2069}"));
        }
        let long = "ش".repeat(60);
        assert!(!printed(&long).0.contains(ZERO_WIDTH_SPACE), "its letters would come apart");
    }

    #[test]
    fn an_endless_word_can_be_broken_and_a_digest_is_not() {
        let breaks = |text: &str| printed(text).0.matches(ZERO_WIDTH_SPACE).count();
        assert_eq!(breaks(&"x".repeat(60)), 7);
        assert_eq!(breaks(&"0123456789abcdef".repeat(4)), 0);
        // Two characters each, and one to the reader.
        assert_eq!(breaks(&"கி".repeat(28)), 0);
        assert!(printed(&"கி".repeat(60)).0.split(ZERO_WIDTH_SPACE).all(|piece| piece.starts_with('க')));
    }
}
