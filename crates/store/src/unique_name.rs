//! Names that only one thing may have, held by the database in their folded form.

use std::collections::HashSet;

use crate::engine::{Tx, on};
use crate::{CompanyId, Store, StoreError, TakenName, folded_name};

/// What a name belongs to, and within what it is unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// A company.
    Company,
    /// A client of this company.
    Client(CompanyId),
    /// A router.
    Router,
    /// A link, by its circuit id.
    Link,
    /// A portal user.
    PortalUser,
    /// A staff user.
    StaffUser,
}

impl Named {
    /// The kind of thing and the field, for people.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Company => ("company", "name"),
            Self::Client(_) => ("client", "name"),
            Self::Router => ("router", "name"),
            Self::Link => ("link", "circuit"),
            Self::PortalUser => ("portal user", "user name"),
            Self::StaffUser => ("staff user", "user name"),
        }
    }

    /// The name of another row with that folded name; `$2`: the row whose name it may be.
    fn sql(self) -> &'static str {
        match self {
            Self::Company => "SELECT name FROM companies WHERE name_folded = $1 AND ($2 IS NULL OR id <> $2)",
            Self::Client(_) => {
                "SELECT name FROM clients WHERE name_folded = $1 AND ($2 IS NULL OR id <> $2) AND company_id = $3"
            }
            Self::Router => {
                "SELECT name FROM mikrotik_routers WHERE name_folded = $1 AND ($2 IS NULL OR id <> $2)"
            }
            Self::Link => {
                "SELECT circuit FROM client_links WHERE circuit_folded = $1 AND ($2 IS NULL OR id <> $2)"
            }
            Self::PortalUser => {
                "SELECT username FROM client_portal_users WHERE username_folded = $1 AND ($2 IS NULL OR id <> $2)"
            }
            Self::StaffUser => {
                "SELECT username FROM staff_users WHERE username_folded = $1 AND ($2 IS NULL OR id <> $2)"
            }
        }
    }
}

impl Store {
    /// Refuses a name that something has, before much is done for it; entering it asks again.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`], which names what has it.
    pub async fn check_name_free(&self, of: Named, name: &str) -> Result<(), StoreError> {
        free(&mut self.begin_reading().await?, of, name, None).await.map(drop)
    }
}

/// The folded form of a name that nothing has, or nothing but the row `own`. Between two transactions that ask at once the
/// unique indexes decide: the second one is refused as any other duplicate.
pub(crate) async fn free(tx: &mut Tx, of: Named, name: &str, own: Option<i64>) -> Result<String, StoreError> {
    let folded = folded_name(name);
    let sql = of.sql();
    let existing: Option<String> = match of {
        Named::Client(company) => on!(tx, tx => sqlx::query_scalar(sql)
            .bind(&folded)
            .bind(own)
            .bind(company)
            .fetch_optional(&mut **tx)
            .await)?,
        _ => on!(tx, tx => sqlx::query_scalar(sql).bind(&folded).bind(own).fetch_optional(&mut **tx).await)?,
    };
    let Some(existing) = existing else { return Ok(folded) };
    let (what, field) = of.words();
    let taken = TakenName { what, existing, given: name.to_owned() };
    Err(StoreError::Duplicate { what, field, taken: Some(Box::new(taken)) })
}

/// The same for a row that gets another name; with the name that it has already, it keeps what it has: of the same names in an
/// old database, all but one are without a folded form.
pub(crate) async fn renamed(
    tx: &mut Tx,
    of: Named,
    (id, before): (i64, &str),
    name: &str,
) -> Result<Option<String>, StoreError> {
    if before == name { Ok(None) } else { free(tx, of, name, Some(id)).await.map(Some) }
}

/// Every column of names: what it is unique within, read, and written.
const COLUMNS: [(&str, &str); 6] = [
    (
        "SELECT id, CAST(0 AS BIGINT), name FROM companies ORDER BY id",
        "UPDATE companies SET name_folded = $2 WHERE id = $1",
    ),
    (
        "SELECT id, company_id, name FROM clients ORDER BY id",
        "UPDATE clients SET name_folded = $2 WHERE id = $1",
    ),
    (
        "SELECT id, CAST(0 AS BIGINT), name FROM mikrotik_routers ORDER BY id",
        "UPDATE mikrotik_routers SET name_folded = $2 WHERE id = $1",
    ),
    (
        "SELECT id, CAST(0 AS BIGINT), circuit FROM client_links ORDER BY id",
        "UPDATE client_links SET circuit_folded = $2 WHERE id = $1",
    ),
    (
        "SELECT id, CAST(0 AS BIGINT), username FROM client_portal_users ORDER BY id",
        "UPDATE client_portal_users SET username_folded = $2 WHERE id = $1",
    ),
    (
        "SELECT id, CAST(0 AS BIGINT), username FROM staff_users ORDER BY id",
        "UPDATE staff_users SET username_folded = $2 WHERE id = $1",
    ),
];

/// Folds the names that an older version entered: once, when a database is first opened. Of the same names the first is
/// folded, and the others stay as they are.
pub(crate) async fn upgrade(store: &Store) -> Result<(), StoreError> {
    const DONE: &str = "folded_names";
    const FORM: &str = "1";
    const CLAIM: &str = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
    if store.meta(DONE).await?.is_some() {
        return Ok(());
    }
    let mut tx = store.begin().await?;
    let claimed = on!(&mut tx, tx => sqlx::query(CLAIM)
        .bind(DONE)
        .bind(FORM)
        .execute(&mut **tx)
        .await
        .map(|done| done.rows_affected()))?;
    // Another process that opens the same database was first, and has committed.
    if claimed == 0 {
        return Ok(());
    }
    for (read, write) in COLUMNS {
        let rows: Vec<(i64, i64, String)> =
            on!(&mut tx, tx => sqlx::query_as(read).fetch_all(&mut **tx).await)?;
        let mut seen = HashSet::new();
        for (id, within, name) in rows {
            let folded = folded_name(&name);
            if seen.insert((within, folded.clone())) {
                on!(&mut tx, tx => sqlx::query(write).bind(id).bind(&folded).execute(&mut **tx).await.map(|_| ()))?;
            }
        }
    }
    Ok(tx.commit().await?)
}
