//! What a company looks like and how it writes: edits with an audit event each.

use crate::company::company_columns;
use crate::email::is_email;
use crate::engine::{Tx, on};
use crate::unique_name::{self, Named};
use crate::{Company, CompanyId, ReportMails, StaffAct, Store, StoreError, audit};

/// What to change of a company; `None` leaves a field as it is, `Some(None)` empties it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the same fields are described at Company")]
pub struct CompanyEdit<'a> {
    pub name: Option<&'a str>,
    pub currency: Option<&'a str>,
    pub support_email: Option<Option<&'a str>>,
    pub support_phone: Option<Option<&'a str>>,
    pub accent: Option<Option<&'a str>>,
    pub attach_pdf: Option<bool>,
    pub reports: Option<ReportMails>,
    pub mail_from: Option<Option<&'a str>>,
}

/// The form of a logo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub enum LogoType {
    /// `image/png`
    #[serde(rename = "image/png")]
    Png,
    /// `image/svg+xml`
    #[serde(rename = "image/svg+xml")]
    Svg,
}

/// A company's logo. Whoever makes one of a file has looked into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// Its form.
    pub kind: LogoType,
    /// The file.
    pub bytes: Vec<u8>,
}

impl LogoType {
    /// The media type.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Svg => "image/svg+xml",
        }
    }
}

impl Store {
    /// Changes what `edit` names and keeps who did it; an edit that changes nothing leaves no event.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Invalid`] for a colour that is not `#rrggbb` or a sender that is no
    /// address; [`StoreError::Duplicate`] if the name is taken.
    pub async fn edit_company(
        &self,
        id: CompanyId,
        edit: &CompanyEdit<'_>,
        by: &str,
        now_ms: i64,
    ) -> Result<Company, StoreError> {
        let mut tx = self.begin().await?;
        let before = locked(&mut tx, id).await?;
        let after = edit_in(&mut tx, &before, edit).await?;
        if after == before {
            return Ok(before);
        }
        let subject = format!("company {}", before.name);
        audit::edited(&mut tx, (by, now_ms), ("company.edit", subject), (Some(&before), Some(&after)))
            .await?;
        tx.commit().await?;
        Ok(after)
    }

    /// Replaces a company's logo, or takes it away, and keeps who did it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn set_company_logo(
        &self,
        id: CompanyId,
        logo: Option<&Logo>,
        by: &str,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let company = locked(&mut tx, id).await?;
        put_logo(&mut tx, id, logo).await?;
        let told = logo.map(|logo| (logo.kind, logo.bytes.len()));
        let subject = format!("company {}", company.name);
        audit::edited(&mut tx, (by, now_ms), ("company.logo", subject), (None, told.as_ref())).await?;
        Ok(tx.commit().await?)
    }

    /// The same by a person of the ISP; one that is there already, or none where there is none, leaves no event.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a company out of the scope.
    pub async fn staff_set_company_logo(
        &self,
        act: &StaffAct<'_>,
        id: CompanyId,
        logo: Option<&Logo>,
    ) -> Result<(), StoreError> {
        const NOW: &str = "SELECT logo_type, logo FROM companies WHERE id = $1 AND logo IS NOT NULL";
        act.scope.check(id, "company")?;
        let mut tx = self.begin().await?;
        let company = locked(&mut tx, id).await?;
        let before: Option<LogoRow> =
            on!(&mut tx, tx => sqlx::query_as(NOW).bind(id).fetch_optional(&mut **tx).await)?;
        let before = before.map(Logo::try_from).transpose()?;
        if before.as_ref() == logo {
            return Ok(());
        }
        put_logo(&mut tx, id, logo).await?;
        // Not the picture itself: its form and its size.
        let told = |logo: &Logo| serde_json::json!({ "logo": logo.kind, "bytes": logo.bytes.len() });
        let (before, after) = (before.as_ref().map(told), logo.map(told));
        let subject = format!("company {}", company.name);
        act.record(&mut tx, id, ("company.logo", subject), (before.as_ref(), after.as_ref())).await?;
        Ok(tx.commit().await?)
    }

    /// A company's logo; `None` if it has none.
    pub async fn company_logo(&self, id: CompanyId) -> Result<Option<Logo>, StoreError> {
        const SQL: &str = "SELECT logo_type, logo FROM companies WHERE id = $1 AND logo IS NOT NULL";
        let row: Option<LogoRow> =
            on!(self.reader(), db => sqlx::query_as(SQL).bind(id).fetch_optional(db).await)?;
        row.map(Logo::try_from).transpose()
    }
}

