//! A month closed by hand, and its report in every form.

use std::{io::Write, process::Stdio};

use serde_json::Value;

use crate::months::{Months, OUTAGE_MS};

#[test]
fn the_last_month_is_closed_by_default_and_once() {
    let months = Months::new();
    let month = months.month.to_string();
    let rows = months.installation.json(&["sla", "calculate"]);
    let row = &rows[0];
    assert_eq!(rows.as_array().map(Vec::len), Some(1), "one object per link: {rows}");
    assert_eq!(row["circuit"], "C-1");
    assert_eq!(row["month"], month.as_str());
    assert_eq!(row["outcome"], "first");
    assert_eq!(row["down_ms"], OUTAGE_MS);
    assert_eq!(row["verdict"]["overall"], "breached");
    assert!(row["reasons"][0].as_str().is_some_and(|reason| reason.starts_with("Uptime 99.")), "{row}");

    let again = months.installation.ok(&["sla", "calculate", "--month", &month, "--link", "C-1"]);
    assert!(again.contains("unchanged"), "{again}");
    assert!(again.contains("C-1: Uptime 99."), "the reason is said: {again}");
    let mails = months.installation.json(&["outbox", "list"]);
    assert_eq!(mails.as_array().map(Vec::len), Some(2), "one for each person, once: {mails}");

    let listed = months.installation.json(&["report", "list", "--client", "Acme", "--verdict", "breached"]);
    assert_eq!(listed[0]["id"], row["report_id"]);
    let none = months.installation.json(&["report", "list", "--verdict", "met"]);
    assert_eq!(none.as_array().map(Vec::len), Some(0));
}

#[test]
fn the_present_month_is_so_far_and_leaves_no_report() {
    let months = Months::new();
    let now = jiff::Timestamp::from_millisecond(crate::first_router::now_ms()).expect("now");
    let zone = jiff::tz::TimeZone::get("Asia/Kolkata").expect("a zone");
    let month = now.to_zoned(zone).strftime("%Y-%m").to_string();
    let rows = months.installation.json(&["sla", "calculate", "--month", &month, "--client", "Acme"]);
    assert_eq!(rows[0]["outcome"], "so_far");
    assert_eq!(rows[0]["so_far"], true);
    assert_eq!(rows[0]["availability_pct"], "100.00000");
    assert!(months.installation.ok(&["report", "list"]).contains("(none)"));
    assert!(months.installation.ok(&["outbox", "list"]).contains("(none)"));
}

#[test]
fn what_explains_a_report_can_be_evaluated_to_the_same_figures() {
    let months = Months::new();
    months.installation.ok(&["sla", "calculate", "--no-mail"]);
    assert!(months.installation.ok(&["outbox", "list"]).contains("(none)"), "nobody was to be told");
    let name = format!("C-1/{}", months.month);
    let report = months.installation.json(&["report", "json", &name]);
    let inputs = months.installation.ok(&["sla", "explain", &name, "--json"]);

    let mut evaluate = months.installation.command(&["sla", "evaluate", "-"]);
    let mut child = evaluate.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the binary runs");
    let mut stdin = child.stdin.take().expect("its input");
    stdin.write_all(inputs.as_bytes()).expect("written");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success());
    let again: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(again, report["statement"]);
    assert_eq!(again["down_ms"], OUTAGE_MS);
}

#[test]
fn the_working_shows_what_led_to_the_figures() {
    let months = Months::new();
    let closed = months.installation.json(&["sla", "calculate"]);
    let id = closed[0]["report_id"].to_string();
    let text = months.installation.ok(&["sla", "explain", &id]);
    let length_ms = months.period.len_ms();
    for expected in [
        "evaluated again just now: the same figures".to_owned(),
        format!("contracted {length_ms:>15} ms"),
        format!("down {OUTAGE_MS:>21} ms"),
        format!("availability = up / eligible = {} / {length_ms}", length_ms - OUTAGE_MS),
        "uptime 99.5 %: (100 − 99.5) %".to_owned(),
        "latency 20 ms: mean of".to_owned(),
        "rank ⌈95 ·".to_owned(),
        "link_downs".to_owned(),
        "8. Verdict: breached".to_owned(),
    ] {
        assert!(text.contains(&expected), "{expected:?} is missing in\n{text}");
    }
    // A revision has its own name.
    let name = format!("C-1/{}/r1", months.month);
    assert_eq!(months.installation.ok(&["sla", "explain", &name]), text);
}

#[test]
fn a_report_is_a_file_in_three_forms() {
    let months = Months::new();
    months.installation.ok(&["sla", "calculate"]);
    let name = format!("C-1/{}", months.month);
    let pdf = months.installation.folder().join("report.pdf");
    months.installation.ok(&["report", "pdf", &name, "-o", &pdf.display().to_string()]);
    let bytes = std::fs::read(&pdf).expect("a file");
    assert!(bytes.starts_with(b"%PDF-"), "{:?}", &bytes[..8]);
    let output = months
        .installation
        .command(&["report", "pdf", &name])
        .current_dir(months.installation.folder())
        .output()
        .expect("the binary runs");
    assert!(output.status.success());
    assert!(months.installation.folder().join(format!("SLA-C-1-{}.pdf", months.month)).exists());
    assert!(months.installation.ok(&["report", "csv", &name]).contains("C-1"));
    let json = months.installation.json(&["report", "json", &name, "-o", "-"]);
    assert_eq!(json["facts"]["circuit"], "C-1");
}

#[test]
fn questions_that_have_no_answer_say_why() {
    let months = Months::new();
    let future = "2099-01";
    let cases: &[(&[&str], &str)] = &[
        (&["sla", "calculate", "--month", future], "not begun"),
        (&["sla", "calculate", "--month", "2026-13"], "YYYY-MM"),
        (&["sla", "calculate", "--link", "C-9"], "C-9"),
        (&["sla", "calculate", "--client", "Nobody"], "Nobody"),
        (&["sla", "calculate", "--company", "Nobody"], "Nobody"),
        (&["sla", "calculate", "--month", "2001-01", "--link", "C-1"], "2001-01"),
        (&["sla", "explain", "7"], "no report 7"),
        (&["sla", "explain", "C-1"], "CIRCUIT/YYYY-MM"),
        (&["sla", "explain", "C-9/2026-10"], "C-9"),
        (&["sla", "explain", "C-1/2001-01"], "sla calculate"),
        (&["report", "pdf", "nothing"], "CIRCUIT/YYYY-MM"),
        (&["report", "csv", "C-1/2001-01/r2"], "revision 2"),
        (&["report", "list", "--link", "C-9"], "C-9"),
        (&["report", "list", "--verdict", "good"], "good"),
    ];
    for (args, expected) in cases {
        let output = months.installation.run(args);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {text}");
        assert!(text.contains(expected), "{args:?} should say {expected:?}: {text}");
    }
    let nowhere = months.installation.folder().join("no/such/folder.pdf");
    months.installation.ok(&["sla", "calculate"]);
    let name = format!("C-1/{}", months.month);
    let (code, line) =
        months.installation.fails(&["report", "csv", &name, "-o", &nowhere.display().to_string()]);
    assert_eq!(code, 1);
    assert!(line.contains("folder.pdf"), "{line}");
}
