//! Changes to people of the ISP by their admins: each ends what must end with it, and leaves its event. Nobody gives more than
//! they have, and somebody stays who can see to all of it.

use crate::engine::{Differs, Tx, on};
use crate::password_reset::ResetPurpose;
use crate::staff_password::{self, NO_PASSWORD};
use crate::staff_team::{self, Standing};
use crate::staff_user_write::{end_sessions, write};
use crate::{
    CompanyId, NewStaffUser, SessionUser, Shown, StaffAct, StaffRole, StaffScope, StaffUserEdit, StaffUserId,
    Store, StoreError, second_factor, staff_user,
};

/// What is refused is about the companies, for the form.
pub const STAFF_COMPANIES: &str = "the companies";
const MEMBER: &str = "the staff user";

// SQLite has one writer; on PostgreSQL two admins who remove each other at once must wait for one another.
const LEADING: Differs = Differs {
    sqlite: "SELECT id FROM staff_users WHERE role = 'admin' AND all_companies AND disabled_at_ms IS NULL
        AND password_hash <> $1 ORDER BY id",
    postgres: "SELECT id FROM staff_users WHERE role = 'admin' AND all_companies AND disabled_at_ms IS NULL
        AND password_hash <> $1 ORDER BY id FOR UPDATE",
};

