//! The last letters that were written: the mails of one report follow each other on several connections and differ in their
//! recipient alone.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use store::{OutboxMail, Store};
use tokio::sync::OnceCell;

use crate::{
    SendError,
    letter::{Letter, LetterKey},
};

/// Letters that are kept. Those that wait for each other are written by connections at the same time, of which there are few.
const LETTERS_KEPT: usize = 4;

/// A letter that is written or being written.
type Place = Arc<OnceCell<Arc<Letter>>>;

/// Writes each letter once for all who ask for it at about the same time.
#[derive(Debug, Default)]
pub(crate) struct Letters(Mutex<VecDeque<(LetterKey, Place)>>);

impl Letters {
    /// The letter that a row of the outbox asks for. Whoever asks while it is being written waits for it.
    pub(crate) async fn of(
        &self,
        store: &Store,
        mail: &OutboxMail,
        portal: Option<&str>,
    ) -> Result<Arc<Letter>, SendError> {
        let key = LetterKey::of(mail)?;
        let place = self.place(&key);
        place.get_or_try_init(async || Letter::write(store, key, portal).await.map(Arc::new)).await.cloned()
    }

    fn place(&self, key: &LetterKey) -> Place {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, place)) = kept.iter().find(|(known, _)| known == key) {
            return Arc::clone(place);
        }
        if kept.len() >= LETTERS_KEPT {
            kept.pop_front();
        }
        let place = Place::default();
        kept.push_back((key.clone(), Arc::clone(&place)));
        place
    }
}
