use serde::{Deserialize, Serialize};

/// What is known about a link at a moment. `Unknown` is a state of its own: no answer is not "down".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkState {
    /// It carried traffic, or could have.
    Up,
    /// It did not.
    Down,
    /// Nobody can say.
    Unknown,
}

impl LinkState {
    /// `up`, `down` or `unknown`, as stored and as printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Unknown => "unknown",
        }
    }
}

impl std::fmt::Display for LinkState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A state that is none of `up`, `down`, `unknown`.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a link state: up, down or unknown")]
pub struct UnknownState(pub String);

impl std::str::FromStr for LinkState {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        match text {
            "up" => Ok(Self::Up),
            "down" => Ok(Self::Down),
            "unknown" => Ok(Self::Unknown),
            other => Err(UnknownState(other.to_owned())),
        }
    }
}
