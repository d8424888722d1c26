use sla::{Month, Verdict};

/// A verdict as a badge: a word, and a class that chooses icon and colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Badge {
    /// `met`, `breached`, `undetermined` or `none`.
    pub(crate) class: &'static str,
    pub(crate) word: &'static str,
}

impl Badge {
    /// Without an objective or without a figure there is no verdict: `measured` says which of the two it is.
    pub(crate) fn new(verdict: Verdict, measured: bool) -> Self {
        let word = match verdict {
            Verdict::Met => "Met",
            Verdict::Breached => "Breach",
            Verdict::Undetermined => "Undetermined",
            Verdict::None if measured => "No objective",
            Verdict::None => "No data",
        };
        Self { class: verdict.as_str(), word }
    }
}

/// `October 2026`
pub(crate) fn month_words(month: Month) -> String {
    let first = format!("{month}-01").parse::<jiff::civil::Date>();
    first.map_or_else(|_| month.to_string(), |first| first.strftime("%B %Y").to_string())
}

/// A percentage of a statement with at most so many decimals, cut and never rounded: 99.49999 must not become 99.50.
pub(crate) fn percent_words(percent: &str, places: usize) -> String {
    let cut = match percent.split_once('.') {
        Some((whole, fraction)) if places > 0 => {
            format!("{whole}.{}", &fraction[..fraction.len().min(places)])
        }
        _ => percent.split('.').next().unwrap_or_default().to_owned(),
    };
    format!("{cut} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_cut_and_never_reaches_its_target_by_rounding() {
        assert_eq!(percent_words("99.49999", 2), "99.49 %");
        assert_eq!(percent_words("100.00000", 3), "100.000 %");
        assert_eq!(percent_words("99.5", 3), "99.5 %");
        assert_eq!(percent_words("99.9", 0), "99 %");
    }

    #[test]
    fn nothing_measured_is_neither_met_nor_breached() {
        assert_eq!(Badge::new(Verdict::None, false).word, "No data");
        assert_eq!(Badge::new(Verdict::None, true).word, "No objective");
        assert_eq!(month_words("2026-10".parse().unwrap()), "October 2026");
    }
}
