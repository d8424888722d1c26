//! The forms of issue and answer as files: `leaseline sla evaluate FILE`.

use serde_json::{Value, json};
use sla::{Inputs, Statement};

use crate::build::{Build, DAY, HOUR};
use crate::cases::{Dice, inputs};

/// As it is documented, with one row for each alternative.
const DOCUMENTED: &str = r#"
{"timezone":"Asia/Kolkata","month":"2026-10","as_of_ms":null,"active":{"from_ms":0,"to_ms":null},
 "spans":[{"from_ms":0,"to_ms":1,"state":"up","cause":"…"},{"from_ms":1,"to_ms":2,"state":"down","cause":"…"},
          {"from_ms":2,"to_ms":3,"state":"unknown","cause":"…"}],
 "exclusions":[{"from_ms":0,"to_ms":1,"kind":"planned_maintenance"},{"from_ms":0,"to_ms":1,"kind":"emergency_maintenance"},
          {"from_ms":0,"to_ms":1,"kind":"force_majeure"},{"from_ms":0,"to_ms":1,"kind":"customer_cause"},
          {"from_ms":0,"to_ms":1,"kind":"suspension"}],
 "terms":[{"valid_from_ms":0,"uptime_pct":"99.50","latency_ms":"20","loss_pct":"1.00"}],
 "probes":[{"at_ms":0,"sent":5,"received":5,"rtt_avg_us":8123}],
 "traffic":[{"at_ms":0,"rx_bps":0,"tx_bps":0}]}
"#;

/// Every field that an answer must have, and so must each of its parts.
const FIGURES: &[&str] = &[
    "contracted_ms",
    "excluded_ms",
    "unknown_ms",
    "down_ms",
    "up_ms",
    "eligible_ms",
    "availability_pct",
    "coverage_pct",
    "lower_pct",
    "upper_pct",
    "sent",
    "received",
    "loss_pct",
    "latency_avg_us",
    "p95_rx_bps",
    "p95_tx_bps",
    "verdict",
];

fn object(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn the_documented_file_is_read_and_written_back() {
    let inputs: Inputs = serde_json::from_str(DOCUMENTED).expect("the documented form");
    assert_eq!(inputs.spans.len(), 3);
    assert_eq!(inputs.terms[0].uptime_pct.expect("an objective").to_string(), "99.50");
    let written = serde_json::to_value(&inputs).expect("JSON");
    assert_eq!(
        written,
        serde_json::from_str::<Value>(DOCUMENTED).expect("JSON"),
        "nothing added, nothing lost"
    );
    sla::evaluate(&inputs).expect("no contradiction");
}

#[test]
fn the_answer_has_every_documented_field_even_where_there_is_no_figure() {
    let inputs: Inputs = serde_json::from_str(DOCUMENTED).expect("the documented form");
    let bare: Inputs = serde_json::from_value(json!({
        "timezone": "Asia/Kolkata", "month": "2026-10", "active": {"from_ms": 0},
    }))
    .expect("lists may be left out");
    for inputs in [inputs, bare] {
        let answer = serde_json::to_value(sla::evaluate(&inputs).expect("no contradiction")).expect("JSON");
        for field in FIGURES.iter().chain(&["outages", "reasons", "parts"]) {
            assert!(object(&answer).contains(field), "no {field} in {answer}");
        }
        for part in answer["parts"].as_array().expect("a list") {
            for field in FIGURES.iter().chain(&["from_ms", "to_ms"]) {
                assert!(object(part).contains(field), "no {field} in {part}");
            }
        }
        assert_eq!(object(&answer["verdict"]), ["latency", "loss", "overall", "uptime"]);
        assert_eq!(answer["availability_pct"], Value::Null);
    }
}

#[test]
fn an_outage_has_every_documented_field_even_while_it_goes_on() {
    let statement = Build::new().down(HOUR, 2 * HOUR).so_far_at(2 * HOUR).judge();
    let outages = serde_json::to_value(statement.outages).expect("JSON");
    let from_ms = Build::new().from_ms + HOUR;
    let expected =
        json!([{"from_ms": from_ms, "to_ms": null, "down_ms": HOUR, "excluded_ms": 0, "cause": null}]);
    assert_eq!(outages, expected);
}

#[test]
fn percentages_are_texts_and_times_are_numbers() {
    let month = Build::new().terms(0, "99.50", "20", "1.00").up_but(&[(DAY, DAY + 5 * HOUR)]);
    let answer = serde_json::to_value(month.probe(HOUR, 5, 4, Some(8_123)).judge()).expect("JSON");
    for (field, expected) in [
        ("contracted_ms", json!(30 * DAY)),
        ("down_ms", json!(5 * HOUR)),
        ("availability_pct", json!("99.30555")),
        ("coverage_pct", json!("100.00000")),
        ("loss_pct", json!("20.00000")),
        ("latency_avg_us", json!(8_123)),
        ("p95_rx_bps", json!(null)),
        (
            "verdict",
            json!({"uptime": "breached", "latency": "met", "loss": "breached", "overall": "breached"}),
        ),
    ] {
        assert_eq!(answer[field], expected, "{field}");
    }
}

#[test]
fn both_forms_come_back_as_they_went() {
    for seed in 0..300 {
        let inputs = inputs(&mut Dice::new(seed));
        let text = serde_json::to_string(&inputs).expect("JSON");
        assert_eq!(serde_json::from_str::<Inputs>(&text).expect("inputs"), inputs, "case {seed}");
        let statement = sla::evaluate(&inputs).expect("no contradiction");
        let text = serde_json::to_string(&statement).expect("JSON");
        assert_eq!(serde_json::from_str::<Statement>(&text).expect("a statement"), statement, "case {seed}");
    }
}

#[test]
fn what_a_file_says_wrong_is_named() {
    let good: Value = serde_json::from_str(DOCUMENTED).expect("JSON");
    for (path, value, complaint) in [
        ("/month", json!("2026-13"), "\"2026-13\" is not a month"),
        ("/spans/0/state", json!("sideways"), "unknown variant `sideways`"),
        ("/exclusions/0/kind", json!("holiday"), "unknown variant `holiday`"),
        ("/terms/0/uptime_pct", json!(99.5), "a string"),
        ("/terms/0/uptime_pct", json!("99,5"), "is not a decimal number"),
        ("/probes/0/sent", json!(-1), "u32"),
        ("/traffic/0", json!({"at_ms": 0, "rx": 1}), "unknown field `rx`"),
        ("/active", json!({}), "missing field `from_ms`"),
    ] {
        let mut file = good.clone();
        *file.pointer_mut(path).expect("a place") = value;
        let error = serde_json::from_value::<Inputs>(file).expect_err("wrong").to_string();
        assert!(error.contains(complaint), "{path}: {error}");
    }
}
