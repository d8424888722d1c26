use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::counter_delta::Reading;
use crate::timeline::Timeline;

/// What the collector remembers of a link; it travels through the store, so that a restart loses nothing and
/// `collect --once` run twice gives rates and spans.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Memory {
    #[serde(default)]
    pub(crate) timeline: Timeline,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reading: Option<Reading>,
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
