//! Texts from outside: routers and mail servers send whatever they like, and PostgreSQL stores no U+0000.

use std::borrow::Cow;

use serde_json::Value;

use crate::{Latest, Round, RoundOutcome, Span};

/// The text with U+FFFD where it has U+0000.
pub(crate) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}

/// The rounds with U+FFFD where one of their texts has U+0000, on both engines: what one stores the other could too.
///
/// [`Latest::memory`] is the collector's own and comes back as it was given: JSON text escapes it.
pub(crate) fn storable_rounds(rounds: &[Round]) -> Cow<'_, [Round]> {
    if !rounds.iter().any(has_nul) {
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

fn has_nul(round: &Round) -> bool {
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
    texts.any(|text| text.contains('\0')) || spans().any(|span| value_has_nul(&span.evidence))
}

fn value_has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(value_has_nul),
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| name.contains('\0') || value_has_nul(value))
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
