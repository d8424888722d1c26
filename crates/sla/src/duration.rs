const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// A length of time by its two largest units: `3 d 4 h`, `1 h 22 m`, `2 m 5 s`, `40 s`, `0 s`.
///
/// Days are 24 hours and never wrap (SLA trap 24: 90,061 s is `1 d 1 h`, not 01:01:01). A negative length, which a
/// stepped clock can produce, reads as `0 s`.
pub fn duration_words(length_ms: i64) -> String {
    let units = [(DAY_MS, "d"), (HOUR_MS, "h"), (MINUTE_MS, "m"), (SECOND_MS, "s")];
    let Some(first) = units.iter().position(|&(unit_ms, _)| length_ms >= unit_ms) else {
        return "0 s".to_owned();
    };
    let (unit_ms, name) = units[first];
    let head = format!("{} {name}", length_ms / unit_ms);
    match units.get(first + 1).map(|&(next_ms, next)| (length_ms % unit_ms / next_ms, next)) {
        Some((count, next)) if count > 0 => format!("{head} {count} {next}"),
        _ => head,
    }
}

/// How long ago something was, by its largest unit: `12 s ago`, `3 h ago`; `just now` under two seconds.
pub fn age_words(age_ms: i64) -> String {
    if age_ms < 2 * SECOND_MS {
        return "just now".to_owned();
    }
    let words = duration_words(age_ms);
    let largest: Vec<&str> = words.split(' ').take(2).collect();
    format!("{} ago", largest.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trap_24_more_than_a_day_keeps_its_days() {
        assert_eq!(duration_words(90_061_000), "1 d 1 h");
        assert_eq!(duration_words(26 * HOUR_MS), "1 d 2 h");
        assert_eq!(duration_words(400 * DAY_MS), "400 d");
    }

    #[test]
    fn two_units_and_no_empty_one() {
        assert_eq!(duration_words(4_920_000), "1 h 22 m");
        assert_eq!(duration_words(3_600_000), "1 h");
        assert_eq!(duration_words(125_900), "2 m 5 s");
        assert_eq!(duration_words(40_000), "40 s");
        assert_eq!(duration_words(999), "0 s");
        assert_eq!(duration_words(-5), "0 s");
    }

    #[test]
    fn an_age_has_one_unit() {
        assert_eq!(age_words(0), "just now");
        assert_eq!(age_words(12_400), "12 s ago");
        assert_eq!(age_words(4_920_000), "1 h ago");
    }
}
