use secrecy::SecretString;

use crate::engine::{Differs, Tx, on};
use crate::seal::{decode_hex, encode_hex};
use crate::unique_name::{self, Named};
use crate::{CompanyId, LIST_ROWS_MAX, MasterKey, RouterId, Store, StoreError};

/// A router that is polled. Its password is not here: see [`Store::router_password`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Router {
    /// Its row.
    pub id: RouterId,
    /// Whose router.
    pub company_id: CompanyId,
    /// Unique.
    pub name: String,
    /// Host name or IP address.
    pub address: String,
    /// TCP port of the API service.
    pub port: u16,
    /// API user.
    pub username: String,
    /// How its certificate is checked.
    pub tls: RouterTls,
    /// When it was entered.
    pub created_at_ms: i64,
    /// Whether it is polled.
    pub active: bool,
    /// What its texts are read in where they are not UTF-8, for example `windows-1251`.
    pub code_page: Option<String>,
}

/// How the connection to a router is protected.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RouterTls {
    /// Plain text.
    Off,
    /// A certificate of a CA that the machine trusts.
    System,
    /// A certificate of this CA, in PEM.
    CaPem(String),
    /// The one certificate whose SHA-256 (of its DER form) this is.
    Pinned([u8; 32]),
}

/// A router to enter.
#[derive(Clone, Debug)]
pub struct NewRouter<'a> {
    /// Whose router.
    pub company_id: CompanyId,
    /// Unique.
    pub name: &'a str,
    /// Host name or IP address.
    pub address: &'a str,
    /// TCP port of the API service.
    pub port: u16,
    /// API user.
    pub username: &'a str,
    /// That user's password; it is sealed before it is written.
    pub password: &'a SecretString,
    /// How the certificate is checked.
    pub tls: RouterTls,
}

/// What may be changed of a router; the fields are those of [`Router`].
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the same fields are described at Router")]
pub struct RouterFields<'a> {
    pub name: &'a str,
    pub address: &'a str,
    pub port: u16,
    pub username: &'a str,
    pub tls: RouterTls,
}

const TABLE: &str = "mikrotik_routers";

macro_rules! columns {
    () => {
        "id, company_id, name, address, port, username, tls_mode, tls_ca_pem, tls_fingerprint, active, created_at_ms, code_page"
    };
}

#[derive(sqlx::FromRow)]
struct Row {
    id: RouterId,
    company_id: CompanyId,
    name: String,
    address: String,
    port: i64,
    username: String,
    tls_mode: String,
    tls_ca_pem: Option<String>,
    tls_fingerprint: Option<String>,
    active: bool,
    created_at_ms: i64,
    code_page: Option<String>,
}

/// A router with its password as it is stored.
#[derive(sqlx::FromRow)]
struct SealedRow {
    #[sqlx(flatten)]
    row: Row,
    password_sealed: String,
}

impl TryFrom<Row> for Router {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let damaged = || StoreError::Corrupt(format!("the port or TLS setting of router {}", row.name));
        let tls = match (row.tls_mode.as_str(), row.tls_ca_pem, row.tls_fingerprint) {
            ("off", None, None) => RouterTls::Off,
            ("system", None, None) => RouterTls::System,
            ("ca", Some(pem), None) => RouterTls::CaPem(pem),
            ("pin", None, Some(hex)) => RouterTls::Pinned(
                decode_hex(&hex).and_then(|bytes| bytes.try_into().ok()).ok_or_else(damaged)?,
            ),
            _ => return Err(damaged()),
        };
        Ok(Self {
            id: row.id,
            company_id: row.company_id,
            port: u16::try_from(row.port).map_err(|_| damaged())?,
            name: row.name,
            address: row.address,
            username: row.username,
            tls,
            created_at_ms: row.created_at_ms,
            active: row.active,
            code_page: row.code_page,
        })
    }
}

impl RouterTls {
    /// Its three columns: mode, CA, fingerprint.
    fn columns(&self) -> (&'static str, Option<&str>, Option<String>) {
        match self {
            Self::Off => ("off", None, None),
            Self::System => ("system", None, None),
            Self::CaPem(pem) => ("ca", Some(pem), None),
            Self::Pinned(digest) => ("pin", None, Some(encode_hex(digest))),
        }
    }
}

impl Store {
    /// Enters a router with its password sealed.
    ///
    /// # Errors
    /// [`StoreError::MissingKey`] if the store was opened without a key, [`StoreError::Duplicate`] if the name is taken.
    pub async fn insert_router(&self, new: &NewRouter<'_>, now_ms: i64) -> Result<RouterId, StoreError> {
        let mut tx = self.begin().await?;
        let id = self.insert_router_in(&mut tx, new, now_ms).await?;
        tx.commit().await?;
        Ok(id)
    }

