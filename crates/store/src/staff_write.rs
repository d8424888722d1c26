//! Changes that people of the ISP make to companies, clients and routers, each with what was and what is.

use secrecy::SecretString;

use crate::engine::on;
use crate::router::RouterFields;
use crate::unique_name::{self, Named};
use crate::{
    AuditEvent, Client, ClientId, Company, CompanyEdit, CompanyId, NewRouter, RouterId, Shown, StaffAct,
    Store, StoreError, audit,
};

impl Store {
    /// Enters a client.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a company out of the scope; [`StoreError::Duplicate`] if it has a client of that name.
    pub async fn staff_add_client(
        &self,
        act: &StaffAct<'_>,
        company: CompanyId,
        name: &str,
    ) -> Result<ClientId, StoreError> {
        act.scope.check(company, "company")?;
        let mut tx = self.begin().await?;
        let id = crate::client::insert(&mut tx, company, name, act.now_ms).await?;
        let after = crate::client::locked(&mut tx, id).await?;
        let subject = format!("client {name}");
        act.record(&mut tx, company, ("client.add", subject), (None, Some(&after))).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Gives a client another name.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Changed`]; [`StoreError::Duplicate`] if the company has a client of that name.
    pub async fn staff_rename_client(
        &self,
        act: &StaffAct<'_>,
        (id, shown): (ClientId, &Shown),
        name: &str,
    ) -> Result<(), StoreError> {
        const SQL: &str =
            "UPDATE clients SET name = $2, name_folded = COALESCE($3, name_folded) WHERE id = $1";
        let company = self.client_in(act.scope, id).await?;
        let mut tx = self.begin().await?;
        let before = crate::client::locked(&mut tx, id).await?;
        shown.check(&before, "client")?;
        if before.name == name {
            return Ok(());
        }
        let own = (id.0, before.name.as_str());
        let folded = unique_name::renamed(&mut tx, Named::Client(company), own, name).await?;
        on!(&mut tx, tx => sqlx::query(SQL).bind(id).bind(name).bind(folded).execute(&mut **tx).await.map(|_| ()))
            .map_err(|error| StoreError::on_insert(error, "client", &[("name", "name")]))?;
        let after = Client { name: name.to_owned(), ..before.clone() };
        let subject = format!("client {}", before.name);
        act.record(&mut tx, company, ("client.edit", subject), (Some(&before), Some(&after))).await?;
        Ok(tx.commit().await?)
    }

    /// Keeps that somebody looked at a client's things: at most once an hour for each person.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn staff_note_view(&self, act: &StaffAct<'_>, id: ClientId) -> Result<(), StoreError> {
        const SEEN: &str = "SELECT COUNT(*) FROM audit_events
            WHERE actor = $1 AND action = 'client.view' AND subject = $2 AND company_id = $3 AND at_ms > $4";
        const HOUR_MS: i64 = 60 * 60_000;
        let company = self.client_in(act.scope, id).await?;
        let subject = format!("client {}", self.client(id).await?.name);
        let since_ms = act.now_ms - HOUR_MS;
        let seen: i64 = on!(self.reader(), db => sqlx::query_scalar(SEEN)
            .bind(act.actor).bind(&subject).bind(company).bind(since_ms).fetch_one(db).await)?;
        if seen > 0 {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        // Two pages that are opened at once wait for one another here.
        crate::client::locked(&mut tx, id).await?;
        let seen: i64 = on!(&mut tx, tx => sqlx::query_scalar(SEEN)
            .bind(act.actor).bind(&subject).bind(company).bind(since_ms).fetch_one(&mut **tx).await)?;
        if seen == 0 {
            act.record::<()>(&mut tx, company, ("client.view", subject), (None, None)).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Keeps that somebody took a file along: of one company's things, or of several's, which people of all companies see.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a company out of the scope.
    pub async fn staff_note_download(
        &self,
        act: &StaffAct<'_>,
        company: Option<CompanyId>,
        (file, subject): (&str, String),
    ) -> Result<(), StoreError> {
        if let Some(company) = company {
            act.scope.check(company, "company")?;
        }
        let event = AuditEvent {
            at_ms: act.now_ms,
            actor: act.actor.to_owned(),
            action: "download".to_owned(),
            subject,
            detail: serde_json::json!({ "file": file }),
            address: act.address.map(str::to_owned),
        };
        let mut tx = self.begin().await?;
        audit::insert_about(&mut tx, company, &event).await?;
        Ok(tx.commit().await?)
    }

    /// A client is one no longer: its people are out at once. Its links and statements stay.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for one that is retired; [`StoreError::Invalid`] while it has links.
    pub async fn staff_retire_client(&self, act: &StaffAct<'_>, id: ClientId) -> Result<(), StoreError> {
        const LINKS: &str = "SELECT COUNT(*) FROM client_links
            WHERE client_id = $1 AND (terminated_at_ms IS NULL OR terminated_at_ms > $2)";
        const SQL: &str = "UPDATE clients SET retired_at_ms = $2 WHERE id = $1";
        const USERS: &str = "SELECT id FROM client_portal_users WHERE client_id = $1";
        const OFF: &str = "UPDATE client_portal_users SET active = FALSE WHERE client_id = $1";
        let company = self.client_in(act.scope, id).await?;
        let mut tx = self.begin().await?;
        let before = crate::client::locked(&mut tx, id).await?;
        if before.retired_at_ms.is_some() {
            return Err(StoreError::NotFound { what: "client" });
        }
        let links: i64 = on!(&mut tx, tx => sqlx::query_scalar(LINKS)
            .bind(id)
            .bind(act.now_ms)
            .fetch_one(&mut **tx)
            .await)?;
        if links > 0 {
            let why = format!("it has {}: retire those first", counted(links));
            return Err(StoreError::Invalid { what: "the client", why });
        }
        let users: Vec<crate::PortalUserId> =
            on!(&mut tx, tx => sqlx::query_scalar(USERS).bind(id).fetch_all(&mut **tx).await)?;
        on!(&mut tx, tx => sqlx::query(OFF).bind(id).execute(&mut **tx).await.map(|_| ()))?;
        // Also of those who may not log in: an invitation lets them in.
        for user in users {
            crate::password_reset::end_all_of(&mut tx, user).await?;
            crate::password_reset::end_sessions(&mut tx, user, None).await?;
        }
        on!(&mut tx, tx => sqlx::query(SQL).bind(id).bind(act.now_ms).execute(&mut **tx).await.map(|_| ()))?;
        let after = Client { retired_at_ms: Some(act.now_ms), ..before.clone() };
        let subject = format!("client {}", before.name);
        act.record(&mut tx, company, ("client.retire", subject), (Some(&before), Some(&after))).await?;
        Ok(tx.commit().await?)
    }

    /// Changes a company.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Changed`]; those of [`edit_company`](Self::edit_company).
    pub async fn staff_edit_company(
        &self,
        act: &StaffAct<'_>,
        (id, shown): (CompanyId, &Shown),
        edit: &CompanyEdit<'_>,
    ) -> Result<Company, StoreError> {
        act.scope.check(id, "company")?;
        let mut tx = self.begin().await?;
        let before = crate::company_brand::locked(&mut tx, id).await?;
        shown.check(&before, "company")?;
        let after = crate::company_brand::edit_in(&mut tx, &before, edit).await?;
        if after == before {
            return Ok(before);
        }
        let subject = format!("company {}", before.name);
        act.record(&mut tx, id, ("company.edit", subject), (Some(&before), Some(&after))).await?;
        tx.commit().await?;
        Ok(after)
    }

