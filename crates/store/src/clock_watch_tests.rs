//! The clock turned in every way there is, with routers that do and do not tell the time.

use super::*;

const START_MS: i64 = 1_795_435_200_000;
const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A machine and some routers. True time goes on by itself; the wall clock is off by `wrong_ms`.
struct Machine {
    watch: ClockWatch,
    true_ms: i64,
    wrong_ms: i64,
    mono_ms: i64,
    /// Of each router: what its clock adds to the truth; none: it does not tell its zone.
    routers: Vec<Option<i64>>,
    stored: Vec<Option<(i64, i64)>>,
}

impl Machine {
    fn new(routers: &[Option<i64>]) -> Self {
        let mut machine = Self {
            watch: ClockWatch::default(),
            true_ms: START_MS,
            wrong_ms: 0,
            mono_ms: 7_000,
            routers: routers.to_vec(),
            stored: vec![None; routers.len()],
        };
        machine.start();
        machine
    }

    /// The process begins again. What it saw last is in the database.
    fn start(&mut self) {
        self.watch = ClockWatch::default();
        self.read();
        let stored = self.stored.iter().flatten().count();
        self.watch.expect(self.routers.len(), stored, false, self.mono_ms);
    }

    fn wall_ms(&self) -> i64 {
        self.true_ms + self.wrong_ms
    }

    fn read(&mut self) -> i64 {
        self.watch.read(self.true_ms + self.wrong_ms, self.mono_ms)
    }

    fn pass(&mut self, ms: i64) {
        self.true_ms += ms;
        self.mono_ms += ms;
    }

    fn uptime_ms(&self, router: usize) -> i64 {
        self.true_ms - START_MS + 100 * DAY + router as i64 * HOUR
    }

    /// A round of one router; whether it is written.
    fn round(&mut self, router: usize) -> bool {
        let uptime_ms = self.uptime_ms(router) / SECOND * SECOND;
        let utc_ms = self.routers[router].map(|off_ms| self.true_ms + off_ms);
        let id = RouterId(router as i64);
        let witness = RouterWitness { router: id, uptime_ms, utc_ms, stored: self.stored[router] };
        self.watch.observe(self.true_ms + self.wrong_ms, self.mono_ms, &witness);
        self.watch.may_write(id)
    }

    /// Half a minute with a round of each router; how many were written. Every second the clock is read.
    fn rounds(&mut self) -> usize {
        let mut written = 0;
        for router in 0..self.routers.len() {
            self.pass(SECOND);
            written += usize::from(self.round(router));
        }
        for _ in 0..3 {
            self.pass(10 * SECOND);
            self.read();
        }
        written
    }

    fn error_ms(&mut self) -> i64 {
        self.read() - self.true_ms
    }

    fn verdict(&mut self) -> ClockVerdict {
        let now_ms = self.read();
        self.watch.state(now_ms, self.wall_ms()).verdict
    }

    /// What the database would know if the process ended now.
    fn remember(&mut self) {
        let now_ms = self.read();
        self.stored = (0..self.routers.len()).map(|router| Some((now_ms, self.uptime_ms(router)))).collect();
    }
}

const RIGHT: Option<i64> = Some(300);
const MUTE: Option<i64> = None;

#[test]
fn a_false_step_of_any_size_never_becomes_time_and_costs_no_round() {
    for step_ms in [3 * SECOND, 40 * SECOND, 10 * MINUTE, HOUR, 5 * HOUR + 30 * MINUTE, DAY, 400 * DAY] {
        for step_ms in [step_ms, -step_ms] {
            for routers in
                [&[RIGHT][..], &[RIGHT, RIGHT, Some(500)], &[RIGHT, MUTE, RIGHT, Some(-400), RIGHT]]
            {
                let mut machine = Machine::new(routers);
                for _ in 0..4 {
                    assert_eq!(machine.rounds(), routers.len());
                }
                machine.wrong_ms = step_ms;
                assert_eq!(machine.verdict(), ClockVerdict::Checking, "noticed at the next reading");
                for _ in 0..4 {
                    assert_eq!(machine.rounds(), routers.len(), "{step_ms} {routers:?}");
                    assert!(machine.error_ms().abs() < SECOND, "{step_ms}: {}", machine.error_ms());
                }
                assert_eq!(machine.verdict(), ClockVerdict::MachineWrong, "{step_ms} {routers:?}");
                machine.wrong_ms = 0;
                assert_eq!(machine.rounds(), routers.len());
                assert_eq!(machine.verdict(), ClockVerdict::Sane);
                assert_eq!(machine.watch.correction(), None, "nothing false was written");
            }
        }
    }
}