    pub(crate) async fn insert_router_in(
        &self,
        tx: &mut Tx,
        new: &NewRouter<'_>,
        now_ms: i64,
    ) -> Result<RouterId, StoreError> {
        const INSERT: &str =
            "INSERT INTO mikrotik_routers (company_id, name, address, port, username, password_sealed,
                tls_mode, tls_ca_pem, tls_fingerprint, created_at_ms, name_folded)
            VALUES ($1, $2, $3, $4, $5, '', $6, $7, $8, $9, $10) RETURNING id";
        let key = self.key()?;
        crate::company::check_in_use(tx, new.company_id, "the router").await?;
        let folded = unique_name::free(tx, Named::Router, new.name, None).await?;
        let (mode, ca_pem, fingerprint) = new.tls.columns();
        let id: RouterId = on!(&mut *tx, tx => sqlx::query_scalar(INSERT)
            .bind(new.company_id)
            .bind(new.name)
            .bind(new.address)
            .bind(i64::from(new.port))
            .bind(new.username)
            .bind(mode)
            .bind(ca_pem)
            .bind(fingerprint)
            .bind(now_ms)
            .bind(folded)
            .fetch_one(&mut **tx)
            .await)
        .map_err(|error| StoreError::on_insert(error, "router", &[("name", "name")]))?;
        // The seal is bound to the row, whose id is only known now.
        let sealed = key.seal(TABLE, &bound_to(id, new.address, new.port, &new.tls), new.password)?;
        on!(tx, tx => sqlx::query(SET_PASSWORD)
            .bind(id)
            .bind(sealed)
            .execute(&mut **tx)
            .await
            .map(|_| ()))?;
        Ok(id)
    }

    pub(crate) async fn set_router_password_in(
        &self,
        tx: &mut Tx,
        id: RouterId,
        password: &SecretString,
    ) -> Result<(), StoreError> {
        let router = locked(tx, id).await?;
        let sealed = self.key()?.seal(TABLE, &router.seal_row(), password)?;
        on!(tx, tx => sqlx::query(SET_PASSWORD).bind(id).bind(sealed).execute(&mut **tx).await.map(|_| ()))?;
        Ok(())
    }

    /// All routers by name, at most [`LIST_ROWS_MAX`].
    pub async fn routers(&self) -> Result<Vec<Router>, StoreError> {
        const SQL: &str = concat!("SELECT ", columns!(), " FROM mikrotik_routers ORDER BY name LIMIT $1");
        let rows: Vec<Row> =
            on!(self.reader(), db => sqlx::query_as(SQL).bind(LIST_ROWS_MAX).fetch_all(db).await)?;
        rows.into_iter().map(Router::try_from).collect()
    }

    /// The router of that name.
    pub async fn router_by_name(&self, name: &str) -> Result<Option<Router>, StoreError> {
        const SQL: &str = concat!("SELECT ", columns!(), " FROM mikrotik_routers WHERE name = $1");
        let row: Option<Row> =
            on!(self.reader(), db => sqlx::query_as(SQL).bind(name).fetch_optional(db).await)?;
        row.map(Router::try_from).transpose()
    }

    /// One router.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    pub async fn router(&self, id: RouterId) -> Result<Router, StoreError> {
        const SQL: &str = concat!("SELECT ", columns!(), " FROM mikrotik_routers WHERE id = $1");
        let row: Option<Row> =
            on!(self.reader(), db => sqlx::query_as(SQL).bind(id).fetch_optional(db).await)?;
        row.ok_or(StoreError::NotFound { what: "router" })?.try_into()
    }

    /// A router's password, unsealed for the address, port and TLS mode for which it was entered.
    ///
    /// # Errors
    /// [`StoreError::MissingKey`], [`StoreError::WrongKey`], or [`StoreError::Corrupt`] if the sealed text was altered,
    /// belongs to another row, or where it would be sent was changed past the program.
    pub async fn router_password(&self, id: RouterId) -> Result<SecretString, StoreError> {
        const SQL: &str =
            concat!("SELECT ", columns!(), ", password_sealed FROM mikrotik_routers WHERE id = $1");
        let key = self.key()?;
        let row: Option<SealedRow> =
            on!(self.reader(), db => sqlx::query_as(SQL).bind(id).fetch_optional(db).await)?;
        let SealedRow { row, password_sealed } = row.ok_or(StoreError::NotFound { what: "router" })?;
        let router = Router::try_from(row)?;
        key.unseal(TABLE, &router.seal_row(), &password_sealed).map_err(|error| match error {
            StoreError::Corrupt(_) => StoreError::Corrupt(format!(
                "the password of router {0} was entered for another address, port or TLS mode, or was altered: enter it \
                 again with `leaseline router edit {0} --password-file FILE`",
                router.name
            )),
            error => error,
        })
    }

    /// Replaces a router's password.
    ///
    /// # Errors
    /// [`StoreError::MissingKey`], [`StoreError::NotFound`].
    pub async fn set_router_password(&self, id: RouterId, password: &SecretString) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        self.set_router_password_in(&mut tx, id, password).await?;
        Ok(tx.commit().await?)
    }

    /// Has a router polled, or no longer.
    pub async fn set_router_active(&self, id: RouterId, active: bool) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE mikrotik_routers SET active = $2 WHERE id = $1";
        let rows = on!(self.writer(), db => sqlx::query(SQL)
            .bind(id)
            .bind(active)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if rows == 0 { Err(StoreError::NotFound { what: "router" }) } else { Ok(()) }
    }

    pub(crate) fn key(&self) -> Result<&MasterKey, StoreError> {
        self.inner.key.as_ref().ok_or(StoreError::MissingKey)
    }
}

