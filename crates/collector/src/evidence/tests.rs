use proptest::prelude::*;
use sla::LinkState::{Down, Unknown, Up};

use super::*;
use crate::world::{START_MS, World, shape};

const NORMAL_MS: i64 = 60_000;

fn between(prev: &Look, next: &Look) -> Resolved {
    resolve(&Gap { prev, next, silence: None, normal_ms: NORMAL_MS })
}

fn unreachable_since(after_s: i64) -> Silence {
    Silence::new(START_MS + after_s * 1_000, Cause::RouterUnreachable)
}

/// Polls every 30 s from one moment to another, all of which failed for one cause.
fn failing(silence: &mut Silence, after_s: std::ops::RangeInclusive<i64>, cause: Cause) {
    for after_s in after_s.step_by(30) {
        silence.failed(START_MS + after_s * 1_000, cause, NORMAL_MS);
    }
}

#[test]
fn an_outage_of_40_s_between_two_looks_is_dated_to_the_second() {
    let world = World::new(&[(107, 147)]);
    let resolved = between(&world.look(90), &world.look(150));
    let down = resolved.pieces.iter().find(|piece| piece.state == Down).expect("the outage is found");
    assert!((down.to_ms - down.from_ms - 40_000).abs() <= 1_000, "{down:?}");
    assert!((down.from_ms - START_MS - 107_000).abs() <= 1_000);
    assert_eq!(down.evidence["kind"], "link_times");
    assert!(resolved.proven);
}

/// Link times have whole seconds: the moment may seem to be that of the look, or later.
#[test]
fn an_outage_of_the_second_of_the_look_has_time() {
    for late_ms in [0, 400, 1_500] {
        let world = World::new(&[(150, 900)]);
        let (prev, mut next) = (world.look(90), world.look(151));
        next.at_ms = START_MS + 150_000;
        next.down_local_ms = next.offset_ms.map(|offset_ms| next.at_ms + late_ms + offset_ms);
        let resolved = between(&prev, &next);
        let last = resolved.pieces.last().expect("pieces");
        assert_eq!((last.state, last.to_ms, last.to_ms - last.from_ms), (Down, next.at_ms, 1), "{late_ms}");
        assert!(resolved.proven);
    }
}

#[test]
fn trap_01_an_hour_without_looks_is_up_when_the_router_says_so() {
    let world = World::new(&[(10, 20)]);
    let resolved = between(&world.look(60), &world.look(3_660));
    assert_eq!(shape(&resolved.pieces), [(60, 3_660, Up, None)]);
    assert_eq!(resolved.pieces[0].evidence["kind"], "continuous");
    assert_eq!(resolved.pieces[0].evidence["link_downs"], serde_json::json!([1, 1]));
}

#[test]
fn trap_01_an_hour_without_looks_is_unknown_when_nothing_tells() {
    let world = World { counts_drops: false, ..World::new(&[]) };
    let resolved = between(&world.look(60), &world.look(3_660));
    assert_eq!(shape(&resolved.pieces), [(60, 3_660, Unknown, Some("not_polled"))]);
    assert_eq!(shape(&between(&world.look(60), &world.look(90)).pieces), [(60, 90, Up, None)]);
}

#[test]
fn one_outage_within_an_hour_is_found_and_of_two_only_the_last() {
    let one = World::new(&[(600, 900)]);
    let expected = [(0, 600, Up, None), (600, 900, Down, Some("link_down")), (900, 3_600, Up, None)];
    assert_eq!(shape(&between(&one.look(0), &one.look(3_600)).pieces), expected);
    let two = World::new(&[(600, 900), (1_800, 1_860)]);
    let expected = [
        (0, 1_800, Unknown, Some("undated_drops")),
        (1_800, 1_860, Down, Some("link_down")),
        (1_860, 3_600, Up, None),
    ];
    assert_eq!(shape(&between(&two.look(0), &two.look(3_600)).pieces), expected);
}

#[test]
fn a_link_that_came_up_and_fell_again_is_dated_on_both_sides() {
    let world = World::new(&[(0, 600), (1_800, 9_000)]);
    let expected =
        [(60, 600, Down, Some("link_down")), (600, 1_800, Up, None), (1_800, 3_600, Down, Some("link_down"))];
    assert_eq!(shape(&between(&world.look(60), &world.look(3_600)).pieces), expected);
}

