use std::sync::{Arc, LazyLock};

use secrecy::{ExposeSecret, SecretString};
use store::{PortalUser, StaffUser};

use crate::app::App;
use crate::caller::Caller;
use crate::error::PageError;
use crate::gate::Pass;
use crate::password::{PasswordError, hash_password, hash_unchecked, is_hash, needs_rehash, verify_password};
use crate::session::PersonSession;
use crate::throttle::{Attempt, Refused};

/// A hash that no password fits, for the work of checking one when the user does not exist.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| {
    let mut password = [0; 32];
    getrandom::fill(&mut password).ok()?;
    hash_unchecked(&password.map(|byte| format!("{byte:02x}")).concat()).ok()
});

/// Whether the person at the keyboard is who the session says.
pub(crate) enum Confirmed {
    Yes,
    Wrong,
    Refused(Refused),
}

/// The user whose password this is. The work is the same whether the user exists or not.
pub(crate) async fn user_with(
    app: &App,
    username: &str,
    password: SecretString,
    permit: Arc<Pass>,
) -> Result<Option<PortalUser>, PageError> {
    let found = app.store.portal_user_by_username(username).await?;
    let (user, stored) = found.map_or((None, None), |(user, hash)| (Some(user), Some(hash)));
    let (fits, renewed) = verify(stored, password, permit).await?;
    let Some(user) = user.filter(|user| fits && user.active) else { return Ok(None) };
    if app.store.client(user.client_id).await?.retired_at_ms.is_some() {
        return Ok(None);
    }
    if let Some(renewed) = renewed {
        app.store.set_portal_user_password_hash(user.id, &renewed).await?;
    }
    Ok(Some(user))
}

/// The person of the ISP whose password this is.
pub(crate) async fn staff_with(
    app: &App,
    username: &str,
    password: SecretString,
    permit: Arc<Pass>,
) -> Result<Option<StaffUser>, PageError> {
    let found = app.store.staff_user_by_username(username).await?;
    let (user, stored) = found.map_or((None, None), |(user, hash)| (Some(user), Some(hash)));
    let (fits, renewed) = verify(stored, password, permit).await?;
    let Some(user) = user.filter(|user| fits && user.is_active()) else { return Ok(None) };
    if let Some(renewed) = renewed {
        app.store.set_staff_password_hash(user.id, &renewed).await?;
    }
    Ok(Some(user))
}

/// Whether a password fits, and its new hash if the old one is out of date.
async fn verify(
    stored: Option<String>,
    password: SecretString,
    permit: Arc<Pass>,
) -> Result<(bool, Option<String>), PageError> {
    let work = move || {
        let _permit = permit;
        let stored = hash_to_check(stored);
        let fits = verify_password(&password, &stored);
        let renewed = (fits && needs_rehash(&stored)).then(|| hash_unchecked(password.expose_secret()));
        (fits, renewed)
    };
    let (fits, renewed) = tokio::task::spawn_blocking(work).await.map_err(internal)?;
    Ok((fits, renewed.transpose().map_err(internal)?))
}

/// What a password is checked against: of somebody who has none, for example because the invitation was not used yet,
/// as of nobody at all, so that it takes as long.
fn hash_to_check(stored: Option<String>) -> String {
    stored.filter(|stored| is_hash(stored)).or_else(|| NOBODY.clone()).unwrap_or_default()
}

/// Asks for the password again before something that an open browser alone must not do. Counted like a login.
pub(crate) async fn confirm(
    app: &App,
    session: &PersonSession,
    caller: &Caller,
    password: SecretString,
) -> Result<Confirmed, PageError> {
    let username = &session.user.username;
    let attempt = Attempt::password(username, caller);
    let permit = match attempt.enter(app).await? {
        Ok(permit) => permit,
        Err(refused) => return Ok(Confirmed::Refused(refused)),
    };
    if user_with(app, username, password, Arc::clone(&permit)).await?.is_some() {
        return Ok(Confirmed::Yes);
    }
    attempt.failed(app);
    drop(permit);
    Ok(Confirmed::Wrong)
}

/// A new password's hash, or why it is refused. `about` are words that it must not contain: the person's own names.
pub(crate) async fn new_hash(
    app: &App,
    password: SecretString,
    about: &[&str],
) -> Result<Result<String, PasswordError>, PageError> {
    if contains_one_of(password.expose_secret(), about) {
        return Ok(Err(PasswordError::AboutYou));
    }
    let permit = Arc::clone(&app.hashing).acquire_owned().await.map_err(internal)?;
    let work = move || {
        let _permit = permit;
        hash_password(&password)
    };
    tokio::task::spawn_blocking(work).await.map_err(internal)
}

/// Why a password is refused, for the person; what is no refusal is our own failure.
pub(crate) fn problem(error: PasswordError) -> Result<String, PageError> {
    if let PasswordError::Hash(_) = error {
        return Err(internal(error));
    }
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    Ok(format!("{first}{}.", letters.as_str()))
}

/// A name of four letters and more in a password is the first thing that somebody who knows it tries.
fn contains_one_of(password: &str, about: &[&str]) -> bool {
    const NAME_CHARS_MIN: usize = 4;
    let password = password.to_lowercase();
    let names = about.iter().map(|name| name.trim().to_lowercase());
    names.filter(|name| name.chars().count() >= NAME_CHARS_MIN).any(|name| password.contains(&name))
}

fn internal(error: impl std::fmt::Display) -> PageError {
    PageError::Internal(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invited_account_is_checked_as_long_as_one_that_nobody_has() {
        let nobody = hash_to_check(None);
        assert!(is_hash(&nobody));
        for without_password in ["", "!", "hash", "$argon2id$"] {
            assert_eq!(hash_to_check(Some(without_password.to_owned())), nobody);
        }
        let mine = hash_unchecked("correct horse battery").unwrap();
        assert_eq!(hash_to_check(Some(mine.clone())), mine);
    }

    #[test]
    fn ones_own_name_makes_no_password() {
        let about = ["asha", "asha@deccan.example", "Al"];
        assert!(contains_one_of("my name is Asha 99", &about));
        assert!(contains_one_of("ASHA@deccan.example", &about));
        assert!(!contains_one_of("all of this is salt", &about), "short names are in many words");
    }
}
