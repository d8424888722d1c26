//! Whether an installation does its work, as named checks with a reason each.

use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};

use crate::engine::on;
use crate::heartbeat::{HEARTBEAT_STALE_MS, Part};
use crate::{Store, StoreError};

/// Polls that come more often than this still count as fresh for so long, milliseconds.
const POLL_STALE_MS_MIN: i64 = 60_000;
/// The most time that finding out about one thing may take: a probe of the machine's supervisor does not wait for ever.
const CHECK_MAX: Duration = Duration::from_secs(6);

/// One thing without which the service is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadinessCheck {
    /// A word for programs: `database`, `disk`, `polling`, `jobs` …
    pub name: &'static str,
    /// How it stands.
    pub level: ReadinessLevel,
    /// Why, in one line for an operator.
    pub reason: String,
}

/// How a check stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadinessLevel {
    /// As it should be.
    Ok,
    /// It works, and somebody has to act before it does not.
    Warning,
    /// It was never started.
    NotStarted,
    /// It does not work.
    Failing,
}

impl ReadinessCheck {
    /// The name as a heading: "Disk space".
    pub fn title(&self) -> String {
        let words = self.name.replace('_', " ");
        let mut letters = words.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
    }

    /// Whether the service is ready as far as this check goes.
    pub fn is_ok(&self) -> bool {
        matches!(self.level, ReadinessLevel::Ok | ReadinessLevel::Warning)
    }

    /// Whether an operator has to do something.
    pub fn needs_attention(&self) -> bool {
        matches!(self.level, ReadinessLevel::Warning | ReadinessLevel::Failing)
    }
}

/// `{"name": "disk", "ok": true, "reason": "…"}`.
impl serde::Serialize for ReadinessCheck {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut check = serializer.serialize_struct("ReadinessCheck", 3)?;
        check.serialize_field("name", self.name)?;
        check.serialize_field("ok", &self.is_ok())?;
        check.serialize_field("reason", &self.reason)?;
        check.end()
    }
}

impl Store {
    /// All checks, of this process and of those that share its database. `poll_stale_ms`: a last poll older than this
    /// means that polling has stopped; less than a minute counts as a minute.
    ///
    /// What cannot be found out fails its check.
    pub async fn readiness(&self, now_ms: i64, poll_stale_ms: i64) -> Vec<ReadinessCheck> {
        let poll_stale_ms = poll_stale_ms.max(POLL_STALE_MS_MIN);
        // Another check is one line more.
        let checks: [(&'static str, Found<'_>); 5] = [
            ("database_writable", Box::pin(self.database_check(now_ms))),
            ("disk_space", Box::pin(self.disk_check())),
            ("polling", Box::pin(self.polling_check(now_ms, poll_stale_ms))),
            ("jobs", Box::pin(self.jobs_check(now_ms))),
            ("clock", Box::pin(self.clock_check(now_ms))),
        ];
        join_all(checks.map(|(name, found)| check(name, found))).await
    }

    async fn database_check(&self, now_ms: i64) -> Result<Finding, StoreError> {
        Ok(match self.try_write(now_ms).await {
            Ok(()) => (ReadinessLevel::Ok, "can be written".to_owned()),
            Err(why) => (ReadinessLevel::Failing, format!("the database cannot be written: {why}")),
        })
    }

    async fn disk_check(&self) -> Result<Finding, StoreError> {
        let Some(disk) = self.disk_space().await? else {
            return Ok((ReadinessLevel::Ok, "PostgreSQL's own: watch it on its server".to_owned()));
        };
        let words = disk.words();
        Ok(if disk.is_full() {
            (ReadinessLevel::Failing, format!("{words}: free some space now"))
        } else if disk.is_low() {
            (ReadinessLevel::Warning, format!("{words}: nearly full, free some space"))
        } else {
            (ReadinessLevel::Ok, words)
        })
    }

    async fn polling_check(&self, now_ms: i64, stale_ms: i64) -> Result<Finding, StoreError> {
        const POLLED: &str = "SELECT MAX(s.at_ms) FROM router_status s
            JOIN mikrotik_routers r ON r.id = s.router_id WHERE r.active";
        let (level, words) = beat_finding(self.last_beat_ms(Part::Collector).await?, now_ms);
        if level != ReadinessLevel::Ok {
            return Ok((level, words));
        }
        let polled_ms: Option<i64> =
            on!(self.reader(), db => sqlx::query_scalar(POLLED).fetch_one(db).await)?;
        Ok(match polled_ms.map(|polled_ms| now_ms - polled_ms) {
            None => (level, "no router was polled yet".to_owned()),
            Some(ago_ms) if ago_ms > stale_ms => {
                (ReadinessLevel::Failing, format!("the last stored poll is {} s old", ago_ms / 1_000))
            }
            Some(ago_ms) => (level, format!("the last poll was {} s ago", ago_ms.max(0) / 1_000)),
        })
    }

    async fn clock_check(&self, now_ms: i64) -> Result<Finding, StoreError> {
        Ok(match self.clock_health(now_ms).await?.check() {
            Ok(words) => (ReadinessLevel::Ok, words),
            Err(reason) => (ReadinessLevel::Failing, reason),
        })
    }

    async fn jobs_check(&self, now_ms: i64) -> Result<Finding, StoreError> {
        Ok(beat_finding(self.last_beat_ms(Part::Jobs).await?, now_ms))
    }
}

/// How a check stands, and why.
type Finding = (ReadinessLevel, String);
type Found<'a> = BoxFuture<'a, Result<Finding, StoreError>>;

async fn check(name: &'static str, found: Found<'_>) -> ReadinessCheck {
    let (level, reason) = match tokio::time::timeout(CHECK_MAX, found).await {
        Ok(Ok(finding)) => finding,
        Ok(Err(error)) => (ReadinessLevel::Failing, format!("not known: {}", error.words())),
        Err(_) => {
            (ReadinessLevel::Failing, format!("no answer of the database within {} s", CHECK_MAX.as_secs()))
        }
    };
    ReadinessCheck { name, level, reason }
}

fn beat_finding(beat_ms: Option<i64>, now_ms: i64) -> Finding {
    match beat_ms.map(|beat_ms| now_ms - beat_ms) {
        None => (ReadinessLevel::NotStarted, "not started yet: `leaseline serve` does it".to_owned()),
        Some(ago_ms) if ago_ms > HEARTBEAT_STALE_MS => {
            let reason = format!(
                "no sign of it for {} s: check that `leaseline serve` runs and can write",
                ago_ms / 1_000
            );
            (ReadinessLevel::Failing, reason)
        }
        Some(_) => (ReadinessLevel::Ok, "at work".to_owned()),
    }
}
