use report::{Document, breach_mail, report_mail};

use crate::cases;
use crate::snapshot::assert_snapshot;

#[test]
fn the_mails_are_as_they_were() {
    let breached = cases::breached();
    let mail = breach_mail(&breached.document()).expect("a mail");
    assert_snapshot("breach.txt", &format!("Subject: {}\n\n{}", mail.subject, mail.text));
    let so_far = cases::undetermined();
    let mail = report_mail(&so_far.document()).expect("a mail");
    assert_snapshot("report.txt", &format!("Subject: {}\n\n{}", mail.subject, mail.text));
}

#[test]
fn both_forms_say_the_same() {
    for case in cases::all() {
        for mail in [breach_mail(&case.document()), report_mail(&case.document())] {
            let mail = mail.unwrap_or_else(|error| panic!("{}: {error}", case.name));
            for form in [&mail.html, &mail.text] {
                for said in [&case.digest, "sla-reports/4711", "Performance"] {
                    let said = said.to_lowercase();
                    assert!(form.to_lowercase().contains(&said), "{}: {said} is missing", case.name);
                }
            }
            assert!(mail.html.contains(r#"lang="en""#), "{}", case.name);
        }
    }
}

#[test]
fn a_subject_is_one_line_whatever_the_names_are() {
    for case in cases::all() {
        for mail in [breach_mail(&case.document()), report_mail(&case.document())] {
            let subject = mail.expect("a mail").subject;
            assert!(!subject.chars().any(char::is_control), "{subject:?}");
            assert!(subject.chars().count() <= 150, "{subject:?}");
            assert!(subject.contains("2026"), "{}: the month is cut off: {subject:?}", case.name);
        }
    }
}

#[test]
fn names_are_shown_and_not_run() {
    let html = breach_mail(&cases::hostile().document()).expect("a mail").html;
    for markup in ["<script", "<b>out", "</mj-", "<mj-"] {
        assert!(!html.contains(markup), "{markup} got through");
    }
    assert!(html.contains("&lt;script&gt;") || html.contains("&#60;script&#62;"), "the name is gone");
}

#[test]
fn a_link_that_runs_something_is_not_offered() {
    let case = cases::met();
    for url in ["javascript:alert(1)", "//evil.example", "data:text/html,x"] {
        let document = Document { report_url: Some(url), ..case.document() };
        let mail = report_mail(&document).expect("a mail");
        assert!(!mail.html.contains(url) && !mail.text.contains(url), "{url}");
    }
    let quoted = Document { report_url: Some(r#"https://a.example/"onmouseover="x"#), ..case.document() };
    assert!(!report_mail(&quoted).expect("a mail").html.contains(r#""onmouseover=""#));
}

#[test]
fn a_revision_is_told_apart_in_the_subject() {
    let subject = |case: &crate::fixtures::Case| report_mail(&case.document()).expect("a mail").subject;
    assert_eq!(subject(&cases::met()), "SLA report: ILL-PUN-0042, October 2026: Met");
    assert_eq!(
        subject(&cases::undetermined()),
        "Revised SLA report: ILL-PUN-0042, October 2026: Undetermined"
    );
}
