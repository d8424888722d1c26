//! What is told and what is not, decided by the second in a small ISP in memory.

mod clock;
mod own_trouble;
mod routers;

use store::{AlertSubject, LinkId, NotificationEvent, QuietHours};

use super::{
    condition::{Condition, Detail, Standing},
    world::{HOUR, MINUTE, SECOND, START, World},
};

const NOC: &str = "noc@isp.example";

/// What was told, without the one who always hears it.
fn told(world: &World) -> Vec<String> {
    world.told().into_iter().map(|told| told.trim_end_matches(NOC).trim_end().to_owned()).collect()
}

#[test]
fn down_and_up_are_told_once_each_and_to_the_same() {
    let mut world = World::new(2);
    world.rule(NotificationEvent::LinkDown).to_client = true;
    world.down(1, START);
    world.until(START + 30 * SECOND, START + 5 * MINUTE);
    world.up(1, START + 5 * MINUTE);
    // Who comes later was not told that it went down, and need not hear that it is back.
    world.facts.operations.push("late@isp.example".to_owned());
    world.until(START + 5 * MINUTE, START + 20 * MINUTE);
    let expected = [
        "link_down C-1 noc@isp.example",
        "link_down C-1 one@client.example",
        "link_down over C-1 noc@isp.example",
        "link_down over C-1 one@client.example",
    ];
    assert_eq!(world.told(), expected);
    assert_eq!(world.untold(), Vec::<String>::new());
    let (at_ms, _, first) = &world.book.messages[0];
    assert_eq!(*at_ms, START + 30 * SECOND, "at the first look after it was confirmed");
    assert_eq!(first.payload["since_ms"], START, "and dated from its beginning");
    let (at_ms, _, over) = &world.book.messages[2];
    assert_eq!(*at_ms, START + 6 * MINUTE, "it must have been up for a minute");
    assert_eq!(over.payload["until_ms"], START + 5 * MINUTE);
    assert_eq!(over.payload["in_reply_to"], "<0>", "the two stand together");
    assert_eq!(world.book.messages[3].2.payload["in_reply_to"], "<1>");
}

#[test]
fn a_second_fall_within_the_minute_is_the_same_alert() {
    let mut world = World::new(1);
    world.down(1, START);
    world.until(START, START + MINUTE);
    world.up(1, START + MINUTE);
    world.until(START + MINUTE, START + 90 * SECOND);
    world.down(1, START + 100 * SECOND);
    world.until(START + 100 * SECOND, START + 5 * MINUTE);
    world.up(1, START + 5 * MINUTE);
    world.until(START + 5 * MINUTE, START + 7 * MINUTE);
    assert_eq!(told(&world), ["link_down C-1", "link_down over C-1"]);
    assert_eq!(world.untold(), ["link_down C-1: the alert stands"]);
}

/// A person closes the only pending alert by hand, as the store does.
fn dismiss(world: &mut World, now_ms: i64) {
    let alert = &mut world.facts.pending[0].alert;
    (alert.dismissed_by, alert.dismissed_at_ms) = (Some("staff:noc".to_owned()), Some(now_ms));
    alert.dismissed_reason = Some("the customer moves house".to_owned());
}

#[test]
fn closed_by_hand_while_it_holds_it_is_not_told_again_and_its_true_end_is_told_once() {
    let mut world = World::new(1);
    world.down(1, START);
    world.until(START + 30 * SECOND, START + 5 * MINUTE);
    dismiss(&mut world, START + 5 * MINUTE);
    world.until(START + 5 * MINUTE, START + 3 * HOUR);
    assert_eq!(told(&world), ["link_down C-1"], "no end that is none, and no second beginning");
    world.up(1, START + 3 * HOUR);
    world.until(START + 3 * HOUR, START + 4 * HOUR);
    assert_eq!(told(&world), ["link_down C-1", "link_down over C-1"]);
    // What comes then is news.
    world.down(1, START + 4 * HOUR);
    world.until(START + 4 * HOUR, START + 5 * HOUR);
    assert_eq!(told(&world).last().map(String::as_str), Some("link_down C-1"));
    assert!(world.facts.pending[0].alert.is_open(), "and there to be dealt with");
}

