//! Removing time that did not happen: what was written while the clock was ahead.

use serde_json::{Value, json};

use crate::engine::{Differs, Engine, Tx, on};
use crate::sample::HOUR_MS;
use crate::sample_write::ROLL_UP_LOCK;
use crate::{AuditEvent, LIST_ROWS_MAX, LinkId, Store, StoreError, audit};

const DAY_MS: i64 = 24 * HOUR_MS;
/// Whole seconds of an uptime, and two clocks that drift apart, explain a difference of so much.
const UPTIME_JITTER_MS: i64 = 10_000;
const UPTIME_DRIFT_DIVISOR: i64 = 1_000;

/// What to repair, and for whom the audit log says so.
#[derive(Clone, Copy, Debug)]
pub struct RepairAsk<'a> {
    /// Everything stored from this time on goes.
    pub from_ms: i64,
    /// Now.
    pub now_ms: i64,
    /// Who: `collector`, `cli`.
    pub actor: &'a str,
    /// Why, in words.
    pub reason: &'a str,
    /// Whether spans of the past that contradict their own evidence become unknown.
    pub past: bool,
    /// Only says what would be done.
    pub dry_run: bool,
}

/// What a repair did, in rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct TimelineRepair {
    /// Spans that began in the future and are gone.
    pub spans_removed: u64,
    /// Spans that reached into the future and end now.
    pub spans_cut: u64,
    /// Spans of the past that held time which did not happen, and are unknown now.
    pub spans_unknown: u64,
    /// Samples removed.
    pub samples: u64,
    /// Outages removed.
    pub outages_removed: u64,
    /// Outages that had ended in the future and are ongoing again.
    pub outages_reopened: u64,
    /// Links whose latest state was of the future.
    pub links: u64,
    /// Routers whose last poll was in the future.
    pub routers: u64,
    /// Reports of whole months that were made too early, or from time that did not happen. They stay as they are: they have
    /// to be calculated again, which makes a further revision.
    pub reports: Vec<DoubtfulReport>,
}

/// A report that rests on time which did not happen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, sqlx::FromRow)]
pub struct DoubtfulReport {
    /// The link's circuit ID.
    pub circuit: String,
    /// Its month.
    pub month: String,
    /// Its revision.
    pub revision: i64,
}

impl TimelineRepair {
    /// Whether there was nothing to repair.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether rows were changed; reports are only named.
    pub fn changes_rows(&self) -> bool {
        !Self { reports: Vec::new(), ..self.clone() }.is_empty()
    }
}

impl Store {
    /// Removes what is stored from `from_ms` on, in one transaction with its audit event. Frozen reports stay.
    ///
    /// # Errors
    /// Those of the database. Nothing is changed then.
    pub async fn repair_timeline(&self, ask: &RepairAsk<'_>) -> Result<TimelineRepair, StoreError> {
        let mut tx = self.begin().await?;
        let mut done = remove_from(&mut tx, ask.from_ms).await?;
        done.reports = early_reports(&mut tx, ask.from_ms).await?;
        if ask.past {
            for doubtful in contradictions(&mut tx, i64::MIN).await? {
                done.spans_unknown += make_unknown(&mut tx, &doubtful).await?;
                done.reports.extend(reports_over(&mut tx, &doubtful).await?);
            }
        }
        done.reports.sort();
        done.reports.dedup();
        if ask.dry_run {
            return Ok(done);
        }
        if done.changes_rows() {
            let mut detail = serde_json::to_value(&done).map_err(StoreError::corrupt)?;
            detail["from_ms"] = json!(ask.from_ms);
            detail["reason"] = json!(ask.reason);
            let event = AuditEvent {
                at_ms: ask.now_ms,
                actor: ask.actor.to_owned(),
                action: "timeline.repair".to_owned(),
                subject: "all timelines".to_owned(),
                detail,
                address: None,
            };
            audit::insert(&mut tx, &event).await?;
        }
        tx.commit().await?;
        Ok(done)
    }

    /// Whether a span that reaches beyond `now_ms` holds time that did not happen, by its router's uptime.
    pub async fn future_contradicts(&self, now_ms: i64) -> Result<bool, StoreError> {
        let mut tx = self.begin_reading().await?;
        Ok(!contradictions(&mut tx, now_ms).await?.is_empty())
    }
}

