use report::{csv, json};

use crate::cases;
use crate::fixtures::Case;
use crate::snapshot::assert_snapshot;

fn text(case: &Case) -> String {
    let bytes = csv(&case.document());
    let text = std::str::from_utf8(&bytes).expect("UTF-8");
    text.strip_prefix('\u{feff}').expect("a byte order mark, for spreadsheets").to_owned()
}

/// The rows, read as any program would.
fn rows(case: &Case) -> Vec<Vec<String>> {
    let text = text(case);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader
        .records()
        .map(|row| row.expect("rows of equal width").iter().map(str::to_owned).collect())
        .collect()
}

#[test]
fn the_sheet_is_as_it_was() {
    assert_snapshot("breached.csv", &text(&cases::breached()));
}

#[test]
fn every_kind_is_a_table_that_programs_can_read() {
    for case in cases::all() {
        let rows = rows(&case);
        for section in ["statement", "figures", "parts", "outages", "exclusions", "days"] {
            let numbers: Vec<&str> =
                rows.iter().filter(|row| row[0] == section).map(|row| row[1].as_str()).collect();
            let expected: Vec<String> = (1..numbers.len()).map(|number| number.to_string()).collect();
            assert_eq!(numbers.first(), Some(&"#"), "{}: {section} has no headings", case.name);
            assert_eq!(numbers[1..], expected, "{}: {section}", case.name);
        }
        let outages = rows.iter().filter(|row| row[0] == "outages").count() - 1;
        assert_eq!(outages, case.statement.outages.len(), "{}: the sheet holds them all", case.name);
    }
}

#[test]
fn no_cell_is_a_formula() {
    for row in rows(&cases::hostile()) {
        for cell in row {
            let number = cell.trim_start_matches('-').parse::<f64>().is_ok();
            assert!(number || !cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
        }
    }
    let rows = rows(&cases::breached());
    let value = |name: &str| rows.iter().find(|row| row[2] == name).map(|row| row[3].clone()).expect("a row");
    assert_eq!(value("budget_left_ms"), "-1197000", "a negative number is a number and no formula");
}

#[test]
fn the_json_form_holds_the_statement_and_what_it_is_about() {
    let case = cases::breached();
    let value: serde_json::Value = serde_json::from_slice(&json(&case.document())).expect("JSON");
    assert_eq!(value["statement"]["verdict"]["overall"], "breached");
    assert_eq!(value["statement"], serde_json::to_value(&case.statement).expect("JSON"));
    assert_eq!(value["facts"], serde_json::to_value(&case.facts).expect("JSON"));
    assert_eq!(value["digest"], case.digest.as_str());
    assert_eq!(value["exclusions"][0]["kind"], "customer_cause");
}
