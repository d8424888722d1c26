//! When a mail that could not be sent is tried again, and when no more.

/// Wait after the first failure; it doubles with each.
const FIRST_MS: i64 = 10_000;
/// The longest wait.
const LONGEST_MS: i64 = 15 * 60_000;
/// After trying for so long a mail is dead. It is counted in tries and not by the clock, so that a machine that was off
/// does not use up the time of mails that it never tried.
const GIVE_UP_AFTER_MS: i64 = 3 * 24 * 3_600_000;

/// How long to wait after `attempts` failures of the mail `id`, or `None` if that was the last try.
pub(crate) fn wait_ms(id: i64, attempts: i64) -> Option<i64> {
    (attempts < attempts_max()).then(|| {
        let plain_ms = plain_wait_ms(attempts);
        // Up to a quarter more or less, drawn from the mail itself: what failed together is not tried together.
        let quarter = plain_ms / 4;
        plain_ms - quarter + spread(id, attempts) % (2 * quarter + 1)
    })
}

fn plain_wait_ms(attempts: i64) -> i64 {
    let doublings = u32::try_from(attempts.max(1) - 1).unwrap_or(u32::MAX).min(20);
    (FIRST_MS << doublings).min(LONGEST_MS)
}

/// As many tries as fill the time until giving up.
fn attempts_max() -> i64 {
    let mut waited_ms = 0;
    let mut attempts = 0;
    while plain_wait_ms(attempts + 1) < LONGEST_MS {
        attempts += 1;
        waited_ms += plain_wait_ms(attempts);
    }
    attempts + (GIVE_UP_AFTER_MS - waited_ms) / LONGEST_MS + 1
}

/// A number from 0 up that two mails, or two tries of one, do not share but by chance (SplitMix64).
fn spread(id: i64, attempts: i64) -> i64 {
    let mut z = (id as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(attempts as u64);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 1) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_ten_seconds_to_a_quarter_of_an_hour() {
        for (attempts, plain_s) in [(1, 10), (2, 20), (3, 40), (7, 640), (8, 900), (100, 900)] {
            for id in 0..100 {
                let wait_ms = wait_ms(id, attempts).expect("not the last try");
                let plain_ms = plain_s * 1_000;
                assert!(wait_ms >= plain_ms * 3 / 4 && wait_ms <= plain_ms * 5 / 4, "{attempts}: {wait_ms}");
            }
        }
    }

    #[test]
    fn what_failed_together_is_not_tried_together() {
        let waits: std::collections::HashSet<_> = (0..100).map(|id| wait_ms(id, 8)).collect();
        assert!(waits.len() > 90, "{}", waits.len());
        assert_eq!(wait_ms(7, 3), wait_ms(7, 3), "and no draw is repeated with another result");
    }

    #[test]
    fn a_mail_is_given_up_after_three_days_of_trying() {
        let mut waited_ms = 0;
        let mut attempts = 1;
        while let Some(wait_ms) = wait_ms(5, attempts) {
            waited_ms += wait_ms;
            attempts += 1;
        }
        let days = waited_ms as f64 / 86_400_000.0;
        assert!((2.9..3.1).contains(&days), "{days} days, {attempts} tries");
    }
}
