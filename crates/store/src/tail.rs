//! Rewriting the ends of time lines, and the outages that follow from them, inside a round's transaction.

use std::collections::{HashMap, HashSet};

use crate::engine::{Differs, Engine, Tx, json, on};
use crate::outage::{OutageRow, outage_columns};
use crate::span::SpanRow;
use crate::timeline::{Group, check, group, pair, rewrite};
use crate::{LinkId, Outage, OutageId, Span, SpanTail, StoreError};

/// Applies all tails. Several for one link are applied in their order.
pub(crate) async fn write_tails<'a>(
    tx: &mut Tx,
    tails: impl Iterator<Item = &'a SpanTail>,
) -> Result<(), StoreError> {
    let mut waiting: Vec<&SpanTail> = tails.collect();
    for tail in &waiting {
        check(tail)?;
    }
    lock_links(tx, &waiting).await?;
    while !waiting.is_empty() {
        let mut seen = HashSet::new();
        let (now, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|tail| seen.insert(tail.link));
        let changes = extend(tx, now).await?;
        if !changes.is_empty() {
            write_wave(tx, &changes).await?;
        }
        waiting = later;
    }
    Ok(())
}

/// Lengthens the last span of each link whose tail merely goes on with it, as nearly all do, without reading any;
/// its outage stays as it is, open if it is down. Returns the tails that are more than that. At most one per link.
async fn extend<'a>(tx: &mut Tx, tails: Vec<&'a SpanTail>) -> Result<Vec<&'a SpanTail>, StoreError> {
    const EXTEND: Differs = Differs {
        sqlite: "UPDATE link_spans SET to_ms = t.value ->> 2 FROM json_each($1) t
            WHERE link_spans.link_id = t.value ->> 0
                AND link_spans.from_ms = (SELECT MAX(p.from_ms) FROM link_spans p WHERE p.link_id = t.value ->> 0)
                AND link_spans.from_ms < t.value ->> 1 AND link_spans.to_ms >= t.value ->> 1
                AND link_spans.state = t.value ->> 3 AND link_spans.cause IS t.value ->> 4
                AND link_spans.evidence = t.value ->> 5",
        postgres: "UPDATE link_spans s SET to_ms = t.to_ms
            FROM (SELECT (value ->> 0)::bigint AS link_id, (value ->> 1)::bigint AS from_ms,
                    (value ->> 2)::bigint AS to_ms, value ->> 3 AS state, value ->> 4 AS cause, value ->> 5 AS evidence
                FROM json_array_elements($1::json)) t
            WHERE s.link_id = t.link_id
                AND s.from_ms = (SELECT MAX(p.from_ms) FROM link_spans p WHERE p.link_id = t.link_id)
                AND s.from_ms < t.from_ms AND s.to_ms >= t.from_ms
                AND s.state = t.state AND s.cause IS NOT DISTINCT FROM t.cause AND s.evidence = t.evidence",
    };
    const EXTENDED: Differs = Differs {
        sqlite: "SELECT s.link_id FROM json_each($1) t CROSS JOIN link_spans s ON s.link_id = t.value ->> 0
                AND s.from_ms = (SELECT MAX(p.from_ms) FROM link_spans p WHERE p.link_id = t.value ->> 0)
            WHERE s.from_ms < t.value ->> 1 AND s.to_ms = t.value ->> 2
                AND s.state = t.value ->> 3 AND s.cause IS t.value ->> 4 AND s.evidence = t.value ->> 5",
        postgres: "SELECT s.link_id
            FROM (SELECT (value ->> 0)::bigint AS link_id, (value ->> 1)::bigint AS from_ms,
                    (value ->> 2)::bigint AS to_ms, value ->> 3 AS state, value ->> 4 AS cause, value ->> 5 AS evidence
                FROM json_array_elements($1::json)) t
            JOIN link_spans s ON s.link_id = t.link_id
                AND s.from_ms = (SELECT MAX(p.from_ms) FROM link_spans p WHERE p.link_id = t.link_id)
            WHERE s.from_ms < t.from_ms AND s.to_ms = t.to_ms
                AND s.state = t.state AND s.cause IS NOT DISTINCT FROM t.cause AND s.evidence = t.evidence",
    };
    let going_on: Vec<PutSpan> = tails.iter().filter_map(|tail| going_on(tail)).collect();
    if going_on.is_empty() {
        return Ok(tails);
    }
    let rows = json(&going_on)?;
    let (extend, extended) = (EXTEND.on(tx), EXTENDED.on(tx));
    let count = on!(&mut *tx, tx => sqlx::query(extend).bind(&rows).execute(&mut **tx).await.map(|done| done.rows_affected()))
        .map_err(|error| StoreError::on_insert(error, "span", &[]))?;
    let done: HashSet<LinkId> = if count == going_on.len() as u64 {
        going_on.iter().map(|row| row.0).collect()
    } else if count == 0 {
        HashSet::new()
    } else {
        let links: Vec<LinkId> =
            on!(tx, tx => sqlx::query_scalar(extended).bind(rows).fetch_all(&mut **tx).await)?;
        links.into_iter().collect()
    };
    Ok(tails.into_iter().filter(|tail| !done.contains(&tail.link)).collect())
}

