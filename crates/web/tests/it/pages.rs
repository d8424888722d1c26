use axum::http::{Request, StatusCode};
use sla::LinkState;

use store::{Heartbeat, Part, StaffRole, StaffScope};

use crate::portal::{HOUR_MS, MINUTE_MS, let_age, portals};
use crate::staff::on_duty;

#[tokio::test]
async fn the_first_address_leads_to_the_dashboard_and_health_is_told() {
    for portal in portals().await {
        let answer = portal.browser().get("/").await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/client/dashboard"));
        let answer = portal.browser().get("/healthz").await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "ok\n"));
        portal.store.close().await;
        let answer = portal.browser().get("/healthz").await;
        assert_eq!(answer.status, StatusCode::OK, "a restart does not bring a dead store back");
        let answer = portal.browser().get("/client/login").await;
        assert!(!answer.body.contains("sqlx") && !answer.body.contains("pool"), "the cause is for the log");
    }
}

/// A full disk must not go unseen: the staff see what fails and why.
#[tokio::test]
async fn a_database_that_cannot_be_written_makes_the_portal_not_ready_and_says_so_on_the_wall() {
    for portal in portals().await {
        for part in [Part::Collector, Part::Jobs] {
            Heartbeat::new(part).beat(&portal.store, portal.now_ms()).await;
        }
        portal.write(portal.mine, LinkState::Up, None, 1_000).await;
        assert!(portal.readiness.probe().await);
        let mut ravi = on_duty(&portal, "ravi", StaffRole::Viewer, StaffScope::All).await;
        assert!(!ravi.get("/staff").await.body.contains("data-check=\"database_writable\""), "all is well");

        portal.store.refuse_writes(true).await.unwrap();
        let_age(20).await;
        assert!(!portal.readiness.probe().await);
        let answer = portal.browser().get("/readyz").await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.body);
        assert_eq!(portal.browser().get("/healthz").await.status, StatusCode::OK, "the process is alive");
        let refused = portal.browser().log_in("asha", "correct horse battery").await;
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "a login is stored: {}", refused.body);
        assert!(refused.body.contains("Nothing can be stored at the moment"), "{}", refused.body);
        // Who is logged in goes on reading, whenever the session would be lengthened.
        portal.pass(2 * MINUTE_MS);
        let wall = ravi.get("/staff").await;
        assert_eq!(wall.status, StatusCode::OK, "{}", wall.body);
        assert!(wall.body.contains("data-check=\"database_writable\""), "{}", wall.body);
    }
}

#[tokio::test]
async fn the_dashboard_tells_rates_as_the_customer_sees_them() {
    for portal in portals().await {
        portal.write(portal.mine, LinkState::Up, None, 30 * MINUTE_MS).await;
        let page = portal.logged_in().await.get("/client/dashboard").await.body;
        // The port faces the customer: the router's tx of 40 Mbit/s is the download.
        let download = page.find("Download").unwrap();
        let upload = page.find("Upload").unwrap();
        assert!(
            page[download..upload].contains("40.0 Mbit/s")
                && page[download..upload].contains("40 % of 100 Mbit/s")
        );
        assert!(page[upload..].contains("10.0 Mbit/s"));
        for text in
            ["8.24 ms", "20 %", "Up for 30 m, since 17:30 IST", "IST (Asia/Kolkata)", "Your link is up"]
        {
            assert!(page.contains(text), "{text}");
        }
        assert!(
            page.contains("Deccan &#38; Sons") && page.contains("Northwind &#60;Fibre&#62;"),
            "not escaped"
        );
        assert!(page.contains(r#"class="spark""#), "no picture of the last hours");
    }
}

#[tokio::test]
async fn a_down_link_says_why_and_shows_no_old_figures() {
    for portal in portals().await {
        portal.write(portal.mine, LinkState::Down, Some("link_down"), 2 * MINUTE_MS).await;
        let page = portal.logged_in().await.get("/client/dashboard/cards").await.body;
        for text in ["1 link is down", "Line down at our port", "since 17:58 IST (for 2 m)"] {
            assert!(page.contains(text), "{text}: {page}");
        }
        assert!(!page.contains("8.24 ms"), "the latency of a down link");
        assert!(!page.contains("<html"), "a fragment");
    }
}

#[tokio::test]
async fn when_the_collector_stops_nothing_stays_up() {
    for portal in portals().await {
        portal.write(portal.mine, LinkState::Up, None, 30 * MINUTE_MS).await;
        let mut browser = portal.logged_in().await;
        portal.pass(10 * MINUTE_MS);
        let page = browser.get("/client/dashboard").await.body;
        for text in ["1 link is not measured right now", "No fresh measurement", "age-stale", "10 m ago"] {
            assert!(page.contains(text), "{text}");
        }
        assert!(!page.contains("40.0 Mbit/s of"), "an old rate as if it were fresh");
    }
}

#[tokio::test]
async fn a_link_that_was_never_measured_and_a_client_without_links_have_pages_too() {
    for portal in portals().await {
        let mut browser = portal.logged_in().await;
        assert!(browser.get("/client/dashboard").await.body.contains("Not measured yet"));
        let page = browser.get(&format!("/client/links/{}", portal.mine)).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains("No outage in the last 30 days"));
        portal.store.terminate_link(portal.mine, portal.now_ms() - HOUR_MS, portal.now_ms()).await.unwrap();
        assert!(
            browser.get("/client/dashboard").await.body.contains("No links yet"),
            "an ended link has no card"
        );
        assert!(browser.get("/client/links").await.body.contains("Ended 23 Nov 2026"));
    }
}

#[tokio::test]
async fn a_links_page_divides_the_day_and_names_outage_cause_and_evidence() {
    for portal in portals().await {
        portal.write(portal.mine, LinkState::Down, Some("no_answer"), 10 * MINUTE_MS).await;
        let page = portal.logged_in().await.get(&format!("/client/links/{}", portal.mine)).await.body;
        for text in [
            "MINE-1",
            "17:50:00",
            "still down",
            "10 m so far",
            "No answer from the far end",
            "Confirmed by 2 checks of the router in a row",
            "up 50 m, down 10 m, unknown 23 h",
            "83.33 % of the measured time",
            "ether2",
            "10.20.0.2",
            "17:00 to 18:00",
            "22 Nov 18:00 to 23 Nov 18:00",
        ] {
            assert!(page.contains(text), "{text}");
        }
    }
}

#[tokio::test]
async fn a_refresh_after_the_session_ended_gets_a_status_and_no_login_page() {
    for portal in portals().await {
        let request = Request::get("/client/dashboard/cards").header("x-leaseline-refresh", "1");
        let answer = portal.browser().send(request, axum::body::Body::empty()).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::UNAUTHORIZED, ""));
    }
}
