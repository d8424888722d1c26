//! Entering, ending and taking back exclusions, each with its audit event in the same transaction.

use crate::engine::{Differs, Tx, on};
use crate::exclusion::{ExclusionRow, exclusion_columns};
use crate::{ExclusionId, LinkExclusion, LinkId, NewExclusion, Store, StoreError, audit};

/// The most exclusions that one call enters: every link of a large router at once.
pub const EXCLUSIONS_PER_CALL_MAX: usize = 10_000;

impl Store {
    /// Enters exclusions, all or none.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for one that is empty, has no reason or names nobody; [`StoreError::Dangling`] for a link that
    /// does not exist.
    pub async fn insert_exclusions(
        &self,
        new: &[NewExclusion<'_>],
        now_ms: i64,
    ) -> Result<Vec<ExclusionId>, StoreError> {
        check(new)?;
        let mut tx = self.begin().await?;
        let mut ids = Vec::with_capacity(new.len());
        for exclusion in new {
            let after = insert(&mut tx, exclusion, now_ms).await?;
            record(&mut tx, (exclusion.entered_by, now_ms), "exclusion.add", None, &after).await?;
            ids.push(after.id);
        }
        tx.commit().await?;
        Ok(ids)
    }

    /// Ends an exclusion that is open, or earlier than was entered.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none that counts. [`StoreError::Invalid`] if it would end before it began, or
    /// later than it does: what is added after the fact is entered as an exclusion of its own, so that it is marked.
    pub async fn end_exclusion(
        &self,
        id: ExclusionId,
        to_ms: i64,
        by: &str,
        now_ms: i64,
    ) -> Result<LinkExclusion, StoreError> {
        let mut tx = self.begin().await?;
        let (before, after) = end(&mut tx, id, to_ms).await?;
        record(&mut tx, (by, now_ms), "exclusion.end", Some(&before), &after).await?;
        tx.commit().await?;
        Ok(after)
    }

    /// Takes an exclusion back: it stays as a row and no longer counts.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none that counts.
    pub async fn remove_exclusion(
        &self,
        id: ExclusionId,
        by: &str,
        now_ms: i64,
    ) -> Result<LinkExclusion, StoreError> {
        let mut tx = self.begin().await?;
        let (before, after) = remove(&mut tx, id, (by, now_ms)).await?;
        record(&mut tx, (by, now_ms), "exclusion.remove", Some(&before), &after).await?;
        tx.commit().await?;
        Ok(after)
    }
}

pub(crate) async fn insert(
    tx: &mut Tx,
    exclusion: &NewExclusion<'_>,
    now_ms: i64,
) -> Result<LinkExclusion, StoreError> {
    const SQL: &str =
        "INSERT INTO exclusions (link_id, from_ms, to_ms, kind, reason, entered_by, entered_at_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id";
    let id: ExclusionId = on!(&mut *tx, tx => sqlx::query_scalar(SQL)
        .bind(exclusion.link_id)
        .bind(exclusion.from_ms)
        .bind(exclusion.to_ms)
        .bind(exclusion.kind.as_str())
        .bind(exclusion.reason.trim())
        .bind(exclusion.entered_by)
        .bind(now_ms)
        .fetch_one(&mut **tx)
        .await)
    .map_err(|error| StoreError::on_insert(error, "exclusion", &[]))?;
    locked(tx, id).await
}

/// Whether the link has an exclusion that counts and says the same, whoever entered it.
pub(crate) async fn is_there(tx: &mut Tx, new: &NewExclusion<'_>) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM exclusions WHERE link_id = $1 AND from_ms = $2
        AND COALESCE(to_ms, -1) = $3 AND kind = $4 AND reason = $5 AND removed_at_ms IS NULL";
    let same: i64 = on!(tx, tx => sqlx::query_scalar(SQL)
        .bind(new.link_id)
        .bind(new.from_ms)
        .bind(new.to_ms.unwrap_or(-1))
        .bind(new.kind.as_str())
        .bind(new.reason.trim())
        .fetch_one(&mut **tx)
        .await)?;
    Ok(same > 0)
}

/// What was, and what is.
pub(crate) async fn end(
    tx: &mut Tx,
    id: ExclusionId,
    to_ms: i64,
) -> Result<(LinkExclusion, LinkExclusion), StoreError> {
    const SQL: &str = "UPDATE exclusions SET to_ms = $2 WHERE id = $1";
    let invalid = |why: &str| Err(StoreError::Invalid { what: "the exclusion", why: why.to_owned() });
    let before = counting(tx, id).await?;
    if to_ms <= before.from_ms {
        return invalid("it would end before it began: remove it instead");
    }
    if before.to_ms.is_some_and(|end_ms| end_ms < to_ms) {
        return invalid("it would end later than was entered: add another exclusion for the rest");
    }
    on!(tx, tx => sqlx::query(SQL).bind(id).bind(to_ms).execute(&mut **tx).await.map(|_| ()))?;
    let after = LinkExclusion { to_ms: Some(to_ms), ..before.clone() };
    Ok((before, after))
}

/// What was, and what is.
pub(crate) async fn remove(
    tx: &mut Tx,
    id: ExclusionId,
    (by, now_ms): (&str, i64),
) -> Result<(LinkExclusion, LinkExclusion), StoreError> {
    const SQL: &str = "UPDATE exclusions SET removed_by = $2, removed_at_ms = $3 WHERE id = $1";
    let before = counting(tx, id).await?;
    on!(tx, tx => sqlx::query(SQL).bind(id).bind(by).bind(now_ms).execute(&mut **tx).await.map(|_| ()))?;
    let after =
        LinkExclusion { removed_by: Some(by.to_owned()), removed_at_ms: Some(now_ms), ..before.clone() };
    Ok((before, after))
}

pub(crate) fn check(new: &[NewExclusion<'_>]) -> Result<(), StoreError> {
    let invalid = |why: String| Err(StoreError::Invalid { what: "the exclusion", why });
    if new.len() > EXCLUSIONS_PER_CALL_MAX {
        return invalid(format!("more than {EXCLUSIONS_PER_CALL_MAX} at once"));
    }
    for exclusion in new {
        if exclusion.to_ms.is_some_and(|to_ms| to_ms <= exclusion.from_ms) {
            return invalid("it ends before it begins".to_owned());
        }
        if exclusion.reason.trim().is_empty() {
            return invalid("it needs a reason".to_owned());
        }
        if exclusion.entered_by.trim().is_empty() {
            return invalid("it must say who enters it".to_owned());
        }
    }
    Ok(())
}

/// The exclusion, held against other changes until the transaction ends; not one that was taken back.
async fn counting(tx: &mut Tx, id: ExclusionId) -> Result<LinkExclusion, StoreError> {
    let found = locked(tx, id).await?;
    if found.removed_at_ms.is_some() { Err(StoreError::NotFound { what: "exclusion" }) } else { Ok(found) }
}

pub(crate) async fn locked(tx: &mut Tx, id: ExclusionId) -> Result<LinkExclusion, StoreError> {
    const SQL: Differs = Differs {
        sqlite: concat!("SELECT ", exclusion_columns!(), " FROM exclusions e WHERE e.id = $1"),
        postgres: concat!("SELECT ", exclusion_columns!(), " FROM exclusions e WHERE e.id = $1 FOR UPDATE"),
    };
    let sql = SQL.on(tx);
    let row: Option<ExclusionRow> =
        on!(tx, tx => sqlx::query_as(sql).bind(id).fetch_optional(&mut **tx).await)?;
    row.ok_or(StoreError::NotFound { what: "exclusion" })?.try_into()
}

async fn record(
    tx: &mut Tx,
    who: (&str, i64),
    action: &str,
    before: Option<&LinkExclusion>,
    after: &LinkExclusion,
) -> Result<(), StoreError> {
    let subject = subject(tx, after).await?;
    audit::edited(tx, who, (action, subject), (before, Some(after))).await
}

/// What an event about an exclusion names.
pub(crate) async fn subject(tx: &mut Tx, exclusion: &LinkExclusion) -> Result<String, StoreError> {
    Ok(format!("exclusion {} of link {}", exclusion.id, circuit(tx, exclusion.link_id).await?))
}

async fn circuit(tx: &mut Tx, link: LinkId) -> Result<String, StoreError> {
    const SQL: &str = "SELECT circuit FROM client_links WHERE id = $1";
    Ok(on!(tx, tx => sqlx::query_scalar(SQL).bind(link).fetch_one(&mut **tx).await)?)
}
