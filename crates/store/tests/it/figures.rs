//! The figures of charts: whatever is rolled up, pending or cut by the range, they are those of the raw samples.

use std::collections::BTreeMap;

use store::{LinkId, Resolution, Rollup, Sample};

use crate::database::on_both;
use crate::fixture::{DAY_MS, HOUR_MS, START_MS, bare, isp, sample};

const STEP_MS: i64 = 300_000;
/// Not at the start of an hour, as the company's midnights in Kolkata are not.
const HALF_MS: i64 = HOUR_MS / 2;

/// What a point of a chart shows, worked out in the plainest way.
#[derive(Debug, Default, PartialEq)]
struct Point {
    n: i64,
    rx: Vec<i64>,
    tx: Vec<i64>,
    sent: i64,
    received: i64,
    rtt_min: Option<i64>,
    rtt_max: Option<i64>,
    rtt_sum: i64,
}

fn from_raw(samples: &[Sample], length_ms: i64, from_ms: i64, to_ms: i64) -> BTreeMap<i64, Point> {
    let mut points: BTreeMap<i64, Point> = BTreeMap::new();
    for s in samples.iter().filter(|s| from_ms <= s.at_ms && s.at_ms < to_ms) {
        let point = points.entry(s.at_ms - s.at_ms.rem_euclid(length_ms)).or_default();
        point.n += 1;
        point.rx.extend(s.rx_bps);
        point.tx.extend(s.tx_bps);
        point.sent += s.sent.unwrap_or(0);
        point.received += s.received.unwrap_or(0);
        point.rtt_min = [point.rtt_min, s.rtt_min_us].into_iter().flatten().min();
        point.rtt_max = [point.rtt_max, s.rtt_max_us].into_iter().flatten().max();
        point.rtt_sum += s.rtt_avg_us.unwrap_or(0) * s.received.unwrap_or(0);
    }
    points
}

fn assert_same(found: &[Rollup], expected: &BTreeMap<i64, Point>, what: &str) {
    let starts: Vec<i64> = found.iter().map(|point| point.from_ms).collect();
    assert_eq!(starts, expected.keys().copied().collect::<Vec<_>>(), "{what}");
    for (point, (at_ms, raw)) in found.iter().zip(expected) {
        let what = format!("{what}, point at {at_ms}");
        assert_eq!(point.n, raw.n, "{what}");
        assert_eq!((point.rx_n, point.rx_bps_sum), (raw.rx.len() as i64, raw.rx.iter().sum()), "{what}");
        assert_eq!((point.tx_n, point.tx_bps_sum), (raw.tx.len() as i64, raw.tx.iter().sum()), "{what}");
        assert_eq!(
            (point.rx_bps_min, point.rx_bps_max),
            (raw.rx.iter().min().copied(), raw.rx.iter().max().copied()),
            "{what}"
        );
        assert_eq!(
            (point.tx_bps_min, point.tx_bps_max),
            (raw.tx.iter().min().copied(), raw.tx.iter().max().copied()),
            "{what}"
        );
        assert_eq!((point.sent, point.received), (raw.sent, raw.received), "{what}");
        assert_eq!((point.rtt_min_us, point.rtt_max_us), (raw.rtt_min, raw.rtt_max), "{what}");
        assert_eq!(point.rtt_weighted_sum_us, raw.rtt_sum, "{what}");
        assert_eq!(point.latency_histogram.iter().sum::<i64>(), point.rtt_n, "{what}");
    }
}

/// Five days of readings with an hour and a half missing, a down hour, and figures that jump about.
fn readings(link: LinkId) -> Vec<Sample> {
    let gap = START_MS + DAY_MS + 100 * 60_000..START_MS + DAY_MS + 190 * 60_000;
    let down = START_MS + 2 * DAY_MS..START_MS + 2 * DAY_MS + HOUR_MS;
    (0..5 * DAY_MS / STEP_MS)
        .map(|step| (step, START_MS + step * STEP_MS))
        .filter(|(_, at_ms)| !gap.contains(at_ms))
        .map(|(step, at_ms)| {
            if down.contains(&at_ms) {
                return bare(link, at_ms);
            }
            let jump = step * 7_919 % 1_000;
            Sample {
                rx_bps: (step % 17 != 0).then_some(jump * 1_000),
                tx_bps: Some(900_000 - jump * 100),
                received: Some(step % 6),
                rtt_min_us: (step % 6 != 0).then_some(800 + jump),
                rtt_avg_us: (step % 6 != 0).then_some(1_000 + 20 * jump),
                rtt_max_us: (step % 6 != 0).then_some(2_000 + 30 * jump),
                ..sample(link, at_ms)
            }
        })
        .collect()
}

