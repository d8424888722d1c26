use axum::http::StatusCode;
use futures_util::StreamExt;
use sla::LinkState;
use store::{Facing, NewLink};

use crate::portal::{HOUR_MS, MINUTE_MS, NOW_MS, portals, sample};

#[tokio::test]
async fn a_file_holds_each_measurement_of_the_range_and_is_written_down() {
    for portal in portals().await {
        portal.write(portal.mine, LinkState::Up, None, MINUTE_MS).await;
        // Another day, so that the file comes in pieces; and one sample before the range.
        let days_ago = |days: i64| sample(portal.mine, NOW_MS - days * 24 * HOUR_MS);
        portal.store.write_samples(&[days_ago(3), days_ago(5)]).await.unwrap();
        let mut browser = portal.logged_in().await;
        let path = format!("/client/links/{}", portal.mine);
        let range = "from=2026-11-20T00:00&to=2026-11-23T18:00";
        for (file, first, fields) in [
            ("traffic", "2026-11-20T18:00:00+05:30,up,40000000,10000000", 5),
            ("latency", "2026-11-20T18:00:00+05:30,up,8.000,8.240,9.000,5,4", 8),
            ("loss", "2026-11-20T18:00:00+05:30,up,5,4,1,20.000", 7),
        ] {
            let answer = browser.get(&format!("{path}/{file}.csv?{range}")).await;
            assert_eq!(answer.status, StatusCode::OK);
            assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
            assert_eq!(
                answer.header("content-disposition"),
                format!("attachment; filename=\"MINE-1_{file}_20261120T0000_20261123T1800.csv\"")
            );
            assert_eq!(answer.header("cache-control"), "no-store");
            let lines: Vec<&str> = answer.body.lines().collect();
            assert_eq!(lines.len(), 1 + 1 + 12, "a header, the old sample, an hour of new ones");
            assert_eq!(lines[1], format!("\"MINE-1\",{first}"));
            assert!(lines.iter().all(|line| line.split(',').count() == fields), "{file}: {}", answer.body);
        }
        let events = portal.store.audit_events(None, 10).await.unwrap();
        let downloads: Vec<_> = events.iter().filter(|record| record.event.action == "download").collect();
        assert_eq!(downloads.len(), 3);
        assert_eq!(downloads[0].event.subject, "link MINE-1");
        let none = browser.get(&format!("{path}/loss.csv?from=2026-10-01&to=2026-10-02")).await;
        assert_eq!(
            none.body, "\u{feff}circuit,time,state,sent,received,lost,loss_pct\r\n",
            "no measurement, no line"
        );
    }
}

#[tokio::test]
async fn a_file_breaks_off_when_its_session_is_over() {
    for portal in portals().await {
        portal.write(portal.mine, LinkState::Up, None, MINUTE_MS).await;
        let path = format!("/client/links/{}/traffic.csv?range=24h", portal.mine);
        let user = portal.store.portal_user_by_username("asha").await.unwrap().unwrap().0;
        for deactivated in [false, true] {
            let mut browser = portal.logged_in().await;
            let mut file = browser.begin(&path).await.into_body().into_data_stream();
            assert!(file.next().await.unwrap().is_ok(), "the head");
            if deactivated {
                portal.store.set_portal_user_active(user.id, false).await.unwrap();
            } else {
                browser.post("/client/logout", "").await;
            }
            assert!(file.next().await.unwrap().is_err(), "the rest, deactivated: {deactivated}");
        }
    }
}

#[tokio::test]
async fn a_circuit_that_looks_like_a_formula_stays_text() {
    for portal in portals().await {
        let client = portal.store.link(portal.mine).await.unwrap().client_id;
        let link = NewLink {
            client_id: client,
            router_id: portal.router_id,
            interface: "ether9",
            circuit: "=cmd|' /C calc'!A0",
            service_ref: None,
            kind: "ILL",
            committed_bps: 1_000_000,
            probe_target: None,
            facing: Facing::Customer,
            site: None,
            activated_at_ms: 0,
            terminated_at_ms: None,
        };
        let id = portal.store.insert_link(&link).await.unwrap();
        portal.store.write_samples(&[sample(id, NOW_MS - MINUTE_MS)]).await.unwrap();
        let answer = portal.logged_in().await.get(&format!("/client/links/{id}/traffic.csv")).await;
        let line = answer.body.lines().nth(1).unwrap();
        assert!(line.starts_with("\"'=cmd|' /C calc'!A0\","), "{line}");
        assert!(answer.header("content-disposition").contains("filename=\"cmd----C-calc--A0_traffic_"));
    }
}
