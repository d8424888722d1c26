//! From the router's answers to what each link's round found. Pure.

use routeros::{EthernetLink, Interface, Traffic};
use store::{DownWhen, LinkId};

use crate::counter_delta::Rates;
use crate::exchange::{Observation, counters, factory_bps};
use crate::link_record::{Finding, Measured, PolledLink};
use crate::piece::Cause;
use crate::pinging::Pinged;
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
    interface: Option<usize>,
    measures: bool,
    no_answer_is_down: bool,
}

impl<'a> Asked<'a> {
    pub(crate) fn new(polled: &'a PolledLink, observation: &'a Observation, slot: Slot) -> Self {
        let name = polled.link.interface.as_str();
        let interface = observation.index_of(name);
        let runs = interface.is_some_and(|index| {
            let interface = &observation.interfaces[index];
            interface.running == Some(true) && !interface.disabled
        });
        let measures = slot.kind == RoundKind::Sample && !polled.has_sample(slot.at_ms);
        let no_answer_is_down = polled.down_when == DownWhen::InterfaceOrNoAnswer;
        let target = polled.link.probe_target.as_deref();
        Self {
            link: polled.link.id,
            circuit: &polled.link.circuit,
            ping_target: target.filter(|_| runs && (measures || no_answer_is_down)),
            traffic_name: Some(name).filter(|_| runs && measures && polled.lacks_reading()),
            port_id: interface
                .map(|index| &observation.interfaces[index])
                .filter(|interface| runs && measures && is_ethernet(interface))
                .map(|interface| interface.id.as_str()),
            missing: missing(polled, observation, interface),
            interface,
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

/// What was found, in the order of what was asked.
pub(crate) fn findings(
    asked: &[Asked<'_>],
    observation: &Observation,
    pinged: &Pinged,
    (traffic, ports): (&[Traffic], &[EthernetLink]),
) -> Vec<Finding> {
    asked
        .iter()
        .enumerate()
        .map(|(index, asked)| finding(asked, index, observation, pinged, (traffic, ports)))
        .collect()
}

fn finding(
    asked: &Asked<'_>,
    index: usize,
    observation: &Observation,
    pinged: &Pinged,
    (traffic, ports): (&[Traffic], &[EthernetLink]),
) -> Finding {
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
        port_bps: negotiated_bps(&interface.id, ports).or_else(|| factory_bps(interface)),
        ping,
        instant: asked.traffic_name.and_then(|name| instant(name, traffic)).unwrap_or_default(),
    });
    Finding { seen: Seen::Interface(look), measured }
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
