use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderValue;
use store::{LoginCounts, LoginKeys, StoreError};
use tokio::sync::OwnedSemaphorePermit;

use crate::address::throttle_key;
use crate::app::App;
use crate::caller::Caller;
use crate::error::PageError;

/// Failures are counted over this time.
const WINDOW_MS: i64 = 15 * 60 * 1000;
/// A browser that an account was entered with is judged by its own failures only, up to this many.
const DEVICE_FAILURES_FREE: i64 = 10;
/// From here on an address from which the account was entered before waits after each failure, longer and longer.
const KNOWN_FAILURES_FREE: i64 = 5;
/// The longest such wait: somebody who guesses beside the owner costs the owner a minute and no more.
const WAIT_MS_MAX: i64 = 60_000;
/// From here on an unknown address may not try this account until the window has passed.
const PAIR_FAILURES_MAX: i64 = 8;
/// From here on answers to unknown addresses about this account are held back.
const ACCOUNT_FAILURES_SLOW: i64 = 10;
/// From here on answers to an address are held back, and from there on it may only try accounts that it is known for.
const ADDRESS_FAILURES_SLOW: i64 = 20;
const ADDRESS_FAILURES_MAX: i64 = 60;
/// The delay doubles so often at most, with the number of failures.
const DELAY_DOUBLINGS_MAX: u32 = 2;

/// What to do with a login attempt, before any password is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Go on.
    Pass,
    /// Go on, but hold the answer back for so many times the delay.
    Slow(u32),
    /// Do not look at the password for so long.
    Refuse { wait_ms: i64 },
}

/// An attempt that may not be made now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused {
    wait_ms: i64,
}

impl Refused {
    /// Seconds for the header.
    pub(crate) fn retry_after(self) -> HeaderValue {
        HeaderValue::from((self.wait_ms.max(1) as u64).div_ceil(1000))
    }

    /// What a person is told.
    pub(crate) fn words(self) -> String {
        let seconds = (self.wait_ms.max(1) as u64).div_ceil(1000);
        let wait = match seconds {
            0..=1 => "a second".to_owned(),
            2..=90 => format!("{seconds} seconds"),
            _ => format!("{} minutes", seconds.div_ceil(60)),
        };
        format!("Too many failed attempts. Please wait {wait} and try again.")
    }
}

/// An account tried by a caller.
///
/// The owner of an account is never locked out by others: a browser that has entered it before is judged by its own
/// failures; an address from which it was entered before waits a minute at most; failures elsewhere only slow an
/// unknown address down. Behind one office address a guessing colleague therefore costs nobody the day.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    account: String,
    address: String,
    device: Option<String>,
}

impl Attempt {
    /// A password for a user name as typed; case and blanks around it do not make another account.
    pub(crate) fn password(username: &str, caller: &Caller) -> Self {
        Self::new("portal", username, caller)
    }

    /// A code of the second factor, counted apart.
    pub(crate) fn code(username: &str, caller: &Caller) -> Self {
        Self::new("factor", username, caller)
    }

    /// A password of a person of the ISP: an account's failures at the one door do not count at the other. Those from an
    /// address count together at both.
    pub(crate) fn staff_password(username: &str, caller: &Caller) -> Self {
        Self::new("staff", username, caller)
    }

    /// A code of that person's second factor.
    pub(crate) fn staff_code(username: &str, caller: &Caller) -> Self {
        Self::new("staff-factor", username, caller)
    }

    fn new(kind: &str, username: &str, caller: &Caller) -> Self {
        Self {
            account: format!("{kind}:{}", username.trim().to_lowercase()),
            address: throttle_key(caller.address),
            device: caller.device.clone(),
        }
    }

    fn keys(&self) -> LoginKeys<'_> {
        LoginKeys { account: &self.account, address: &self.address, device: self.device.as_deref() }
    }

    /// Waits as long as it must, and gives the permit for the work of a check; keep it until the outcome is recorded,
    /// so that many attempts at once do not slip past the limit together.
    pub(crate) async fn enter(
        &self,
        app: &App,
    ) -> Result<Result<Arc<OwnedSemaphorePermit>, Refused>, PageError> {
        let verdict = self.verdict(app).await?;
        if let Verdict::Slow(times) = verdict {
            tokio::time::sleep(app.settings.login_delay.saturating_mul(times)).await;
        }
        let permit = Arc::clone(&app.password_checks).acquire_owned().await;
        let permit = permit.map_err(|error| PageError::Internal(error.to_string()))?;
        // Counted again with the permit in hand.
        let verdict =
            if matches!(verdict, Verdict::Refuse { .. }) { verdict } else { self.verdict(app).await? };
        Ok(match verdict {
            Verdict::Refuse { wait_ms } => Err(Refused { wait_ms }),
            Verdict::Pass | Verdict::Slow(_) => Ok(Arc::new(permit)),
        })
    }

    async fn verdict(&self, app: &App) -> Result<Verdict, StoreError> {
        let now_ms = app.clock.now_ms();
        let known_ms = i64::try_from(app.settings.device_known.as_millis()).unwrap_or(i64::MAX);
        let known_since_ms = now_ms.saturating_sub(known_ms);
        let counts = app.store.login_counts(&self.keys(), now_ms - WINDOW_MS, known_since_ms).await?;
        Ok(decide(&Judged::from(&counts), now_ms))
    }

    /// Notes that it failed.
    pub(crate) async fn failed(&self, app: &App) -> Result<(), StoreError> {
        app.store.record_login(&self.keys(), false, app.clock.now_ms()).await
    }

    /// Notes that it was good; address and device are known for this account from now on.
    pub(crate) async fn succeeded(&self, app: &App, new_device: Option<&str>) -> Result<(), StoreError> {
        let keys = LoginKeys { device: new_device.or(self.device.as_deref()), ..self.keys() };
        app.store.record_login(&keys, true, app.clock.now_ms()).await
    }
}

