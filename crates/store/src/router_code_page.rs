//! What a router's texts are read in.

use crate::engine::{Tx, on};
use crate::{RouterId, StaffAct, Store, StoreError};

impl Store {
    /// Has a router's texts read in another code page where they are not UTF-8, or in none; the name is the caller's to check.
    /// One that is set already leaves no event.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a router out of the scope.
    pub async fn staff_set_router_code_page(
        &self,
        act: &StaffAct<'_>,
        id: RouterId,
        code_page: Option<&str>,
    ) -> Result<(), StoreError> {
        let company = self.router_in(act.scope, id).await?;
        let mut tx = self.begin().await?;
        let before = crate::router::locked(&mut tx, id).await?;
        if before.code_page.as_deref() == code_page {
            return Ok(());
        }
        put(&mut tx, id, code_page).await?;
        let after = crate::router::locked(&mut tx, id).await?;
        let (subject, both) = (format!("router {}", before.name), (Some(&before), Some(&after)));
        act.record(&mut tx, company, ("router.edit", subject), both).await?;
        Ok(tx.commit().await?)
    }
}

pub(crate) async fn put(tx: &mut Tx, id: RouterId, code_page: Option<&str>) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE mikrotik_routers SET code_page = $2 WHERE id = $1";
    on!(tx, tx => sqlx::query(SQL).bind(id).bind(code_page).execute(&mut **tx).await.map(|_| ()))?;
    Ok(())
}
