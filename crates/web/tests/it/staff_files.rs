//! CSV files in and out of the staff pages.

use axum::http::StatusCode;
use serde_json::json;
use store::{AuditEvent, DownWhen, LinkId, LinkTerms, StaffRole, StaffScope};

use crate::portal::{Portal, portals};
use crate::staff::{on_duty, other_things, own_things};

fn form(what: &str, deed: &str, csv: &str) -> String {
    let mut form = String::new();
    for (name, value) in [("what", what), ("deed", deed), ("csv", csv)] {
        let value: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        form += &format!("{name}={value}&");
    }
    form
}

#[tokio::test]
async fn a_file_is_checked_mended_and_entered_as_a_whole() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut browser = on_duty(&portal, "olga", StaffRole::Operator, StaffScope::All).await;
        let head = "circuit,client,router,interface,type,committed_mbps,activated,uptime";
        let good = "NEW-1,Deccan & Sons,r1,ether7,ILL,100,2026-11-01,99.5";
        let bad = "NEW-2,Nobody,r1,ether8,ILL,fast,2026-11-01,101";
        let answer =
            browser.post("/staff/import", &form("links", "enter", &format!("{head}\n{good}\n{bad}\n"))).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        for told in
            ["the file has 3 faults", "<span class=\"mono\">client</span>", "committed_mbps", "uptime"]
        {
            assert!(answer.body.contains(told), "{told}: {}", answer.body);
        }
        assert!(answer.body.contains("NEW-2,Nobody"), "what was typed is lost");
        assert_eq!(portal.store.links().await.unwrap().len(), 2, "half a file");
        let right = form("links", "check", &format!("{head}\n{good}\n"));
        let answer = browser.post("/staff/import", &right).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.body.contains("All 1 links are right. Nothing is entered yet."));
        assert_eq!(portal.store.links().await.unwrap().len(), 2, "a check enters nothing");
        let answer =
            browser.post("/staff/import", &right.replace("deed=%63%68%65%63%6B", "deed=enter")).await;
        assert_eq!(answer.header("location"), "/staff/import?what=links&entered=1");
        assert!(browser.get(answer.header("location")).await.body.contains("1 links are entered."));
        let links = portal.store.links().await.unwrap();
        assert!(links.iter().any(|link| link.circuit == "NEW-1" && link.client_id == own.client));
    }
}

