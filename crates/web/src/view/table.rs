use report::rate_words;
use sla::Interval;
use store::{Facing, Rollup};

use crate::view::figures::{Directions, NONE, latency_words, loss_words};
use crate::view::points::Points;
use crate::view::range::{DAY_MS, HOURS_MS_MAX};
use crate::view::series::{Spread, latency, latency_p95_us, rates};
use crate::zone::Zone;

/// Up to this the table has a row for each hour, and a row for each day up to where the charts are made of days;
/// then months.
const HOURLY_MS_MAX: i64 = 2 * DAY_MS;

/// A stretch of the tables that say in figures what the charts show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FigureRow {
    /// `17:00 to 18:00`
    pub(crate) time: String,
    pub(crate) rates: Directions<SpreadWords>,
    pub(crate) latency: SpreadWords,
    /// Within which round trip 95 % of the answers came.
    pub(crate) latency_p95: String,
    pub(crate) sent: i64,
    pub(crate) lost: i64,
    pub(crate) loss: String,
}

/// Mean, lowest and highest in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SpreadWords {
    pub(crate) mean: String,
    pub(crate) low: String,
    pub(crate) high: String,
}

impl SpreadWords {
    /// `9.00 ms to 12.5 ms`; empty where there is no figure.
    pub(crate) fn between(&self) -> String {
        if self.low == NONE { String::new() } else { format!("{} to {}", self.low, self.high) }
    }

    fn new(spread: Spread, words: impl Fn(Option<i64>) -> String) -> Self {
        Self { mean: words(spread.mean), low: words(spread.low), high: words(spread.high) }
    }
}

impl FigureRow {
    pub(crate) fn new(time: String, figures: &Rollup, facing: Facing) -> Self {
        let rate = |bps: Option<i64>| bps.map_or_else(|| NONE.to_owned(), rate_words);
        let rates = rates(figures, facing);
        let pinged = (figures.sent > 0).then_some(());
        Self {
            time,
            rates: Directions {
                download: SpreadWords::new(rates.download, rate),
                upload: SpreadWords::new(rates.upload, rate),
            },
            latency: SpreadWords::new(latency(figures), latency_words),
            latency_p95: latency_words(latency_p95_us(figures)),
            sent: figures.sent,
            lost: (figures.sent - figures.received).max(0),
            loss: loss_words(pinged.map(|()| figures.sent), pinged.map(|()| figures.received)),
        }
    }
}

/// The rows of a chart's tables, the newest first. Stretches without any sample are left out.
pub(crate) fn figure_rows(points: &Points, facing: Facing, zone: &Zone, now_ms: i64) -> Vec<FigureRow> {
    let unit = Unit::of(points.window);
    let mut rows = Vec::new();
    let mut group: Option<(Interval, Rollup)> = None;
    for point in &points.points {
        let from_ms = point.figures.from_ms;
        match &mut group {
            Some((stretch, sum)) if from_ms < stretch.to_ms => sum.add_rollup(&point.figures),
            _ => {
                rows.extend(group.take());
                let stretch = unit.around(from_ms, points.step_ms, zone);
                group = Some((stretch, point.figures.clone()));
            }
        }
    }
    rows.extend(group);
    rows.reverse();
    let row = |(stretch, sum): (Interval, Rollup)| {
        FigureRow::new(unit.words(stretch.intersect(points.window), zone, now_ms), &sum, facing)
    };
    rows.into_iter().map(row).collect()
}

/// What a row of the tables of a window is: `hour`, `day` or `month`.
pub(crate) fn unit_word(window: Interval) -> &'static str {
    match Unit::of(window) {
        Unit::Hour => "hour",
        Unit::Day => "day",
        Unit::Month => "month",
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Hour,
    Day,
    Month,
}

impl Unit {
    fn of(window: Interval) -> Self {
        match window.len_ms() {
            length_ms if length_ms <= HOURLY_MS_MAX => Self::Hour,
            length_ms if length_ms <= HOURS_MS_MAX => Self::Day,
            _ => Self::Month,
        }
    }

    /// The hour, day or month of the zone's clock in which a point begins, moved to where a point can begin: of days
    /// by UTC, a month of Kolkata has those that begin at 5:30 on its days.
    fn around(self, at_ms: i64, step_ms: i64, zone: &Zone) -> Interval {
        let Interval { from_ms, to_ms } = match self {
            Self::Hour => zone.hour(at_ms),
            Self::Day => zone.day_around(at_ms),
            Self::Month => zone.month_around(at_ms),
        };
        let step_ms = step_ms.max(1);
        let up = |ms: i64| (ms + step_ms - 1).div_euclid(step_ms) * step_ms;
        Interval::new(up(from_ms), up(to_ms))
    }

