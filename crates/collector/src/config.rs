use std::time::Duration;

/// How often and how patiently routers are polled.
#[derive(Clone, Debug)]
pub struct CollectorConfig {
    /// From one liveness look at a router to the next.
    pub probe_interval: Duration,
    /// From one metric reading to the next, aligned to the clock; best a multiple of `probe_interval`.
    pub sample_interval: Duration,
    /// Pings of a metric reading, per link.
    pub ping_count: u32,
    /// From one ping to the next; RouterOS takes 10 ms to 5 s.
    pub ping_interval: Duration,
    /// The most time a round may take, connecting and pings included.
    pub round_deadline: Duration,
    /// The most time opening a connection may take; TLS and login get as much each.
    pub connect_timeout: Duration,
    /// Rounds under way at the same time.
    pub rounds_at_once: usize,
    /// Looks that must agree before a change without other evidence counts, at least 1.
    pub down_after_probes: u32,
    /// `host:port` of something of our own that always accepts or refuses a TCP connection. When a router does not
    /// answer and neither does this, our own network is gone. None: never assumed.
    pub witness: Option<String>,
    /// The first pause after a failed connection.
    pub backoff_min: Duration,
    /// The longest pause between two attempts to connect.
    pub backoff_max: Duration,
}

impl Default for CollectorConfig {
    fn default() -> Self {
        Self {
            probe_interval: Duration::from_secs(30),
            sample_interval: Duration::from_secs(300),
            ping_count: 5,
            ping_interval: Duration::from_secs(1),
            round_deadline: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(5),
            rounds_at_once: 256,
            down_after_probes: 2,
            witness: None,
            backoff_min: Duration::from_secs(1),
            backoff_max: Duration::from_secs(60),
        }
    }
}
