//! Time that a contract leaves out. Rows are never deleted, and every change leaves an audit event.

use sla::ExclusionKind;

use crate::engine::on;
use crate::{ClientId, ExclusionId, LIST_ROWS_MAX, LinkId, Store, StoreError};

/// Time of one link that its contract leaves out, and who says so.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct LinkExclusion {
    /// Its row.
    pub id: ExclusionId,
    /// Whose time.
    pub link_id: LinkId,
    /// First millisecond.
    pub from_ms: i64,
    /// First millisecond after it; `None` while it is open.
    pub to_ms: Option<i64>,
    /// Which clause.
    pub kind: ExclusionKind,
    /// Why, in the words of whoever entered it.
    pub reason: String,
    /// Who entered it.
    pub entered_by: String,
    /// When; after `from_ms` means after the fact.
    pub entered_at_ms: i64,
    /// Who took it back; it no longer counts then.
    pub removed_by: Option<String>,
    /// When it was taken back.
    pub removed_at_ms: Option<i64>,
}

impl LinkExclusion {
    /// Whether it was entered after the time that it leaves out had begun.
    pub fn after_the_fact(&self) -> bool {
        self.entered_at_ms > self.from_ms
    }
}

/// An exclusion to enter; the fields are those of [`LinkExclusion`].
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the same fields are described at LinkExclusion")]
pub struct NewExclusion<'a> {
    pub link_id: LinkId,
    pub from_ms: i64,
    pub to_ms: Option<i64>,
    pub kind: ExclusionKind,
    pub reason: &'a str,
    pub entered_by: &'a str,
}

/// Which exclusions to list; the default is all that count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExclusionFilter {
    /// Of this link.
    pub link: Option<LinkId>,
    /// Of this client's links.
    pub client: Option<ClientId>,
    /// Not over by then.
    pub from_ms: Option<i64>,
    /// Begun before then.
    pub to_ms: Option<i64>,
    /// Those taken back too.
    pub removed: bool,
}

macro_rules! exclusion_columns {
    () => {
        "e.id, e.link_id, e.from_ms, e.to_ms, e.kind, e.reason, e.entered_by, e.entered_at_ms, e.removed_by, \
         e.removed_at_ms"
    };
}
pub(crate) use exclusion_columns;

#[derive(sqlx::FromRow)]
pub(crate) struct ExclusionRow {
    pub(crate) id: ExclusionId,
    pub(crate) link_id: LinkId,
    pub(crate) from_ms: i64,
    pub(crate) to_ms: Option<i64>,
    pub(crate) kind: String,
    pub(crate) reason: String,
    pub(crate) entered_by: String,
    pub(crate) entered_at_ms: i64,
    pub(crate) removed_by: Option<String>,
    pub(crate) removed_at_ms: Option<i64>,
}

impl TryFrom<ExclusionRow> for LinkExclusion {
    type Error = StoreError;

    fn try_from(row: ExclusionRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            link_id: row.link_id,
            from_ms: row.from_ms,
            to_ms: row.to_ms,
            kind: row.kind.parse().map_err(StoreError::corrupt)?,
            reason: row.reason,
            entered_by: row.entered_by,
            entered_at_ms: row.entered_at_ms,
            removed_by: row.removed_by,
            removed_at_ms: row.removed_at_ms,
        })
    }
}

impl Store {
    /// The exclusions that `filter` asks for, by start, at most [`LIST_ROWS_MAX`]; for the ISP's own use.
    pub async fn exclusions(&self, filter: &ExclusionFilter) -> Result<Vec<LinkExclusion>, StoreError> {
        const SQL: &str = concat!(
            "SELECT ",
            exclusion_columns!(),
            " FROM exclusions e JOIN client_links l ON l.id = e.link_id
            WHERE ($1 IS NULL OR e.link_id = $1) AND ($2 IS NULL OR l.client_id = $2)
                AND (e.to_ms IS NULL OR e.to_ms > $3) AND e.from_ms < $4 AND ($5 OR e.removed_at_ms IS NULL)
            ORDER BY e.from_ms, e.id LIMIT $6"
        );
        let rows: Vec<ExclusionRow> = on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(filter.link)
            .bind(filter.client)
            .bind(filter.from_ms.unwrap_or(i64::MIN))
            .bind(filter.to_ms.unwrap_or(i64::MAX))
            .bind(filter.removed)
            .bind(LIST_ROWS_MAX)
            .fetch_all(db)
            .await)?;
        rows.into_iter().map(LinkExclusion::try_from).collect()
    }

    /// The exclusions that count of all links of a client and that overlap `[from_ms, to_ms)`, by start, at most
    /// [`LIST_ROWS_MAX`].
    pub async fn exclusions_for_client(
        &self,
        client: ClientId,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<LinkExclusion>, StoreError> {
        let (from_ms, to_ms) = (Some(from_ms), Some(to_ms));
        self.exclusions(&ExclusionFilter { client: Some(client), from_ms, to_ms, ..Default::default() }).await
    }

    /// One exclusion, counting or taken back, for the ISP's own use.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    pub async fn exclusion(&self, id: ExclusionId) -> Result<LinkExclusion, StoreError> {
        const SQL: &str = concat!("SELECT ", exclusion_columns!(), " FROM exclusions e WHERE e.id = $1");
        let row: Option<ExclusionRow> =
            on!(self.reader(), db => sqlx::query_as(SQL).bind(id).fetch_optional(db).await)?;
        row.ok_or(StoreError::NotFound { what: "exclusion" })?.try_into()
    }
}
