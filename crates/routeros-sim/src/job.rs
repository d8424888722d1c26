//! Commands that go on after their first reply, stepped by the session's one timer.

use crate::monitor::Monitor;
use crate::ping::Pinging;
use crate::session::Session;
use std::time::Duration;
use tokio::time::Instant;

/// Replies leave in ticks of this length, counted from the start of the session. A router's kernel works in ticks
/// too, and the echoes of many pings that run side by side then share a packet.
const TICK: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) tag: Option<Vec<u8>>,
    pub(crate) due: Instant,
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Ping(Pinging),
    Monitor(Monitor),
}

impl Job {
    pub(crate) fn new(session: &Session, tag: Option<&[u8]>, due: Instant, kind: Kind) -> Self {
        Self { tag: tag.map(<[u8]>::to_vec), due: on_tick(session.began, due), kind }
    }

    /// Does what is due; false when the command is at its end (its `!done` is the caller's).
    pub(crate) fn step(&mut self, session: &mut Session, now: Instant) -> bool {
        let next = match &mut self.kind {
            Kind::Ping(ping) => ping.step(session, self.tag.as_deref(), now),
            Kind::Monitor(monitor) => monitor.step(session, self.tag.as_deref(), now),
        };
        match next {
            Some(due) => self.due = on_tick(session.began, due),
            None => self.note(session),
        }
        next.is_some()
    }

    /// Notes in the served log what the client was told in all.
    pub(crate) fn note(&self, session: &Session) {
        match &self.kind {
            Kind::Ping(ping) => ping.note(session),
            Kind::Monitor(_) => {}
        }
    }
}

/// The end of the tick in which `due` lies.
fn on_tick(began: Instant, due: Instant) -> Instant {
    let tick = TICK.as_micros();
    let ticks = due.saturating_duration_since(began).as_micros().div_ceil(tick);
    began + Duration::from_micros(u64::try_from(ticks * tick).unwrap_or(u64::MAX))
}
