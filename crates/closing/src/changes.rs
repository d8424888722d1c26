use sla::Inputs;

/// The reason where the inputs are the same, so that only the arithmetic can differ.
pub(crate) const NOTHING: &str = "calculated again by new rules";

/// In what the inputs of a month differ from those that were frozen, as the reason of a revision. Nobody who runs a
/// command should have to find that out.
pub(crate) fn changes(before: &Inputs, after: &Inputs) -> String {
    let readings = before.probes != after.probes || before.traffic != after.traffic;
    let differ = [
        ("the time line", before.spans != after.spans),
        ("the exclusions", before.exclusions != after.exclusions),
        ("the terms", before.terms != after.terms),
        ("the readings", readings),
        ("the contract's dates", before.active != after.active),
        ("the time zone", before.timezone != after.timezone),
    ];
    let names: Vec<&str> = differ.iter().filter(|(_, differs)| *differs).map(|(name, _)| *name).collect();
    match names.as_slice() {
        [] => NOTHING.to_owned(),
        [one] => format!("calculated again: {one} changed"),
        [some @ .., last] => format!("calculated again: {} and {last} changed", some.join(", ")),
    }
}
