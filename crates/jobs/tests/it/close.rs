//! One month closed by hand.

use jobs::CloseOutcome;
use sla::{
    LinkState::{Down, Unknown, Up},
    Verdict,
};
use store::{ExclusionFilter, LinkTerms, NewExclusion, NotificationEvent, ReportFilter};

use crate::{
    database::on_both,
    isp::{DAY, HOUR, Isp, MINUTE, at, month, sample, terms},
};

const OCTOBER: i64 = 31 * DAY;

on_both! {
    async fn a_month_in_which_measuring_began_is_judged_on_its_part(db) {
        let isp = Isp::new(&db.store).await;
        let (begins, end) = (at(2026, 10, 20, 9, 0), at(2026, 11, 1, 0, 0));
        // Sold since August, polled since 20 October.
        let link = isp.link("C-1", at(2026, 8, 1, 0, 0)).await;
        isp.line(link, &[(begins, end + HOUR, Up)]).await;
        let before = isp.close("2026-10", None, end + HOUR).await;
        let verdict = |closed: &[jobs::ClosedLink]| {
            closed[0].statement.as_ref().map(|statement| statement.figures.verdict.overall)
        };
        assert_eq!(verdict(&before), Some(Verdict::Undetermined), "as long as nobody says when measuring began");
        db.store.set_measured_from(link, None, ("test", end)).await.unwrap();
        assert_eq!(db.store.link(link).await.unwrap().measured_from_ms, Some(begins), "its first poll");
        let closed = isp.close("2026-10", Some("measured from"), end + HOUR).await;
        assert_eq!(verdict(&closed), Some(Verdict::Met));
        let statement = closed[0].statement.as_ref().unwrap();
        assert_eq!((statement.figures.contracted_ms, statement.figures.unknown_ms), (end - begins, 0));
        let report = db.store.report(closed[0].outcome.report().unwrap()).await.unwrap();
        assert_eq!(report.facts["measured_from_ms"], begins, "and the report can say so");
        assert!(isp.close("2026-09", None, end + HOUR).await.is_empty(), "of months never watched there is no report");
        assert_eq!(isp.close("2026-10", None, end + HOUR).await[0].outcome, CloseOutcome::Unchanged(report.id));
    }

    async fn a_month_that_is_not_over_is_so_far_and_leaves_no_trace(db) {
        let isp = Isp::new(&db.store).await;
        let (start, now) = (at(2026, 10, 1, 0, 0), at(2026, 10, 15, 12, 0));
        isp.link_up("C-1", start, now).await;
        let closed = isp.close("2026-10", None, now).await;
        assert_eq!(closed[0].outcome, CloseOutcome::SoFar);
        let statement = closed[0].statement.as_ref().unwrap();
        assert!(statement.so_far);
        assert_eq!((statement.from_ms, statement.to_ms), (start, now));
        assert_eq!(statement.figures.availability_pct.as_deref(), Some("100.00000"));
        let (reports, total) = db.store.reports(None, &ReportFilter::default(), 10, 0).await.unwrap();
        assert_eq!((reports.len(), total), (0, 0), "nothing is frozen of it");
        assert!(isp.mails().await.is_empty(), "nobody hears of it");
    }

    async fn a_month_without_data_has_no_figure_and_nobody_is_told(db) {
        let isp = Isp::new(&db.store).await;
        isp.link("C-1", at(2026, 9, 1, 0, 0)).await;
        let closed = isp.close("2026-10", None, at(2026, 11, 1, 1, 0)).await;
        let figures = &closed[0].statement.as_ref().unwrap().figures;
        assert_eq!(figures.availability_pct, None);
        assert_eq!(figures.unknown_ms, OCTOBER);
        assert_eq!(figures.verdict.overall, Verdict::Undetermined);
        assert!(isp.mails().await.is_empty());
        assert!(closed[0].is_provisional());
    }

    async fn a_link_activated_on_the_15th_is_judged_from_the_15th(db) {
        let isp = Isp::new(&db.store).await;
        let activated = at(2026, 10, 15, 0, 0);
        isp.link_up("C-1", activated, at(2026, 11, 1, 0, 0)).await;
        let closed = isp.close("2026-10", None, at(2026, 11, 1, 1, 0)).await;
        let figures = &closed[0].statement.as_ref().unwrap().figures;
        assert_eq!(figures.contracted_ms, 17 * DAY);
        assert_eq!(figures.unknown_ms, 0);
        assert_eq!(figures.verdict.overall, Verdict::Met);
    }

    async fn terms_changed_on_the_10th_split_the_month(db) {
        let isp = Isp::new(&db.store).await;
        let start = at(2026, 10, 1, 0, 0);
        let link = isp.link_up("C-1", start, at(2026, 11, 1, 0, 0)).await;
        let better = LinkTerms { link_id: link, ..terms(at(2026, 10, 10, 0, 0), "99.90") };
        db.store.insert_terms(&better).await.unwrap();
        let closed = isp.close("2026-10", None, at(2026, 11, 1, 1, 0)).await;
        let statement = closed[0].statement.as_ref().unwrap();
        let lengths: Vec<i64> = statement.parts.iter().map(|part| part.to_ms - part.from_ms).collect();
        assert_eq!(lengths, [9 * DAY, 22 * DAY]);
        assert_eq!(statement.figures.allowed_ms, Some((9 * DAY) / 200 + (22 * DAY) / 1_000));
    }

    async fn a_second_run_changes_nothing_and_tells_nobody_again(db) {
        let isp = Isp::new(&db.store).await;
        let (start, end) = (at(2026, 10, 1, 0, 0), at(2026, 11, 1, 0, 0));
        let link = isp.link_up("C-1", start, end + HOUR).await;
        db.store.write_samples(&[sample(link, start + HOUR), sample(link, end)]).await.unwrap();
        let first = isp.close("2026-10", None, end + HOUR).await;
        assert!(matches!(first[0].outcome, CloseOutcome::First(_)), "{:?}", first[0].outcome);
        assert_eq!(isp.told().await, ["report_ready asha@acme.example", "report_ready ravi@acme.example"]);

        // A month later: the time line and the readings have gone on, the link was terminated, terms were changed.
        isp.line(link, &[(end + HOUR, end + 20 * DAY, Up), (end + 20 * DAY, end + 21 * DAY, Down)]).await;
        db.store.write_samples(&[sample(link, end + 2 * HOUR)]).await.unwrap();
        db.store.insert_terms(&LinkTerms { link_id: link, ..terms(end, "99.99") }).await.unwrap();
        db.store.terminate_link(link, end + 25 * DAY, end + 25 * DAY).await.unwrap();
        let second = isp.close("2026-10", Some("curiosity"), end + 30 * DAY).await;
        assert_eq!(second[0].outcome, CloseOutcome::Unchanged(first[0].outcome.report().unwrap()));
        assert_eq!(second[0].statement, first[0].statement);
        assert_eq!(isp.told().await.len(), 2);
    }

    async fn an_exclusion_entered_late_makes_a_revision_that_says_why_and_is_told(db) {
        let isp = Isp::new(&db.store).await;
        let (start, end) = (at(2026, 10, 1, 0, 0), at(2026, 11, 1, 0, 0));
        let outage = (start + 10 * DAY, start + 10 * DAY + 9 * HOUR);
        let link = isp.link("C-1", start).await;
        isp.line(link, &[(start, outage.0, Up), (outage.0, outage.1, Down), (outage.1, end, Up)]).await;
        isp.close("2026-10", None, end + HOUR).await;
        assert_eq!(isp.told().await, ["sla_breach asha@acme.example", "sla_breach ravi@acme.example"]);

        let exclusion = NewExclusion {
            link_id: link,
            from_ms: outage.0,
            to_ms: Some(outage.1),
            kind: sla::ExclusionKind::CustomerCause,
            reason: "power at the customer's",
            entered_by: "asha",
        };
        db.store.insert_exclusions(&[exclusion], end + 2 * HOUR).await.unwrap();
        assert_eq!(db.store.exclusions(&ExclusionFilter::default()).await.unwrap().len(), 1);
        let again = isp.close("2026-10", None, end + 3 * HOUR).await;
        let CloseOutcome::Revised(id, 2) = again[0].outcome else { panic!("{:?}", again[0].outcome) };
        let report = db.store.report(id).await.unwrap();
        assert_eq!(report.reason, "calculated again: the exclusions changed");
        assert_eq!(report.statement.figures.verdict.overall, Verdict::Met);
        let told = isp.told().await;
        assert_eq!(&told[2..], ["report_ready asha@acme.example", "report_ready ravi@acme.example"]);
        let earlier = db.store.report_of_link(link, month("2026-10"), Some(1)).await.unwrap().unwrap();
        assert_eq!(earlier.statement.figures.verdict.overall, Verdict::Breached, "the old revision stays");
    }

    async fn the_operations_list_is_told_too_and_an_event_can_be_switched_off(db) {
        let isp = Isp::new(&db.store).await;
        isp.send_per_link().await;
        for email in ["noc@isp.example", "asha@acme.example"] {
            db.store.add_notification_recipient(isp.company, email, "test", 0).await.unwrap();
        }
        let (start, end) = (at(2026, 10, 1, 0, 0), at(2026, 11, 1, 0, 0));
        isp.link_up("C-1", start, end).await;
        let silent = NotificationEvent::ReportReady;
        db.store.set_notification(isp.company, silent, false, "test", 0).await.unwrap();
        let broken = isp.link("C-2", start).await;
        isp.line(broken, &[(start, start + DAY, Down), (start + DAY, end, Up)]).await;
        isp.close("2026-10", None, end + HOUR).await;
        assert_eq!(
            isp.told().await,
            ["sla_breach asha@acme.example", "sla_breach noc@isp.example", "sla_breach ravi@acme.example"],
            "each address once, of the breach alone"
        );
    }

    async fn what_cannot_be_decided_is_told_to_nobody(db) {
        let isp = Isp::new(&db.store).await;
        let (start, end) = (at(2026, 10, 1, 0, 0), at(2026, 11, 1, 0, 0));
        let link = isp.link("C-1", start).await;
        isp.line(link, &[(start, start + DAY, Unknown), (start + DAY, end, Up)]).await;
        let closed = isp.close("2026-10", None, end + HOUR).await;
        assert_eq!(closed[0].statement.as_ref().unwrap().figures.verdict.overall, Verdict::Undetermined);
        assert!(isp.mails().await.is_empty());
    }

    async fn a_link_that_cannot_be_judged_keeps_no_other_back(db) {
        let isp = Isp::new(&db.store).await;
        let (start, end) = (at(2026, 10, 1, 0, 0), at(2026, 11, 1, 0, 0));
        for circuit in ["C-1", "C-2", "C-3"] {
            isp.link_up(circuit, start, end).await;
        }
        let bad = db.store.link_by_circuit("C-2").await.unwrap().unwrap();
        let nonsense = LinkTerms { link_id: bad.id, ..terms(start + MINUTE, "150") };
        db.store.insert_terms(&nonsense).await.unwrap();
        let closed = isp.close("2026-10", None, end + HOUR).await;
        let kinds: Vec<bool> = closed.iter().map(|one| matches!(one.outcome, CloseOutcome::First(_))).collect();
        assert_eq!(kinds, [true, false, true]);
        let CloseOutcome::Failed(why) = &closed[1].outcome else { panic!("{:?}", closed[1].outcome) };
        assert!(why.contains("100 %"), "{why}");
    }

    async fn more_links_than_a_batch_are_all_closed_in_order(db) {
        let isp = Isp::new(&db.store).await;
        let (start, end) = (at(2026, 10, 1, 0, 0), at(2026, 11, 1, 0, 0));
        for number in 0..101 {
            isp.link_up(&format!("C-{number:03}"), start, end).await;
        }
        let closed = isp.close("2026-10", None, end + HOUR).await;
        let circuits: Vec<&str> = closed.iter().map(|one| one.link.link.circuit.as_str()).collect();
        assert_eq!(circuits.len(), 101);
        assert!(circuits.is_sorted(), "{circuits:?}");
        assert!(closed.iter().all(|one| matches!(one.outcome, CloseOutcome::First(_))));
    }
}