/// What a verdict depends on.
#[derive(Clone, Copy, Debug, Default)]
struct Judged {
    pair: i64,
    pair_last_at_ms: i64,
    account: i64,
    address: i64,
    device: i64,
    known_address: bool,
    known_device: bool,
}

impl From<&LoginCounts> for Judged {
    fn from(counts: &LoginCounts) -> Self {
        Self {
            pair: counts.pair,
            pair_last_at_ms: counts.pair_last_at_ms.unwrap_or(0),
            account: counts.account,
            address: counts.address,
            device: counts.device,
            known_address: counts.is_known_address(),
            known_device: counts.is_known_device(),
        }
    }
}

fn decide(found: &Judged, now_ms: i64) -> Verdict {
    if found.known_device && found.device < DEVICE_FAILURES_FREE {
        return Verdict::Pass;
    }
    if found.known_address {
        let wait_ms = found.pair_last_at_ms + wait_after(found.pair) - now_ms;
        return if wait_ms > 0 { Verdict::Refuse { wait_ms } } else { Verdict::Pass };
    }
    if found.pair >= PAIR_FAILURES_MAX || found.address >= ADDRESS_FAILURES_MAX {
        return Verdict::Refuse { wait_ms: WINDOW_MS };
    }
    let doublings = |failures: i64, slow: i64| {
        let past = u32::try_from(failures / slow).unwrap_or(u32::MAX);
        past.checked_sub(1).map(|past| past.min(DELAY_DOUBLINGS_MAX))
    };
    let account = doublings(found.account, ACCOUNT_FAILURES_SLOW);
    match account.max(doublings(found.address, ADDRESS_FAILURES_SLOW)) {
        Some(doublings) => Verdict::Slow(1 << doublings),
        None => Verdict::Pass,
    }
}

/// 1, 2, 4 … seconds from the fifth failure on.
fn wait_after(failures: i64) -> i64 {
    match u32::try_from(failures - KNOWN_FAILURES_FREE) {
        Ok(past) => 1000_i64.checked_shl(past.min(20)).unwrap_or(WAIT_MS_MAX).min(WAIT_MS_MAX),
        Err(_) => 0,
    }
}

/// The default of [`Settings::device_known`](crate::Settings); housekeeping forgets after as long.
pub(crate) const DEVICE_KNOWN: Duration = Duration::from_secs(30 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_000_000_000;

    fn judged(found: Judged) -> Verdict {
        decide(&Judged { pair_last_at_ms: NOW_MS, ..found }, NOW_MS)
    }

    #[test]
    fn a_browser_that_has_logged_in_before_notices_nothing_of_others() {
        let all =
            Judged { pair: 1_000, account: 1_000, address: 1_000, known_address: true, ..Judged::default() };
        assert_eq!(judged(Judged { known_device: true, ..all }), Verdict::Pass);
        // Guessing with a stolen browser is no way round the limits.
        let spent = Judged { known_device: true, device: DEVICE_FAILURES_FREE, ..all };
        assert!(matches!(judged(spent), Verdict::Refuse { .. }));
    }

    #[test]
    fn a_known_address_waits_longer_and_longer_but_never_more_than_a_minute() {
        let known =
            |pair| Judged { pair, address: 1_000, account: 1_000, known_address: true, ..Judged::default() };
        assert_eq!(judged(known(4)), Verdict::Pass);
        assert_eq!(judged(known(5)), Verdict::Refuse { wait_ms: 1_000 });
        assert_eq!(judged(known(7)), Verdict::Refuse { wait_ms: 4_000 });
        assert_eq!(judged(known(1_000)), Verdict::Refuse { wait_ms: WAIT_MS_MAX });
        let later = Judged { pair_last_at_ms: NOW_MS - WAIT_MS_MAX, ..known(1_000) };
        assert_eq!(decide(&later, NOW_MS), Verdict::Pass);
    }

    #[test]
    fn an_unknown_address_is_slowed_by_failures_elsewhere_and_refused_by_its_own() {
        let elsewhere = |account| Judged { account, ..Judged::default() };
        assert_eq!(judged(elsewhere(9)), Verdict::Pass);
        assert_eq!(judged(elsewhere(10)), Verdict::Slow(1));
        assert_eq!(judged(elsewhere(20)), Verdict::Slow(2));
        assert_eq!(
            judged(elsewhere(1_000)),
            Verdict::Slow(4),
            "the owner at a new place waits and is not refused"
        );
        let own = |pair| Judged { pair, ..Judged::default() };
        assert_eq!(judged(own(PAIR_FAILURES_MAX - 1)), Verdict::Pass);
        assert_eq!(judged(own(PAIR_FAILURES_MAX)), Verdict::Refuse { wait_ms: WINDOW_MS });
    }

    #[test]
    fn guessing_at_many_accounts_is_slowed_and_then_refused() {
        let at = |address| Judged { address, ..Judged::default() };
        assert_eq!(judged(at(19)), Verdict::Pass);
        assert_eq!(judged(at(20)), Verdict::Slow(1));
        assert_eq!(judged(at(ADDRESS_FAILURES_MAX)), Verdict::Refuse { wait_ms: WINDOW_MS });
    }
}
