use sla::LinkState::{Down, Unknown, Up};
use store::RouterId;

use super::*;
use crate::look::{Identity, Look};
use crate::ppp::PppLook;
use crate::silence::Silence;
use crate::world::{START_MS, World, shape};

const NORMAL_MS: i64 = 60_000;

/// A look at a PPP user `seconds` after the start; `began_s`: when the session began that it saw.
fn look(seconds: i64, began_s: Option<i64>) -> Look {
    let look = World::new(&[]).look(seconds);
    let began_ms = began_s.map(|seconds| START_MS + seconds * 1_000);
    Look {
        identity: Identity {
            id: began_s.map(|seconds| format!("0x{seconds:X}")).unwrap_or_default(),
            name: "ppp:acme".into(),
            mac: None,
        },
        running: began_s.is_some(),
        link_downs: None,
        up_local_ms: None,
        ppp: Some(PppLook { router: RouterId(1), began_ms, has_others: false }),
        ..look
    }
}

/// The same with the last logout that the user database knows.
fn logged_out(look: Look, seconds: i64) -> Look {
    Look { down_local_ms: look.offset_ms.map(|offset_ms| START_MS + seconds * 1_000 + offset_ms), ..look }
}

fn resolved(prev: &Look, next: &Look, silence: Option<&Silence>) -> Resolved {
    super::super::resolve(&Gap { prev, next, silence, normal_ms: NORMAL_MS })
}

fn line(prev: &Look, next: &Look) -> Vec<(i64, i64, LinkState, Option<&'static str>)> {
    shape(&resolved(prev, next, None).pieces)
}

#[test]
fn a_session_that_goes_on_proves_the_time_however_long_nobody_looked() {
    assert_eq!(line(&look(0, Some(-900)), &look(30, Some(-900))), [(0, 30, Up, None)]);
    let silence = Silence::new(START_MS + 30_000, Cause::RouterUnreachable);
    let over_an_hour = resolved(&look(0, Some(-900)), &look(3_600, Some(-899)), Some(&silence));
    assert_eq!(shape(&over_an_hour.pieces), [(0, 3_600, Up, None)]);
    assert_eq!(over_an_hour.pieces[0].evidence["kind"], "session");
}

#[test]
fn a_new_session_is_one_drop_that_ends_with_it() {
    // Bounded by the last look and the new session, or by the logout.
    let next = look(30, Some(21));
    assert_eq!(line(&look(0, Some(-900)), &next), [(0, 21, Down, Some("session_ended")), (21, 30, Up, None)]);
    let next = logged_out(next, 14);
    let dated = resolved(&look(0, Some(-900)), &next, None);
    let expected = [(0, 14, Up, None), (14, 21, Down, Some("session_ended")), (21, 30, Up, None)];
    assert_eq!(shape(&dated.pieces), expected);
    assert!(dated.proven);
    assert_eq!(dated.pieces[1].evidence["sessions_began_ms"][1], START_MS + 21_000);
    let within_a_second = line(&look(0, Some(-900)), &logged_out(look(30, Some(21)), 21));
    assert_eq!(within_a_second[1], (20, 21, Down, Some("session_ended")), "a drop has some length");
}

#[test]
fn over_a_long_gap_what_no_session_proves_is_unknown() {
    let next = look(3_600, Some(3_000));
    let unproven = [(0, 3_000, Unknown, Some("not_polled")), (3_000, 3_600, Up, None)];
    assert_eq!(line(&look(0, Some(-900)), &next), unproven);
    let logout = line(&look(0, Some(-900)), &logged_out(next, 2_900));
    let expected = [
        (0, 2_900, Unknown, Some("not_polled")),
        (2_900, 3_000, Down, Some("session_ended")),
        (3_000, 3_600, Up, None),
    ];
    assert_eq!(logout, expected);
}

