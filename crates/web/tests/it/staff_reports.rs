//! SLA reports on the staff pages: found, read and taken along within a scope.

use axum::http::StatusCode;
use store::{StaffRole, StaffScope};

use crate::ledger::write_report;
use crate::portal::portals;
use crate::staff::{on_duty, other_things};

#[tokio::test]
async fn the_list_is_narrowed_down_and_says_which_revision_stands() {
    for portal in portals().await {
        let mine = portal.store.link(portal.mine).await.unwrap().client_id;
        let met = write_report(&portal, portal.mine, "2026-09", &[]).await;
        let first = write_report(&portal, portal.mine, "2026-10", &[(60, 70)]).await;
        let breached = write_report(&portal, portal.mine, "2026-10", &[(60, 400)]).await;
        let foreign = write_report(&portal, portal.foreign, "2026-10", &[]).await;
        let mut browser = on_duty(&portal, "vera", StaffRole::Viewer, StaffScope::All).await;
        let by_client = format!("client={mine}");
        for (query, expected) in [
            ("", [true, false, true, true]),
            ("revisions=all", [true, true, true, true]),
            ("month=2026-09", [true, false, false, false]),
            ("month=2026-08", [false; 4]),
            ("verdict=breached", [false, false, true, false]),
            ("verdict=undetermined", [false; 4]),
            ("verdict=nonsense", [true, false, true, true]),
            (by_client.as_str(), [true, false, true, false]),
            ("q=foreign", [false, false, false, true]),
            ("q=DECCAN", [true, false, true, false]),
            ("page=2", [false; 4]),
        ] {
            let page = browser.get(&format!("/staff/reports?{query}")).await;
            assert_eq!(page.status, StatusCode::OK, "{query}");
            let found = [met, first, breached, foreign]
                .map(|id| page.body.contains(&format!("/staff/reports/{id}\"")));
            assert_eq!(found, expected, "{query}");
        }
        let bad = browser.get("/staff/reports?month=October").await;
        assert_eq!(bad.status, StatusCode::BAD_REQUEST);
        assert!(bad.body.contains("write it as 2026-10"), "{}", bad.body);
        let page = browser.get("/staff/reports?revisions=all").await.body;
        assert!(page.contains("revision 1; 2 stands instead") && page.contains(">revision 2<"), "{page}");
        let old = browser.get(&format!("/staff/reports/{first}")).await.body;
        assert!(
            old.contains("Revision 2 stands instead of it")
                && old.contains(&format!("/staff/reports/{breached}\"")),
            "{old}"
        );
        let page = browser.get(&format!("/staff/reports/{breached}")).await.body;
        for shown in ["MINE-1, October 2026", "Breach", "Uptime", "99.50", "record came in late", "Times in"]
        {
            assert!(page.contains(shown), "{shown}: {page}");
        }
        assert!(!page.contains("stands instead") && !page.contains("exclusions/new"), "{page}");
        let client = browser.get(&format!("/staff/clients/{mine}")).await.body;
        assert!(client.contains(&format!("/staff/reports?client={mine}")), "{client}");
    }
}

#[tokio::test]
async fn a_file_is_the_one_that_the_client_has_and_is_kept_account_of() {
    for portal in portals().await {
        let report = write_report(&portal, portal.mine, "2026-10", &[(60, 400)]).await;
        let other = other_things(&portal).await;
        let mut vera = on_duty(&portal, "vera", StaffRole::Viewer, StaffScope::All).await;
        let mut asha = portal.logged_in().await;
        for form in ["csv", "json"] {
            let theirs = asha.get(&format!("/client/sla-reports/{report}/statement.{form}")).await;
            let ours = vera.get(&format!("/staff/reports/{report}/statement.{form}")).await;
            assert_eq!((ours.status, &ours.body), (StatusCode::OK, &theirs.body), "{form}");
            for name in ["content-type", "content-disposition"] {
                assert_eq!(ours.header(name), theirs.header(name), "{form}");
            }
        }
        let event = portal.store.audit_events(None, 1).await.unwrap().remove(0).event;
        let told = (event.actor.as_str(), event.action.as_str(), event.subject.as_str());
        assert_eq!(told, ("staff:vera", "download", "link MINE-1"));
        let scope = StaffScope::Companies([other.company].into());
        let mut zed = on_duty(&portal, "zed", StaffRole::Admin, scope).await;
        for end in ["", "/statement.pdf", "/statement.csv", "/statement.json"] {
            let answer = zed.get(&format!("/staff/reports/{report}{end}")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{end}");
        }
        let page = zed.get("/staff/reports").await.body;
        assert!(page.contains("ZULU-1") && !page.contains("MINE-1"), "{page}");
        let mine = portal.store.link(portal.mine).await.unwrap().client_id;
        assert_eq!(zed.get(&format!("/staff/reports?client={mine}")).await.status, StatusCode::NOT_FOUND);
        let pdf = zed.get(&format!("/staff/reports/{}/statement.pdf", other.report)).await;
        assert_eq!((pdf.status, pdf.header("content-type")), (StatusCode::OK, "application/pdf"));
        assert!(pdf.body.starts_with("%PDF"));
    }
}
