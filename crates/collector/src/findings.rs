//! From the router's answers to what each link's round found. Pure.

use jiff::civil::DateTime;
use routeros::{EthernetLink, Interface, PppSession, Traffic, Value};
use sla::LinkPort;
use store::{DownWhen, LinkId, RouterId};

use crate::counter_delta::Rates;
use crate::exchange::{Observation, counters, factory_bps, local_ms};
use crate::link_record::{Finding, Measured, PolledLink};
use crate::piece::Cause;
use crate::pinging::Pinged;
use crate::ppp::{self, Elsewhere, SeenElsewhere};
use crate::schedule::{RoundKind, Slot};
use crate::timeline::Seen;

/// What a round wants to know of one link after the look.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) link: LinkId,
    pub(crate) circuit: &'a str,
    /// Whom to ping: only over a link that runs, since the loss of a down link is no loss.
    pub(crate) ping_target: Option<&'a str>,
    /// The interface to ask for its rate of the last second.
    pub(crate) traffic_name: Option<&'a str>,
    /// The Ethernet port to ask for what it negotiated.
    pub(crate) port_id: Option<&'a str>,
    /// What to tell the operator when the interface is not there.
    pub(crate) missing: Option<String>,
    /// The PPP user whose last logout is wanted, because the session is another one than before.
    pub(crate) logout_of: Option<&'a str>,
    interface: Option<usize>,
    /// The company has other routers.
    has_others: bool,
    /// Empty for a link over an interface.
    user: &'a str,
    /// What is known of the link's PPP user; none for a link over an interface.
    ppp: Option<UserSeen<'a>>,
    measures: bool,
    no_answer_is_down: bool,
}

/// What is known of a PPP user at the moment of a look.
#[derive(Debug)]
enum UserSeen<'a> {
    /// Connected here.
    Here(&'a PppSession),
    /// Connected to another router of the company.
    Elsewhere(Box<SeenElsewhere>),
    /// Not connected.
    Absent,
    /// Nobody can say.
    Unknown(Cause),
}

impl<'a> Asked<'a> {
    pub(crate) fn new(
        polled: &'a PolledLink,
        observation: &'a Observation,
        slot: Slot,
        (has_others, normal_ms): (bool, i64),
        elsewhere: impl Fn(&PolledLink, i64) -> Option<Elsewhere>,
    ) -> Self {
        let now = (observation.moment.wall_ms, normal_ms);
        let port = polled.link.port();
        let ppp = port.ppp_user().map(|user| user_seen(polled, user, observation, elsewhere));
        let user = port.ppp_user().unwrap_or_default();
        let interface = match (&ppp, port) {
            (Some(UserSeen::Here(session)), _) => observation.interface_of(session),
            (Some(_), _) | (None, LinkPort::PppUser(_)) => None,
            (None, LinkPort::Interface(name)) => observation.index_of(name),
        };
        let runs = match &ppp {
            Some(seen) => matches!(seen, UserSeen::Here(_)),
            None => interface.is_some_and(|index| {
                let interface = &observation.interfaces[index];
                interface.running == Some(true) && !interface.disabled
            }),
        };
        let name = interface
            .and_then(|index| std::str::from_utf8(observation.interfaces[index].name.as_bytes()).ok());
        let measures = slot.kind == RoundKind::Sample && !polled.has_sample(slot.at_ms);
        let no_answer_is_down = polled.down_when == DownWhen::InterfaceOrNoAnswer;
        let target = polled.link.probe_target.as_deref();
        Self {
            link: polled.link.id,
            circuit: &polled.link.circuit,
            ping_target: target.filter(|_| runs && (measures || no_answer_is_down)),
            traffic_name: name.filter(|_| runs && measures && polled.lacks_reading()),
            port_id: interface
                .map(|index| &observation.interfaces[index])
                .filter(|interface| runs && measures && is_ethernet(interface))
                .map(|interface| interface.id.as_str()),
            missing: match (&ppp, port) {
                (Some(seen), LinkPort::PppUser(user)) => no_session(seen, user),
                _ => missing(polled, observation, interface),
            },
            logout_of: ppp
                .as_ref()
                .zip(port.ppp_user())
                .and_then(|(seen, user)| logout_of(polled, seen, user, now)),
            interface,
            has_others,
            user,
            ppp,
            measures,
            no_answer_is_down,
        }
    }
}

/// What an operator must mend about one link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) link: LinkId,
    pub(crate) circuit: String,
    /// One line.
    pub(crate) error: String,
    /// It stays until somebody mends it.
    pub(crate) lasting: bool,
}

