use crate::engine::{Tx, on};
use crate::unique_name::{self, Named};
use crate::{CompanyId, LIST_ROWS_MAX, ReportMails, Store, StoreError};

/// The ISP brand that sells.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
pub struct Company {
    /// Its row.
    pub id: CompanyId,
    /// Unique.
    pub name: String,
    /// IANA name, for example `Asia/Kolkata`: months begin and end there.
    pub timezone: String,
    /// ISO 4217 code.
    pub currency: String,
    /// Shown to clients.
    pub support_email: Option<String>,
    /// Shown to clients.
    pub support_phone: Option<String>,
    /// The brand's colour on reports, mail and pages, `#rrggbb`.
    pub accent: Option<String>,
    /// Whether mail about a report carries its PDF.
    pub attach_pdf: bool,
    /// Whether a month's reports go out in one email per customer.
    #[sqlx(try_from = "String")]
    pub reports: ReportMails,
    /// Who mail comes from, an address; `None`: the installation's.
    pub mail_from: Option<String>,
    /// When it was entered.
    pub created_at_ms: i64,
    /// Since when it sells no more.
    pub retired_at_ms: Option<i64>,
}

macro_rules! company_columns {
    () => {
        "id, name, timezone, currency, support_email, support_phone, accent, attach_pdf, reports, mail_from, created_at_ms,
            retired_at_ms"
    };
}
pub(crate) use company_columns;

impl Store {
    /// Enters a company.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] if the name is taken.
    pub async fn insert_company(
        &self,
        name: &str,
        timezone: &str,
        currency: &str,
        now_ms: i64,
    ) -> Result<CompanyId, StoreError> {
        let mut tx = self.begin().await?;
        let id = insert(&mut tx, (name, timezone, currency), now_ms).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Sets what clients see as the company's contacts.
    pub async fn set_company_support(
        &self,
        id: CompanyId,
        email: Option<&str>,
        phone: Option<&str>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE companies SET support_email = $2, support_phone = $3 WHERE id = $1";
        let rows = on!(self.writer(), db => sqlx::query(SQL)
            .bind(id)
            .bind(email)
            .bind(phone)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if rows == 0 { Err(StoreError::NotFound { what: "company" }) } else { Ok(()) }
    }

    /// All companies by name, at most [`LIST_ROWS_MAX`].
    pub async fn companies(&self) -> Result<Vec<Company>, StoreError> {
        const SQL: &str =
            concat!("SELECT ", company_columns!(), " FROM companies ORDER BY name, id LIMIT $1");
        Ok(on!(self.reader(), db => sqlx::query_as(SQL).bind(LIST_ROWS_MAX).fetch_all(db).await)?)
    }

    /// The company of that name.
    pub async fn company_by_name(&self, name: &str) -> Result<Option<Company>, StoreError> {
        const SQL: &str = concat!("SELECT ", company_columns!(), " FROM companies WHERE name = $1");
        Ok(on!(self.reader(), db => sqlx::query_as(SQL).bind(name).fetch_optional(db).await)?)
    }

    /// One company.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    pub async fn company(&self, id: CompanyId) -> Result<Company, StoreError> {
        const SQL: &str = concat!("SELECT ", company_columns!(), " FROM companies WHERE id = $1");
        let found = on!(self.reader(), db => sqlx::query_as(SQL).bind(id).fetch_optional(db).await)?;
        found.ok_or(StoreError::NotFound { what: "company" })
    }
}

/// Enters a company by name, zone and currency.
pub(crate) async fn insert(
    tx: &mut Tx,
    (name, timezone, currency): (&str, &str, &str),
    now_ms: i64,
) -> Result<CompanyId, StoreError> {
    const SQL: &str = "INSERT INTO companies (name, timezone, currency, created_at_ms, name_folded)
        VALUES ($1, $2, $3, $4, $5) RETURNING id";
    let folded = unique_name::free(tx, Named::Company, name, None).await?;
    on!(tx, tx => sqlx::query_scalar(SQL)
        .bind(name)
        .bind(timezone)
        .bind(currency)
        .bind(now_ms)
        .bind(folded)
        .fetch_one(&mut **tx)
        .await)
    .map_err(|error| StoreError::on_insert(error, "company", &[("name", "name")]))
}

/// A company that is retired gets nothing new; held against other changes until the transaction ends.
pub(crate) async fn check_in_use(tx: &mut Tx, id: CompanyId, what: &'static str) -> Result<(), StoreError> {
    match crate::company_brand::locked(tx, id).await {
        Ok(Company { retired_at_ms: Some(_), name, .. }) => {
            Err(StoreError::Invalid { what, why: format!("the company {name} is retired") })
        }
        // That there is no such company is told by the row that would name it.
        Ok(_) | Err(StoreError::NotFound { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}
