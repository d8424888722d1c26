//! File descriptors: every connection of the portal and every session to a router is one, and a process may hold so many.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// More than this is not asked for: some systems size tables by the limit.
const WANTED: u64 = 1 << 16;

/// Raises this process's limit as far as the system lets it, and returns what it is now.
pub(crate) fn raise_limit() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let now = current.unwrap_or(u64::MAX);
    let wanted = maximum.unwrap_or(u64::MAX).min(WANTED);
    if now >= wanted {
        return now;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }) {
        Ok(()) => wanted,
        Err(error) => {
            tracing::warn!("the limit of open files stays at {now}: {error}");
            now
        }
    }
}

/// How many connections the portal may hold under a limit of descriptors: half of them. The other half is for routers,
/// the database, mail and files, so that no crowd at the portal stops the polling.
pub(crate) fn for_portal(limit: u64) -> usize {
    usize::try_from(limit / 2).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_and_half_of_it_is_kept_from_the_portal() {
        let limit = raise_limit();
        assert!(limit >= getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX).min(WANTED));
        assert_eq!(raise_limit(), limit, "once is enough");
        assert_eq!((for_portal(256), for_portal(1)), (128, 1));
    }
}
