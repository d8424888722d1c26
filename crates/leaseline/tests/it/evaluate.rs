//! `sla evaluate`: the arithmetic alone, on a file, wherever the program is.

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::installation::Installation;

/// Runs the binary with nothing but the file: no data folder, no settings.
fn evaluate(installation: &Installation, text: &str) -> Output {
    let file = installation.file("inputs.json", text);
    let mut command = Command::new(env!("CARGO_BIN_EXE_leaseline"));
    command.env_clear().current_dir("/").args(["sla", "evaluate", &file]);
    command.output().expect("the binary runs")
}

fn inputs() -> Value {
    // November 2026 in Kolkata: 30 days from 1793471400000.
    json!({
        "timezone": "Asia/Kolkata", "month": "2026-11", "as_of_ms": null,
        "active": { "from_ms": 0, "to_ms": null },
        "spans": [
            { "from_ms": 1_793_471_400_000_i64, "to_ms": 1_794_000_000_000_i64, "state": "up" },
            { "from_ms": 1_794_000_000_000_i64, "to_ms": 1_794_007_200_000_i64, "state": "down", "cause": "link_down" },
            { "from_ms": 1_794_007_200_000_i64, "to_ms": 1_796_063_400_000_i64, "state": "up" },
        ],
        "exclusions": [],
        "terms": [{ "valid_from_ms": 0, "uptime_pct": "99.50" }],
    })
}

#[test]
fn a_file_alone_is_enough() {
    let installation = Installation::empty();
    let output = evaluate(&installation, &inputs().to_string());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let statement: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(statement["contracted_ms"], 2_592_000_000_i64);
    assert_eq!(statement["down_ms"], 7_200_000);
    assert_eq!(statement["availability_pct"], "99.72222");
    assert_eq!(statement["verdict"]["uptime"], "met");
    assert!(!installation.data().exists(), "no database is touched");
}

#[test]
fn a_bad_file_is_wrong_use_and_the_row_is_named() {
    let installation = Installation::empty();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut inputs = inputs();
        change(&mut inputs);
        inputs.to_string()
    };
    let cases = [
        (with(&|v| v["spans"][1]["state"] = json!("broken")), "spans[1].state"),
        (with(&|v| v["spans"][2]["from_ms"] = json!("soon")), "spans[2].from_ms"),
        (with(&|v| v["spans"][1]["from_ms"] = json!(1_793_999_000_000_i64)), "spans[1]"),
        (with(&|v| v["spans"][0]["too"] = json!(1)), "too"),
        (with(&|v| v["terms"][0]["uptime_pct"] = json!(99.5)), "terms[0].uptime_pct"),
        (with(&|v| v["terms"][0]["uptime_pct"] = json!("100.1")), "terms[0]"),
        (
            with(&|v| v["exclusions"] = json!([{ "from_ms": 5, "to_ms": 5, "kind": "suspension" }])),
            "exclusions[0]",
        ),
        (
            with(&|v| v["exclusions"] = json!([{ "from_ms": 5, "to_ms": 6, "kind": "holiday" }])),
            "exclusions[0].kind",
        ),
        (with(&|v| v["month"] = json!("2026-13")), "month"),
        (with(&|v| v["timezone"] = json!("India/Pune")), "India/Pune"),
        (with(&|v| v["active"] = Value::Null), "active"),
        (inputs().to_string() + "x", "follows"),
        ("{".to_owned(), "line 1"),
        ("[]".to_owned(), "inputs.json"),
        (String::new(), "inputs.json"),
    ];
    for (text, expected) in cases {
        let output = evaluate(&installation, &text);
        let line = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{expected}: {line}");
        assert_eq!(line.trim_end().lines().count(), 1, "{line}");
        assert!(line.contains(expected), "{line} should name {expected}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_missing_file_is_named() {
    let (code, line) = Installation::empty().fails(&["sla", "evaluate", "/no/such/file.json"]);
    assert_eq!(code, 2);
    assert!(line.contains("/no/such/file.json"), "{line}");
}
