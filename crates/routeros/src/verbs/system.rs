use std::time::Duration;

use jiff::{
    SignedDuration, Timestamp,
    civil::DateTime,
    tz::{Offset, TimeZone},
};

use crate::{
    Client, Command, Error, Value,
    codec::Sentence,
    format::{parse_date, parse_duration, parse_offset_seconds, parse_time, parse_u64},
};

const RESOURCE: &str = "/system/resource/print";
const CLOCK: &str = "/system/clock/print";
const IDENTITY: &str = "/system/identity/print";

/// `/system/resource/print`. Virtual and x86 routers lack some fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resources {
    /// Since boot, whole seconds.
    pub uptime: Duration,
    /// With its channel, as the router writes it: `7.4 (stable)`.
    pub version: String,
    /// The model.
    pub board_name: Option<String>,
    /// `arm64`, `mipsbe` …
    pub architecture_name: Option<String>,
    /// `MikroTik`.
    pub platform: Option<String>,
    /// Name of the processor.
    pub cpu: Option<String>,
    /// Cores.
    pub cpu_count: Option<u64>,
    /// Percent.
    pub cpu_load: Option<u64>,
    /// Bytes.
    pub free_memory: Option<u64>,
    /// Bytes.
    pub total_memory: Option<u64>,
    /// Bytes.
    pub free_hdd_space: Option<u64>,
    /// Bytes.
    pub total_hdd_space: Option<u64>,
}

impl Resources {
    /// The version's numbers: `7.4 (stable)` is `(7, 4)`.
    pub fn version_numbers(&self) -> Option<(u32, u32)> {
        let mut parts = self.version.split(|character: char| !character.is_ascii_digit());
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().unwrap_or(0)))
    }
}

/// `/system/clock/print`: the router's local time, which is 1970 until it has found a time server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouterClock {
    /// Local date and time.
    pub local: DateTime,
    /// Seconds east of UTC, if the release sends it.
    pub gmt_offset_seconds: Option<i32>,
    /// IANA name or `manual`.
    pub time_zone_name: Option<String>,
}

impl RouterClock {
    /// How far the router's clock is ahead of `now`. `None` if the router did not send its zone's offset.
    pub fn ahead_of(&self, now: Timestamp) -> Option<SignedDuration> {
        let zone = TimeZone::fixed(Offset::from_seconds(self.gmt_offset_seconds?).ok()?);
        Some(zone.to_timestamp(self.local).ok()?.duration_since(now))
    }
}

impl Client {
    /// The router's own name.
    ///
    /// # Errors
    /// [`Error::Malformed`] if there is none, or those of [`run`](Self::run).
    pub async fn identity(&self) -> Result<Value, Error> {
        let row = self.single_row(IDENTITY).await?;
        row.attribute("name").map(Value::copied).ok_or(Error::Malformed { command: IDENTITY, field: "name" })
    }

    /// Uptime, version, load and memory.
    ///
    /// # Errors
    /// [`Error::Malformed`] without an uptime or version, or those of [`run`](Self::run).
    pub async fn system_resources(&self) -> Result<Resources, Error> {
        let row = self.single_row(RESOURCE).await?;
        let malformed = |field| Error::Malformed { command: RESOURCE, field };
        let text = |key| row.attribute(key).map(|value| Value::copied(value).to_string());
        let number = |key| row.attribute(key).and_then(parse_u64);
        Ok(Resources {
            uptime: row.attribute("uptime").and_then(parse_duration).ok_or_else(|| malformed("uptime"))?,
            version: text("version").ok_or_else(|| malformed("version"))?,
            board_name: text("board-name"),
            architecture_name: text("architecture-name"),
            platform: text("platform"),
            cpu: text("cpu"),
            cpu_count: number("cpu-count"),
            cpu_load: number("cpu-load"),
            free_memory: number("free-memory"),
            total_memory: number("total-memory"),
            free_hdd_space: number("free-hdd-space"),
            total_hdd_space: number("total-hdd-space"),
        })
    }

    /// The router's clock.
    ///
    /// # Errors
    /// [`Error::Malformed`] if date or time cannot be read, or those of [`run`](Self::run).
    pub async fn clock(&self) -> Result<RouterClock, Error> {
        let row = self.single_row(CLOCK).await?;
        let malformed = |field| Error::Malformed { command: CLOCK, field };
        let date = row.attribute("date").and_then(parse_date).ok_or_else(|| malformed("date"))?;
        let time = row.attribute("time").and_then(parse_time).ok_or_else(|| malformed("time"))?;
        Ok(RouterClock {
            local: date.to_datetime(time),
            gmt_offset_seconds: row.attribute("gmt-offset").and_then(parse_offset_seconds),
            time_zone_name: row.attribute("time-zone-name").map(|name| Value::copied(name).to_string()),
        })
    }

    async fn single_row(&self, path: &'static str) -> Result<Sentence, Error> {
        let replies = self.run(Command::new(path)).await?;
        replies.items().first().cloned().ok_or(Error::Malformed { command: path, field: "row" })
    }
}
