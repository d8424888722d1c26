use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use store::StaffUserId;
use tokio::time::Instant;

/// Exports at once; each holds a reader of the store while a piece of it is read.
pub(crate) const EXPORTS_MAX: usize = 4;
/// An export of which nothing was taken for so long gives its place to another.
const STALL_MAX: Duration = Duration::from_secs(30);
/// The longest that an export may take, however slowly it is read.
const LIFETIME_MAX: Duration = Duration::from_secs(10 * 60);

/// Lists that are on their way to readers as files: one for each person, and so many in all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exports(Arc<Mutex<Running>>);

#[derive(Debug, Default)]
struct Running {
    next: u64,
    exports: Vec<One>,
}

#[derive(Debug)]
struct One {
    id: u64,
    user: StaffUserId,
    begun: Instant,
    /// When its reader took the last piece.
    taken: Instant,
}

/// One export's place; dropping it gives the place back.
#[derive(Debug)]
pub(crate) struct Export {
    exports: Exports,
    id: u64,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoPlace {
    /// This person's export is not at its end.
    Own,
    /// Those of others take all places.
    Full,
}

impl NoPlace {
    pub(crate) fn words(self) -> String {
        match self {
            Self::Own => {
                "You have 1 export running, the limit per user. Wait until it ends, or cancel it.".to_owned()
            }
            Self::Full => format!("{EXPORTS_MAX} exports are running, the limit. Try again in a minute."),
        }
    }
}

impl Exports {
    fn running(&self) -> MutexGuard<'_, Running> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for an export of this person.
    pub(crate) fn begin(&self, user: StaffUserId) -> Result<Export, NoPlace> {
        let now = Instant::now();
        let mut running = self.running();
        // One that stalls ends when its reader asks for more.
        running.exports.retain(|one| now - one.taken < STALL_MAX && now - one.begun < LIFETIME_MAX);
        if running.exports.iter().any(|one| one.user == user) {
            return Err(NoPlace::Own);
        }
        if running.exports.len() >= EXPORTS_MAX {
            return Err(NoPlace::Full);
        }
        running.next += 1;
        let id = running.next;
        running.exports.push(One { id, user, begun: now, taken: now });
        Ok(Export { exports: self.clone(), id })
    }
}

impl Export {
    /// Notes that a piece was taken; false: the place is lost, and the export ends here.
    pub(crate) fn goes_on(&self) -> bool {
        let now = Instant::now();
        let mut running = self.exports.running();
        let found = running.exports.iter_mut().find(|one| one.id == self.id);
        let Some(one) = found.filter(|one| now - one.begun < LIFETIME_MAX) else { return false };
        one.taken = now;
        true
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        self.exports.running().exports.retain(|one| one.id != self.id);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_unread_export_blocks_its_own_person_for_a_while_and_nobody_else() {
        let exports = Exports::default();
        let mine = exports.begin(StaffUserId(1)).unwrap();
        assert_eq!(exports.begin(StaffUserId(1)).unwrap_err(), NoPlace::Own);
        let others: Vec<_> = (2..=4).map(|id| exports.begin(StaffUserId(id)).unwrap()).collect();
        assert_eq!(exports.begin(StaffUserId(9)).unwrap_err(), NoPlace::Full);
        advance(STALL_MAX / 2).await;
        assert!(mine.goes_on());
        advance(STALL_MAX / 2).await;
        let newer = exports.begin(StaffUserId(9)).expect("three of them stalled");
        assert!(mine.goes_on() && newer.goes_on() && others.iter().all(|one| !one.goes_on()));
        drop((mine, newer));
        assert!(exports.begin(StaffUserId(1)).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn an_export_that_is_read_slowly_ends_at_last() {
        let exports = Exports::default();
        let slow = exports.begin(StaffUserId(1)).unwrap();
        for _ in 0..59 {
            advance(Duration::from_secs(10)).await;
            assert!(slow.goes_on());
        }
        advance(Duration::from_secs(10)).await;
        assert!(!slow.goes_on());
    }
}