#[test]
fn trap_23_link_times_of_a_clock_that_was_set_are_not_believed() {
    let world = World::new(&[(600, 900)]);
    let moved = World { offset_ms: world.offset_ms + 3_600_000, ..world.clone() };
    let resolved = between(&world.look(0), &moved.look(3_600));
    assert_eq!(shape(&resolved.pieces), [(0, 3_600, Unknown, Some("undated_drops"))]);
    let mut without_clock = world.look(3_600);
    without_clock.offset_ms = None;
    assert_eq!(between(&world.look(0), &without_clock).pieces[0].state, Unknown);
}

#[test]
fn a_link_time_of_1970_dates_nothing() {
    let world = World::new(&[(107, 147)]);
    let mut next = world.look(150);
    next.down_local_ms = Some(345_600_000);
    assert_eq!(shape(&between(&world.look(90), &next).pieces), [(90, 150, Unknown, Some("undated_drops"))]);
}

#[test]
fn a_router_cut_off_for_an_hour_was_up_when_only_management_was_lost() {
    let world = World::new(&[]);
    let (prev, next) = (world.look(0), world.look(3_600));
    let silence = unreachable_since(30);
    let gap = Gap { prev: &prev, next: &next, silence: Some(&silence), normal_ms: NORMAL_MS };
    let resolved = resolve(&gap);
    assert_eq!(shape(&resolved.pieces), [(0, 3_600, Up, None)]);
    assert_eq!(resolved.pieces[0].evidence["silence"][0]["cause"], "router_unreachable");
}

fn rebooted(boot_s: i64, link_up_s: i64) -> World {
    let world = World::new(&[]);
    World {
        boot_ms: START_MS + boot_s * 1_000,
        drops: vec![(START_MS, START_MS + link_up_s * 1_000)],
        ..world
    }
}

#[test]
fn a_reboot_is_down_from_the_first_failed_look_until_the_link_was_up() {
    let (before, after) = (World::new(&[]), rebooted(70, 95));
    let (prev, next) = (before.look(0), after.look(120));
    let silence = unreachable_since(30);
    let gap = Gap { prev: &prev, next: &next, silence: Some(&silence), normal_ms: NORMAL_MS };
    let expected = [(0, 30, Up, None), (30, 95, Down, Some("router_reboot")), (95, 120, Up, None)];
    assert_eq!(shape(&resolve(&gap).pieces), expected);
}

#[test]
fn a_reboot_after_long_silence_leaves_the_silence_unknown() {
    let (before, after) = (World::new(&[]), rebooted(3_000, 3_030));
    let resolved = between(&before.look(0), &after.look(3_600));
    let expected = [
        (0, 2_990, Unknown, Some("not_polled")),
        (2_990, 3_030, Down, Some("router_reboot")),
        (3_030, 3_600, Up, None),
    ];
    assert_eq!(shape(&resolved.pieces), expected);
}

#[test]
fn trap_02_a_reboot_while_our_own_network_was_gone_is_down_for_the_restart_alone() {
    let (before, after) = (World::new(&[]), rebooted(480, 500));
    let (prev, next) = (before.look(0), after.look(720));
    let silence = Silence::new(START_MS + 30_000, Cause::OwnNetwork);
    let gap = Gap { prev: &prev, next: &next, silence: Some(&silence), normal_ms: NORMAL_MS };
    let expected = [
        (0, 30, Up, None),
        (30, 470, Unknown, Some("own_network")),
        (470, 500, Down, Some("router_reboot")),
        (500, 720, Up, None),
    ];
    assert_eq!(shape(&resolve(&gap).pieces), expected);
}

