use std::net::IpAddr;

use store::{Store, StoreError};

use crate::address::throttle_key;

/// Failures are counted over this time.
const WINDOW_MS: i64 = 15 * 60 * 1000;
/// An address from which an account was entered stays known for this time.
const KNOWN_MS: i64 = 30 * 24 * 60 * 60 * 1000;
/// From here on an address may not try this account until the window has passed.
const PAIR_FAILURES_MAX: i64 = 8;
/// From here on an address may try only the accounts that it is known for.
const ADDRESS_FAILURES_MAX: i64 = 40;
/// From here on answers about an account are held back.
const ACCOUNT_FAILURES_SLOW: i64 = 10;

/// What to do with a login attempt, before any password is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Go on.
    Pass,
    /// Go on, but hold the answer back.
    Slow,
    /// Do not look at the password.
    Refuse,
}

/// The counts of one account tried from one address.
///
/// The owner of an account is never locked out by others: failures elsewhere only slow an unknown address down, and
/// other people's failures at an address do not count against those who have entered from there before. Only
/// failures of the same account from the same address are refused.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    account: String,
    address: String,
}

impl Attempt {
    /// `username` as typed; case and blanks around it do not make another account.
    pub(crate) fn new(username: &str, address: IpAddr) -> Self {
        Self { account: format!("portal:{}", username.trim().to_lowercase()), address: throttle_key(address) }
    }

    fn pair_key(&self) -> String {
        format!("{}|{}", self.account, self.address)
    }

    // The store counts rows that are not successes by key; a known address is such a row under a key of its own, with
    // no address, so that it is nobody's failure.
    fn known_key(&self) -> String {
        format!("known:{}", self.pair_key())
    }

    /// Looks the counts up.
    pub(crate) async fn verdict(&self, store: &Store, now_ms: i64) -> Result<Verdict, StoreError> {
        let since_ms = now_ms - WINDOW_MS;
        let counts = store.recent_failures(&self.account, &self.address, since_ms).await?;
        let pair = store.recent_failures(&self.pair_key(), "", since_ms).await?.account;
        let known = store.recent_failures(&self.known_key(), "", now_ms - KNOWN_MS).await?.account > 0;
        Ok(decide(pair, counts.account, counts.address, known))
    }

    /// Notes how it went.
    pub(crate) async fn record(&self, store: &Store, ok: bool, now_ms: i64) -> Result<(), StoreError> {
        store.record_login_attempt(&self.account, &self.address, ok, now_ms).await?;
        store.record_login_attempt(&self.pair_key(), "", ok, now_ms).await?;
        if ok {
            store.record_login_attempt(&self.known_key(), "", false, now_ms).await?;
        }
        Ok(())
    }
}

fn decide(pair: i64, account: i64, address: i64, known: bool) -> Verdict {
    if pair >= PAIR_FAILURES_MAX || (address >= ADDRESS_FAILURES_MAX && !known) {
        Verdict::Refuse
    } else if account >= ACCOUNT_FAILURES_SLOW && !known {
        Verdict::Slow
    } else {
        Verdict::Pass
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_victim_is_not_locked_out() {
        // A thousand failures from elsewhere: a known address notices nothing, an unknown one waits a little.
        assert_eq!(decide(0, 1_000, 0, true), Verdict::Pass);
        assert_eq!(decide(0, 1_000, 0, false), Verdict::Slow);
        // A colleague behind the same address guesses at other accounts.
        assert_eq!(decide(0, 0, 1_000, true), Verdict::Pass);
    }

    #[test]
    fn guessing_is_refused() {
        assert_eq!(decide(PAIR_FAILURES_MAX - 1, 0, 0, false), Verdict::Pass);
        assert_eq!(decide(PAIR_FAILURES_MAX, 0, 0, true), Verdict::Refuse);
        assert_eq!(decide(0, 0, ADDRESS_FAILURES_MAX, false), Verdict::Refuse);
    }
}
