//! What a webhook reads: the same facts that a mail is made of, for a program.

use serde_json::{Value, json};

/// The body of a message to a webhook. `data` is what was decided when the alert was; nothing is looked up anew.
pub fn webhook_body(kind: &str, company: &str, created_at_ms: i64, payload: &Value) -> Value {
    let phase = if payload["until_ms"].is_null() { "raised" } else { "over" };
    let mut data = payload.clone();
    if let Some(data) = data.as_object_mut() {
        // These say how a mail is written and answered.
        data.remove("for_client");
        if let Some(answered) = data.remove("in_reply_to") {
            data.insert("answers".to_owned(), bare(answered.as_str().unwrap_or_default()).into());
        }
    }
    let at = jiff::Timestamp::from_millisecond(created_at_ms).unwrap_or_default();
    json!({ "type": kind, "phase": phase, "timestamp": at.to_string(), "company": company, "data": data })
}

/// A `Message-ID` without its brackets.
fn bare(message_id: &str) -> &str {
    message_id.trim_start_matches('<').trim_end_matches('>')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_reads_what_was_decided_and_nothing_about_mail() {
        let payload = json!({"about": "C-1", "until_ms": 7, "for_client": false, "in_reply_to": "<a@b>"});
        let body = webhook_body("link_down", "Northwind", 1_795_437_000_000, &payload);
        let expected = json!({
            "type": "link_down", "phase": "over", "timestamp": "2026-11-23T12:30:00Z", "company": "Northwind",
            "data": {"about": "C-1", "until_ms": 7, "answers": "a@b"},
        });
        assert_eq!(body, expected);
        assert_eq!(webhook_body("link_down", "N", 0, &json!({"about": "C-1"}))["phase"], "raised");
    }
}