#[test]
fn without_a_session_it_is_down_from_the_logout_or_from_this_look() {
    let absent = resolved(&look(0, Some(-900)), &look(30, None), None);
    assert_eq!((shape(&absent.pieces), absent.proven), (vec![(0, 30, Up, None)], true));
    let logout = line(&look(0, Some(-900)), &logged_out(look(30, None), 12));
    assert_eq!(logout, [(0, 12, Up, None), (12, 30, Down, Some("session_ended"))]);
    assert_eq!(line(&look(0, None), &look(30, None)), [(0, 30, Down, Some("session_ended"))]);
    let back = line(&look(0, None), &look(30, Some(17)));
    assert_eq!(back, [(0, 17, Down, Some("session_ended")), (17, 30, Up, None)]);
}

#[test]
fn down_before_and_after_a_long_gap_is_down_all_the_time_only_if_nobody_logged_out() {
    let long = [(0, 3_600, Unknown, Some("not_polled"))];
    assert_eq!(line(&look(0, None), &look(3_600, None)), long);
    let never = line(&look(0, None), &logged_out(look(3_600, None), -50));
    assert_eq!(never, [(0, 3_600, Down, Some("session_ended"))]);
    let meanwhile = line(&look(0, None), &logged_out(look(3_600, None), 2_000));
    assert_eq!(
        meanwhile,
        [(0, 2_000, Unknown, Some("not_polled")), (2_000, 3_600, Down, Some("session_ended"))]
    );
}

#[test]
fn a_second_session_that_was_there_all_the_time_is_no_drop() {
    assert_eq!(line(&look(0, Some(-900)), &look(30, Some(-500))), [(0, 30, Up, None)]);
}

#[test]
fn the_session_of_another_router_proves_the_time_and_its_uptime_no_reboot() {
    let mut next = look(30, Some(-100));
    next.uptime_ms = 5_000;
    if let Some(ppp) = &mut next.ppp {
        ppp.router = RouterId(2);
    }
    assert_eq!(line(&look(0, Some(-900)), &next), [(0, 30, Up, None)]);
}

#[test]
fn who_may_be_elsewhere_is_not_proven_to_be_down() {
    let mut next = look(30, None);
    if let Some(ppp) = &mut next.ppp {
        ppp.has_others = true;
    }
    assert!(!resolved(&look(0, Some(-900)), &next, None).proven);
}

#[test]
fn a_link_that_named_the_interface_of_the_session_goes_on() {
    let mut prev = World::new(&[]).look(0);
    prev.identity.name = "<pppoe-acme>".into();
    assert_eq!(line(&prev, &look(30, Some(-900))), [(0, 30, Up, None)]);
}

#[test]
fn a_restart_of_the_router_ends_all_sessions() {
    let mut next = look(120, Some(100));
    next.uptime_ms = 60_000;
    let after = line(&look(60, Some(-900)), &next);
    assert_eq!(after, [(60, 100, Down, Some("router_reboot")), (100, 120, Up, None)]);
}

#[test]
fn over_a_long_gap_a_logout_proves_nothing_where_there_are_other_routers() {
    let elsewhere = |mut look: Look| {
        if let Some(ppp) = &mut look.ppp {
            ppp.has_others = true;
        }
        look
    };
    let next = elsewhere(logged_out(look(3_600, Some(3_000)), 600));
    let expected = [(0, 3_000, Unknown, Some("not_polled")), (3_000, 3_600, Up, None)];
    assert_eq!(line(&look(0, Some(-900)), &next), expected);
    let absent = elsewhere(logged_out(look(3_600, None), -50));
    assert_eq!(line(&look(0, None), &absent), [(0, 3_600, Unknown, Some("not_polled"))]);
}

#[test]
fn a_session_that_outlived_the_start_of_the_next_one_is_no_drop() {
    let next = logged_out(look(30, Some(10)), 20);
    assert_eq!(line(&look(0, Some(-900)), &next), [(0, 30, Up, None)]);
}
