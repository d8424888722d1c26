use report::duration_words;

/// How long an outage took, for its row: `2 m 5 s`, or `8 m so far`.
pub(crate) fn lasted(from_ms: i64, to_ms: Option<i64>, now_ms: i64) -> String {
    match to_ms {
        Some(to_ms) => duration_words(to_ms - from_ms),
        None => format!("{} so far", duration_words(now_ms - from_ms)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_outage_says_so() {
        assert_eq!(lasted(0, Some(125_000), 480_000), "2 m 5 s");
        assert_eq!(lasted(0, None, 480_000), "8 m so far");
    }
}
