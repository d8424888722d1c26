//! How the clock stands, for processes that do not poll: pages, jobs, `leaseline doctor`.

use crate::clock::ClockVerdict;
use crate::clock_watch::ClockState;
use crate::engine::{Tx, on};
use crate::{Store, StoreError};

/// A poll that is stored this much later than now is from a time that has not come: clocks of two machines that are set by
/// NTP differ by far less.
const AHEAD_MS_MAX: i64 = 60_000;

/// What is stored about the clock, and the latest poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ClockHealth {
    /// What the process that polls found; sane before it found anything.
    pub verdict: ClockVerdict,
    /// The clock of its machine minus the time it keeps.
    pub shift_ms: i64,
    /// Since when.
    pub since_ms: i64,
    /// Routers that speak for the time it keeps.
    pub routers_for: i64,
    /// Routers that speak for the machine's clock.
    pub routers_against: i64,
    /// When a router was polled last; `None`: never.
    pub polled_ms: Option<i64>,
    /// The time by whoever asks.
    pub now_ms: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    verdict: String,
    shift_ms: i64,
    since_ms: i64,
    routers_for: i64,
    routers_against: i64,
}

impl ClockHealth {
    /// Nothing was found yet, and nothing polled.
    pub const UNCHECKED: Self = Self {
        verdict: ClockVerdict::Sane,
        shift_ms: 0,
        since_ms: 0,
        routers_for: 0,
        routers_against: 0,
        polled_ms: None,
        now_ms: 0,
    };

    /// Whether what is dated now can be relied on.
    pub fn is_sane(&self) -> bool {
        self.verdict == ClockVerdict::Sane && self.ahead_ms() == 0
    }

    /// One line: how the clock stands, and if it is not sane, what happened and what to do.
    ///
    /// # Errors
    /// The line, if the clock is not sane.
    pub fn check(&self) -> Result<String, String> {
        let by = shift_words(self.shift_ms);
        match self.verdict {
            ClockVerdict::Sane if self.ahead_ms() > 0 => Err(format!(
                "The database holds polls from {} in the future. Check this machine's clock (timedatectl); if it is right, \
                 run `leaseline timeline repair --dry-run` to see what would be removed.",
                duration_words(self.ahead_ms())
            )),
            ClockVerdict::Sane => {
                Ok("The wall clock, the monotonic clock, and the routers agree.".to_owned())
            }
            ClockVerdict::Checking => Err(format!(
                "The clock of the polling machine is {by} and is being compared with the routers."
            )),
            ClockVerdict::MachineWrong => Err(format!(
                "The clock of the polling machine is {by}, by {} of {} routers. Polling continues on the monotonic clock. \
                 Set the machine's clock (timedatectl set-ntp true).",
                self.routers_for,
                self.routers_for + self.routers_against
            )),
            ClockVerdict::Undecided => Err(format!(
                "The clock of the polling machine is {by}, and too few routers can confirm it. Set the machine's clock; if it \
                 is right now, run `leaseline timeline repair`."
            )),
        }
    }

    /// How far the latest poll lies in the future; 0 if it does not.
    pub fn ahead_ms(&self) -> i64 {
        let ahead_ms = self.polled_ms.map_or(0, |polled_ms| polled_ms - self.now_ms);
        if ahead_ms > AHEAD_MS_MAX { ahead_ms } else { 0 }
    }
}

impl Store {
    /// How the clock stands, compared with the time `now_ms` of whoever asks.
    pub async fn clock_health(&self, now_ms: i64) -> Result<ClockHealth, StoreError> {
        read(&mut self.begin_reading().await?, now_ms).await
    }

