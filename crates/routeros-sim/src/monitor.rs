use crate::Served;
use crate::command::refuse_unknown_arguments;
use crate::job::{Job, Kind};
use crate::row::{Proplist, Trap};
use crate::session::Session;
use crate::text::parse_duration_ms;
use routeros::codec::Sentence;
use std::time::Duration;
use tokio::time::Instant;

const INTERVAL_DEFAULT: Duration = Duration::from_secs(1);
/// Below this a "continuous" monitor would be a busy loop.
const INTERVAL_MIN: Duration = Duration::from_millis(10);

const MISSING: Trap = Trap::new("missing value(s) of argument(s) interface");
const NO_INTERFACE: Trap = Trap::in_category("1", "input does not match any value of interface");
const BAD_DURATION: Trap = Trap::in_category("1", "invalid value for argument duration");

/// A running `/interface/monitor-traffic`.
#[derive(Debug)]
pub(crate) struct Monitor {
    /// `.id`s in the order asked; a renamed interface stays, a removed one ends the command.
    interfaces: Vec<u32>,
    interval: Duration,
    until: Option<Instant>,
    section: Option<u64>,
    proplist: Option<Proplist>,
}

/// Answers `once` at once (`None`), or starts a command that goes on.
pub(crate) fn start(
    session: &mut Session,
    request: &Sentence,
    tag: Option<&[u8]>,
) -> Result<Option<Job>, Trap> {
    refuse_unknown_arguments(request, &["interface", "once", "duration", "interval", ".proplist"])?;
    let names = request.attribute("interface").filter(|names| !names.is_empty()).ok_or(MISSING)?;
    let duration = |name, default| match request.attribute(name) {
        Some(text) => parse_duration_ms(text).map(|ms| Some(Duration::from_millis(ms))).ok_or(BAD_DURATION),
        None => Ok(default),
    };
    let interval = duration("interval", None)?.unwrap_or(INTERVAL_DEFAULT).max(INTERVAL_MIN);
    let now = Instant::now();
    let until = duration("duration", None)?.map(|duration| now + duration);
    let interfaces = {
        let state = session.router.lock();
        // One name that is not there refuses the whole list.
        let ids =
            names.split(|byte| *byte == b',').map(|name| state.find_by_argument(name).map(|found| found.id));
        ids.collect::<Option<Vec<_>>>().ok_or(NO_INTERFACE)?
    };
    let once = request.attribute("once").is_some();
    let mut monitor = Monitor {
        interfaces,
        interval,
        until,
        section: (!once).then_some(0),
        proplist: request.attribute(".proplist").map(Proplist::parse),
    };
    if once {
        monitor.report(session, tag);
        return Ok(None);
    }
    Ok(Some(Job::new(session, tag, now, Kind::Monitor(monitor))))
}

impl Monitor {
    pub(crate) fn step(
        &mut self,
        session: &mut Session,
        tag: Option<&[u8]>,
        now: Instant,
    ) -> Option<Instant> {
        let all_there = self.report(session, tag);
        let next = now + self.interval;
        (all_there && self.until.is_none_or(|until| next < until)).then_some(next)
    }

    /// A row for each interface; false if one has gone.
    fn report(&mut self, session: &mut Session, tag: Option<&[u8]>) -> bool {
        let at_ms = session.router.clock.now_ms();
        let v7 = session.dialect.is_v7();
        let mut state = session.router.lock();
        state.advance(at_ms);
        let state = &mut *state;
        for id in &self.interfaces {
            let Some(interface) = state.interfaces.iter().find(|interface| interface.id == *id) else {
                return false;
            };
            let ([rx_bps, tx_bps], [rx_pps, tx_pps]) = interface.rates(at_ms);
            let name = &interface.spec.name;
            let row = &mut session.row;
            row.clear();
            row.bytes("name", name);
            row.number("rx-packets-per-second", rx_pps);
            row.number("rx-bits-per-second", rx_bps);
            row.number("fp-rx-packets-per-second", rx_pps);
            row.number("fp-rx-bits-per-second", rx_bps);
            row.number("rx-drops-per-second", 0);
            row.number("rx-errors-per-second", 0);
            row.number("tx-packets-per-second", tx_pps);
            row.number("tx-bits-per-second", tx_bps);
            row.number("fp-tx-packets-per-second", tx_pps);
            row.number("fp-tx-bits-per-second", tx_bps);
            row.number("tx-drops-per-second", 0);
            if v7 {
                row.number("tx-queue-drops-per-second", 0);
            }
            row.number("tx-errors-per-second", 0);
            if let Some(section) = self.section {
                row.number(".section", section);
            }
            row.write(&mut session.out, tag, self.proplist.as_ref());
            if state.served.is_on() {
                state.served.push(Served::Traffic { at_ms, name: name.clone(), rx_bps, tx_bps });
            }
        }
        self.section = self.section.map(|section| section + 1);
        true
    }
}
