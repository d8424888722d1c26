//! Figures as the statement prints them: truncated, never rounded, so that none contradicts its verdict.

use sla::{Decimal, Verdict};

/// Places of a printed percentage, unless its objective has more.
const PERCENT_PLACES: usize = 3;
/// Longest text of a person that is printed whole, characters.
const TEXT_CHARS_MAX: usize = 120;

/// `99.306 %` from `99.30612`: cut to three places, or to those of the objective if it has more.
pub(crate) fn percent(figure: &str, target: Option<Decimal>) -> String {
    let places = target.map_or(0, |target| target.places() as usize).max(PERCENT_PLACES);
    let (whole, fraction) = figure.split_once('.').unwrap_or((figure, ""));
    match fraction.get(..places.min(fraction.len())) {
        Some(cut) if !cut.is_empty() => format!("{whole}.{cut} %"),
        _ => format!("{whole} %"),
    }
}

/// Microseconds as `8.24 ms`, `12.4 ms`, `124 ms`.
pub(crate) fn latency(us: i64) -> String {
    match us {
        ..10_000 => format!("{}.{:02} ms", us / 1_000, us % 1_000 / 10),
        10_000..100_000 => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
        _ => format!("{} ms", us / 1_000),
    }
}

/// A mean round trip beside its objective: with as many places as it takes not to be printed equal to what it exceeds.
pub(crate) fn latency_against(us: i64, target: Option<Decimal>, verdict: Verdict) -> String {
    let Some(target) = target.filter(|_| verdict == Verdict::Breached) else { return latency(us) };
    // Millionths of a millisecond are thousandths of a microsecond.
    let target_us = target.millionths() / 1_000;
    match us {
        _ if us <= target_us => format!("just over {target} ms"),
        _ if us / 100 <= target_us / 100 => format!("{}.{:03} ms", us / 1_000, us % 1_000),
        _ => latency(us),
    }
}

/// `178,560`
pub(crate) fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        text.push('\u{2212}');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A length of time to the second, nothing left out: `1 d 2 h 5 s`; parts of a second only where there is nothing else.
pub(crate) fn length(length_ms: i64) -> String {
    let seconds = length_ms.max(0) / 1_000;
    let units =
        [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let parts: Vec<String> =
        units.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count} {unit}")).collect();
    match length_ms {
        1..1_000 => format!("{length_ms} ms"),
        _ if parts.is_empty() => "0 s".to_owned(),
        _ => parts.join(" "),
    }
}

/// As badges say it.
pub(crate) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Met => "Met",
        Verdict::Breached => "Breach",
        Verdict::Undetermined => "Undetermined",
        Verdict::None => "Not judged",
    }
}

/// A text of a person on one line, cut where it would fill the page.
pub(crate) fn short(text: &str) -> String {
    cut(text, TEXT_CHARS_MAX)
}

/// Whether a character steers the layout instead of standing in it: a direction override turns figures around.
pub(crate) fn steers(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// A text on one line without control characters, at most `chars_max` long.
pub(crate) fn cut(text: &str, chars_max: usize) -> String {
    let line = text
        .split(|character: char| character.is_whitespace() || character.is_control() || steers(character));
    let line = line.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if line.chars().count() <= chars_max {
        return line;
    }
    let cut: String = line.chars().take(chars_max - 1).collect();
    format!("{}…", cut.trim_end())
}

/// `1 outage`, `12 outages`
pub(crate) fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", count(number as i64), if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Option<Decimal> {
        Some(text.parse().expect("a figure"))
    }

    #[test]
    fn trap_38_a_percentage_is_cut_and_never_rounded() {
        assert_eq!(percent("99.30612", target("99.50")), "99.306 %");
        assert_eq!(percent("99.49999", target("99.50")), "99.499 %");
        assert_eq!(percent("99.99989", target("99.9999")), "99.9998 %");
        assert_eq!(percent("99.99999", target("99.999999")), "99.99999 %");
        assert_eq!(percent("100.00000", None), "100.000 %");
    }

    #[test]
    fn a_breach_is_never_printed_equal_to_its_objective() {
        assert_eq!(latency_against(20_004, target("20"), Verdict::Breached), "20.004 ms");
        assert_eq!(latency_against(20_000, target("20"), Verdict::Breached), "just over 20 ms");
        assert_eq!(latency_against(20_104, target("20"), Verdict::Breached), "20.1 ms");
        assert_eq!(latency_against(8_249, target("20"), Verdict::Met), "8.24 ms");
        assert_eq!(latency_against(124_900, None, Verdict::None), "124 ms");
    }

    #[test]
    fn a_length_leaves_nothing_out() {
        assert_eq!(length(90_061_000), "1 d 1 h 1 m 1 s");
        assert_eq!(length(86_400_999), "1 d");
        assert_eq!(length(999), "999 ms");
        assert_eq!(length(0), "0 s");
    }

    #[test]
    fn numbers_have_their_thousands_apart() {
        assert_eq!([0, 999, 1_000, 178_560, -12_345].map(count), ["0", "999", "1,000", "178,560", "−12,345"]);
    }

    #[test]
    fn a_long_name_is_cut_and_stays_on_its_line() {
        assert_eq!(short(" a\tb\r\nc \u{202e}d"), "a b c d");
        assert_eq!(short(&"न".repeat(500)).chars().count(), TEXT_CHARS_MAX);
    }
}
