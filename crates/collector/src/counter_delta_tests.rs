use proptest::prelude::*;

use super::*;

const START_MS: i64 = 1_800_000_000_000;
const LIMIT_BPS: u64 = 12_500_000_000;

fn reading(after_ms: i64, rx: i64, tx: i64) -> Reading {
    Reading {
        at_ms: START_MS + after_ms,
        mono_ms: Some(77 + after_ms),
        uptime_ms: 86_400_000 + after_ms,
        identity: Identity { id: "*3".into(), name: "ether3".into(), mac: Some("48:A9:8A:00:00:03".into()) },
        values: [Some(rx), Some(tx), Some(rx / 1000), Some(tx / 1000), Some(0), Some(0), Some(0), Some(0)],
    }
}

fn gap(prev: &Reading, next: &Reading) -> bool {
    rates(prev, next, LIMIT_BPS) == Rates::default()
}

#[test]
fn trap_28_a_rate_is_over_the_measured_time_and_not_the_nominal() {
    let (prev, next) = (reading(0, 0, 0), reading(417_000, 417_000_000, 834_000));
    assert_eq!(rates(&prev, &next, LIMIT_BPS), Rates { rx_bps: Some(8_000_000), tx_bps: Some(16_000) });
}

#[test]
fn a_process_that_starts_anew_goes_by_the_wall_clock() {
    let mut prev = reading(0, 0, 0);
    prev = serde_json::from_str(&serde_json::to_string(&prev).unwrap()).unwrap();
    assert_eq!(prev.mono_ms, None, "the clock of another process means nothing");
    let mut next = reading(300_000, 300_000_000, 0);
    next.mono_ms = Some(5);
    assert_eq!(rates(&prev, &next, LIMIT_BPS).rx_bps, Some(8_000_000));
}

#[test]
fn trap_25_a_reset_is_a_gap_and_not_a_wrap_of_2_to_the_64() {
    assert!(gap(&reading(0, 9_000_000, 9_000_000), &reading(300_000, 1_000, 2_000)));
    let mut rebooted = reading(300_000, 9_500_000, 9_500_000);
    rebooted.uptime_ms = 20_000;
    assert!(gap(&reading(0, 9_000_000, 9_000_000), &rebooted), "an uptime that went back");
}

#[test]
fn trap_26_one_counter_that_fell_makes_both_doubtful() {
    assert!(gap(&reading(0, 9_000_000, 1_000_000), &reading(300_000, 8_000_000, 2_000_000)));
    let mut packets = reading(300_000, 99_000_000, 99_000_000);
    packets.values[2] = Some(3);
    assert!(
        gap(&reading(0, 9_000_000, 9_000_000), &packets),
        "bytes passed their old value, packets did not"
    );
}

#[test]
fn trap_27_another_interface_under_the_same_name_is_a_gap() {
    let prev = reading(0, 1_000, 1_000);
    for change in [
        |i: &mut Identity| i.id = "*4".into(),
        |i: &mut Identity| i.name = "ether4".into(),
        |i: &mut Identity| i.mac = Some("48:A9:8A:00:00:04".into()),
    ] {
        let mut next = reading(300_000, 2_000_000, 2_000_000);
        change(&mut next.identity);
        assert!(gap(&prev, &next));
    }
}

#[test]
fn trap_23_clocks_that_disagree_make_a_gap() {
    let prev = reading(0, 0, 0);
    let mut stepped = reading(300_000, 1_000_000, 0);
    stepped.at_ms += 3_600_000;
    assert!(gap(&prev, &stepped), "our clock jumped by an hour");
    let mut slow_router = reading(300_000, 1_000_000, 0);
    slow_router.uptime_ms -= 6_001;
    assert!(gap(&prev, &slow_router), "the router saw two per cent less");
    let mut jitter = reading(300_000, 1_000_000, 0);
    jitter.uptime_ms += 1_000;
    assert!(!gap(&prev, &jitter), "uptime has whole seconds");
}

