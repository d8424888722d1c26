//! Inputs as bytes: nothing is lost, order leaves no trace, and bytes from elsewhere do no harm.

use proptest::prelude::*;
use serde_json::json;
use sla::{
    Exclusion, ExclusionKind, FrozenError, Inputs, LinkState, Probe, StateSpan, Traffic, frozen_digest,
};

use crate::cases::{Dice, inputs};

/// A case with everything that a row can carry.
fn full(seed: u64) -> Inputs {
    let mut dice = Dice::new(seed);
    let mut inputs = inputs(&mut dice);
    for span in &mut inputs.spans {
        span.evidence = dice.pick_evidence();
    }
    for exclusion in &mut inputs.exclusions {
        exclusion.reason = dice.chance(50).then(|| "Fibre splice, जोधपुर".to_owned());
        exclusion.entered_by = dice.chance(50).then(String::new);
        exclusion.entered_at_ms = dice.chance(50).then_some(exclusion.from_ms + 1);
    }
    inputs
}

impl Dice {
    fn pick_evidence(&mut self) -> serde_json::Value {
        match self.below(4) {
            0 => serde_json::Value::Null,
            1 => json!({"kind": "uptime", "before": 17, "after": -3, "drops": [1, 2.5, null, true, "x"]}),
            2 => json!([0.1, 1e300, u64::MAX, i64::MIN, false]),
            _ => json!("router says so"),
        }
    }

    fn shuffle_all(&mut self, inputs: &mut Inputs) {
        self.shuffle(&mut inputs.spans);
        self.shuffle(&mut inputs.exclusions);
        self.shuffle(&mut inputs.terms);
        self.shuffle(&mut inputs.probes);
        self.shuffle(&mut inputs.traffic);
    }
}

fn sorted(mut inputs: Inputs) -> Inputs {
    let key = |span: &StateSpan| {
        (span.from_ms, span.to_ms, span.state, span.cause.clone(), span.evidence.to_string())
    };
    inputs.spans.sort_by_key(key);
    inputs.exclusions.sort();
    inputs.terms.sort();
    inputs.probes.sort();
    inputs.traffic.sort();
    inputs
}

#[test]
fn what_was_frozen_comes_back_and_order_leaves_no_trace() {
    for seed in 0..2_000 {
        let inputs = full(seed);
        let bytes = inputs.to_bytes();
        let back = Inputs::from_bytes(&bytes).unwrap_or_else(|error| panic!("case {seed}: {error}"));
        assert_eq!(sorted(back.clone()), sorted(inputs.clone()), "case {seed}");
        assert_eq!(back.to_bytes(), bytes, "case {seed}: thawed and frozen again");

        let mut other = inputs.clone();
        Dice::new(seed + 1).shuffle_all(&mut other);
        assert_eq!(other.digest(), inputs.digest(), "case {seed}");
        assert_eq!(sla::evaluate(&other).ok(), sla::evaluate(&inputs).ok(), "case {seed}");
        assert_eq!(sla::evaluate(&back).ok(), sla::evaluate(&inputs).ok(), "case {seed}");
    }
}

#[test]
fn any_change_changes_the_digest() {
    let inputs = full(7);
    let digest = inputs.digest();
    assert_eq!(digest, frozen_digest(&inputs.to_bytes()));
    assert_eq!(digest.len(), 64);
    let changed = |change: fn(&mut Inputs)| {
        let mut other = inputs.clone();
        change(&mut other);
        assert_ne!(other, inputs, "nothing was changed");
        assert_ne!(other.digest(), digest);
    };
    changed(|inputs| inputs.as_of_ms = inputs.as_of_ms.map_or(Some(0), |_| None));
    changed(|inputs| inputs.active.to_ms = Some(17));
    changed(|inputs| inputs.spans[0].cause = Some("else".to_owned()));
    changed(|inputs| inputs.spans[0].evidence = json!({"kind": "else"}));
    changed(|inputs| inputs.spans[0].to_ms += 1);
    changed(|inputs| inputs.terms[0].uptime_pct = Some("99.501".parse().expect("a figure")));
    changed(|inputs| inputs.probes[0].sent += 1);
    changed(|inputs| inputs.traffic[0].rx_bps = inputs.traffic[0].rx_bps.map_or(Some(0), |_| None));
    changed(|inputs| inputs.traffic.push(inputs.traffic[0]));
}

#[test]
fn a_month_of_five_minute_rows_is_under_a_hundred_kilobytes() {
    let inputs = month_of_rows();
    let bytes = inputs.to_bytes();
    assert!(bytes.len() < 100_000, "{}", bytes.len());
    assert_eq!(Inputs::from_bytes(&bytes).expect("frozen inputs"), inputs);
}

