use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Time between two lines about a failure that lasts.
const REPEAT_EVERY: Duration = Duration::from_secs(600);

/// Decides when a failure that lasts is worth a line of the log: when it begins, every ten minutes while it lasts, and
/// when it ends. Loops that try every second would otherwise fill the disk that may be their problem.
///
/// Tasks that share it are one attempt after another: what fails for all of them is logged once.
#[derive(Debug, Default)]
pub struct FailureNotice(Mutex<Failure>);

#[derive(Debug, Default)]
struct Failure {
    since: Option<Instant>,
    logged: Option<Instant>,
}

impl FailureNotice {
    /// Notes a failed attempt; whether to log it.
    pub fn fails(&self) -> bool {
        let (now, mut failure) = (Instant::now(), self.failure());
        failure.since.get_or_insert(now);
        let is_due = failure.logged.is_none_or(|logged| now - logged >= REPEAT_EVERY);
        if is_due {
            failure.logged = Some(now);
        }
        is_due
    }

    /// Notes an attempt that succeeded; for how long it failed before, if it did.
    pub fn works(&self) -> Option<Duration> {
        let mut failure = self.failure();
        failure.logged = None;
        failure.since.take().map(|since| since.elapsed())
    }

    /// Whether the last attempt failed.
    pub fn is_failing(&self) -> bool {
        self.failure().since.is_some()
    }

    fn failure(&self) -> MutexGuard<'_, Failure> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_failure_that_lasts_an_hour_is_logged_seven_times_and_its_end_once() {
        let notice = FailureNotice::default();
        assert_eq!(notice.works(), None);
        let mut logged = 0;
        for _ in 0..=3_600 {
            logged += usize::from(notice.fails());
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(logged, 7);
        assert!(notice.is_failing());
        assert_eq!(notice.works(), Some(Duration::from_secs(3_601)));
        assert_eq!(notice.works(), None);
        assert!(notice.fails(), "the next failure is another one");
    }
}