    /// Enters a router with its password sealed.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a company out of the scope; those of [`insert_router`](Self::insert_router).
    pub async fn staff_add_router(
        &self,
        act: &StaffAct<'_>,
        new: &NewRouter<'_>,
    ) -> Result<RouterId, StoreError> {
        act.scope.check(new.company_id, "company")?;
        let mut tx = self.begin().await?;
        let id = self.insert_router_in(&mut tx, new, act.now_ms).await?;
        let after = crate::router::locked(&mut tx, id).await?;
        let subject = format!("router {}", new.name);
        act.record(&mut tx, new.company_id, ("router.add", subject), (None, Some(&after))).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Changes a router, and its password if one is given; the event says that it was, and never which. A sealed password is
    /// never sent where it was not meant for: whoever changes address, port or TLS must know it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Changed`], [`StoreError::Duplicate`] if the name is taken,
    /// [`StoreError::MissingKey`]; [`StoreError::Invalid`] if the connection changes and no password is given.
    pub async fn staff_edit_router(
        &self,
        act: &StaffAct<'_>,
        (id, shown): (RouterId, &Shown),
        fields: &RouterFields<'_>,
        password: Option<&SecretString>,
    ) -> Result<(), StoreError> {
        const SEALED: &str = "SELECT password_sealed FROM mikrotik_routers WHERE id = $1";
        let company = self.router_in(act.scope, id).await?;
        let mut tx = self.begin().await?;
        let before = crate::router::locked(&mut tx, id).await?;
        let sealed: String =
            on!(&mut tx, tx => sqlx::query_scalar(SEALED).bind(id).fetch_one(&mut **tx).await)?;
        shown.check(&(&before, sealed), "router")?;
        let goes_elsewhere =
            (before.address.as_str(), before.port, &before.tls) != (fields.address, fields.port, &fields.tls);
        if goes_elsewhere && password.is_none() {
            let why =
                "it would be sent to another address or over another connection: type it again".to_owned();
            return Err(StoreError::Invalid { what: "the password", why });
        }
        crate::router::update(&mut tx, &before, fields).await?;
        if let Some(password) = password {
            self.set_router_password_in(&mut tx, id, password).await?;
        }
        let after = crate::router::locked(&mut tx, id).await?;
        if after != before {
            let (subject, both) = (format!("router {}", before.name), (Some(&before), Some(&after)));
            act.record(&mut tx, company, ("router.edit", subject), both).await?;
        }
        if password.is_some() {
            let subject = format!("router {}", after.name);
            act.record::<()>(&mut tx, company, ("router.password", subject), (None, None)).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Seals another password of a router; the event says that, and never which.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::MissingKey`].
    pub async fn staff_set_router_password(
        &self,
        act: &StaffAct<'_>,
        id: RouterId,
        password: &SecretString,
    ) -> Result<(), StoreError> {
        let company = self.router_in(act.scope, id).await?;
        let mut tx = self.begin().await?;
        let router = crate::router::locked(&mut tx, id).await?;
        self.set_router_password_in(&mut tx, id, password).await?;
        let subject = format!("router {}", router.name);
        act.record::<()>(&mut tx, company, ("router.password", subject), (None, None)).await?;
        Ok(tx.commit().await?)
    }

    /// Has a router polled, or no longer.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Invalid`] to switch one off that has links.
    pub async fn staff_poll_router(
        &self,
        act: &StaffAct<'_>,
        id: RouterId,
        active: bool,
    ) -> Result<(), StoreError> {
        const LINKS: &str = "SELECT COUNT(*) FROM client_links
            WHERE router_id = $1 AND (terminated_at_ms IS NULL OR terminated_at_ms > $2)";
        const SQL: &str = "UPDATE mikrotik_routers SET active = $2 WHERE id = $1";
        let company = self.router_in(act.scope, id).await?;
        let mut tx = self.begin().await?;
        if active {
            crate::company::check_in_use(&mut tx, company, "the router").await?;
        }
        let before = crate::router::locked(&mut tx, id).await?;
        if before.active == active {
            return Ok(());
        }
        let links: i64 = on!(&mut tx, tx => sqlx::query_scalar(LINKS)
            .bind(id)
            .bind(act.now_ms)
            .fetch_one(&mut **tx)
            .await)?;
        if !active && links > 0 {
            let why = format!("it carries {}: retire those first", counted(links));
            return Err(StoreError::Invalid { what: "the router", why });
        }
        on!(&mut tx, tx => sqlx::query(SQL).bind(id).bind(active).execute(&mut **tx).await.map(|_| ()))?;
        let after = crate::router::locked(&mut tx, id).await?;
        let action = if active { "router.poll" } else { "router.retire" };
        let subject = format!("router {}", before.name);
        act.record(&mut tx, company, (action, subject), (Some(&before), Some(&after))).await?;
        Ok(tx.commit().await?)
    }
}

fn counted(links: i64) -> String {
    if links == 1 { "one link under contract".to_owned() } else { format!("{links} links under contract") }
}
