//! Alerts in words: what is known about them, and what was told.

use report::{cause_words, duration_words, evidence_words};
use serde_json::Value;
use store::NotificationLog;

use crate::pages::staff::listing::{Cell, Table};
use crate::view::delivery::receipt_words;
use crate::zone::Zone;

/// What was known when an alert was raised, as the engine kept it.
pub(crate) fn known(facts: &Value) -> Vec<(&'static str, Cell)> {
    let text = |name: &str| facts.get(name).and_then(Value::as_str).map(Cell::text);
    let mut known = Vec::new();
    if facts.get("own_network").and_then(Value::as_bool) == Some(true) {
        known.push(("Cause", Cell::text("our own network is gone")));
    }
    let cause = facts.get("cause").and_then(Value::as_str);
    known.extend(cause.map(|cause| ("Cause", Cell::text(cause_words(cause)))));
    if let Some(evidence) = facts.get("evidence").filter(|evidence| !evidence.is_null()) {
        known.push(("Evidence", Cell::text(evidence_words(evidence))));
    }
    known.extend(text("error").map(|error| ("The router's last error", error)));
    if let Some([count, within_s]) = facts.get("outages").and_then(Value::as_array).map(Vec::as_slice)
        && let (Some(count), Some(within_s)) = (count.as_i64(), within_s.as_i64())
    {
        let words = format!("{count} within {}", duration_words(within_s * 1_000));
        known.push(("Outages", Cell::text(words)));
    }
    known.extend(text("measured").map(|measured| ("Measured", measured)));
    known.extend(text("limit").map(|limit| ("Limit", limit)));
    known
}

/// Whom something was told to and what was not told, oldest first.
pub(crate) fn told_table(log: &[NotificationLog], zone: &Zone) -> Table {
    let row = |line: &NotificationLog| {
        let phase = if line.phase == "over" { "its end" } else { "its beginning" };
        let to = match &line.recipient {
            Some(recipient) => Cell::text(recipient_words(recipient)),
            None => Cell::text("nobody"),
        };
        vec![
            Cell::text(zone.iso_moment(line.at_ms)),
            Cell::text(phase),
            to,
            delivery(line, zone),
            Cell::text(line.answer.as_deref().or(line.reason.as_deref()).unwrap_or("–")),
        ]
    };
    let head = &["Decided", "Told", "To", "Message", "Answer or reason"];
    let rows = log.iter().map(row).collect();
    Table { title: "Who was told, and what was not", head, rows, none: "Nothing was told.", more: None }
}

/// `webhook:3` and `whatsapp:+919812345678` in words; an address as it is.
pub(crate) fn recipient_words(recipient: &str) -> String {
    match (store::webhook_of(recipient), store::whatsapp_number(recipient)) {
        (Some(id), _) => format!("webhook {id}"),
        (_, Some(number)) => format!("WhatsApp {number}"),
        _ => recipient.to_owned(),
    }
}

/// What became of a line: sent, on its way, given up, held or suppressed.
pub(crate) fn delivery(line: &NotificationLog, zone: &Zone) -> Cell {
    use store::OutboxState::{Dead, Queued, Sending, Sent};
    let tries = match line.attempts {
        None | Some(0 | 1) => String::new(),
        Some(attempts) => format!("{attempts} tries"),
    };
    match (line.state, line.outcome.as_str()) {
        (Some(Sent), _) => {
            let receipt = line.receipt.and_then(receipt_words);
            Cell::pill("up", receipt.unwrap_or("Sent"))
                .sub(line.sent_at_ms.map_or(tries, |at_ms| zone.iso_moment(at_ms)))
        }
        (Some(Dead), _) => Cell::pill("down", "Given up").sub(tries),
        (Some(Queued | Sending), _) => Cell::pill("unknown", "On its way").sub(tries),
        (None, "held") => Cell::pill("unknown", "Held"),
        (None, "suppressed") => Cell::pill("none", "Not told"),
        (None, _) => Cell::pill("none", "No longer kept"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_known_is_told_in_words_and_what_is_not_is_left_out() {
        let words = |facts: &Value| -> Vec<(&str, String)> {
            known(facts).into_iter().map(|(name, cell)| (name, cell.text)).collect()
        };
        assert_eq!(words(&json!({})), []);
        assert_eq!(words(&json!({"outages": [4, 1_800]})), [("Outages", "4 within 30 m".to_owned())]);
        let facts = json!({"measured": "45 ms", "limit": "20 ms", "own_network": false, "evidence": null});
        assert_eq!(words(&facts), [("Measured", "45 ms".to_owned()), ("Limit", "20 ms".to_owned())]);
        assert_eq!(words(&json!({"outages": "many", "error": 7})), []);
    }

    #[test]
    fn a_webhook_is_named_and_an_address_stays() {
        assert_eq!(recipient_words("webhook:3"), "webhook 3");
        assert_eq!(recipient_words("whatsapp:+919812345678"), "WhatsApp +919812345678");
        assert_eq!(recipient_words("noc@isp.example"), "noc@isp.example");
    }
}
