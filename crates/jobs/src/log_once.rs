//! Says once that something fails and once that it works again, however often it is tried in between.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether something failed when it was last tried.
#[derive(Debug, Default)]
pub(crate) struct LogOnce {
    failing: AtomicBool,
}

impl LogOnce {
    /// It failed: `say` runs unless it had failed before.
    pub(crate) fn failed(&self, say: impl FnOnce()) {
        if !self.failing.swap(true, Ordering::Relaxed) {
            say();
        }
    }

    /// It worked: `say` runs if it had failed before.
    pub(crate) fn worked(&self, say: impl FnOnce()) {
        if self.failing.swap(false, Ordering::Relaxed) {
            say();
        }
    }

    /// Whether it failed when it was last tried.
    pub(crate) fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_is_said_once() {
        let (log, mut said) = (LogOnce::default(), Vec::new());
        log.worked(|| said.push("works again"));
        for _ in 0..2 {
            for _ in 0..100 {
                log.failed(|| said.push("fails"));
            }
            assert!(log.is_failing());
            for _ in 0..100 {
                log.worked(|| said.push("works again"));
            }
        }
        assert_eq!(said, ["fails", "works again", "fails", "works again"]);
    }
}
