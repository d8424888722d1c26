//! What to do with a login attempt, from what is counted of late: arithmetic alone.

use crate::address::NETWORKS_MAX;

/// Failures are counted over this time.
pub(super) const WINDOW_MS: i64 = 15 * 60 * 1000;
/// A browser that an account was entered with is judged by its own failures only, up to this many.
const DEVICE_FAILURES_FREE: i64 = 10;
/// From here on an address from which the account was entered before waits after each failure, longer and longer.
const KNOWN_FAILURES_FREE: i64 = 5;
/// The longest such wait: somebody who guesses beside the owner costs the owner a minute and no more.
const WAIT_MS_MAX: i64 = 60_000;
/// From here on an unknown address may not try this account until the window has passed. As with the other limits of an
/// address, an IPv6 /56 has twice as many and a /48 four times: whoever has one has any number of addresses in it.
const PAIR_FAILURES_MAX: i64 = 8;
/// From here on answers to unknown addresses about this account are held back.
const ACCOUNT_FAILURES_SLOW: i64 = 10;
/// From here on answers to an address are held back, and from there on it may only try accounts that it is known for.
const ADDRESS_FAILURES_SLOW: i64 = 20;
const ADDRESS_FAILURES_MAX: i64 = 60;
/// From here on no unknown address may try this account, wherever it is: guessing from everywhere has an end.
const ACCOUNT_PASSWORDS_MAX: i64 = 100;
/// The same for codes of the second factor, of which there are but a million …
const ACCOUNT_CODES_MAX: i64 = 20;
/// … and a day's: with three codes good at a time, somebody with the password then needs years for an even chance.
const CODES_PER_DAY_MAX: i64 = 60;
pub(super) const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// What somebody is asked to wait who has tried a day's codes.
const DAY_WAIT_MS: i64 = 60 * 60 * 1000;
/// The delay doubles so often at most, with the number of failures.
const DELAY_DOUBLINGS_MAX: u32 = 2;

/// What to do with a login attempt, before any password is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Go on.
    Pass,
    /// Go on, but hold the answer back for so many times the delay.
    Slow(u32),
    /// Do not look at the password for so long.
    Refuse { wait_ms: i64 },
}

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Password,
    Code,
}

impl Kind {
    fn account_failures_max(self) -> i64 {
        match self {
            Self::Password => ACCOUNT_PASSWORDS_MAX,
            Self::Code => ACCOUNT_CODES_MAX,
        }
    }
}

/// What a verdict depends on. Of networks the smallest is first; an IPv4 address has but one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    /// Failures of the account at this address, and in the networks around it.
    pub(super) pairs: [i64; NETWORKS_MAX],
    pub(super) pair_last_at_ms: i64,
    /// Failures of the account, from whatever address.
    pub(super) account: i64,
    /// The same within a day.
    pub(super) day: i64,
    /// Failures from the address and the networks around it, on whatever account.
    pub(super) addresses: [i64; NETWORKS_MAX],
    /// Failures of the device with this account.
    pub(super) device: i64,
    pub(super) known_address: bool,
    pub(super) known_device: bool,
}

/// Whether one of the networks has reached its limit, which doubles with each step from the smallest.
fn is_reached(counts: &[i64; NETWORKS_MAX], limit: i64) -> bool {
    counts.iter().enumerate().any(|(place, count)| *count >= limit << place)
}

