//! What people of the ISP do with the people of clients.

use crate::engine::on;
use crate::password_reset::{self, ResetPurpose, Wish};
use crate::portal_team::{self, Invitation};
use crate::{
    CompanyId, PortalRole, PortalUser, PortalUserId, Shown, StaffAct, StaffPortalUser, StaffScope, Store,
    StoreError, portal_user, second_factor,
};

/// What becomes of somebody's right to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortalAccess {
    /// May log in.
    On,
    /// May not, whatever the password: sessions and links end.
    Off,
}

impl Store {
    /// Whose company somebody belongs to.
    async fn portal_user_in(&self, scope: &StaffScope, id: PortalUserId) -> Result<CompanyId, StoreError> {
        const SQL: &str = "SELECT c.company_id FROM client_portal_users u
            JOIN clients c ON c.id = u.client_id WHERE u.id = $1";
        let found: Option<CompanyId> =
            on!(self.reader(), db => sqlx::query_scalar(SQL).bind(id).fetch_optional(db).await)?;
        scope.check(found.ok_or(StoreError::NotFound { what: "portal user" })?, "portal user")
    }

    /// One person of a client.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none within the scope; so below.
    pub async fn staff_portal_user(
        &self,
        scope: &StaffScope,
        id: PortalUserId,
    ) -> Result<StaffPortalUser, StoreError> {
        const SQL: &str = "SELECT u.id, u.username, u.email, u.role, u.active, u.client_id, c.name AS client,
                f.confirmed_at_ms IS NOT NULL AS second_factor, u.password_hash <> '!' AS has_password
            FROM client_portal_users u JOIN clients c ON c.id = u.client_id
            LEFT JOIN second_factors f ON f.portal_user_id = u.id WHERE u.id = $1";
        self.portal_user_in(scope, id).await?;
        Ok(on!(self.reader(), db => sqlx::query_as(SQL).bind(id).fetch_one(db).await)?)
    }

    /// The same as a form shows it.
    pub async fn shown_portal_user(
        &self,
        scope: &StaffScope,
        id: PortalUserId,
    ) -> Result<(PortalUser, Shown), StoreError> {
        self.portal_user_in(scope, id).await?;
        let event = self.newest_event().await?;
        let user = self.portal_user(id).await?;
        let shown = Shown::of(&user, event)?;
        Ok((user, shown))
    }

