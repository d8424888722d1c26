//! The rows of a turn, many in a statement and so much in a transaction that others get their turn.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use crate::engine::{Differs, Tx, json, on};
use crate::{
    Alert, AlertChange, AlertDecisions, AlertId, AlertSubject, NewNotificationLog, OutageId, StoreError,
};

/// Rows that one transaction writes before others get their turn; what is about one link or router may be more.
const ROWS_PER_PART_MAX: usize = 1_000;

/// What is written in one transaction: all that was decided about some links and routers.
#[derive(Debug, Default)]
pub(crate) struct Part<'a> {
    pub(crate) changes: Vec<&'a AlertChange>,
    pub(crate) logs: Vec<&'a NewNotificationLog>,
    pub(crate) examined: Vec<OutageId>,
}

impl Part<'_> {
    fn rows(&self) -> usize {
        // A message is a row of the outbox and one of the log.
        let of_change = |change: &&AlertChange| 1 + 2 * change.messages.len() + change.logs.len();
        self.changes.iter().map(of_change).sum::<usize>() + self.logs.len() + self.examined.len()
    }
}

/// Decisions in parts. What is about the company or a router comes first: links refer to it.
pub(crate) fn parts(decisions: &AlertDecisions) -> Vec<Part<'_>> {
    let mut subjects: BTreeMap<(bool, AlertSubject), Part<'_>> = BTreeMap::new();
    let key = |subject: AlertSubject| (matches!(subject, AlertSubject::Link(_)), subject);
    for change in &decisions.changes {
        subjects.entry(key(change.alert.subject)).or_default().changes.push(change);
    }
    for log in &decisions.logs {
        subjects.entry(key(log.subject)).or_default().logs.push(log);
    }
    for (link, outage) in &decisions.examined {
        subjects.entry(key(AlertSubject::Link(*link))).or_default().examined.push(*outage);
    }
    let mut parts: Vec<Part<'_>> = Vec::new();
    let mut rows = ROWS_PER_PART_MAX;
    for mut of_subject in subjects.into_values() {
        let more = of_subject.rows();
        match parts.last_mut().filter(|_| rows + more <= ROWS_PER_PART_MAX) {
            Some(part) => {
                part.changes.append(&mut of_subject.changes);
                part.logs.append(&mut of_subject.logs);
                part.examined.append(&mut of_subject.examined);
                rows += more;
            }
            None => {
                parts.push(of_subject);
                rows = more;
            }
        }
    }
    parts
}

/// Enters new alerts and brings others up to date; their ids, in order. What people wrote to them stays, but that somebody
/// closed one by hand goes when it comes back. One that seems to have begun when an earlier one did begins just after it.
pub(crate) async fn put(tx: &mut Tx, alerts: &[&Alert]) -> Result<Vec<AlertId>, StoreError> {
    let (new, known): (Vec<&Alert>, Vec<&Alert>) = alerts.iter().partition(|alert| alert.id.0 == 0);
    update(tx, &known).await?;
    let ids = insert(tx, &new).await?;
    let id = |alert: &&Alert| match alert.id.0 {
        0 => ids.get(&(alert.event.as_str().to_owned(), alert.subject.to_string())).copied(),
        _ => Some(alert.id),
    };
    alerts
        .iter()
        .map(|alert| id(alert).ok_or_else(|| StoreError::corrupt("an alert without a row")))
        .collect()
}

fn row(alert: &Alert) -> Value {
    json!({
        "id": alert.id, "company": alert.company_id, "event": alert.event, "subject": alert.subject.to_string(),
        "about": alert.about, "client": alert.client_id, "opened": alert.opened_at_ms,
        "raised": alert.raised_at_ms, "closed": alert.closed_at_ms, "told": alert.told_at_ms,
        "waits": alert.waits, "owes": alert.owes, "over_told": alert.over_told_at_ms,
        "facts": alert.facts.to_string(), "by": alert.dismissed_by, "at": alert.dismissed_at_ms,
        "reason": alert.dismissed_reason,
    })
}

