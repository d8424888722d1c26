//! Reports as staff find them: within a scope, the latest of each month unless all are asked for.

use sla::Verdict::{Breached, Met, Undetermined};
use store::{NewReport, StaffAsk, StaffReportAsk, StaffScope, StoreError};

use crate::database::on_both;
use crate::fixture::{START_MS, isp, new_report, statement};

on_both! {
    async fn reports_are_found_within_a_scope_and_narrowed_down(db) {
        let isp = isp(&db.store).await;
        let mut ids = Vec::new();
        for (link, month, verdict) in [(0, "2026-09", Met), (0, "2026-10", Undetermined), (1, "2026-10", Breached)] {
            let statement = statement(month, verdict);
            let report = new_report(&isp, link, &statement);
            ids.push(db.store.write_reports(&[report], START_MS).await.unwrap()[0].id());
        }
        let late = statement("2026-10", Met);
        let revised = NewReport { digest: "other".to_owned(), ..new_report(&isp, 0, &late) };
        ids.push(db.store.write_reports(&[revised], START_MS).await.unwrap()[0].id());
        let mine = StaffScope::Companies([isp.company].into());
        let found = async |scope: &StaffScope, asked: &StaffReportAsk<'_>| {
            let page = db.store.staff_reports(scope, asked).await.unwrap();
            assert_eq!(page.rows.len() as i64, page.total);
            page.rows.iter().map(|one| one.report.id).collect::<Vec<_>>()
        };
        let all = StaffReportAsk { ask: StaffAsk { search: "", page: 1 }, ..StaffReportAsk::default() };
        assert_eq!(found(&mine, &all).await, [ids[3], ids[2], ids[0]], "the newest month first, the latest revisions");
        assert_eq!(found(&StaffScope::All, &all).await.len(), 3);
        let every = StaffReportAsk { all_revisions: true, ..all };
        assert_eq!(found(&mine, &every).await, [ids[3], ids[1], ids[2], ids[0]]);
        let review = StaffReportAsk { verdict: Some(Undetermined), ..all };
        assert!(found(&mine, &review).await.is_empty(), "it was decided by the next revision");
        assert_eq!(found(&mine, &StaffReportAsk { verdict: Some(Undetermined), ..every }).await, [ids[1]]);
        let month = StaffReportAsk { month: Some("2026-09".parse().unwrap()), ..all };
        assert_eq!(found(&mine, &month).await, [ids[0]]);
        let client = db.store.link(isp.links[1]).await.unwrap().client_id;
        let of_client = StaffReportAsk { client: Some(client), ..all };
        assert!(found(&mine, &of_client).await.contains(&ids[2]));
        assert_eq!(db.store.staff_report_months(&mine).await.unwrap().len(), 2);
        for other in [StaffScope::Companies([].into()), StaffScope::Companies([store::CompanyId(4_711)].into())] {
            assert!(found(&other, &every).await.is_empty());
            assert!(db.store.staff_report_months(&other).await.unwrap().is_empty());
            let one = db.store.staff_report(&other, ids[0]).await;
            assert!(matches!(one, Err(StoreError::NotFound { .. })), "{one:?}");
        }
        let (report, _, company) = db.store.staff_report(&mine, ids[3]).await.unwrap();
        assert_eq!((report.revision, company.id), (2, isp.company));
    }
}