async fn remove_from(tx: &mut Tx, from_ms: i64) -> Result<TimelineRepair, StoreError> {
    const SAMPLES: Differs = Differs {
        sqlite: "DELETE FROM link_monitoring_data WHERE hour >= $1 / 3600000 AND at_ms >= $1",
        postgres: "DELETE FROM link_monitoring_data WHERE at_ms >= $1",
    };
    let samples = SAMPLES.on(tx);
    lock_rollups_out(tx).await?;
    // The status rows are first, as in a round: they are the lock that keeps a round and this apart. A minute early, so that a
    // round that is under way now is not older than what is stored.
    let routers = run(
        tx,
        "UPDATE router_status SET at_ms = $1 - 60000, uptime_ms = NULL,
            since_ms = CASE WHEN since_ms > $1 THEN $1 ELSE since_ms END,
            last_ok_at_ms = CASE WHEN last_ok_at_ms > $1 THEN $1 ELSE last_ok_at_ms END
        WHERE at_ms > $1",
        from_ms,
    )
    .await?;
    let outages_removed = run(tx, "DELETE FROM outages WHERE from_ms >= $1", from_ms).await?;
    let outages_reopened = run(tx, "UPDATE outages SET to_ms = NULL WHERE to_ms > $1", from_ms).await?;
    let spans_removed = run(tx, "DELETE FROM link_spans WHERE from_ms >= $1", from_ms).await?;
    let spans_cut = run(tx, "UPDATE link_spans SET to_ms = $1 WHERE to_ms > $1", from_ms).await?;
    // What the collector remembered is of the same false time: without it, the link begins anew.
    let links = run(
        tx,
        "UPDATE link_latest SET at_ms = $1, memory = 'null',
            since_ms = CASE WHEN since_ms > $1 THEN $1 ELSE since_ms END,
            sample_at_ms = CASE WHEN sample_at_ms >= $1 THEN NULL ELSE sample_at_ms END
        WHERE at_ms > $1",
        from_ms,
    )
    .await?;
    run(tx, "UPDATE client_links SET measured_from_ms = NULL WHERE measured_from_ms >= $1", from_ms).await?;
    let samples = run(tx, samples, from_ms).await?;
    if samples > 0 {
        remove_rollups(tx, from_ms).await?;
    }
    run(tx, "UPDATE alert_watch SET seen_ms = $1, since_ms = $1 WHERE seen_ms > $1", from_ms).await?;
    Ok(TimelineRepair {
        spans_removed,
        spans_cut,
        samples,
        outages_removed,
        outages_reopened,
        links,
        routers,
        ..TimelineRepair::default()
    })
}

/// The hour and the day of `from_ms` are made again from what is left.
async fn remove_rollups(tx: &mut Tx, from_ms: i64) -> Result<(), StoreError> {
    const PENDING: &str = "INSERT INTO rollup_pending (resolution, from_ms) VALUES ('hour', $1)
        ON CONFLICT (resolution, from_ms) DO NOTHING";
    let (hour_ms, day_ms) = (from_ms.div_euclid(HOUR_MS) * HOUR_MS, from_ms.div_euclid(DAY_MS) * DAY_MS);
    run(tx, "DELETE FROM link_monitoring_hourly WHERE from_ms >= $1", hour_ms).await?;
    run(tx, "DELETE FROM link_monitoring_daily WHERE from_ms >= $1", day_ms).await?;
    run(tx, "DELETE FROM rollup_pending WHERE from_ms > $1", from_ms).await?;
    run(tx, PENDING, hour_ms).await?;
    Ok(())
}

async fn lock_rollups_out(tx: &mut Tx) -> Result<(), StoreError> {
    const LOCK: &str = "SELECT pg_advisory_xact_lock($1)";
    if let Engine::Postgres(tx) = tx {
        sqlx::query(LOCK).bind(ROLL_UP_LOCK).execute(&mut **tx).await?;
    }
    Ok(())
}

async fn run(tx: &mut Tx, sql: &'static str, at_ms: i64) -> Result<u64, StoreError> {
    Ok(on!(tx, tx => sqlx::query(sql).bind(at_ms).execute(&mut **tx).await.map(|done| done.rows_affected()))?)
}

/// Reports of whole months that were made after `from_ms`, or of a time after it.
async fn early_reports(tx: &mut Tx, from_ms: i64) -> Result<Vec<DoubtfulReport>, StoreError> {
    const SQL: &str =
        "SELECT l.circuit, r.month, r.revision FROM sla_reports r JOIN client_links l ON l.id = r.link_id
        WHERE NOT r.so_far AND (r.created_at_ms >= $1 OR r.to_ms > $1) ORDER BY r.id LIMIT $2";
    Ok(on!(tx, tx => sqlx::query_as(SQL).bind(from_ms).bind(LIST_ROWS_MAX).fetch_all(&mut **tx).await)?)
}

async fn reports_over(tx: &mut Tx, span: &Contradiction) -> Result<Vec<DoubtfulReport>, StoreError> {
    const SQL: &str =
        "SELECT l.circuit, r.month, r.revision FROM sla_reports r JOIN client_links l ON l.id = r.link_id
        WHERE NOT r.so_far AND r.link_id = $1 AND r.from_ms < $3 AND r.to_ms > $2 ORDER BY r.id LIMIT $4";
    Ok(on!(tx, tx => sqlx::query_as(SQL)
        .bind(span.link)
        .bind(span.false_from_ms)
        .bind(span.to_ms)
        .bind(LIST_ROWS_MAX)
        .fetch_all(&mut **tx)
        .await)?)
}

