use proptest::prelude::*;
use sla::LinkState::{Down, Unknown, Up};

use super::*;
use crate::world::{START_MS, World, shape};

const RULES: Rules = Rules { looks_needed: 2, normal_ms: 60_000 };

/// What the store makes of tails: from `from_ms` on, exactly this.
#[derive(Default)]
struct Line(Vec<Piece>);

impl Line {
    fn write(&mut self, tail: &Tail) {
        self.0.retain(|piece| piece.from_ms < tail.from_ms);
        if let Some(last) = self.0.last_mut() {
            last.to_ms = last.to_ms.min(tail.from_ms);
        }
        for piece in &tail.pieces {
            match self.0.last_mut() {
                Some(last)
                    if last.to_ms == piece.from_ms
                        && last.verdict() == piece.verdict()
                        && last.evidence == piece.evidence =>
                {
                    last.to_ms = piece.to_ms;
                }
                _ => self.0.push(piece.clone()),
            }
        }
    }
}

struct Watch {
    timeline: Timeline,
    line: Line,
    standing: Option<Standing>,
}

impl Watch {
    fn new() -> Self {
        Self { timeline: Timeline::default(), line: Line::default(), standing: None }
    }

    fn see(&mut self, seen: Seen) {
        // A collector may be restarted between any two rounds.
        let stored = serde_json::to_string(&self.timeline).unwrap();
        self.timeline = serde_json::from_str(&stored).unwrap();
        if let Some(tail) = self.timeline.observe(&seen, RULES) {
            self.line.write(&tail);
            self.standing = Some(tail.standing);
        }
    }

    fn look(&mut self, look: Look) {
        self.see(Seen::Interface(look));
    }

    fn silence(&mut self, after_s: i64, cause: Cause) {
        self.see(Seen::Nothing { at_ms: START_MS + after_s * 1_000, cause });
    }

    fn stands(&self) -> (LinkState, i64) {
        let standing = self.standing.as_ref().expect("something was seen");
        (standing.state, (standing.since_ms - START_MS) / 1_000)
    }
}

/// Looks that see a state without any record of the router.
fn bare(after_s: i64, running: bool) -> Look {
    Look {
        running,
        link_downs: Some(7),
        down_local_ms: None,
        up_local_ms: None,
        ..World::new(&[]).look(after_s)
    }
}

#[test]
fn looks_that_agree_make_one_span() {
    let mut watch = Watch::new();
    for after_s in [0, 30, 60, 90] {
        watch.look(bare(after_s, true));
    }
    assert_eq!(shape(&watch.line.0), [(0, 90, Up, None)]);
    assert_eq!(watch.stands(), (Up, 0));
}

#[test]
fn down_needs_a_second_look_but_is_dated_from_the_first() {
    let mut watch = Watch::new();
    watch.look(bare(0, true));
    watch.look(bare(30, false));
    assert_eq!(watch.stands().0, Up, "one look is not enough");
    watch.look(bare(60, false));
    assert_eq!(watch.stands(), (Down, 30));
    watch.look(bare(90, false));
    assert_eq!(shape(&watch.line.0), [(0, 30, Up, None), (30, 90, Down, Some("link_down"))]);
    watch.look(bare(120, true));
    assert_eq!(watch.stands(), (Down, 30), "nor is one look enough to be up");
    watch.look(bare(150, true));
    let expected = [(0, 30, Up, None), (30, 120, Down, Some("link_down")), (120, 150, Up, None)];
    assert_eq!(shape(&watch.line.0), expected);
    assert_eq!(watch.stands(), (Up, 120));
}

#[test]
fn trap_04_a_change_that_is_not_confirmed_is_no_outage() {
    let mut watch = Watch::new();
    for (after_s, running) in [(0, true), (30, false), (60, true), (90, true)] {
        watch.look(bare(after_s, running));
    }
    assert!(watch.line.0.iter().all(|piece| piece.state == Up), "{:?}", watch.line.0);
    assert_eq!(watch.line.0[1].evidence["kind"], "not_confirmed");
    assert_eq!(watch.stands(), (Up, 0));
}

#[test]
fn what_the_router_dates_needs_no_second_look() {
    let world = World::new(&[(43, 83)]);
    let mut watch = Watch::new();
    for after_s in [0, 30, 60] {
        watch.look(world.look(after_s));
    }
    assert_eq!(watch.stands(), (Down, 43));
    watch.look(world.look(90));
    let expected = [(0, 43, Up, None), (43, 83, Down, Some("link_down")), (83, 90, Up, None)];
    let down: i64 = watch.line.0.iter().filter(|p| p.state == Down).map(|p| p.to_ms - p.from_ms).sum();
    assert_eq!(down, 40_000);
    let merged: Vec<_> = shape(&watch.line.0).into_iter().map(|(from, _, state, _)| (from, state)).collect();
    assert!(expected.iter().all(|&(from, _, state, _)| merged.contains(&(from, state))), "{merged:?}");
    assert_eq!(watch.stands(), (Up, 83));
}

