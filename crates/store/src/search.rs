//! Searching without regard to case, in every script and alike on both engines.
//!
//! `LOWER` cannot do it: SQLite's knows ASCII only, and PostgreSQL's depends on the locale of the database. So the pattern
//! names the case variants of each letter: `GLOB '*[éÉ]*'` on SQLite, `~ '[éÉ]'` on PostgreSQL. Statements are written
//! with `GLOB`; [`with_regex!`] makes PostgreSQL's of them.

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use crate::engine::Engine;
use crate::text::storable;

/// Letters of a search beyond these are ignored.
const SEARCH_CHARS_MAX: usize = 100;
/// In Turkish the capital of `i` is `İ` and that of `ı` is `I`. People type either without thinking of the language.
const LETTERS_I: [char; 4] = ['i', 'I', 'ı', 'İ'];
/// What stands between two letters of a pattern for SQLite is taken literally, except for these.
const GLOB_SPECIAL: &str = "*?[";
/// The same for PostgreSQL.
const REGEX_SPECIAL: &str = r"\.*+?()[]{}|^$";

/// The pattern that finds `text` anywhere: for `column GLOB $n` on SQLite and `column ~ $n` on PostgreSQL. Without text it
/// finds everything.
///
/// Letters are equal that differ in case only, one letter for one: `ß` is `ẞ` and not `SS`, and `σ` is `ς`. A letter with
/// an accent in one code point differs from the same in two.
pub(crate) fn contains<S, P>(text: &str, engine: &Engine<S, P>) -> String {
    let text = storable(text.trim());
    let letters = text.chars().take(SEARCH_CHARS_MAX);
    match engine {
        Engine::Sqlite(_) if text.is_empty() => "*".to_owned(),
        Engine::Sqlite(_) => format!("*{}*", letters.map(glob).collect::<String>()),
        Engine::Postgres(_) => letters.map(regex).collect(),
    }
}

fn glob(letter: char) -> String {
    match variants(letter) {
        Some(class) => class,
        None if GLOB_SPECIAL.contains(letter) => format!("[{letter}]"),
        None => letter.to_string(),
    }
}

fn regex(letter: char) -> String {
    match variants(letter) {
        Some(class) => class,
        None if REGEX_SPECIAL.contains(letter) => format!("\\{letter}"),
        None => letter.to_string(),
    }
}

/// `[éÉ]`, which both engines read alike; `None` for what has no other case. No letter is special within brackets.
fn variants(letter: char) -> Option<String> {
    let mut class = ClassUnicode::new([ClassUnicodeRange::new(letter, letter)]);
    if LETTERS_I.contains(&letter) {
        class = ClassUnicode::new(LETTERS_I.map(|letter| ClassUnicodeRange::new(letter, letter)));
    } else if class.try_case_fold_simple().is_err() {
        // Only without the crate's feature `unicode-case`.
        return None;
    }
    let letters: String = class.iter().flat_map(|range| range.start()..=range.end()).collect();
    (letters.chars().count() > 1).then(|| format!("[{letters}]"))
}

/// PostgreSQL's text of a statement that searches with `GLOB`.
macro_rules! with_regex {
    ($sql:expr) => {{
        const GLOB: &str = $sql;
        const REGEX: [u8; GLOB.len()] = $crate::search::regex_for_glob(GLOB);
        match std::str::from_utf8(&REGEX) {
            Ok(sql) => sql,
            Err(_) => unreachable!(),
        }
    }};
}
pub(crate) use with_regex;

/// Puts `~` for `GLOB`, and spaces to the same length.
pub(crate) const fn regex_for_glob<const N: usize>(sql: &str) -> [u8; N] {
    const GLOB: &[u8] = b" GLOB ";
    const REGEX: &[u8] = b" ~    ";
    let bytes = sql.as_bytes();
    let mut text = [0; N];
    let mut at = 0;
    while at < N {
        let mut same = 0;
        while same < GLOB.len() && at + same < N && bytes[at + same] == GLOB[same] {
            same += 1;
        }
        let (from, start, count) = if same == GLOB.len() { (REGEX, 0, same) } else { (bytes, at, 1) };
        let mut copied = 0;
        while copied < count {
            text[at + copied] = from[start + copied];
            copied += 1;
        }
        at += count;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQLITE: Engine<(), ()> = Engine::Sqlite(());
    const POSTGRES: Engine<(), ()> = Engine::Postgres(());

    #[test]
    fn a_letter_stands_for_all_of_its_cases() {
        assert_eq!(contains(" é1 ", &SQLITE), "*[Éé]1*");
        assert_eq!(contains("é1", &POSTGRES), "[Éé]1");
        assert_eq!(variants('σ').as_deref(), Some("[Σςσ]"));
        assert_eq!(variants('ß').as_deref(), Some("[ßẞ]"));
        assert_eq!(variants('İ'), variants('i'));
        assert_eq!(variants('東'), None);
        assert_eq!((contains("", &SQLITE), contains(" ", &POSTGRES)), ("*".to_owned(), String::new()));
    }

    #[test]
    fn what_is_special_in_a_pattern_is_taken_literally() {
        let text = r"*?[]^-\.%_(){}|+$#";
        assert_eq!(contains(text, &SQLITE), r"*[*][?][[]]^-\.%_(){}|+$#*");
        assert_eq!(contains(text, &POSTGRES), r"\*\?\[\]\^-\\\.%_\(\)\{\}\|\+\$#");
        assert_eq!(contains("\0", &SQLITE), "*\u{fffd}*", "PostgreSQL takes no U+0000");
    }

    #[test]
    fn a_long_search_is_cut() {
        assert_eq!(contains(&"1".repeat(5_000), &POSTGRES).len(), SEARCH_CHARS_MAX);
    }

    #[test]
    fn a_statement_differs_in_its_operator_alone() {
        const SQL: &str = with_regex!("a GLOB $1 OR é GLOB $1");
        assert_eq!(SQL, "a ~    $1 OR é ~    $1");
    }
}
