use crate::engine::{Differs, Tx, on};
use crate::packed::packed;
use crate::{ClientId, LIST_ROWS_MAX, LinkId, Store, StoreError};

/// What counts as down under a link's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DownWhen {
    /// The interface is not running.
    Interface,
    /// The interface is not running, or the probe target gave no answer.
    InterfaceOrNoAnswer,
}

impl DownWhen {
    /// `interface` or `interface_or_no_answer`, as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Interface => "interface",
            Self::InterfaceOrNoAnswer => "interface_or_no_answer",
        }
    }
}

impl std::str::FromStr for DownWhen {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        match text {
            "interface" => Ok(Self::Interface),
            "interface_or_no_answer" => Ok(Self::InterfaceOrNoAnswer),
            other => {
                let why = format!("{other:?} is neither interface nor interface_or_no_answer");
                Err(StoreError::Invalid { what: "what counts as down", why })
            }
        }
    }
}

impl TryFrom<String> for DownWhen {
    type Error = StoreError;

    fn try_from(text: String) -> Result<Self, StoreError> {
        text.parse()
    }
}

/// The SLA of a link from a date on. Figures are decimal strings, kept as they were agreed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, sqlx::FromRow)]
pub struct LinkTerms {
    /// Whose terms.
    pub link_id: LinkId,
    /// In force from here until the next terms of the link.
    pub valid_from_ms: i64,
    /// Promised availability in percent, for example `99.50`.
    pub uptime_pct: Option<String>,
    /// Promised round trip in milliseconds.
    pub latency_ms: Option<String>,
    /// Promised round-trip loss in percent.
    pub loss_pct: Option<String>,
    /// What counts as down.
    #[sqlx(try_from = "String")]
    pub down_when: DownWhen,
}

macro_rules! columns {
    () => {
        "link_id, valid_from_ms, uptime_pct, latency_ms, loss_pct, down_when"
    };
}

const ALL: &str =
    concat!("SELECT ", columns!(), " FROM link_terms WHERE link_id = $1 ORDER BY valid_from_ms LIMIT $2");

impl Store {
    /// Enters terms.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] if the link has terms from that moment: terms are never edited.
    pub async fn insert_terms(&self, terms: &LinkTerms) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        insert(&mut tx, terms.link_id, terms).await?;
        Ok(tx.commit().await?)
    }

    /// A link's terms in order, at most [`LIST_ROWS_MAX`].
    pub async fn terms(&self, link: LinkId) -> Result<Vec<LinkTerms>, StoreError> {
        Ok(on!(self.reader(), db => sqlx::query_as(ALL).bind(link).bind(LIST_ROWS_MAX).fetch_all(db).await)?)
    }

    /// The terms of all links of a client, by link and in order, at most [`LIST_ROWS_MAX`].
    pub async fn terms_for_client(&self, client: ClientId) -> Result<Vec<LinkTerms>, StoreError> {
        const SQL: Differs = packed!(
            columns!(),
            concat!(
                "SELECT ",
                columns!(),
                " FROM link_terms WHERE link_id IN (SELECT id FROM client_links WHERE client_id = $1)
                ORDER BY link_id, valid_from_ms LIMIT $2"
            ),
            "link_id, valid_from_ms"
        );
        self.packed_of_client(&SQL, client).await
    }

    /// The terms in force for a link at a moment.
    pub async fn terms_in_force(&self, link: LinkId, at_ms: i64) -> Result<Option<LinkTerms>, StoreError> {
        const SQL: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM link_terms WHERE link_id = $1 AND valid_from_ms <= $2 ORDER BY valid_from_ms DESC LIMIT 1"
        );
        Ok(on!(self.reader(), db => sqlx::query_as(SQL).bind(link).bind(at_ms).fetch_optional(db).await)?)
    }
}

/// [`Store::terms`] in a transaction.
pub(crate) async fn all_of(tx: &mut Tx, link: LinkId) -> Result<Vec<LinkTerms>, StoreError> {
    Ok(on!(tx, tx => sqlx::query_as(ALL).bind(link).bind(LIST_ROWS_MAX).fetch_all(&mut **tx).await)?)
}

/// Enters terms for `link`, whatever link they name.
pub(crate) async fn insert(tx: &mut Tx, link: LinkId, terms: &LinkTerms) -> Result<(), StoreError> {
    const SQL: &str =
        "INSERT INTO link_terms (link_id, valid_from_ms, uptime_pct, latency_ms, loss_pct, down_when)
        VALUES ($1, $2, $3, $4, $5, $6)";
    // Terms are never edited: one that the arithmetic could not read would stop the close of months for good.
    for figure in [&terms.uptime_pct, &terms.latency_ms, &terms.loss_pct].into_iter().flatten() {
        figure
            .parse::<sla::Decimal>()
            .map_err(|error| StoreError::Invalid { what: "terms", why: error.to_string() })?;
    }
    on!(tx, tx => sqlx::query(SQL)
        .bind(link)
        .bind(terms.valid_from_ms)
        .bind(&terms.uptime_pct)
        .bind(&terms.latency_ms)
        .bind(&terms.loss_pct)
        .bind(terms.down_when.as_str())
        .execute(&mut **tx)
        .await
        .map(|_| ()))
    .map_err(|error| StoreError::on_insert(error, "terms", &[("link_terms", "start date")]))
}