impl Router {
    /// What its password is sealed for.
    fn seal_row(&self) -> String {
        bound_to(self.id, &self.address, self.port, &self.tls)
    }
}

/// The row and where the password may be sent: whoever can write to the database cannot have it sent elsewhere.
fn bound_to(id: RouterId, address: &str, port: u16, tls: &RouterTls) -> String {
    let (mode, ca_pem, fingerprint) = tls.columns();
    let certificate = ca_pem.or(fingerprint.as_deref()).unwrap_or_default();
    format!("{id}\n{address}\n{port}\n{mode}\n{certificate}")
}

/// Seals passwords anew that an older version bound to their rows alone. One that cannot be opened stays as it is.
pub(crate) async fn bind_passwords(tx: &mut Tx, key: &MasterKey) -> Result<(), StoreError> {
    const SQL: &str = concat!("SELECT ", columns!(), ", password_sealed FROM mikrotik_routers ORDER BY id");
    let rows: Vec<SealedRow> = on!(&mut *tx, tx => sqlx::query_as(SQL).fetch_all(&mut **tx).await)?;
    for SealedRow { row, password_sealed } in rows {
        let id = row.id;
        let (Ok(router), Ok(password)) =
            (Router::try_from(row), key.unseal(TABLE, &id.to_string(), &password_sealed))
        else {
            continue;
        };
        let sealed = key.seal(TABLE, &router.seal_row(), &password)?;
        on!(&mut *tx, tx => sqlx::query(SET_PASSWORD).bind(id).bind(sealed).execute(&mut **tx).await.map(|_| ()))?;
    }
    Ok(())
}

const SET_PASSWORD: &str = "UPDATE mikrotik_routers SET password_sealed = $2 WHERE id = $1";

/// The router, held against other changes until the transaction ends.
pub(crate) async fn locked(tx: &mut Tx, id: RouterId) -> Result<Router, StoreError> {
    const SQL: Differs = Differs {
        sqlite: concat!("SELECT ", columns!(), " FROM mikrotik_routers WHERE id = $1"),
        postgres: concat!("SELECT ", columns!(), " FROM mikrotik_routers WHERE id = $1 FOR UPDATE"),
    };
    let sql = SQL.on(tx);
    let row: Option<Row> = on!(tx, tx => sqlx::query_as(sql).bind(id).fetch_optional(&mut **tx).await)?;
    row.ok_or(StoreError::NotFound { what: "router" })?.try_into()
}

pub(crate) async fn update(
    tx: &mut Tx,
    before: &Router,
    fields: &RouterFields<'_>,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE mikrotik_routers SET name = $2, address = $3, port = $4, username = $5,
            tls_mode = $6, tls_ca_pem = $7, tls_fingerprint = $8, name_folded = COALESCE($9, name_folded)
        WHERE id = $1";
    let (mode, ca_pem, fingerprint) = fields.tls.columns();
    let own = (before.id.0, before.name.as_str());
    let folded = unique_name::renamed(tx, Named::Router, own, fields.name).await?;
    on!(tx, tx => sqlx::query(SQL)
        .bind(before.id)
        .bind(fields.name)
        .bind(fields.address)
        .bind(i64::from(fields.port))
        .bind(fields.username)
        .bind(mode)
        .bind(ca_pem)
        .bind(fingerprint)
        .bind(folded)
        .execute(&mut **tx)
        .await
        .map(|_| ()))
    .map_err(|error| StoreError::on_insert(error, "router", &[("name", "name")]))
}