#[test]
fn trap_02_silence_is_unknown_and_is_rewritten_when_the_router_is_back() {
    let world = World::new(&[]);
    let mut watch = Watch::new();
    watch.look(world.look(0));
    watch.look(world.look(30));
    for after_s in [60, 90, 120] {
        watch.silence(after_s, Cause::RouterUnreachable);
    }
    assert_eq!(shape(&watch.line.0), [(0, 30, Up, None), (30, 120, Unknown, Some("router_unreachable"))]);
    assert_eq!(watch.stands(), (Unknown, 30));
    watch.look(world.look(150));
    assert!(watch.line.0.iter().all(|piece| piece.state == Up), "{:?}", watch.line.0);
    assert_eq!(watch.stands(), (Up, 0));
}

#[test]
fn trap_02_our_own_network_gone_is_not_the_customers_outage() {
    let world = World { counts_drops: false, ..World::new(&[]) };
    let mut watch = Watch::new();
    watch.look(world.look(0));
    for after_s in [30, 60, 90] {
        watch.silence(after_s, Cause::OwnNetwork);
    }
    watch.look(world.look(120));
    assert_eq!(shape(&watch.line.0), [(0, 120, Unknown, Some("own_network"))]);
}

#[test]
fn a_link_that_stays_down_after_a_reboot_is_one_outage() {
    let before = World::new(&[]);
    let after = World {
        boot_ms: START_MS + 50_000,
        drops: vec![(START_MS + 30_000, START_MS + 300_000)],
        ..before.clone()
    };
    let mut watch = Watch::new();
    watch.look(before.look(0));
    watch.silence(30, Cause::RouterUnreachable);
    for after_s in [60, 90, 300, 330] {
        watch.look(after.look(after_s));
    }
    let causes: Vec<_> = watch.line.0.iter().filter(|p| p.state == Down).map(|p| p.cause).collect();
    assert!(
        !causes.is_empty() && causes.iter().all(|&cause| cause == Some(Cause::RouterReboot)),
        "{causes:?}"
    );
    assert_eq!(watch.stands(), (Up, 300));
}

/// Our own network was out for seven minutes, then one poll found the router unreachable, which rebooted meanwhile: only
/// the time from that poll on is the router's.
#[test]
fn an_outage_of_our_own_network_is_not_charged_when_the_router_reboots_after_it() {
    let mut watch = Watch::new();
    watch.look(World::new(&[]).look(0));
    for after_s in (30..=450).step_by(30) {
        watch.silence(after_s, Cause::OwnNetwork);
    }
    watch.silence(470, Cause::RouterUnreachable);
    assert_eq!(shape(&watch.line.0), [(0, 470, Unknown, Some("own_network"))]);
    assert_eq!(watch.stands(), (Unknown, 470), "unreachable since that poll");
    let rebooted =
        World { boot_ms: START_MS + 480_000, drops: vec![(START_MS, START_MS + 500_000)], ..World::new(&[]) };
    watch.look(rebooted.look(500));
    let expected =
        [(0, 30, Up, None), (30, 470, Unknown, Some("own_network")), (470, 500, Down, Some("router_reboot"))];
    assert_eq!(shape(&watch.line.0), expected);
    assert_eq!(watch.stands(), (Up, 500));
}

#[test]
fn causes_of_a_silence_that_change_are_each_kept_and_shown() {
    let world = World { counts_drops: false, ..World::new(&[]) };
    let mut watch = Watch::new();
    let causes = [
        (30, Cause::RouterUnreachable),
        (60, Cause::OwnNetwork),
        (90, Cause::OwnNetwork),
        (120, Cause::RouterUnreachable),
        (150, Cause::NotPolled),
    ];
    for (first, expected_from_s) in [(true, 0), (false, 30)] {
        if first {
            watch.look(world.look(0));
        } else {
            watch = Watch::new();
        }
        for (after_s, cause) in causes {
            watch.silence(after_s, cause);
        }
        let expected = [
            (expected_from_s, 60, Unknown, Some("router_unreachable")),
            (60, 120, Unknown, Some("own_network")),
            (120, 150, Unknown, Some("router_unreachable")),
        ];
        assert_eq!(shape(&watch.line.0), expected);
        assert_eq!(watch.stands(), (Unknown, 150));
        watch.look(world.look(180));
        let last = (150, 180, Unknown, Some("not_polled"));
        assert_eq!(shape(&watch.line.0), [&expected[..], &[last]].concat());
    }
}

#[test]
fn a_change_that_a_silence_interrupts_is_unknown_for_the_cause_of_the_silence() {
    let mut watch = Watch::new();
    watch.look(bare(0, true));
    watch.look(bare(30, false));
    for after_s in (60..=300).step_by(30) {
        watch.silence(after_s, Cause::OwnNetwork);
    }
    watch.look(bare(330, true));
    assert_eq!(shape(&watch.line.0), [(0, 30, Up, None), (30, 330, Unknown, Some("own_network"))]);
}

