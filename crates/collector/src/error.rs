use store::RoundOutcome;

use crate::piece::Cause;

/// Why collecting stopped or could not begin. What fails at a single router is no such error: it is in that router's
/// round and in the [`RoundSummary`](crate::RoundSummary).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectorError {
    /// The list of routers and links could not be read.
    #[error("cannot read which routers to poll")]
    Targets(#[source] store::StoreError),
    /// Another collector has claimed the database: what this one writes is refused.
    #[error("another collector has taken over this database")]
    TakenOver,
    /// A setting that cannot work.
    #[error("{0}")]
    Config(&'static str),
}

/// Why a router's round was not what it should be; one line for an operator.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum RoundError {
    #[error("{0}")]
    Router(#[from] routeros::Error),
    #[error("no complete answer within {0} s")]
    Deadline(u64),
    #[error("{last}; trying again in {wait_s} s")]
    BackingOff { last: String, wait_s: i64, cause: Cause },
    #[error("its password cannot be read: {0}")]
    Password(String),
    #[error("its password could not be looked up: {0}")]
    Store(String),
    #[error("the round could not be written: {0}")]
    Write(String),
    #[error("kept in memory until the database can be written: {0}")]
    Kept(String),
    #[error("this machine's clock is behind what is stored, up to {}; see `leaseline doctor`", moment(*.0))]
    ClockBehind(i64),
    #[error("this machine's clock is being compared with the routers; see `leaseline doctor`")]
    ClockChecked,
}

impl RoundError {
    /// What the failure itself proves; none where there was no answer, which our own network may have lost as well.
    pub(crate) fn proven_cause(&self) -> Option<Cause> {
        match self {
            Self::Router(error) if error.is_out_of_descriptors() => Some(Cause::OwnLimit),
            Self::Router(error) => error.refusal().map(Cause::from),
            Self::Password(_) | Self::Store(_) => Some(Cause::NotPolled),
            Self::Deadline(_)
            | Self::BackingOff { .. }
            | Self::Write(_)
            | Self::Kept(_)
            | Self::ClockBehind(_)
            | Self::ClockChecked => None,
        }
    }

    /// What to take it for while our own network is there. A router that was not asked again, for it failed just now,
    /// fails for the cause of that attempt: what became of our network since proves nothing about the router.
    pub(crate) fn assumed_cause(&self) -> Cause {
        match self {
            Self::BackingOff { cause, .. } => *cause,
            _ => self.proven_cause().unwrap_or(Cause::RouterUnreachable),
        }
    }

    /// How a round that found nothing is stored.
    pub(crate) fn outcome(&self, cause: Cause) -> RoundOutcome {
        match cause {
            Cause::RouterUnreachable => RoundOutcome::Unreachable(self.to_string()),
            _ => RoundOutcome::Failed { cause: cause.as_str().to_owned(), error: self.to_string() },
        }
    }

    /// Whether the session is given up and the router asked again only after a pause. One that answers with an error is
    /// not reached any better by connecting anew; nor is there a reason to wait for one that was not asked because we
    /// could not.
    pub(crate) fn ends_session(&self, cause: Cause) -> bool {
        cause != Cause::OwnLimit && !matches!(self, Self::Router(routeros::Error::Trap { .. }))
    }
}

/// A time that an operator can compare with what `date -u` says.
fn moment(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).map_or_else(|_| format!("{at_ms} ms"), |at| format!("{at:.0}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Our own network is back and the pause is not over: until the router is asked again nobody found it unreachable.
    #[test]
    fn a_router_that_is_not_asked_yet_keeps_the_cause_of_its_last_failure() {
        let waiting = |cause| RoundError::BackingOff { last: String::new(), wait_s: 7, cause };
        assert_eq!(waiting(Cause::OwnNetwork).assumed_cause(), Cause::OwnNetwork);
        assert_eq!(waiting(Cause::LoginRejected).assumed_cause(), Cause::LoginRejected);
        assert_eq!(RoundError::Deadline(20).assumed_cause(), Cause::RouterUnreachable);
    }

    /// Out of descriptors in this process (EMFILE, 24) or on this machine (ENFILE, 23): whatever our own network does, the
    /// router is not blamed, and it is asked again at the next round.
    #[cfg(unix)]
    #[test]
    fn a_poll_without_a_descriptor_is_our_own_limit_and_not_an_unreachable_router() {
        let failed = |number| {
            RoundError::Router(routeros::Error::Unreachable {
                address: "192.0.2.1".to_owned(),
                port: 8728,
                source: std::sync::Arc::new(std::io::Error::from_raw_os_error(number)),
            })
        };
        for number in [23, 24] {
            let error = failed(number);
            let cause = error.proven_cause().expect("it proves its cause");
            assert_eq!(cause, Cause::OwnLimit, "{error}");
            let RoundOutcome::Failed { cause: stored, error: words } = error.outcome(cause) else {
                panic!("not as a failure of ours: {error}")
            };
            assert_eq!(stored, "own_limit");
            assert!(words.contains("LimitNOFILE"), "{words}");
            assert!(!error.ends_session(cause), "no pause, for the router did nothing");
        }
        let refused = failed(111);
        assert_eq!(refused.proven_cause(), None);
        assert_eq!(refused.assumed_cause(), Cause::RouterUnreachable);
        assert!(matches!(refused.outcome(Cause::RouterUnreachable), RoundOutcome::Unreachable(_)));
        assert!(refused.ends_session(Cause::RouterUnreachable));
    }

    #[test]
    fn an_answer_proves_its_cause_and_no_answer_proves_none() {
        let rejected = routeros::Error::LoginRefused { message: String::new() };
        assert_eq!(RoundError::Router(rejected).proven_cause(), Some(Cause::LoginRejected));
        let silent = routeros::Error::Timeout {
            step: routeros::Step::Connect,
            after: std::time::Duration::from_secs(5),
        };
        assert_eq!(RoundError::Router(silent).proven_cause(), None);
        assert_eq!(RoundError::Password(String::new()).proven_cause(), Some(Cause::NotPolled));
    }
}
