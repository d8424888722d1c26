use std::fmt::Write;

use store::{Facing, RatePoint};

use crate::view::figures::directions;
use crate::view::gap::gaps_before;

/// What the picture spans, milliseconds.
pub(crate) const SPARK_MS: i64 = 3 * 60 * 60 * 1000;
/// Width and height of the picture in its own units.
const WIDTH: i64 = 300;
const HEIGHT: i64 = 44;
/// The most points of a line.
const POINTS_MAX: usize = 150;

/// A small picture of the last three hours: paths of an SVG of 300 × 44 units. Gaps are gaps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spark {
    /// The area under the download.
    pub(crate) download_area: String,
    pub(crate) download: String,
    pub(crate) upload: String,
    /// The highest rate in it.
    pub(crate) peak_bps: i64,
}

impl Spark {
    /// `points` are one link's, in order; `None` if there is nothing to draw.
    pub(crate) fn new(points: &[RatePoint], facing: Facing, now_ms: i64) -> Option<Self> {
        let from_ms = now_ms - SPARK_MS;
        let rates: Vec<(i64, [Option<i64>; 2])> = points
            .iter()
            .filter(|(_, at_ms, _, _)| *at_ms >= from_ms)
            .map(|&(_, at_ms, rx_bps, tx_bps)| {
                let rates = directions(facing, rx_bps, tx_bps);
                (at_ms, [rates.download, rates.upload])
            })
            .collect();
        let peak_bps = rates.iter().flat_map(|(_, pair)| pair.iter().flatten()).copied().max()?;
        let times_ms: Vec<i64> = rates.iter().map(|(at_ms, _)| *at_ms).collect();
        let gaps = gaps_before(&times_ms);
        let plot = Plot { from_ms, peak_bps: peak_bps.max(1) };
        let side =
            |side: usize| rates.iter().zip(&gaps).map(move |((at, pair), gap)| (*at, pair[side], *gap));
        let [download, upload] = [0, 1].map(|place| plot.runs(side(place)));
        Some(Self {
            download_area: plot.area(&download),
            download: plot.line(&download),
            upload: plot.line(&upload),
            peak_bps,
        })
    }
}

struct Plot {
    from_ms: i64,
    peak_bps: i64,
}

/// Points without a gap between them, in the picture's tenths.
type Run = Vec<(i64, i64)>;

impl Plot {
    /// `points` are a time, a rate, and whether a gap lies before it.
    fn runs(&self, points: impl Iterator<Item = (i64, Option<i64>, bool)>) -> Vec<Run> {
        let bucket_ms = SPARK_MS / POINTS_MAX as i64;
        let mut runs: Vec<Run> = Vec::new();
        let mut has_before = false;
        let mut bucket = i64::MIN;
        for (at_ms, bps, gap) in points {
            let Some(bps) = bps else {
                has_before = false;
                continue;
            };
            let continues = has_before && !gap;
            let this_bucket = (at_ms - self.from_ms) / bucket_ms;
            let place = (self.x(at_ms), self.y(bps));
            match runs.last_mut() {
                // Of the points of a bucket the highest stays: a peak is what one looks for.
                Some(run) if continues && this_bucket == bucket => {
                    if let Some(last) = run.last_mut() {
                        last.1 = last.1.min(place.1);
                    }
                }
                Some(run) if continues => run.push(place),
                _ => runs.push(vec![place]),
            }
            has_before = true;
            bucket = this_bucket;
        }
        runs
    }

    fn x(&self, at_ms: i64) -> i64 {
        (at_ms - self.from_ms) * WIDTH * 10 / SPARK_MS
    }

    /// Two units at the top and one at the bottom stay free, so that a thick line is not cut.
    fn y(&self, bps: i64) -> i64 {
        let usable = i128::from(HEIGHT * 10 - 30);
        let up = i128::from(bps.max(0)) * usable / i128::from(self.peak_bps);
        HEIGHT * 10 - 10 - i64::try_from(up).unwrap_or_default()
    }

    fn line(&self, runs: &[Run]) -> String {
        let mut path = String::new();
        for run in runs {
            for (index, &(x, y)) in run.iter().enumerate() {
                let _ = write!(path, "{}{} {}", if index == 0 { 'M' } else { 'L' }, tenths(x), tenths(y));
            }
            if run.len() == 1 {
                path.push_str("h.1");
            }
        }
        path
    }

    fn area(&self, runs: &[Run]) -> String {
        let mut path = String::new();
        for run in runs.iter().filter(|run| run.len() > 1) {
            path.push_str(&self.line(std::slice::from_ref(run)));
            let _ = write!(path, "V{HEIGHT}H{}Z", tenths(run[0].0));
        }
        path
    }
}

fn tenths(value: i64) -> String {
    if value % 10 == 0 { (value / 10).to_string() } else { format!("{}.{}", value / 10, value % 10) }
}

#[cfg(test)]
mod tests {
    use store::LinkId;

    use super::*;

    fn point(at_ms: i64, rx: Option<i64>) -> RatePoint {
        (LinkId(1), at_ms, rx, Some(0))
    }

    #[test]
    fn a_gap_breaks_the_line() {
        let minute = 60_000;
        let points: Vec<RatePoint> = (0..180)
            .filter(|n| !(60..90).contains(n))
            .map(|n| point(n * minute, (n != 120).then_some(100)))
            .collect();
        let spark = Spark::new(&points, Facing::Upstream, SPARK_MS).unwrap();
        assert_eq!(spark.download.matches('M').count(), 3, "{}", spark.download);
        assert_eq!(spark.upload.matches('M').count(), 2);
        assert_eq!(spark.peak_bps, 100);
    }

    #[test]
    fn nothing_to_draw_is_no_picture() {
        assert_eq!(Spark::new(&[], Facing::Customer, 0), None);
        let empty = (LinkId(1), 0, None, None);
        assert_eq!(Spark::new(&[empty], Facing::Customer, 1), None);
    }
}
