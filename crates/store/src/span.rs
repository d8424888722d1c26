use sla::{LinkState, StateSpan};

use crate::engine::{Differs, on};
use crate::packed::{packed, unpack};
use crate::{ClientId, LinkId, Store, StoreError};

/// The most spans that one read returns.
pub const SPANS_MAX: i64 = 1_000_000;

/// A piece of a link's time line, `[from_ms, to_ms)`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Span {
    /// First millisecond.
    pub from_ms: i64,
    /// First millisecond after it.
    pub to_ms: i64,
    /// What the link was.
    pub state: LinkState,
    /// Why, for example `link_down`; up spans have none.
    pub cause: Option<String>,
    /// What the state was decided on.
    pub evidence: serde_json::Value,
}

/// A rewrite of the end of a link's time line: from `from_ms` on, it is exactly `spans`.
///
/// What is stored at or after `from_ms` is dropped, a stored span that reaches over it is cut there, and spans that
/// touch and are equal in state, cause and evidence become one. Outages follow: adjacent `down` spans with one cause
/// are one outage, open while it is the end of the time line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpanTail {
    /// Whose time line.
    pub link: LinkId,
    /// From when on it is rewritten.
    pub from_ms: i64,
    /// In order, without overlap, none before `from_ms`, none empty; gaps are allowed.
    pub spans: Vec<Span>,
}

impl Span {
    /// Whether both are of one kind, so that touching ones become one span.
    pub(crate) fn same_kind(&self, other: &Self) -> bool {
        self.state == other.state && self.cause == other.cause && self.evidence == other.evidence
    }
}

#[derive(sqlx::FromRow)]
pub(crate) struct SpanRow {
    pub(crate) link_id: LinkId,
    pub(crate) from_ms: i64,
    pub(crate) to_ms: i64,
    pub(crate) state: String,
    pub(crate) cause: Option<String>,
    pub(crate) evidence: String,
}

impl TryFrom<SpanRow> for Span {
    type Error = StoreError;

    fn try_from(row: SpanRow) -> Result<Self, StoreError> {
        Ok(Self {
            from_ms: row.from_ms,
            to_ms: row.to_ms,
            state: row.state.parse().map_err(StoreError::corrupt)?,
            cause: row.cause,
            evidence: serde_json::from_str(&row.evidence).map_err(StoreError::corrupt)?,
        })
    }
}

impl Store {
    /// A link's spans that overlap `[from_ms, to_ms)`, in order and uncut, at most [`SPANS_MAX`].
    pub async fn spans(&self, link: LinkId, from_ms: i64, to_ms: i64) -> Result<Vec<Span>, StoreError> {
        // Spans do not overlap, so of those that begin before `from_ms` only the last can reach into the range:
        // its key is found first, and the scan begins there.
        const SQL: &str = "SELECT link_id, from_ms, to_ms, state, cause, evidence FROM link_spans
            WHERE link_id = $1 AND from_ms < $3 AND to_ms > $2 AND from_ms >= COALESCE(
                (SELECT MAX(from_ms) FROM link_spans WHERE link_id = $1 AND from_ms <= $2), $2)
            ORDER BY from_ms LIMIT $4";
        let rows: Vec<SpanRow> = on!(self.reader(), db => sqlx::query_as(SQL)
            .bind(link)
            .bind(from_ms)
            .bind(to_ms)
            .bind(SPANS_MAX)
            .fetch_all(db)
            .await)?;
        rows.into_iter().map(Span::try_from).collect()
    }

    /// [`spans`](Self::spans) of a client's link; `None` if the link is not this client's.
    pub async fn spans_for_client(
        &self,
        client: ClientId,
        link: LinkId,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Option<Vec<Span>>, StoreError> {
        match self.link_of_client(client, link).await? {
            Some(link) => Ok(Some(self.spans(link.id, from_ms, to_ms).await?)),
            None => Ok(None),
        }
    }

    /// The spans of all links of a client that overlap `[from_ms, to_ms)`, by link, in order and uncut, at most
    /// [`SPANS_MAX`], for arithmetic: without their evidence, which is most of their bytes.
    pub async fn state_spans_for_client(
        &self,
        client: ClientId,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<(LinkId, StateSpan)>, StoreError> {
        const SQL: Differs = packed!(
            "link_id, from_ms, to_ms, state, cause",
            "SELECT s.link_id, s.from_ms, s.to_ms, s.state, s.cause FROM client_links l JOIN link_spans s ON s.link_id = l.id
            WHERE l.client_id = $1 AND s.from_ms < $3 AND s.to_ms > $2 AND s.from_ms >= COALESCE(
                (SELECT MAX(p.from_ms) FROM link_spans p WHERE p.link_id = l.id AND p.from_ms <= $2), $2)
            ORDER BY s.link_id, s.from_ms LIMIT $4",
            "link_id, from_ms"
        );
        let reader = self.reader();
        let sql = SQL.on(&reader);
        let rows: String = on!(reader, db => sqlx::query_scalar(sql)
            .bind(client)
            .bind(from_ms)
            .bind(to_ms)
            .bind(SPANS_MAX)
            .fetch_one(db)
            .await)?;
        let rows: Vec<(LinkId, i64, i64, LinkState, Option<String>)> = unpack(&rows)?;
        let spans = rows.into_iter().map(|(link, from_ms, to_ms, state, cause)| {
            (link, StateSpan { from_ms, to_ms, state, cause, evidence: serde_json::Value::Null })
        });
        Ok(spans.collect())
    }
}
