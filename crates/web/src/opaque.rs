//! Passwords that keyboards spell differently: RFC 8265, OpaqueString.

use unicode_normalization::UnicodeNormalization;

/// A password as it is hashed: composed (NFC), and with spaces of other scripts as the plain one (RFC 8265, 4.2.2).
pub(crate) fn opaque_string(text: &str) -> String {
    text.chars().map(|letter| if is_space(letter) { ' ' } else { letter }).nfc().collect()
}

/// The spellings under which an older hash may have been made: as hashed today, as typed, composed and decomposed. One for
/// a password in ASCII.
pub(crate) fn spellings(text: &str) -> Vec<String> {
    let mut spellings: Vec<String> = Vec::new();
    for spelling in [opaque_string(text), text.to_owned(), text.nfc().collect(), text.nfd().collect()] {
        if !spellings.contains(&spelling) {
            spellings.push(spelling);
        }
    }
    spellings
}

/// Unicode's category Zs.
fn is_space(letter: char) -> bool {
    matches!(letter, '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_the_same_is_the_same() {
        for (typed, expected) in [
            ("cafe\u{301} cre\u{300}me", "café crème"),
            ("क\u{93c}लम", "क\u{93c}लम"),
            ("four\u{a0}words\u{3000}here", "four words here"),
            ("Ｆull-width", "Ｆull-width"),
        ] {
            assert_eq!(opaque_string(typed), expected.nfc().collect::<String>(), "{typed}");
        }
        assert_eq!(spellings("plain words"), ["plain words"]);
        assert_eq!(spellings("é"), ["é", "e\u{301}"]);
    }
}