#[test]
fn a_step_that_no_router_can_judge_goes_on_by_the_monotonic_clock_until_somebody_decides() {
    let mut machine = Machine::new(&[MUTE, MUTE]);
    machine.rounds();
    machine.wrong_ms = 6 * HOUR;
    for _ in 0..60 {
        assert_eq!(machine.rounds(), 2, "their uptime says that no six hours passed");
        assert!(machine.error_ms().abs() < SECOND);
    }
    assert_eq!(machine.verdict(), ClockVerdict::Undecided);
    machine.watch.accept_machine(machine.wall_ms(), machine.mono_ms);
    assert_eq!(machine.verdict(), ClockVerdict::Sane);
    assert_eq!(machine.error_ms(), 6 * HOUR);
}

#[test]
fn a_correction_of_a_clock_that_was_wrong_at_first_removes_what_was_written_under_it() {
    for wrong_ms in [5 * HOUR + 30 * MINUTE, -(5 * HOUR + 30 * MINUTE), 90 * SECOND, -3 * DAY] {
        let mut machine = Machine::new(&[RIGHT, RIGHT]);
        machine.watch = ClockWatch::default();
        machine.wrong_ms = wrong_ms;
        machine.start();
        let began_ms = machine.wall_ms();
        assert_eq!(machine.rounds(), 2, "nothing is known that speaks against it");
        machine.wrong_ms = 0;
        machine.rounds();
        assert!(machine.error_ms().abs() < SECOND, "{wrong_ms}: {}", machine.error_ms());
        assert_eq!(machine.verdict(), ClockVerdict::Sane);
        let correction = machine.watch.correction().expect("the database has to follow");
        assert!((correction.shift_ms + wrong_ms).abs() < SECOND, "{correction:?}");
        let remove_from_ms = correction.remove_from_ms.expect("there is something to remove");
        assert!(remove_from_ms <= began_ms.min(machine.true_ms), "{correction:?}");
    }
}

#[test]
fn a_clock_corrected_after_a_day_removes_only_what_has_not_come_yet() {
    let mut machine = Machine::new(&[RIGHT]);
    machine.wrong_ms = 20 * MINUTE;
    machine.start();
    for _ in 0..200 {
        machine.rounds();
    }
    machine.wrong_ms = 0;
    machine.rounds();
    machine.pass(6 * MINUTE);
    machine.rounds();
    assert!(machine.error_ms().abs() < SECOND, "{}", machine.error_ms());
    let correction = machine.watch.correction().expect("the database has to follow");
    assert_eq!(correction.remove_from_ms, Some(correction.now_ms), "a day of polls is not thrown away");
}

#[test]
fn time_that_passed_while_the_monotonic_clock_stood_still_is_time() {
    for routers in [&[RIGHT, RIGHT][..], &[MUTE, MUTE]] {
        let mut machine = Machine::new(routers);
        machine.rounds();
        // The machine sleeps, or its disk image is restored, and the monotonic clock with it.
        machine.true_ms += 8 * HOUR;
        machine.rounds();
        assert!(machine.error_ms().abs() < SECOND, "{routers:?}: {}", machine.error_ms());
        assert_eq!(machine.verdict(), ClockVerdict::Sane);
        let correction = machine.watch.correction().expect("noted");
        assert_eq!(correction.remove_from_ms, None, "nothing that was written is wrong");
        // A monotonic clock that counts the sleep needs nobody's word.
        let mut machine = Machine::new(routers);
        machine.rounds();
        machine.pass(8 * HOUR);
        assert_eq!(machine.rounds(), routers.len());
        assert_eq!(machine.watch.correction(), None);
    }
}

#[test]
fn a_clock_that_is_wrong_at_the_start_is_known_by_what_the_database_holds() {
    for wrong_ms in [5 * HOUR + 30 * MINUTE, -(5 * HOUR + 30 * MINUTE), DAY, -DAY, 20 * SECOND] {
        let mut machine = Machine::new(&[RIGHT, RIGHT]);
        machine.rounds();
        machine.remember();
        machine.pass(2 * HOUR);
        machine.wrong_ms = wrong_ms;
        machine.start();
        for _ in 0..4 {
            machine.rounds();
            let written = machine.rounds();
            assert!(machine.error_ms().abs() < 2 * SECOND, "{wrong_ms}: {}", machine.error_ms());
            assert_eq!(written, 2, "{wrong_ms}");
        }
        assert_eq!(machine.verdict(), ClockVerdict::MachineWrong, "{wrong_ms}");
        assert_eq!(machine.watch.correction(), None);
        machine.wrong_ms = 0;
        machine.rounds();
        assert_eq!(machine.verdict(), ClockVerdict::Sane);
    }
}

