use serde::{Deserialize, Serialize};
use sla::{Active, Day, InputError, Inputs, Interval, Statement};

use crate::Logo;
use crate::local_time::LocalTime;

/// What a statement says about the service beside its figures; frozen with the report, so that a link that is renamed
/// later keeps its old statements as they were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The ISP.
    pub company: String,
    /// Where the client turns to.
    #[serde(default)]
    pub support_email: Option<String>,
    /// Where the client calls.
    #[serde(default)]
    pub support_phone: Option<String>,
    /// Whose link.
    pub client: String,
    /// Circuit id.
    pub circuit: String,
    /// `ILL`, `P2P`, `MPLS` or `broadband`.
    pub kind: String,
    /// Service reference, the "deliverable".
    #[serde(default)]
    pub service_ref: Option<String>,
    /// Where the link ends.
    #[serde(default)]
    pub site: Option<String>,
    /// What was sold, bits per second in each direction.
    pub committed_bps: i64,
    /// The router that is measured.
    pub router: String,
    /// Its interface.
    pub interface: String,
    /// Which way that interface faces.
    #[serde(default)]
    pub facing: Facing,
    /// What the router pings.
    #[serde(default)]
    pub probe_target: Option<String>,
    /// What counts as down: `interface` or `interface_or_no_answer`.
    #[serde(default)]
    pub down_when: Option<String>,
    /// ISO 4217 code of the company.
    pub currency: String,
    /// When the link was measured first, if that was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured_from_ms: Option<i64>,
}

/// Which way the measured port faces. What a port towards the customer receives is the customer's upload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Facing {
    /// Towards the customer.
    #[default]
    Customer,
    /// Away from the customer.
    Upstream,
}

/// A direction that there is not.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no direction for a port to face: customer or upstream")]
pub struct UnknownFacing(pub String);

impl std::str::FromStr for Facing {
    type Err = UnknownFacing;

    fn from_str(text: &str) -> Result<Self, UnknownFacing> {
        match text {
            "customer" => Ok(Self::Customer),
            "upstream" => Ok(Self::Upstream),
            other => Err(UnknownFacing(other.to_owned())),
        }
    }
}

impl Facing {
    /// As stored and as written in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Upstream => "upstream",
        }
    }

    /// The router's received and sent as the customer's download and upload.
    pub(crate) fn download_upload<T>(self, rx: T, tx: T) -> (T, T) {
        match self {
            Self::Customer => (tx, rx),
            Self::Upstream => (rx, tx),
        }
    }
}

/// What the company looks like.
#[derive(Clone, Debug, Default)]
pub struct Brand {
    /// Its name as written on top.
    pub name: String,
    /// `#rrggbb`; the house colour where it is missing or cannot be read.
    pub accent: Option<String>,
    /// Stands beside the name.
    pub logo: Option<Logo>,
}

/// Everything that a statement is made of.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// About the service.
    pub facts: &'a Facts,
    /// About the company.
    pub brand: &'a Brand,
    /// The figures.
    pub statement: &'a Statement,
    /// What they were calculated from.
    pub inputs: &'a Inputs,
    /// 1 for the first statement of this month.
    pub revision: i64,
    /// Why there is a further revision; empty for the first.
    pub reason: &'a str,
    /// SHA-256 of the inputs, hexadecimal.
    pub digest: &'a str,
    /// When this revision was made: the time of the document, which knows no clock.
    pub created_at_ms: i64,
    /// Where the statement is on the portal.
    pub report_url: Option<&'a str>,
}

impl Document<'_> {
    /// When measuring began, if that was within the period: the statement is about the part from there on.
    pub(crate) fn measured_from_ms(&self) -> Option<i64> {
        let within = self.statement.from_ms + 1..self.statement.to_ms;
        let from_ms = self.facts.measured_from_ms.filter(|ms| within.contains(ms));
        from_ms.filter(|&ms| ms == self.inputs.active.from_ms)
    }

    /// The whole month, also where the statement is only so far.
    pub(crate) fn month(&self, time: &LocalTime) -> Interval {
        let period = Interval::new(self.statement.from_ms, self.statement.to_ms);
        self.statement.month.interval(time.zone()).unwrap_or(period)
    }

    /// The part of the period that is under contract: what was before or after may have been somebody else's.
    pub(crate) fn contracted(&self) -> Interval {
        let Active { from_ms, to_ms } = self.inputs.active;
        let period = Interval::new(self.statement.from_ms, self.statement.to_ms);
        Interval::new(from_ms, to_ms.unwrap_or(i64::MAX)).intersect(period)
    }

    /// The days of the period; those of the month that are yet to come have no time in them.
    pub(crate) fn days(&self, time: &LocalTime) -> Result<Vec<Day>, InputError> {
        let Inputs { active, spans, exclusions, .. } = self.inputs;
        let period = Interval::new(self.statement.from_ms, self.statement.to_ms);
        sla::days(time.zone(), period, *active, spans, exclusions)
    }
}