#[tokio::test]
async fn a_long_file_is_taken_and_any_other_long_form_is_not() {
    for portal in portals().await {
        let mut browser = on_duty(&portal, "olga", StaffRole::Operator, StaffScope::All).await;
        let rows: String = (0..2_000).map(|n| format!("Client number {n} of many\n")).collect();
        let csv = format!("name,company\n{}", rows.replace('\n', ",Northwind <Fibre>\n"));
        let answer = browser.post("/staff/import", &form("clients", "enter", &csv)).await;
        assert_eq!(answer.header("location"), "/staff/import?what=clients&entered=2000", "{}", answer.body);
        let long = format!("name={}", "x".repeat(20_000));
        assert_ne!(browser.post("/staff/clients", &long).await.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn what_is_exported_is_what_may_be_seen_and_is_in_the_log() {
    for portal in portals().await {
        own_things(&portal).await;
        let other = other_things(&portal).await;
        let from_ms = 1_793_491_200_000;
        for link in [other.link, portal.mine] {
            portal.store.insert_terms(&terms(link, from_ms)).await.unwrap();
        }
        let scope = StaffScope::Companies([other.company].into());
        let mut browser = on_duty(&portal, "zed", StaffRole::Admin, scope).await;
        for (what, expected) in [
            ("clients", "Zenith Works,Second Brand"),
            ("routers", "core-zulu,192.0.2.77"),
            ("links", "ZULU-1,Zenith Works,core-zulu"),
            ("users", "\"zoe\",\"zoe@zenith.example\""),
            (
                "terms",
                "\"ZULU-1\",\"Zenith Works\",\"Second Brand\",2026-11-01T01:00:00+01:00,\"99.5\",\"20\",,\"interface\"",
            ),
            ("companies", "\"Second Brand\",\"Europe/Berlin\",\"EUR\","),
            ("rules", "\"Second Brand\",\"link_down\",yes,"),
            ("webhooks", "\"Second Brand\",\"https://"),
            ("team", "\"zed\",\"\",\"zed@isp.example\",\"admin\",\"Second Brand\",yes,yes,"),
            ("exclusions", "\"ZULU-1\",\"Zenith Works\",2026-11-23T"),
            ("outages", "\"ZULU-1\",\"Zenith Works\""),
            ("alerts", "\"ZULU-1\",\"Second Brand\""),
            ("reports", "\"ZULU-1\",\"Zenith Works\",\"Second Brand\",\"2026-10\",1,1,"),
            ("audit", "at,actor,address,action,subject,detail"),
        ] {
            let answer = browser.get(&format!("/staff/export.csv?what={what}")).await;
            assert_eq!(answer.status, StatusCode::OK, "{what}");
            assert!(
                answer.header("content-disposition").contains(&format!("filename=\"{what}_2026")),
                "{what}"
            );
            assert!(answer.body.contains(expected), "{what}: {}", answer.body);
            assert!(answer.body.starts_with('\u{feff}'), "{what} is taken for something else than UTF-8");
            let columns = answer.body.lines().next().unwrap().matches(',').count();
            assert!(
                columns >= 1 && answer.body.lines().skip(1).all(|line| line.matches(',').count() >= columns)
            );
            // What an address of a webhook holds besides its server is as good as a password.
            for secret in
                ["MINE-1", "FOREIGN-1", "Deccan", "Northwind", "asha", "192.0.2.1:", "whsec_", "/ZULU-1"]
            {
                assert!(!answer.body.contains(secret), "{what} shows {secret}");
            }
        }
        assert_eq!(browser.get("/staff/export.csv?what=secrets").await.status, StatusCode::BAD_REQUEST);
        let events = portal.store.audit_events(None, 100).await.unwrap();
        let taken = events.iter().filter(|event| event.event.action == "download").count();
        assert_eq!(taken, 14);
    }
}

#[tokio::test]
async fn the_file_of_webhooks_is_for_admins_as_their_pages_are() {
    for portal in portals().await {
        own_things(&portal).await;
        let mut browser = on_duty(&portal, "olga", StaffRole::Operator, StaffScope::All).await;
        let before = downloads(&portal).await;
        let answer = browser.get("/staff/export.csv?what=webhooks").await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(!answer.body.contains("hooks."), "{}", answer.body);
        assert_eq!(downloads(&portal).await, before);
        let page = browser.get("/staff/import").await.body;
        assert!(!page.contains("what=webhooks") && page.contains("what=rules"));
        let mut browser = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        assert!(browser.get("/staff/import").await.body.contains("what=webhooks"));
    }
}

#[tokio::test]
async fn an_unread_export_blocks_its_own_person_and_nobody_else() {
    for portal in portals().await {
        own_things(&portal).await;
        let mut browser = on_duty(&portal, "vera", StaffRole::Viewer, StaffScope::All).await;
        let mut colleague = on_duty(&portal, "olga", StaffRole::Operator, StaffScope::All).await;
        let slow = browser.begin("/staff/export.csv?what=alerts").await;
        assert_eq!(downloads(&portal).await, 1);
        for what in ["outages", "links"] {
            let answer = browser.get(&format!("/staff/export.csv?what={what}")).await;
            assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{what}");
            assert!(
                answer.body.contains("You have 1 export running, the limit per user."),
                "{}",
                answer.body
            );
        }
        assert_eq!(downloads(&portal).await, 1, "a file that nobody got");
        assert_eq!(colleague.get("/staff/export.csv?what=outages").await.status, StatusCode::OK);
        drop(slow);
        assert_eq!(browser.get("/staff/export.csv?what=outages").await.status, StatusCode::OK);
        assert_eq!(downloads(&portal).await, 3);
    }
}

#[tokio::test]
async fn a_huge_file_that_is_wrong_is_not_sent_back() {
    for portal in portals().await {
        let mut browser = on_duty(&portal, "olga", StaffRole::Operator, StaffScope::All).await;
        for csv in [
            format!("name{}\nA\n", ",x".repeat(700_000)),
            format!("name,company\nA,{}\n", "x".repeat(1_500_000)),
        ] {
            let answer = browser.post("/staff/import", &form("clients", "check", &csv)).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(answer.body.len() < 100_000, "{} bytes", answer.body.len());
            assert!(answer.body.contains("choose it again"), "{}", answer.body);
        }
    }
}

#[tokio::test]
async fn a_list_of_several_pieces_is_in_the_file_whole_and_once() {
    for portal in portals().await {
        const EVENTS: usize = 1_001;
        for n in 0..EVENTS {
            let event = AuditEvent {
                at_ms: portal.now_ms(),
                actor: "cli".to_owned(),
                action: "tested".to_owned(),
                subject: format!("number {n}."),
                detail: json!({}),
                address: None,
            };
            portal.store.audit_of(portal.company, &event).await.unwrap();
        }
        let scope = StaffScope::Companies([portal.company].into());
        let mut browser = on_duty(&portal, "adam", StaffRole::Admin, scope).await;
        let file = browser.get("/staff/export.csv?what=audit").await.body;
        for n in 0..EVENTS {
            assert_eq!(file.matches(&format!("\"number {n}.\"")).count(), 1, "{n}");
        }
    }
}

/// How many files left.
async fn downloads(portal: &Portal) -> usize {
    let events = portal.store.audit_events(None, 1_000).await.unwrap();
    events.iter().filter(|event| event.event.action == "download").count()
}

fn terms(link_id: LinkId, valid_from_ms: i64) -> LinkTerms {
    LinkTerms {
        link_id,
        valid_from_ms,
        uptime_pct: Some("99.5".to_owned()),
        latency_ms: Some("20".to_owned()),
        loss_pct: None,
        down_when: DownWhen::Interface,
    }
}
