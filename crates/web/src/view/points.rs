use sla::Interval;
use store::{Link, Rollup, Sample};

use crate::view::gap::gaps_before;
use crate::view::range::MINUTE_MS;

/// The most points of a chart, which are the five minutes of a week and some more.
pub(crate) const POINTS_MAX: i64 = 2_100;
/// How long the time is for which samples are put together, if there are too many of them.
const STEPS_MS: [i64; 10] = [
    5_000,
    10_000,
    30_000,
    MINUTE_MS,
    2 * MINUTE_MS,
    5 * MINUTE_MS,
    10 * MINUTE_MS,
    15 * MINUTE_MS,
    30 * MINUTE_MS,
    60 * MINUTE_MS,
];

/// The figures of a window, in order: single measurements, or hours and the like with mean, lowest and highest.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Points {
    pub(crate) window: Interval,
    /// How much time each point stands for; 0: each is a single measurement.
    pub(crate) step_ms: i64,
    pub(crate) points: Vec<Point>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Point {
    /// Whether something is missing between the point before and this one.
    pub(crate) after_gap: bool,
    pub(crate) figures: Rollup,
}

impl Points {
    /// The samples of `window`, in order; too many are put together, and their lowest and highest stay.
    pub(crate) fn of_samples(window: Interval, link: &Link, samples: &[Sample]) -> Self {
        let times_ms: Vec<i64> = samples.iter().map(|sample| sample.at_ms).collect();
        let too_many = samples.len() as i64 > POINTS_MAX;
        let step = STEPS_MS.into_iter().find(|step_ms| window.len_ms() / step_ms <= POINTS_MAX);
        let step_ms = if too_many { step.unwrap_or(STEPS_MS[STEPS_MS.len() - 1]) } else { 0 };
        let mut points: Vec<Point> = Vec::new();
        for (sample, after_gap) in samples.iter().zip(gaps_before(&times_ms)) {
            let from_ms =
                if too_many { sample.at_ms - sample.at_ms.rem_euclid(step_ms) } else { sample.at_ms };
            match points.last_mut() {
                Some(last) if last.figures.from_ms == from_ms => last.figures.add_sample(sample),
                _ => {
                    let mut figures = Rollup::empty(link.id, from_ms);
                    figures.add_sample(sample);
                    points.push(Point { after_gap, figures });
                }
            }
        }
        Self { window, step_ms, points }
    }

    /// Hours or days as the store adds them up; those without any sample are missing.
    pub(crate) fn of_rollups(window: Interval, step_ms: i64, rollups: Vec<Rollup>) -> Self {
        let mut next_ms = None;
        let points = rollups.into_iter().map(|figures| {
            let after_gap = next_ms.is_some_and(|next_ms| next_ms < figures.from_ms);
            next_ms = Some(figures.from_ms + step_ms);
            Point { after_gap, figures }
        });
        let points = points.collect();
        Self { window, step_ms, points }
    }

    /// Where a point stands: in the middle of its time, as far as that lies in the window.
    pub(crate) fn at_ms(&self, point: &Point) -> i64 {
        if self.step_ms == 0 {
            return point.figures.from_ms;
        }
        let time = Interval::new(point.figures.from_ms, point.figures.from_ms + self.step_ms);
        let time = time.intersect(self.window);
        time.from_ms + time.len_ms() / 2
    }

    /// Everything together.
    pub(crate) fn total(&self, link: &Link) -> Rollup {
        let mut total = Rollup::empty(link.id, self.window.from_ms);
        for point in &self.points {
            total.add_rollup(&point.figures);
        }
        total
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use sla::LinkState;
    use store::{ClientId, Facing, LinkId, RouterId};

    use super::*;

    pub(crate) fn link(facing: Facing) -> Link {
        Link {
            id: LinkId(1),
            client_id: ClientId(2),
            router_id: RouterId(3),
            interface: "ether2".to_owned(),
            circuit: "C-1".to_owned(),
            service_ref: None,
            kind: "ILL".to_owned(),
            committed_bps: 100_000_000,
            probe_target: Some("10.20.0.2".to_owned()),
            facing,
            site: None,
            activated_at_ms: 0,
            terminated_at_ms: None,
            measured_from_ms: None,
        }
    }

    pub(crate) fn sample(at_ms: i64, rx: Option<i64>, tx: Option<i64>) -> Sample {
        Sample {
            link: LinkId(1),
            at_ms,
            state: LinkState::Up,
            rx_bytes: None,
            tx_bytes: None,
            rx_packets: None,
            tx_packets: None,
            rx_errors: None,
            tx_errors: None,
            rx_drops: None,
            tx_drops: None,
            rx_bps: rx,
            tx_bps: tx,
            sent: Some(5),
            received: Some(4),
            rtt_min_us: Some(1_000),
            rtt_avg_us: Some(2_000),
            rtt_max_us: Some(3_000),
        }
    }

    #[test]
    fn few_samples_stay_single() {
        let samples = [0, 10, 20, 60, 70].map(|at_ms| sample(at_ms, Some(at_ms), None));
        let points = Points::of_samples(Interval::new(0, 100), &link(Facing::Upstream), &samples);
        assert_eq!(points.step_ms, 0);
        let found: Vec<_> =
            points.points.iter().map(|point| (points.at_ms(point), point.after_gap)).collect();
        assert_eq!(found, [(0, false), (10, false), (20, false), (60, true), (70, false)]);
        assert_eq!(points.total(&link(Facing::Upstream)).rx_bps_sum, 160);
    }

    #[test]
    fn many_samples_become_few_points_that_keep_gap_lowest_and_highest() {
        let times = (0..20_000).filter(|n| !(8_000..9_000).contains(n)).map(|n| n * 1_000);
        let samples: Vec<Sample> = times
            .map(|at_ms| sample(at_ms, Some(if at_ms == 12_345_000 { 900 } else { 7 }), Some(9)))
            .collect();
        let window = Interval::new(0, 20_000_000);
        let points = Points::of_samples(window, &link(Facing::Customer), &samples);
        assert_eq!(points.step_ms, 10_000);
        assert!(points.points.len() as i64 <= POINTS_MAX);
        assert_eq!(points.points.iter().filter(|point| point.after_gap).count(), 1);
        assert!(points.points.is_sorted_by_key(|point| points.at_ms(point)));
        let spike = points.points.iter().find(|point| point.figures.from_ms == 12_340_000).unwrap();
        assert_eq!((spike.figures.rx_bps_min, spike.figures.rx_bps_max), (Some(7), Some(900)));
        assert_eq!(points.total(&link(Facing::Customer)).n, 19_000, "no sample is lost");
    }

    #[test]
    fn a_missing_hour_is_a_gap_and_a_cut_one_stands_in_the_middle_of_what_is_left() {
        let hours = [10, 20, 40].map(|from_ms| Rollup::empty(LinkId(1), from_ms));
        let points = Points::of_rollups(Interval::new(16, 42), 10, hours.to_vec());
        let found: Vec<_> =
            points.points.iter().map(|point| (points.at_ms(point), point.after_gap)).collect();
        assert_eq!(found, [(18, false), (25, false), (41, true)]);
    }
}
