use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use store::DataVersion;
use tokio::sync::OnceCell;

/// What was read from the store and is used again for as long as nothing at all is committed there: never a second
/// longer, so it is never older than the store itself. Those who ask for the same thing at once share one reading.
pub(crate) struct Kept<K, V> {
    entries: Mutex<Entries<K, V>>,
    entries_max: usize,
}

struct Entries<K, V> {
    /// Of all of them: those of an earlier version are of no use to anybody.
    version: Option<DataVersion>,
    cells: HashMap<K, Arc<OnceCell<Arc<V>>>>,
}

impl<K: Eq + Hash, V> Kept<K, V> {
    /// Room for so many; when it is full, all begin anew.
    pub(crate) fn new(entries_max: usize) -> Self {
        let entries = Mutex::new(Entries { version: None, cells: HashMap::new() });
        Self { entries, entries_max }
    }

    /// What was kept for `key`, or what `read` gives now. `version` was asked for before anything was read.
    pub(crate) async fn get<E>(
        &self,
        version: &DataVersion,
        key: K,
        read: impl AsyncFnOnce() -> Result<V, E>,
    ) -> Result<Arc<V>, E> {
        let cell = {
            let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
            let full = entries.cells.len() >= self.entries_max && !entries.cells.contains_key(&key);
            if entries.version.as_ref() != Some(version) || full {
                entries.cells.clear();
                entries.version = Some(version.clone());
            }
            Arc::clone(entries.cells.entry(key).or_default())
        };
        match cell.get_or_try_init(|| async { read().await.map(Arc::new) }).await {
            Ok(value) => Ok(Arc::clone(value)),
            Err(error) => {
                let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
                // What is not there takes no room.
                entries.cells.retain(|_, other| !Arc::ptr_eq(other, &cell));
                Err(error)
            }
        }
    }
}