    /// Stores how the clock of the process that polls stands.
    pub async fn write_clock_state(&self, state: &ClockState) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO clock_state (id, verdict, at_ms, shift_ms, since_ms, routers_for, routers_against)
            VALUES (1, $1, $2, $3, $4, $5, $6)
            ON CONFLICT (id) DO UPDATE SET verdict = excluded.verdict, at_ms = excluded.at_ms,
                shift_ms = excluded.shift_ms, since_ms = excluded.since_ms, routers_for = excluded.routers_for,
                routers_against = excluded.routers_against";
        let count = |routers: usize| i64::try_from(routers).unwrap_or(i64::MAX);
        on!(self.writer(), db => sqlx::query(SQL)
            .bind(state.verdict.as_str())
            .bind(state.now_ms)
            .bind(state.shift_ms)
            .bind(state.since_ms)
            .bind(count(state.routers_for))
            .bind(count(state.routers_against))
            .execute(db)
            .await
            .map(|_| ()))?;
        Ok(())
    }

    /// Notes that an operator found the machine's clock to be right, which reads `machine_ms` now.
    pub async fn accept_clock(&self, machine_ms: i64) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO clock_state
                (id, verdict, at_ms, shift_ms, since_ms, routers_for, routers_against, accepted_ms)
            VALUES (1, 'sane', $1, 0, $1, 0, 0, $1)
            ON CONFLICT (id) DO UPDATE SET accepted_ms = excluded.accepted_ms";
        on!(self.writer(), db => sqlx::query(SQL).bind(machine_ms).execute(db).await.map(|_| ()))?;
        Ok(())
    }

    /// When an operator last found the machine's clock to be right, by that clock.
    pub async fn clock_accepted_ms(&self) -> Result<Option<i64>, StoreError> {
        const SQL: &str = "SELECT accepted_ms FROM clock_state WHERE id = 1";
        let found: Option<Option<i64>> =
            on!(self.reader(), db => sqlx::query_scalar(SQL).fetch_optional(db).await)?;
        Ok(found.flatten())
    }
}

pub(crate) async fn read(tx: &mut Tx, now_ms: i64) -> Result<ClockHealth, StoreError> {
    const STATE: &str =
        "SELECT verdict, shift_ms, since_ms, routers_for, routers_against FROM clock_state WHERE id = 1";
    const POLLED: &str = "SELECT MAX(at_ms) FROM router_status";
    let row: Option<Row> = on!(&mut *tx, tx => sqlx::query_as(STATE).fetch_optional(&mut **tx).await)?;
    let polled_ms: Option<i64> = on!(tx, tx => sqlx::query_scalar(POLLED).fetch_one(&mut **tx).await)?;
    let Some(row) = row else { return Ok(ClockHealth { polled_ms, now_ms, ..ClockHealth::UNCHECKED }) };
    Ok(ClockHealth {
        verdict: row.verdict.parse()?,
        shift_ms: row.shift_ms,
        since_ms: row.since_ms,
        routers_for: row.routers_for,
        routers_against: row.routers_against,
        polled_ms,
        now_ms,
    })
}

/// `5 h 30 min ahead`, `2 s behind`.
pub(crate) fn shift_words(shift_ms: i64) -> String {
    let side = if shift_ms < 0 { "behind" } else { "ahead" };
    format!("{} {side}", duration_words(shift_ms.abs()))
}

/// The two largest units: `1 d 3 h`, `5 h 30 min`, `40 s`.
fn duration_words(ms: i64) -> String {
    let seconds = ms / 1_000;
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let first = parts.iter().position(|(count, _)| *count > 0).unwrap_or(parts.len() - 1);
    let words = parts.iter().skip(first).take(2).enumerate();
    let words = words.filter(|(place, (count, _))| *place == 0 || *count > 0);
    words.map(|(_, (count, unit))| format!("{count} {unit}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_is_named_by_its_two_largest_units() {
        for (ms, words) in [
            (19_800_000, "5 h 30 min ahead"),
            (-86_400_000, "1 d behind"),
            (97_000, "1 min 37 s ahead"),
            (-500, "0 s behind"),
            (90_061_000, "1 d 1 h ahead"),
        ] {
            assert_eq!(shift_words(ms), words);
        }
    }
}
