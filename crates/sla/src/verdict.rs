use serde::{Deserialize, Serialize};

/// Whether an objective was kept. The order is that of severity: the worst of several counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing was promised, or there was nothing to judge.
    None,
    /// Kept, whatever the unknown time was.
    Met,
    /// The unknown time decides.
    Undetermined,
    /// Missed, whatever the unknown time was.
    Breached,
}

impl Verdict {
    /// As stored and as written in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Met => "met",
            Self::Undetermined => "undetermined",
            Self::Breached => "breached",
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A verdict that there is not.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no verdict: met, breached, undetermined or none")]
pub struct UnknownVerdict(pub String);

impl std::str::FromStr for Verdict {
    type Err = UnknownVerdict;

    fn from_str(text: &str) -> Result<Self, UnknownVerdict> {
        let all = [Self::None, Self::Met, Self::Undetermined, Self::Breached];
        let found = all.into_iter().find(|verdict| verdict.as_str() == text);
        found.ok_or_else(|| UnknownVerdict(text.to_owned()))
    }
}

/// The verdict on each objective, and the worst of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdicts {
    /// Availability.
    pub uptime: Verdict,
    /// Mean round trip.
    pub latency: Verdict,
    /// Round-trip loss.
    pub loss: Verdict,
    /// The worst of the three.
    pub overall: Verdict,
}
