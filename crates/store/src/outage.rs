use crate::engine::{Tx, on};
use crate::{ClientId, LIST_ROWS_MAX, LinkId, OutageId, Store, StoreError};

/// Adjacent `down` spans with one cause. It keeps its id when it is extended, closed or re-dated.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Outage {
    /// Its row.
    pub id: OutageId,
    /// Whose outage.
    pub link: LinkId,
    /// First millisecond.
    pub from_ms: i64,
    /// First millisecond after it; `None` while it lasts.
    pub to_ms: Option<i64>,
    /// The cause of its spans.
    pub cause: Option<String>,
    /// The evidence of its first span.
    pub evidence: serde_json::Value,
    /// Why, in the words of the ISP's staff; written for the client.
    pub reason: Option<String>,
    /// Who wrote it.
    #[serde(skip)]
    pub reason_by: Option<String>,
    /// When.
    pub reason_at_ms: Option<i64>,
}

macro_rules! outage_columns {
    () => {
        "o.id, o.link_id, o.from_ms, o.to_ms, o.cause, o.evidence, o.reason, o.reason_by, o.reason_at_ms"
    };
}
pub(crate) use outage_columns;

#[derive(sqlx::FromRow)]
pub(crate) struct OutageRow {
    id: OutageId,
    link_id: LinkId,
    from_ms: i64,
    to_ms: Option<i64>,
    cause: Option<String>,
    evidence: String,
    reason: Option<String>,
    reason_by: Option<String>,
    reason_at_ms: Option<i64>,
}

impl TryFrom<OutageRow> for Outage {
    type Error = StoreError;

    fn try_from(row: OutageRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            link: row.link_id,
            from_ms: row.from_ms,
            to_ms: row.to_ms,
            cause: row.cause,
            evidence: serde_json::from_str(&row.evidence).map_err(StoreError::corrupt)?,
            reason: row.reason,
            reason_by: row.reason_by,
            reason_at_ms: row.reason_at_ms,
        })
    }
}

impl Store {
    /// One outage, for the ISP's own use.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    pub async fn outage(&self, id: OutageId) -> Result<Outage, StoreError> {
        const SQL: &str = concat!("SELECT ", outage_columns!(), " FROM outages o WHERE o.id = $1");
        let row: Option<OutageRow> =
            on!(self.reader(), db => sqlx::query_as(SQL).bind(id).fetch_optional(db).await)?;
        row.ok_or(StoreError::NotFound { what: "outage" })?.try_into()
    }

    /// A link's outages that overlap `[from_ms, to_ms)`, in order, at most [`LIST_ROWS_MAX`]. An open one overlaps
    /// everything after its start.
    pub async fn outages(&self, link: LinkId, from_ms: i64, to_ms: i64) -> Result<Vec<Outage>, StoreError> {
        const SQL: &str = concat!(
            "SELECT ",
            outage_columns!(),
            " FROM outages o WHERE o.link_id = $1 AND o.from_ms < $3 AND (o.to_ms IS NULL OR o.to_ms > $2)
            ORDER BY o.from_ms LIMIT $4"
        );
        let rows: Vec<OutageRow> = on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(link)
            .bind(from_ms)
            .bind(to_ms)
            .bind(LIST_ROWS_MAX)
            .fetch_all(db)
            .await)?;
        rows.into_iter().map(Outage::try_from).collect()
    }

    /// [`outages`](Self::outages) of a client's link; `None` if the link is not this client's.
    pub async fn outages_for_client(
        &self,
        client: ClientId,
        link: LinkId,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Option<Vec<Outage>>, StoreError> {
        match self.link_of_client(client, link).await? {
            Some(link) => Ok(Some(self.outages(link.id, from_ms, to_ms).await?)),
            None => Ok(None),
        }
    }

    /// The newest outages of all links of a client that overlap `[from_ms, to_ms)`, newest first, at most `limit`.
    pub async fn outages_for_client_links(
        &self,
        client: ClientId,
        from_ms: i64,
        to_ms: i64,
        limit: i64,
    ) -> Result<Vec<Outage>, StoreError> {
        const SQL: &str = concat!(
            "SELECT ",
            outage_columns!(),
            " FROM client_links l JOIN outages o ON o.link_id = l.id
            WHERE l.client_id = $1 AND o.from_ms < $3 AND (o.to_ms IS NULL OR o.to_ms > $2)
            ORDER BY o.from_ms DESC, o.id DESC LIMIT $4"
        );
        let rows: Vec<OutageRow> = on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(client)
            .bind(from_ms)
            .bind(to_ms)
            .bind(limit.clamp(0, LIST_ROWS_MAX))
            .fetch_all(db)
            .await)?;
        rows.into_iter().map(Outage::try_from).collect()
    }

    /// Ends the open outages of links whose contract has ended by `now_ms`, and returns how many: nobody looks at these
    /// links any more, so nothing else would. They end with the contract; one that began after it ends where the time
    /// line does. The time line itself stays as it was seen.
    pub async fn end_terminated_outages(&self, now_ms: i64) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let ended = end_terminated(&mut tx, now_ms).await?;
        tx.commit().await?;
        Ok(ended)
    }
}

pub(crate) async fn end_terminated(tx: &mut Tx, now_ms: i64) -> Result<u64, StoreError> {
    const SQL: &str = "UPDATE outages SET to_ms = (SELECT CASE WHEN l.terminated_at_ms > outages.from_ms
                THEN l.terminated_at_ms
                ELSE (SELECT MAX(s.to_ms) FROM link_spans s WHERE s.link_id = outages.link_id) END
            FROM client_links l WHERE l.id = outages.link_id)
        WHERE to_ms IS NULL AND link_id IN (SELECT id FROM client_links WHERE terminated_at_ms <= $1)";
    Ok(
        on!(tx, tx => sqlx::query(SQL).bind(now_ms).execute(&mut **tx).await.map(|done| done.rows_affected()))?,
    )
}