async fn insert(tx: &mut Tx, alerts: &[&Alert]) -> Result<HashMap<(String, String), AlertId>, StoreError> {
    const SQL: Differs = Differs {
        sqlite: "INSERT INTO alerts (company_id, event, subject, about, client_id, opened_at_ms, raised_at_ms,
                closed_at_ms, told_at_ms, waits, owes, over_told_at_ms, facts)
            SELECT v.value ->> 'company', v.value ->> 'event', v.value ->> 'subject', v.value ->> 'about',
                v.value ->> 'client',
                COALESCE((SELECT MAX(a.opened_at_ms) + 1 FROM alerts a
                    WHERE a.company_id = v.value ->> 'company' AND a.event = v.value ->> 'event'
                        AND a.subject = v.value ->> 'subject' AND a.opened_at_ms >= v.value ->> 'opened'),
                    v.value ->> 'opened'),
                v.value ->> 'raised', v.value ->> 'closed', v.value ->> 'told', v.value ->> 'waits',
                v.value ->> 'owes', v.value ->> 'over_told', v.value ->> 'facts'
            FROM json_each($1) v WHERE true RETURNING event, subject, id",
        postgres: "INSERT INTO alerts (company_id, event, subject, about, client_id, opened_at_ms, raised_at_ms,
                closed_at_ms, told_at_ms, waits, owes, over_told_at_ms, facts)
            SELECT (v.value ->> 'company')::bigint, v.value ->> 'event', v.value ->> 'subject', v.value ->> 'about',
                (v.value ->> 'client')::bigint,
                COALESCE((SELECT MAX(a.opened_at_ms) + 1 FROM alerts a
                    WHERE a.company_id = (v.value ->> 'company')::bigint AND a.event = v.value ->> 'event'
                        AND a.subject = v.value ->> 'subject'
                        AND a.opened_at_ms >= (v.value ->> 'opened')::bigint), (v.value ->> 'opened')::bigint),
                (v.value ->> 'raised')::bigint, (v.value ->> 'closed')::bigint, (v.value ->> 'told')::bigint,
                v.value ->> 'waits', (v.value ->> 'owes')::boolean, (v.value ->> 'over_told')::bigint,
                v.value ->> 'facts'
            FROM json_array_elements($1::json) v RETURNING event, subject, id",
    };
    if alerts.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<Value> = alerts.iter().map(|alert| row(alert)).collect();
    let (sql, rows) = (SQL.on(tx), json(&rows)?);
    let ids: Vec<(String, String, AlertId)> =
        on!(tx, tx => sqlx::query_as(sql).bind(rows).fetch_all(&mut **tx).await)
            .map_err(|error| StoreError::on_insert(error, "alert", &[]))?;
    Ok(ids.into_iter().map(|(event, subject, id)| ((event, subject), id)).collect())
}

async fn update(tx: &mut Tx, alerts: &[&Alert]) -> Result<(), StoreError> {
    const SQL: Differs = Differs {
        sqlite: "UPDATE alerts SET closed_at_ms = v.value ->> 'closed', told_at_ms = v.value ->> 'told',
                waits = v.value ->> 'waits', owes = v.value ->> 'owes', over_told_at_ms = v.value ->> 'over_told',
                facts = v.value ->> 'facts', dismissed_by = v.value ->> 'by', dismissed_at_ms = v.value ->> 'at',
                dismissed_reason = v.value ->> 'reason'
            FROM json_each($1) v WHERE alerts.id = v.value ->> 'id'",
        postgres: "UPDATE alerts SET closed_at_ms = (v.value ->> 'closed')::bigint,
                told_at_ms = (v.value ->> 'told')::bigint, waits = v.value ->> 'waits',
                owes = (v.value ->> 'owes')::boolean, over_told_at_ms = (v.value ->> 'over_told')::bigint,
                facts = v.value ->> 'facts', dismissed_by = v.value ->> 'by',
                dismissed_at_ms = (v.value ->> 'at')::bigint, dismissed_reason = v.value ->> 'reason'
            FROM json_array_elements($1::json) v WHERE alerts.id = (v.value ->> 'id')::bigint",
    };
    if alerts.is_empty() {
        return Ok(());
    }
    let rows: Vec<Value> = alerts.iter().map(|alert| row(alert)).collect();
    let (sql, rows) = (SQL.on(tx), json(&rows)?);
    on!(tx, tx => sqlx::query(sql).bind(rows).execute(&mut **tx).await.map(|_| ()))?;
    Ok(())
}
