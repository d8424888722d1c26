//! The one pipelined exchange that looks at all links of a router at once.

use std::collections::{HashMap, HashSet};

use routeros::{Client, Error, Interface, PppSession};
use sla::LinkPort;
use store::RouterId;

use crate::clocks::{Clocks, Moment};
use crate::counter_delta::{CounterValues, port_speed_bps};
use crate::interface_name;
use crate::look::{Identity, Look};
use crate::piece::Cause;
use crate::ppp::{self, PppLook, SeenElsewhere, Sessions};

/// A router reads a command when it arrives; a reply may then drip in for seconds. The moment of the look is half
/// of the exchange after asking, but not more than this.
const HALF_WAY_MS_MAX: i64 = 500;
/// Router times have whole seconds: what reads 12:00:05 lies on average half a second later.
const HALF_A_SECOND_MS: i64 = 500;

/// What a router said of itself and its interfaces at one moment.
#[derive(Debug)]
pub(crate) struct Observation {
    pub(crate) moment: Moment,
    pub(crate) uptime_ms: i64,
    pub(crate) version: Option<String>,
    /// The router's local clock, as if it were UTC, minus ours.
    pub(crate) offset_ms: Option<i64>,
    /// The router's clock minus ours, if it tells its zone.
    pub(crate) utc_offset_ms: Option<i64>,
    pub(crate) interfaces: Vec<Interface>,
    /// Its PPP sessions, or why it does not tell them.
    pub(crate) sessions: Result<Sessions, Cause>,
}

/// Asks for everything side by side; for the PPP sessions, one listing of all, only where links name PPP users. A router
/// that will not tell its clock is looked at without.
pub(crate) async fn observe(
    client: &Client,
    clocks: &Clocks,
    wants_sessions: bool,
) -> Result<Observation, Error> {
    let asked = clocks.now();
    let sessions = async { if wants_sessions { client.ppp_sessions().await } else { Ok(Vec::new()) } };
    let (interfaces, resources, clock, sessions) =
        tokio::join!(client.interfaces(), client.system_resources(), client.clock(), sessions);
    let took_ms = clocks.now().mono_ms - asked.mono_ms;
    let moment = asked.after_ms((took_ms / 2).min(HALF_WAY_MS_MAX));
    let (interfaces, resources) = (interfaces?, resources?);
    let clock = match clock {
        Ok(clock) => Some(clock),
        Err(error) if error.is_connection_lost() => return Err(error),
        Err(_) => None,
    };
    let sessions = match sessions {
        Ok(sessions) => Ok(Sessions::new(sessions, &interfaces)),
        Err(error) if error.is_connection_lost() => return Err(error),
        // RouterOS 6 without the package `ppp` serves no sessions.
        Err(error) if error.is_no_such_command() => Ok(Sessions::default()),
        Err(error) => Err(error.refusal().map_or(Cause::ProtocolError, Cause::from)),
    };
    let offset_ms =
        clock.as_ref().and_then(|clock| local_ms(clock.local)).map(|local_ms| local_ms - moment.wall_ms);
    let zone_ms = clock.and_then(|clock| clock.gmt_offset_seconds).map(|seconds| i64::from(seconds) * 1_000);
    let utc_offset_ms = offset_ms.zip(zone_ms).map(|(offset_ms, zone_ms)| offset_ms - zone_ms);
    Ok(Observation {
        moment,
        uptime_ms: i64::try_from(resources.uptime.as_millis()).unwrap_or(i64::MAX),
        version: Some(resources.version).filter(|version| !version.is_empty()),
        offset_ms,
        utc_offset_ms,
        interfaces,
        sessions,
    })
}

impl Observation {
    /// Moves it onto a time that was corrected since.
    pub(crate) fn shift(&mut self, by_ms: i64) {
        self.moment.wall_ms += by_ms;
        self.offset_ms = self.offset_ms.map(|offset_ms| offset_ms - by_ms);
        self.utc_offset_ms = self.utc_offset_ms.map(|offset_ms| offset_ms - by_ms);
    }