/// The row of a tail that may be nothing but more of the span before it.
fn going_on(tail: &SpanTail) -> Option<PutSpan> {
    match tail.spans.as_slice() {
        [span] if span.from_ms == tail.from_ms => Some(put(tail.link, span)),
        _ => None,
    }
}

/// At most one tail per link.
async fn write_wave(tx: &mut Tx, tails: &[&SpanTail]) -> Result<(), StoreError> {
    let stored_spans = stored_spans(tx, tails).await?;
    let bounds: Vec<(LinkId, i64)> = tails
        .iter()
        .map(|tail| {
            let before = stored_spans.get(&tail.link).and_then(|spans| spans.first());
            (tail.link, before.map_or(tail.from_ms, |span| span.to_ms.min(tail.from_ms)))
        })
        .collect();
    let stored_outages = stored_outages(tx, &bounds).await?;
    let mut spans = SpanChanges::default();
    let mut outages = OutageChanges::default();
    for tail in tails {
        let stored = stored_spans.get(&tail.link).map_or(&[][..], Vec::as_slice);
        let line = rewrite(stored, tail);
        spans.add(tail.link, stored, &line);
        let stored = stored_outages.get(&tail.link).map_or(&[][..], Vec::as_slice);
        outages.add(tail, &line, stored);
    }
    spans.write(tx).await?;
    outages.write(tx).await
}

