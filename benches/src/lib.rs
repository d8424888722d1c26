//! Leaseline's benches; each is a program in `src/bin`. Here is what several of them need.

pub mod browser;

use std::io::{Error, Result};
use std::time::SystemTime;

/// Ticks per second of the times in `/proc` (`sysconf(_SC_CLK_TCK)`, the same on all Linux machines).
const TICKS_PER_SECOND: f64 = 100.0;

/// Xorshift: the same figures in every run.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Default for Random {
    fn default() -> Self {
        Self(0x1234_5678_9abc_def1)
    }
}

impl Random {
    /// From 0 to below `bound`.
    pub fn below(&mut self, bound: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 1) as i64 % bound
    }
}

/// The time of day, Unix milliseconds.
#[expect(clippy::disallowed_methods, reason = "a program is where the time of day comes from")]
pub fn wall_clock_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Seconds of a processor that this process has used.
///
/// # Errors
/// If the system has no `/proc`.
pub fn cpu_seconds() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    // The name in brackets may have spaces; user and system time are the 12th and 13th fields after it.
    let fields = text.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let ticks: f64 = fields.split(' ').skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    Ok(ticks / TICKS_PER_SECOND)
}

/// Memory of this process now, megabytes.
///
/// # Errors
/// If the system has no `/proc`.
pub fn rss_mb() -> Result<f64> {
    status_mb("VmRSS:")
}

/// The most memory that this process has had, megabytes.
///
/// # Errors
/// If the system has no `/proc`.
pub fn peak_rss_mb() -> Result<f64> {
    status_mb("VmHWM:")
}

fn status_mb(name: &str) -> Result<f64> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kb = line.and_then(|value| value.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
    Ok(kb.ok_or_else(|| Error::other(format!("no {name}")))? / 1_000.0)
}