/// What was wrong with single links while the router itself answered; at most one per link.
pub(crate) fn troubles(asked: &[Asked<'_>], pinged: &Pinged) -> Vec<Trouble> {
    let trouble = |(index, asked): (usize, &Asked<'_>)| {
        let ping = pinged.errors.get(index).and_then(Option::as_ref);
        let ping_target = asked.ping_target.unwrap_or_default();
        let (error, lasting) = match (&asked.missing, ping) {
            (Some(missing), _) => (missing.clone(), true),
            (None, Some(ping)) => {
                (format!("no ping of {ping_target:?} from the router: {}", ping.text), ping.refused)
            }
            (None, None) => return None,
        };
        Some(Trouble { link: asked.link, circuit: asked.circuit.to_owned(), error, lasting })
    };
    asked.iter().enumerate().filter_map(trouble).collect()
}

impl Asked<'_> {
    /// Whether the port went down between two observations, or is not the same one.
    pub(crate) fn fell_between(&self, before: &Observation, after: &[Interface]) -> bool {
        let Some(before) = self.interface.map(|index| &before.interfaces[index]) else { return false };
        let after = after.iter().find(|after| after.id == before.id && after.name == before.name);
        after.is_none_or(|after| {
            after.running != Some(true) || after.disabled || after.link_downs != before.link_downs
        })
    }
}

/// What was asked beside the pings.
pub(crate) struct Answers {
    pub(crate) traffic: Vec<Traffic>,
    pub(crate) ports: Vec<EthernetLink>,
    /// When PPP users logged out last, by the router's local clock.
    pub(crate) logouts: Vec<(Value, DateTime)>,
}

/// What was found at this router, in the order of what was asked.
pub(crate) fn findings(
    router: RouterId,
    asked: &[Asked<'_>],
    observation: &Observation,
    pinged: &Pinged,
    answers: &Answers,
) -> Vec<Finding> {
    asked
        .iter()
        .enumerate()
        .map(|(index, asked)| finding(router, asked, index, observation, pinged, answers))
        .collect()
}

fn finding(
    router: RouterId,
    asked: &Asked<'_>,
    index: usize,
    observation: &Observation,
    pinged: &Pinged,
    answers: &Answers,
) -> Finding {
    if let Some(seen) = &asked.ppp {
        return ppp_finding(router, (asked, seen), index, observation, pinged, answers);
    }
    let Some(interface) = asked.interface.map(|index| &observation.interfaces[index]) else {
        let seen = Seen::Nothing { at_ms: observation.moment.wall_ms, cause: Cause::InterfaceMissing };
        return Finding { seen, measured: None };
    };
    let ping = pinged.outcomes.get(index).cloned().flatten();
    let Some(mut look) = observation.look(interface) else {
        let seen = Seen::Nothing { at_ms: observation.moment.wall_ms, cause: Cause::ProtocolError };
        return Finding { seen, measured: None };
    };
    look.answered = ping.as_ref().map(|outcome| outcome.received > 0).filter(|_| asked.no_answer_is_down);
    let measured = asked.measures.then(|| Measured {
        counters: counters(interface),
        port_bps: negotiated_bps(&interface.id, &answers.ports).or_else(|| factory_bps(interface)),
        ping,
        instant: asked.traffic_name.and_then(|name| instant(name, &answers.traffic)).unwrap_or_default(),
    });
    Finding { seen: Seen::Interface(look), measured }
}

fn ppp_finding(
    router: RouterId,
    (asked, seen): (&Asked<'_>, &UserSeen<'_>),
    index: usize,
    observation: &Observation,
    pinged: &Pinged,
    answers: &Answers,
) -> Finding {
    let session = match seen {
        UserSeen::Here(session) => Some(*session),
        UserSeen::Absent => None,
        UserSeen::Elsewhere(seen) => return found_elsewhere(seen, asked.measures),
        UserSeen::Unknown(cause) => {
            let seen = Seen::Nothing { at_ms: observation.moment.wall_ms, cause: *cause };
            return Finding { seen, measured: None };
        }
    };
    let mut look = observation.ppp_look(router, asked.user, session);
    if let Some(ppp) = &mut look.ppp {
        ppp.has_others = asked.has_others;
    }
    let mut logouts = answers.logouts.iter();
    look.down_local_ms = logouts
        .find(|(user, _)| asked.logout_of.is_some_and(|wanted| user.to_string_lossy() == wanted))
        .and_then(|(_, at)| local_ms(*at));
    let ping = pinged.outcomes.get(index).cloned().flatten();
    look.answered = ping.as_ref().map(|outcome| outcome.received > 0).filter(|_| asked.no_answer_is_down);
    let interface = asked.interface.map(|index| &observation.interfaces[index]);
    let measured = asked.measures.then(|| Measured {
        counters: interface.map(counters).unwrap_or_default(),
        port_bps: None,
        ping,
        instant: asked.traffic_name.and_then(|name| instant(name, &answers.traffic)).unwrap_or_default(),
    });
    Finding { seen: Seen::Interface(look), measured }
}

/// A PPP user that another router of the company serves; its far end is not pinged from there.
pub(crate) fn found_elsewhere(seen: &SeenElsewhere, measures: bool) -> Finding {
    let measured = measures.then(|| Measured {
        counters: seen.counters,
        port_bps: None,
        ping: None,
        instant: Rates::default(),
    });
    Finding { seen: Seen::Interface(seen.look.clone()), measured }
}

/// A session here goes before one elsewhere, unless the one elsewhere is followed and lasts. A user that was never seen may
/// be misspelled: that is no outage.
fn user_seen<'a>(
    polled: &PolledLink,
    user: &str,
    observation: &'a Observation,
    elsewhere: impl Fn(&PolledLink, i64) -> Option<Elsewhere>,
) -> UserSeen<'a> {
    let home = polled.link.router_id;
    let last = polled.last_ppp_look(user);
    let followed = last.filter(|look| look.running && look.ppp.is_some());
    let elsewhere = || elsewhere(polled, observation.moment.mono_ms);
    let sessions = match &observation.sessions {
        Ok(sessions) => sessions,
        Err(cause) => {
            return match elsewhere() {
                Some(Elsewhere::Connected(seen)) => UserSeen::Elsewhere(seen),
                _ => UserSeen::Unknown(*cause),
            };
        }
    };
    if let Some(session) = sessions.of(user, (home, followed.map(|look| look.identity.id.as_str()))) {
        let was_elsewhere = followed.filter(|look| look.ppp.as_ref().is_some_and(|ppp| ppp.router != home));
        return match (was_elsewhere, was_elsewhere.and_then(|_| elsewhere())) {
            (Some(look), Some(Elsewhere::Connected(seen))) if seen.look.identity == look.identity => {
                UserSeen::Elsewhere(seen)
            }
            _ => UserSeen::Here(session),
        };
    }
    match elsewhere() {
        Some(Elsewhere::Connected(seen)) => UserSeen::Elsewhere(seen),
        Some(Elsewhere::Unheard(cause)) => UserSeen::Unknown(cause),
        _ if last.is_none() => UserSeen::Unknown(Cause::InterfaceMissing),
        Some(Elsewhere::Absent) | None => UserSeen::Absent,
    }
}

