//! Whether a link has been slow, or has lost packets, for so long that it is worth a message. Pure.

use sla::Decimal;

use super::condition::Standing;

/// Fewer readings than this say nothing about a window.
const READINGS_MIN: usize = 3;
/// Of the readings, so many in a hundred must be on one side of the limit.
const AGREEING_PCT: usize = 80;
/// What is over must stay below so many percent of the limit: a figure that hovers around it raises no second alert.
const CLEAR_BELOW_PCT: i64 = 90;
/// One or two lost pings are chance, whatever percentage of a few they are.
const LOST_MIN: i64 = 3;

/// A measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) at_ms: i64,
    pub(crate) sent: i64,
    pub(crate) received: i64,
    pub(crate) rtt_avg_us: Option<i64>,
}

/// How long it must hold, and be over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Windows {
    pub(crate) raise_ms: i64,
    pub(crate) clear_ms: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    Latency,
    Loss,
}

impl Measure {
    /// How it stands at `now_ms`, and the figure of the window in words. `readings` are in order and reach back over
    /// twice the longer window.
    pub(crate) fn standing(
        self,
        readings: &[Reading],
        limit: Decimal,
        windows: Windows,
        now_ms: i64,
    ) -> (Standing, String) {
        let raise = within(readings, windows.raise_ms, now_ms);
        let words = self.words(raise);
        if let Some(since_ms) =
            covered_since(raise, windows.raise_ms, now_ms).filter(|_| self.is_high(raise, limit))
        {
            return (Standing::Holds { since_ms }, words);
        }
        let clear = within(readings, windows.clear_ms, now_ms);
        if let Some(since_ms) =
            covered_since(clear, windows.clear_ms, now_ms).filter(|_| self.is_low(clear, limit))
        {
            return (Standing::Over { since_ms }, words);
        }
        (Standing::Unknown, words)
    }

    fn is_high(self, readings: &[Reading], limit: Decimal) -> bool {
        match self {
            Self::Latency => {
                let limit_us = limit.millionths() / 1_000;
                most(readings, |rtt_us| rtt_us > limit_us)
                    && readings
                        .last()
                        .and_then(|last| last.rtt_avg_us)
                        .is_some_and(|rtt_us| rtt_us > limit_us)
            }
            Self::Loss => {
                let (sent, lost) = loss(readings);
                lost >= LOST_MIN && share_exceeds(lost, sent, limit.millionths())
            }
        }
    }

    fn is_low(self, readings: &[Reading], limit: Decimal) -> bool {
        let below = limit.millionths() / 100 * CLEAR_BELOW_PCT;
        match self {
            Self::Latency => most(readings, |rtt_us| rtt_us <= below / 1_000),
            Self::Loss => {
                let (sent, lost) = loss(readings);
                sent > 0 && !share_exceeds(lost, sent, below)
            }
        }
    }

    /// The figure of a window: the median round trip, or what was lost of what was sent.
    fn words(self, readings: &[Reading]) -> String {
        match self {
            Self::Latency => {
                let mut rtt: Vec<i64> = readings.iter().filter_map(|reading| reading.rtt_avg_us).collect();
                rtt.sort_unstable();
                match rtt.get(rtt.len() / 2) {
                    Some(us) if *us < 10_000 => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
                    Some(us) => format!("{} ms", us / 1_000),
                    None => "no figure".to_owned(),
                }
            }
            Self::Loss => {
                let (sent, lost) = loss(readings);
                sla::percent_truncated(lost, sent, 1).map_or("no figure".to_owned(), |pct| format!("{pct} %"))
            }
        }
    }
}

/// The readings of a window, from the last one at or before its beginning on: that one speaks for the time up to the next.
fn within(readings: &[Reading], window_ms: i64, now_ms: i64) -> &[Reading] {
    let from = readings.partition_point(|reading| reading.at_ms <= now_ms - window_ms).saturating_sub(1);
    let to = readings.partition_point(|reading| reading.at_ms <= now_ms);
    &readings[from.min(to)..to]
}

/// Since when the readings speak, if they speak for the whole window: there are some, they reach back over it, and the last is
/// not too old.
fn covered_since(readings: &[Reading], window_ms: i64, now_ms: i64) -> Option<i64> {
    let (first, last) = (readings.first()?, readings.last()?);
    let reaches_back = first.at_ms <= now_ms - window_ms && first.at_ms >= now_ms - 2 * window_ms;
    let is_fresh = last.at_ms >= now_ms - window_ms / 2;
    (readings.len() >= READINGS_MIN && reaches_back && is_fresh).then_some(first.at_ms)
}

