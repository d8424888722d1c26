//! The traps of SLA arithmetic, by their numbers in the list that we keep of them. A test's name begins with the trap
//! that it closes; those that arithmetic cannot close are named with the place that does.

mod contract;
mod knowledge;
mod outages;
mod readings;

use std::collections::BTreeMap;

/// How many the list has.
const TRAPS: u8 = 48;

/// Traps that are closed before or after the arithmetic: where, and the test that holds it.
const ELSEWHERE: &[(u8, &str, &str)] = &[
    (4, "collector/src/timeline_tests.rs", "trap_04_a_change_that_is_not_confirmed_is_no_outage"),
    (20, "jobs/src/schedule.rs", "trap_20_months_are_closed_by_the_companys_clock_and_once"),
    (25, "collector/src/counter_delta_tests.rs", "trap_25_a_reset_is_a_gap_and_not_a_wrap_of_2_to_the_64"),
    (26, "collector/src/counter_delta_tests.rs", "trap_26_one_counter_that_fell_makes_both_doubtful"),
    (27, "collector/src/counter_delta_tests.rs", "trap_27_another_interface_under_the_same_name_is_a_gap"),
    (
        28,
        "collector/src/counter_delta_tests.rs",
        "trap_28_a_rate_is_over_the_measured_time_and_not_the_nominal",
    ),
    (33, "collector/tests/it/spans.rs", "a_silent_target_is_down_where_the_terms_say_so"),
    (34, "report/tests/it/pdf.rs", "trap_34_the_load_stands_beside_the_round_trip"),
    (39, "report/src/rate.rs", "three_digits_and_decimal_prefixes"),
    (40, "store/tests/it/figures.rs", "figures_are_those_of_the_raw_samples_however_much_is_rolled_up"),
    (46, "jobs/tests/it/close.rs", "a_second_run_changes_nothing_and_tells_nobody_again"),
    (46, "jobs/tests/it/close.rs", "what_cannot_be_decided_is_told_to_nobody"),
    (48, "report/tests/it/pdf.rs", "trap_48_the_measuring_points_are_named"),
];

/// Traps of what Leaseline does not promise.
const NOT_PROMISED: &[(u8, &str)] = &[(
    42,
    "a statement is about one link; what a pair of them gives together is in no contract that it knows",
)];

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
    let mut closed: BTreeMap<u8, &str> = NOT_PROMISED.iter().copied().collect();
    let crates = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (number, file, test) in ELSEWHERE {
        let source =
            std::fs::read_to_string(crates.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(source.contains(&format!("fn {test}(")), "trap {number}: {file} has no test {test}");
        closed.insert(*number, test);
    }
    for name in sources.iter().flat_map(|source| source.split("fn trap_").skip(1)) {
        let number = name[..2].parse().expect("two digits");
        let twice = closed.insert(number, "a test");
        assert!(twice.is_none_or(|by| by == "a test"), "trap {number} is closed by a test: {}", &name[..20]);
    }
    let open: Vec<u8> = (1..=TRAPS).filter(|number| !closed.contains_key(number)).collect();
    assert!(open.is_empty(), "nothing closes {open:?}");
}