/// Whether it matters when the user logged out last: the session of before is gone, or nobody looked for a while.
fn logout_of<'a>(
    polled: &PolledLink,
    seen: &UserSeen<'_>,
    user: &'a str,
    (now_ms, normal_ms): (i64, i64),
) -> Option<&'a str> {
    let last = polled.last_ppp_look(user)?;
    let is_new = match seen {
        UserSeen::Here(session) => last.identity.id != ppp::key(polled.link.router_id, session),
        UserSeen::Absent => last.running || polled.is_silent() || now_ms - last.at_ms > normal_ms,
        UserSeen::Elsewhere(_) | UserSeen::Unknown(_) => false,
    };
    is_new.then_some(user)
}

/// One line for the operator if the user was never seen.
fn no_session(seen: &UserSeen<'_>, user: &str) -> Option<String> {
    matches!(seen, UserSeen::Unknown(Cause::InterfaceMissing)).then(|| {
        format!(
            "no router of the company has had a session of the PPP user {user:?} yet; see `/ppp active print`"
        )
    })
}

fn is_ethernet(interface: &Interface) -> bool {
    interface.kind.as_ref().is_some_and(|kind| kind.as_bytes() == b"ether")
}

fn negotiated_bps(id: &str, ports: &[EthernetLink]) -> Option<u64> {
    ports.iter().find(|port| port.id == id).and_then(|port| port.rate_bps)
}

fn instant(name: &str, traffic: &[Traffic]) -> Option<Rates> {
    let bps = |rate: Option<u64>| rate.and_then(|rate| i64::try_from(rate).ok());
    let found =
        traffic.iter().find(|t| t.name.as_ref().is_some_and(|found| found.to_string_lossy() == name))?;
    Some(Rates { rx_bps: bps(found.rx_bits_per_second), tx_bps: bps(found.tx_bits_per_second) })
}

/// One line for the operator if there is no interface to look at; one that was merely renamed is named.
fn missing(polled: &PolledLink, observation: &Observation, found: Option<usize>) -> Option<String> {
    let name = &polled.link.interface;
    if let Some(interface) = found.map(|index| &observation.interfaces[index]) {
        return observation.look(interface).is_none().then(|| {
            format!("the router does not say whether its interface {name:?} is running; see `/interface print detail`")
        });
    }
    let now_called = |interface: &&Interface| polled.was(interface);
    Some(match observation.interfaces.iter().find(now_called) {
        Some(renamed) => {
            format!("its interface {name:?} is now called {:?}; give the link the new name", renamed.name)
        }
        None => format!("the router has no interface named {name:?}; see `/interface print`"),
    })
}
