use store::SessionUser;

use crate::app::App;
use crate::error::PageError;
use crate::{recovery, totp};

/// What a person has shown as second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// A code of the app.
    Code,
    /// One of the recovery codes, which is used up now.
    RecoveryCode,
}

/// Takes a code of the user's confirmed second factor, from the app or from the list; none is taken twice.
pub(crate) async fn check(
    app: &App,
    user: impl Into<SessionUser>,
    typed: &str,
) -> Result<Option<Shown>, PageError> {
    let user = user.into();
    let Some(factor) = app.store.second_factor(user).await? else { return Ok(None) };
    if factor.confirmed_at_ms.is_none() {
        return Ok(None);
    }
    let now_ms = app.clock.now_ms();
    if let Some(step) = totp::step_of(&factor.secret, typed, now_ms)? {
        let taken = app.store.take_second_factor_step(user, step).await?;
        return Ok(taken.then_some(Shown::Code));
    }
    let Some(salt) = factor.recovery_salt else { return Ok(None) };
    let Some(hash) = recovery::hash_of(app, typed, &salt).await? else { return Ok(None) };
    let taken = app.store.take_recovery_code(user, &hash, now_ms).await?;
    Ok(taken.then_some(Shown::RecoveryCode))
}
