use crate::command::{TEST_POLICY_MISSING, refuse_unknown_arguments};
use crate::job::{Job, Kind};
use crate::ping_model::Totals;
use crate::random::seed_of;
use crate::row::{Proplist, Trap};
use crate::served::TIMES_MAX;
use crate::session::Session;
use crate::text::{parse_duration_ms, served_round_trip_us, write_round_trip};
use crate::{Dialect, PingProfile, Served};
use routeros::codec::Sentence;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;
use tokio::time::Instant;

const INTERVAL_MS: RangeInclusive<u64> = 10..=5000;
const INTERVAL_DEFAULT_MS: u64 = 1000;
const SIZE_BYTES: RangeInclusive<u32> = 28..=65_535;
/// The default since RouterOS 6.
const SIZE_DEFAULT_BYTES: u32 = 56;
const TTL_OF_ANSWERS: u64 = 60;
const ARGUMENTS: [&str; 9] = [
    "address",
    "count",
    "interval",
    "size",
    "interface",
    "src-address",
    "ttl",
    "do-not-fragment",
    ".proplist",
];

const NO_ADDRESS: Trap = Trap::new("missing value(s) of argument(s) address");
const UNRESOLVED: Trap = Trap::new("while resolving ip-address: could not get answer from dns server");
const BAD_COUNT: Trap = Trap::in_category("1", "invalid value for argument count");
const BAD_INTERVAL: Trap = Trap::in_category("1", "value of interval out of range (00:00:00.010..00:00:05)");
const BAD_SIZE: Trap = Trap::in_category("1", "value of size out of range (28..65535)");
const NO_INTERFACE: Trap = Trap::in_category("1", "input does not match any value of interface");

/// A running `/ping`.
#[derive(Debug)]
pub(crate) struct Pinging {
    target: Vec<u8>,
    /// Through which interface it is forced.
    interface: Option<Vec<u8>>,
    /// `None`: until `/cancel`.
    count: Option<u32>,
    interval: Duration,
    size: u32,
    proplist: Option<Proplist>,
    seed: u64,
    began: Instant,
    began_at_ms: i64,
    /// What became of the echo that was sent and is not reported yet.
    on_its_way: Option<Echo>,
    totals: Totals,
    /// For the served log, if there is one.
    times_us: Option<Vec<u64>>,
}

#[derive(Debug)]
enum Echo {
    Lost,
    Answered { us: u64 },
    Refused { us: u64, hop: String, status: String },
}

/// Starts `/ping`.
pub(crate) fn start(session: &Session, request: &Sentence, tag: Option<&[u8]>) -> Result<Job, Trap> {
    let policies = session.policies.as_ref();
    let state = session.router.lock();
    if state.faults.deny_test || !policies.is_some_and(|policies| policies.test) {
        return Err(TEST_POLICY_MISSING);
    }
    let routing = if state.dialect().is_v7() { ["vrf", "timeout"] } else { ["routing-table", "arp-ping"] };
    refuse_unknown_arguments(request, &[&ARGUMENTS[..], &routing[..]].concat())?;
    let target = request.attribute("address").filter(|target| !target.is_empty()).ok_or(NO_ADDRESS)?;
    let is_address = std::str::from_utf8(target).is_ok_and(|text| text.parse::<IpAddr>().is_ok());
    if !is_address && !state.pings.contains_key(target) {
        return Err(UNRESOLVED);
    }
    let interface = match request.attribute("interface") {
        Some(name) => Some(state.find_by_argument(name).ok_or(NO_INTERFACE)?.spec.name.clone()),
        None => None,
    };
    let interval_ms = match request.attribute("interval") {
        Some(text) => parse_duration_ms(text).filter(|ms| INTERVAL_MS.contains(ms)).ok_or(BAD_INTERVAL)?,
        None => INTERVAL_DEFAULT_MS,
    };
    let size = number(request, "size").map_err(|()| BAD_SIZE)?.unwrap_or(SIZE_DEFAULT_BYTES);
    if !SIZE_BYTES.contains(&size) {
        return Err(BAD_SIZE);
    }
    let count = number(request, "count").map_err(|()| BAD_COUNT)?;
    if count == Some(0) {
        return Err(BAD_COUNT);
    }
    let began = Instant::now();
    let ping = Pinging {
        target: target.to_vec(),
        interface,
        count,
        interval: Duration::from_millis(interval_ms),
        size,
        proplist: request.attribute(".proplist").map(Proplist::parse),
        seed: seed_of(state.spec.seed, target),
        began,
        began_at_ms: session.router.clock.now_ms(),
        on_its_way: None,
        totals: Totals::default(),
        times_us: state.served.is_on().then(Vec::new),
    };
    drop(state);
    Ok(Job::new(session, tag, began, Kind::Ping(ping)))
}