/// The router's own outage begins with the polls that found it unreachable, not with those that our network lost.
#[test]
fn a_reboot_within_changing_causes_is_charged_from_the_run_it_lies_in() {
    let before = World::new(&[]);
    let after_runs = |boot_s: i64, link_up_s: i64, runs: &[(i64, i64, Cause)]| {
        let mut silence = Silence::new(START_MS + runs[0].0 * 1_000, runs[0].2);
        for &(from_s, to_s, cause) in runs {
            failing(&mut silence, from_s..=to_s, cause);
        }
        let next = rebooted(boot_s, link_up_s).look(600);
        let gap = Gap { prev: &before.look(0), next: &next, silence: Some(&silence), normal_ms: NORMAL_MS };
        shape(&resolve(&gap).pieces)
    };
    let own = Some("own_network");
    let (unreachable, down) = (Some("router_unreachable"), Some("router_reboot"));
    let own_last = [(30, 90, Cause::RouterUnreachable), (120, 570, Cause::OwnNetwork)];
    let expected = [
        (0, 30, Up, None),
        (30, 120, Unknown, unreachable),
        (120, 390, Unknown, own),
        (390, 420, Down, down),
        (420, 600, Up, None),
    ];
    assert_eq!(after_runs(400, 420, &own_last), expected);
    let own_first = [(30, 270, Cause::OwnNetwork), (300, 570, Cause::RouterUnreachable)];
    let expected = [(0, 30, Up, None), (30, 300, Unknown, own), (300, 420, Down, down), (420, 600, Up, None)];
    assert_eq!(after_runs(400, 420, &own_first), expected);
    for refused in [
        Cause::InterfaceMissing,
        Cause::NotPolled,
        Cause::OwnNetwork,
        Cause::LoginRejected,
        Cause::PermissionDenied,
        Cause::TlsError,
        Cause::ProtocolError,
    ] {
        let pieces = after_runs(400, 420, &[(30, 570, refused)]);
        assert_eq!(pieces[1..3], [(30, 390, Unknown, Some(refused.as_str())), (390, 420, Down, down)]);
    }
}

#[test]
fn a_gap_that_nothing_proves_keeps_the_cause_of_each_stretch() {
    let world = World { counts_drops: false, ..World::new(&[]) };
    let mut silence = Silence::new(START_MS + 30_000, Cause::RouterUnreachable);
    failing(&mut silence, 60..=300, Cause::OwnNetwork);
    let expected = [(0, 60, Unknown, Some("router_unreachable")), (60, 330, Unknown, Some("own_network"))];
    let (prev, next) = (world.look(0), world.look(330));
    let gap = Gap { prev: &prev, next: &next, silence: Some(&silence), normal_ms: NORMAL_MS };
    assert_eq!(shape(&resolve(&gap).pieces), expected);
    let counted = World::new(&[]);
    let prev = Look { answered: Some(false), ..counted.look(0) };
    let next = Look { answered: Some(true), ..counted.look(330) };
    let gap = Gap { prev: &prev, next: &next, silence: Some(&silence), normal_ms: NORMAL_MS };
    assert_eq!(shape(&resolve(&gap).pieces), expected, "nor is it known when the far end fell silent");
}

#[test]
fn trap_15_a_port_that_was_switched_off_has_no_outage_when_the_router_restarts() {
    let (mut prev, mut next) = (World::new(&[]).look(0), rebooted(40, 50).look(60));
    (prev.disabled, next.disabled) = (true, true);
    assert_eq!(shape(&between(&prev, &next).pieces), [(0, 60, Unknown, Some("disabled"))]);
}

#[test]
fn a_link_that_runs_again_at_an_unknown_moment_after_a_reboot_is_not_called_down_until_then() {
    let (prev, mut next) = (World::new(&[]).look(0), rebooted(40, 50).look(60));
    next.up_local_ms = None;
    let expected = [(0, 40, Down, Some("router_reboot")), (40, 60, Unknown, Some("undated_drops"))];
    assert_eq!(shape(&between(&prev, &next).pieces), expected);
}

#[test]
fn a_drop_long_after_a_reboot_does_not_stretch_the_reboot() {
    let before = World::new(&[]);
    let mut after = rebooted(100, 130);
    after.drops.push((START_MS + 3_000_000, START_MS + 3_030_000));
    let states: Vec<_> = shape(&between(&before.look(0), &after.look(3_600)).pieces);
    assert_eq!(
        states,
        [
            (0, 90, Unknown, Some("not_polled")),
            (90, 100, Down, Some("router_reboot")),
            (100, 3_000, Unknown, Some("undated_drops")),
            (3_000, 3_030, Down, Some("link_down")),
            (3_030, 3_600, Up, None)
        ]
    );
}