#[test]
fn an_absurd_rate_is_a_gap_in_its_direction_only() {
    let (prev, next) = (reading(0, 0, 0), reading(1_000, 3_000_000_000, 1_000));
    assert_eq!(rates(&prev, &next, LIMIT_BPS), Rates { rx_bps: None, tx_bps: Some(8_000) });
    assert_eq!(rates(&prev, &next, 24_000_000_000).rx_bps, Some(24_000_000_000));
}

/// 2 GB that come from nowhere within ten seconds are 1.64 Gbit/s: not on a port that negotiated 100 Mbit/s, and not on a
/// VLAN sold with 100 Mbit/s.
#[test]
fn what_is_plausible_follows_the_negotiated_speed_and_the_commitment() {
    const MEGABIT: u64 = 1_000_000;
    for (port_bps, committed_bps, expected) in [
        (Some(100 * MEGABIT), 100_000_000, 125 * MEGABIT),
        (Some(1_000 * MEGABIT), 100_000_000, 1_000 * MEGABIT),
        (Some(10_000 * MEGABIT), 1_000_000_000, 10_000 * MEGABIT),
        (Some(10_000 * MEGABIT), 10_000_000_000, 12_500 * MEGABIT),
        (None, 100_000_000, 1_000 * MEGABIT),
        (None, 1_000_000, 1_000 * MEGABIT),
        (None, 0, 1_000 * MEGABIT),
        (Some(u64::MAX), i64::MAX, u64::MAX / 100),
    ] {
        assert_eq!(plausible_bps(port_bps, committed_bps), expected, "{port_bps:?} {committed_bps}");
    }
    let (prev, next) = (reading(0, 0, 0), reading(10_000, 2_050_000_000, 0));
    assert_eq!(rates(&prev, &next, plausible_bps(None, 100_000_000)).rx_bps, None);
    let (prev, next) = (reading(0, 0, 0), reading(300_000, 5_000_000_000, 0));
    assert_eq!(
        rates(&prev, &next, plausible_bps(Some(100 * MEGABIT), 100_000_000)).rx_bps,
        None,
        "at 300 s too"
    );
}

#[test]
fn a_missing_counter_is_not_zero() {
    let (mut prev, next) = (reading(0, 0, 0), reading(1_000, 1_000, 1_000));
    prev.values[0] = None;
    assert_eq!(rates(&prev, &next, LIMIT_BPS), Rates { rx_bps: None, tx_bps: Some(8_000) });
}

#[test]
fn a_port_tells_its_speed_by_the_longest_name() {
    assert_eq!(port_speed_bps("qsfp28-1-1"), Some(100_000_000_000));
    assert_eq!(port_speed_bps("sfp28-1"), Some(25_000_000_000));
    assert_eq!(port_speed_bps("sfp1"), None);
}

proptest! {
    #[test]
    fn a_rate_is_never_negative_nor_absurd(
        rx in any::<i64>(), next_rx in any::<i64>(), elapsed in -10_000i64..10_000_000,
        wall_step in -5_000i64..5_000, uptime_step in -400_000_000i64..5_000,
    ) {
        let prev = reading(0, rx, 0);
        let mut next = reading(elapsed, next_rx, 0);
        next.at_ms += wall_step;
        next.uptime_ms += uptime_step;
        let rates = rates(&prev, &next, 1_250_000_000);
        for rate in [rates.rx_bps, rates.tx_bps].into_iter().flatten() {
            prop_assert!((0..=1_250_000_000).contains(&rate), "{rate}");
            prop_assert!(next_rx >= rx && elapsed > 0);
        }
    }

    #[test]
    fn volume_comes_back_from_rate_and_time(bps in 0i64..10_000_000_000, elapsed_s in 1i64..100_000) {
        let bytes = bps / 8 * elapsed_s;
        let rates = rates(&reading(0, 5, 5), &reading(elapsed_s * 1_000, 5 + bytes, 5), LIMIT_BPS);
        prop_assert_eq!(rates.rx_bps, Some(bps / 8 * 8));
    }
}