    fn words(self, stretch: Interval, zone: &Zone, now_ms: i64) -> String {
        let Interval { from_ms, to_ms } = stretch;
        match self {
            Self::Hour => format!("{} to {}", zone.moment(from_ms, now_ms), zone.clock(to_ms)),
            Self::Day if zone.day_around(from_ms) == stretch => zone.day(from_ms),
            Self::Month if zone.month_around(from_ms) == stretch => zone.month_words(from_ms),
            Self::Day | Self::Month => {
                format!("{} to {}", zone.dated(from_ms, now_ms), zone.dated(to_ms, now_ms))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use store::LinkId;

    use super::*;
    use crate::view::points::tests::{link, sample};

    const HOUR_MS: i64 = 3_600_000;
    /// 2026-11-23 12:30:00 UTC, 18:00 in Kolkata.
    const NOW_MS: i64 = 1_795_437_000_000;

    fn times(points: &Points, zone: &str) -> Vec<String> {
        let rows = figure_rows(points, Facing::Upstream, &Zone::named(zone), NOW_MS);
        rows.into_iter().map(|row| row.time).collect()
    }

    #[test]
    fn hours_come_newest_first_with_mean_lowest_and_highest() {
        let window = Interval::new(NOW_MS - DAY_MS, NOW_MS);
        let samples = [
            sample(NOW_MS - 20 * HOUR_MS, Some(1), None),
            sample(NOW_MS - 2 * HOUR_MS, Some(1_000), Some(10)),
            sample(NOW_MS - HOUR_MS - 1, Some(3_000), Some(10)),
            sample(NOW_MS - HOUR_MS, None, Some(20)),
        ];
        let points = Points::of_samples(window, &link(Facing::Upstream), &samples);
        assert_eq!(
            times(&points, "Asia/Kolkata"),
            ["17:00 to 18:00", "16:00 to 17:00", "22 Nov 22:00 to 23:00"]
        );
        let rows = figure_rows(&points, Facing::Upstream, &Zone::named("Asia/Kolkata"), NOW_MS);
        assert_eq!(
            (rows[0].rates.download.mean.as_str(), rows[0].rates.upload.high.as_str()),
            (NONE, "20 bit/s")
        );
        let download = &rows[1].rates.download;
        assert_eq!(
            [&download.mean, &download.low, &download.high],
            ["2.00 kbit/s", "1.00 kbit/s", "3.00 kbit/s"]
        );
        assert_eq!((rows[1].sent, rows[1].lost, rows[1].loss.as_str()), (10, 2, "20 %"));
    }

    #[test]
    fn a_row_says_exactly_which_time_it_holds() {
        let hours =
            |from_ms: i64, n: i64| (0..n).map(move |hour| Rollup::empty(LinkId(1), from_ms + hour * HOUR_MS));
        // From 2026-11-20 18:00 UTC.
        let from_ms = NOW_MS - 66 * HOUR_MS - HOUR_MS / 2;
        let window = Interval::new(from_ms, from_ms + 10 * DAY_MS);
        let points = Points::of_rollups(window, HOUR_MS, hours(from_ms, 54).collect());
        assert_eq!(
            times(&points, "UTC"),
            ["22 Nov 2026", "21 Nov 2026", "20 Nov 18:00 to 21 Nov 00:00"],
            "whole days are called by their date"
        );
        // Hours by UTC begin at half past by the clock of Kolkata, and so do the rows.
        assert_eq!(times(&points, "Asia/Kolkata")[2], "21 Nov 00:30 to 22 Nov 00:30");

        let day_ms = from_ms - 18 * HOUR_MS;
        let days = (0..3).map(|day| Rollup::empty(LinkId(1), day_ms + day * DAY_MS));
        let window = Interval::new(day_ms - 100 * DAY_MS, day_ms + 3 * DAY_MS);
        let points = Points::of_rollups(window, DAY_MS, days.collect());
        assert_eq!(times(&points, "Asia/Kolkata"), ["1 Nov 05:30 to 23 Nov 05:30"]);
        assert_eq!(times(&points, "UTC"), ["1 Nov 00:00 to 23 Nov 00:00"]);
    }
}
