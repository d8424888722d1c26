use askama::Template;
use axum::extract::{Query, State};
use serde_json::Value;
use store::{AuditRecord, StaffAuditAsk};

use crate::app::App;
use crate::pages::render;
use crate::pages::staff::listing::{Asked, page_address, pages};
use crate::pages::staff::{AUDIT, Answered, Frame};
use crate::staff::StaffSession;
use crate::zone::Zone;

#[derive(Template)]
#[template(path = "staff_audit.html")]
struct AuditPage {
    frame: Frame,
    search: String,
    /// Whether only one's own are shown.
    own: bool,
    rows: Vec<Row>,
    total: i64,
    page: i64,
}

impl AuditPage {
    fn pages(&self) -> i64 {
        pages(self.total)
    }

    fn address(&self, page: i64) -> String {
        page_address(AUDIT, &self.search, page)
    }
}

/// An event in words.
pub(crate) struct Row {
    pub(crate) id: i64,
    pub(crate) at: String,
    pub(crate) actor: String,
    pub(crate) address: String,
    pub(crate) action: String,
    pub(crate) subject: String,
    pub(crate) changes: Vec<Change>,
}

/// A field that was changed: what was, and what is. An empty text: there was nothing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) field: String,
    pub(crate) before: String,
    pub(crate) after: String,
}

/// `GET /staff/audit?q&page`: admins see what all did, others what they did themselves.
pub(crate) async fn list(
    State(app): State<App>,
    session: StaffSession,
    Query(asked): Query<Asked>,
) -> Answered {
    let own = !session.is_admin();
    let filter = StaffAuditAsk { ask: asked.ask(), actor: own.then(|| session.actor()) };
    let found = app.store.staff_audit(&session.scope, &filter).await?;
    let rows = found.rows.iter().map(|record| Row::new(record, &session.zone)).collect();
    let page = AuditPage {
        frame: Frame::new(&app, &session, AUDIT),
        search: asked.q.trim().to_owned(),
        own,
        rows,
        total: found.total,
        page: filter.ask.page,
    };
    Ok(render(&page)?)
}

impl Row {
    pub(crate) fn new(record: &AuditRecord, zone: &Zone) -> Self {
        let event = &record.event;
        Self {
            id: record.id,
            at: zone.iso_moment(event.at_ms),
            actor: event.actor.clone(),
            address: event.address.clone().unwrap_or_default(),
            action: event.action.clone(),
            subject: event.subject.clone(),
            changes: changes(&event.detail, zone),
        }
    }
}

impl Row {
    /// In one sentence.
    pub(crate) fn in_words(&self) -> String {
        let nothing = |text: &str| if text.is_empty() { "nothing".to_owned() } else { text.to_owned() };
        let change = |change: &Change| {
            format!("{} from {} to {}", change.field, nothing(&change.before), nothing(&change.after))
        };
        let changes = self.changes.iter().map(change).collect::<Vec<_>>().join(", ");
        let what = if changes.is_empty() { String::new() } else { format!(": {changes}") };
        format!("{} by {} at {}{what}.", self.action, self.actor, self.at)
    }
}

/// The fields that differ between before and after, or all of them where there is but one of the two.
fn changes(detail: &Value, zone: &Zone) -> Vec<Change> {
    let Some(all) = detail.as_object() else { return Vec::new() };
    let words =
        |field: &str, value: Option<&Value>| value.map_or(String::new(), |value| words(field, value, zone));
    let (before, after) = (all.get("before"), all.get("after"));
    if before.is_none() && after.is_none() {
        let change = |(field, value): (&String, &Value)| Change {
            field: field.clone(),
            before: String::new(),
            after: words(field, Some(value)),
        };
        return all.iter().map(change).collect();
    }
    let fields = |value: Option<&Value>| value.and_then(Value::as_object).cloned().unwrap_or_default();
    let (before, after) = (fields(before), fields(after));
    let mut names: Vec<&String> =
        before.keys().chain(after.keys().filter(|name| !before.contains_key(*name))).collect();
    names.retain(|name| before.get(*name) != after.get(*name));
    let change = |name: &String| Change {
        field: name.clone(),
        before: words(name, before.get(name)),
        after: words(name, after.get(name)),
    };
    // What is null on both sides, or where there is only one side, says nothing.
    names.into_iter().map(change).filter(|change| change.before != change.after).collect()
}

/// A value for people: moments by the clock, digests in hexadecimal digits.
fn words(field: &str, value: &Value, zone: &Zone) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(number) if field.ends_with("_ms") => {
            number.as_i64().map_or_else(|| number.to_string(), |at_ms| zone.iso_moment(at_ms))
        }
        Value::Object(fields) if fields.len() == 1 => {
            let inner = |(name, value): (&String, &Value)| format!("{name} {}", words(name, value, zone));
            fields.iter().map(inner).collect()
        }
        Value::Array(names) if names.iter().all(Value::is_string) => {
            names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        Value::Array(bytes) if bytes.len() == 32 => {
            bytes.iter().filter_map(Value::as_u64).map(|byte| format!("{byte:02x}")).collect()
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(detail: &Value) -> Vec<(String, String, String)> {
        let changes = changes(detail, &Zone::named("Asia/Kolkata"));
        changes.into_iter().map(|change| (change.field, change.before, change.after)).collect()
    }

    #[test]
    fn an_edit_tells_what_differs_and_nothing_else() {
        let (before, after) =
            (json!({"id": 7, "name": "A", "site": null}), json!({"id": 7, "name": "B", "site": "Pune"}));
        let text = |text: &str| text.to_owned();
        let expected = [(text("name"), text("A"), text("B")), (text("site"), text(""), text("Pune"))];
        assert_eq!(told(&json!({"before": before, "after": after})), expected);
        let entered = told(
            &json!({"before": null, "after": {"name": "B", "site": null, "from_ms": 1_795_437_000_000_i64}}),
        );
        let expected =
            [(text("from_ms"), text(""), text("2026-11-23 18:00")), (text("name"), text(""), text("B"))];
        assert_eq!(entered, expected);
        assert_eq!(told(&json!({"left": 3})), [(text("left"), text(""), text("3"))]);
        assert_eq!(told(&json!({"before": null, "after": null})), []);
    }

    #[test]
    fn a_pinned_certificate_is_told_as_its_fingerprint() {
        let pinned = json!({"pinned": vec![171; 32]});
        assert_eq!(words("tls", &pinned, &Zone::named("UTC")), format!("pinned {}", "ab".repeat(32)));
    }
}