#[test]
fn a_database_newer_than_now_gives_way_where_the_routers_agree_with_the_clock() {
    for ahead_ms in [10 * MINUTE + 7 * SECOND, 2 * DAY] {
        let mut machine = Machine::new(&[RIGHT, RIGHT]);
        machine.rounds();
        machine.remember();
        for (at_ms, _) in machine.stored.iter_mut().flatten() {
            *at_ms += ahead_ms;
        }
        machine.pass(MINUTE);
        machine.start();
        machine.rounds();
        assert_eq!(machine.rounds(), 2, "polling goes on within one interval");
        assert!(machine.error_ms().abs() < SECOND, "{}", machine.error_ms());
        let correction = machine.watch.correction().expect("the future has to go");
        assert_eq!(correction.remove_from_ms, Some(correction.now_ms));
    }
}

#[test]
fn nothing_is_removed_by_a_clock_that_no_router_has_confirmed() {
    let mut machine = Machine::new(&[RIGHT]);
    machine.watch.found_future(machine.true_ms);
    assert_eq!(machine.watch.correction(), None, "it may be the clock that is behind");
    machine.rounds();
    machine.remember();
    machine.start();
    machine.rounds();
    machine.watch.found_future(machine.true_ms);
    assert_eq!(machine.watch.correction().and_then(|it| it.remove_from_ms), Some(machine.true_ms));
}

/// The database would lose five hours of the truth if the routers that agree were set to local time, as the machine is.
#[test]
fn a_difference_of_a_time_zone_is_believed_at_once_only_if_the_database_contradicts_itself() {
    for contradicts in [true, false] {
        let mut machine = Machine::new(&[RIGHT]);
        machine.rounds();
        machine.remember();
        for (at_ms, _) in machine.stored.iter_mut().flatten() {
            *at_ms += 5 * HOUR + 30 * MINUTE;
        }
        machine.watch = ClockWatch::default();
        machine.read();
        machine.watch.expect(1, 1, contradicts, machine.mono_ms);
        machine.rounds();
        machine.rounds();
        assert_eq!(machine.watch.correction().is_some(), contradicts);
        for _ in 0..12 {
            machine.rounds();
        }
        assert!(machine.watch.correction().is_some(), "it lasts: nobody is about to set this clock");
    }
}

#[test]
fn routers_whose_clocks_are_set_along_with_the_machine_are_no_witnesses() {
    let mut machine = Machine::new(&[RIGHT, RIGHT, RIGHT]);
    machine.rounds();
    machine.wrong_ms = 3 * DAY;
    machine.routers = vec![Some(3 * DAY); 3];
    for _ in 0..8 {
        assert_eq!(machine.rounds(), 3);
        assert!(machine.error_ms().abs() < SECOND, "{}", machine.error_ms());
    }
    assert_eq!(machine.verdict(), ClockVerdict::Undecided);
}

#[test]
fn a_clock_that_is_slewed_is_followed_and_one_that_runs_wild_is_not() {
    let mut machine = Machine::new(&[RIGHT]);
    machine.rounds();
    for _ in 0..100 {
        machine.pass(10 * SECOND);
        machine.wrong_ms += 100;
        assert!((machine.read() - machine.wall_ms()).abs() < 1_100);
    }
    assert_eq!(machine.verdict(), ClockVerdict::Sane);
    let mut machine = Machine::new(&[RIGHT]);
    machine.rounds();
    for _ in 0..60 {
        machine.pass(SECOND);
        machine.wrong_ms += 900;
        machine.read();
    }
    machine.rounds();
    assert_eq!(machine.verdict(), ClockVerdict::MachineWrong);
    assert!(machine.error_ms() < 3 * SECOND, "{}", machine.error_ms());
}

#[test]
fn a_process_without_routers_follows_its_machine_after_ten_minutes_or_on_advice() {
    let mut watch = ClockWatch::default();
    watch.read(START_MS, 0);
    assert_eq!(watch.read(START_MS + HOUR, 1_000), START_MS + 1_000);
    for minute in 1..=10 {
        watch.read(START_MS + HOUR + minute * MINUTE, 1_000 + minute * MINUTE);
    }
    assert_eq!(watch.read(START_MS + 2 * HOUR, 1_000 + HOUR), START_MS + 2 * HOUR);
    // Whoever polls says that its clock is wrong.
    for minute in 1..=30 {
        let mono_ms = 1_000 + HOUR + minute * MINUTE;
        assert_eq!(watch.read(START_MS + DAY, mono_ms), START_MS + 2 * HOUR + minute * MINUTE);
        watch.confirm_kept(mono_ms);
    }
    assert_eq!(watch.state(0, 0).verdict, ClockVerdict::MachineWrong);
}
