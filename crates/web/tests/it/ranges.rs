//! The choice of a range on the page of a link, which works without any script.

use axum::http::StatusCode;
use sla::LinkState;

use crate::portal::{HOUR_MS, MINUTE_MS, NOW_MS, portals, sample};

#[tokio::test]
async fn each_range_is_a_link_and_its_tables_and_files_are_of_that_range() {
    for portal in portals().await {
        portal.write(portal.mine, LinkState::Up, None, MINUTE_MS).await;
        let older: Vec<_> =
            [20, 60].map(|days| sample(portal.mine, NOW_MS - days * 24 * HOUR_MS)).into_iter().collect();
        portal.store.write_samples(&older).await.unwrap();
        let mut browser = portal.logged_in().await;
        let path = format!("/client/links/{}", portal.mine);
        for (query, words, unit, row) in [
            ("range=24h", "22 Nov 18:00 to 23 Nov 18:00", "hour", "17:00 to 18:00"),
            ("range=7d", "16 Nov 18:00 to 23 Nov 18:00", "day", "23 Nov 00:00 to 23 Nov 18:00"),
            ("range=30d", "24 Oct 18:00 to 23 Nov 18:00", "day", "3 Nov 00:30 to 4 Nov 00:30"),
            ("range=13mo", "23 Oct 2025 18:00 to 23 Nov 18:00", "month", "1 Sep 05:30 to 1 Oct 05:30"),
            ("from=2026-11-03&to=2026-11-05", "3 Nov 00:00 to 5 Nov 00:00", "hour", "3 Nov 18:00 to 19:00"),
        ] {
            let page = browser.get(&format!("{path}?{query}")).await;
            assert_eq!(page.status, StatusCode::OK);
            for text in [words, row, &format!("Traffic by {unit}"), "IST (Asia/Kolkata)"] {
                assert!(page.body.contains(text), "{query}: no “{text}”");
            }
            let current = page.body.matches(r##"#charts" aria-current="true""##).count();
            assert_eq!(current, usize::from(query.starts_with("range")), "{query}");
            let figures = browser.get(&format!("{path}/figures?{query}")).await.body;
            assert!(figures.contains(row) && !figures.contains("<html"), "{query}");
            let files = page.body.split('"').filter(|part| part.contains(".csv?")).count();
            assert_eq!(files, 6, "each chart has a file, beside the chart and below its table");
        }
        let day = browser.get(&path).await.body;
        assert!(
            day.contains(r#"href="?range=24h#charts" aria-current="true""#),
            "without a choice a day is shown"
        );
    }
}

#[tokio::test]
async fn a_range_that_makes_no_sense_stays_in_the_form_beside_its_reason() {
    for portal in portals().await {
        let path = format!("/client/links/{}?from=2026-11-20T10:00&to=2026-11-19T09:00", portal.mine);
        let page = portal.logged_in().await.get(&path).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        for text in [
            "The end must come after the start.",
            r#"name="from" value="2026-11-20T10:00""#,
            r#"name="to" value="2026-11-19T09:00""#,
            "22 Nov 18:00 to 23 Nov 18:00",
        ] {
            assert!(page.body.contains(text), "{text}");
        }
    }
}

#[tokio::test]
async fn the_part_that_renews_itself_is_small_and_tells_when_the_charts_have_news() {
    for portal in portals().await {
        portal.write(portal.mine, LinkState::Up, None, MINUTE_MS).await;
        let mut browser = portal.logged_in().await;
        let path = format!("/client/links/{}/live", portal.mine);
        let news =
            |page: &str| page.split("data-news=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let first = browser.get(&path).await.body;
        for (part, wanted) in
            [("id=\"live\"", true), ("id=\"live-tables\"", true), ("id=\"charts\"", false), ("<html", false)]
        {
            assert_eq!(first.contains(part), wanted, "{part}");
        }
        assert_eq!(news(&browser.get(&path).await.body), news(&first), "nothing new");
        portal.pass(5 * MINUTE_MS);
        portal.write(portal.mine, LinkState::Up, None, MINUTE_MS).await;
        assert_ne!(news(&browser.get(&path).await.body), news(&first), "a new sample");
    }
}
