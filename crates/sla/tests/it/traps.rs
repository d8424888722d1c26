//! The traps of SLA arithmetic, by their numbers in the list that we keep of them. A test's name begins with the trap
//! that it closes; those that arithmetic cannot close are named with the place that does.

mod contract;
mod knowledge;
mod outages;
mod readings;

use std::collections::BTreeMap;

/// How many the list has.
const TRAPS: u8 = 48;

/// Traps that are closed before or after the arithmetic.
const ELSEWHERE: &[(u8, &str)] = &[
    (4, "collector: a link is down once confirmed, and from the first of the probes that confirm it"),
    (20, "jobs: months close by the company's zone, catch up, and close once"),
    (25, "collector: a counter that fell is a gap"),
    (26, "collector: a counter that fell is a gap, never a guess"),
    (27, "collector: an interface that is another one is a gap"),
    (28, "collector: rates are over the measured time"),
    (33, "collector: whether an unanswered ping is down time is part of the terms"),
    (34, "report: charts show the load beside the latency"),
    (39, "report: rates are decimal bits per second, counters bytes"),
    (40, "store: totals are made in Rust over all rows"),
    (42, "a statement is about one link; what a pair of them gives is not promised"),
    (46, "store: a mail's key holds the revision; jobs: an undetermined month is no breach"),
    (48, "report: the statement names the measuring points"),
];

#[test]
fn every_trap_is_closed_by_a_test_or_by_a_named_place() {
    let sources = [
        include_str!("traps/contract.rs"),
        include_str!("traps/knowledge.rs"),
        include_str!("traps/outages.rs"),
        include_str!("traps/readings.rs"),
        include_str!("../../src/duration.rs"),
        include_str!("../../src/percentile.rs"),
    ];
    let mut closed: BTreeMap<u8, &str> = ELSEWHERE.iter().copied().collect();
    for name in sources.iter().flat_map(|source| source.split("fn trap_").skip(1)) {
        let number = name[..2].parse().expect("two digits");
        let twice = closed.insert(number, "a test");
        assert!(twice.is_none_or(|by| by == "a test"), "trap {number} is closed by a test: {}", &name[..20]);
    }
    let open: Vec<u8> = (1..=TRAPS).filter(|number| !closed.contains_key(number)).collect();
    assert!(open.is_empty(), "nothing closes {open:?}");
}
