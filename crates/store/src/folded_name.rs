//! How names are compared: two that look the same are the same.

use std::fmt::{self, Display};

use icu_casemap::{CaseMapper, CaseMapperBorrowed};
use icu_properties::props::DefaultIgnorableCodePoint;
use icu_properties::{CodePointSetData, CodePointSetDataBorrowed};
use unicode_normalization::UnicodeNormalization;

const CASES: CaseMapperBorrowed<'static> = CaseMapper::new();
const IGNORABLE: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<DefaultIgnorableCodePoint>();

/// A name as it is compared with others: canonically composed, fully case-folded, without characters that cannot be seen
/// (zero-width ones, direction marks, variation selectors: Unicode's `Default_Ignorable_Code_Point`), each run of white space
/// one space, none at its ends. Empty for a name that nobody could see.
///
/// Composition is canonical (NFC) and not that of compatibility (NFKC): "Block 2" and "Block ²", or "Unit 1/2" and "Unit ½", can
/// be told apart by anybody who reads them, and both may be meant.
pub fn folded_name(name: &str) -> String {
    let seen: String = name.nfd().filter(|letter| !IGNORABLE.contains(*letter)).collect();
    // Unicode's canonical caseless matching (D145): decomposed before, since folding looks at letters, and composed after.
    let folded: String = CASES.fold_string(&seen).nfc().collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A name that something has already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenName {
    /// The kind of thing that has it, for example `client`.
    pub what: &'static str,
    /// As that thing has it.
    pub existing: String,
    /// As somebody typed it.
    pub given: String,
}

impl TakenName {
    /// What a form or a list of errors says.
    pub fn sentence(&self) -> String {
        let Self { what, existing, given } = self;
        let there = format!("There is already a {what} \"{existing}\".");
        if existing == given { there } else { format!("{there} \"{given}\" {ONLY}.") }
    }

    /// The same where the other one is in the same file and not stored yet.
    pub fn on_line(&self, line: u64) -> String {
        let Self { what, existing, given } = self;
        let there = format!("Line {line} has the {what} \"{existing}\" already.");
        if existing == given { there } else { format!("{there} \"{given}\" {ONLY}.") }
    }
}

/// How two names differ that are the same.
const ONLY: &str = "differs only in case or in characters that cannot be seen";

/// As a command line says it.
impl Display for TakenName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, existing, given } = self;
        write!(f, "there is already a {what} \"{existing}\"")?;
        if existing == given {
            f.write_str(": choose another name")
        } else {
            write!(f, "; \"{given}\" {ONLY}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_the_same_are_the_same() {
        for (one, other) in [
            ("Asha Textiles", "asha  textiles"),
            ("Asha Textiles", " ASHA\u{a0}Textiles\u{2003}"),
            ("Caf\u{e9}", "CAFE\u{301}"),
            ("Straße", "STRASSE"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("Кухня", "кУХНЯ"),
            ("Asha", "As\u{200b}ha\u{feff}"),
            ("Asha", "\u{202a}Asha\u{202c}"),
            ("Asha", "\u{200e}A\u{ad}sha"),
            // With and without the joiners that Indic scripts are written with.
            ("क्\u{200d}ष", "क्ष"),
            ("\u{2665}\u{fe0f}", "\u{2665}"),
            // Hangul, precomposed and in parts.
            ("\u{d55c}", "\u{1112}\u{1161}\u{11ab}"),
            // A mark below and one above, in either order, and an invisible letter between the letter and its mark.
            ("q\u{307}\u{323}", "Q\u{323}\u{307}"),
            ("e\u{200d}\u{301}", "\u{e9}"),
        ] {
            assert_eq!(folded_name(one), folded_name(other), "{one:?} {other:?}");
        }
        assert_eq!(folded_name("Asha \t Textiles"), "asha textiles");
    }

    #[test]
    fn names_that_can_be_told_apart_stay_apart() {
        for (one, other) in [
            ("Block 2", "Block ²"),
            ("Unit ½", "Unit 1⁄2"),
            ("Asha", "Ásha"),
            ("AshaTextiles", "Asha Textiles"),
            ("Acme", "Аcme"), // Cyrillic: a look-alike, which folding is not about
            ("क", "ख"),
        ] {
            assert_ne!(folded_name(one), folded_name(other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn what_nobody_sees_is_no_name() {
        for nothing in ["", "  ", "\u{200b}", "\u{200e} \u{2060}", "\u{3164}"] {
            assert_eq!(folded_name(nothing), "", "{nothing:?}");
        }
    }

    #[test]
    fn a_folded_name_stays_as_it_is_when_it_is_folded_again() {
        use proptest::prelude::*;
        proptest!(|(name in "\\PC{0,24}")| {
            let once = folded_name(&name);
            prop_assert_eq!(folded_name(&once), once);
        });
    }

    #[test]
    fn what_has_the_name_is_named() {
        let taken = |given: &str| TakenName {
            what: "client",
            existing: "Asha Textiles".to_owned(),
            given: given.to_owned(),
        };
        assert_eq!(taken("Asha Textiles").sentence(), "There is already a client \"Asha Textiles\".");
        assert_eq!(
            taken("asha  textiles").sentence(),
            "There is already a client \"Asha Textiles\". \"asha  textiles\" differs only in case or in characters that cannot \
             be seen."
        );
        assert_eq!(
            taken("ASHA TEXTILES").to_string(),
            "there is already a client \"Asha Textiles\"; \"ASHA TEXTILES\" differs only in case or in characters that cannot be \
             seen"
        );
    }
}
