//! A clock that is wrong.

use store::{ClockHealth, ClockVerdict};

use super::told;
use crate::world::{HOUR, MINUTE, SECOND, START, World};

#[test]
fn a_clock_that_jumps_is_notified_at_once_and_no_router_is_blamed() {
    let mut world = World::new(1);
    world.until(START, START + MINUTE);
    let since_ms = START + MINUTE;
    let wrong = ClockHealth {
        verdict: ClockVerdict::MachineWrong,
        shift_ms: 19_800_000,
        since_ms,
        routers_for: 2,
        ..ClockHealth::UNCHECKED
    };
    world.facts.clock = ClockHealth { verdict: ClockVerdict::Checking, ..wrong };
    world.at(since_ms + SECOND);
    assert!(told(&world).is_empty(), "which time is right is not known yet");
    world.facts.clock = wrong;
    world.at(since_ms + 2 * SECOND);
    assert_eq!(told(&world), ["clock_wrong Example Net"]);
    let error = world.book.messages[0].2.payload["error"].as_str().unwrap_or_default().to_owned();
    assert!(error.contains("5 h 30 min ahead, by 2 of 2 routers"), "{error}");
    world.until(since_ms + 2 * SECOND, since_ms + 10 * MINUTE);
    world.facts.clock = ClockHealth { since_ms: since_ms + 10 * MINUTE, ..ClockHealth::UNCHECKED };
    world.until(since_ms + 10 * MINUTE, since_ms + HOUR);
    assert_eq!(told(&world)[1..], ["clock_wrong over Example Net"]);
}

#[test]
fn polls_dated_in_the_future_are_no_collector_at_work() {
    let mut world = World::new(1);
    world.facts.routers[0].at_ms = START + HOUR;
    for minute in 0..10 {
        world.facts.clock = ClockHealth {
            polled_ms: Some(START + HOUR),
            now_ms: START + minute * MINUTE,
            ..ClockHealth::UNCHECKED
        };
        world.decide(START + minute * MINUTE, &[]);
    }
    let mut told = told(&world);
    told.sort();
    assert_eq!(told, ["clock_wrong Example Net", "collector_stalled Example Net"]);
}
