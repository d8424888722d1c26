use std::path::Path;

use crate::open::Pools;
use crate::{Store, StoreError};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
/// With less than this, or less than [`LOW_PERCENT`] of a small disk, the disk is nearly full: days of most installations.
const LOW_BYTES: u64 = GIB;
const LOW_PERCENT: u64 = 5;
/// With less than this the next checkpoint of the log may not fit.
const FULL_BYTES: u64 = 16 * MIB;

/// The disk that holds an SQLite database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskSpace {
    /// Bytes that this program may still use.
    pub available_bytes: u64,
    /// Its size in bytes.
    pub total_bytes: u64,
}

impl DiskSpace {
    /// Below this many bytes it counts as nearly full: 1 GiB, or 5 % of a disk smaller than 20 GiB.
    pub fn low_bytes(self) -> u64 {
        LOW_BYTES.min(self.total_bytes / 100 * LOW_PERCENT)
    }

    /// Whether it is nearly full: time to act, before anything fails.
    pub fn is_low(self) -> bool {
        self.available_bytes < self.low_bytes().max(FULL_BYTES)
    }

    /// Whether it is full for a database.
    pub fn is_full(self) -> bool {
        self.available_bytes < FULL_BYTES
    }

    /// Whether there is clearly more than [`is_low`](Self::is_low) asks for: an alert that follows every few megabytes
    /// would come and go.
    pub fn is_roomy(self) -> bool {
        self.available_bytes >= self.low_bytes().max(FULL_BYTES) / 4 * 5
    }

    /// "812 MiB of 40 GiB free".
    pub fn words(self) -> String {
        format!("{} of {} free", size_words(self.available_bytes), size_words(self.total_bytes))
    }
}

impl Store {
    /// The disk of the SQLite file; `None` on PostgreSQL, whose disk is its server's.
    ///
    /// # Errors
    /// If the operating system cannot tell.
    pub async fn disk_space(&self) -> Result<Option<DiskSpace>, StoreError> {
        let Pools::Sqlite { path, .. } = &self.inner.pools else { return Ok(None) };
        let path = path.clone();
        // A network disk that hangs must not hold up anything else.
        tokio::task::spawn_blocking(move || ask(&path).map(Some)).await.map_err(StoreError::Stopped)?
    }
}

#[cfg(unix)]
fn ask(path: &Path) -> Result<DiskSpace, StoreError> {
    let file_error = |error: rustix::io::Errno| StoreError::File {
        path: path.display().to_string(),
        source: error.into(),
    };
    let found = rustix::fs::statvfs(path).map_err(file_error)?;
    Ok(DiskSpace {
        available_bytes: found.f_bavail.saturating_mul(found.f_frsize),
        total_bytes: found.f_blocks.saturating_mul(found.f_frsize),
    })
}

#[cfg(not(unix))]
fn ask(path: &Path) -> Result<DiskSpace, StoreError> {
    let source = std::io::ErrorKind::Unsupported.into();
    Err(StoreError::File { path: path.display().to_string(), source })
}

/// Bytes in the largest unit of which there is at least one.
pub fn size_words(bytes: u64) -> String {
    match bytes {
        0..MIB => format!("{} KiB", bytes >> 10),
        MIB..GIB => format!("{} MiB", bytes / MIB),
        _ => format!("{}.{} GiB", bytes / GIB, bytes % GIB * 10 / GIB),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(available_bytes: u64, total_bytes: u64) -> DiskSpace {
        DiskSpace { available_bytes, total_bytes }
    }

    #[test]
    fn a_disk_is_low_before_it_is_full_whatever_its_size() {
        for (total, low) in [(10_000 * GIB, GIB), (100 * GIB, GIB), (8 * GIB, 8 * GIB / 100 * 5)] {
            assert!(!disk(low, total).is_low() && disk(low - 1, total).is_low(), "{total}");
            assert!(!disk(low - 1, total).is_full(), "{total}");
            assert!(!disk(low, total).is_roomy() && disk(low * 2, total).is_roomy(), "{total}");
        }
        let tiny = disk(FULL_BYTES - 1, 64 * MIB);
        assert!(tiny.is_low() && tiny.is_full(), "what is full is low as well");
    }

    #[test]
    fn sizes_are_in_a_readable_unit() {
        let words = [0, 4 << 10, 812 * MIB, GIB + GIB / 2, 40 * GIB].map(size_words);
        assert_eq!(words, ["0 KiB", "4 KiB", "812 MiB", "1.5 GiB", "40.0 GiB"]);
        assert_eq!(disk(812 * MIB, 40 * GIB).words(), "812 MiB of 40.0 GiB free");
    }
}
