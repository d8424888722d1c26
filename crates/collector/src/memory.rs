use serde::{Deserialize, Serialize};

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
    pub(crate) fn read(stored: &serde_json::Value) -> Option<Self> {
        Self::deserialize(stored).ok()
    }

    pub(crate) fn write(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}
