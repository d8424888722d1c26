//! Whether the time is known well enough to close months.

use store::{ClockHealth, ClockVerdict};

/// Where somebody polls, the latest poll is younger than this: a day, so that a wrong date shows, and not a long outage.
const POLLED_WITHIN_MS: i64 = 24 * 3_600_000;

/// Lets months be closed while the wall clock, the monotonic clock, and the routers agree.
#[derive(Debug, Default)]
pub(crate) struct ClosingGate {
    /// The latest poll when it was asked last.
    polled_ms: Option<i64>,
    /// What was said last, to say it once.
    said: Option<String>,
}

impl ClosingGate {
    /// Whether months may be closed now. `ours`: how this process's own clock stands; `health`: what the process that polls
    /// found, with the latest poll.
    pub(crate) fn opens(&mut self, ours: ClockVerdict, health: &ClockHealth) -> bool {
        let why = self.why_not(ours, health);
        self.polled_ms = health.polled_ms;
        if let Some(why) = &why
            && self.said.as_ref() != Some(why)
        {
            tracing::warn!("no month is closed: {why}");
        }
        self.said = why;
        self.said.is_none()
    }

    fn why_not(&self, ours: ClockVerdict, health: &ClockHealth) -> Option<String> {
        if let Err(why) = health.check() {
            return Some(why);
        }
        if ours != ClockVerdict::Sane {
            return Some(
                "this machine's clock jumped or is being checked; see `leaseline doctor`".to_owned(),
            );
        }
        let polled_ms = health.polled_ms?;
        let is_old = health.now_ms - polled_ms > POLLED_WITHIN_MS;
        // Polls go on, but a day or more ago by our clock: it is our clock that is wrong.
        let goes_on = self.polled_ms.is_none_or(|before_ms| before_ms < polled_ms);
        (is_old && goes_on).then(|| {
            "routers are polled, but the latest poll is more than a day old by this machine's clock; check its clock \
             (timedatectl)"
                .to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 3_600_000;

    fn health(polled_ms: i64, now_ms: i64) -> ClockHealth {
        ClockHealth { polled_ms: Some(polled_ms), now_ms, ..ClockHealth::UNCHECKED }
    }

    #[test]
    fn a_month_closes_only_while_all_three_clocks_agree() {
        let mut gate = ClosingGate::default();
        assert!(gate.opens(ClockVerdict::Sane, &health(10 * DAY, 10 * DAY + 30_000)));
        assert!(!gate.opens(ClockVerdict::Checking, &health(10 * DAY, 10 * DAY)), "ours jumped");
        assert!(
            !gate.opens(ClockVerdict::Sane, &health(11 * DAY, 10 * DAY)),
            "the database is newer than now"
        );
        for verdict in [ClockVerdict::Checking, ClockVerdict::MachineWrong, ClockVerdict::Undecided] {
            let found = ClockHealth { verdict, ..health(10 * DAY, 10 * DAY) };
            assert!(!gate.opens(ClockVerdict::Sane, &found), "{verdict:?}");
        }
        assert!(gate.opens(ClockVerdict::Sane, &health(10 * DAY, 10 * DAY)));
    }

    #[test]
    fn a_clock_that_was_days_ahead_from_the_start_is_detected_by_polls_that_go_on() {
        let mut gate = ClosingGate::default();
        assert!(
            !gate.opens(ClockVerdict::Sane, &health(10 * DAY, 13 * DAY)),
            "it has to be seen whether somebody polls"
        );
        assert!(!gate.opens(ClockVerdict::Sane, &health(10 * DAY + 30_000, 13 * DAY + 60_000)));
        assert!(
            gate.opens(ClockVerdict::Sane, &health(10 * DAY + 30_000, 13 * DAY + 120_000)),
            "nobody polls"
        );
    }
}