#[test]
fn closed_by_hand_before_it_was_told_nobody_hears_of_it_nor_of_its_end() {
    let mut world = World::new(1);
    world.rule(NotificationEvent::LinkDown).quiet = Some(QuietHours { from_min: 0, to_min: 60 });
    world.down(1, START);
    world.until(START + 30 * SECOND, START + 5 * MINUTE);
    dismiss(&mut world, START + 5 * MINUTE);
    world.until(START + 5 * MINUTE, START + 2 * HOUR);
    world.up(1, START + 2 * HOUR);
    world.until(START + 2 * HOUR, START + 3 * HOUR);
    assert_eq!(told(&world), Vec::<String>::new());
    let expected = [
        "link_down C-1: quiet hours",
        "link_down C-1: closed by hand",
        "link_down C-1: over before it could be told: closed by hand",
    ];
    assert_eq!(world.untold(), expected);
}

#[test]
fn what_comes_back_before_its_end_was_told_is_open_again_though_it_was_closed_by_hand() {
    let mut world = World::new(1);
    world.rule(NotificationEvent::LinkDown).quiet = Some(QuietHours { from_min: 30, to_min: 60 });
    world.down(1, START);
    world.until(START + 30 * SECOND, START + 5 * MINUTE);
    dismiss(&mut world, START + 5 * MINUTE);
    world.up(1, START + 31 * MINUTE);
    world.until(START + 31 * MINUTE, START + 40 * MINUTE);
    world.down(1, START + 40 * MINUTE);
    world.until(START + 40 * MINUTE, START + 2 * HOUR);
    assert_eq!(told(&world), ["link_down C-1"]);
    assert!(world.facts.pending[0].alert.is_open());
}

#[test]
fn an_outage_that_is_found_when_it_is_over_gets_a_line_and_no_alarm() {
    let mut world = World::new(1);
    world.down(1, START);
    world.up(1, START + 40 * SECOND);
    world.until(START + MINUTE, START + 10 * MINUTE);
    assert_eq!(told(&world), Vec::<String>::new());
    assert_eq!(world.untold(), ["link_down C-1: over before it could be told"]);
    // And one of long ago not even that.
    world.down(1, START - 30 * HOUR);
    world.up(1, START - 29 * HOUR);
    world.until(START + 10 * MINUTE, START + 11 * MINUTE);
    assert_eq!(world.untold().len(), 1);
}

#[test]
fn what_does_not_last_is_not_told_where_it_must_last() {
    let mut world = World::new(1);
    world.rule(NotificationEvent::LinkDown).sustained_s = 120;
    world.down(1, START);
    world.until(START, START + 110 * SECOND);
    assert_eq!(told(&world), Vec::<String>::new());
    world.up(1, START + 110 * SECOND);
    world.until(START + 110 * SECOND, START + 3 * MINUTE);
    assert_eq!(world.untold(), ["link_down C-1: over before it could be told"]);
    world.down(1, START + 10 * MINUTE);
    world.until(START + 10 * MINUTE, START + 12 * MINUTE);
    assert_eq!(told(&world), ["link_down C-1"]);
}

#[test]
fn flapping_is_one_message_and_calm_another() {
    let mut world = World::new(1);
    world.rule(NotificationEvent::LinkDown).clear_after_s = 0;
    for turn in 0..20 {
        let from = START + turn * 2 * MINUTE;
        world.down(1, from);
        world.until(from, from + MINUTE - SECOND);
        world.up(1, from + MINUTE);
        world.until(from + MINUTE, from + 2 * MINUTE - SECOND);
    }
    let last_up = START + 39 * MINUTE;
    assert_eq!(
        told(&world),
        // The third fall comes within the cooldown of the first, the fourth makes it unstable.
        ["link_down C-1", "link_down over C-1", "link_unstable C-1"]
    );
    world.until(START + 40 * MINUTE, last_up + 30 * MINUTE - SECOND);
    assert_eq!(told(&world).len(), 3);
    world.until(last_up + 30 * MINUTE, last_up + 3 * HOUR);
    assert_eq!(told(&world)[3..], ["link_unstable over C-1"]);
    let unstable =
        world.untold().iter().filter(|line| *line == "link_down C-1: the link is unstable").count();
    assert_eq!(unstable, 17, "each fall is in the log: {:?}", world.untold());
}

#[test]
fn a_link_that_was_unstable_and_stays_down_is_down() {
    let mut world = World::new(1);
    for turn in 0..4 {
        let from = START + turn * 2 * MINUTE;
        world.down(1, from);
        world.until(from, from + MINUTE - SECOND);
        world.up(1, from + MINUTE);
        world.until(from + MINUTE, from + 2 * MINUTE - SECOND);
    }
    world.down(1, START + 8 * MINUTE);
    world.until(START + 8 * MINUTE, START + 2 * HOUR);
    world.up(1, START + 2 * HOUR);
    world.until(START + 2 * HOUR, START + 3 * HOUR);
    let all = told(&world);
    assert_eq!(all, ["link_down C-1", "link_unstable C-1", "link_down C-1", "link_down over C-1"]);
    assert!(world.untold().contains(&"link_unstable C-1: it stays down".to_owned()));
}