fn most(readings: &[Reading], agrees: impl Fn(i64) -> bool) -> bool {
    let rtt: Vec<i64> = readings.iter().filter_map(|reading| reading.rtt_avg_us).collect();
    let agreeing = rtt.iter().filter(|rtt_us| agrees(**rtt_us)).count();
    rtt.len() >= READINGS_MIN && agreeing * 100 >= rtt.len() * AGREEING_PCT
}

fn loss(readings: &[Reading]) -> (i64, i64) {
    let sent: i64 = readings.iter().map(|reading| reading.sent).sum();
    let received: i64 = readings.iter().map(|reading| reading.received).sum();
    (sent, (sent - received).max(0))
}

/// Whether `part` of `whole` is more than `limit` millionths of a percent, without a float.
fn share_exceeds(part: i64, whole: i64, limit: i64) -> bool {
    i128::from(part) * 100_000_000 > i128::from(limit) * i128::from(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;
    const WINDOWS: Windows = Windows { raise_ms: 15 * MINUTE, clear_ms: 15 * MINUTE };

    /// One reading every five minutes from 0 on.
    fn readings(of: &[(i64, i64)]) -> Vec<Reading> {
        let reading = |(index, &(lost, rtt_us)): (usize, &(i64, i64))| Reading {
            at_ms: index as i64 * 5 * MINUTE,
            sent: 10,
            received: 10 - lost,
            rtt_avg_us: (lost < 10).then_some(rtt_us),
        };
        of.iter().enumerate().map(reading).collect()
    }

    fn stands(measure: Measure, of: &[(i64, i64)], limit: &str) -> Standing {
        let readings = readings(of);
        let now_ms = (of.len() as i64 - 1) * 5 * MINUTE;
        measure.standing(&readings, limit.parse().expect("a limit"), WINDOWS, now_ms).0
    }

    #[test]
    fn slow_for_the_whole_window_is_slow_and_a_spike_is_not() {
        let slow = [(0, 30_000); 4];
        assert_eq!(stands(Measure::Latency, &slow, "20"), Standing::Holds { since_ms: 0 });
        let spike = [(0, 5_000), (0, 900_000), (0, 5_000), (0, 5_000)];
        assert_eq!(stands(Measure::Latency, &spike, "20"), Standing::Unknown);
        let just_now = [(0, 5_000), (0, 5_000), (0, 5_000), (0, 5_000), (0, 5_000), (0, 30_000), (0, 30_000)];
        assert_eq!(stands(Measure::Latency, &just_now, "20"), Standing::Unknown);
    }

    #[test]
    fn a_figure_that_hovers_below_the_limit_ends_nothing() {
        assert_eq!(stands(Measure::Latency, &[(0, 19_000); 4], "20"), Standing::Unknown);
        assert_eq!(stands(Measure::Latency, &[(0, 18_000); 4], "20"), Standing::Over { since_ms: 0 });
    }

    #[test]
    fn loss_is_that_of_all_pings_and_a_single_one_is_chance() {
        assert_eq!(stands(Measure::Loss, &[(0, 1), (1, 1), (0, 1), (0, 1)], "1"), Standing::Unknown);
        let some = [(1, 1), (0, 1), (1, 1), (1, 1)];
        assert_eq!(stands(Measure::Loss, &some, "5"), Standing::Holds { since_ms: 0 });
        assert_eq!(stands(Measure::Loss, &some, "7.5"), Standing::Unknown, "not more than the limit");
        assert_eq!(stands(Measure::Loss, &[(0, 1); 4], "1"), Standing::Over { since_ms: 0 });
    }

    #[test]
    fn without_readings_nobody_can_say() {
        assert_eq!(stands(Measure::Loss, &[(9, 1), (9, 1)], "1"), Standing::Unknown);
        let old = readings(&[(9, 90_000); 4]);
        let limit = "1".parse().expect("a limit");
        let later = Measure::Latency.standing(&old, limit, WINDOWS, 40 * MINUTE).0;
        assert_eq!(later, Standing::Unknown);
    }
}
