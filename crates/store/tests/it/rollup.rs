use store::{LATENCY_BUCKETS, Resolution, RollUpOutcome, Sample};

use crate::database::on_both;
use crate::fixture::{DAY_MS, HOUR_MS, START_MS, bare, isp, sample};

on_both! {
    async fn an_hour_adds_up_its_samples(db) {
        let isp = isp(&db.store).await;
        let link = isp.links[0];
        let slow = Sample { rx_bps: Some(10), tx_bps: Some(900), sent: Some(5), received: Some(2), rtt_min_us: Some(30_000),
            rtt_avg_us: Some(45_000), rtt_max_us: Some(60_000), ..sample(link, START_MS) };
        let fast = Sample { rx_bps: Some(30), tx_bps: None, sent: Some(5), received: Some(5), rtt_min_us: Some(80),
            rtt_avg_us: Some(100), rtt_max_us: Some(120), ..sample(link, START_MS + HOUR_MS - 1) };
        let lost = Sample { rx_bps: None, tx_bps: Some(100), sent: Some(5), received: Some(0), rtt_min_us: None,
            rtt_avg_us: None, rtt_max_us: None, ..sample(link, START_MS + 600_000) };
        let next_hour = sample(link, START_MS + HOUR_MS);
        let other_link = sample(isp.links[1], START_MS);
        let down = bare(link, START_MS + 900_000);
        db.store.write_samples(&[slow, fast, lost, down, next_hour, other_link]).await.unwrap();
        let outcome = db.store.roll_up(START_MS + HOUR_MS).await.unwrap();
        assert_eq!(outcome, RollUpOutcome { hours: 1, days: 0 }, "the second hour is not over");
        let hours = db.store.rollups(link, Resolution::Hour, START_MS, START_MS + DAY_MS).await.unwrap();
        let [hour] = &hours[..] else { panic!("one hour: {hours:?}") };
        assert_eq!((hour.link, hour.from_ms, hour.n), (link, START_MS, 4));
        assert_eq!((hour.rx_n, hour.rx_bps_min, hour.rx_bps_max, hour.rx_bps_sum), (2, Some(10), Some(30), 40));
        assert_eq!((hour.tx_n, hour.tx_bps_min, hour.tx_bps_max, hour.tx_bps_sum), (2, Some(100), Some(900), 1_000));
        assert_eq!((hour.sent, hour.received), (15, 7));
        assert_eq!((hour.rtt_min_us, hour.rtt_max_us), (Some(80), Some(60_000)));
        assert_eq!((hour.rtt_n, hour.rtt_weighted_sum_us), (7, 2 * 45_000 + 5 * 100), "weighted by answers");
        let mut histogram = vec![0; LATENCY_BUCKETS];
        histogram[0] = 5;
        histogram[15] = 2;
        assert_eq!(store::LATENCY_BOUNDS_US[14..16], [40_000, 50_000]);
        assert_eq!(hour.latency_histogram, histogram);
        assert_eq!(db.store.rollups(isp.links[1], Resolution::Hour, 0, i64::MAX).await.unwrap().len(), 1);
    }

    async fn a_day_adds_up_its_hours(db) {
        let isp = isp(&db.store).await;
        let link = isp.links[3];
        let all: Vec<Sample> = (0..300).map(|step| sample(link, START_MS + step * 300_000)).collect();
        db.store.write_samples(&all).await.unwrap();
        let outcome = db.store.roll_up(START_MS + DAY_MS + HOUR_MS).await.unwrap();
        assert_eq!(outcome, RollUpOutcome { hours: 25, days: 1 });
        let days = db.store.rollups(link, Resolution::Day, 0, i64::MAX).await.unwrap();
        let [day] = &days[..] else { panic!("one day: {days:?}") };
        let of_day = &all[..288];
        assert_eq!((day.from_ms, day.n, day.sent, day.received), (START_MS, 288, 5 * 288, 4 * 288));
        assert_eq!(day.rx_bps_sum, of_day.iter().filter_map(|sample| sample.rx_bps).sum::<i64>());
        assert_eq!((day.tx_bps_min, day.tx_bps_max), (of_day[0].tx_bps, of_day[287].tx_bps));
        assert_eq!((day.rtt_n, day.rtt_weighted_sum_us), (4 * 288, 4 * 288 * 1_000));
        assert_eq!(day.latency_histogram.iter().sum::<i64>(), 4 * 288);
        assert_eq!(db.store.roll_up(START_MS + DAY_MS + HOUR_MS).await.unwrap(), RollUpOutcome::default(), "done");
    }

    /// A collector that was cut off from its database writes its samples hours later.
    async fn a_late_sample_is_rolled_up_too(db) {
        let isp = isp(&db.store).await;
        let link = isp.links[2];
        let now_ms = START_MS + 2 * DAY_MS;
        db.store.write_samples(&[sample(link, START_MS + 60_000)]).await.unwrap();
        assert_eq!(db.store.roll_up(now_ms).await.unwrap(), RollUpOutcome { hours: 1, days: 1 });
        db.store.write_samples(&[sample(link, START_MS + 120_000)]).await.unwrap();
        assert_eq!(db.store.roll_up(now_ms).await.unwrap(), RollUpOutcome { hours: 1, days: 1 });
        for resolution in [Resolution::Hour, Resolution::Day] {
            let found = db.store.rollups(link, resolution, 0, i64::MAX).await.unwrap();
            assert_eq!((found.len(), found[0].n), (1, 2), "{resolution:?}");
        }
        // The same samples again mark the hour again, and give the same figures.
        let before = db.store.rollups(link, Resolution::Day, 0, i64::MAX).await.unwrap();
        db.store.write_samples(&[sample(link, START_MS + 120_000)]).await.unwrap();
        db.store.roll_up(now_ms).await.unwrap();
        assert_eq!(db.store.rollups(link, Resolution::Day, 0, i64::MAX).await.unwrap(), before);
    }
}