on_both! {
    async fn figures_are_those_of_the_raw_samples_however_much_is_rolled_up(db) {
        let isp = isp(&db.store).await;
        let link = isp.links[1];
        let mut all = readings(link);
        db.store.write_samples(&all).await.unwrap();
        // Another link's samples and roll-ups must not get in.
        db.store.write_samples(&readings(isp.links[2])).await.unwrap();
        let end_ms = START_MS + 5 * DAY_MS;
        let ranges = [
            (START_MS, end_ms),
            (START_MS + HALF_MS, end_ms - HALF_MS),
            (START_MS + DAY_MS + 1, START_MS + 3 * DAY_MS + HALF_MS),
            (START_MS + HALF_MS, START_MS + HALF_MS + 600_000),
            (START_MS + 2 * HOUR_MS, START_MS + 2 * HOUR_MS),
            (START_MS - 9 * DAY_MS, end_ms + 9 * DAY_MS),
            (i64::MIN, i64::MAX),
        ];
        // Nothing rolled up; then up to an hour within the fourth day; then all; then a late sample marks an old hour.
        let turns = [0, START_MS + 3 * DAY_MS + 7 * HOUR_MS, end_ms + DAY_MS, 0];
        for (turn, rolled_to_ms) in turns.into_iter().enumerate() {
            db.store.roll_up(rolled_to_ms).await.unwrap();
            if turn == 3 {
                let late = Sample { rx_bps: Some(77_000_000), ..sample(link, START_MS + DAY_MS + 2 * HOUR_MS + 1) };
                db.store.write_samples(std::slice::from_ref(&late)).await.unwrap();
                all.push(late);
            }
            for (from_ms, to_ms) in ranges {
                for (resolution, length_ms) in [(Resolution::Hour, HOUR_MS), (Resolution::Day, DAY_MS)] {
                    let what = format!("turn {turn}, {resolution:?}, [{from_ms}, {to_ms})");
                    let found = db.store.figures(link, resolution, from_ms, to_ms).await.unwrap();
                    assert_same(&found, &from_raw(&all, length_ms, from_ms, to_ms), &what);
                }
            }
        }
    }

    /// Without this a client could read another's traffic from a chart.
    async fn figures_of_another_clients_link_are_none(db) {
        let isp = isp(&db.store).await;
        let [mine, .., foreign] = isp.links;
        db.store.write_samples(&[sample(mine, START_MS), sample(foreign, START_MS)]).await.unwrap();
        let ask = async |link| {
            db.store.figures_for_client(isp.clients[0], link, Resolution::Day, START_MS, START_MS + DAY_MS).await.unwrap()
        };
        assert_eq!(ask(mine).await.map(|days| days.len()), Some(1));
        assert_eq!(ask(foreign).await, None);
        assert_eq!(ask(LinkId(987_654)).await, None);
        for (link, expected) in [(mine, Some(1)), (foreign, None), (LinkId(987_654), None)] {
            let traffic = db.store.traffic_for_client(isp.clients[0], link, START_MS, START_MS + DAY_MS).await.unwrap();
            assert_eq!(traffic.map(|rows| rows.len()), expected, "{link}");
            let latest = db.store.link_with_latest(isp.clients[0], link).await.unwrap();
            assert_eq!(latest.map(|(found, _)| found.id), expected.map(|_| link), "{link}");
        }
    }

    async fn traffic_is_that_of_the_samples(db) {
        let isp = isp(&db.store).await;
        let [link, other, ..] = isp.links;
        let all = readings(link);
        db.store.write_samples(&all).await.unwrap();
        db.store.write_samples(&readings(other)).await.unwrap();
        let (from_ms, to_ms) = (START_MS + HALF_MS, START_MS + 3 * DAY_MS);
        let found = db.store.traffic_for_client(isp.clients[0], link, from_ms, to_ms).await.unwrap().unwrap();
        let found: Vec<_> = found.iter().map(|row| (row.at_ms, row.rx_bps, row.tx_bps)).collect();
        let expected: Vec<_> = all.iter()
            .filter(|s| from_ms <= s.at_ms && s.at_ms < to_ms)
            .map(|s| (s.at_ms, s.rx_bps, s.tx_bps))
            .collect();
        assert_eq!(found, expected);
    }
}
