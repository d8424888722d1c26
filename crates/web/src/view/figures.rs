use report::{percent_truncated, rate_words};
use store::Facing;

/// A missing figure on a page.
pub(crate) const NONE: &str = "–";

/// A pair of figures as the customer sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Directions<T> {
    pub(crate) download: T,
    pub(crate) upload: T,
}

/// Turns the router's receive and transmit into the customer's download and upload: on a port that faces the
/// customer, what the router receives is the customer's upload.
pub(crate) fn directions<T>(facing: Facing, rx: T, tx: T) -> Directions<T> {
    match facing {
        Facing::Customer => Directions { download: tx, upload: rx },
        Facing::Upstream => Directions { download: rx, upload: tx },
    }
}

/// A rate beside the committed bandwidth.
#[derive(Clone, Debug)]
pub(crate) struct RateBar {
    /// `43.2 Mbit/s`
    pub(crate) text: String,
    /// `43 %` of the committed bandwidth.
    pub(crate) share: String,
    /// 0 to 100, what the bar fills.
    pub(crate) filled: u32,
}

impl RateBar {
    pub(crate) fn new(bps: Option<i64>, committed_bps: i64) -> Self {
        let Some(bps) = bps else {
            return Self { text: NONE.to_owned(), share: String::new(), filled: 0 };
        };
        let share = percent_truncated(bps, committed_bps, 0);
        let filled = share.as_deref().and_then(|share| share.parse().ok()).unwrap_or(0_u32).min(100);
        Self {
            text: rate_words(bps),
            share: share.map(|share| format!("{share} %")).unwrap_or_default(),
            filled,
        }
    }
}

/// Microseconds as `8.24 ms`, `124 ms`.
pub(crate) fn latency_words(micros: Option<i64>) -> String {
    match micros {
        None => NONE.to_owned(),
        Some(micros) if micros < 10_000 => format!("{}.{:02} ms", micros / 1_000, micros % 1_000 / 10),
        Some(micros) if micros < 100_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        Some(micros) => format!("{} ms", micros / 1_000),
    }
}

/// `0 %`, `20 %`, `0.4 %`; no pings, no figure.
pub(crate) fn loss_words(sent: Option<i64>, received: Option<i64>) -> String {
    let (Some(sent), Some(received)) = (sent, received) else { return NONE.to_owned() };
    match percent_truncated(sent - received, sent, 1) {
        Some(text) => format!("{} %", text.strip_suffix(".0").unwrap_or(&text)),
        None => NONE.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_towards_the_customer_receives_uploads() {
        assert_eq!(directions(Facing::Customer, 1, 2), Directions { download: 2, upload: 1 });
        assert_eq!(directions(Facing::Upstream, 1, 2), Directions { download: 1, upload: 2 });
    }

    #[test]
    fn figures_in_words() {
        assert_eq!(latency_words(Some(8_249)), "8.24 ms");
        assert_eq!(latency_words(Some(18_250)), "18.2 ms");
        assert_eq!(latency_words(Some(124_900)), "124 ms");
        assert_eq!(latency_words(None), NONE);
        assert_eq!(loss_words(Some(5), Some(4)), "20 %");
        assert_eq!(loss_words(Some(300), Some(299)), "0.3 %");
        assert_eq!(loss_words(Some(5), Some(5)), "0 %");
        assert_eq!(loss_words(Some(0), Some(0)), NONE);
        assert_eq!(loss_words(None, None), NONE);
    }

    #[test]
    fn a_bar_never_overflows() {
        assert_eq!(RateBar::new(Some(250), 100).filled, 100);
        assert_eq!(RateBar::new(Some(250), 100).share, "250 %");
        assert_eq!(RateBar::new(Some(250), 0).filled, 0);
        assert_eq!(RateBar::new(None, 100).text, NONE);
    }
}
