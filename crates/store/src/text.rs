//! Texts from outside: routers and mail servers send whatever they like, PostgreSQL stores no U+0000, and what steers a
//! terminal or turns the direction of a line has no place in a name or an error.

use std::borrow::Cow;

use serde_json::Value;

use crate::{Latest, Round, RoundOutcome, Span};

/// A name or label without the characters that turn the direction of text: with them, what is shown is not what is stored, and
/// what stands beside it is turned along. Right-to-left scripts are shown as they should without them. Joiners stay, which
/// Indic scripts and emoji are written with.
pub fn without_direction_marks(text: &str) -> Cow<'_, str> {
    if text.contains(is_direction_mark) { text.replace(is_direction_mark, "").into() } else { text.into() }
}

/// The name of a router's interface as forms and files keep it: without direction marks, and without spaces at its ends. The
/// router keeps both.
pub fn interface_as_typed(name: &str) -> String {
    without_direction_marks(name).trim().to_owned()
}

/// Unicode's `Bidi_Control`.
fn is_direction_mark(letter: char) -> bool {
    matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text without direction marks, and with U+FFFD where it has a control character.
pub(crate) fn storable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_control) {
        return text.into();
    }
    without_direction_marks(text).replace(is_control, "\u{fffd}").into()
}

/// Whether a character steers what shows it: C0 and C1 controls, line and paragraph separators, and direction marks.
fn is_control(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}') || is_direction_mark(letter)
}

/// The rounds with texts as [`storable`] makes them, on both engines: what one stores the other could too.
///
/// [`Latest::memory`] is the collector's own and comes back as it was given: JSON text escapes it.
pub(crate) fn storable_rounds(rounds: &[Round]) -> Cow<'_, [Round]> {
    if !rounds.iter().any(has_control) {
        return rounds.into();
    }
    let mut rounds = rounds.to_vec();
    for round in &mut rounds {
        texts_of(round, &mut |text| {
            if let Cow::Owned(clean) = storable(text) {
                *text = clean;
            }
        });
    }
    rounds.into()
}

fn has_control(round: &Round) -> bool {
    let error = match &round.outcome {
        RoundOutcome::Ok => None,
        RoundOutcome::Unreachable(error) | RoundOutcome::Failed { error, .. } => Some(error),
    };
    let spans = || round.tails.iter().flat_map(|tail| &tail.spans);
    let mut texts = error
        .into_iter()
        .chain(&round.version)
        .chain(spans().filter_map(|span| span.cause.as_ref()))
        .chain(round.latest.iter().filter_map(|latest| latest.cause.as_ref()));
    texts.any(|text| text.contains(is_control)) || spans().any(|span| value_has_control(&span.evidence))
}

fn value_has_control(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(is_control),
        Value::Array(values) => values.iter().any(value_has_control),
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| name.contains(is_control) || value_has_control(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Hands every text that may have come from the router to `clean`.
fn texts_of(round: &mut Round, clean: &mut impl FnMut(&mut String)) {
    if let RoundOutcome::Unreachable(error) | RoundOutcome::Failed { error, .. } = &mut round.outcome {
        clean(error);
    }
    round.version.iter_mut().for_each(&mut *clean);
    for Span { cause, evidence, .. } in round.tails.iter_mut().flat_map(|tail| &mut tail.spans) {
        cause.iter_mut().for_each(&mut *clean);
        texts_of_value(evidence, clean);
    }
    for Latest { cause, .. } in &mut round.latest {
        cause.iter_mut().for_each(&mut *clean);
    }
}

fn texts_of_value(value: &mut Value, clean: &mut impl FnMut(&mut String)) {
    match value {
        Value::String(text) => clean(text),
        Value::Array(values) => values.iter_mut().for_each(|value| texts_of_value(value, clean)),
        Value::Object(fields) => {
            for (mut name, mut value) in std::mem::take(fields) {
                clean(&mut name);
                texts_of_value(&mut value, clean);
                fields.insert(name, value);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_router_forges_no_line_and_steers_no_terminal() {
        let forged = "ok\n2026-11-30 ERROR the database is gone\u{1b}[2J\u{9b}31m\u{202e}evil\0";
        let stored = storable(forged);
        assert!(!stored.contains(is_control), "{stored:?}");
        assert_eq!(stored.chars().filter(|letter| *letter == '\u{fffd}').count(), 4);
        assert!(stored.ends_with("evil\u{fffd}"), "a direction mark leaves no trace: {stored:?}");
        assert!(matches!(storable("Küche – кухня"), Cow::Borrowed(_)));
    }

    #[test]
    fn direction_marks_go_and_joiners_stay() {
        let marks =
            "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}";
        assert_eq!(without_direction_marks(&format!("{marks}Asha{marks} Ltd")), "Asha Ltd");
        let joined = "क्\u{200d}ष می\u{200c}خواهم 👩\u{200d}🔧 שלום";
        assert!(matches!(without_direction_marks(joined), Cow::Borrowed(text) if text == joined));
    }
}
