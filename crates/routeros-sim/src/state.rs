//! All that changes in a router, behind one lock that is held for no longer than a print takes.

use crate::faults::Faults;
use crate::interface::{Interface, Moment};
use crate::ppp::Ppp;
use crate::served::ServedLog;
use crate::{Dialect, PingProfile, RouterSpec};
use std::collections::HashMap;

/// A change of a link's carrier at a known moment of the simulation clock.
#[derive(Debug, Clone)]
pub(crate) struct LinkEvent {
    pub(crate) at_ms: i64,
    pub(crate) name: Vec<u8>,
    pub(crate) carrier: bool,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) spec: RouterSpec,
    pub(crate) interfaces: Vec<Interface>,
    pub(crate) ppp: Ppp,
    /// Interfaces that were removed, to be created again under their name.
    removed: Vec<Interface>,
    next_id: u32,
    /// When it booted; in the future while it reboots.
    pub(crate) booted_at_ms: i64,
    pub(crate) clock_offset_ms: i64,
    pub(crate) pings: HashMap<Vec<u8>, PingProfile>,
    pub(crate) faults: Faults,
    pub(crate) served: ServedLog,
    /// Carrier changes to come, earliest last.
    events: Vec<LinkEvent>,
    /// Up to when events are applied. What a client has seen cannot be undone: a later event with an earlier date
    /// happens now.
    looked_at_ms: i64,
}

impl State {
    pub(crate) fn new(mut spec: RouterSpec, now_ms: i64) -> Self {
        let uptime_ms = i64::try_from(spec.uptime.as_millis()).unwrap_or(now_ms);
        let interfaces = std::mem::take(&mut spec.interfaces);
        let pings = std::mem::take(&mut spec.pings);
        let ppp_users = std::mem::take(&mut spec.ppp_users);
        let mut state = Self {
            booted_at_ms: now_ms - uptime_ms,
            clock_offset_ms: spec.clock_offset_ms,
            pings: pings.into_iter().map(|(target, profile)| (target.into_bytes(), profile)).collect(),
            served: ServedLog::new(spec.served_log),
            interfaces: Vec::with_capacity(interfaces.len()),
            removed: Vec::new(),
            ppp: Ppp::default(),
            next_id: 1,
            faults: Faults::default(),
            events: Vec::new(),
            looked_at_ms: now_ms,
            spec,
        };
        let up = state.moment(state.booted_at_ms);
        for interface in interfaces {
            let id = state.take_id();
            state.interfaces.push(Interface::new(interface, id, state.spec.seed, up));
        }
        state.add_ppp_users(ppp_users, state.booted_at_ms);
        state
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.spec.dialect
    }

    /// Applies every scheduled event up to `now_ms`, each at its own moment.
    pub(crate) fn advance(&mut self, now_ms: i64) {
        while let Some(event) = self.events.pop_if(|event| event.at_ms <= now_ms) {
            // What happened while the router was off is what it finds when it boots.
            let off = event.at_ms < self.booted_at_ms;
            let at_ms = if off { self.booted_at_ms } else { event.at_ms.max(self.looked_at_ms) };
            let moment = self.moment(at_ms);
            self.looked_at_ms = self.looked_at_ms.max(event.at_ms);
            if let Some(interface) = self.find_mut(&event.name) {
                interface.set_carrier(event.carrier, moment);
                if off {
                    interface.start(moment);
                }
            }
        }
        self.looked_at_ms = self.looked_at_ms.max(now_ms);
    }

    pub(crate) fn schedule(&mut self, event: LinkEvent) {
        self.events.push(event);
        self.events.sort_by_key(|event| std::cmp::Reverse(event.at_ms));
    }

    /// Changes the interface `name` at `now_ms`; false if there is none.
    pub(crate) fn change(
        &mut self,
        name: &[u8],
        now_ms: i64,
        change: impl FnOnce(&mut Interface, Moment),
    ) -> bool {
        self.advance(now_ms);
        let moment = self.moment(now_ms);
        match self.find_mut(name) {
            Some(interface) => {
                change(interface, moment);
                true
            }
            None => false,
        }
    }

    /// Power off now, up again at `boot_at_ms` with fresh counters, link events and dynamic ids.
    pub(crate) fn reboot(&mut self, now_ms: i64, boot_at_ms: i64) {
        self.advance(now_ms);
        self.end_ppp_sessions();
        self.booted_at_ms = boot_at_ms;
        let up = self.moment(boot_at_ms);
        for at in 0..self.interfaces.len() {
            if self.interfaces[at].spec.dynamic {
                self.interfaces[at].id = self.take_id();
            }
            self.interfaces[at].start(up);
        }
    }

    pub(crate) fn remove(&mut self, name: &[u8], now_ms: i64) -> bool {
        self.advance(now_ms);
        let Some(at) = self.interfaces.iter().position(|interface| interface.spec.name == name) else {
            return false;
        };
        let interface = self.interfaces.remove(at);
        self.removed.retain(|old| old.spec.name != name);
        self.removed.push(interface);
        true
    }

    /// Removes the interface if it is there and creates it anew: same name, new `.id`, counters at zero.
    pub(crate) fn recreate(&mut self, name: &[u8], now_ms: i64) -> bool {
        self.remove(name, now_ms);
        let Some(at) = self.removed.iter().position(|old| old.spec.name == name) else { return false };
        let mut interface = self.removed.remove(at);
        interface.id = self.take_id();
        interface.start(self.moment(now_ms));
        self.interfaces.push(interface);
        true
    }

    pub(crate) fn find(&self, name: &[u8]) -> Option<&Interface> {
        self.interfaces.iter().find(|interface| interface.spec.name == name)
    }

    /// By name or by `*1E`, as arguments may name an interface.
    pub(crate) fn find_by_argument(&self, argument: &[u8]) -> Option<&Interface> {
        let by_id = argument
            .strip_prefix(b"*")
            .and_then(|hex| u32::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok())
            .and_then(|id| self.interfaces.iter().find(|interface| interface.id == id));
        by_id.or_else(|| self.find(argument))
    }

    /// Milliseconds since boot.
    pub(crate) fn uptime_ms(&self, now_ms: i64) -> i64 {
        (now_ms - self.booted_at_ms).max(0)
    }

    /// What the router's wall clock shows at `now_ms`, as ms since 1970-01-01 00:00 local.
    pub(crate) fn local_ms(&self, now_ms: i64) -> i64 {
        now_ms + self.moment(now_ms).local_offset_ms
    }

    pub(crate) fn moment(&self, at_ms: i64) -> Moment {
        Moment { at_ms, local_offset_ms: self.clock_offset_ms + self.spec.gmt_offset_ms }
    }

    fn find_mut(&mut self, name: &[u8]) -> Option<&mut Interface> {
        self.interfaces.iter_mut().find(|interface| interface.spec.name == name)
    }

    pub(crate) fn take_id(&mut self) -> u32 {
        self.next_id += 1;
        self.next_id - 1
    }
}