#[test]
fn maintenance_silences_and_what_is_still_wrong_after_it_is_told() {
    let mut world = World::new(2);
    world.link(1).maintenance = vec![(START - HOUR, Some(START + HOUR))];
    world.link(2).maintenance = vec![(START - HOUR, Some(START + HOUR))];
    world.down(1, START);
    world.down(2, START);
    world.until(START, START + 30 * MINUTE);
    world.up(2, START + 30 * MINUTE);
    world.until(START + 30 * MINUTE, START + HOUR - SECOND);
    assert_eq!(told(&world), Vec::<String>::new());
    world.until(START + HOUR, START + 2 * HOUR);
    assert_eq!(told(&world), ["link_down C-1"]);
    let expected = [
        "link_down C-1: maintenance",
        "link_down C-2: maintenance",
        "link_down C-2: over before it could be told: maintenance",
    ];
    assert_eq!(world.untold(), expected);
}

#[test]
fn quiet_hours_hold_what_is_still_true_and_cancel_what_is_not() {
    let mut world = World::new(2);
    // Quiet until 01:00.
    world.rule(NotificationEvent::LinkDown).quiet = Some(QuietHours { from_min: 22 * 60, to_min: 60 });
    world.down(1, START);
    world.down(2, START);
    world.until(START, START + 30 * MINUTE);
    world.up(2, START + 30 * MINUTE);
    world.until(START + 30 * MINUTE, START + 59 * MINUTE);
    assert_eq!(told(&world), Vec::<String>::new());
    world.until(START + HOUR, START + HOUR);
    assert_eq!(told(&world), ["link_down C-1"]);
    let expected = [
        "link_down C-1: quiet hours",
        "link_down C-2: quiet hours",
        "link_down C-2: over before it could be told: quiet hours",
    ];
    assert_eq!(world.untold(), expected);
}

#[test]
fn a_recovery_in_quiet_hours_waits_for_their_end_and_is_dropped_if_it_does_not_last() {
    let mut world = World::new(2);
    world.rule(NotificationEvent::LinkDown).quiet = Some(QuietHours { from_min: 30, to_min: 60 });
    world.down(1, START);
    world.down(2, START);
    world.until(START, START + 30 * MINUTE);
    world.up(1, START + 31 * MINUTE);
    world.up(2, START + 31 * MINUTE);
    world.until(START + 31 * MINUTE, START + 40 * MINUTE);
    world.down(2, START + 40 * MINUTE);
    world.until(START + 40 * MINUTE, START + HOUR);
    assert_eq!(told(&world), ["link_down C-1", "link_down C-2", "link_down over C-1"]);
    assert_eq!(
        world.untold(),
        [
            "link_down C-1: quiet hours",
            "link_down C-2: quiet hours",
            "link_down C-2: back before its end was told"
        ]
    );
    world.up(2, START + 2 * HOUR);
    world.until(START + 2 * HOUR, START + 3 * HOUR);
    assert_eq!(told(&world)[3..], ["link_down over C-2"]);
}

#[test]
fn the_cooldown_holds_a_second_alert_and_tells_it_if_it_is_still_true() {
    let mut world = World::new(1);
    world.rule(NotificationEvent::LinkDown).clear_after_s = 0;
    world.rule(NotificationEvent::LinkDown).cooldown_s = 600;
    world.down(1, START);
    world.until(START, START + MINUTE);
    world.up(1, START + MINUTE);
    world.until(START + MINUTE, START + 2 * MINUTE);
    world.down(1, START + 3 * MINUTE);
    world.until(START + 3 * MINUTE, START + 590 * SECOND);
    assert_eq!(told(&world), ["link_down C-1", "link_down over C-1"]);
    world.until(START + 600 * SECOND, START + 600 * SECOND);
    assert_eq!(told(&world)[2..], ["link_down C-1"]);
}