    /// Enters somebody: with the hash of a password, or invited by mail to set one.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] if the user name is taken; [`StoreError::Invalid`] for a client that is retired or has as many
    /// people as may be.
    pub async fn staff_add_portal_user(
        &self,
        act: &StaffAct<'_>,
        new: Invitation<'_>,
        password_hash: Option<&str>,
    ) -> Result<PortalUserId, StoreError> {
        let company = self.client_in(act.scope, new.client).await?;
        let mut tx = self.begin().await?;
        let id = match password_hash {
            Some(hash) => portal_user::insert(&mut tx, new, hash, true, act.now_ms).await?,
            None => portal_team::invite_in(&mut tx, new, act.now_ms).await?,
        };
        let after = portal_user::locked(&mut tx, id).await?;
        let subject = format!("portal user {}", after.username);
        act.record(&mut tx, company, ("user.add", subject), (None, Some(&after))).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Gives somebody another address or role. Links that went to another address are of no use from then on.
    ///
    /// # Errors
    /// [`StoreError::Changed`].
    pub async fn staff_edit_portal_user(
        &self,
        act: &StaffAct<'_>,
        (id, shown): (PortalUserId, &Shown),
        (email, role): (&str, PortalRole),
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE client_portal_users SET email = $2, role = $3 WHERE id = $1";
        let company = self.portal_user_in(act.scope, id).await?;
        let moves = self.portal_user(id).await?.email != email;
        let mut tx = self.begin().await?;
        if moves {
            // Links before their person, as whoever uses one does.
            password_reset::end_all_of(&mut tx, id).await?;
        }
        let before = portal_user::locked(&mut tx, id).await?;
        shown.check(&before, "portal user")?;
        if (before.email.as_str(), before.role) == (email, role) {
            return Ok(());
        }
        on!(&mut tx, tx => sqlx::query(SQL)
            .bind(id)
            .bind(email)
            .bind(role.as_str())
            .execute(&mut **tx)
            .await
            .map(|_| ()))?;
        let after = portal_user::locked(&mut tx, id).await?;
        let subject = format!("portal user {}", before.username);
        act.record(&mut tx, company, ("user.edit", subject), (Some(&before), Some(&after))).await?;
        Ok(tx.commit().await?)
    }

    /// Lets somebody log in, or no longer.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for who has no password yet, and where the client is retired.
    pub async fn staff_set_portal_access(
        &self,
        act: &StaffAct<'_>,
        id: PortalUserId,
        access: PortalAccess,
    ) -> Result<(), StoreError> {
        let company = self.portal_user_in(act.scope, id).await?;
        let active = access == PortalAccess::On;
        let client = self.portal_user(id).await?.client_id;
        let mut tx = self.begin().await?;
        if active {
            // The client first, as whoever retires it does.
            crate::client::check_in_use(&mut tx, client, "the portal user").await?;
        } else {
            password_reset::end_all_of(&mut tx, id).await?;
        }
        let before = portal_user::locked(&mut tx, id).await?;
        if active && !portal_team::has_password(&mut tx, id).await? {
            let why = "nobody has set a password yet: send the link".to_owned();
            return Err(StoreError::Invalid { what: "the portal user", why });
        }
        portal_user::set_active(&mut tx, id, active).await?;
        let after = portal_user::locked(&mut tx, id).await?;
        // Whoever was invited could not log in before either, but now the invitation has ended.
        if active && after == before {
            return Ok(());
        }
        let subject = format!("portal user {}", before.username);
        let action = if active { "user.on" } else { "user.off" };
        act.record(&mut tx, company, (action, subject), (Some(&before), Some(&after))).await?;
        Ok(tx.commit().await?)
    }

    /// Sends somebody a link to set a password: an invitation to who has none yet. Earlier links end.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for who may not log in any more.
    pub async fn staff_send_password_link(
        &self,
        act: &StaffAct<'_>,
        id: PortalUserId,
    ) -> Result<(), StoreError> {
        let company = self.portal_user_in(act.scope, id).await?;
        let client = self.portal_user(id).await?.client_id;
        let mut tx = self.begin().await?;
        crate::client::check_in_use(&mut tx, client, "the portal user").await?;
        password_reset::end_all_of(&mut tx, id).await?;
        let user = portal_user::locked(&mut tx, id).await?;
        let purpose = match (portal_team::has_password(&mut tx, id).await?, user.active) {
            (false, _) => ResetPurpose::Invitation,
            (true, true) => ResetPurpose::Reset,
            (true, false) => {
                let why = "this person may not log in: let them in first".to_owned();
                return Err(StoreError::Invalid { what: "the portal user", why });
            }
        };
        let wish = Wish { purpose, username: &user.username, address: None };
        password_reset::insert(&mut tx, wish, act.now_ms).await?;
        let subject = format!("portal user {}", user.username);
        act.record::<()>(&mut tx, company, ("user.link", subject), (None, None)).await?;
        Ok(tx.commit().await?)
    }

    /// Takes the second factor of somebody away who has lost it, and ends every session; the person is told by mail.
    ///
    /// Returns whether there was one.
    pub async fn staff_recover_portal_user(
        &self,
        act: &StaffAct<'_>,
        id: PortalUserId,
    ) -> Result<bool, StoreError> {
        let company = self.portal_user_in(act.scope, id).await?;
        let mut tx = self.begin().await?;
        let user = portal_user::locked(&mut tx, id).await?;
        let event = act.event("user.recover", format!("portal user {}", user.username));
        let had_one = second_factor::delete_about(&mut tx, id.into(), Some(company), &event).await?;
        password_reset::end_sessions(&mut tx, id, None).await?;
        tx.commit().await?;
        Ok(had_one)
    }
}