impl Store {
    /// Enters a person of the ISP: with the hash of a password, or invited by mail to set one.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] if the user name is taken, in whatever case; [`StoreError::Dangling`] for a company that does
    /// not exist; [`StoreError::Invalid`] for companies that whoever does it does not work for.
    pub async fn staff_add_member(
        &self,
        act: &StaffAct<'_>,
        new: &NewStaffUser<'_>,
    ) -> Result<StaffUserId, StoreError> {
        check_grant(act, &new.scope)?;
        let mut tx = self.begin().await?;
        let id = staff_user::insert(&mut tx, new, act.now_ms).await?;
        if new.password_hash == NO_PASSWORD {
            staff_password::insert(&mut tx, ResetPurpose::Invitation, new.username, None, act.now_ms).await?;
        }
        let after = staff_team::locked(&mut tx, id).await?;
        record(&mut tx, act, "staff.add", (None, Some(&after))).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Changes what `edit` names. Whoever may do less than before is out at once; links that are under way end where address,
    /// role, companies or the right to log in change.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for who is not within the scope, or works for another company as well; [`StoreError::Changed`];
    /// [`StoreError::Dangling`] for a company that does not exist; [`StoreError::Invalid`] for companies that whoever does it
    /// does not work for, for a change of one's own rights, and where nobody would be left who sees to all companies.
    pub async fn staff_edit_member(
        &self,
        act: &StaffAct<'_>,
        (id, shown): (StaffUserId, Option<&Shown>),
        edit: &StaffUserEdit<'_>,
    ) -> Result<(), StoreError> {
        if let Some(scope) = &edit.scope {
            check_grant(act, scope)?;
        }
        let is = self.staff_member(act.scope, id).await?;
        let mut tx = self.begin().await?;
        let moves = edit.email.is_some_and(|email| email != is.email);
        let turns = edit.role.is_some_and(|role| role != is.role)
            || edit.scope.as_ref().is_some_and(|scope| *scope != is.scope());
        if moves || turns || edit.active == Some(false) {
            // Links before their person, as whoever uses one does.
            staff_password::end_all_of(&mut tx, id).await?;
        }
        let leading = leading(&mut tx).await?;
        let before = held(&mut tx, act, id).await?;
        if let Some(shown) = shown {
            shown.check(&before, "staff user")?;
        }
        if moves || turns || edit.active == Some(false) {
            // One that was asked for before the person was held.
            staff_password::end_all_of(&mut tx, id).await?;
        }
        write(&mut tx, id, edit, act.now_ms).await?;
        let after = staff_team::locked(&mut tx, id).await?;
        if after == before {
            return if edit.active == Some(false) { Ok(tx.commit().await?) } else { Ok(()) };
        }
        let rights = |one: &Standing| (one.role, one.scope.clone(), one.active);
        if rights(&before) != rights(&after) {
            check_other(act, &before)?;
        }
        check_lead(&leading, id, Some(&after))?;
        if shrinks(&before, &after) {
            end_sessions(&mut tx, id, None).await?;
        }
        let action = match (before.active, after.active) {
            (false, true) => "staff.on",
            (true, false) => "staff.off",
            _ => "staff.edit",
        };
        record(&mut tx, act, action, (Some(&before), Some(&after))).await?;
        Ok(tx.commit().await?)
    }

    /// Removes a person of the ISP with sessions, links and second factor. The audit log goes on naming what this person did.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Invalid`] for oneself, and where nobody would be left who sees to all companies.
    pub async fn staff_remove_member(&self, act: &StaffAct<'_>, id: StaffUserId) -> Result<(), StoreError> {
        const SQL: [&str; 8] = [
            "UPDATE password_resets SET ended = TRUE WHERE staff_user_id = $1",
            "DELETE FROM password_reset_tokens WHERE reset_id IN (SELECT id FROM password_resets WHERE staff_user_id = $1)",
            "DELETE FROM password_resets WHERE staff_user_id = $1",
            "DELETE FROM recovery_codes WHERE staff_user_id = $1",
            "DELETE FROM second_factors WHERE staff_user_id = $1",
            "DELETE FROM staff_user_companies WHERE staff_user_id = $1",
            "DELETE FROM pending_logins WHERE staff_user_id = $1",
            "DELETE FROM sessions WHERE staff_user_id = $1",
        ];
        const USER: &str = "DELETE FROM staff_users WHERE id = $1";
        self.staff_member(act.scope, id).await?;
        let mut tx = self.begin().await?;
        staff_password::end_all_of(&mut tx, id).await?;
        let leading = leading(&mut tx).await?;
        let before = held(&mut tx, act, id).await?;
        check_other(act, &before)?;
        check_lead(&leading, id, None)?;
        for sql in SQL.into_iter().chain([USER]) {
            on!(&mut tx, tx => sqlx::query(sql).bind(id).execute(&mut **tx).await.map(|_| ()))?;
        }
        record(&mut tx, act, "staff.remove", (Some(&before), None)).await?;
        Ok(tx.commit().await?)
    }

    /// Sends somebody a link to set a password: an invitation to who has none yet. Earlier links end.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Invalid`] for who may not log in any more.
    pub async fn staff_send_member_link(
        &self,
        act: &StaffAct<'_>,
        id: StaffUserId,
    ) -> Result<(), StoreError> {
        self.staff_member(act.scope, id).await?;
        let mut tx = self.begin().await?;
        staff_password::end_all_of(&mut tx, id).await?;
        let user = held(&mut tx, act, id).await?;
        if !user.active {
            let why = "this person may not log in: let them in first".to_owned();
            return Err(StoreError::Invalid { what: MEMBER, why });
        }
        let purpose = if user.has_password { ResetPurpose::Reset } else { ResetPurpose::Invitation };
        staff_password::insert(&mut tx, purpose, &user.username, None, act.now_ms).await?;
        let company = company_of(Some(&user), None);
        act.record::<()>(&mut tx, company, ("staff.link", subject(&user)), (None, None)).await?;
        Ok(tx.commit().await?)
    }

    /// For one who has lost phone and codes: the second factor goes, and every session ends; `false` if there was none.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Invalid`] for oneself: that takes the password and a code.
    pub async fn staff_recover_member(
        &self,
        act: &StaffAct<'_>,
        id: StaffUserId,
    ) -> Result<bool, StoreError> {
        self.staff_member(act.scope, id).await?;
        let mut tx = self.begin().await?;
        let user = held(&mut tx, act, id).await?;
        if is_own(act, &user) {
            let why = "your own is switched off under Password and second factor".to_owned();
            return Err(StoreError::Invalid { what: MEMBER, why });
        }
        let event = act.event("staff.recover", subject(&user));
        let company = company_of(Some(&user), None);
        let had_one = second_factor::delete_about(&mut tx, SessionUser::Staff(id), company, &event).await?;
        end_sessions(&mut tx, id, None).await?;
        tx.commit().await?;
        Ok(had_one)
    }
}

/// Only who works for no company outside of it is found.
async fn held(tx: &mut Tx, act: &StaffAct<'_>, id: StaffUserId) -> Result<Standing, StoreError> {
    let found = staff_team::locked(tx, id).await?;
    if act.scope.manages(&found.scope) { Ok(found) } else { Err(StoreError::NotFound { what: "staff user" }) }
}

/// Nobody gives what is not theirs.
fn check_grant(act: &StaffAct<'_>, scope: &StaffScope) -> Result<(), StoreError> {
    if act.scope.manages(scope) {
        return Ok(());
    }
    let why = "you can only give companies that you work for yourself, and at least one".to_owned();
    Err(StoreError::Invalid { what: STAFF_COMPANIES, why })
}

fn is_own(act: &StaffAct<'_>, user: &Standing) -> bool {
    act.actor.strip_prefix("staff:") == Some(user.username.as_str())
}

fn check_other(act: &StaffAct<'_>, user: &Standing) -> Result<(), StoreError> {
    if !is_own(act, user) {
        return Ok(());
    }
    let why =
        "nobody changes their own role or companies, or takes themselves out: ask another admin".to_owned();
    Err(StoreError::Invalid { what: MEMBER, why })
}

/// Those who may see to all companies and their people, and get in.
async fn leading(tx: &mut Tx) -> Result<Vec<StaffUserId>, StoreError> {
    let sql = LEADING.on(tx);
    Ok(on!(tx, tx => sqlx::query_scalar(sql).bind(NO_PASSWORD).fetch_all(&mut **tx).await)?)
}

fn check_lead(leading: &[StaffUserId], id: StaffUserId, after: Option<&Standing>) -> Result<(), StoreError> {
    if leading != [id] || after.is_some_and(Standing::leads_all) {
        return Ok(());
    }
    let why =
        "this is the last admin of all companies who can log in: make somebody else one first".to_owned();
    Err(StoreError::Invalid { what: MEMBER, why })
}

fn shrinks(before: &Standing, after: &Standing) -> bool {
    let rank = |role| match role {
        StaffRole::Viewer => 0,
        StaffRole::Operator => 1,
        StaffRole::Admin => 2,
    };
    rank(after.role) < rank(before.role)
        || !after.scope.covers(&before.scope)
        || before.active && !after.active
}

fn subject(user: &Standing) -> String {
    format!("staff user {}", user.username)
}

/// Whose people see the event: those of the one company that the person worked for and works for; else those of all.
fn company_of(before: Option<&Standing>, after: Option<&Standing>) -> Option<CompanyId> {
    let mut found = None;
    for side in before.into_iter().chain(after) {
        let StaffScope::Companies(companies) = &side.scope else { return None };
        for company in companies {
            if found.is_some_and(|found| found != *company) {
                return None;
            }
            found = Some(*company);
        }
    }
    found
}

async fn record(
    tx: &mut Tx,
    act: &StaffAct<'_>,
    action: &str,
    (before, after): (Option<&Standing>, Option<&Standing>),
) -> Result<(), StoreError> {
    let Some(user) = before.or(after) else { return Ok(()) };
    act.record(tx, company_of(before, after), (action, subject(user)), (before, after)).await
}
