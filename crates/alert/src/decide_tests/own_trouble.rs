//! What is wrong with us and not with a router: network, disk, descriptors, a collector that has stopped.

use store::DiskSpace;

use super::told;
use crate::{
    disk,
    world::{HOUR, MINUTE, SECOND, START, World},
};

#[test]
fn our_own_network_gone_is_one_message_and_no_router_is_blamed() {
    let mut world = World::new(3);
    world.silent(START, "own_network");
    world.until(START, START + HOUR);
    assert_eq!(told(&world), ["collector_stalled Example Net"]);
    assert_eq!(world.book.messages[0].2.payload["own_network"], true);
    // The network is back, this router is not: it has been silent of itself only from now on.
    for link in world.facts.links.values_mut() {
        link.cause = Some("router_unreachable".to_owned());
    }
    world.facts.routers[0].cause = Some("router_unreachable".to_owned());
    world.until(START + HOUR, START + HOUR + 50 * SECOND);
    assert_eq!(told(&world)[1..], ["collector_stalled over Example Net"]);
    world.until(START + HOUR + MINUTE, START + HOUR + 2 * MINUTE);
    assert_eq!(told(&world)[2..], ["router_unreachable edge"]);
}

/// Before the disk is full: once it is, no alert can be stored either.
#[test]
fn a_nearly_full_disk_is_one_message_to_operations_and_one_when_there_is_space_again() {
    const GIB: u64 = 1 << 30;
    let mut world = World::new(1);
    let company = world.facts.company.clone();
    let free = [10 * GIB, GIB + 1, GIB - 1, GIB / 2, GIB + 1, GIB - 1, GIB + GIB / 8, 2 * GIB, 2 * GIB];
    for (minute, available_bytes) in (0..).zip(free) {
        let disk = DiskSpace { available_bytes, total_bytes: 100 * GIB };
        let now_ms = START + minute * MINUTE;
        world.at_with(now_ms, &[disk::condition(&company, Some(disk), now_ms)]);
    }
    assert_eq!(told(&world), ["disk_low Example Net", "disk_low over Example Net"]);
    assert_eq!(world.book.messages[0].2.payload["measured"], "1023 MiB free");
    assert_eq!(world.book.messages[0].2.payload["limit"], "1.0 GiB");
}

#[test]
fn a_collector_without_descriptors_is_polling_stopped_and_blames_no_router() {
    let mut world = World::new(3);
    world.silent(START, "own_limit");
    world.until(START, START + HOUR);
    assert_eq!(told(&world), ["collector_stalled Example Net"]);
    assert_ne!(world.book.messages[0].2.payload["own_network"], true, "the network is fine");
}

#[test]
fn a_collector_that_has_stopped_is_told_and_what_it_saw_last_is_not_believed_after_a_break() {
    let mut world = World::new(1);
    world.at(START);
    for minute in 1..10 {
        world.decide(START + minute * MINUTE, &[]);
    }
    assert_eq!(told(&world), ["collector_stalled Example Net"]);
    world.at(START + 10 * MINUTE);
    assert_eq!(told(&world)[1..], ["collector_stalled over Example Net"]);

    // The machine was off for an hour while a link was down and the router silent: who knows what they do now.
    let mut world = World::new(1);
    world.down(1, START);
    world.facts.watch_since_ms = START + HOUR;
    world.facts.routers[0].reachable = false;
    for second in 0..170 {
        world.decide(START + HOUR + second * SECOND, &[]);
    }
    assert_eq!(told(&world), Vec::<String>::new());
    world.facts.routers[0].reachable = true;
    world.at(START + HOUR + 3 * MINUTE);
    assert_eq!(told(&world), ["link_down C-1"], "it has been looked at again");
}
