//! Companies as people of the ISP enter and retire them.

use crate::engine::on;
use crate::{Company, CompanyId, StaffAct, StaffScope, Store, StoreError, company, company_brand};

impl Store {
    /// Enters a company, for somebody who works for all.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for who works for some only; [`StoreError::Duplicate`] if the name is taken.
    pub async fn staff_add_company(
        &self,
        act: &StaffAct<'_>,
        new: (&str, &str, &str),
    ) -> Result<CompanyId, StoreError> {
        for_all(act)?;
        let mut tx = self.begin().await?;
        let id = company::insert(&mut tx, new, act.now_ms).await?;
        let after = company_brand::locked(&mut tx, id).await?;
        let subject = format!("company {}", after.name);
        act.record(&mut tx, id, ("company.add", subject), (None, Some(&after))).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// A company sells no more. What it sold stays on record.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for one that is retired; [`StoreError::Invalid`] while it has clients or routers, and
    /// for who works for some companies only.
    pub async fn staff_retire_company(&self, act: &StaffAct<'_>, id: CompanyId) -> Result<(), StoreError> {
        const CLIENTS: &str = "SELECT COUNT(*) FROM clients WHERE company_id = $1 AND retired_at_ms IS NULL";
        const ROUTERS: &str = "SELECT COUNT(*) FROM mikrotik_routers WHERE company_id = $1 AND active";
        const SQL: &str = "UPDATE companies SET retired_at_ms = $2 WHERE id = $1";
        act.scope.check(id, "company")?;
        for_all(act)?;
        let mut tx = self.begin().await?;
        let before = company_brand::locked(&mut tx, id).await?;
        if before.retired_at_ms.is_some() {
            return Err(StoreError::NotFound { what: "company" });
        }
        let clients: i64 =
            on!(&mut tx, tx => sqlx::query_scalar(CLIENTS).bind(id).fetch_one(&mut **tx).await)?;
        let routers: i64 =
            on!(&mut tx, tx => sqlx::query_scalar(ROUTERS).bind(id).fetch_one(&mut **tx).await)?;
        if clients + routers > 0 {
            let why = format!("it has {clients} clients and {routers} routers: retire those first");
            return Err(StoreError::Invalid { what: "the company", why });
        }
        on!(&mut tx, tx => sqlx::query(SQL).bind(id).bind(act.now_ms).execute(&mut **tx).await.map(|_| ()))?;
        let after = Company { retired_at_ms: Some(act.now_ms), ..before.clone() };
        let subject = format!("company {}", before.name);
        act.record(&mut tx, id, ("company.retire", subject), (Some(&before), Some(&after))).await?;
        Ok(tx.commit().await?)
    }
}

fn for_all(act: &StaffAct<'_>) -> Result<(), StoreError> {
    match act.scope {
        StaffScope::All => Ok(()),
        StaffScope::Companies(_) => {
            let why = "only somebody who works for all companies may do that".to_owned();
            Err(StoreError::Invalid { what: "the company", why })
        }
    }
}