/// Its form and the file.
type LogoRow = (String, Vec<u8>);

impl TryFrom<LogoRow> for Logo {
    type Error = StoreError;

    fn try_from((kind, bytes): LogoRow) -> Result<Self, StoreError> {
        let kind = match kind.as_str() {
            "image/png" => LogoType::Png,
            "image/svg+xml" => LogoType::Svg,
            other => return Err(StoreError::Corrupt(format!("the logo type {other}"))),
        };
        Ok(Self { kind, bytes })
    }
}

async fn put_logo(tx: &mut Tx, id: CompanyId, logo: Option<&Logo>) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE companies SET logo = $2, logo_type = $3 WHERE id = $1";
    on!(tx, tx => sqlx::query(SQL)
        .bind(id)
        .bind(logo.map(|logo| logo.bytes.as_slice()))
        .bind(logo.map(|logo| logo.kind.as_str()))
        .execute(&mut **tx)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Writes what an edit changes; the company as it is then.
pub(crate) async fn edit_in(
    tx: &mut Tx,
    before: &Company,
    edit: &CompanyEdit<'_>,
) -> Result<Company, StoreError> {
    const SQL: &str = "UPDATE companies SET name = $2, currency = $3, support_email = $4, support_phone = $5,
        accent = $6, attach_pdf = $7, mail_from = $8, reports = $9, name_folded = COALESCE($10, name_folded)
        WHERE id = $1";
    let after = edit.applied_to(before)?;
    if after == *before {
        return Ok(after);
    }
    let own = (before.id.0, before.name.as_str());
    let folded = unique_name::renamed(tx, Named::Company, own, &after.name).await?;
    on!(tx, tx => sqlx::query(SQL)
        .bind(before.id)
        .bind(&after.name)
        .bind(&after.currency)
        .bind(&after.support_email)
        .bind(&after.support_phone)
        .bind(&after.accent)
        .bind(after.attach_pdf)
        .bind(&after.mail_from)
        .bind(after.reports.as_str())
        .bind(folded)
        .execute(&mut **tx)
        .await
        .map(|_| ()))
    .map_err(|error| StoreError::on_insert(error, "company", &[("name", "name")]))?;
    Ok(after)
}

impl CompanyEdit<'_> {
    fn applied_to(&self, company: &Company) -> Result<Company, StoreError> {
        let text = |new: Option<&str>, old: &str| new.unwrap_or(old).trim().to_owned();
        let optional = |new: Option<Option<&str>>, old: &Option<String>| match new {
            Some(new) => new.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned),
            None => old.clone(),
        };
        let after = Company {
            name: text(self.name, &company.name),
            currency: text(self.currency, &company.currency),
            support_email: optional(self.support_email, &company.support_email),
            support_phone: optional(self.support_phone, &company.support_phone),
            accent: optional(self.accent, &company.accent),
            attach_pdf: self.attach_pdf.unwrap_or(company.attach_pdf),
            reports: self.reports.unwrap_or(company.reports),
            mail_from: optional(self.mail_from, &company.mail_from),
            ..company.clone()
        };
        let invalid = |why: String| Err(StoreError::Invalid { what: "a company", why });
        if after.name.is_empty() || after.currency.is_empty() {
            return invalid("it needs a name and a currency".to_owned());
        }
        if let Some(accent) = after.accent.as_deref().filter(|accent| !is_colour(accent)) {
            return invalid(format!("{accent:?} is not a colour such as #0a66c2"));
        }
        if let Some(from) = after.mail_from.as_deref().filter(|from| !is_email(from)) {
            return invalid(format!("{from:?} is not an e-mail address"));
        }
        Ok(after)
    }
}

fn is_colour(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

/// The company, held against other edits until the transaction ends. SQLite has one writer anyway.
pub(crate) async fn locked(tx: &mut Tx, id: CompanyId) -> Result<Company, StoreError> {
    const SQL: crate::engine::Differs = crate::engine::Differs {
        sqlite: concat!("SELECT ", company_columns!(), " FROM companies WHERE id = $1"),
        postgres: concat!("SELECT ", company_columns!(), " FROM companies WHERE id = $1 FOR NO KEY UPDATE"),
    };
    let sql = SQL.on(tx);
    let found = on!(tx, tx => sqlx::query_as(sql).bind(id).fetch_optional(&mut **tx).await)?;
    found.ok_or(StoreError::NotFound { what: "company" })
}