#[test]
fn what_is_switched_off_or_has_nobody_to_hear_it_is_in_the_log() {
    let mut world = World::new(2);
    world.rule(NotificationEvent::LinkDown).enabled = false;
    world.down(1, START);
    world.at(START);
    world.rule(NotificationEvent::LinkDown).enabled = true;
    world.facts.operations.clear();
    world.at(START + MINUTE);
    world.facts.operations.push(NOC.to_owned());
    world.at(START + 2 * MINUTE);
    assert_eq!(told(&world), ["link_down C-1"]);
    assert_eq!(world.untold(), ["link_down C-1: switched off", "link_down C-1: nobody to tell"]);
}

#[test]
fn a_link_whose_contract_ends_is_no_longer_spoken_of() {
    let mut world = World::new(1);
    world.down(1, START);
    world.at(START);
    world.facts.links.clear();
    world.until(START + MINUTE, START + HOUR);
    assert_eq!(told(&world), ["link_down C-1"]);
    assert_eq!(world.untold(), ["link_down C-1: no longer watched"]);
}

fn measured(standing: Standing) -> Condition {
    Condition {
        event: NotificationEvent::HighLoss,
        subject: AlertSubject::Link(LinkId(1)),
        about: "C-1".to_owned(),
        client: None,
        standing,
        in_maintenance: false,
        stood_for: None,
        links: vec![LinkId(1)],
        detail: Detail {
            measured: Some("4.1 %".to_owned()),
            limit: Some("1 %".to_owned()),
            ..Detail::default()
        },
    }
}

#[test]
fn what_was_measured_is_told_with_its_figure_and_ends_when_it_is_over() {
    let mut world = World::new(1);
    world.at_with(START, &[measured(Standing::Unknown)]);
    world.at_with(START, &[measured(Standing::Holds { since_ms: START - 15 * MINUTE })]);
    world.at(START + MINUTE);
    world.at_with(START + 2 * MINUTE, &[measured(Standing::Unknown)]);
    world.at_with(START + 40 * MINUTE, &[measured(Standing::Over { since_ms: START + 20 * MINUTE })]);
    assert_eq!(told(&world), ["high_loss C-1", "high_loss over C-1"]);
    assert_eq!(world.book.messages[0].2.payload["measured"], "4.1 %");
}

/// Whatever happens: every end has its beginning before it, to the same person, and no beginning is told twice.
#[test]
fn no_end_without_its_beginning_and_none_twice_in_a_thousand_random_hours() {
    let mut seed = 7_u64;
    let mut random = move |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for round in 0..40 {
        let mut world = World::new(4);
        if round % 2 == 0 {
            world.rule(NotificationEvent::LinkDown).quiet = Some(QuietHours { from_min: 120, to_min: 300 });
        }
        world.rule(NotificationEvent::LinkDown).sustained_s = [0, 60, 300][round % 3];
        let mut now_ms = START;
        let mut is_silent = false;
        while now_ms < START + 25 * HOUR {
            let id = random(4) as i64 + 1;
            match random(12) {
                0 if !is_silent => {
                    world.silent(now_ms, if random(3) == 0 { "own_network" } else { "router_unreachable" });
                    is_silent = true;
                }
                1 | 2 if is_silent => {
                    world.answers(now_ms);
                    is_silent = false;
                }
                3 => {
                    let maintenance = random(3) == 0;
                    world.link(id).maintenance =
                        if maintenance { vec![(now_ms, Some(now_ms + HOUR))] } else { Vec::new() };
                }
                4..8 if !is_silent => {
                    let open = world.link(id).outages.last().is_some_and(|outage| outage.to_ms.is_none());
                    if open { world.up(id, now_ms) } else { world.down(id, now_ms) }
                }
                _ => {}
            }
            world.at(now_ms);
            now_ms += [10 * SECOND, MINUTE, 7 * MINUTE][random(3) as usize];
        }
        let mut open = std::collections::HashMap::new();
        for (at_ms, alert, message) in &world.book.messages {
            let key = (alert.id, message.recipient.clone());
            match message.phase {
                store::AlertPhase::Raised => {
                    assert!(open.insert(key, *at_ms).is_none(), "{} is told twice", alert.about);
                }
                store::AlertPhase::Over => {
                    let began = open.get(&key).copied();
                    assert!(
                        began.is_some_and(|began| began < *at_ms),
                        "{} ends without beginning",
                        alert.about
                    );
                    open.insert((store::AlertId(-alert.id.0), message.recipient.clone()), *at_ms);
                }
            }
        }
        let examined =
            world.facts.links.values().flat_map(|link| &link.outages).filter(|outage| !outage.examined);
        assert!(examined.count() <= 4, "outages stay unexamined only while they last");
    }
}
