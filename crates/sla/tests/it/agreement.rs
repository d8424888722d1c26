//! Random months against the oracle.

use std::collections::BTreeMap;

use crate::cases::{Dice, inputs};
use crate::oracle::expected;

/// Random cases that must agree.
const CASES: u64 = 20_000;

#[test]
fn every_figure_equals_the_obvious_calculation_to_the_millisecond() {
    for seed in 0..CASES {
        let inputs = inputs(&mut Dice::new(seed));
        let expected = expected(&inputs);
        let statement = sla::evaluate(&inputs).unwrap_or_else(|error| panic!("case {seed}: {error}"));
        let mut found = serde_json::to_value(&statement).expect("a statement is JSON");
        let fields = found.as_object_mut().expect("an object");
        let reasons = fields.remove("reasons").expect("reasons");
        for beside in ["algorithm", "timezone", "month"] {
            fields.remove(beside);
        }
        if found != expected {
            let file = serde_json::to_string(&inputs).expect("inputs are JSON");
            panic!("case {seed}\n{file}\nfound    {found}\nexpected {expected}");
        }
        let open = ["breached", "undetermined"]
            .contains(&expected["verdict"]["overall"].as_str().unwrap_or_default());
        assert_eq!(!reasons.as_array().expect("a list").is_empty(), open, "case {seed}: {reasons}");
    }
}

#[test]
fn the_cases_reach_every_verdict_and_every_shape() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 0..2_000 {
        let statement = sla::evaluate(&inputs(&mut Dice::new(seed))).expect("no contradiction");
        let verdict = statement.figures.verdict;
        let mut count = |what: String| *seen.entry(what).or_default() += 1;
        count(format!("uptime {}", verdict.uptime));
        count(format!("latency {}", verdict.latency));
        count(format!("loss {}", verdict.loss));
        count(format!("overall {}", verdict.overall));
        count(format!("{} stretches", statement.parts.len().min(4)));
        count(format!("so far {}", statement.so_far));
        for outage in &statement.outages {
            count(format!("outage goes on {}", outage.to_ms.is_none()));
            count(format!("outage excluded {} down {}", outage.excluded_ms > 0, outage.down_ms > 0));
        }
    }
    assert_eq!(seen.len(), 16 + 5 + 2 + 2 + 3, "{seen:#?}");
    assert!(seen.values().all(|&count| count > 20), "{seen:#?}");
}
