use sla::Verdict::{Breached, Met, Undetermined};
use sla::{Month, Statement};
use store::{LinkId, NewReport, OutboxFilter, ReportFilter, ReportId, ReportOutcome, StoreError};

use crate::database::{Db, on_both};
use crate::fixture::{Isp, START_MS, inputs, isp, new_mail, new_report, statement};

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

async fn write_one(db: &Db, report: NewReport<'_>) -> ReportOutcome {
    db.store.write_reports(&[report], START_MS).await.unwrap()[0]
}

/// Two months of every link, met but for the first link's second month; the ids by month and link.
async fn two_months(db: &Db, isp: &Isp) -> Vec<ReportId> {
    let mut ids = Vec::new();
    for name in ["2026-10", "2026-11"] {
        let reports: Vec<NewReport<'_>> = (0..4)
            .map(|link| {
                let breached = link == 0 && name == "2026-11";
                new_report(isp, link, &statement(name, if breached { Breached } else { Met }))
            })
            .collect();
        let outcomes = db.store.write_reports(&reports, START_MS).await.unwrap();
        ids.extend(outcomes.into_iter().map(ReportOutcome::id));
    }
    ids
}

on_both! {
    async fn a_report_comes_back_as_written(db) {
        let isp = isp(&db.store).await;
        let written = statement("2026-10", Breached);
        let new = new_report(&isp, 1, &written);
        let outcome = write_one(db, new.clone()).await;
        let ReportOutcome::First(id) = outcome else { panic!("{outcome:?}") };
        let report = db.store.report(id).await.unwrap();
        assert_eq!((report.id, report.link_id, report.client_id), (id, isp.links[1], isp.clients[0]));
        assert_eq!((report.month, report.revision, report.reason.as_str()), (month("2026-10"), 1, ""));
        assert_eq!((report.algorithm, report.from_ms, report.to_ms), (1, written.from_ms, written.to_ms));
        assert_eq!((report.created_at_ms, report.created_by.as_str()), (START_MS, "schedule"));
        assert_eq!((&report.digest, &report.facts), (&new.digest, &new.facts));
        assert_eq!(report.statement, written);
        assert_eq!(db.store.report_inputs(id).await.unwrap(), inputs("Asia/Kolkata", month("2026-10")));
        assert_eq!(db.store.report_of_link(isp.links[1], month("2026-10"), None).await.unwrap(), Some(report));
        assert_eq!(db.store.report_of_link(isp.links[1], month("2026-09"), None).await.unwrap(), None);
    }

    /// Closing a month again must not send anybody a second mail.
    async fn the_same_inputs_change_nothing(db) {
        let isp = isp(&db.store).await;
        let first = NewReport { mails: vec![new_mail("a@acme.example")], ..new_report(&isp, 0, &statement("2026-10", Breached)) };
        let id = write_one(db, first.clone()).await.id();
        let again = NewReport { facts: serde_json::json!({"renamed": true}), mails: vec![new_mail("b@acme.example")], ..first.clone() };
        assert_eq!(write_one(db, again).await, ReportOutcome::Unchanged(id));
        assert_eq!(db.store.report(id).await.unwrap().facts, first.facts);
        assert_eq!(db.store.outbox_list(&OutboxFilter::default(), 10).await.unwrap().len(), 1);
    }

    async fn other_inputs_make_the_next_revision(db) {
        let isp = isp(&db.store).await;
        let first = new_report(&isp, 0, &statement("2026-10", Breached));
        let one = write_one(db, first.clone()).await.id();
        let second = NewReport { digest: "other".to_owned(), inputs: inputs("UTC", month("2026-10")).to_bytes(), mails: vec![new_mail("a@acme.example")], ..first.clone() };
        let outcome = write_one(db, second.clone()).await;
        let ReportOutcome::Revised(two, 2) = outcome else { panic!("{outcome:?}") };
        assert_eq!(write_one(db, second).await, ReportOutcome::Unchanged(two));
        // A later version of the arithmetic says something else about the same inputs.
        let newer = Statement { algorithm: 2, ..statement("2026-10", Met) };
        let third = NewReport { digest: "other".to_owned(), ..new_report(&isp, 0, &newer) };
        assert!(matches!(write_one(db, third).await, ReportOutcome::Revised(_, 3)));
        // Back to what the first revision said: a revision again, since the third is what stands.
        assert!(matches!(write_one(db, first.clone()).await, ReportOutcome::Revised(_, 4)));

        let of_link = async |revision| db.store.report_of_link(isp.links[0], month("2026-10"), revision).await.unwrap();
        assert_eq!(of_link(Some(1)).await.unwrap().id, one, "old revisions stay");
        assert_eq!(db.store.report_inputs(one).await.unwrap(), inputs("Asia/Kolkata", month("2026-10")));
        let report = of_link(Some(2)).await.unwrap();
        assert_eq!((report.id, report.reason.as_str()), (two, "exclusion added"));
        assert_eq!(db.store.report_inputs(two).await.unwrap(), inputs("UTC", month("2026-10")));
        assert_eq!(of_link(None).await.unwrap().revision, 4);
        assert_eq!(of_link(Some(5)).await, None);
        let mails = db.store.outbox_list(&OutboxFilter { report: Some(two), ..Default::default() }, 10).await.unwrap();
        assert_eq!(mails.len(), 1);
    }

    /// Report, mail and the claim that it was sent to the right people are one transaction.
    async fn one_bad_report_keeps_all_out(db) {
        let isp = isp(&db.store).await;
        let good = new_report(&isp, 0, &statement("2026-10", Met));
        write_one(db, good.clone()).await;
        let next = |link| NewReport { digest: "other".to_owned(), ..new_report(&isp, link, &statement("2026-10", Met)) };
        let foreign = NewReport { client_id: isp.clients[0], ..next(3) };
        let silent = NewReport { reason: " ", ..next(0) };
        let unsendable = NewReport { mails: vec![new_mail("nobody")], ..next(1) };
        for (bad, error) in [
            (foreign, "is not client"), (silent, "needs a reason"), (unsendable, "neither an e-mail address"), (next(2), "twice"),
        ] {
            let told = db.store.write_reports(&[next(2), bad], START_MS).await.unwrap_err();
            assert!(matches!(told, StoreError::Invalid { .. }), "{told:?}");
            assert!(told.to_string().contains(error), "{told}");
        }
        let nowhere = NewReport { link_id: LinkId(7), ..next(1) };
        let told = db.store.write_reports(&[next(2), nowhere], START_MS).await.unwrap_err();
        assert!(matches!(told, StoreError::NotFound { what: "link" }), "{told:?}");
        let (rows, total) = db.store.reports(None, &ReportFilter::default(), 10, 0).await.unwrap();
        assert_eq!((rows.len(), total), (1, 1));
        assert!(db.store.write_reports(&[], START_MS).await.unwrap().is_empty());
    }

    async fn a_client_sees_its_own_reports(db) {
        let isp = isp(&db.store).await;
        let ids = two_months(db, &isp).await;
        let [acme, bolt] = isp.clients;
        let store = &db.store;
        assert_eq!(store.report_for_client(acme, ids[0]).await.unwrap().unwrap().id, ids[0]);
        assert!(store.report_for_client(bolt, ids[0]).await.unwrap().is_none());
        assert!(store.report_inputs_for_client(acme, ids[0]).await.unwrap().is_some());
        assert!(store.report_inputs_for_client(bolt, ids[0]).await.unwrap().is_none());
        let all = ReportFilter::default();
        let (rows, total) = store.reports_for_client(bolt, &all, 10, 0).await.unwrap();
        assert!(rows.iter().all(|row| row.client_id == bolt));
        assert_eq!((rows.len(), total), (4, 4));
        let foreign = ReportFilter { link: Some(isp.links[0]), ..all };
        assert_eq!(store.reports_for_client(bolt, &foreign, 10, 0).await.unwrap(), (Vec::new(), 0));
        let newcomer = store.insert_client(isp.company, "New", START_MS).await.unwrap();
        assert!(store.months_with_reports_for_client(newcomer).await.unwrap().is_empty());
        assert_eq!(store.months_with_reports_for_client(acme).await.unwrap(), [month("2026-11"), month("2026-10")]);
    }

    async fn lists_come_in_pages_and_as_asked_for(db) {
        let isp = isp(&db.store).await;
        let ids = two_months(db, &isp).await;
        let revised = NewReport { digest: "other".to_owned(), ..new_report(&isp, 1, &statement("2026-10", Undetermined)) };
        let latest = write_one(db, revised).await.id();
        let acme = isp.clients[0];
        let page = async |filter: ReportFilter, limit, offset| -> (Vec<ReportId>, i64) {
            let (rows, total) = db.store.reports_for_client(acme, &filter, limit, offset).await.unwrap();
            (rows.into_iter().map(|row| row.id).collect(), total)
        };
        let all = ReportFilter::default();
        let in_order = [ids[4], ids[5], ids[0], latest, ids[1]];
        assert_eq!(page(all, 10, 0).await, (in_order.to_vec(), 5), "newest month first, then by circuit");
        assert_eq!(page(all, 2, 2).await, (in_order[2..4].to_vec(), 5));
        assert_eq!(page(all, 2, 9).await, (vec![], 5));
        assert_eq!(page(all, -1, -1).await, (vec![], 5));
        let latest_only = ReportFilter { latest_only: true, ..all };
        assert_eq!(page(latest_only, 10, 0).await, (in_order[..4].to_vec(), 4));
        let october = ReportFilter { month: Some(month("2026-10")), ..latest_only };
        assert_eq!(page(october, 10, 0).await, (in_order[2..4].to_vec(), 2));
        let of_link = ReportFilter { link: Some(isp.links[1]), ..all };
        assert_eq!(page(of_link, 10, 0).await, (vec![ids[5], latest, ids[1]], 3));
        let breached = ReportFilter { verdict: Some(Breached), ..all };
        assert_eq!(page(breached, 10, 0).await, (vec![ids[4]], 1));

        let (rows, _) = db.store.reports_for_client(acme, &of_link, 10, 1).await.unwrap();
        assert_eq!((rows[0].revision, rows[0].latest_revision), (2, 2));
        assert_eq!((rows[1].revision, rows[1].latest_revision), (1, 2));
        assert_eq!((rows[0].circuit.as_str(), rows[0].kind.as_str(), &rows[0].site), ("C-1", "ILL", &None));
        let expected = statement("2026-10", Undetermined);
        assert_eq!((rows[0].verdict, rows[0].so_far), (expected.figures.verdict, false));
        assert_eq!(rows[0].availability_pct, expected.figures.availability_pct);
        assert_eq!(rows[0].reasons, expected.reasons);
        let (rows, total) = db.store.reports(None, &all, 10, 0).await.unwrap();
        assert_eq!((rows.len(), total), (9, 9));
    }

    /// `serve` and `sla calculate` close the same month at the same time.
    async fn two_that_close_a_month_at_once_write_it_once(db) {
        let isp = isp(&db.store).await;
        let other = store::Store::open(&db.location, None).await.unwrap();
        for round in 0..10 {
            let name = format!("20{round}0-10");
            let reports: Vec<NewReport<'_>> = (0..4)
                .map(|link| NewReport { mails: vec![new_mail("a@acme.example")], ..new_report(&isp, link, &statement(&name, Breached)) })
                .collect();
            let mut reversed = reports.clone();
            reversed.reverse();
            let (one, two) = tokio::join!(db.store.write_reports(&reports, START_MS), other.write_reports(&reversed, START_MS + 1));
            let (one, mut two) = (one.unwrap(), two.unwrap());
            two.reverse();
            for (one, two) in one.into_iter().zip(two) {
                assert_eq!(one.id(), two.id());
                let first = |outcome| matches!(outcome, ReportOutcome::First(_));
                assert!(first(one) != first(two), "{one:?} {two:?}");
            }
        }
        assert_eq!(db.number("SELECT COUNT(*) FROM sla_reports").await, 40);
        assert_eq!(db.number("SELECT COUNT(*) FROM outbox").await, 40);
        other.close().await;
    }
}
