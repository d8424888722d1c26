//! Refused logins in the audit log, put together: anybody can make as many as the network carries.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use store::{AuditEvent, FailureNotice, Store, StoreError};
use tokio::task::JoinSet;

use crate::Settings;
use crate::address::throttle_key;

/// Rows of one batch; what is beyond is one row more, with how many there were.
const ROWS_MAX: usize = 20;

/// Refusals that are still to be written. Of one account, address and action there is one row in each batch, with the
/// number of times; without a refusal nothing runs.
#[derive(Debug)]
pub(crate) struct RefusalLog {
    store: Store,
    settings: Arc<Settings>,
    pending: Arc<Mutex<Pending>>,
    writing: Mutex<JoinSet<()>>,
}

#[derive(Debug, Default)]
struct Pending {
    rows: HashMap<Key, Row>,
    others: Option<Row>,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    actor: String,
    action: String,
    address: Option<String>,
}

#[derive(Debug)]
struct Row {
    first: AuditEvent,
    last_at_ms: i64,
    times: u64,
}

impl RefusalLog {
    pub(crate) fn new(store: Store, settings: Arc<Settings>) -> Self {
        Self { store, settings, pending: Arc::default(), writing: Mutex::default() }
    }

    /// Keeps a refusal for the next batch, which is written when [`Settings::refusals_every`] has passed, or when the
    /// process stops.
    pub(crate) async fn note(&self, mut event: AuditEvent) -> Result<(), StoreError> {
        // Somebody with a whole network has as many addresses as attempts.
        if let Some(IpAddr::V6(address)) = event.address.as_deref().and_then(|text| text.parse().ok()) {
            event.address = Some(throttle_key(address.into()));
        }
        lock(&self.pending).add(event);
        let every = self.settings.refusals_every;
        if every.is_zero() {
            return write(&self.store, &self.pending).await;
        }
        let mut writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        while writing.try_join_next().is_some() {}
        if writing.is_empty() {
            let (store, pending, stop) =
                (self.store.clone(), Arc::clone(&self.pending), self.settings.stop.clone());
            writing.spawn(async move {
                let failure = FailureNotice::default();
                loop {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = tokio::time::sleep(every) => {}
                    }
                    match write(&store, &pending).await {
                        Ok(()) => _ = failure.works(),
                        Err(error) if failure.fails() => {
                            tracing::warn!("refused logins are not in the audit log yet: {error}");
                        }
                        Err(_) => {}
                    }
                    if stop.is_cancelled() || lock(&pending).is_empty() {
                        return;
                    }
                }
            });
        }
        Ok(())
    }
}

async fn write(store: &Store, pending: &Mutex<Pending>) -> Result<(), StoreError> {
    let batch = std::mem::take(&mut *lock(pending));
    let events: Vec<AuditEvent> = batch.rows.values().chain(&batch.others).map(Row::event).collect();
    let written = store.audit_all(&events).await;
    if written.is_err() {
        lock(pending).put_back(batch);
    }
    written
}

fn lock(pending: &Mutex<Pending>) -> MutexGuard<'_, Pending> {
    pending.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pending {
    fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn add(&mut self, event: AuditEvent) {
        self.put(Row { last_at_ms: event.at_ms, first: event, times: 1 });
    }

    fn put(&mut self, row: Row) {
        let AuditEvent { actor, action, address, .. } = row.first.clone();
        let key = Key { actor, action, address };
        if let Some(known) = self.rows.get_mut(&key) {
            known.join(&row);
        } else if self.rows.len() < ROWS_MAX {
            self.rows.insert(key, row);
        } else {
            self.put_with_others(row);
        }
    }

    fn put_with_others(&mut self, row: Row) {
        match &mut self.others {
            Some(others) => others.join(&row),
            None => {
                let first = AuditEvent {
                    actor: "anonymous".to_owned(),
                    action: "login.refused".to_owned(),
                    subject: "other accounts and addresses".to_owned(),
                    address: None,
                    ..row.first
                };
                self.others = Some(Row { first, ..row });
            }
        }
    }

    /// What could not be written, beside what has come meanwhile.
    fn put_back(&mut self, batch: Self) {
        batch.rows.into_values().for_each(|row| self.put(row));
        if let Some(others) = batch.others {
            self.put_with_others(others);
        }
    }
}

impl Row {
    fn join(&mut self, other: &Self) {
        self.times += other.times;
        self.last_at_ms = self.last_at_ms.max(other.last_at_ms);
    }

    fn event(&self) -> AuditEvent {
        let mut event = self.first.clone();
        if self.times > 1
            && let Value::Object(detail) = &mut event.detail
        {
            detail.insert("times".to_owned(), json!(self.times));
            detail.insert("last_at_ms".to_owned(), json!(self.last_at_ms));
        }
        event
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str, address: &str, at_ms: i64) -> AuditEvent {
        AuditEvent {
            at_ms,
            actor: format!("portal:{name}"),
            action: "login.failed".to_owned(),
            subject: format!("portal user {name}"),
            detail: json!({}),
            address: Some(address.to_owned()),
        }
    }

    #[test]
    fn refusals_of_one_account_and_address_are_one_row_with_their_number() {
        let mut pending = Pending::default();
        for n in 0..500 {
            pending.add(refused("asha", "203.0.113.1", n));
        }
        pending.add(refused("asha", "203.0.113.2", 7));
        let mut events: Vec<_> = pending.rows.values().map(Row::event).collect();
        events.sort_by(|one, other| one.address.cmp(&other.address));
        assert_eq!(events[0].detail, json!({"times": 500, "last_at_ms": 499}));
        assert_eq!((events[1].at_ms, &events[1].detail), (7, &json!({})));
        assert_eq!(events.len(), 2);
    }

    #[test]
    fn however_many_names_are_tried_a_batch_has_its_cap() {
        let mut pending = Pending::default();
        for n in 0..1_000 {
            pending.add(refused(&format!("guess{n}"), "203.0.113.1", n));
        }
        let mut again = Pending::default();
        again.put_back(pending);
        assert_eq!(again.rows.len(), ROWS_MAX);
        let others = again.others.expect("a row for the rest").event();
        assert_eq!(others.detail["times"], 1_000 - ROWS_MAX);
    }
}