/// 8,928 probes and rates of a busy line: what a 31-day month of 5-minute samples holds.
pub(crate) fn month_of_rows() -> Inputs {
    let mut dice = Dice::new(31);
    let month = crate::cases::month_of("Asia/Kolkata", "2026-10");
    let mut inputs = full(3);
    inputs.month = "2026-10".parse().expect("a month");
    inputs.timezone = "Asia/Kolkata".to_owned();
    inputs.active.from_ms = 0;
    (inputs.active.to_ms, inputs.as_of_ms) = (None, None);
    let times = || (month.from_ms..month.to_ms).step_by(300_000);
    inputs.probes = times()
        .map(|at_ms| {
            let received = if dice.chance(97) { 5 } else { 4 };
            Probe { at_ms, sent: 5, received, rtt_avg_us: Some(dice.between(7_000, 11_000)) }
        })
        .collect();
    let mut rate = |top: i64| Some(dice.between(top / 2, top));
    inputs.traffic =
        times().map(|at_ms| Traffic { at_ms, rx_bps: rate(80_000_000), tx_bps: rate(20_000_000) }).collect();
    let up = StateSpan {
        from_ms: month.from_ms,
        to_ms: month.to_ms,
        state: LinkState::Up,
        cause: None,
        evidence: serde_json::Value::Null,
    };
    inputs.spans = vec![up];
    inputs.exclusions = vec![Exclusion {
        from_ms: month.from_ms + 86_400_000,
        to_ms: month.from_ms + 90_000_000,
        kind: ExclusionKind::PlannedMaintenance,
        reason: None,
        entered_by: None,
        entered_at_ms: None,
    }];
    inputs.terms.sort();
    inputs
}

#[test]
fn numbers_from_one_end_to_the_other_survive() {
    let ends = [i64::MIN, -1, 0, 1, i64::MAX];
    let mut inputs = full(0);
    inputs.active.from_ms = i64::MIN;
    inputs.active.to_ms = Some(i64::MAX);
    inputs.probes = Vec::new();
    inputs.traffic = Vec::new();
    for at_ms in ends {
        for figure in ends {
            inputs.probes.push(Probe { at_ms, sent: u32::MAX, received: 0, rtt_avg_us: Some(figure) });
            inputs.traffic.push(Traffic { at_ms, rx_bps: Some(figure), tx_bps: None });
        }
    }
    let back = Inputs::from_bytes(&inputs.to_bytes()).expect("frozen inputs");
    assert_eq!(sorted(back), sorted(inputs));
}

#[test]
fn bytes_that_are_cut_or_go_on_are_refused() {
    let bytes = full(5).to_bytes();
    for length in 0..bytes.len() {
        assert!(Inputs::from_bytes(&bytes[..length]).is_err(), "cut at {length} of {}", bytes.len());
    }
    let long = [bytes.as_slice(), &[0]].concat();
    assert_eq!(Inputs::from_bytes(&long), Err(FrozenError::Long(1)));
    assert_eq!(Inputs::from_bytes(b"{\"timezone\":"), Err(FrozenError::Foreign));
    assert_eq!(Inputs::from_bytes(b"LSLI\x02"), Err(FrozenError::Version(2)));
}

#[test]
fn a_length_that_the_bytes_cannot_hold_is_not_believed() {
    let mut inputs = full(5);
    inputs.probes = Vec::new();
    inputs.traffic = Vec::new();
    let mut bytes = inputs.to_bytes();
    bytes.truncate(bytes.len() - 2);
    bytes.extend([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);
    assert_eq!(Inputs::from_bytes(&bytes), Err(FrozenError::Short("probes")));
}

#[test]
fn values_nested_without_end_are_refused() {
    let mut inputs = full(5);
    inputs.spans.truncate(1);
    inputs.spans[0].evidence = (0..127).fold(json!(1), |value, _| json!([value]));
    assert!(Inputs::from_bytes(&inputs.to_bytes()).is_ok());
    inputs.spans[0].evidence = (0..1_000).fold(json!(1), |value, _| json!([value]));
    assert_eq!(Inputs::from_bytes(&inputs.to_bytes()), Err(FrozenError::Impossible("depth")));
}

proptest! {
    #[test]
    fn damaged_bytes_are_an_error_or_other_inputs_but_never_a_panic(
        seed in 0u64..50, damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = full(seed).to_bytes();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Ok(inputs) = Inputs::from_bytes(&bytes) {
            // Whatever was read can be judged or refused, and frozen again.
            let _ = sla::evaluate(&inputs);
            prop_assert_eq!(Inputs::from_bytes(&inputs.to_bytes()).map(sorted), Ok(sorted(inputs)));
        }
    }

    #[test]
    fn any_bytes_at_all_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let bytes = [b"LSLI\x01\x03UTC\x072026-10".as_slice(), &bytes].concat();
        let _ = Inputs::from_bytes(&bytes);
    }
}
