use axum::http::StatusCode;
use serde_json::{Value, json};
use sla::LinkState;

use crate::portal::{HOUR_MS, MINUTE_MS, NOW_MS, portals};

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
        assert_eq!(series["from_ms"], NOW_MS - 24 * HOUR_MS);
        assert_eq!(series["at_ms"].as_array().unwrap().len(), 12);
        assert_eq!(series["download"][0], 40_000_000);
        assert_eq!(series["upload"][0], 10_000_000);
        assert_eq!((&series["rtt_min"][0], &series["rtt_avg"][0]), (&json!(8_000), &json!(8_240)));
        assert_eq!(series["loss"][0], 20.0);
        let band = json!({
            "from_ms": NOW_MS - 10 * MINUTE_MS,
            "to_ms": NOW_MS,
            "state": "down",
            "word": "Down",
            "cause": "Line down at our port",
        });
        assert_eq!(series["bands"], json!([band]));
    }
}

#[tokio::test]
async fn a_range_is_kept_to_and_a_senseless_one_refused() {
    for portal in portals().await {
        portal.write(portal.mine, LinkState::Up, None, MINUTE_MS).await;
        let mut browser = portal.logged_in().await;
        let path = format!("/client/links/{}/series.json", portal.mine);
        let (from, to) = (NOW_MS - HOUR_MS, NOW_MS - 50 * MINUTE_MS);
        let answer = browser.get(&format!("{path}?from={from}&to={to}")).await;
        let series: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(series["at_ms"], json!([from, from + 5 * MINUTE_MS]));
        let month = NOW_MS - 31 * 24 * HOUR_MS;
        for query in [
            "from=5&to=5",
            "from=abc",
            "from=-1&to=5",
            &format!("from={month}&to={NOW_MS}"),
            "to=-9223372036854775808",
        ] {
            assert_eq!(
                browser.get(&format!("{path}?{query}")).await.status,
                StatusCode::BAD_REQUEST,
                "{query}"
            );
        }
    }
}
