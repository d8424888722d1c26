use sla::LinkState;
use store::{LinkId, Sample, StoreError};

use crate::database::on_both;
use crate::fixture::{DAY_MS, HOUR_MS, START_MS, bare, isp, sample};

on_both! {
    async fn a_sample_comes_back_as_it_was(db) {
        let isp = isp(&db.store).await;
        let [first, second, ..] = isp.links;
        let written = [sample(first, START_MS), bare(first, START_MS + 300_000), sample(second, START_MS)];
        db.store.write_samples(&written).await.unwrap();
        assert_eq!(db.store.samples(first, START_MS, START_MS + DAY_MS).await.unwrap(), written[..2]);
        assert_eq!(db.store.samples(second, START_MS, START_MS + DAY_MS).await.unwrap(), written[2..]);
        let shown = serde_json::to_value(&written[1]).unwrap();
        assert_eq!(shown["state"], "down");
        assert!(shown["rx_bytes"].is_null(), "no figure is null, not 0");
    }

    /// A range is half-open and may begin and end anywhere in an hour, a month, or outside of all that is stored.
    async fn a_range_takes_its_start_and_leaves_its_end(db) {
        let isp = isp(&db.store).await;
        let link = isp.links[2];
        // 40 days from 2026-11-10: three months, so three partitions on PostgreSQL.
        let times: Vec<i64> = (0..160).map(|step| START_MS + step * (6 * HOUR_MS + 1)).collect();
        let all: Vec<Sample> = times.iter().map(|&at_ms| sample(link, at_ms)).collect();
        db.store.write_samples(&all).await.unwrap();
        db.store.write_samples(&[sample(isp.links[3], times[7])]).await.unwrap();
        let ranges = [
            (0, i64::MAX), (i64::MIN, i64::MAX), (times[3], times[9]), (times[3] + 1, times[9] + 1), (times[5], times[5]),
            (times[9], times[3]), (times[50], times[120]), (0, times[1]), (times[159], i64::MAX), (times[159] + 1, i64::MAX),
        ];
        for (from_ms, to_ms) in ranges {
            let expected: Vec<&Sample> = all.iter().filter(|s| s.at_ms >= from_ms && s.at_ms < to_ms).collect();
            let found = db.store.samples(link, from_ms, to_ms).await.unwrap();
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "[{from_ms}, {to_ms})");
            let mut streamed = Vec::new();
            db.store.samples_each(link, from_ms, to_ms, |sample| streamed.push(sample)).await.unwrap();
            assert_eq!(streamed, found);
        }
    }

    async fn the_first_sample_of_a_moment_stays(db) {
        let isp = isp(&db.store).await;
        let link = isp.links[0];
        let first = sample(link, START_MS);
        db.store.write_samples(std::slice::from_ref(&first)).await.unwrap();
        let other = Sample { rx_bytes: Some(1), state: LinkState::Unknown, ..first.clone() };
        db.store.write_samples(&[other, sample(link, START_MS + 1)]).await.unwrap();
        let found = db.store.samples(link, START_MS, START_MS + 10).await.unwrap();
        assert_eq!(found, [first, sample(link, START_MS + 1)]);
    }

    /// More rows than one statement holds, with a remainder, in no order.
    async fn many_samples_go_in_at_once(db) {
        let isp = isp(&db.store).await;
        let mut all = Vec::new();
        for step in (0..1_234).rev() {
            all.push(sample(isp.links[step % 4], START_MS + (step as i64) * 60_000));
        }
        db.store.write_samples(&all).await.unwrap();
        assert_eq!(db.number("SELECT COUNT(*) FROM link_monitoring_data").await, 1_234);
        db.store.write_samples(&all).await.unwrap();
        assert_eq!(db.number("SELECT COUNT(*) FROM link_monitoring_data").await, 1_234);
        let found = db.store.samples(isp.links[1], 0, i64::MAX).await.unwrap();
        assert_eq!(found.len(), 309);
        assert!(found.is_sorted_by_key(|sample| sample.at_ms));
    }

    async fn a_sample_of_no_link_is_refused_whole(db) {
        let isp = isp(&db.store).await;
        let batch = [sample(isp.links[0], START_MS), sample(LinkId(77), START_MS)];
        let error = db.store.write_samples(&batch).await.unwrap_err();
        assert!(matches!(error, StoreError::Dangling { what: "sample" }), "{error:?}");
        assert!(db.store.samples(isp.links[0], 0, i64::MAX).await.unwrap().is_empty(), "nothing half-written");
    }

    /// Sparklines of one client must not show another's traffic.
    async fn recent_rates_are_of_one_client(db) {
        let isp = isp(&db.store).await;
        let mut all = Vec::new();
        for link in isp.links {
            all.extend((0..30).map(|step| sample(link, START_MS + step * 300_000)));
        }
        db.store.write_samples(&all).await.unwrap();
        let from_ms = START_MS + 5 * 300_000;
        let found = db.store.recent_rates(isp.clients[1], from_ms).await.unwrap();
        let expected: Vec<_> = all.iter()
            .filter(|sample| isp.links[2..].contains(&sample.link) && sample.at_ms >= from_ms)
            .map(|sample| (sample.link, sample.at_ms, sample.rx_bps, sample.tx_bps))
            .collect();
        assert_eq!(expected.len(), 50);
        assert_eq!(found, expected);
    }
}
