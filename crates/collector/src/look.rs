use std::fmt;

use routeros::Interface;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sla::LinkState;

use crate::piece::{Cause, Verdict};
use crate::ppp::PppLook;

/// What makes an interface the same thing as before (SLA trap 27): a name can be given to another interface, an id
/// to a dynamic interface that was made anew. The MAC address counts for physical ports alone: a bridge takes that of a port
/// that joins, and a VLAN has its parent's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mac: Option<String>,
}

impl Identity {
    pub(crate) fn of(interface: &Interface) -> Self {
        let is_physical = interface.default_name.is_some();
        let mac = interface.mac_address.as_ref().filter(|_| is_physical);
        Self {
            id: interface.id.clone(),
            name: interface.name.to_string_lossy().into_owned(),
            mac: mac.map(|mac| mac.to_string_lossy().into_owned()),
        }
    }

    /// Whether `after` is the same interface.
    pub(crate) fn is_same(&self, after: &Self) -> bool {
        self.id == after.id && self.is_after_reboot(after)
    }

    /// Whether `after` is the same interface, whatever it is called now.
    pub(crate) fn is_same_renamed(&self, after: &Self) -> bool {
        self.id == after.id && self.has_same_mac(after)
    }

    /// An address that one of the two lacks proves nothing: older versions kept those of VLANs and bridges too.
    fn has_same_mac(&self, after: &Self) -> bool {
        match (&self.mac, &after.mac) {
            (Some(before), Some(after)) => before == after,
            _ => true,
        }
    }

    /// Whether `after` can be the same interface after a restart, when dynamic ones have new ids.
    pub(crate) fn is_after_reboot(&self, after: &Self) -> bool {
        self.name == after.name && self.has_same_mac(after)
    }
}

/// One successful look at one link. Kept in the link's memory until the next, across restarts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// Our wall clock at the middle of the exchange.
    pub(crate) at_ms: i64,
    /// The monotonic clock of this process at the same moment; none once it was read back from the store.
    pub(crate) mono_ms: Option<i64>,
    /// The router's uptime; whole seconds on the wire.
    pub(crate) uptime_ms: i64,
    pub(crate) identity: Identity,
    pub(crate) running: bool,
    pub(crate) disabled: bool,
    pub(crate) link_downs: Option<u64>,
    /// `last-link-down-time` by the router's local clock, as if that were UTC.
    pub(crate) down_local_ms: Option<i64>,
    /// `last-link-up-time`, likewise.
    pub(crate) up_local_ms: Option<i64>,
    /// The router's local clock, as if it were UTC, minus ours.
    pub(crate) offset_ms: Option<i64>,
    /// Whether the probe target answered; none where nobody asked or the terms do not care.
    pub(crate) answered: Option<bool>,
    /// What was seen of the PPP user; none for a link over an interface.
    pub(crate) ppp: Option<PppLook>,
}

impl Look {
    /// What the interface alone says.
    pub(crate) fn interface_verdict(&self) -> Verdict {
        if self.disabled {
            (LinkState::Unknown, Some(Cause::Disabled))
        } else if self.running {
            (LinkState::Up, None)
        } else if self.ppp.is_some() {
            (LinkState::Down, Some(Cause::SessionEnded))
        } else {
            (LinkState::Down, Some(Cause::LinkDown))
        }
    }

    /// What counts: the interface, and the probe target where the terms ask for it.
    pub(crate) fn verdict(&self) -> Verdict {
        match self.interface_verdict() {
            (LinkState::Up, _) if self.answered == Some(false) => (LinkState::Down, Some(Cause::NoAnswer)),
            verdict => verdict,
        }
    }

    /// The same on a clock that was corrected by `by_ms`.
    pub(crate) fn shift(&mut self, by_ms: i64) {
        self.at_ms += by_ms;
        self.offset_ms = self.offset_ms.map(|offset_ms| offset_ms - by_ms);
        if let Some(ppp) = &mut self.ppp {
            ppp.began_ms = ppp.began_ms.map(|began_ms| began_ms + by_ms);
        }
    }

    /// Whether both looks were at the same router, so that their uptimes can be compared.
    pub(crate) fn is_of_same_router(&self, next: &Self) -> bool {
        match (&self.ppp, &next.ppp) {
            (Some(before), Some(after)) => before.router == after.router,
            _ => true,
        }
    }

    /// Time between two looks: by the monotonic clock within one process, else by the wall clock.
    pub(crate) fn elapsed_ms(&self, next: &Self) -> i64 {
        match (self.mono_ms, next.mono_ms) {
            (Some(from), Some(to)) => to - from,
            _ => next.at_ms - self.at_ms,
        }
    }
}

/// The fields of [`Look`] in their order, without names: it is written for every link in every round, and half of it
/// would be names. What a link over an interface does not have comes last and is left out.
impl Serialize for Look {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_tuple(FIELDS + usize::from(self.ppp.is_some()))?;
        fields.serialize_element(&self.at_ms)?;
        fields.serialize_element(&self.uptime_ms)?;
        fields.serialize_element(&self.identity)?;
        fields.serialize_element(&self.running)?;
        fields.serialize_element(&self.disabled)?;
        fields.serialize_element(&self.link_downs)?;
        fields.serialize_element(&self.down_local_ms)?;
        fields.serialize_element(&self.up_local_ms)?;
        fields.serialize_element(&self.offset_ms)?;
        fields.serialize_element(&self.answered)?;
        if let Some(ppp) = &self.ppp {
            fields.serialize_element(ppp)?;
        }
        fields.end()
    }
}

/// How many fields every look has.
const FIELDS: usize = 10;

impl<'de> Deserialize<'de> for Look {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(LookFields)
    }
}

struct LookFields;

impl<'de> Visitor<'de> for LookFields {
    type Value = Look;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the fields of a look")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut fields: A) -> Result<Look, A::Error> {
        let mut at = 0;
        macro_rules! field {
            () => {{
                at += 1;
                fields.next_element()?.ok_or_else(|| A::Error::invalid_length(at - 1, &self))?
            }};
        }
        Ok(Look {
            at_ms: field!(),
            mono_ms: None,
            uptime_ms: field!(),
            identity: field!(),
            running: field!(),
            disabled: field!(),
            link_downs: field!(),
            down_local_ms: field!(),
            up_local_ms: field!(),
            offset_ms: field!(),
            answered: field!(),
            ppp: fields.next_element()?,
        })
    }
}
