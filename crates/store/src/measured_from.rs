//! From when on a link's time counts: from its first poll, unless somebody sets another moment.

use std::collections::HashMap;

use serde_json::json;

use crate::engine::{Tx, on};
use crate::{ClientId, Link, LinkId, Store, StoreError, audit};

/// What an error about such a moment is about.
pub const MEASURED_FROM: &str = "the moment from which a link's time counts";

/// Why a link's time cannot count from a moment on, if it cannot.
pub fn measured_from_error(activated_at_ms: i64, from_ms: i64) -> Option<&'static str> {
    (from_ms < activated_at_ms).then_some("it is before the first day of service")
}

impl Store {
    /// Sets from when on a link's time counts; `None`: from its first poll. What is set already leaves no event.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such link; [`StoreError::Invalid`] about [`MEASURED_FROM`] as
    /// [`measured_from_error`] says.
    pub async fn set_measured_from(
        &self,
        id: LinkId,
        from_ms: Option<i64>,
        (actor, now_ms): (&str, i64),
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let before = crate::staff_link_write::locked(&mut tx, id).await?;
        let is = put(&mut tx, &before, from_ms).await?;
        if is == before.measured_from_ms {
            return Ok(());
        }
        let (was, is) = (json!(before.measured_from_ms), json!(is));
        let about = ("link.measured_from", format!("link {}", before.circuit));
        audit::edited(&mut tx, (actor, now_ms), about, (Some(&was), Some(&is))).await?;
        Ok(tx.commit().await?)
    }

    /// What somebody has set for a link; `None`: its time counts from its first poll, or it was not polled yet.
    pub async fn set_start_of_measuring(&self, link: &Link) -> Result<Option<i64>, StoreError> {
        const SQL: &str = "SELECT MIN(from_ms) FROM link_spans WHERE link_id = $1";
        let first: Option<i64> =
            on!(self.reader(), db => sqlx::query_scalar(SQL).bind(link.id).fetch_one(db).await)?;
        Ok(link.measured_from_ms.filter(|from_ms| Some(*from_ms) != first))
    }

    /// The same for all links of a client; those of which nobody has set anything are left out.
    pub async fn set_starts_of_measuring(
        &self,
        client: ClientId,
    ) -> Result<HashMap<LinkId, i64>, StoreError> {
        const SQL: &str = "SELECT l.id, l.measured_from_ms, (SELECT MIN(s.from_ms) FROM link_spans s WHERE s.link_id = l.id)
            FROM client_links l WHERE l.client_id = $1 AND l.measured_from_ms IS NOT NULL";
        let rows: Vec<(LinkId, i64, Option<i64>)> =
            on!(self.reader(), db => sqlx::query_as(SQL).bind(client).fetch_all(db).await)?;
        let set = rows.into_iter().filter(|(_, from_ms, first)| Some(*from_ms) != *first);
        Ok(set.map(|(link, from_ms, _)| (link, from_ms)).collect())
    }
}

/// Writes it, and gives what is set then.
pub(crate) async fn put(tx: &mut Tx, link: &Link, from_ms: Option<i64>) -> Result<Option<i64>, StoreError> {
    const SQL: &str = "UPDATE client_links SET measured_from_ms = COALESCE($2,
        (SELECT MIN(s.from_ms) FROM link_spans s WHERE s.link_id = $1)) WHERE id = $1 RETURNING measured_from_ms";
    if from_ms.is_some() && from_ms == link.measured_from_ms {
        return Ok(from_ms);
    }
    if let Some(why) = from_ms.and_then(|from_ms| measured_from_error(link.activated_at_ms, from_ms)) {
        return Err(StoreError::Invalid { what: MEASURED_FROM, why: why.to_owned() });
    }
    Ok(on!(tx, tx => sqlx::query_scalar(SQL).bind(link.id).bind(from_ms).fetch_one(&mut **tx).await)?)
}