pub(super) fn decide(kind: Kind, found: &Found, now_ms: i64) -> Verdict {
    if found.known_device && found.device < DEVICE_FAILURES_FREE {
        return Verdict::Pass;
    }
    // Whoever is asked for a code has shown the password: then it is no stranger's nuisance to stop at last.
    if kind == Kind::Code && found.day >= CODES_PER_DAY_MAX {
        return Verdict::Refuse { wait_ms: DAY_WAIT_MS };
    }
    if found.known_address {
        let wait_ms = found.pair_last_at_ms + wait_after(found.pairs[0]) - now_ms;
        return if wait_ms > 0 { Verdict::Refuse { wait_ms } } else { Verdict::Pass };
    }
    if is_reached(&found.pairs, PAIR_FAILURES_MAX)
        || is_reached(&found.addresses, ADDRESS_FAILURES_MAX)
        || found.account >= kind.account_failures_max()
    {
        return Verdict::Refuse { wait_ms: WINDOW_MS };
    }
    let doublings = |failures: i64, slow: i64| {
        let past = u32::try_from(failures / slow).unwrap_or(u32::MAX);
        past.checked_sub(1).map(|past| past.min(DELAY_DOUBLINGS_MAX))
    };
    let addresses = found.addresses.iter().enumerate();
    let addresses = addresses.map(|(place, count)| doublings(*count, ADDRESS_FAILURES_SLOW << place));
    match addresses.max().flatten().max(doublings(found.account, ACCOUNT_FAILURES_SLOW)) {
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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_000_000_000;

    fn judged(found: Found) -> Verdict {
        decide(Kind::Password, &Found { pair_last_at_ms: NOW_MS, ..found }, NOW_MS)
    }

    #[test]
    fn a_browser_that_has_logged_in_before_notices_nothing_of_others() {
        let all = Found {
            pairs: [1_000; 3],
            account: 1_000,
            addresses: [1_000; 3],
            known_address: true,
            ..Found::default()
        };
        assert_eq!(judged(Found { known_device: true, ..all }), Verdict::Pass);
        // Guessing with a stolen browser is no way round the limits.
        let spent = Found { known_device: true, device: DEVICE_FAILURES_FREE, ..all };
        assert!(matches!(judged(spent), Verdict::Refuse { .. }));
    }

    #[test]
    fn a_known_address_waits_longer_and_longer_but_never_more_than_a_minute() {
        let known = |pair| Found {
            pairs: [pair; 3],
            addresses: [1_000; 3],
            account: 1_000,
            known_address: true,
            ..Found::default()
        };
        assert_eq!(judged(known(4)), Verdict::Pass);
        assert_eq!(judged(known(5)), Verdict::Refuse { wait_ms: 1_000 });
        assert_eq!(judged(known(7)), Verdict::Refuse { wait_ms: 4_000 });
        assert_eq!(judged(known(1_000)), Verdict::Refuse { wait_ms: WAIT_MS_MAX });
        let later = Found { pair_last_at_ms: NOW_MS - WAIT_MS_MAX, ..known(1_000) };
        assert_eq!(decide(Kind::Password, &later, NOW_MS), Verdict::Pass);
    }

    #[test]
    fn an_unknown_address_is_slowed_by_failures_elsewhere_and_refused_by_its_own() {
        let elsewhere = |account| Found { account, ..Found::default() };
        assert_eq!(judged(elsewhere(9)), Verdict::Pass);
        assert_eq!(judged(elsewhere(10)), Verdict::Slow(1));
        assert_eq!(judged(elsewhere(20)), Verdict::Slow(2));
        assert_eq!(
            judged(elsewhere(ACCOUNT_PASSWORDS_MAX - 1)),
            Verdict::Slow(4),
            "the owner at a new place waits and is not refused"
        );
        let own = |pair| Found { pairs: [pair, 0, 0], ..Found::default() };
        assert_eq!(judged(own(PAIR_FAILURES_MAX - 1)), Verdict::Pass);
        assert_eq!(judged(own(PAIR_FAILURES_MAX)), Verdict::Refuse { wait_ms: WINDOW_MS });
    }

    #[test]
    fn guessing_at_many_accounts_is_slowed_and_then_refused() {
        let at = |address| Found { addresses: [address, 0, 0], ..Found::default() };
        assert_eq!(judged(at(19)), Verdict::Pass);
        assert_eq!(judged(at(20)), Verdict::Slow(1));
        assert_eq!(judged(at(ADDRESS_FAILURES_MAX)), Verdict::Refuse { wait_ms: WINDOW_MS });
    }

    #[test]
    fn wider_networks_have_growing_limits() {
        let refused = Verdict::Refuse { wait_ms: WINDOW_MS };
        for (place, limit) in [8, 16, 32].into_iter().enumerate() {
            let mut found = Found::default();
            found.pairs[place] = limit - 1;
            assert_ne!(judged(found), refused);
            found.pairs[place] = limit;
            assert_eq!(judged(found), refused);
        }
        for (place, limit) in [60, 120, 240].into_iter().enumerate() {
            let mut found = Found::default();
            found.addresses[place] = limit - 1;
            assert_ne!(judged(found), refused);
            found.addresses[place] = limit;
            assert_eq!(judged(found), refused);
        }
    }

    #[test]
    fn guessing_at_one_account_from_everywhere_has_an_end_but_not_for_a_device_that_is_known() {
        let refused = Verdict::Refuse { wait_ms: WINDOW_MS };
        let passwords = Found { account: ACCOUNT_PASSWORDS_MAX, ..Found::default() };
        assert_eq!(judged(passwords), refused);
        let codes = Found { account: ACCOUNT_CODES_MAX, ..Found::default() };
        assert_eq!(decide(Kind::Code, &codes, NOW_MS), refused);
        let day = Found { day: CODES_PER_DAY_MAX, known_address: true, ..Found::default() };
        assert_eq!(decide(Kind::Code, &day, NOW_MS), Verdict::Refuse { wait_ms: DAY_WAIT_MS });
        assert_eq!(judged(day), Verdict::Pass, "of passwords there are more than a million");
        for found in [passwords, codes, day] {
            let known = Found { known_device: true, ..found };
            assert_eq!((judged(known), decide(Kind::Code, &known, NOW_MS)), (Verdict::Pass, Verdict::Pass));
        }
    }
}
