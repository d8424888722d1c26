use axum::http::StatusCode;
use serde_json::{Value, json};
use sla::{ExclusionKind, LinkState};
use store::{NewExclusion, Sample};

use crate::portal::{HOUR_MS, MINUTE_MS, NOW_MS, Portal, portals, sample};

const DAY_MS: i64 = 24 * HOUR_MS;

async fn series(portal: &Portal, query: &str) -> Value {
    let path = format!("/client/links/{}/series.json?{query}", portal.mine);
    let answer = portal.logged_in().await.get(&path).await;
    assert_eq!(answer.status, StatusCode::OK, "{query}: {}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

fn column(series: &Value, name: &str) -> Vec<Option<i64>> {
    series[name].as_array().unwrap().iter().map(Value::as_i64).collect()
}

#[tokio::test]
async fn the_series_holds_the_samples_as_the_customer_sees_them_with_bands() {
    for portal in portals().await {
        portal.write(portal.mine, LinkState::Down, Some("link_down"), 10 * MINUTE_MS).await;
        let path = format!("/client/links/{}/series.json", portal.mine);
        let answer = portal.logged_in().await.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("content-type"), "application/json");
        let series: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(series["committed_bps"], 100_000_000);
        assert_eq!(series["timezone"], "Asia/Kolkata");
        assert_eq!((&series["from_ms"], &series["step_ms"]), (&json!(NOW_MS - 24 * HOUR_MS), &json!(0)));
        assert_eq!(series["at_ms"].as_array().unwrap().len(), 12);
        assert_eq!(series["download"][0], 40_000_000);
        assert_eq!(series["upload"][0], 10_000_000);
        assert_eq!((&series["rtt_low"][0], &series["rtt"][0]), (&json!(8_000), &json!(8_240)));
        assert_eq!(series["loss"][0], 20.0);
        assert_eq!(series["p95"][0]["download"], 40_000_000);
        assert_eq!((&series["p95"][0]["n"], &series["p95"][0]["expected"]), (&json!(12), &json!(288)));
        let bands = json!([
            { "from_ms": NOW_MS - 24 * HOUR_MS, "to_ms": NOW_MS - HOUR_MS, "kind": "unknown", "word": "Unknown" },
            {
                "from_ms": NOW_MS - 10 * MINUTE_MS,
                "to_ms": NOW_MS,
                "kind": "down",
                "word": "Down",
                "cause": "Line down at our port",
            },
        ]);
        assert_eq!(series["bands"], bands, "time that nobody measured is unknown in the charts too");
        assert_eq!((&series["exclusions"], &series["previous"]), (&json!([]), &Value::Null));
    }
}

#[tokio::test]
async fn a_link_that_was_never_measured_is_unknown_since_its_contract_began() {
    for portal in portals().await {
        let all = series(&portal, "range=13mo").await;
        assert_eq!(all["at_ms"], json!([]));
        let kinds: Vec<&Value> = all["bands"].as_array().unwrap().iter().map(|band| &band["kind"]).collect();
        assert_eq!(kinds, ["outside", "unknown"]);
        assert_eq!(all["bands"][1]["from_ms"], NOW_MS - 100 * DAY_MS, "the contract's first moment");
    }
}

#[tokio::test]
async fn exclusions_of_this_link_are_bands_and_what_the_staff_wrote_is_not_told() {
    for portal in portals().await {
        let exclusion = |link_id| NewExclusion {
            link_id,
            from_ms: NOW_MS - 30 * HOUR_MS,
            to_ms: Some(NOW_MS - 23 * HOUR_MS),
            kind: ExclusionKind::PlannedMaintenance,
            reason: "the splicer was late again",
            entered_by: "staff:omar",
        };
        let other = NewExclusion { to_ms: None, ..exclusion(portal.foreign) };
        portal.store.insert_exclusions(&[exclusion(portal.mine), other], NOW_MS).await.unwrap();
        let found = series(&portal, "range=24h").await;
        let (from_ms, to_ms) = (NOW_MS - 24 * HOUR_MS, NOW_MS - 23 * HOUR_MS);
        let band =
            json!({ "from_ms": from_ms, "to_ms": to_ms, "kind": "excluded", "word": "Planned maintenance" });
        assert_eq!(found["exclusions"], json!([band]));
        assert!(!found.to_string().contains("splicer"));
    }
}

#[tokio::test]
async fn a_range_is_kept_to_and_a_senseless_one_refused_in_words() {
    for portal in portals().await {
        portal.write(portal.mine, LinkState::Up, None, MINUTE_MS).await;
        let (from, to) = (NOW_MS - HOUR_MS, NOW_MS - 50 * MINUTE_MS);
        let found = series(&portal, &format!("from={from}&to={to}")).await;
        assert_eq!(found["at_ms"], json!([from, from + 5 * MINUTE_MS]));
        let same = series(&portal, "from=2026-11-23T17:00&to=2026-11-23T17:10").await;
        assert_eq!(same["at_ms"], found["at_ms"], "by the company's clock");

        let mut browser = portal.logged_in().await;
        let path = format!("/client/links/{}", portal.mine);
        let (year, half) = (NOW_MS - 401 * DAY_MS, HOUR_MS / 2);
        for (query, words) in [
            ("from=5&to=5", "The end must come after the start."),
            ("from=abc", "The start “abc” is not a date and time."),
            ("from=-1&to=5", "The start “-1” is not a date and time."),
            (&format!("from={year}"), "A range can be at most 400 days long; this one has 401 d."),
            ("to=-9223372036854775808", "The end “-9223372036854775808” is not"),
            ("range=5y", "There is no range “5y”."),
            ("from=%3Cscript%3E", "“&#60;script&#62;”"),
        ] {
            for file in ["/series.json", "/figures", "/traffic.csv", ""] {
                let answer = browser.get(&format!("{path}{file}?{query}")).await;
                assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{file}?{query}");
                assert!(answer.body.contains(words), "{file}?{query}: {}", answer.body);
            }
        }
        for query in ["shift=5", &format!("from={half}&to={HOUR_MS}&shift={DAY_MS}"), "shift=x", "part=maybe"]
        {
            let answer = browser.get(&format!("{path}/series.json?{query}")).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        }
    }
}

/// 40 days of five minutes in which every figure moves, with half a day missing.
fn history(portal: &Portal) -> Vec<Sample> {
    let from_ms = NOW_MS - 40 * DAY_MS;
    let gap = from_ms + 15 * DAY_MS..from_ms + 15 * DAY_MS + 12 * HOUR_MS;
    (0..40 * 288)
        .map(|n| (n, from_ms + n * 5 * MINUTE_MS))
        .filter(|(_, at_ms)| !gap.contains(at_ms))
        .map(|(n, at_ms)| Sample {
            rx_bps: Some(n * 7_919 % 1_000 * 1_000),
            tx_bps: (n % 50 != 0).then_some(n * 104_729 % 90_000_000),
            received: Some(5 - n % 2),
            rtt_min_us: Some(2_000 + n % 300),
            rtt_avg_us: Some(2_500 + n % 400),
            rtt_max_us: Some(3_000 + n % 5_000),
            ..sample(portal.mine, at_ms)
        })
        .collect()
}

/// A point of a chart from the raw samples of its stretch.
fn point(samples: &[Sample], from_ms: i64, to_ms: i64) -> Value {
    let samples = samples.iter().filter(|s| from_ms <= s.at_ms && s.at_ms < to_ms);
    let down: Vec<i64> = samples.clone().filter_map(|s| s.tx_bps).collect();
    let up: Vec<i64> = samples.clone().filter_map(|s| s.rx_bps).collect();
    let sum = |figure: fn(&Sample) -> i64| samples.clone().map(figure).sum::<i64>();
    let (sent, received) = (sum(|s| s.sent.unwrap()), sum(|s| s.received.unwrap()));
    json!([
        down.iter().sum::<i64>() / down.len() as i64,
        down.iter().min(),
        down.iter().max(),
        up.iter().sum::<i64>() / up.len() as i64,
        up.iter().min(),
        up.iter().max(),
        samples.clone().filter_map(|s| s.rtt_min_us).min(),
        sum(|s| s.rtt_avg_us.unwrap() * s.received.unwrap()) / received,
        samples.clone().filter_map(|s| s.rtt_max_us).max(),
        ((sent - received) * 100_000 / sent) as f64 / 1_000.0,
    ])
}

#[tokio::test]
async fn hours_and_days_are_those_of_the_raw_samples_up_to_the_last_minute() {
    for portal in portals().await {
        let samples = history(&portal);
        portal.store.write_samples(&samples).await.unwrap();
        // What is younger than three hours is not rolled up yet.
        portal.store.roll_up(NOW_MS - 3 * HOUR_MS).await.unwrap();
        for (query, step_ms) in [("range=30d", HOUR_MS), ("range=13mo", DAY_MS)] {
            let found = series(&portal, query).await;
            assert_eq!(found["step_ms"], step_ms);
            let (from_ms, to_ms) = (found["from_ms"].as_i64().unwrap(), found["to_ms"].as_i64().unwrap());
            let at_ms = column(&found, "at_ms");
            let mut seen = 0;
            for (i, at_ms) in at_ms.into_iter().enumerate() {
                if found["download"][i].is_null() && found["upload"][i].is_null() {
                    continue;
                }
                let start_ms = at_ms.unwrap() - at_ms.unwrap().rem_euclid(step_ms);
                let names = [
                    "download",
                    "download_low",
                    "download_high",
                    "upload",
                    "upload_low",
                    "upload_high",
                    "rtt_low",
                    "rtt",
                    "rtt_high",
                    "loss",
                ];
                let shown: Value = names.iter().map(|name| found[name][i].clone()).collect();
                let raw = point(&samples, start_ms.max(from_ms), (start_ms + step_ms).min(to_ms));
                assert_eq!(shown, raw, "{query}, {start_ms}");
                seen += 1;
            }
            let stretches = samples.iter().filter(|s| s.at_ms >= from_ms).map(|s| s.at_ms / step_ms);
            let expected: std::collections::BTreeSet<i64> = stretches.collect();
            assert_eq!(seen, expected.len(), "{query}: a point is missing");
            let gaps = column(&found, "upload").iter().filter(|bps| bps.is_none()).count();
            assert_eq!(gaps, usize::from(step_ms == HOUR_MS), "{query}: half a day is missing");
        }
        let found = series(&portal, "range=30d").await;
        let mut rates: Vec<i64> =
            samples.iter().filter(|s| s.at_ms >= NOW_MS - 30 * DAY_MS).filter_map(|s| s.tx_bps).collect();
        rates.sort_unstable();
        assert_eq!(found["p95"][0]["download"], rates[(rates.len() * 95).div_ceil(100) - 1]);
        assert_eq!(series(&portal, "range=13mo").await["p95"], json!([]), "too long for single measurements");
    }
}

#[tokio::test]
async fn the_period_before_lies_under_the_one_that_is_shown() {
    for portal in portals().await {
        let samples = history(&portal);
        portal.store.write_samples(&samples).await.unwrap();
        let found = series(&portal, &format!("range=7d&shift={}&part=true", 7 * DAY_MS)).await;
        assert_eq!(found["p95"], json!([]), "a part has no percentile of its own");
        let before = &found["previous"];
        assert_eq!(before["shift_ms"], 7 * DAY_MS);
        assert_eq!(column(before, "at_ms"), column(&found, "at_ms"));
        let expected: Vec<Option<i64>> = samples
            .iter()
            .filter(|s| (NOW_MS - 14 * DAY_MS..NOW_MS - 7 * DAY_MS).contains(&s.at_ms))
            .map(|s| s.tx_bps)
            .collect();
        assert_eq!(column(before, "download"), expected);
    }
}