#[test]
fn a_boot_moment_that_jitters_or_a_clock_that_jumps_is_no_reboot() {
    let world = World::new(&[]);
    for jitter_ms in [-1_000, 1_000] {
        let mut next = world.look(90);
        next.uptime_ms += jitter_ms;
        assert_eq!(shape(&between(&world.look(60), &next).pieces), [(60, 90, Up, None)]);
    }
    let mut jumped = world.look(90);
    jumped.at_ms += 3_600_000;
    assert_eq!(shape(&between(&world.look(60), &jumped).pieces), [(60, 3_690, Up, None)]);
}

#[test]
fn trap_27_a_created_anew_interface_is_unknown() {
    let world = World::new(&[]);
    let mut next = world.look(90);
    next.identity.id = "*1F".into();
    assert_eq!(
        shape(&between(&world.look(60), &next).pieces),
        [(60, 90, Unknown, Some("interface_missing"))]
    );
}

/// Version 1 kept the MAC address of every interface; VLANs and bridges are known without.
#[test]
fn an_address_that_is_not_known_any_more_makes_no_other_interface() {
    let world = World::new(&[]);
    let (mut prev, mut next) = (world.look(60), world.look(90));
    prev.identity.mac = Some("48:A9:8A:00:00:03".to_owned());
    assert_eq!(shape(&between(&prev, &next).pieces), [(60, 90, Up, None)]);
    next.identity.mac = Some("48:A9:8A:00:00:04".to_owned());
    let other = (60, 90, Unknown, Some("interface_missing"));
    assert_eq!(shape(&between(&prev, &next).pieces), [other], "a physical port is another one");
}

#[test]
fn a_dynamic_interface_with_a_new_id_after_a_reboot_is_the_same_link() {
    let (before, after) = (World::new(&[]), rebooted(70, 95));
    let mut next = after.look(120);
    next.identity.id = "*1F".into();
    let states: Vec<_> = shape(&between(&before.look(60), &next).pieces);
    assert_eq!(states, [(60, 95, Down, Some("router_reboot")), (95, 120, Up, None)]);
}

#[test]
fn disabled_by_the_operator_is_unknown_and_not_an_outage() {
    let world = World::new(&[(70, 9_000)]);
    let mut next = world.look(90);
    next.disabled = true;
    let expected = [(60, 70, Up, None), (70, 90, Unknown, Some("disabled"))];
    assert_eq!(shape(&between(&world.look(60), &next).pieces), expected);
}

proptest! {
    /// Nothing that is called up was down and the other way round, however long nobody looked; clocks have whole
    /// seconds, so a border may lie one second off.
    #[test]
    fn what_is_decided_is_true(
        lengths in prop::collection::vec((3_000i64..2_000_000, 3_000i64..900_000), 0..5),
        prev_s in 0i64..1_000, gap_ms in 1_000i64..4_000_000, counted in any::<bool>(),
    ) {
        let mut at_ms = START_MS;
        let drops = lengths.iter().map(|&(up, down)| { let from = at_ms + up; at_ms = from + down; (from, at_ms) });
        let world = World { drops: drops.collect(), counts_drops: counted, ..World::new(&[]) };
        let prev = world.look(prev_s);
        let next = world.look_at_ms(prev.at_ms + gap_ms);
        let pieces = between(&prev, &next).pieces;
        prop_assert_eq!(pieces.first().map(|piece| piece.from_ms), Some(prev.at_ms));
        prop_assert_eq!(pieces.last().map(|piece| piece.to_ms), Some(next.at_ms));
        for pair in pieces.windows(2) {
            prop_assert_eq!(pair[0].to_ms, pair[1].from_ms);
        }
        for piece in &pieces {
            prop_assert!(piece.from_ms < piece.to_ms);
            let sure = (piece.from_ms + 1_500..piece.to_ms - 1_500).step_by(500);
            match piece.state {
                // Uncounted drops within one normal interval cannot be seen.
                Up if counted => for ms in sure { prop_assert!(world.is_up(ms), "{pieces:?} at {ms}"); }
                Down if counted => for ms in sure { prop_assert!(!world.is_up(ms), "{pieces:?} at {ms}"); }
                _ => {}
            }
        }
    }
}
