use std::time::Duration;

use tokio::time::Instant;

use crate::engine::on;
use crate::{Store, StoreError};

/// How often a part that works writes its heartbeat.
pub const HEARTBEAT_EVERY: Duration = Duration::from_secs(10);
/// A part whose last heartbeat is older than this is not at work, milliseconds.
pub(crate) const HEARTBEAT_STALE_MS: i64 = 45_000;
/// How long the outcome of a small write is good: twice that of a heartbeat's, or whoever asks makes a commit of his own.
const TRIAL_GOOD: Duration = Duration::from_secs(12);
/// How soon a write that failed is tried again.
const TRIAL_AGAIN: Duration = Duration::from_secs(2);
/// The most time that a trial write may take.
const TRIAL_MAX: Duration = Duration::from_secs(5);

/// A part of the program, in whichever process it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Polls the routers.
    Collector,
    /// Alerts, emails, month ends.
    Jobs,
}

impl Part {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Collector => "collector",
            Self::Jobs => "jobs",
        }
    }
}

/// When this process last made a small write, and what came of it.
#[derive(Debug, Default)]
pub(crate) struct TrialWrite(tokio::sync::Mutex<Option<(Instant, Result<(), String>)>>);

/// The row of trial writes.
const TRIAL: &str = "trial";

/// The heartbeat of a part, written when it is due.
#[derive(Debug)]
pub struct Heartbeat {
    part: Part,
    written: Option<Instant>,
}

impl Heartbeat {
    /// Nothing is written yet.
    pub fn new(part: Part) -> Self {
        Self { part, written: None }
    }

    /// Notes that the part is at work, if it was not noted within [`HEARTBEAT_EVERY`]. A failure is not told here: the
    /// heartbeat that is missing tells it.
    pub async fn beat(&mut self, store: &Store, now_ms: i64) {
        if self.written.is_some_and(|written| written.elapsed() < HEARTBEAT_EVERY) {
            return;
        }
        self.written = store.small_write(self.part.as_str(), now_ms).await.is_ok().then(Instant::now);
    }
}

impl Store {
    /// When a part was last at work; `None`: never.
    pub(crate) async fn last_beat_ms(&self, part: Part) -> Result<Option<i64>, StoreError> {
        const SQL: &str = "SELECT at_ms FROM heartbeats WHERE part = $1";
        Ok(on!(self.reader(), db => sqlx::query_scalar(SQL).bind(part.as_str()).fetch_optional(db).await)?)
    }

    /// Whether the database can be written: what the last small write of this process said if that was a moment ago, or a
    /// write now.
    ///
    /// # Errors
    /// Why not, in words.
    pub(crate) async fn try_write(&self, now_ms: i64) -> Result<(), String> {
        let last = self.inner.trial_write.0.lock().await.clone();
        match last {
            Some((at, outcome)) if at.elapsed() < if outcome.is_ok() { TRIAL_GOOD } else { TRIAL_AGAIN } => {
                outcome
            }
            _ => self.small_write(TRIAL, now_ms).await,
        }
    }

    async fn small_write(&self, part: &str, now_ms: i64) -> Result<(), String> {
        const SQL: &str = "INSERT INTO heartbeats (part, at_ms) VALUES ($1, $2)
            ON CONFLICT (part) DO UPDATE SET at_ms = excluded.at_ms";
        // One at a time: whoever asks meanwhile waits for this answer.
        let mut last = self.inner.trial_write.0.lock().await;
        let write = async {
            on!(self.writer(), db => sqlx::query(SQL).bind(part).bind(now_ms).execute(db).await.map(|_| ()))
                .map_err(|error| StoreError::from(error).words())
        };
        let outcome = tokio::time::timeout(TRIAL_MAX, write)
            .await
            .unwrap_or_else(|_| Err(format!("a small write was not done after {} s", TRIAL_MAX.as_secs())));
        *last = Some((Instant::now(), outcome.clone()));
        outcome
    }
}
