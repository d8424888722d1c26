//! What is noted of something that left the outbox, or did not.

use std::time::Duration;

use store::{OUTBOX_DROPPED, OutboxMail, Store, StoreError};

use crate::{Delivered, backoff::wait_ms};

/// As long as noting a result may take.
pub(crate) const NOTING_MAX: Duration = Duration::from_secs(5);
/// How often the note that something was sent is tried: without it, it would be sent again.
const NOTING_TRIES: u32 = 5;

/// Notes that it was taken. A database that is busy just now is asked again.
pub(crate) async fn note_sent(
    store: &Store,
    mail: &OutboxMail,
    now_ms: i64,
    answer: &str,
) -> Result<(), StoreError> {
    insist(|| async { store.outbox_sent(mail.id, now_ms, answer).await.map(|_| ()) }).await
}

/// The same, with what the provider calls it.
pub(crate) async fn note_accepted(
    store: &Store,
    mail: &OutboxMail,
    provider_id: &str,
    now_ms: i64,
    answer: &str,
) -> Result<(), StoreError> {
    insist(|| store.outbox_accepted(mail.id, provider_id, now_ms, answer)).await
}

async fn insist<F>(note: impl Fn() -> F) -> Result<(), StoreError>
where
    F: Future<Output = Result<(), StoreError>>,
{
    let mut tries = 1;
    loop {
        match note().await {
            Ok(()) => return Ok(()),
            Err(error) if tries >= NOTING_TRIES => return Err(error),
            Err(_) => tries += 1,
        }
        tokio::time::sleep(NOTING_MAX / NOTING_TRIES).await;
    }
}

/// Notes that it is refused for good, or that nobody needs it any more.
pub(crate) async fn give_up(store: &Store, mail: &OutboxMail, why: &str) -> Result<Delivered, StoreError> {
    if !why.starts_with(OUTBOX_DROPPED) {
        tracing::warn!(message = %mail.id, to = mail.recipient, why, "a message is refused for good");
    }
    store.outbox_failed(mail, why, None).await?;
    Ok(Delivered::Dead)
}

/// Has it tried again later, and says when, or gives it up after too many tries.
pub(crate) async fn put_off(
    store: &Store,
    mail: &OutboxMail,
    why: &str,
    now_ms: i64,
) -> Result<(Delivered, Option<i64>), StoreError> {
    let next_at_ms = wait_ms(mail.id.0, mail.attempts).map(|wait_ms| now_ms + wait_ms);
    Ok((put_off_until(store, mail, why, next_at_ms).await?, next_at_ms))
}

/// Has it tried again at a moment, or gives it up without one.
pub(crate) async fn put_off_until(
    store: &Store,
    mail: &OutboxMail,
    why: &str,
    next_at_ms: Option<i64>,
) -> Result<Delivered, StoreError> {
    store.outbox_failed(mail, why, next_at_ms).await?;
    if next_at_ms.is_none() {
        tracing::warn!(id = %mail.id, to = mail.recipient, attempts = mail.attempts, why, "given up");
    }
    Ok(if next_at_ms.is_some() { Delivered::Deferred } else { Delivered::Dead })
}
