use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use super::ConnectionLimits;
use crate::address::{Network, networks};

/// Who is connected, and which of them wait: those are closed, the longest waiting first, when others need the room.
#[derive(Clone, Debug)]
pub(super) struct Connections(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limits: ConnectionLimits,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    /// Rises with each connection and each wait.
    next: u64,
    open: HashMap<u64, Open>,
    /// Connections that have not sent a whole request, in the order in which they began to wait.
    waiting: BTreeMap<u64, u64>,
    counts: HashMap<Network, usize>,
}

#[derive(Debug)]
struct Open {
    /// What it counts in, the smallest first; a proxy's counts in none.
    networks: Vec<Network>,
    /// Its key in `waiting`.
    waits: Option<u64>,
    close: CancellationToken,
}

/// One connection's place; dropping it gives the place back.
pub(super) struct Place {
    shared: Arc<Shared>,
    id: u64,
    is_proxys: bool,
    close: CancellationToken,
}

/// A request under way; dropping it, the connection waits again.
pub(super) struct Busy {
    shared: Arc<Shared>,
    id: u64,
}

impl Connections {
    pub(super) fn new(limits: ConnectionLimits) -> Self {
        Self(Arc::new(Shared { limits, table: Mutex::default() }))
    }

    /// A place for a connection from `address`; `None` if there is none and nobody who waits could be closed for it.
    pub(super) fn admit(&self, address: IpAddr) -> Option<Place> {
        let limits = &self.0.limits;
        let address = address.to_canonical();
        let is_proxys = limits.proxies.contains(&address);
        let networks = if is_proxys { Vec::new() } else { networks(address) };
        let mut table = self.0.table();
        for (times, network) in networks.iter().enumerate() {
            let most = limits.per_address << times;
            if table.counts.get(network).is_some_and(|count| *count >= most)
                && !table.close_longest_waiting(Some(network))
            {
                return None;
            }
        }
        if table.open.len() >= limits.total && !table.close_longest_waiting(None) {
            return None;
        }
        let id = table.number();
        for network in &networks {
            *table.counts.entry(*network).or_default() += 1;
        }
        let close = CancellationToken::new();
        table.open.insert(id, Open { networks, waits: None, close: close.clone() });
        table.begin_waiting(id);
        Some(Place { shared: Arc::clone(&self.0), id, is_proxys, close })
    }

    /// Closes the one that has waited longest, if any does.
    pub(super) fn close_longest_waiting(&self) {
        self.0.table().close_longest_waiting(None);
    }
}

impl Shared {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn begin_waiting(&mut self, id: u64) {
        let waits = self.number();
        if let Some(open) = self.open.get_mut(&id) {
            open.waits = Some(waits);
            self.waiting.insert(waits, id);
        }
    }

    fn close_longest_waiting(&mut self, within: Option<&Network>) -> bool {
        let is_within = |id: &u64| {
            within.is_none_or(|network| self.open.get(id).is_some_and(|open| open.networks.contains(network)))
        };
        let Some(id) = self.waiting.values().find(|id| is_within(id)).copied() else { return false };
        if let Some(open) = self.remove(id) {
            open.close.cancel();
        }
        true
    }

    fn remove(&mut self, id: u64) -> Option<Open> {
        let open = self.open.remove(&id)?;
        if let Some(waits) = open.waits {
            self.waiting.remove(&waits);
        }
        for network in &open.networks {
            if let Some(count) = self.counts.get_mut(network) {
                *count -= 1;
                if *count == 0 {
                    self.counts.remove(network);
                }
            }
        }
        Some(open)
    }
}

impl Place {
    /// A request has come.
    pub(super) fn begin(&self) -> Busy {
        let mut table = self.shared.table();
        if let Some(waits) = table.open.get_mut(&self.id).and_then(|open| open.waits.take()) {
            table.waiting.remove(&waits);
        }
        Busy { shared: Arc::clone(&self.shared), id: self.id }
    }

    /// Whether it comes from a proxy.
    pub(super) fn is_proxys(&self) -> bool {
        self.is_proxys
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.shared.table().open.get(&self.id).is_none_or(|open| open.waits.is_some())
    }

    /// Returns when the connection has to go.
    pub(super) async fn closed(&self) {
        self.close.cancelled().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.table().remove(self.id);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.shared.table().begin_waiting(self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(total: usize, per_address: usize) -> Connections {
        let proxies = vec!["10.0.0.1".parse().unwrap()];
        Connections::new(ConnectionLimits { total, per_address, proxies })
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_connection_that_waits_gives_way_and_one_at_work_does_not() {
        let table = connections(100, 2);
        let first = table.admit(address("203.0.113.1")).unwrap();
        let second = table.admit(address("203.0.113.1")).unwrap();
        let busy = first.begin();
        let third = table.admit(address("203.0.113.1")).unwrap();
        assert!(second.close.is_cancelled(), "the only one that waited");
        assert!(!first.close.is_cancelled());
        let also_busy = third.begin();
        assert!(table.admit(address("203.0.113.1")).is_none(), "both are at work");
        assert!(table.admit(address("203.0.113.2")).is_some(), "another address has room of its own");
        drop(busy);
        assert!(table.admit(address("203.0.113.1")).is_some() && first.close.is_cancelled());
        drop(also_busy);
    }

    #[test]
    fn a_whole_ipv6_network_takes_no_more_than_its_share() {
        let table = connections(1_000, 4);
        let places: Vec<_> = (0..200)
            .filter_map(|n| {
                let place = table.admit(address(&format!("2001:db8:1:{n:x}00::1")))?;
                let busy = place.begin();
                Some((place, busy))
            })
            .collect();
        assert_eq!(places.len(), 16, "a /48 has four times the room of a /64");
        assert!(table.admit(address("2001:db8:2::1")).is_some());
    }

    #[test]
    fn a_proxy_has_the_room_of_all_and_places_come_back() {
        let table = connections(8, 2);
        let places: Vec<_> = (0..8).map(|_| table.admit(address("10.0.0.1")).unwrap()).collect();
        let busy: Vec<_> = places.iter().map(Place::begin).collect();
        assert!(table.admit(address("203.0.113.1")).is_none());
        drop((busy, places));
        assert!(table.0.table().counts.is_empty() && table.0.table().waiting.is_empty());
        assert!(table.admit(address("203.0.113.1")).is_some());
    }
}
