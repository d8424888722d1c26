use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::counter_delta::Reading;
use crate::counter_fall::Fallen;
use crate::timeline::Timeline;

/// What the collector remembers of a link; it travels through the store, so that a restart loses nothing and
/// `collect --once` run twice gives rates and spans.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Memory {
    #[serde(default)]
    pub(crate) timeline: Timeline,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reading: Option<Reading>,
    /// Counters of that reading that are below a level they had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fallen: Option<Fallen>,
}

impl Memory {
    /// What cannot be read, of an older version for example, is forgotten: the link starts anew with a gap.
    pub(crate) fn read(stored: &Value) -> Option<Self> {
        stored.as_str().and_then(|text| serde_json::from_str(text).ok())
    }

    /// One JSON string with the memory in it as text: it is written for every link in every round, and building a
    /// tree of it first costs as much as all else that is done for the link.
    pub(crate) fn write(&self) -> Value {
        serde_json::to_string(self).map_or(Value::Null, Value::String)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::look::Identity;
    use crate::timeline::{Rules, Seen};
    use crate::world::World;

    /// Fields without names that were written in one order and read in another would swap clocks or counters.
    #[test]
    fn what_is_written_is_read_again() {
        let mut memory = Memory::default();
        let rules = Rules { looks_needed: 2, normal_ms: 60_000 };
        let world = World::new(&[(10, 20)]);
        for after_s in [0, 30] {
            let look = crate::look::Look { answered: Some(true), ..world.look(after_s) };
            memory.timeline.observe(&Seen::Interface(look), rules).expect("a tail");
        }
        let identity = Identity { id: "*1".into(), name: "a \"b\"".into(), mac: Some("02:00".into()) };
        let values = [Some(1), Some(2), None, Some(4), Some(5), Some(6), Some(7), Some(i64::MAX)];
        memory.reading = Some(Reading { at_ms: 1, mono_ms: None, uptime_ms: 2, identity, values });
        let read = Memory::read(&memory.write()).expect("it can be read");
        assert_eq!(read.reading, memory.reading);
        let look = memory.timeline.look().expect("two looks");
        let expected = crate::look::Look { mono_ms: None, ..look.clone() };
        assert_eq!(read.timeline.look(), Some(&expected));
        assert_eq!(read.write(), memory.write());
    }

    #[test]
    fn what_cannot_be_read_is_forgotten() {
        for text in ["", "1", r#"{"reading":{"at_ms":1}}"#, r#"{"timeline":{"look":[1,2]}}"#] {
            assert!(Memory::read(&Value::String(text.into())).is_none(), "{text}");
        }
    }
}
