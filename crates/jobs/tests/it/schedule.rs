//! Months closed by themselves, with a clock that the test turns.

use jobs::{LATE_EVIDENCE, Schedule, ScheduleOutcome};
use sla::{
    LinkState::{Down, Unknown, Up},
    Verdict,
};
use store::{ReportFilter, Store};

use crate::{
    database::on_both,
    isp::{DAY, HOUR, Isp, MINUTE, at, month},
};

async fn pass(schedule: &mut Schedule, store: &Store, now_ms: i64) -> ScheduleOutcome {
    schedule.close_due(store, now_ms).await.unwrap()
}

/// `circuit month revision`, in order.
async fn reports(store: &Store) -> Vec<String> {
    let (rows, _) = store.reports(None, &ReportFilter::default(), 1_000, 0).await.unwrap();
    let mut names: Vec<String> =
        rows.iter().map(|row| format!("{} {} r{}", row.circuit, row.month, row.revision)).collect();
    names.sort();
    names
}

on_both! {
    async fn a_month_is_closed_at_half_past_midnight_of_the_first_and_once(db) {
        let isp = Isp::new(&db.store).await;
        let end = at(2026, 11, 1, 0, 0);
        isp.link_up("C-1", at(2026, 10, 1, 0, 0), end + HOUR).await;
        let mut schedule = Schedule::default();
        assert_eq!(pass(&mut schedule, &db.store, end - HOUR).await.closed, 0);
        assert_eq!(pass(&mut schedule, &db.store, end + 29 * MINUTE).await.closed, 0, "not before 00:30");
        assert_eq!(pass(&mut schedule, &db.store, end + 30 * MINUTE).await.closed, 1);
        for minute in 31..40 {
            let outcome = pass(&mut schedule, &db.store, end + minute * MINUTE).await;
            assert_eq!(outcome, ScheduleOutcome::default());
        }
        assert_eq!(pass(&mut Schedule::default(), &db.store, end + 2 * DAY).await, ScheduleOutcome::default());
        assert_eq!(reports(&db.store).await, ["C-1 2026-10 r1"]);
        assert_eq!(isp.told().await.len(), 2);
    }

    async fn the_first_month_of_an_installation_is_closed_on_time(db) {
        let isp = Isp::new(&db.store).await;
        let end = at(2026, 11, 1, 0, 0);
        let mut schedule = Schedule::default();
        assert_eq!(pass(&mut schedule, &db.store, end - 10 * MINUTE).await, ScheduleOutcome::default(), "nothing is polled yet");
        isp.link_up("C-1", end - 5 * MINUTE, end + HOUR).await;
        assert_eq!(pass(&mut schedule, &db.store, end + 30 * MINUTE).await.closed, 1, "not an hour late");
    }

    async fn two_month_ends_while_the_machine_was_off_are_made_up_for(db) {
        let isp = Isp::new(&db.store).await;
        let last_seen = at(2026, 9, 20, 0, 0);
        let link = isp.link("C-1", at(2026, 6, 1, 0, 0)).await;
        // Under contract since June, first looked at in August.
        isp.line(link, &[(at(2026, 8, 10, 0, 0), last_seen, Up)]).await;
        let mut schedule = Schedule::default();
        let back = at(2026, 11, 3, 9, 0);
        assert_eq!(pass(&mut schedule, &db.store, back).await.closed, 3);
        assert_eq!(reports(&db.store).await, ["C-1 2026-08 r1", "C-1 2026-09 r1", "C-1 2026-10 r1"]);
        assert_eq!(pass(&mut schedule, &db.store, back + MINUTE).await.closed, 0);
    }

    async fn a_link_waits_for_its_time_line_to_reach_the_months_end(db) {
        let isp = Isp::new(&db.store).await;
        let (start, end) = (at(2026, 10, 1, 0, 0), at(2026, 11, 1, 0, 0));
        let link = isp.link_up("C-1", start, end - HOUR).await;
        isp.link_up("C-2", start, end).await;
        let mut schedule = Schedule::default();
        let first = pass(&mut schedule, &db.store, end + 30 * MINUTE).await;
        assert_eq!((first.closed, first.waiting), (1, 1), "the other one does not wait with it");
        let later = pass(&mut schedule, &db.store, end + 5 * HOUR).await;
        assert_eq!((later.closed, later.waiting), (0, 1));
        isp.line(link, &[(start, end + 5 * HOUR, Up)]).await;
        let then = pass(&mut schedule, &db.store, end + 5 * HOUR + MINUTE).await;
        assert_eq!((then.closed, then.waiting), (1, 0));
    }

    async fn but_no_longer_than_two_days(db) {
        let isp = Isp::new(&db.store).await;
        let (start, end) = (at(2026, 10, 1, 0, 0), at(2026, 11, 1, 0, 0));
        isp.link_up("C-1", start, end - HOUR).await;
        let mut schedule = Schedule::default();
        assert_eq!(pass(&mut schedule, &db.store, end + 48 * HOUR - MINUTE).await.closed, 0);
        assert_eq!(pass(&mut schedule, &db.store, end + 48 * HOUR).await.closed, 1);
        let report = db.store.reports(None, &ReportFilter::default(), 1, 0).await.unwrap().0.remove(0);
        assert_eq!(report.availability_pct.as_deref(), Some("100.00000"), "of what is known");
    }

    async fn a_link_terminated_in_the_month_waits_for_nothing(db) {
        let isp = Isp::new(&db.store).await;
        let (start, end) = (at(2026, 10, 1, 0, 0), at(2026, 11, 1, 0, 0));
        let link = isp.link_up("C-1", start, start + 9 * DAY).await;
        db.store.terminate_link(link, start + 9 * DAY, start + 9 * DAY).await.unwrap();
        let mut schedule = Schedule::default();
        assert_eq!(pass(&mut schedule, &db.store, end + 30 * MINUTE).await.closed, 1);
        assert_eq!(pass(&mut schedule, &db.store, at(2026, 12, 1, 1, 0)).await.closed, 0, "and November has none");
    }

    async fn evidence_that_comes_later_revises_what_could_not_be_decided(db) {
        let isp = Isp::new(&db.store).await;
        let (start, end) = (at(2026, 10, 1, 0, 0), at(2026, 11, 1, 0, 0));
        let dark = end - 10 * HOUR;
        let link = isp.link("C-1", start).await;
        isp.line(link, &[(start, dark, Up), (dark, end + HOUR, Unknown)]).await;
        isp.link_up("C-2", start, end).await;
        let mut schedule = Schedule::default();
        assert_eq!(pass(&mut schedule, &db.store, end + 30 * MINUTE).await.closed, 2);
        assert_eq!(isp.told().await.len(), 2, "of C-2 alone");

        // The router is back on the second day, and says that the link was down for all of it.
        isp.line(link, &[(dark, end, Down), (end, end + DAY, Up)]).await;
        assert_eq!(pass(&mut schedule, &db.store, end + 20 * HOUR).await.revised, 0, "once a day");
        assert_eq!(pass(&mut schedule, &db.store, end + 25 * HOUR).await.revised, 1);
        assert_eq!(pass(&mut schedule, &db.store, end + 26 * HOUR).await.revised, 0);
        let report = db.store.report_of_link(link, month("2026-10"), None).await.unwrap().unwrap();
        assert_eq!((report.revision, report.reason.as_str()), (2, LATE_EVIDENCE));
        assert_eq!(report.statement.figures.verdict.overall, Verdict::Breached);
        let told = isp.told().await;
        assert_eq!(&told[2..], ["sla_breach asha@acme.example", "sla_breach ravi@acme.example"]);
        assert_eq!(reports(&db.store).await, ["C-1 2026-10 r1", "C-1 2026-10 r2", "C-2 2026-10 r1"]);
    }

    async fn after_the_tenth_nothing_is_revised_by_itself(db) {
        let isp = Isp::new(&db.store).await;
        let (start, end) = (at(2026, 10, 1, 0, 0), at(2026, 11, 1, 0, 0));
        let link = isp.link("C-1", start).await;
        isp.line(link, &[(start, end - DAY, Up), (end - DAY, end, Unknown)]).await;
        let mut schedule = Schedule::default();
        assert_eq!(pass(&mut schedule, &db.store, end + HOUR).await.closed, 1);
        isp.line(link, &[(end - DAY, end, Up)]).await;
        assert_eq!(pass(&mut schedule, &db.store, at(2026, 11, 11, 9, 0)).await.revised, 0);
    }

    async fn two_processes_at_once_close_each_month_once(db) {
        let isp = Isp::new(&db.store).await;
        isp.send_per_link().await;
        let (start, end) = (at(2026, 10, 1, 0, 0), at(2026, 11, 1, 0, 0));
        for number in 0..70 {
            isp.link_up(&format!("C-{number:02}"), start, end).await;
        }
        let other = db.another().await;
        let (mut one, mut two) = (Schedule::default(), Schedule::default());
        let (first, second) =
            tokio::join!(one.close_due(&db.store, end + HOUR), two.close_due(&other, end + HOUR));
        assert_eq!(first.unwrap().closed + second.unwrap().closed, 70);
        let names = reports(&db.store).await;
        assert_eq!(names.len(), 70);
        assert!(names.iter().all(|name| name.ends_with("2026-10 r1")), "{names:?}");
        assert_eq!(isp.told().await.len(), 140, "one mail to each of two people");
        other.close().await;
    }

    async fn what_a_killed_process_left_undone_is_done_by_the_next(db) {
        let isp = Isp::new(&db.store).await;
        isp.send_per_link().await;
        let (start, end) = (at(2026, 10, 1, 0, 0), at(2026, 11, 1, 0, 0));
        for number in 0..70 {
            isp.link_up(&format!("C-{number:02}"), start, end).await;
        }
        let links = jobs::links_of_month(&db.store, month("2026-10"), &jobs::Selection::default()).await.unwrap();
        let close = jobs::Close { month: month("2026-10"), reason: None, by: "killed", tell: true };
        // As far as it came: a third of the links.
        jobs::close_month(&db.store, links[..23].to_vec(), &close, end + HOUR, drop).await.unwrap();
        let rest = pass(&mut Schedule::default(), &db.store, end + HOUR + MINUTE).await;
        assert_eq!(rest.closed, 47);
        assert_eq!(isp.told().await.len(), 140);
    }

    async fn each_company_has_its_own_midnight(db) {
        let isp = Isp::new(&db.store).await;
        let far = db.store.insert_company("Far Net", "America/New_York", "USD", 0).await.unwrap();
        let far = Isp { client: db.store.insert_client(far, "Bolt", 0).await.unwrap(), company: far, ..isp.clone() };
        let (start, end) = (at(2026, 10, 1, 0, 0), at(2026, 11, 1, 0, 0));
        isp.link_up("C-1", start, end + DAY).await;
        far.link_up("N-1", start, end + DAY).await;
        let mut schedule = Schedule::default();
        // Half past midnight in Kolkata is three in the afternoon of the day before in New York: only its September is due.
        assert_eq!(pass(&mut schedule, &db.store, end + 30 * MINUTE).await.closed, 2);
        assert_eq!(pass(&mut schedule, &db.store, end + 9 * HOUR + 59 * MINUTE).await.closed, 0);
        assert_eq!(pass(&mut schedule, &db.store, end + 10 * HOUR).await.closed, 1);
        let names = reports(&db.store).await;
        assert_eq!(names, ["C-1 2026-10 r1", "N-1 2026-09 r1", "N-1 2026-10 r1"]);
    }

    async fn a_company_whose_months_cannot_be_closed_keeps_no_other_back(db) {
        db.store.insert_company("A broken one", "Mars/Olympus", "EUR", 0).await.unwrap();
        let isp = Isp::new(&db.store).await;
        let end = at(2026, 11, 1, 0, 0);
        isp.link_up("C-1", at(2026, 10, 1, 0, 0), end).await;
        let error = Schedule::default().close_due(&db.store, end + HOUR).await.unwrap_err();
        assert!(error.to_string().contains("Mars/Olympus"), "{error}");
        assert_eq!(reports(&db.store).await, ["C-1 2026-10 r1"]);
    }
}
