//! Figures by hand.

use serde_json::Value;
use sla::Decimal;

pub(super) fn number(value: &Value) -> i64 {
    value.as_i64().expect("a number")
}

/// Long division, digit by digit.
pub(super) fn percent(part: i64, whole: i64) -> Value {
    if whole == 0 {
        return Value::Null;
    }
    let (part, whole) = (i128::from(part) * 100, i128::from(whole));
    let mut text = format!("{}.", part / whole);
    let mut rest = part % whole;
    for _ in 0..5 {
        text.push_str(&(rest * 10 / whole).to_string());
        rest = rest * 10 % whole;
    }
    text.into()
}

pub(super) fn ranked(mut values: Vec<i64>, percent: usize) -> Value {
    values.sort_unstable();
    let rank = (1..=values.len()).find(|rank| rank * 100 >= percent * values.len());
    rank.map_or(Value::Null, |rank| values[rank - 1].into())
}

pub(super) fn millionths(figure: Decimal) -> i128 {
    let text = figure.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    format!("{whole}{fraction:0<6}").parse().expect("digits")
}

pub(super) fn word(none: bool, met: bool, breached: bool) -> &'static str {
    match (none, met, breached) {
        (true, ..) => "none",
        (_, true, _) => "met",
        (_, _, true) => "breached",
        _ => "undetermined",
    }
}

pub(super) fn worst<'a>(words: impl Iterator<Item = &'a str>) -> &'static str {
    let words: Vec<_> = words.collect();
    ["breached", "undetermined", "met"].into_iter().find(|word| words.contains(word)).unwrap_or("none")
}
