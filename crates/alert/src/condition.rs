use store::{AlertSubject, ClientId, LinkId, NotificationEvent};

/// How a condition stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It holds.
    Holds { since_ms: i64 },
    /// It does not.
    Over { since_ms: i64 },
    /// Nobody can say: nothing is raised and nothing ends.
    Unknown,
}

/// Something that may have to be told, at a moment.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) event: NotificationEvent,
    pub(crate) subject: AlertSubject,
    /// Its name for people.
    pub(crate) about: String,
    /// Whose link it is about, if about one.
    pub(crate) client: Option<ClientId>,
    pub(crate) standing: Standing,
    /// Maintenance covers all of it now.
    pub(crate) in_maintenance: bool,
    /// What else stands for it, so that it is not told itself.
    pub(crate) stood_for: Option<&'static str>,
    /// The links that its message names, and whose clients it concerns.
    pub(crate) links: Vec<LinkId>,
    pub(crate) detail: Detail,
}

/// What its messages say beside names and times; kept with the alert.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub(crate) struct Detail {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cause: Option<String>,
    #[serde(skip_serializing_if = "serde_json::Value::is_null")]
    pub(crate) evidence: serde_json::Value,
    /// What the router's last failed round failed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// Outages of an unstable link, and in how many seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) outages: Option<(i64, i64)>,
    /// A figure and the limit that it has passed, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) measured: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<String>,
    /// Our own network is gone, not the collector.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) own_network: bool,
}