/// Link, from, to, state, cause and evidence: a row of `link_spans` as the elements of a JSON array.
type PutSpan = (LinkId, i64, i64, &'static str, Option<String>, String);

fn put(link: LinkId, span: &Span) -> PutSpan {
    let evidence = span.evidence.to_string();
    (link, span.from_ms, span.to_ms, span.state.as_str(), span.cause.clone(), evidence)
}

#[derive(Default)]
struct SpanChanges {
    gone: Vec<(LinkId, i64)>,
    put: Vec<PutSpan>,
}

impl SpanChanges {
    fn add(&mut self, link: LinkId, stored: &[Span], line: &[Span]) {
        let starts: HashSet<i64> = line.iter().map(|span| span.from_ms).collect();
        let gone = stored.iter().filter(|span| !starts.contains(&span.from_ms));
        self.gone.extend(gone.map(|span| (link, span.from_ms)));
        for span in line.iter().filter(|span| !stored.contains(span)) {
            self.put.push(put(link, span));
        }
    }

    async fn write(&self, tx: &mut Tx) -> Result<(), StoreError> {
        const DELETE: Differs = Differs {
            sqlite: "DELETE FROM link_spans
                WHERE (link_id, from_ms) IN (SELECT value ->> 0, value ->> 1 FROM json_each($1))",
            postgres: "DELETE FROM link_spans WHERE (link_id, from_ms) IN
                (SELECT (value ->> 0)::bigint, (value ->> 1)::bigint FROM json_array_elements($1::json))",
        };
        const PUT: Differs = Differs {
            sqlite: "INSERT INTO link_spans (link_id, from_ms, to_ms, state, cause, evidence)
                SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
                FROM json_each($1) WHERE true
                ON CONFLICT (link_id, from_ms) DO UPDATE SET to_ms = excluded.to_ms, state = excluded.state,
                    cause = excluded.cause, evidence = excluded.evidence",
            postgres: "INSERT INTO link_spans (link_id, from_ms, to_ms, state, cause, evidence)
                SELECT (value ->> 0)::bigint, (value ->> 1)::bigint, (value ->> 2)::bigint, value ->> 3, value ->> 4,
                    value ->> 5
                FROM json_array_elements($1::json)
                ON CONFLICT (link_id, from_ms) DO UPDATE SET to_ms = excluded.to_ms, state = excluded.state,
                    cause = excluded.cause, evidence = excluded.evidence",
        };
        execute(tx, &DELETE, &self.gone).await?;
        execute(tx, &PUT, &self.put).await
    }
}

#[derive(Default)]
struct OutageChanges {
    gone: Vec<OutageId>,
    /// In the order of time for each link: see [`pair`].
    changed: Vec<(OutageId, Group)>,
    new: Vec<(LinkId, Group)>,
}

impl OutageChanges {
    fn add(&mut self, tail: &SpanTail, line: &[Span], stored: &[Outage]) {
        let old: Vec<Group> = stored.iter().map(Group::from).collect();
        let begun = line.first().filter(|first| first.from_ms < tail.from_ms).and_then(|first| {
            old.iter().find(|old| {
                old.from_ms < first.from_ms && old.to_ms.is_none_or(|to_ms| to_ms > first.from_ms)
            })
        });
        let groups = group(line, begun);
        let pairs = pair(&groups, &old);
        let kept: HashSet<usize> = pairs.iter().flatten().copied().collect();
        let gone = stored.iter().enumerate().filter(|(index, _)| !kept.contains(index));
        self.gone.extend(gone.map(|(_, outage)| outage.id));
        for (group, pair) in groups.into_iter().zip(pairs) {
            match pair {
                Some(index) if old[index] == group => {}
                Some(index) => self.changed.push((stored[index].id, group)),
                None => self.new.push((tail.link, group)),
            }
        }
    }

    async fn write(&self, tx: &mut Tx) -> Result<(), StoreError> {
        const DELETE: &str = "DELETE FROM outages WHERE id = $1";
        const UPDATE: &str =
            "UPDATE outages SET from_ms = $2, to_ms = $3, cause = $4, evidence = $5 WHERE id = $1";
        const INSERT: &str =
            "INSERT INTO outages (link_id, from_ms, to_ms, cause, evidence) VALUES ($1, $2, $3, $4, $5)";
        for id in &self.gone {
            on!(&mut *tx, tx => sqlx::query(DELETE).bind(id).execute(&mut **tx).await.map(|_| ()))?;
        }
        let changed = self.changed.iter().map(|(id, group)| (UPDATE, id.0, group));
        let new = self.new.iter().map(|(link, group)| (INSERT, link.0, group));
        for (sql, key, group) in changed.chain(new) {
            on!(&mut *tx, tx => sqlx::query(sql)
                .bind(key)
                .bind(group.from_ms)
                .bind(group.to_ms)
                .bind(&group.cause)
                .bind(group.evidence.to_string())
                .execute(&mut **tx)
                .await
                .map(|_| ()))?;
        }
        Ok(())
    }
}

impl From<&Outage> for Group {
    fn from(outage: &Outage) -> Self {
        Self {
            from_ms: outage.from_ms,
            to_ms: outage.to_ms,
            cause: outage.cause.clone(),
            evidence: outage.evidence.clone(),
        }
    }
}

/// Each link's spans from the last one on that begins before its tail.
async fn stored_spans(tx: &mut Tx, tails: &[&SpanTail]) -> Result<HashMap<LinkId, Vec<Span>>, StoreError> {
    const SQL: Differs = Differs {
        sqlite: "SELECT s.link_id, s.from_ms, s.to_ms, s.state, s.cause, s.evidence
            FROM json_each($1) t CROSS JOIN link_spans s ON s.link_id = t.value ->> 0
            WHERE s.from_ms >= COALESCE((SELECT MAX(p.from_ms) FROM link_spans p
                WHERE p.link_id = t.value ->> 0 AND p.from_ms < t.value ->> 1), t.value ->> 1)
            ORDER BY s.link_id, s.from_ms",
        postgres: "SELECT s.link_id, s.from_ms, s.to_ms, s.state, s.cause, s.evidence
            FROM (SELECT (value ->> 0)::bigint AS link_id, (value ->> 1)::bigint AS from_ms
                FROM json_array_elements($1::json)) t
            CROSS JOIN LATERAL (SELECT * FROM link_spans s WHERE s.link_id = t.link_id
                AND s.from_ms >= COALESCE((SELECT MAX(p.from_ms) FROM link_spans p
                    WHERE p.link_id = t.link_id AND p.from_ms < t.from_ms), t.from_ms)) s
            ORDER BY s.link_id, s.from_ms",
    };
    let keys: Vec<_> = tails.iter().map(|tail| (tail.link, tail.from_ms)).collect();
    let (sql, keys) = (SQL.on(tx), json(&keys)?);
    let rows: Vec<SpanRow> = on!(tx, tx => sqlx::query_as(sql).bind(keys).fetch_all(&mut **tx).await)?;
    let mut spans: HashMap<LinkId, Vec<Span>> = HashMap::new();
    for row in rows {
        spans.entry(row.link_id).or_default().push(row.try_into()?);
    }
    Ok(spans)
}

/// Each link's outages that are open or end at or after its bound.
async fn stored_outages(
    tx: &mut Tx,
    bounds: &[(LinkId, i64)],
) -> Result<HashMap<LinkId, Vec<Outage>>, StoreError> {
    const SQL: Differs = Differs {
        sqlite: concat!(
            "SELECT ",
            outage_columns!(),
            " FROM json_each($1) t CROSS JOIN outages o ON o.link_id = t.value ->> 0
            WHERE (o.to_ms IS NULL OR o.to_ms >= t.value ->> 1) ORDER BY o.link_id, o.from_ms"
        ),
        postgres: concat!(
            "SELECT ",
            outage_columns!(),
            " FROM json_array_elements($1::json) t JOIN outages o ON o.link_id = (t.value ->> 0)::bigint
            WHERE (o.to_ms IS NULL OR o.to_ms >= (t.value ->> 1)::bigint) ORDER BY o.link_id, o.from_ms"
        ),
    };
    let (sql, keys) = (SQL.on(tx), json(&bounds)?);
    let rows: Vec<OutageRow> = on!(tx, tx => sqlx::query_as(sql).bind(keys).fetch_all(&mut **tx).await)?;
    let mut outages: HashMap<LinkId, Vec<Outage>> = HashMap::new();
    for row in rows {
        let outage = Outage::try_from(row)?;
        outages.entry(outage.link).or_default().push(outage);
    }
    Ok(outages)
}

/// Two rounds must not rewrite one time line at once. SQLite has one writer anyway.
async fn lock_links(tx: &mut Tx, tails: &[&SpanTail]) -> Result<(), StoreError> {
    const SQL: &str = "SELECT id FROM client_links WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE";
    if let Engine::Postgres(tx) = tx {
        let ids: Vec<i64> = tails.iter().map(|tail| tail.link.0).collect();
        sqlx::query(SQL).bind(ids).execute(&mut **tx).await?;
    }
    Ok(())
}

async fn execute<T: serde::Serialize>(tx: &mut Tx, sql: &Differs, rows: &[T]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let (sql, rows) = (sql.on(tx), json(&rows)?);
    on!(tx, tx => sqlx::query(sql).bind(rows).execute(&mut **tx).await.map(|_| ()))
        .map_err(|error| StoreError::on_insert(error, "span", &[]))
}