/// As version 1 wrote it into `link_latest.memory` while our own network was out.
#[test]
fn a_silence_in_the_memory_of_an_older_version_is_read() {
    let mut watch = Watch::new();
    watch.look(World::new(&[]).look(0));
    watch.silence(30, Cause::OwnNetwork);
    let mut stored = serde_json::to_value(&watch.timeline).unwrap();
    stored["silence"] = json!({ "first_ms": START_MS + 30_000, "cause": "own_network" });
    watch.timeline = serde_json::from_value(stored).unwrap();
    watch.silence(60, Cause::RouterUnreachable);
    assert_eq!(shape(&watch.line.0), [(0, 60, Unknown, Some("own_network"))]);
    assert_eq!(watch.stands(), (Unknown, 60));
}

#[test]
fn no_answer_is_down_after_two_looks_while_the_interface_runs() {
    let mut watch = Watch::new();
    for (after_s, answered) in [(0, true), (30, false), (60, false), (90, false), (120, true), (150, true)] {
        watch.look(Look { answered: Some(answered), ..bare(after_s, true) });
    }
    let expected = [(0, 30, Up, None), (30, 120, Down, Some("no_answer")), (120, 150, Up, None)];
    assert_eq!(shape(&watch.line.0), expected);
}

#[test]
fn trap_23_a_clock_set_back_writes_nothing_until_it_has_passed() {
    let world = World::new(&[]);
    let mut watch = Watch::new();
    watch.look(world.look(600));
    watch.look(world.look(630));
    let mut back = world.look(660);
    back.at_ms -= 300_000;
    assert_eq!(watch.timeline.observe(&Seen::Interface(back), RULES), None);
    watch.look(world.look(690));
    assert_eq!(shape(&watch.line.0), [(600, 690, Up, None)]);
}

#[test]
fn a_first_look_starts_the_line_without_a_past() {
    let mut watch = Watch::new();
    watch.look(bare(0, true));
    assert!(watch.line.0.is_empty(), "nothing is known of the time before");
    assert_eq!(watch.stands(), (Up, 0));
    let mut never = Watch::new();
    never.silence(0, Cause::RouterUnreachable);
    never.silence(30, Cause::RouterUnreachable);
    never.look(bare(60, true));
    assert_eq!(shape(&never.line.0), [(0, 60, Unknown, Some("router_unreachable"))]);
    assert_eq!(never.stands(), (Up, 60));
}

#[test]
fn an_interface_that_was_away_and_came_back_as_another_is_unknown_meanwhile() {
    let world = World::new(&[]);
    let mut watch = Watch::new();
    watch.look(world.look(0));
    watch.silence(30, Cause::InterfaceMissing);
    let mut back = world.look(60);
    back.identity.id = "*20".into();
    watch.look(back);
    assert_eq!(shape(&watch.line.0), [(0, 60, Unknown, Some("interface_missing"))]);
    assert_eq!(watch.stands(), (Up, 60));
}

proptest! {
    /// Whatever comes, the line has no hole and no overlap from the first look to the last, and its end is the
    /// state that is shown.
    #[test]
    fn the_line_covers_all_time_once(
        steps in prop::collection::vec((-40_000i64..200_000, 0u8..8, any::<bool>(), 0u64..3), 1..40),
    ) {
        let mut watch = Watch::new();
        let (mut at_ms, mut downs, mut uptime_ms) = (START_MS, 0, 50_000_000);
        let mut first = None;
        for (step_ms, what, running, grew) in steps {
            at_ms += step_ms;
            uptime_ms = if what == 7 { 1_000 } else { uptime_ms + step_ms.max(0) };
            downs = if what == 6 { 0 } else { downs + grew };
            first = first.or(Some(at_ms));
            if what == 0 {
                let causes = [Cause::RouterUnreachable, Cause::OwnNetwork, Cause::NotPolled];
                watch.see(Seen::Nothing { at_ms, cause: causes[usize::try_from(at_ms.rem_euclid(3)).unwrap()] });
            } else {
                let mut look = World::new(&[]).look_at_ms(at_ms);
                (look.running, look.uptime_ms, look.link_downs) = (running, uptime_ms, Some(downs).filter(|_| what != 5));
                look.disabled = what == 4;
                look.answered = [None, Some(false), Some(true)][usize::from(what % 3)];
                look.down_local_ms = Some(at_ms + look.offset_ms.unwrap() - step_ms / 2);
                look.up_local_ms = Some(at_ms + look.offset_ms.unwrap() - step_ms / 3);
                watch.look(look);
            }
            let pieces = &watch.line.0;
            let standing = watch.standing.as_ref().unwrap();
            let watermark_ms = watch.timeline.watermark_ms().unwrap();
            prop_assert!(standing.since_ms <= watermark_ms);
            for pair in pieces.windows(2) {
                prop_assert_eq!(pair[0].to_ms, pair[1].from_ms);
            }
            prop_assert!(pieces.iter().all(|piece| piece.from_ms < piece.to_ms));
            prop_assert!(pieces.iter().all(|piece| piece.cause.is_none() == (piece.state == Up)));
            if let (Some(begin), Some(end)) = (pieces.first(), pieces.last()) {
                prop_assert_eq!(Some(begin.from_ms), first);
                prop_assert_eq!(end.to_ms, watermark_ms);
                prop_assert!(end.state == standing.state || standing.since_ms == watermark_ms);
            }
        }
    }
}
