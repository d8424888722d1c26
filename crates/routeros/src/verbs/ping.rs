use std::time::Duration;

use crate::{
    Client, Command, Error, Value,
    codec::Sentence,
    format::{parse_duration, parse_u64},
};

/// What RouterOS takes as an interval.
const INTERVAL_RANGE: std::ops::RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_secs(5);
/// What RouterOS takes as a size, IP header included.
const SIZE_RANGE: std::ops::RangeInclusive<u16> = 28..=65535;
/// Replies of a ping may be taken up later by this part of its interval, as far as that is worth a timer: the round
/// trips are the router's figures, and those of many pings side by side trickle in one by one.
const PATIENCE_DIVISOR: u32 = 20;
const PATIENCE_RANGE: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(5)..=Duration::from_millis(50);
/// Echoes of one command: at the longest interval, most of a day.
const COUNT_MAX: u32 = 10_000;

/// A ping from the router. Its user needs the policy `test`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ping {
    /// Where to.
    pub address: String,
    /// Echoes, 1 to 10,000. RouterOS without a count never stops.
    pub count: u32,
    /// Between echoes, 10 ms to 5 s.
    pub interval: Duration,
    /// Source address. It does not choose the way out; see `interface` and `routing_table`.
    pub src_address: Option<String>,
    /// Interface to leave by.
    pub interface: Option<String>,
    /// Bytes of the packet, 28 to 65535; RouterOS takes 56 if none is given.
    pub size: Option<u16>,
    /// Routing table by which to leave. RouterOS 7 calls it `vrf` in some releases: use a raw command there.
    pub routing_table: Option<String>,
}

impl Ping {
    /// `count` echoes, one a second.
    pub fn new(address: impl Into<String>, count: u32) -> Self {
        Ping {
            address: address.into(),
            count,
            interval: Duration::from_secs(1),
            src_address: None,
            interface: None,
            size: None,
            routing_table: None,
        }
    }

    fn command(&self, margin: Duration) -> Result<Command, Error> {
        let Ping { address, count, interval, size, .. } = self;
        if address.is_empty() {
            return Err(Error::InvalidArgument("a ping needs an address".to_owned()));
        }
        if !(1..=COUNT_MAX).contains(count) {
            return Err(Error::InvalidArgument(format!("a ping count is 1 to {COUNT_MAX}, not {count}")));
        }
        if !INTERVAL_RANGE.contains(interval) {
            return Err(Error::InvalidArgument(format!("a ping interval is 10 ms to 5 s, not {interval:?}")));
        }
        if let Some(size) = size.filter(|size| !SIZE_RANGE.contains(size)) {
            return Err(Error::InvalidArgument(format!("a ping size is 28 to 65535 bytes, not {size}")));
        }
        let mut command = Command::new("/ping")
            .attr("address", address)
            .attr("count", count.to_string())
            .attr("interval", format!("{}ms", interval.as_millis()))
            // Lost echoes are reported one interval (at least a second) late; the margin is for the way.
            .deadline(*interval * *count + margin)
            .patience(patience(*interval));
        let texts = [
            ("src-address", &self.src_address),
            ("interface", &self.interface),
            ("routing-table", &self.routing_table),
        ];
        for (key, value) in texts {
            if let Some(value) = value {
                command = command.attr(key, value);
            }
        }
        Ok(match size {
            Some(size) => command.attr("size", size.to_string()),
            None => command,
        })
    }
}

/// What came of a [`Ping`]. Times are in microseconds as far as the release has them (whole milliseconds on
/// RouterOS 6).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PingOutcome {
    /// Echoes sent.
    pub sent: u32,
    /// Echoes answered by the target itself. A hop that says `host unreachable` or `TTL exceeded` is no answer, though
    /// it comes with a time.
    pub received: u32,
    /// Shortest round trip of the answers.
    pub rtt_min: Option<Duration>,
    /// Mean round trip of the answers, rounded down to a microsecond.
    pub rtt_avg: Option<Duration>,
    /// Longest round trip of the answers.
    pub rtt_max: Option<Duration>,
    /// The last `status`, such as `timeout` or `host unreachable`; none if all was well.
    pub last_status: Option<String>,
}

impl Client {
    /// Pings from the router. The deadline is `count` times `interval` plus
    /// [`Limits::command`](crate::Limits::command).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] outside RouterOS' ranges; a trap that
    /// [`is_not_permitted`](Error::is_not_permitted) if the user lacks the policy `test`; those of
    /// [`run`](Self::run).
    pub async fn ping(&self, ping: &Ping) -> Result<PingOutcome, Error> {
        let replies = self.run(ping.command(self.shared().limits.command)?).await?;
        Ok(PingOutcome::read(replies.items()))
    }
}

fn patience(interval: Duration) -> Duration {
    let patience = (interval / PATIENCE_DIVISOR).min(*PATIENCE_RANGE.end());
    if patience < *PATIENCE_RANGE.start() { Duration::ZERO } else { patience }
}

impl PingOutcome {
    /// Each reply tells one echo and running totals. Only `sent` is taken from the totals: `packet-loss` is rounded, and
    /// minimum and average are missing until the first answer.
    fn read(rows: &[Sentence]) -> Self {
        let mut outcome = PingOutcome::default();
        let mut times_sum = Duration::ZERO;
        let mut times = 0_u32;
        for row in rows {
            let (mut time, mut status, mut sent) = (None, None, None);
            for (key, value) in row.attributes() {
                match key {
                    b"time" => time = parse_duration(value),
                    b"status" if !value.is_empty() => status = Some(value),
                    b"sent" => sent = parse_u64(value).and_then(|sent| u32::try_from(sent).ok()),
                    _ => {}
                }
            }
            outcome.sent = sent.unwrap_or(outcome.sent + 1).max(outcome.sent);
            if let Some(status) = status {
                outcome.last_status = Some(Value::copied(status).to_string());
                continue;
            }
            outcome.received += 1;
            let Some(time) = time else { continue };
            (times_sum, times) = (times_sum + time, times + 1);
            outcome.rtt_min = Some(outcome.rtt_min.map_or(time, |min| min.min(time)));
            outcome.rtt_max = Some(outcome.rtt_max.map_or(time, |max| max.max(time)));
        }
        if times > 0 {
            let mean_us = times_sum.as_micros() / u128::from(times);
            outcome.rtt_avg = Some(Duration::from_micros(u64::try_from(mean_us).unwrap_or(u64::MAX)));
        }
        outcome
    }
}