fn number(request: &Sentence, name: &str) -> Result<Option<u32>, ()> {
    let text = request.attribute(name).map(std::str::from_utf8).transpose().map_err(|_| ())?;
    text.map(str::parse).transpose().map_err(|_| ())
}

impl Pinging {
    /// Sends an echo or reports one; when the next step is due, or `None` after the last report.
    pub(crate) fn step(
        &mut self,
        session: &mut Session,
        tag: Option<&[u8]>,
        now: Instant,
    ) -> Option<Instant> {
        if let Some(echo) = self.on_its_way.take() {
            self.report(session, tag, &echo);
            if self.count.is_some_and(|count| self.totals.sent >= count) {
                return None;
            }
            let next = self.began + self.interval * self.totals.sent;
            if next > now {
                return Some(next);
            }
        }
        let echo = self.send(session);
        let wait = match echo {
            Echo::Lost => self.interval,
            Echo::Answered { us } | Echo::Refused { us, .. } => self.interval.min(Duration::from_micros(us)),
        };
        self.on_its_way = Some(echo);
        Some(now + wait)
    }

    fn send(&self, session: &Session) -> Echo {
        let at_ms = session.router.clock.now_ms();
        let mut state = session.router.lock();
        state.advance(at_ms);
        let profile: &PingProfile = state.pings.get(&self.target).unwrap_or(&state.spec.default_ping);
        let ways = [self.interface.as_deref(), profile.via.as_deref()];
        let cut = ways.into_iter().flatten().any(|way| !state.find(way).is_some_and(|way| way.running()));
        let answer = profile.answer_us(self.seed, self.totals.sent, at_ms).filter(|_| !cut);
        match (answer, &profile.error) {
            (None, _) => Echo::Lost,
            (Some(us), None) => Echo::Answered { us: served_round_trip_us(state.dialect(), us) },
            (Some(us), Some((hop, status))) => Echo::Refused { us, hop: hop.clone(), status: status.clone() },
        }
    }

    fn report(&mut self, session: &mut Session, tag: Option<&[u8]>, echo: &Echo) {
        let dialect = session.dialect;
        let row = &mut session.row;
        row.clear();
        row.number("seq", u64::from(self.totals.sent));
        self.totals.sent += 1;
        match echo {
            Echo::Lost => {
                row.bytes("host", &self.target);
                row.bytes("status", b"timeout");
            }
            Echo::Answered { us } => {
                self.totals.answered(*us);
                if let Some(times) = self.times_us.as_mut().filter(|times| times.len() < TIMES_MAX) {
                    times.push(*us);
                }
                row.bytes("host", &self.target);
                row.number("size", u64::from(self.size));
                row.number("ttl", TTL_OF_ANSWERS);
                row.with("time", |out| write_round_trip(out, dialect, *us));
            }
            Echo::Refused { us, hop, status } => {
                row.bytes("host", hop.as_bytes());
                row.number("size", u64::from(self.size));
                row.number("ttl", TTL_OF_ANSWERS);
                row.with("time", |out| write_round_trip(out, dialect, *us));
                row.bytes("status", status.as_bytes());
            }
        }
        self.totals_into(session, dialect);
        session.row.write(&mut session.out, tag, self.proplist.as_ref());
    }

    fn totals_into(&self, session: &mut Session, dialect: Dialect) {
        let row = &mut session.row;
        row.number("sent", u64::from(self.totals.sent));
        row.number("received", u64::from(self.totals.received));
        row.number("packet-loss", u64::from(self.totals.loss_percent()));
        if let Some((min, avg, max)) = self.rtt_us(dialect) {
            row.with("min-rtt", |out| write_round_trip(out, dialect, min));
            row.with("avg-rtt", |out| write_round_trip(out, dialect, avg));
            row.with("max-rtt", |out| write_round_trip(out, dialect, max));
        }
    }

    fn rtt_us(&self, dialect: Dialect) -> Option<(u64, u64, u64)> {
        let Totals { min_us, max_us, received, .. } = self.totals;
        (received > 0).then(|| (min_us, served_round_trip_us(dialect, self.totals.average_us()), max_us))
    }

    pub(crate) fn note(&self, session: &Session) {
        let Some(times_us) = self.times_us.clone() else { return };
        session.router.lock().served.push(Served::Ping {
            at_ms: self.began_at_ms,
            target: self.target.clone(),
            sent: self.totals.sent,
            received: self.totals.received,
            rtt_us: self.rtt_us(session.dialect),
            times_us,
        });
    }
}
