//! The emails about a month: of a customer with several links, and the summary for operations.

use report::{
    Letterhead, MonthReport, MonthReports, MonthSummary, SummaryLink, month_mail, month_message,
    summary_mail, summary_message,
};
use sla::Verdict;

use crate::cases;
use crate::fixtures::Case;
use crate::snapshot::assert_snapshot;

fn head() -> Letterhead {
    Letterhead {
        name: "Deccan Fibre".to_owned(),
        accent: Some("#0f5f6b".to_owned()),
        contact: "noc@deccan.example".to_owned(),
        timezone: "Asia/Kolkata".to_owned(),
        portal: Some("https://portal.deccan.example".to_owned()),
    }
}

fn report(id: i64, circuit: &str, case: &Case) -> MonthReport {
    MonthReport {
        id,
        facts: report::Facts { circuit: circuit.to_owned(), ..case.facts.clone() },
        statement: case.statement.clone(),
        revision: 1,
        url: Some(format!("https://portal.deccan.example/client/sla-reports/{id}")),
    }
}

fn october() -> MonthReports {
    let (met, breached) = (cases::met(), cases::breached());
    let mut month = MonthReports {
        month: met.statement.month,
        reports: vec![
            report(1, "ILL-PUN-0003", &met),
            report(2, "ILL-PUN-0001", &met),
            report(3, "ILL-PUN-0002", &breached),
        ],
        under_review: 1,
        attached: 3,
        url: Some("https://portal.deccan.example/client/sla-reports?month=2026-10".to_owned()),
    };
    month.sort();
    month
}

fn summary() -> MonthSummary {
    let link = |circuit: &str, verdict, pct: &str, reason: &str| SummaryLink {
        circuit: circuit.to_owned(),
        client: "Asha <Textiles>".to_owned(),
        verdict,
        availability_pct: Some(pct.to_owned()),
        reason: Some(reason.to_owned()).filter(|reason| !reason.is_empty()),
    };
    MonthSummary {
        month: october().month,
        met: 2_940,
        breached: 2,
        undetermined: 1,
        without_target: 0,
        waiting: 3,
        added: 2_943,
        revised: 0,
        worst: vec![
            link("ILL-1", Verdict::Breached, "98.11000", "Availability 98.110 % is below 99.50 %."),
            link("ILL-2", Verdict::Met, "99.91234", ""),
        ],
        to_review: vec![link("ILL-3", Verdict::Undetermined, "99.49999", "10 h are unknown.")],
    }
}

/// Leaves an email where a browser can show it.
fn look_at(name: &str, html: &str) {
    std::fs::write(std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name), html).expect("written");
}

#[test]
fn the_emails_of_a_month_are_as_they_were() {
    let mail = month_mail(&october(), &head()).expect("a mail");
    look_at("month.html", &mail.html);
    assert_snapshot("month.txt", &format!("Subject: {}\n\n{}", mail.subject, mail.text));
    let mail = summary_mail(&summary(), &head()).expect("a mail");
    look_at("summary.html", &mail.html);
    assert_snapshot("summary.txt", &format!("Subject: {}\n\n{}", mail.subject, mail.text));
}

#[test]
fn breached_links_come_first_and_both_forms_say_the_same() {
    let mail = month_mail(&october(), &head()).expect("a mail");
    for form in [&mail.html, &mail.text] {
        let place =
            |circuit: &str| form.find(circuit).unwrap_or_else(|| panic!("{circuit} is missing in {form}"));
        assert!(
            place("ILL-PUN-0002") < place("ILL-PUN-0001") && place("ILL-PUN-0001") < place("ILL-PUN-0003")
        );
        assert!(form.contains("under review") && form.contains("sla-reports?month=2026-10"), "{form}");
    }
    assert_eq!(mail.subject, "SLA reports for October 2026: 1 breached, 2 met");
    let mail = summary_mail(&summary(), &head()).expect("a mail");
    for form in [&mail.html, &mail.text] {
        for said in ["ILL-1", "ILL-3", "3 links have no report yet", "staff/reports?month=2026-10"] {
            assert!(form.contains(said), "{said} is missing in {form}");
        }
    }
    assert!(!mail.html.contains("<Textiles>"), "names are shown and not run");
}

#[test]
fn an_email_of_a_thousand_links_lists_a_hundred_and_says_how_many_more() {
    let case = cases::met();
    let mut month = october();
    month.reports = (0..1_000).map(|number| report(number, &format!("C-{number:04}"), &case)).collect();
    month.attached = 20;
    let mail = month_mail(&month, &head()).expect("a mail");
    assert_eq!(mail.text.matches("target: ").count(), report::LINKS_LISTED_MAX);
    assert!(
        mail.text.contains("900 more links are not listed here.")
            && mail.text.contains("The first 20 reports are attached")
    );
    assert!(mail.html.len() < 100_000, "{} bytes: mail programs cut it", mail.html.len());
}

#[test]
fn a_telephone_reads_the_result_and_the_breached_links() {
    let message = month_message(&october(), &head());
    assert_eq!(message.heading, "SLA reports for October 2026");
    assert!(
        message.details.starts_with("Result: 1 breached, 2 met · Breached: ILL-PUN-0002 "),
        "{message:?}"
    );
    let message = summary_message(&summary(), &head());
    assert!(message.details.contains("Worst: ILL-1 (Asha <Textiles>), 98.110 %"), "{message:?}");
}
