use report::{age_words, cause_words, duration_words};
use sla::LinkState;
use store::Latest;

use crate::zone::Zone;

/// What a page says of a link's state now.
#[derive(Clone, Debug)]
pub(crate) struct StateNow {
    pub(crate) state: LinkState,
    /// Why, in plain words; empty for an up link.
    pub(crate) cause: String,
    /// `since 12:03 IST`; empty if never looked at.
    pub(crate) since: String,
    /// `for 3 h 20 m`
    pub(crate) lasted: String,
    /// `12 s ago`, the age of the last look; empty if there was none.
    pub(crate) age: String,
    /// The moment of the last look, for the script that lets the age grow.
    pub(crate) looked_at_ms: Option<i64>,
    /// Nobody has looked for too long: whatever was known is no longer.
    pub(crate) stale: bool,
}

impl StateNow {
    /// A link that nobody has looked at for longer than `stale_after_ms` is unknown, whatever it was before.
    pub(crate) fn new(latest: Option<&Latest>, now_ms: i64, stale_after_ms: i64, zone: &Zone) -> Self {
        let Some(latest) = latest else {
            return Self {
                state: LinkState::Unknown,
                cause: "Not measured yet".to_owned(),
                since: String::new(),
                lasted: String::new(),
                age: String::new(),
                looked_at_ms: None,
                stale: false,
            };
        };
        let looked = (latest.at_ms, latest.state, latest.since_ms, latest.cause.as_deref());
        Self::looked(looked, now_ms, stale_after_ms, zone)
    }

    /// Of a link that somebody has looked at: when, how it was, since when, and why.
    pub(crate) fn looked(
        (at_ms, state, since_ms, cause): (i64, LinkState, i64, Option<&str>),
        now_ms: i64,
        stale_after_ms: i64,
        zone: &Zone,
    ) -> Self {
        let age_ms = now_ms - at_ms;
        let stale = age_ms > stale_after_ms;
        let (state, since_ms) = if stale { (LinkState::Unknown, at_ms) } else { (state, since_ms) };
        let cause = match (stale, cause) {
            (true, _) => "No fresh measurement".to_owned(),
            (false, Some(cause)) => cause_words(cause).to_owned(),
            (false, None) => String::new(),
        };
        Self {
            state,
            cause,
            since: format!("since {} {}", zone.moment(since_ms, now_ms), zone.short(now_ms)),
            lasted: format!("for {}", duration_words(now_ms - since_ms)),
            age: age_words(age_ms),
            looked_at_ms: Some(at_ms),
            stale,
        }
    }

    pub(crate) fn word(&self) -> &'static str {
        word(self.state)
    }

    /// `up`, `down` or `unknown`: the style class and the icon's name.
    pub(crate) fn class(&self) -> &'static str {
        self.state.as_str()
    }

    pub(crate) fn is_up(&self) -> bool {
        self.state == LinkState::Up
    }

    /// Worst first: down, unknown, up.
    pub(crate) fn badness(&self) -> u8 {
        match self.state {
            LinkState::Down => 0,
            LinkState::Unknown => 1,
            LinkState::Up => 2,
        }
    }
}

/// Up to when a link's time line tells of it: to the last look, for what came after is not unknown, only not looked at
/// yet. A link that nobody has looked at for too long is unknown up to now.
pub(crate) fn looked_until(latest: Option<&Latest>, now_ms: i64, stale_after_ms: i64) -> i64 {
    let looked_ms = latest.map(|latest| latest.at_ms).filter(|at_ms| now_ms - at_ms <= stale_after_ms);
    looked_ms.unwrap_or(now_ms).min(now_ms)
}

/// `Up`, `Down` or `Unknown`.
pub(crate) fn word(state: LinkState) -> &'static str {
    match state {
        LinkState::Up => "Up",
        LinkState::Down => "Down",
        LinkState::Unknown => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use store::LinkId;

    use super::*;

    fn latest(at_ms: i64) -> Latest {
        Latest {
            link: LinkId(1),
            at_ms,
            state: LinkState::Up,
            since_ms: 0,
            cause: None,
            sample_at_ms: None,
            rx_bps: None,
            tx_bps: None,
            sent: None,
            received: None,
            rtt_avg_us: None,
            rtt_min_us: None,
            rtt_max_us: None,
            memory: serde_json::Value::Null,
        }
    }

    #[test]
    fn a_stopped_collector_leaves_no_link_up() {
        let zone = Zone::named("UTC");
        assert!(StateNow::new(Some(&latest(100_000)), 160_000, 60_000, &zone).is_up());
        let stale = StateNow::new(Some(&latest(100_000)), 160_001, 60_000, &zone);
        assert_eq!((stale.state, stale.stale), (LinkState::Unknown, true));
        assert_eq!(StateNow::new(None, 0, 60_000, &zone).state, LinkState::Unknown);
    }
}
