//! Texts from outside: routers and mail servers send whatever they like, PostgreSQL stores no U+0000, and what steers a
//! terminal or turns the direction of a line has no place in a name or an error.

use std::borrow::Cow;

use serde_json::Value;

use crate::{Latest, Round, RoundOutcome, Span};

/// The text with U+FFFD where it has a control character.
pub(crate) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains(is_control) { text.replace(is_control, "\u{fffd}").into() } else { text.into() }
}

/// Whether a character steers what shows it: C0 and C1 controls, line and paragraph separators, and those that turn the
/// direction of text.
fn is_control(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The rounds with U+FFFD where one of their texts has a control character, on both engines: what one stores the other could too.
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
        assert_eq!(stored.chars().filter(|letter| *letter == '\u{fffd}').count(), 5);
        assert!(matches!(storable("Küche – кухня"), Cow::Borrowed(_)));
    }
}