/// An up span longer than its router's uptime says.
struct Contradiction {
    link: LinkId,
    from_ms: i64,
    to_ms: i64,
    /// Up to here the router's uptime covers it.
    false_from_ms: i64,
    evidence: Value,
}

/// Up spans that end after `after_ms` and were told to be continuous although the router's uptime did not advance as long.
async fn contradictions(tx: &mut Tx, after_ms: i64) -> Result<Vec<Contradiction>, StoreError> {
    const SQL: &str = "SELECT link_id, from_ms, to_ms, evidence FROM link_spans
        WHERE to_ms > $1 AND state = 'up' AND evidence LIKE '%uptime_s%' ORDER BY link_id, from_ms LIMIT $2";
    let rows: Vec<(LinkId, i64, i64, String)> = on!(tx, tx => sqlx::query_as(SQL)
        .bind(after_ms).bind(LIST_ROWS_MAX).fetch_all(&mut **tx).await)?;
    let mut found = Vec::new();
    for (link, from_ms, to_ms, evidence) in rows {
        let evidence: Value = serde_json::from_str(&evidence).map_err(StoreError::corrupt)?;
        if let Some(false_from_ms) = false_from_ms(&evidence, from_ms, to_ms) {
            found.push(Contradiction { link, from_ms, to_ms, false_from_ms, evidence });
        }
    }
    Ok(found)
}

/// From when on a continuous span is not covered by its router's uptime; none if it is, or if the evidence is of another kind.
fn false_from_ms(evidence: &Value, from_ms: i64, to_ms: i64) -> Option<i64> {
    let pair = |name: &str| Some((evidence[name][0].as_i64()?, evidence[name][1].as_i64()?));
    let ((first_ms, last_ms), (before_s, after_s)) = (pair("looks_ms")?, pair("uptime_s")?);
    if evidence["kind"] != "continuous" || after_s < before_s {
        return None;
    }
    let (elapsed_ms, ran_ms) = (last_ms - first_ms, (after_s - before_s) * 1_000);
    let tolerated_ms = UPTIME_JITTER_MS + elapsed_ms / UPTIME_DRIFT_DIVISOR;
    let covered_ms = (first_ms + ran_ms).max(from_ms);
    (elapsed_ms - ran_ms > tolerated_ms && covered_ms < to_ms).then_some(covered_ms)
}

async fn make_unknown(tx: &mut Tx, span: &Contradiction) -> Result<u64, StoreError> {
    const CUT: &str = "UPDATE link_spans SET to_ms = $3 WHERE link_id = $1 AND from_ms = $2";
    const GONE: &str = "DELETE FROM link_spans WHERE link_id = $1 AND from_ms = $2 AND from_ms = $3";
    const PUT: &str = "INSERT INTO link_spans (link_id, from_ms, to_ms, state, cause, evidence)
        VALUES ($1, $2, $3, 'unknown', 'not_polled', $4)";
    let evidence = json!({ "kind": "time_removed", "was": span.evidence }).to_string();
    let sql = if span.false_from_ms > span.from_ms { CUT } else { GONE };
    on!(&mut *tx, tx => sqlx::query(sql)
        .bind(span.link)
        .bind(span.from_ms)
        .bind(span.false_from_ms)
        .execute(&mut **tx)
        .await
        .map(|_| ()))?;
    on!(tx, tx => sqlx::query(PUT)
        .bind(span.link)
        .bind(span.false_from_ms)
        .bind(span.to_ms)
        .bind(evidence)
        .execute(&mut **tx)
        .await
        .map(|_| ()))?;
    Ok(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_longer_than_the_uptime_advanced_is_false_from_there_on() {
        let evidence = |looks_ms: [i64; 2], uptime_s: [i64; 2], kind: &str| json!({ "kind": kind, "looks_ms": looks_ms, "uptime_s": uptime_s });
        let hours = 5 * HOUR_MS;
        let false_from = |evidence: &Value| false_from_ms(evidence, 0, hours);
        assert_eq!(false_from(&evidence([0, hours], [100, 105], "continuous")), Some(5_000));
        assert_eq!(false_from(&evidence([0, hours], [100, 100 + 18_000], "continuous")), None);
        assert_eq!(
            false_from(&evidence([0, hours], [100, 5], "continuous")),
            None,
            "a restart is another matter"
        );
        assert_eq!(false_from(&evidence([0, hours], [100, 105], "link_times")), None);
        assert_eq!(false_from(&json!({ "kind": "continuous" })), None);
    }
}
