use crate::months::Months;

#[test]
fn an_exclusion_is_entered_listed_ended_and_taken_back() {
    let months = Months::new();
    let it = &months.installation;
    let from = (months.outage.from_ms - 60_000).to_string();
    let added = it.json(&[
        "exclusion",
        "add",
        "--link",
        "C-1",
        "--from",
        &from,
        "--kind",
        "customer_cause",
        "--reason",
        "No power",
        "--by",
        "asha",
    ]);
    let id = added[0]["id"].to_string();
    assert_eq!(added[0]["to_ms"], serde_json::Value::Null, "without --to it is open");
    assert_eq!(added[0]["after_the_fact"], true);

    let until = months.outage.to_ms.to_string();
    it.ok(&["exclusion", "end", &id, "--at", &until]);
    let listed = it.json(&["exclusion", "list", "--link", "C-1"]);
    assert_eq!(listed[0]["to_ms"], months.outage.to_ms);
    assert_eq!(listed[0]["circuit"], "C-1");
    assert_eq!(listed[0]["entered_by"], "asha");
    assert!(it.ok(&["exclusion", "list"]).contains("(after the fact)"));

    it.ok(&["exclusion", "remove", &id]);
    assert!(it.ok(&["exclusion", "list"]).contains("(none)"));
    assert!(it.ok(&["exclusion", "list", "--removed"]).contains("taken back"));
    let (code, line) = it.fails(&["exclusion", "remove", &id]);
    assert_eq!(code, 2);
    assert!(line.contains(&id), "{line}");
}

#[test]
fn one_entered_into_a_closed_month_says_how_to_revise_it_and_the_revision_says_why() {
    let months = Months::new();
    let it = &months.installation;
    it.ok(&["sla", "calculate"]);
    let (from, to) = (months.outage.from_ms.to_string(), months.outage.to_ms.to_string());
    let said = it.ok(&[
        "exclusion",
        "add",
        "--client",
        "Acme",
        "--from",
        &from,
        "--to",
        &to,
        "--kind",
        "planned_maintenance",
        "--reason",
        "Announced on the 1st",
    ]);
    let command = format!("leaseline sla calculate --month {}", months.month);
    assert!(said.contains(&command), "{said}");
    let revised = it.json(&[
        "sla",
        "calculate",
        "--month",
        &months.month.to_string(),
        "--reason",
        "maintenance was missing",
    ]);
    assert_eq!(revised[0]["outcome"], "revised");
    assert_eq!(revised[0]["revision"], 2);
    assert_eq!(revised[0]["verdict"]["overall"], "met");
    let text = it.ok(&["sla", "explain", &format!("C-1/{}", months.month)]);
    assert!(text.contains("Reason of this revision: maintenance was missing"), "{text}");
    assert!(text.contains("Announced on the 1st") && text.contains("(after the fact)"), "{text}");
    let rows = it.json(&["report", "list", "--revisions"]);
    assert_eq!(rows.as_array().map(Vec::len), Some(2), "the old revision stays: {rows}");
}

#[test]
fn exclusions_that_make_no_sense_are_wrong_use() {
    let months = Months::new();
    let it = &months.installation;
    let good = ["--kind", "suspension", "--reason", "unpaid"];
    let cases: &[(&[&str], &str)] = &[
        (&["--link", "C-9", "--from", "2026-01-01"], "C-9"),
        (&["--router", "nowhere", "--from", "2026-01-01"], "nowhere"),
        (&["--client", "Nobody", "--from", "2026-01-01"], "Nobody"),
        (&["--link", "C-1", "--from", "yesterday"], "yesterday"),
        (&["--link", "C-1", "--from", "2026-01-02", "--to", "2026-01-01"], "--from must be before --to"),
        (&["--link", "C-1", "--router", "edge", "--from", "2026-01-01"], "cannot be used"),
        (&["--from", "2026-01-01"], "--link"),
    ];
    for (args, expected) in cases {
        let args = [&["exclusion", "add"], *args, &good[..]].concat();
        let output = it.run(&args);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {text}");
        assert!(text.contains(expected), "{args:?} should say {expected}: {text}");
    }
    let holiday = it.run(&[
        "exclusion",
        "add",
        "--link",
        "C-1",
        "--from",
        "2026-01-01",
        "--kind",
        "holiday",
        "--reason",
        "x",
    ]);
    assert_eq!(holiday.status.code(), Some(2));
    let (code, line) = it.fails(&[
        "exclusion",
        "add",
        "--link",
        "C-1",
        "--from",
        "2026-01-01",
        "--kind",
        "suspension",
        "--reason",
        " ",
    ]);
    assert_eq!((code, line.contains("reason")), (2, true), "{line}");
    assert!(it.ok(&["exclusion", "list"]).contains("(none)"));
}