    /// Where the interface of this name is.
    pub(crate) fn index_of(&self, name: &str) -> Option<usize> {
        interface_name::index_of(self.interfaces.iter().map(|interface| &interface.name), name)
    }

    /// This observation as a look at one interface; none if its row does not say whether it runs.
    pub(crate) fn look(&self, interface: &Interface) -> Option<Look> {
        let runs = interface.running.or(interface.disabled.then_some(false))?;
        Some(Look {
            at_ms: self.moment.wall_ms,
            mono_ms: Some(self.moment.mono_ms),
            uptime_ms: self.uptime_ms,
            identity: Identity::of(interface),
            running: runs && !interface.disabled,
            disabled: interface.disabled,
            link_downs: interface.link_downs,
            down_local_ms: interface.last_link_down.and_then(local_ms),
            up_local_ms: interface.last_link_up.and_then(local_ms),
            offset_ms: self.offset_ms,
            answered: None,
            ppp: None,
        })
    }

    /// This observation as a look at a PPP user: at the session that is given, or at none. `router` is this one.
    pub(crate) fn ppp_look(&self, router: RouterId, user: &str, session: Option<&PppSession>) -> Look {
        let began_ms = session.map(|session| {
            self.moment.wall_ms - i64::try_from(session.uptime.as_millis()).unwrap_or(i64::MAX / 2)
        });
        Look {
            at_ms: self.moment.wall_ms,
            mono_ms: Some(self.moment.mono_ms),
            uptime_ms: self.uptime_ms,
            identity: Identity {
                id: session.map(|session| ppp::key(router, session)).unwrap_or_default(),
                name: LinkPort::notation_of_user(user),
                mac: None,
            },
            running: session.is_some(),
            disabled: false,
            link_downs: None,
            down_local_ms: None,
            up_local_ms: None,
            offset_ms: self.offset_ms,
            answered: None,
            ppp: Some(PppLook { router, began_ms, has_others: true }),
        }
    }

    /// The dynamic interface of a session, if that can be told.
    pub(crate) fn interface_of(&self, session: &PppSession) -> Option<usize> {
        let uptime_ms = i64::try_from(session.uptime.as_millis()).unwrap_or(i64::MAX / 2);
        let began_local_ms = self.offset_ms.map(|offset_ms| self.moment.wall_ms + offset_ms - uptime_ms);
        self.sessions.as_ref().ok()?.interface_of(&self.interfaces, session, began_local_ms)
    }

    /// All wanted users that are connected here, as other routers' links see them.
    pub(crate) fn seen_elsewhere(
        &self,
        router: RouterId,
        wanted: &HashSet<String>,
    ) -> Result<HashMap<String, SeenElsewhere>, Cause> {
        let sessions = self.sessions.as_ref().map_err(|cause| *cause)?;
        let seen = |user: &str| {
            let session = sessions.of(user, (router, None))?;
            let interface = self.interface_of(session).map(|index| &self.interfaces[index]);
            let look = self.ppp_look(router, user, Some(session));
            Some((
                user.to_owned(),
                SeenElsewhere { look, counters: interface.map(counters).unwrap_or_default() },
            ))
        };
        Ok(sessions.users().filter(|user| wanted.contains(*user)).filter_map(seen).collect())
    }
}

/// An interface's counters in the store's order; one that does not fit is none.
pub(crate) fn counters(interface: &Interface) -> CounterValues {
    let c = &interface.counters;
    [c.rx_byte, c.tx_byte, c.rx_packet, c.tx_packet, c.rx_error, c.tx_error, c.rx_drop, c.tx_drop]
        .map(|value| value.and_then(|value| i64::try_from(value).ok()))
}

/// The most that an interface can carry, where its factory name tells.
pub(crate) fn factory_bps(interface: &Interface) -> Option<u64> {
    interface.default_name.as_ref().and_then(|name| port_speed_bps(&name.to_string_lossy()))
}

/// Router-local time as if it were UTC, in the middle of its second.
pub(crate) fn local_ms(local: jiff::civil::DateTime) -> Option<i64> {
    let utc = local.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(utc.timestamp().as_millisecond() + HALF_A_SECOND_MS)
}
