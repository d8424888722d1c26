use crate::engine::{Differs, Tx, on};
use crate::unique_name::{self, Named};
use crate::{ClientId, CompanyId, LIST_ROWS_MAX, Store, StoreError};

/// A customer account of a company.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
pub struct Client {
    /// Its row.
    pub id: ClientId,
    /// Who sells to it.
    pub company_id: CompanyId,
    /// Unique within its company.
    pub name: String,
    /// When it was entered.
    pub created_at_ms: i64,
    /// Since when it is no longer a client.
    pub retired_at_ms: Option<i64>,
}

macro_rules! client_columns {
    () => {
        "id, company_id, name, created_at_ms, retired_at_ms"
    };
}

impl Store {
    /// Enters a client.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] if the company has one of that name.
    pub async fn insert_client(
        &self,
        company: CompanyId,
        name: &str,
        now_ms: i64,
    ) -> Result<ClientId, StoreError> {
        let mut tx = self.begin().await?;
        let id = insert(&mut tx, company, name, now_ms).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// All clients by name, at most [`LIST_ROWS_MAX`].
    pub async fn clients(&self) -> Result<Vec<Client>, StoreError> {
        const SQL: &str = concat!("SELECT ", client_columns!(), " FROM clients ORDER BY name, id LIMIT $1");
        Ok(on!(self.reader(), db => sqlx::query_as(SQL).bind(LIST_ROWS_MAX).fetch_all(db).await)?)
    }

    /// The client of that name, of one company or of the only company that has one.
    ///
    /// # Errors
    /// [`StoreError::Ambiguous`] if no company is given and several have such a client.
    pub async fn client_by_name(
        &self,
        company: Option<CompanyId>,
        name: &str,
    ) -> Result<Option<Client>, StoreError> {
        const SQL: &str = concat!(
            "SELECT ",
            client_columns!(),
            " FROM clients WHERE name = $1 AND ($2 IS NULL OR company_id = $2) ORDER BY id LIMIT 2"
        );
        let mut found: Vec<Client> = on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(name)
            .bind(company)
            .fetch_all(db)
            .await)?;
        if found.len() > 1 {
            return Err(StoreError::Ambiguous { what: "client" });
        }
        Ok(found.pop())
    }

    /// One client.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    pub async fn client(&self, id: ClientId) -> Result<Client, StoreError> {
        const SQL: &str = concat!("SELECT ", client_columns!(), " FROM clients WHERE id = $1");
        let found = on!(self.reader(), db => sqlx::query_as(SQL).bind(id).fetch_optional(db).await)?;
        found.ok_or(StoreError::NotFound { what: "client" })
    }
}

pub(crate) async fn insert(
    tx: &mut Tx,
    company: CompanyId,
    name: &str,
    now_ms: i64,
) -> Result<ClientId, StoreError> {
    const SQL: &str = "INSERT INTO clients (company_id, name, created_at_ms, name_folded) VALUES ($1, $2, $3, $4) RETURNING id";
    crate::company::check_in_use(tx, company, "the client").await?;
    let folded = unique_name::free(tx, Named::Client(company), name, None).await?;
    on!(tx, tx => sqlx::query_scalar(SQL)
        .bind(company)
        .bind(name)
        .bind(now_ms)
        .bind(folded)
        .fetch_one(&mut **tx)
        .await)
    .map_err(|error| StoreError::on_insert(error, "client", &[("name", "name")]))
}

/// The client, held against other changes until the transaction ends.
pub(crate) async fn locked(tx: &mut Tx, id: ClientId) -> Result<Client, StoreError> {
    const SQL: Differs = Differs {
        sqlite: concat!("SELECT ", client_columns!(), " FROM clients WHERE id = $1"),
        postgres: concat!("SELECT ", client_columns!(), " FROM clients WHERE id = $1 FOR UPDATE"),
    };
    let sql = SQL.on(tx);
    let found = on!(tx, tx => sqlx::query_as(sql).bind(id).fetch_optional(&mut **tx).await)?;
    found.ok_or(StoreError::NotFound { what: "client" })
}

/// A client that is retired gets no people and no links any more; held as by [`locked`]. That there is no such client is
/// told by the row that would name it.
pub(crate) async fn check_in_use(tx: &mut Tx, id: ClientId, what: &'static str) -> Result<(), StoreError> {
    match locked(tx, id).await {
        Ok(Client { retired_at_ms: Some(_), name, .. }) => {
            Err(StoreError::Invalid { what, why: format!("the client {name} is retired") })
        }
        Ok(_) | Err(StoreError::NotFound { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}
