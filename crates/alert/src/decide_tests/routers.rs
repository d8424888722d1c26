//! Routers that do not answer, or answer with an error, and their ports.

use store::NotificationEvent;

use super::told;
use crate::world::{HOUR, MINUTE, SECOND, START, World};

#[test]
fn a_dead_router_is_one_message_that_names_its_links() {
    let mut world = World::new(20);
    world.rule(NotificationEvent::RouterUnreachable).to_client = true;
    world.silent(START, "router_unreachable");
    world.until(START, START + 10 * MINUTE);
    assert_eq!(
        world.told(),
        [
            "router_unreachable edge noc@isp.example",
            "router_unreachable edge one@client.example",
            "router_unreachable edge two@client.example"
        ]
    );
    let payload = |index: usize| &world.book.messages[index].2.payload;
    assert_eq!(payload(0)["links"].as_array().map(Vec::len), Some(20));
    let of_client = payload(1);
    assert_eq!(of_client["links"].as_array().map(Vec::len), Some(10));
    assert!(!of_client.to_string().contains("Client 2"), "a client reads nothing of others: {of_client}");
    assert!(!of_client.to_string().contains("edge"), "nor of our equipment: {of_client}");

    // It had restarted: the evidence says so, and its links' outages were told with it.
    world.answers(START + 10 * MINUTE);
    for id in 1..=20 {
        world.down(id, START);
        world.up(id, START + 2 * MINUTE);
    }
    world.until(START + 10 * MINUTE, START + 20 * MINUTE);
    assert_eq!(world.told()[3], "router_unreachable over edge noc@isp.example");
    assert_eq!(world.told().len(), 6);
    let with_router = world.untold().iter().filter(|line| line.ends_with("told with its router")).count();
    assert_eq!(with_router, 20);
}

#[test]
fn a_link_that_was_told_down_is_not_told_up_because_its_router_died() {
    let mut world = World::new(1);
    world.down(1, START);
    world.until(START, START + MINUTE);
    world.silent(START + MINUTE, "router_unreachable");
    world.until(START + MINUTE, START + 30 * MINUTE);
    assert_eq!(told(&world), ["link_down C-1", "router_unreachable edge"]);
    world.answers(START + 30 * MINUTE);
    world.until(START + 30 * MINUTE, START + 40 * MINUTE);
    assert_eq!(told(&world)[2..], ["link_down over C-1", "router_unreachable over edge"]);
}

#[test]
fn a_router_that_answers_with_an_error_is_reported_to_operations_alone_and_not_as_unreachable() {
    for cause in ["login_rejected", "permission_denied", "tls_error", "protocol_error"] {
        let mut world = World::new(2);
        world.rule(NotificationEvent::RouterUnreachable).to_client = true;
        world.silent(START, cause);
        world.until(START, START + HOUR);
        assert_eq!(world.told(), ["poll_failed edge noc@isp.example"]);
        assert_eq!(world.book.messages[0].2.payload["cause"], cause);
        world.answers(START + HOUR);
        world.until(START + HOUR, START + 2 * HOUR);
        assert_eq!(world.told()[1..], ["poll_failed over edge noc@isp.example"]);
    }
}

#[test]
fn a_static_port_that_disappears_is_reported_to_operations_after_ten_minutes() {
    let mut world = World::new(2);
    world.link(2).interface = "<pppoe-acme>".to_owned();
    for id in 1..=2 {
        let link = world.link(id);
        (link.state, link.since_ms, link.cause) =
            (sla::LinkState::Unknown, START, Some("interface_missing".to_owned()));
    }
    let polled = |world: &mut World, from_ms: i64, to_ms: i64| {
        for at_ms in (from_ms..=to_ms).step_by(10_000) {
            world.link(1).looked_at_ms = at_ms;
            world.at(at_ms);
        }
    };
    polled(&mut world, START, START + 10 * MINUTE - 10 * SECOND);
    assert_eq!(world.told(), Vec::<String>::new());
    polled(&mut world, START + 10 * MINUTE, START + 20 * MINUTE);
    assert_eq!(world.told(), ["port_missing C-1 noc@isp.example"], "a session may be away");
    // While the router does not answer nobody can say whether the port is back.
    let link = world.link(1);
    (link.since_ms, link.cause) = (START + 20 * MINUTE, Some("router_unreachable".to_owned()));
    polled(&mut world, START + 20 * MINUTE, START + 30 * MINUTE);
    assert_eq!(world.told().len(), 1);
    let link = world.link(1);
    (link.state, link.since_ms, link.cause) = (sla::LinkState::Up, START + 30 * MINUTE, None);
    polled(&mut world, START + 30 * MINUTE, START + 40 * MINUTE);
    assert_eq!(world.told()[1..], ["port_missing over C-1 noc@isp.example"]);
}

/// An hour without our own network says nothing about the router that is asked after it.
#[test]
fn a_router_is_unreachable_since_it_did_not_answer_and_not_since_our_network_was_gone() {
    let mut world = World::new(1);
    world.rule(NotificationEvent::CollectorStalled).sustained_s = 7_200;
    world.silent(START, "own_network");
    world.until(START, START + HOUR);
    world.silent(START + HOUR, "router_unreachable");
    world.until(START + HOUR, START + HOUR + 50 * SECOND);
    assert_eq!(told(&world), Vec::<String>::new());
    world.until(START + HOUR + MINUTE, START + HOUR + MINUTE);
    assert_eq!(told(&world), ["router_unreachable edge"]);
}

/// Those who were notified that it is unreachable are not notified that it is back because it rejects the login.
#[test]
fn a_router_that_was_unreachable_and_then_rejects_the_login_is_not_back() {
    let mut world = World::new(1);
    world.silent(START, "router_unreachable");
    world.until(START, START + 10 * MINUTE);
    world.silent(START + 10 * MINUTE, "login_rejected");
    world.until(START + 10 * MINUTE, START + 20 * MINUTE);
    assert_eq!(told(&world), ["router_unreachable edge", "poll_failed edge"]);
    world.answers(START + 20 * MINUTE);
    world.until(START + 20 * MINUTE, START + 30 * MINUTE);
    assert_eq!(told(&world)[2..], ["router_unreachable over edge", "poll_failed over edge"]);
}

#[test]
fn a_router_whose_links_are_all_in_maintenance_is_silenced_and_one_with_others_names_the_others() {
    let mut world = World::new(2);
    world.link(1).maintenance = vec![(START - HOUR, None)];
    world.link(2).maintenance = vec![(START - HOUR, None)];
    world.silent(START, "router_unreachable");
    world.until(START, START + 10 * MINUTE);
    assert_eq!(world.untold(), ["router_unreachable edge: maintenance"]);
    world.link(2).maintenance.clear();
    world.at(START + 11 * MINUTE);
    assert_eq!(told(&world), ["router_unreachable edge"]);
    let links = world.book.messages[0].2.payload["links"].to_string();
    assert!(links.contains("C-2") && !links.contains("C-1"), "{links}");
}
